package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"workshop/runner/terminal"
)

// pane is a shell of a session, and what is under way in it.
type pane struct {
	id    int
	shell *terminal.Session

	command *command // the last snippet
	waited  int      // waits since then
	began   terminal.Position
	nesting int // shells around the one that reads, when the exercise began
}

// panes are the windows of a session and how they are divided, as in tmux. It knows
// nothing of shells.
type panes struct {
	cols, rows int
	windows    []*paneWindow // by number
	recent     []*paneWindow // the current one at the end
	next       int           // id
}

type paneWindow struct {
	number  int
	layout  *terminal.Layout
	arrange int // the layout of [terminal.Arrangements] that was chosen last, or -1
}

// change is what has to become of the shells.
type change struct {
	start []int // panes that are new
	stop  []int // and those that are gone
}

func newPanes(cols, rows int) *panes {
	p := &panes{cols: cols, rows: rows}
	p.open()
	return p
}

// open makes a window with the lowest number that is free, the current one from now on.
func (p *panes) open() (id int) {
	w := &paneWindow{arrange: -1}
	at := 0
	for at < len(p.windows) && p.windows[at].number == w.number {
		at, w.number = at+1, w.number+1
	}
	id = p.next
	p.next++
	w.layout = terminal.NewLayout(p.cols, p.rows, id)
	p.windows = slices.Insert(p.windows, at, w)
	p.recent = append(p.recent, w)
	return id
}

func (p *panes) window() *paneWindow { return p.recent[len(p.recent)-1] }

// active is the pane that has the keyboard.
func (p *panes) active() int { return p.window().layout.Active() }

func (p *panes) use(w *paneWindow) {
	p.recent = append(slices.DeleteFunc(p.recent, func(o *paneWindow) bool { return o == w }), w)
}

// several reports whether there is more than one pane.
func (p *panes) several() bool { return len(p.windows) > 1 || len(p.windows[0].layout.Panes()) > 1 }

// remove takes a pane out of its window, and the window with its last one.
func (p *panes) remove(id int) {
	for i, w := range p.windows {
		switch {
		case !slices.Contains(w.layout.Panes(), id):
			continue
		case len(w.layout.Panes()) > 1:
			w.layout.Remove(id)
		default:
			p.windows = slices.Delete(p.windows, i, i+1)
			p.recent = slices.DeleteFunc(p.recent, func(o *paneWindow) bool { return o == w })
		}
		return
	}
}

// place is where a pane is in its window.
func (p *panes) place(id int) terminal.Place {
	for _, w := range p.windows {
		if slices.Contains(w.layout.Panes(), id) {
			return w.layout.Place(id)
		}
	}
	return terminal.Place{Cols: p.cols, Rows: p.rows}
}

func (p *panes) resize(cols, rows int) {
	p.cols, p.rows = cols, rows
	for _, w := range p.windows {
		w.layout.Resize(cols, rows)
	}
}

