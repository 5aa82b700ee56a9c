package screen

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// tallRows are the rows of the main page of a screen of unbounded height, trailing blanks and
// empty rows at the end removed.
func tallRows(s *Screen) (rows []string) {
	for y := range s.Rows() {
		rows = append(rows, s.MainRow(y).text())
	}
	return trimEmpty(rows)
}

// tallLines are its lines: soft wraps are joined.
func tallLines(s *Screen) (lines []string) {
	whole := true
	for y := range s.Rows() {
		r := s.MainRow(y)
		if whole {
			lines = append(lines, "")
		}
		text := r.text()
		if whole = !r.wrapped; !whole {
			text += strings.Repeat(" ", max(0, s.cols-len(text)))
		}
		lines[len(lines)-1] += text
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return trimEmpty(lines)
}

func newTall(cols, rows int) *Screen {
	return New(cols, rows, Hooks{}).Tall(Hooks{}, func([]*Row) {}, func() {})
}

func TestTall(t *testing.T) {
	count := func(from, to int) string {
		var b strings.Builder
		for i := from; i <= to; i++ {
			fmt.Fprintf(&b, "%d\r\n", i)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"lines that leave", count(1, 6), "1|2|3|4|5|6"},
		{"up to one that has left", count(1, 6) + "\x1b[6A\x1b[2KX\x1b[6B\r\ny", "X|2|3|4|5|6||y"},
		{
			"bars longer than the screen",
			"a 0\r\nb 0\r\nc 0\r\nd 0\r\n\x1b[4Fa 9\x1b[K\r\nb 9\x1b[K\r\nc 9\x1b[K\r\nd 9\x1b[K\r\nend",
			"a 9|b 9|c 9|d 9|end",
		},
		{"a saved cursor", count(1, 3) + "\x1b7\x1b[?25l4\r\n5\r\n6\r\n\x1b8X", "1|2|3|X|5|6"},
		{"absolute positions count in the view", count(1, 5) + "\x1b[HX", "1|2|3|X|5"},
		{"erased below", count(1, 5) + "\x1b[5A\x1b[JX", "X"},
		{"clear", count(1, 9) + "\x1b[H\x1b[2J\x1b[3Jx", "x"},
		{"clear without its scrollback", count(1, 9) + "\x1b[H\x1b[2Jx\r\ny", "x|y"},
		{"reset", count(1, 9) + "\x1bcx", "x"},
		{"alternate page", count(1, 5) + "\x1b[?1049h\x1b[2J\x1b[Hvim\r\n\n\n\n\n~\x1b[?1049lx", "1|2|3|4|5|x"},
		{"a status line", "\x1b[1;2r\x1b7\x1b[3;1Hstatus\x1b8" + count(1, 4) + "x\x1b[r", "1|2|3|4|x|status"},
		{"a region elsewhere", "top\x1b[2;3r\x1b[2;1H" + count(1, 4) + "x", "top|4|x"},
		{"scrolled", "a\r\nb\x1b[2S\rc", "a|b||c"},
		{"a wrapped line", strings.Repeat("x", 25) + "\r\ny", strings.Repeat("x", 25) + "|y"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newTall(10, 3)
			_, _ = s.Write([]byte(tt.in))
			if got := strings.Join(tallLines(s), "|"); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// It goes on from another screen and does not change it.
func TestTallFrom(t *testing.T) {
	s := New(10, 3, Hooks{})
	_, _ = s.Write([]byte("1\r\n2\r\n3\r\n\x1b[3"))
	tall := s.Tall(Hooks{}, func([]*Row) {}, func() {})
	_, _ = tall.Write([]byte("AX\r\n\n\n\n4"))
	if got := tallLines(tall); !slices.Equal(got, []string{"X", "3", "", "", "4"}) {
		t.Errorf("%q", got)
	}
	if got := s.Text(); !slices.Equal(got, []string{"2", "3"}) {
		t.Errorf("the screen has changed: %q", got)
	}
}

// Rows out of reach are given away, and no more are kept.
func TestTallBounds(t *testing.T) {
	gone := 0
	var first string
	s := New(80, 24, Hooks{}).Tall(Hooks{}, func(rows []*Row) {
		if gone == 0 {
			first = rows[0].text()
		}
		gone += len(rows)
	}, func() { gone = 0 })
	for i := range 100_000 {
		_, _ = s.Write(fmt.Appendf(nil, "line %d\r\n", i))
	}
	if most := 24 + 2*s.tall.limit; s.Rows() > most || first != "line 0" || gone+s.Rows() != 100_001 {
		t.Errorf("%d rows are kept, %d gone, from %q on", s.Rows(), gone, first)
	}
	_, _ = s.Write([]byte("\x1b[2J"))
	if gone != 0 || s.Rows() != 24 {
		t.Errorf("%d rows are left behind, and %d", gone, s.Rows())
	}
}

// FuzzTall writes anything: no panic, no impossible state, and the same lines however it is
// divided.
func FuzzTall(f *testing.F) {
	for _, c := range screenCases {
		f.Add(uint8(c.cols), uint8(c.rows), []byte(c.in))
	}
	for seed := range uint64(20) {
		f.Add(uint8(80), uint8(24), randomStream(rand.New(rand.NewPCG(seed, 3))))
	}
	f.Fuzz(func(t *testing.T, cols, rows uint8, in []byte) {
		cols, rows = cols%100, rows%40
		show := func(chunk int) []string {
			s := newTall(int(cols), int(rows))
			writeChunks(s, in, chunk)
			checkTall(t, s)
			lines := tallLines(s)
			s.Below(func(c Cell) bool { return c.Rune > ' ' })
			s.Resize(int(rows)+1, int(cols)+1)
			checkTall(t, s)
			_, _ = s.Write(in)
			checkTall(t, s)
			return lines
		}
		if a, b := show(max(len(in), 1)), show(3); !slices.Equal(a, b) {
			t.Fatalf("divided it shows %q, and %q at once", b, a)
		}
	})
}

func checkTall(t *testing.T, s *Screen) {
	t.Helper()
	if s.cur.y < 0 || s.cur.y >= s.rows || s.cur.x > s.cols ||
		s.top < 0 || s.top > s.bottom || s.bottom >= s.rows || len(s.page.rows) != s.rows || s.base() < 0 {
		t.Fatalf("the cursor is at %d,%d, the region %d to %d, of %d,%d, and %d rows", s.cur.x, s.cur.y, s.top, s.bottom,
			s.cols, s.rows, len(s.page.rows))
	}
	seen := map[*Row]bool{}
	for _, r := range s.main.rows {
		if seen[r] {
			t.Fatal("a row is there twice")
		}
		seen[r] = true
		checkRow(t, r, s.cols)
	}
}

// What programs draw without absolute positions looks as in a tmux that is tall enough. The
// random streams are compared row by row: tmux keeps a soft wrap when the row behind it is
// erased.
func TestTmuxTall(t *testing.T) {
	o := newOracle(t)
	o.Must("resize-window", "-x", "80", "-y", "500")
	bars := func(up string, names ...string) string {
		var b strings.Builder
		for step := range 5 {
			if step > 0 {
				b.WriteString(strings.Replace(up, "N", fmt.Sprint(len(names)), 1))
			}
			for _, n := range names {
				fmt.Fprintf(&b, "\r\x1b[2K%s %d/4 %s\r\n", n, step, strings.Repeat("#", step))
			}
		}
		return b.String()
	}
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("layer-%d", i))
	}
	streams := map[string]string{
		"docker compose": "\x1b[?25l" + bars("\x1b[NA\x1b[0G", "Network x", "Container a", "Container b") + "\x1b[?25h",
		"docker pull":    "Using default tag: latest\r\n" + bars("\x1b[NA", many...) + "Digest: sha256:0\r\n",
		"docker-compose": "Creating a_1 ... \r\nCreating b_1 ... \r\n" +
			"\x1b[1A\x1b[2K\rCreating b_1 ... \x1b[32mdone\x1b[0m\r\x1b[1B\x1b[2A\x1b[2K\rCreating a_1 ... done\r\x1b[2B",
		"npm": "⠙ idealTree\x1b[1G\x1b[0K⠹ reify\x1b[1G\x1b[0K\r\nadded 1 package in 2s\r\n",
		"pip": "   \x1b[90m━━━\x1b[0m 0/1 MB\r\x1b[2K   ━━━━━ 1/1 MB\r\n" +
			"\x1b[?25hSuccessfully installed\r\n\x1b[1A\x1b[2KInstalled",
		"cargo": "   Compiling a v1\r\n    Building [===>      ] 1/2\r" +
			"\x1b[K   Compiling b v1\r\n    Building [======>   ] 2/2\r\x1b[K    Finished\r\n",
		"curl":        "\r  0  0\r 50 50\r100 100\r\n",
		"spinner":     "work |\b/\b-\b\\\b \bdone\r\n",
		"wrapped bar": strings.Repeat("#", 90) + "\x1b[1A\r\x1b[Jdone\r\n",
	}
	for seed := range uint64(200) {
		streams[fmt.Sprint("seed ", seed)] = string(randomRedraws(rand.New(rand.NewPCG(seed, 4))))
	}
	for name, in := range streams {
		o.show([]byte(in))
		var want []string
		lines, capture := tallLines, "-J"
		if strings.HasPrefix(name, "seed") {
			lines, capture = tallRows, "-N"
		}
		for line := range strings.Lines(o.Must("capture-pane", "-p", capture)) {
			want = append(want, strings.TrimRight(line, " \n"))
		}
		want = trimEmpty(want)
		s := newTall(80, 24)
		_, _ = s.Write([]byte(in))
		if got := lines(s); !slices.Equal(got, want) {
			t.Errorf("%s: %q\ntmux %q\nours %q", name, in, want, got)
		}
	}
}

// randomRedraws is text with relative motions, as programs redraw their lines. It keeps away
// from where tmux differs from xterm: see randomStream.
func randomRedraws(r *rand.Rand) []byte {
	var b bytes.Buffer
	s := New(80, 500, Hooks{})
	add := func(format string, args ...any) {
		p := fmt.Appendf(nil, format, args...)
		_, _ = s.Write(p)
		b.Write(p)
	}
	for range 50 + r.IntN(150) {
		if s.cur.x == s.cols {
			add("\r")
		}
		switch r.IntN(12) {
		case 0, 1:
			add("%s", strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(30)))
		case 2:
			add("%s", strings.Repeat(string(rune('A'+r.IntN(26))), 70+r.IntN(120)))
		case 3, 4, 5:
			add("\r\n")
		case 6:
			add("\x1b[%dA", 1+r.IntN(40))
		case 7:
			if rows := s.cur.y; rows > 0 { // not below the written rows: it would end at the view
				add("\x1b[%dF", 1+r.IntN(rows))
			}
		case 8:
			add("\x1b[%dK", r.IntN(3))
		case 9:
			add("\x1b[J")
		case 10:
			add("\r%s", []string{"", "\x1b[2K", "\x1b[4C", "x"}[r.IntN(4)])
		case 11:
			if s.cur.x > 0 {
				add("\b")
			}
		}
	}
	return b.Bytes()
}
