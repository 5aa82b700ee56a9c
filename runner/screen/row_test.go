package screen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changed are the rows of a screen that changed after a generation.
func changed(s *Screen, since uint64) (rows []int) {
	for y := range s.rows {
		if s.Row(y).Gen() > since {
			rows = append(rows, y)
		}
	}
	return rows
}

func TestRowGen(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		want                []int
	}{
		{"nothing", "a", "", nil},
		{"the cursor only", "a", "\x1b[3;3H\x1b[31m\x1b]0;t\x07", nil},
		{"text", "a\r\nb", "c", []int{1}},
		{"a soft wrap joins two", "abcd", "ef", []int{0, 1}},
		{"a scrolled row only moves", "a\r\nb\r\nc\r\nd", "\r\n", []int{3}},
		{"reverse scroll", "a\r\nb\x1b[H", "\x1bM", []int{0}},
		{"deleted lines", "a\r\nb\r\nc\r\nd\x1b[2H", "\x1b[M", []int{3}},
		{"inserted lines", "a\r\nb\r\nc\r\nd\x1b[2H", "\x1b[2L", []int{1, 2}},
		{"a wrap that leads nowhere any more", "abcdefg\r", "\x1b[M", []int{0, 3}},
		{"erased", "a\r\nb", "\x1b[K\x1b[1K", []int{1}},
		{"a combining mark", "e", "\u0301", []int{0}},
		{"the other page", "a", "\x1b[?1049h", []int{0, 1, 2, 3}},
		{"back", "a\x1b[?1049hb", "\x1b[?1049l", []int{0, 1, 2, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(5, 4, Hooks{})
			_, _ = s.Write([]byte(c.before))
			since := s.Gen()
			_, _ = s.Write([]byte(c.after))
			if diff := cmp.Diff(c.want, changed(s, since)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s.Gen() <= since {
				t.Errorf("the generation did not rise")
			}
		})
	}
}

// joined are the lines of a screen, soft wraps joined by a bar.
func joined(s *Screen) string {
	var b strings.Builder
	for y, text := range s.Lines() {
		b.WriteString(text)
		if s.Row(y).Wrapped() {
			b.WriteByte('|')
		} else {
			b.WriteByte('/')
		}
	}
	return strings.TrimRight(b.String(), "/")
}

func TestRowWrapped(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"soft", "abcdefgh", "abcd|efgh"},
		{"hard", "abcd\r\nefgh", "abcd/efgh"},
		{"wide", "abc日", "abc|日"},
		{"scrolled", "abcdefghijklmnopqrst", "ijkl|mnop|qrst"},
		{"space that wraps as line editors do", "abcd \refgh", "abcd|efgh"},
		{"written over", "abcdefgh\x1b[Hwxyz", "wxyz/efgh"},
		{"end erased", "abcdefgh\x1b[1;3H\x1b[K", "ab/efgh"},
		{"whole row erased", "abcdefgh\x1b[H\x1b[2K", "/efgh"},
		{"next line erased", "abcdefgh\x1b[2H\x1b[Kx", "abcd/x"},
		{"next line erased in part", "abcdefgh\x1b[2;2H\x1b[K", "abcd|e"},
		{"all below erased", "abcdefgh\x1b[2H\x1b[Jx", "abcd/x"},
		{"next line deleted", "abcdefgh\r\nx\x1b[2H\x1b[M", "abcd/x"},
		{"line inserted between", "abcdefgh\x1b[2H\x1b[L", "abcd//efgh"},
		{"deleted above", "x\r\nabcdefgh\x1b[H\x1b[M", "abcd|efgh"},
		{"at the bottom of a region", "\x1b[1;2r\x1b[2Habcdefgh", "abcd|efgh"},
		{"below a region", "\x1b[1;2r\x1b[3Habcdefgh", "//efgh"},
		{"at the bottom", "\n\n\nabcdefgh", "/abcd|efgh"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(4, 3, Hooks{})
			_, _ = s.Write([]byte(c.in))
			check(t, s)
			if got := joined(s); got != c.want {
				t.Errorf("%q: got %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestScreenResize(t *testing.T) {
	for _, c := range []struct {
		name       string
		in         string
		cols, rows int
		want       string
	}{
		{"wider", "abcd", 6, 3, "abcd 4,0"},
		{"narrower", "abcd\r\nefgh", 2, 3, "ab/ef 1,1"},
		{"soft wraps become hard", "abcdefgh", 8, 3, "abcd/efgh 4,1"},
		{"half of a wide one", "a日b", 2, 3, "a 1,0"},
		{"fewer rows below the cursor", "a\r\nb", 4, 2, "a/b 1,1"},
		{"fewer rows than the cursor needs", "a\r\nb\r\nc", 4, 2, "b/c 1,1"},
		{"more rows", "a\r\nb\r\nc", 4, 5, "a/b/c 1,2"},
		{"one cell", "a\r\nb\r\nc\x1b[3;1H", 1, 1, "c 0,0"},
		{"the region is reset", "\x1b[1;2r\x1b[3Hc", 4, 4, "//c 1,2"},
		{"the other page, and back", "a\r\nb\r\nc\x1b[?1049h\x1b[Hx\x1b[H", 4, 2, "x 0,0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(4, 3, Hooks{})
			_, _ = s.Write([]byte(c.in))
			since := s.Gen()
			s.Resize(c.cols, c.rows)
			check(t, s)
			x, y, _ := s.Cursor()
			if got := fmt.Sprintf("%s %d,%d", joined(s), x, y); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if n := len(changed(s, since)); n != c.rows {
				t.Errorf("%d rows of %d have changed", n, c.rows)
			}
			if s.AltScreen() {
				_, _ = s.Write([]byte("\x1b[?1049l"))
				if got := joined(s); got != "b/c" {
					t.Errorf("the main page is %q, want its end", got)
				}
			}
		})
	}
}

func TestScreenModes(t *testing.T) {
	s := New(4, 3, Hooks{})
	modes := func() string {
		_, _, visible := s.Cursor()
		return fmt.Sprint(s.AltScreen(), s.BracketedPaste(), s.AppCursorKeys(), visible)
	}
	for _, c := range []struct{ in, want string }{
		{"", "false false false true"},
		{"\x1b[?1049;2004;1h\x1b[?25l", "true true true false"},
		{"\x1b[?1l\x1b[!p", "true true false true"},
		{"\x1bc", "false false false true"},
	} {
		_, _ = s.Write([]byte(c.in))
		if got := modes(); got != c.want {
			t.Errorf("after %q: %s, want %s", c.in, got, c.want)
		}
	}
}

// Erasing is not writing: it leaves no epoch.
func TestScreenEpoch(t *testing.T) {
	s := New(6, 1, Hooks{})
	s.SetEpoch(7)
	_, _ = s.Write([]byte("ab日\x1b[41m"))
	s.SetEpoch(8)
	_, _ = s.Write([]byte("\r\x1b[X\x1b[2Gx\x1b[6Gy\x1b[5G\x1b[K"))
	var got []string
	for _, c := range s.Row(0).Cells() {
		got = append(got, fmt.Sprintf("%d:%d", c.Rune, c.Epoch))
	}
	want := []string{"0:0", "120:8", fmt.Sprintf("%d:7", '日'), "-1:7", "0:0", "0:0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAppendCell(t *testing.T) {
	s := New(6, 1, Hooks{})
	_, _ = s.Write([]byte("a日e\u0301"))
	var got []string
	for x := range 6 {
		got = append(got, string(s.Row(0).AppendCell(nil, x)))
	}
	if diff := cmp.Diff([]string{"a", "日", "", "e\u0301", " ", " "}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
