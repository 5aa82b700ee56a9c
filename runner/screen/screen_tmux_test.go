package screen

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"workshop/runner/screen/tmuxtest"
)

// oracle is a pane of a tmux of its own, 80x24. Bytes are written to its terminal as
// a program would; then tmux returns its screen.
type oracle struct {
	*tmuxtest.TTY
	t *testing.T
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	return &oracle{tmuxtest.StartTTY(t), t}
}

// look is the compared state.
type look struct {
	state string // cursor and modes
	rows  []string
}

const oracleState = "#{cursor_x},#{cursor_y} alt=#{alternate_on} visible=#{cursor_flag}" +
	" keys=#{keypad_cursor_flag} insert=#{insert_flag} wrap=#{wrap_flag}" +
	" origin=#{origin_flag} region=#{scroll_region_upper},#{scroll_region_lower}"

// show is the screen of tmux after some bytes, from a reset on.
func (o *oracle) show(b []byte) look {
	o.t.Helper()
	if err := o.File.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		o.t.Fatal(err)
	}
	data := append([]byte("\x1b\\\x1b[?1049l\x1bc\x1b7"), b...)
	// What is unfinished is ended. Then a report of the status is awaited: tmux has
	// read everything. The bytes may ask for it as well.
	data = append(data, "\x1b\\\x1b[5n"...)
	if _, err := o.File.Write(data); err != nil {
		o.t.Fatal(err)
	}
	report := []byte("\x1b[0n")
	for got := []byte(nil); bytes.Count(got, report) < bytes.Count(data, []byte("\x1b[5n")); {
		buf := make([]byte, 4096)
		n, err := o.File.Read(buf)
		if err != nil {
			o.t.Fatalf("tmux does not answer %q: %v", data, err)
		}
		got = append(got, buf[:n]...)
	}
	state, captured, _ := strings.Cut(o.Must("display-message", "-p", oracleState, ";", "capture-pane", "-p", "-e", "-N"), "\n")
	// What tmux prints of a row is text, SGR, and SO and SI for line drawing.
	s := New(80, 24, Hooks{})
	_, _ = s.Write([]byte("\x1b)0" + strings.ReplaceAll(strings.TrimSuffix(captured, "\n"), "\n", "\r\n")))
	l := screenLook(s)
	l.state = strings.ReplaceAll(state, "80,", "79,") // a wrap is pending
	return l
}

func flagged(b bool) int {
	if b {
		return 1
	}
	return 0
}

func screenLook(s *Screen) look {
	x, y, visible := s.Cursor()
	l := look{state: fmt.Sprintf("%d,%d alt=%d visible=%d keys=%d insert=%d wrap=%d origin=%d region=%d,%d", x, y,
		flagged(s.AltScreen()), flagged(visible), flagged(s.AppCursorKeys()), flagged(s.modes.insert),
		flagged(s.modes.autowrap), flagged(s.cur.origin), s.top, s.bottom)}
	for y := range 24 {
		var b strings.Builder
		r := s.Row(y)
		var style Style
		cells := r.Cells()
		for len(cells) > 0 && (cells[len(cells)-1].Rune == 0 || cells[len(cells)-1].Rune == ' ') {
			cells = cells[:len(cells)-1] // tmux does not tell the background there
		}
		for x, c := range cells {
			if c.Style != style {
				style = c.Style
				fmt.Fprintf(&b, "<%x %x %x>", style.Foreground(), style.Background(), style.Attr())
			}
			b.Write(r.AppendCell(nil, x))
		}
		l.rows = append(l.rows, b.String())
	}
	return l
}

// differences says where two looks differ.
func differences(tmux, ours look) string {
	var b strings.Builder
	if tmux.state != ours.state {
		fmt.Fprintf(&b, "tmux %s\nours %s\n", tmux.state, ours.state)
	}
	for y := range tmux.rows {
		if tmux.rows[y] != ours.rows[y] {
			fmt.Fprintf(&b, "row %d\ntmux %q\nours %q\n", y, tmux.rows[y], ours.rows[y])
		}
	}
	return b.String()
}

// The same random sequences look the same in tmux.
func TestTmuxRandom(t *testing.T) {
	o := newOracle(t)
	for seed := range uint64(1000) {
		in := randomStream(rand.New(rand.NewPCG(seed, 1)))
		s := New(80, 24, Hooks{})
		_, _ = s.Write(in)
		if diff := differences(o.show(in), screenLook(s)); diff != "" {
			t.Errorf("seed %d: %q\n%s", seed, in, diff)
		}
	}
}

