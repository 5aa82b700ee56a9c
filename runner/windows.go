package runner

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"workshop/runner/screen"
)

// windows are the windows of a session with the layouts of their panes, as in tmux. It knows
// nothing of shells.
type windows struct {
	cols, rows int
	all        []*window // by number
	recent     []*window // the current one at the end
	next       int       // the id of the next pane
}

type window struct {
	number  int
	layout  *screen.Layout
	arrange int // the last chosen layout of [screen.Arrangements], or -1
}

// change is the effect of a command on the shells.
type change struct {
	start []int // new panes
	stop  []int // removed panes
}

func newWindows(cols, rows int) *windows {
	ws := &windows{cols: cols, rows: rows}
	ws.open()
	return ws
}

// open makes a window with the lowest free number, and makes it the current one.
func (ws *windows) open() (id int) {
	w := &window{arrange: -1}
	at := 0
	for at < len(ws.all) && ws.all[at].number == w.number {
		at, w.number = at+1, w.number+1
	}
	id = ws.next
	ws.next++
	w.layout = screen.NewLayout(ws.cols, ws.rows, id)
	ws.all = slices.Insert(ws.all, at, w)
	ws.recent = append(ws.recent, w)
	return id
}

func (ws *windows) current() *window { return ws.recent[len(ws.recent)-1] }

// active is the pane with the keyboard.
func (ws *windows) active() int { return ws.current().layout.Active() }

func (ws *windows) use(w *window) {
	ws.recent = append(slices.DeleteFunc(ws.recent, func(o *window) bool { return o == w }), w)
}

// several reports whether there is more than one pane.
func (ws *windows) several() bool { return len(ws.all) > 1 || len(ws.all[0].layout.Panes()) > 1 }

// remove removes a pane from its window. A window without panes is removed as well.
func (ws *windows) remove(id int) {
	for i, w := range ws.all {
		switch {
		case !slices.Contains(w.layout.Panes(), id):
			continue
		case len(w.layout.Panes()) > 1:
			w.layout.Remove(id)
		default:
			ws.all = slices.Delete(ws.all, i, i+1)
			ws.recent = slices.DeleteFunc(ws.recent, func(o *window) bool { return o == w })
		}
		return
	}
}

// place is the place of a pane in its window.
func (ws *windows) place(id int) screen.Place {
	for _, w := range ws.all {
		if slices.Contains(w.layout.Panes(), id) {
			return w.layout.Place(id)
		}
	}
	return screen.Place{Cols: ws.cols, Rows: ws.rows}
}

func (ws *windows) resize(cols, rows int) {
	ws.cols, ws.rows = cols, rows
	for _, w := range ws.all {
		w.layout.Resize(cols, rows)
	}
}

// target is the number of a command's target pane.
func (w *window) target(a *arrangement) (int, error) {
	ids := w.layout.Panes()
	active := slices.Index(ids, w.layout.Active())
	s, ok := a.flags['t']
	if !ok {
		return active, nil
	}
	t, err := parsePane(s)
	switch {
	case err != nil:
		return 0, err
	case t.last:
		last, ok := w.layout.Before()
		if !ok {
			return 0, errors.New("there is no last pane")
		}
		return slices.Index(ids, last), nil
	case t.number < 0:
		return (active + t.step + len(ids)) % len(ids), nil
	case t.number >= len(ids):
		return 0, fmt.Errorf("there is no pane %d: the window has %d, from 0 on", t.number, len(ids))
	}
	return t.number, nil
}

func splitWindow(ws *windows, a *arrangement) (c change, err error) {
	w := ws.current()
	number, err := w.target(a)
	if err != nil {
		return c, err
	}
	split, err := a.split()
	if err != nil {
		return c, err
	}
	if err := w.layout.Split(number, ws.next, split); err != nil {
		return c, err
	}
	c.start = []int{ws.next}
	ws.next++
	return c, nil
}

func selectPane(ws *windows, a *arrangement) (c change, err error) {
	l := ws.current().layout
	for i, flag := range []byte("UDLR") {
		if a.has(flag) {
			l.Toward([]screen.Direction{screen.Up, screen.Down, screen.Left, screen.Right}[i])
			return c, nil
		}
	}
	if a.has('l') {
		return c, l.Last()
	}
	number, err := ws.current().target(a)
	if err != nil {
		return c, err
	}
	return c, l.Select(number)
}

func lastPane(ws *windows, _ *arrangement) (change, error) {
	return change{}, ws.current().layout.Last()
}

func killPane(ws *windows, a *arrangement) (c change, err error) {
	if !ws.several() {
		return c, errors.New("it is the only pane: the deck could not go on")
	}
	w := ws.current()
	number, err := w.target(a)
	if err != nil {
		return c, err
	}
	c.stop = []int{w.layout.Panes()[number]}
	ws.remove(c.stop[0])
	return c, nil
}

func newWindow(ws *windows, a *arrangement) (change, error) {
	before := ws.current()
	c := change{start: []int{ws.open()}}
	if a.has('d') {
		made := ws.current()
		ws.use(before)
		ws.recent = slices.DeleteFunc(ws.recent, func(o *window) bool { return o == made })
		ws.recent = slices.Insert(ws.recent, 0, made)
	}
	return c, nil
}

func selectWindow(ws *windows, a *arrangement) (c change, err error) {
	switch {
	case a.has('l'):
		return lastWindow(ws, a)
	case a.has('n'):
		return nextWindow(ws, a)
	case a.has('p'):
		return previousWindow(ws, a)
	}
	number, err := parseWindow(a.flags['t'])
	if err != nil {
		return c, err
	}
	i := slices.IndexFunc(ws.all, func(w *window) bool { return w.number == number })
	if i < 0 {
		var there []string
		for _, w := range ws.all {
			there = append(there, strconv.Itoa(w.number))
		}
		return c, fmt.Errorf("there is no window %d; there are %s", number, strings.Join(there, ", "))
	}
	ws.use(ws.all[i])
	return c, nil
}

func lastWindow(ws *windows, _ *arrangement) (c change, err error) {
	if len(ws.recent) < 2 {
		return c, errors.New("there is no last window")
	}
	ws.use(ws.recent[len(ws.recent)-2])
	return c, nil
}

func nextWindow(ws *windows, _ *arrangement) (change, error)     { return ws.turn(1) }
func previousWindow(ws *windows, _ *arrangement) (change, error) { return ws.turn(-1) }

func (ws *windows) turn(n int) (c change, err error) {
	i := slices.Index(ws.all, ws.current()) + n
	ws.use(ws.all[(i+len(ws.all))%len(ws.all)])
	return c, nil
}

func selectLayout(ws *windows, a *arrangement) (c change, err error) {
	switch {
	case a.has('n'):
		return nextLayout(ws, a)
	case a.has('p'):
		return previousLayout(ws, a)
	}
	return c, ws.current().rearrange(slices.Index(screen.Arrangements(), a.arg))
}

func nextLayout(ws *windows, _ *arrangement) (change, error) {
	w := ws.current()
	return change{}, w.rearrange((w.arrange + 1) % len(screen.Arrangements()))
}

func previousLayout(ws *windows, _ *arrangement) (change, error) {
	w, n := ws.current(), len(screen.Arrangements())
	return change{}, w.rearrange((max(w.arrange, 0) + n - 1) % n)
}

func (w *window) rearrange(i int) error {
	if err := w.layout.Arrange(screen.Arrangements()[i]); err != nil {
		return err
	}
	w.arrange = i
	return nil
}
