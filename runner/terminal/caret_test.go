package terminal

import (
	"strings"
	"testing"
)

var carets = []struct{ bytes, shown string }{
	{"", ""},
	{"echo hi\r", "echo hi^M"},
	{"\x03", "^C"},
	{"\x1b[A", "^[[A"},
	{"\x7f\x00\t", "^?^@^I"},
	{"^C", `\^C`},
	{`\^`, `\\\^`},
	{"\\\r", `\\^M`},
	{`a\b`, `a\b`},
	{`\\` + "\x1f", `\\\\^_`},
	{"é 😀", "é 😀"},
}

func TestCaret(t *testing.T) {
	for _, tt := range carets {
		if got := Caret(tt.bytes); got != tt.shown {
			t.Errorf("%q: %s, want %s", tt.bytes, got, tt.shown)
		}
	}
}

// FuzzCaret reads the result back: no two inputs look the same.
func FuzzCaret(f *testing.F) {
	for _, tt := range carets {
		f.Add(tt.bytes)
	}
	f.Fuzz(func(t *testing.T, s string) {
		shown := Caret(s)
		if strings.ContainsFunc(shown, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Fatalf("%q is shown with control bytes: %q", s, shown)
		}
		if got := uncaret(shown); got != s {
			t.Fatalf("%q is shown as %q, which reads %q", s, shown, got)
		}
	})
}

func uncaret(shown string) string {
	var b strings.Builder
	for i := 0; i < len(shown); i++ {
		n := 0
		for i < len(shown) && shown[i] == '\\' {
			i, n = i+1, n+1
		}
		if i == len(shown) || shown[i] != '^' {
			b.WriteString(strings.Repeat(`\`, n))
			if i < len(shown) {
				b.WriteByte(shown[i])
			}
			continue
		}
		b.WriteString(strings.Repeat(`\`, n/2))
		if n%2 == 1 {
			b.WriteByte('^')
			continue
		}
		i++
		b.WriteByte(shown[i] ^ 0x40)
	}
	return b.String()
}
