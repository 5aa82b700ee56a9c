package screen

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppendANSI(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "ab", "ab    "},
		{"as wide as the screen", "abcdef", "abcdef"},
		{"colours", "\x1b[31ma\x1b[92mb\x1b[44mc\x1b[105md\x1b[me", "\x1b[0;31ma\x1b[0;92mb\x1b[0;92;44mc\x1b[0;92;105md\x1b[0me "},
		{
			"many colours", "\x1b[38;5;200ma\x1b[48:5:9mb\x1b[38:2::1:2:3mc\x1b[48;2;4;5;6md",
			"\x1b[0;38;5;200ma\x1b[0;38;5;200;101mb\x1b[0;38;2;1;2;3;101mc\x1b[0;38;2;1;2;3;48;2;4;5;6md\x1b[0m  ",
		},
		{
			"attributes", "\x1b[1;2;3ma\x1b[22;4mb\x1b[23;24;5;7mc\x1b[25;27;9md\x1b[29m",
			"\x1b[0;1;2;3ma\x1b[0;3;4mb\x1b[0;5;7mc\x1b[0;9md\x1b[0m  ",
		},
		{"a curly underline is an underline", "\x1b[4:3;58:2::9:9:9ma\x1b[4:0mb", "\x1b[0;4ma\x1b[0mb    "},
		{"hidden is not there", "a\x1b[8mb日\x1b[28mc", "a\x1b[0m   \x1b[0mc "},
		{"erased in colour", "\x1b[41m\x1b[2K", "\x1b[0;41m      "},
		{"wide", "日\x1b[1m本", "日\x1b[0;1m本\x1b[0m  "},
		{"wide cut in two", "日\x1b[2Gx", " x    "},
		{"combining", "e\u0301x", "e\u0301x    "},
		{"no direction of text", "a\u202eb\u2066c\u200f", "abc   "},
		{"no controls", "a\x07\u0085b\x1b]0;t\x07\x1bPx\x1b\\\x1b[5n\x1b[?1hc", "abc   "},
		{"an unknown look", "\x1b[38;5;300;1ma\x1b[38;9mb\x1b[38m\x1b[73mc", "\x1b[0;1mabc\x1b[0m   "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(6, 1, Hooks{})
			_, _ = s.Write([]byte(c.in))
			want := "\x1b[0m" + c.want + "\x1b[0m"
			if got := string(s.AppendANSI(nil, 0)); got != want {
				t.Errorf("%q\n got %q\nwant %q", c.in, got, want)
			}
		})
	}
}

// A screen that is drawn from another looks the same, and nothing but text and looks
// got there.
func TestAppendANSIRecordings(t *testing.T) {
	sgr := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	for name, b := range readRecordings(t) {
		for _, at := range checkpoints(b, 12) {
			s := New(80, 24, Hooks{})
			_, _ = s.Write(b[:at])
			var rows [][]byte
			for y := range 24 {
				rows = append(rows, s.AppendANSI(nil, y))
			}
			view := bytes.Join(rows, []byte("\r\n"))
			again := New(80, 24, Hooks{})
			_, _ = again.Write(view)
			if diff := cmp.Diff(screenLook(s).rows, screenLook(again).rows); diff != "" {
				t.Errorf("%s, %d bytes (-screen +drawn):\n%s", name, at, diff)
			}
			for _, c := range strings.ReplaceAll(sgr.ReplaceAllString(string(view), ""), "\r\n", "") {
				if c < 0x20 || c >= 0x7f && c < 0xa0 {
					t.Errorf("%s, %d bytes: %q got through", name, at, c)
				}
			}
		}
	}
}
