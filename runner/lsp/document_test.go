package lsp

import (
	"strings"
	"testing"
	"unicode/utf8"

	"workshop/markdown"
)

func TestPositions(t *testing.T) {
	const text = "a\r\nb😀c\rd\n\te\u0301f\n\nend"
	d := newDocument("file:///d", "/d", 1, text)
	tests := []struct {
		at   position
		rest string // of the text
	}{
		{position{0, 0}, text},
		{position{0, 1}, text[1:]},
		{position{0, 9}, text[1:]}, // the end of the line, before its line end
		{position{1, 0}, "b😀"},
		{position{1, 1}, "😀c"},
		{position{1, 2}, "😀c"}, // in the middle of a pair
		{position{1, 3}, "c\r"},
		{position{1, 4}, "\rd"},
		{position{2, 0}, "d\n"},
		{position{3, 1}, "e\u0301f"},
		{position{3, 2}, "\u0301f"},
		{position{4, 0}, "\nend"},
		{position{5, 3}, ""},
		{position{6, 0}, ""},
		{position{-1, 5}, text},
		{position{5, -5}, "end"},
	}
	for _, tt := range tests {
		off := d.offset(tt.at)
		if !strings.HasPrefix(text[off:], tt.rest) || tt.rest == "" && off != len(text) {
			t.Errorf("%v is at %q, want %q", tt.at, text[off:], tt.rest)
		}
		if back := d.position(off); d.offset(back) != off {
			t.Errorf("%v: offset %d is at %v, which is at %d", tt.at, off, back, d.offset(back))
		}
	}
}

func TestPlace(t *testing.T) {
	d := newDocument("", "", 1, "\ufeffa😀b\r\ncé\n")
	for _, tt := range []struct {
		line, col int
		rest      string
	}{
		{1, 1, "a😀"}, {1, 3, "b\r"}, {1, 4, "\r\n"}, {1, 9, "\r\n"}, {2, 2, "é"}, {2, 0, "cé"}, {3, 1, ""}, {9, 9, ""}, {0, 0, "\ufeffa"},
	} {
		if got := d.text[d.place(markdown.Pos{Line: tt.line, Col: tt.col}):]; !strings.HasPrefix(got, tt.rest) || tt.rest == "" && got != "" {
			t.Errorf("%d:%d is at %q, want %q", tt.line, tt.col, got, tt.rest)
		}
	}
}

// FuzzEdit compares an edit by lines with an edit of the whole text.
func FuzzEdit(f *testing.F) {
	f.Add("a\r\nb\nc", 0, 1, 1, 0, "x")
	f.Add("a\rb\nc", 1, 0, 1, 1, "")
	f.Add("a\rb", 1, 0, 1, 1, "\n")
	f.Add("😀\r\n", 0, 1, 2, 0, "é\r")
	f.Add("", 0, 0, 0, 0, "\n\n")
	f.Add("a\nb", 5, 5, 0, 0, "x")
	f.Fuzz(func(t *testing.T, text string, l1, c1, l2, c2 int, with string) {
		if !utf8.ValidString(text) || !utf8.ValidString(with) {
			t.Skip("messages are UTF-8")
		}
		d := newDocument("", "", 1, text)
		r := span{position{l1, c1}, position{l2, c2}}
		from := d.offset(r.Start)
		to := max(from, d.offset(r.End))
		want := text[:from] + with + text[to:]
		got := d.edit(2, []change{{Range: &r, Text: with}, {Range: &span{}, Text: ""}})
		if got.text != want {
			t.Fatalf("%q with %v replaced by %q: %q, want %q", text, r, with, got.text, want)
		}
		// The lines must be those of the text, for the next changes.
		again := splice(lines(d), r.Start, r.End, with)
		for i, line := range splitLines(want) {
			if i >= len(again) || again[i] != line {
				t.Fatalf("lines %q of %q", again, want)
			}
		}
	})
}

func lines(d *document) []string {
	var all []string
	for n := range d.lines {
		all = append(all, d.line(n))
	}
	return all
}
