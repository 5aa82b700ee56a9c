package screen

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestComposite draws terminals into a view: a terminal of the view's size shows the same text
// after the bytes of the composite.
func TestComposite(t *testing.T) {
	var real *Screen
	c := NewComposite(func(b []byte) { _, _ = real.Write(b) })
	real = New(80, 24, Hooks{})
	c.Pass([]byte("\x1b[?1049h\x1b[5;10r\x1b[31mleft over"))
	l := NewLayout(80, 24, 0)
	for id, s := range []Split{{Beside: true}, {}, {Beside: true}} {
		if err := l.Split(slices.Index(l.Panes(), l.Active()), id+1, s); err != nil {
			t.Fatal(err)
		}
	}
	c.Arrange(l)
	c.Pass([]byte("never seen"))
	screens := make([]*Screen, 4)
	for id := range screens {
		p := l.Place(id)
		screens[id] = New(p.Cols, p.Rows, Hooks{})
		c.Draw(id, screens[id])
	}
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		id := r.IntN(len(screens))
		_, _ = screens[id].Write(randomStream(r))
		c.Draw(id, screens[id])
		for id, s := range screens {
			p := l.Place(id)
			for y := range p.Rows {
				var want, got []byte
				for x := range p.Cols {
					want = appendShown(want, s.Row(y), x)
				}
				row := real.Row(p.Y + y)
				for x := range p.Cols {
					got = row.AppendCell(got, p.X+x)
				}
				if !bytes.Equal(want, got) && !hidden(s.Row(y)) {
					t.Fatalf("round %d, pane %d, row %d:\nwant %q\ngot  %q", round, id, y, want, got)
				}
			}
		}
		x, y, visible := screens[l.Active()].Cursor()
		p := l.Place(l.Active())
		if gotX, gotY, got := real.Cursor(); got != visible || visible && (gotX != p.X+x || gotY != p.Y+y) {
			t.Fatalf("round %d: the cursor is at %d,%d (%v), not %d,%d (%v)", round, gotX, gotY, got, p.X+x, p.Y+y, visible)
		}
	}
	if strings.Contains(strings.Join(c.Lines(), ""), "never seen") || real.AltScreen() {
		t.Error("the view is not its own")
	}
}

// hidden reports whether something in a row is not to be seen.
func hidden(r *Row) bool {
	return slices.ContainsFunc(r.Cells(), func(c Cell) bool { return c.Style.Attr()&Hidden != 0 })
}

func TestBorders(t *testing.T) {
	l := NewLayout(9, 7, 0)
	for i, s := range []Split{{Beside: true}, {}, {Beside: true}} {
		if err := l.Split(i, i+1, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Split(0, 4, Split{}); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for y := range 7 {
		for x := range 9 {
			r := l.border(x, y)
			if r == 0 {
				r = '.'
			}
			b.WriteRune(r)
		}
		b.WriteByte('\n')
	}
	want := strings.Join([]string{
		"....│....", "....│....", "....│....", "────┼──┬─", "....│..│.", "....│..│.", "....│..│.", "",
	}, "\n")
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