// target is the number of the pane that a command is about.
func (w *paneWindow) target(a *arrangement) (int, error) {
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

func splitWindow(p *panes, a *arrangement) (c change, err error) {
	w := p.window()
	number, err := w.target(a)
	if err != nil {
		return c, err
	}
	split, err := a.split()
	if err != nil {
		return c, err
	}
	if err := w.layout.Split(number, p.next, split); err != nil {
		return c, err
	}
	c.start = []int{p.next}
	p.next++
	return c, nil
}

func selectPane(p *panes, a *arrangement) (c change, err error) {
	l := p.window().layout
	for i, flag := range []byte("UDLR") {
		if a.has(flag) {
			l.Toward([]terminal.Direction{terminal.Up, terminal.Down, terminal.Left, terminal.Right}[i])
			return c, nil
		}
	}
	if a.has('l') {
		return c, l.Last()
	}
	number, err := p.window().target(a)
	if err != nil {
		return c, err
	}
	return c, l.Select(number)
}

func lastPane(p *panes, _ *arrangement) (change, error) { return change{}, p.window().layout.Last() }

func killPane(p *panes, a *arrangement) (c change, err error) {
	if !p.several() {
		return c, errors.New("it is the only pane: the deck could not go on")
	}
	w := p.window()
	number, err := w.target(a)
	if err != nil {
		return c, err
	}
	c.stop = []int{w.layout.Panes()[number]}
	p.remove(c.stop[0])
	return c, nil
}

func newWindow(p *panes, a *arrangement) (change, error) {
	before := p.window()
	c := change{start: []int{p.open()}}
	if a.has('d') {
		made := p.window()
		p.use(before)
		p.recent = slices.DeleteFunc(p.recent, func(o *paneWindow) bool { return o == made })
		p.recent = slices.Insert(p.recent, 0, made)
	}
	return c, nil
}

func selectWindow(p *panes, a *arrangement) (c change, err error) {
	switch {
	case a.has('l'):
		return lastWindow(p, a)
	case a.has('n'):
		return nextWindow(p, a)
	case a.has('p'):
		return previousWindow(p, a)
	}
	number, err := parseWindow(a.flags['t'])
	if err != nil {
		return c, err
	}
	i := slices.IndexFunc(p.windows, func(w *paneWindow) bool { return w.number == number })
	if i < 0 {
		var there []string
		for _, w := range p.windows {
			there = append(there, strconv.Itoa(w.number))
		}
		return c, fmt.Errorf("there is no window %d; there are %s", number, strings.Join(there, ", "))
	}
	p.use(p.windows[i])
	return c, nil
}

func lastWindow(p *panes, _ *arrangement) (c change, err error) {
	if len(p.recent) < 2 {
		return c, errors.New("there is no last window")
	}
	p.use(p.recent[len(p.recent)-2])
	return c, nil
}

func nextWindow(p *panes, _ *arrangement) (change, error)     { return p.turn(1) }
func previousWindow(p *panes, _ *arrangement) (change, error) { return p.turn(-1) }

func (p *panes) turn(n int) (c change, err error) {
	i := slices.Index(p.windows, p.window()) + n
	p.use(p.windows[(i+len(p.windows))%len(p.windows)])
	return c, nil
}

func selectLayout(p *panes, a *arrangement) (c change, err error) {
	switch {
	case a.has('n'):
		return nextLayout(p, a)
	case a.has('p'):
		return previousLayout(p, a)
	}
	return c, p.window().rearrange(slices.Index(terminal.Arrangements(), a.arg))
}

func nextLayout(p *panes, _ *arrangement) (change, error) {
	w := p.window()
	return change{}, w.rearrange((w.arrange + 1) % len(terminal.Arrangements()))
}

func previousLayout(p *panes, _ *arrangement) (change, error) {
	w, n := p.window(), len(terminal.Arrangements())
	return change{}, w.rearrange((max(w.arrange, 0) + n - 1) % n)
}

func (w *paneWindow) rearrange(i int) error {
	if err := w.layout.Arrange(terminal.Arrangements()[i]); err != nil {
		return err
	}
	w.arrange = i
	return nil
}

// rearrange carries out a command of tmux.
func (s *session) rearrange(ctx context.Context, step *Step) error {
	if err := s.leaveEnded(ctx); err != nil {
		return err
	}
	if err := s.judgeEnded(); err != nil {
		return err
	}
	a := step.op.arrange
	s.resizing.Lock()
	defer s.resizing.Unlock()
	c, err := a.command.do(s.windows, a)
	if err != nil {
		return s.failf(step, "", "%s: %v", a.command.name, err)
	}
	return s.apply(ctx, c)
}

// apply makes the shells what the windows are.
func (s *session) apply(ctx context.Context, c change) error {
	for _, id := range c.start {
		p := &pane{id: id}
		if err := s.startShell(ctx, p); err != nil {
			s.windows.remove(id)
			return err
		}
		s.panes[id] = p
	}
	for _, id := range c.stop {
		p := s.panes[id]
		delete(s.panes, id)
		if err := p.shell.Close(); err != nil {
			return err
		}
	}
	s.pane = s.panes[s.windows.active()]
	if err := s.fit(); err != nil {
		return err
	}
	s.redraw()
	return nil
}

// fit gives every shell the size of its pane.
func (s *session) fit() error {
	var errs []error
	for _, w := range s.windows.windows {
		for _, id := range w.layout.Panes() {
			if p, place := s.panes[id], w.layout.Place(id); p != nil && p.shell != nil {
				errs = append(errs, p.shell.Resize(place.Cols, place.Rows))
			}
		}
	}
	return errors.Join(errs...)
}

// redraw draws the window that is in view, unless it has only ever been one pane.
func (s *session) redraw() {
	if !s.windows.several() && s.view.Lines() == nil {
		return
	}
	l := s.windows.window().layout
	s.view.Arrange(l)
	for _, id := range l.Panes() {
		s.panes[id].shell.Draw()
	}
}

// leaveEnded closes the active pane if its shell has ended, as tmux does, and those that
// become active then. The only pane stays.
func (s *session) leaveEnded(ctx context.Context) error {
	for s.shell.Ended() && s.windows.several() {
		if err := s.leave(ctx); err != nil {
			return err
		}
	}
	return nil
}

// leave closes the active pane.
func (s *session) leave(ctx context.Context) error {
	s.resizing.Lock()
	defer s.resizing.Unlock()
	id := s.pane.id
	s.windows.remove(id)
	return s.apply(ctx, change{stop: []int{id}})
}

// stateDir is where the shell of a pane has its start-up files.
func (s *session) stateDir(p *pane) string { return filepath.Join(s.dir, "shell", strconv.Itoa(p.id)) }
