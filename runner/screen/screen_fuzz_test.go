package screen

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// FuzzScreen writes anything, however divided, on screens of any size: no panic, no
// impossible state, and the same to be seen and told.
func FuzzScreen(f *testing.F) {
	for _, c := range screenCases {
		f.Add(uint8(c.cols), uint8(c.rows), []byte(c.in))
	}
	for seed := range uint64(20) {
		f.Add(uint8(80), uint8(24), randomStream(rand.New(rand.NewPCG(seed, 2))))
	}
	f.Fuzz(func(t *testing.T, cols, rows uint8, in []byte) {
		watchdog := time.AfterFunc(10*time.Second, func() { panic("the screen does not come to an end") })
		defer watchdog.Stop()
		cols, rows = cols%100, rows%40
		whole := fuzzed(t, int(cols), int(rows), in, max(len(in), 1))
		for _, chunk := range []int{1, 7} {
			if got := fuzzed(t, int(cols), int(rows), in, chunk); got != whole {
				t.Fatalf("in chunks of %d:\n%s\nat once:\n%s", chunk, got, whole)
			}
		}
	})
}

// fuzzed is everything that can be seen of a screen after some bytes, and all that
// its hooks were told.
func fuzzed(t *testing.T, cols, rows int, in []byte, chunk int) string {
	var told, ansi bytes.Buffer
	var s *Screen
	s = New(cols, rows, Hooks{
		OSC:   func(b []byte) { told.WriteString("<osc " + string(b) + ">"); s.SetEpoch(s.epoch + 1) },
		Text:  func(b []byte) { told.Write(b) },
		Reply: func(b []byte) { told.WriteString("<reply " + string(b) + ">") },
	})
	writeChunks(s, in, chunk)
	check(t, s)
	x, y, _ := s.Cursor()
	for y := range s.rows {
		ansi.Write(s.AppendANSI(nil, y))
		for _, c := range s.Row(y).Cells() {
			ansi.WriteByte(byte(c.Epoch))
		}
		ansi.WriteByte('\n')
	}
	ansi.WriteByte(byte(x))
	ansi.WriteByte(byte(y))
	told.WriteByte('\n')
	told.Write(ansi.Bytes())
	s.Resize(rows, cols) // as good a size as any
	check(t, s)
	_, _ = s.Write(in[:len(in)/2])
	check(t, s)
	s.Resize(cols+3, max(rows-3, 1))
	check(t, s)
	return told.String()
}

// check reports impossible states.
func check(t *testing.T, s *Screen) {
	t.Helper()
	if x, y, _ := s.Cursor(); x < 0 || x >= s.cols || y < 0 || y >= s.rows {
		t.Fatalf("the cursor is at %d,%d of %d,%d", x, y, s.cols, s.rows)
	}
	if s.top < 0 || s.bottom >= s.rows || s.top > s.bottom || s.cur.x > s.cols {
		t.Fatalf("the scrolling region is %d to %d, the cursor at %d of %d,%d", s.top, s.bottom, s.cur.x, s.cols, s.rows)
	}
	seen := make(map[*Row]bool)
	for _, p := range []*page{&s.main, &s.alt} {
		if len(p.rows) != s.rows {
			t.Fatalf("%d rows of %d", len(p.rows), s.rows)
		}
		for y, r := range p.rows {
			if seen[r] {
				t.Fatalf("row %d is there twice", y)
			}
			seen[r] = true
			checkRow(t, r, s.cols)
		}
		if last := p.rows[s.rows-1]; last.wrapped {
			t.Fatal("the last row is wrapped")
		}
	}
}

func checkRow(t *testing.T, r *Row, cols int) {
	t.Helper()
	if len(r.cells) != cols || r.used > cols {
		t.Fatalf("a row has %d cells, %d used, of %d", len(r.cells), r.used, cols)
	}
	for x, c := range r.cells {
		switch {
		case c.Rune == 0 && c.Epoch != 0:
			t.Fatalf("an empty cell has an epoch: %v", r.cells)
		case c.Rune == rightHalf && (x == 0 || runeWidth(r.cells[x-1].Rune) != 2):
			t.Fatalf("column %d is a lonely right half: %v", x, r.cells)
		case c.Rune > 0 && runeWidth(c.Rune) == 2 && (x+1 == cols || r.cells[x+1].Rune != rightHalf):
			t.Fatalf("column %d is a lonely left half: %v", x, r.cells)
		case c.Rune > 0 && (c.Rune < 0x20 || c.Rune >= 0x7f && c.Rune < 0xa0):
			t.Fatalf("column %d is a control character: %v", x, r.cells)
		case x >= r.used && c != Cell{}:
			t.Fatalf("column %d is used, beyond %d: %v", x, r.used, r.cells)
		}
	}
	if slices.ContainsFunc(r.marks, func(m combining) bool { return m.x < 0 || m.x >= cols || r.cells[m.x].Rune <= 0 }) {
		t.Fatalf("a mark on nothing: %v, %v", r.marks, r.cells)
	}
}

// Each step has a bound, whatever number an escape sequence names.
func TestScreenHostile(t *testing.T) {
	for _, c := range []struct{ name, repeat string }{
		{"huge tabs", "\x1b[99999999I"},
		{"huge back tabs", "\x1b[99G\x1b[99999999Z"},
		{"huge repetition", "x\x1b[99999999b"},
		{"huge wide repetition", "日\x1b[99999999b"},
		{"huge scroll", "\x1b[99999999S\x1b[99999999T"},
		{"huge insertion", "\x1b[H\x1b[99999999L\x1b[99999999@"},
		{"erase in colours", "\x1b[41m\x1b[2J\x1b[42m\x1b[2J"},
		{"alignment", "\x1b#8"},
		{"resets", "\x1bc"},
		{"alternate pages", "\x1b[?1049h\x1b[?1049l"},
		{"reverse index", "\x1bM"},
		{"insert mode", "\x1b[4hx"},
		{"combining marks", "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301"},
		{"parameters", "\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1m"},
		{"unterminated command", "\x1b]x"},
		{"queries", "\x1b[c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := bytes.Repeat([]byte(c.repeat), 4096/len(c.repeat))
			s := New(80, 24, Hooks{Text: func([]byte) {}, Reply: func([]byte) {}})
			begun := cpuTime()
			_, _ = s.Write(in)
			// A step without a bound takes minutes; all of these take a tenth of a second under the race detector.
			if took := cpuTime() - begun; took > 5*time.Second {
				t.Errorf("%d bytes took %v", len(in), took)
			}
			check(t, s)
		})
	}
}

// A command that never ends keeps no more than its limit, and neither do marks.
func TestScreenBounds(t *testing.T) {
	var got int
	s := New(10, 2, Hooks{OSC: func(b []byte) { got = len(b) }})
	_, _ = s.Write([]byte("\x1b]"))
	for range 100 {
		_, _ = s.Write(bytes.Repeat([]byte("x"), 4096))
	}
	_, _ = s.Write([]byte("\x07e" + string(bytes.Repeat([]byte("\u0301"), 1000))))
	if got != maxString {
		t.Errorf("the hook got %d bytes, want %d", got, maxString)
	}
	if n := len(s.Row(0).marks); n != maxMarks {
		t.Errorf("%d marks, want %d", n, maxMarks)
	}
	for _, size := range []int{-1, 0, 1 << 30} {
		cols, rows := New(size, 1, Hooks{}).Size()
		if want := clampSize(size); cols != want || rows != 1 {
			t.Errorf("a screen of %d columns has %d, %d rows", size, cols, rows)
		}
	}
}
