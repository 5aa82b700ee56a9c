package screen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"workshop/runner/screen/tmuxtest"
)

// windowOracle is a window of a tmux of its own.
type windowOracle struct {
	*tmuxtest.Server
	t *testing.T
}

func newWindowOracle(t *testing.T, cols, rows int) *windowOracle {
	t.Helper()
	return &windowOracle{tmuxtest.Start(t, cols, rows, "exec sleep infinity"), t}
}

// RandomArrangement is for the tests outside the package.
var RandomArrangement = randomArrangement

func (o *windowOracle) panes() string {
	out, err := o.Run("list-panes", "-F", "#{pane_left},#{pane_top} #{pane_width}x#{pane_height}#{?pane_active,*,}")
	if err != nil {
		o.t.Fatalf("%v: %s", err, out)
	}
	return out
}

func ourPanes(l *Layout) string {
	var b strings.Builder
	for _, id := range l.Panes() {
		p := l.Place(id)
		fmt.Fprintf(&b, "%d,%d %dx%d", p.X, p.Y, p.Cols, p.Rows)
		if id == l.Active() {
			b.WriteByte('*')
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestTmuxLayout does the same to a window of ours and to one of tmux: the panes are at
// the same places, and the same one is active.
func TestTmuxLayout(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {157, 41}} {
		for seed := range uint64(12) {
			t.Run(fmt.Sprintf("%dx%d/%d", size[0], size[1], seed), func(t *testing.T) {
				o := newWindowOracle(t, size[0], size[1])
				l := NewLayout(size[0], size[1], 0)
				r := rand.New(rand.NewPCG(seed, 7))
				var done []string
				for id := 1; id < 40; id++ {
					args, err := randomArrangement(r, l, id)
					done = append(done, strings.Join(args, " "))
					out, tmuxErr := o.Run(args...)
					if (err == nil) != (tmuxErr == nil) {
						t.Fatalf("%s: we %v, tmux %v %s", strings.Join(done, "; "), err, tmuxErr, out)
					}
					if ours, theirs := ourPanes(l), o.panes(); ours != theirs {
						t.Fatalf("%s:\nours\n%stmux\n%s", strings.Join(done, "; "), ours, theirs)
					}
				}
			})
		}
	}
}

// randomArrangement changes a layout at random, and returns the command for tmux. A
// pane is killed only when it is clear which one is active then: tmux remembers one pane
// before 3.4, and all of them since.
func randomArrangement(r *rand.Rand, l *Layout, id int) (args []string, err error) {
	n := len(l.panes)
	active := slices.Index(l.panes, l.active())
	switch r.IntN(10) {
	case 0, 1, 2:
		if n > 9 {
			break
		}
		s := Split{Beside: r.IntN(2) == 0, Before: r.IntN(4) == 0}
		args = []string{"split-window", "-v"}
		if s.Beside {
			args[1] = "-h"
		}
		if s.Before {
			args = append(args, "-b")
		}
		switch r.IntN(4) {
		case 0:
			s.Size = 1 + r.IntN(12)
			args = append(args, "-l", fmt.Sprint(s.Size))
		case 1:
			s.Percent = 10 + r.IntN(80)
			args = append(args, "-l", fmt.Sprintf("%d%%", s.Percent))
		}
		return append(args, "exec sleep infinity"), l.Split(active, id, s)
	case 3:
		if n < 2 {
			break
		}
		other := (active + 1 + r.IntN(n-1)) % n
		l.Remove(l.panes[other].id)
		return []string{"kill-pane", "-t", fmt.Sprint(other)}, nil
	case 4:
		names := slices.DeleteFunc(Arrangements(), func(s string) bool { return strings.HasSuffix(s, "mirrored") })
		name := names[r.IntN(len(names))]
		if n > 6 && l.cols < 100 { // tmux makes a window larger than it is
			break
		}
		return []string{"select-layout", name}, l.Arrange(name)
	case 5, 6:
		d := r.IntN(4)
		l.Toward(Direction(d))
		return []string{"select-pane", []string{"-U", "-D", "-L", "-R"}[d]}, nil
	}
	number := r.IntN(n)
	return []string{"select-pane", "-t", fmt.Sprint(number)}, l.Select(number)
}

// Resizing a window, too.
func TestTmuxResize(t *testing.T) {
	o := newWindowOracle(t, 80, 24)
	l := NewLayout(80, 24, 0)
	for id, s := range []Split{{}, {Beside: true}, {}, {Beside: true}} {
		args := []string{"split-window", "-v", "exec sleep infinity"}
		if s.Beside {
			args[1] = "-h"
		}
		if out, err := o.Run(args...); err != nil {
			t.Fatal(out)
		}
		if err := l.Split(slices.Index(l.panes, l.active()), id+1, s); err != nil {
			t.Fatal(err)
		}
	}
	for _, size := range [][2]int{{120, 40}, {60, 20}, {100, 15}, {80, 24}} {
		if out, err := o.Run("resize-window", "-x", fmt.Sprint(size[0]), "-y", fmt.Sprint(size[1])); err != nil {
			t.Fatal(out)
		}
		l.Resize(size[0], size[1])
		if ours, theirs := ourPanes(l), o.panes(); ours != theirs {
			t.Fatalf("%v:\nours\n%stmux\n%s", size, ours, theirs)
		}
	}
}
