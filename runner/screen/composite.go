package screen

import (
	"fmt"
	"sync"
)

// Composite is several terminals in one view, with lines between them: bytes for a terminal
// of the view's size. The bytes of an only terminal pass unchanged. Its methods may be
// called from any goroutine.
type Composite struct {
	out func([]byte)

	mu     sync.Mutex
	screen *Screen // the drawn view; nil while there is one terminal only
	panes  map[int]*picture
	active int
	buf    []byte
}

// picture is the drawn state of a terminal.
type picture struct {
	place   Place
	rows    []*Row
	gen     uint64
	x, y    int
	visible bool // the cursor
}

// NewComposite is a view that writes to out, which must not call it.
func NewComposite(out func([]byte)) *Composite { return &Composite{out: out} }

// Pass passes the bytes of a terminal on unchanged, if it is the only one.
func (c *Composite) Pass(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.screen == nil {
		c.out(b)
	}
}

// Arrange shows the panes of a layout from here on. They are empty until they are drawn.
func (c *Composite) Arrange(l *Layout) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cols, rows := l.Size()
	first := c.screen == nil
	c.screen = New(cols, rows, Hooks{})
	c.panes, c.active = map[int]*picture{}, l.Active()
	c.buf = append(c.buf[:0], "\x1b[0m\x1b[H\x1b[2J"...)
	if first {
		// Undo the modes that the only terminal has set in the real one.
		c.buf = append([]byte("\x1b[?1049l\x1b[!p\x1b[?2004l\x1b(B\x0f"), c.buf...)
	}
	for _, id := range l.Panes() {
		p := l.Place(id)
		c.panes[id] = &picture{place: p, rows: make([]*Row, p.Rows)}
	}
	for y := range rows {
		for x := range cols {
			if r := l.border(x, y); r != 0 {
				c.buf = fmt.Appendf(c.buf, "\x1b[%d;%dH%c", y+1, x+1, r)
			}
		}
	}
	c.write()
}

// Activate gives the cursor to a pane.
func (c *Composite) Activate(id int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.screen != nil {
		c.active, c.buf = id, c.buf[:0]
		c.cursor()
		c.write()
	}
}

// Draw draws the changes of a terminal, if it is in view and fits its pane.
func (c *Composite) Draw(id int, s *Screen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.panes[id]
	if p == nil || s.cols != p.place.Cols || s.rows != p.place.Rows {
		return
	}
	c.buf = c.buf[:0]
	for y := range s.rows {
		r := s.Row(y)
		if r == p.rows[y] && r.Gen() <= p.gen {
			continue // a row that moved is another one, and one that was changed is newer
		}
		p.rows[y] = r
		c.buf = fmt.Appendf(c.buf, "\x1b[%d;%dH", p.place.Y+y+1, p.place.X+1)
		c.buf = s.AppendANSI(c.buf, y)
	}
	p.gen = s.Gen()
	p.x, p.y, p.visible = s.Cursor()
	c.cursor()
	c.write()
}

// cursor puts the cursor at its place in the active pane.
func (c *Composite) cursor() {
	p := c.panes[c.active]
	if p == nil || !p.visible {
		c.buf = append(c.buf, "\x1b[?25l"...)
		return
	}
	c.buf = fmt.Appendf(c.buf, "\x1b[%d;%dH\x1b[?25h", p.place.Y+p.y+1, p.place.X+p.x+1)
}

func (c *Composite) write() {
	_, _ = c.screen.Write(c.buf)
	c.out(c.buf)
}

// Lines are the rows of the view as drawn, without the empty ones at its end; nil while
// there is one terminal only.
func (c *Composite) Lines() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.screen == nil {
		return nil
	}
	return trimEmpty(c.screen.Lines())
}

// View is a picture of the view; ok is false while there is one terminal only.
func (c *Composite) View() (v View, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.screen == nil {
		return v, false
	}
	return c.screen.View(), true
}

// border is the character of a cell between panes; 0 in a pane.
func (l *Layout) border(x, y int) rune {
	if !l.between(x, y) {
		return 0
	}
	const none, up, down, left, right = 0, 1, 2, 4, 8
	n := none
	for _, d := range []struct{ bit, x, y int }{{up, x, y - 1}, {down, x, y + 1}, {left, x - 1, y}, {right, x + 1, y}} {
		if l.between(d.x, d.y) {
			n |= d.bit
		}
	}
	return []rune("││││─┘┐┤─└┌├─┴┬┼")[n]
}

// between reports whether a cell of the window is in no pane.
func (l *Layout) between(x, y int) bool {
	if x < 0 || y < 0 || x >= l.cols || y >= l.rows {
		return false
	}
	c := l.root
descend:
	for c.kind != paneCell {
		for _, child := range c.children {
			if p := child.place; x >= p.X && x < p.X+p.Cols && y >= p.Y && y < p.Y+p.Rows {
				c = child
				continue descend
			}
		}
		return true
	}
	return false
}
