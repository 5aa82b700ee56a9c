package terminal

import (
	"bytes"
	"testing"

	"golang.org/x/text/unicode/norm"

	"workshop/runner/screen"
)

func TestCanonical(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		offset     int // of want in the text, in bytes
		length     int
	}{
		{"plain READY.", "READY", 6, 5},
		{"caf\u00e9 READY", "\u00e9 R", 3, 4},
		{"cafe\u0301 READY", "\u00e9 R", 3, 5},
		{"e\u0301e\u0301x", "x", 6, 1},
		{"\u1112\u1161\u11ab ok", "\ud55c", 0, 9},
		{"a\u0323\u0307b", "\u1ea1\u0307", 0, 5},
		{"a\u0307\u0323b", "\u1ea1\u0307", 0, 5},
		{"\xff e\u0301", "\u00e9", 2, 3},
		{"\u212b", "\u00c5", 0, 3},
	} {
		nfc, raw := canonical([]byte(tt.text))
		i := bytes.Index(nfc, []byte(tt.want))
		if i < 0 {
			t.Errorf("%+q is not in %+q", tt.want, nfc)
			continue
		}
		if from, to := raw(i), raw(i+len(tt.want)); from != tt.offset || to-from != tt.length {
			t.Errorf("%+q in %+q: %d to %d", tt.want, tt.text, from, to)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add("cafe\u0301 READY\u0327\u0301\u0301x\xff\u0301")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 {
			t.Skip("it takes long")
		}
		nfc, raw := canonical([]byte(text))
		if string(nfc) != norm.NFC.String(text) {
			t.Fatalf("%+q is no NFC of %+q", nfc, text)
		}
		before := 0
		for i := range len(nfc) + 1 {
			at := raw(i)
			if at < before || at > len(text) {
				t.Fatalf("offset %d of %+q is %d in %+q", i, nfc, at, text)
			}
			before = at
		}
		if before != len(text) {
			t.Fatalf("the end of %+q is %d in %+q", nfc, before, text)
		}
	})
}

// ASCII costs nothing.
func TestCanonicalASCII(t *testing.T) {
	text := bytes.Repeat([]byte("all quiet "), 1000)
	if n := testing.AllocsPerRun(100, func() { canonical(text) }); n > 1 { // a closure at the most
		t.Errorf("%v allocations", n)
	}
}

func TestAppendCell(t *testing.T) {
	s := screen.New(10, 1, screen.Hooks{})
	_, _ = s.Write([]byte("ae\u0301\u00e9日 "))
	var b []byte
	for x := range 10 {
		b = appendCell(b, s.Row(0), x)
	}
	if want := "a\u00e9\u00e9日     "; string(b) != want {
		t.Errorf("%+q, want %+q", b, want)
	}
}