// randomStream is text and sequences of every kind. Where tmux and xterm differ, it
// is xterm that we follow (programs write for it), and the stream keeps away:
//
//   - a relative motion or a line feed while a wrap is pending: for tmux the cursor
//     is then right of the last column, for xterm on it;
//   - a backspace in the first column: tmux goes back over a soft wrap;
//   - IL and DL outside the scrolling region: tmux takes the whole screen for it;
//   - REP beyond the end of the row: tmux stops there;
//   - a wrap in insert mode: tmux overwrites the first column of the next row; and
//     REP there: it may halve a wide character at the end of the row;
//   - ICH of more than half of the cells right of the cursor: tmux leaves some of them;
//   - erasing or overwriting half of a wide character: tmux may leave the other;
//   - a wrap that scrolls with a background set: tmux does not fill the new row;
//   - HPR and VPR, which tmux lacks;
//   - DECSTBM in the origin mode: tmux puts the cursor at the top of the screen;
//   - coming back from an alternate page that was not gone to, or in another way
//     than it was gone to: tmux restores whatever cursor it saved last;
//   - restoring a cursor that was saved on the other page: tmux has one for both;
//   - going to it with a background set: tmux does not clear it in that colour.
func randomStream(r *rand.Rand) []byte {
	s := New(80, 24, Hooks{})
	var all []byte
	add := func(format string, args ...any) {
		b := fmt.Appendf(nil, format, args...)
		_, _ = s.Write(b)
		all = append(all, b...)
	}
	letters := func(first byte, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = first + byte(r.IntN(26))
		}
		return string(b)
	}
	// whole reports that no border at these columns lies within a wide character.
	whole := func(columns ...int) bool {
		for _, x := range columns {
			if x < s.cols && s.page.rows[s.cur.y].cells[x].Rune == rightHalf {
				return false
			}
		}
		return true
	}
	alt := 0
	for range 20 + r.IntN(80) {
		if s.cur.x == s.cols {
			switch r.IntN(5) {
			case 0:
				add("\r")
			case 1:
				add("\x1b[%d;%dH", 1+r.IntN(26), 1+r.IntN(84))
			case 2:
				add("\x1b[K")
			case 3:
				add("\x1b[1;3%dm", r.IntN(8))
			case 4:
				add("\x1b[49m%s", letters('a', 1+r.IntN(3)))
			}
			continue
		}
		room := s.cols - s.cur.x - 1
		k := r.IntN(40)
		if k == 5 || k == 6 || k < 5 && room < 30 || k == 34 || room < 6 { // may wrap
			add("\x1b[4l\x1b[49m")
		}
		if !whole(s.cur.x) {
			add("\r")
		}
		switch k {
		case 0, 1, 2, 3, 4:
			add("%s", letters('a', 1+r.IntN(30)))
		case 5, 6:
			add("%s", letters('A', 60+r.IntN(120)))
		case 7, 8:
			add("\x1b[%d;%dH", 1+r.IntN(26), 1+r.IntN(84))
		case 9:
			add("\x1b[%d%c", r.IntN(6), "ABCDEFGd`"[r.IntN(9)])
		case 10, 11:
			if x := s.cur.x; whole(x, x+1) {
				add("\x1b[%d%c", r.IntN(3), "JK"[r.IntN(2)])
			}
		case 12, 13:
			if s.cur.y >= s.top && s.cur.y <= s.bottom {
				add("\x1b[%d%c", 1+r.IntN(4), "LM"[r.IntN(2)])
			}
		case 14:
			if n := 1 + r.IntN(9); n <= room/2 && whole(s.cur.x, s.cols-n) {
				add("\x1b[%d@", n)
			}
		case 15, 16:
			if n := 1 + r.IntN(9); whole(s.cur.x, s.cur.x+n) {
				add("\x1b[%d%c", n, "PX"[r.IntN(2)])
			}
		case 17:
			add("\x1b[%d%c", 1+r.IntN(3), "ST"[r.IntN(2)])
		case 18:
			if s.cur.origin {
				add("\x1b[?6l")
			}
			top := 1 + r.IntN(10)
			add("\x1b[%d;%dr", top, top+1+r.IntN(14))
		case 19:
			add("\x1b[?6l\x1b[r")
		case 20:
			add("\x1b%c", "MDE"[r.IntN(3)])
		case 21:
			add("\x1b%c", "78"[r.IntN(2)])
		case 22, 23:
			c := "\t\b\r\n\n\t"[r.IntN(6)]
			if c != '\b' || s.cur.x > 0 {
				add("%c", c)
			}
		case 24:
			add("\x1b[4%c", "hl"[r.IntN(2)])
		case 25, 26:
			add("%s", []string{"日本語", "é", "─│", "Ｆ", "ñ", "e\u0301", "日\u0308"}[r.IntN(7)])
		case 27:
			add("\x1b[%d;%dm", r.IntN(10), 30+r.IntN(8))
		case 28:
			add("\x1b[%d;%dm", 40+r.IntN(8), 90+r.IntN(8))
		case 29:
			add("\x1b[%s;5;%d;%s;2;1;2;%dm", []string{"38", "48"}[r.IntN(2)], r.IntN(256), []string{"38", "48"}[r.IntN(2)], r.IntN(256))
		case 30:
			add("\x1b[%s;5;%d;4:%dm", []string{"38:5:9;38", "48"}[r.IntN(2)], r.IntN(256), r.IntN(2))
		case 31:
			add("\x1b[%dm", 20+r.IntN(10))
		case 32:
			add("\x1b[m")
		case 33:
			add("\x1b[?%d%c", []int{7, 7, 25, 1}[r.IntN(4)], "hhl"[r.IntN(3)])
		case 34:
			if room > 1 {
				add("x\x1b[%db", 1+r.IntN(room-1))
			}
		case 35:
			add("\x1b(%c", "0B"[r.IntN(2)])
		case 36:
			add("%s", []string{"\x1b)0\x0e", "\x0f"}[r.IntN(2)])
		case 37:
			add("%s", []string{"\x1bH", "\x1b[g", "\x1b[3g", "\x1b[Z"}[r.IntN(4)])
		case 38:
			if alt == 0 {
				alt = []int{1049, 1049, 1047, 47}[r.IntN(4)]
				add("\x1b[m\x1b[?6l\x1b(B\x0f\x1b[?%dh\x1b7", alt)
			} else {
				add("\x1b[?6l\x1b(B\x0f\x1b[?%dl\x1b7", alt)
				alt = 0
			}
		case 39:
			add("\x1b[?6%c", "hl"[r.IntN(2)])
		}
	}
	return all
}
