package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"workshop/runner/sandbox"
	"workshop/runner/screen"
	"workshop/runner/terminal"
)

// pane is a shell of a session, with the state of its last command.
type pane struct {
	session *session
	id      int
	shell   *terminal.Session

	command *command // the last snippet
	errexit bool     // a snippet has run set -e
	waited  int      // waits since the last snippet
	began   terminal.Position
	nesting int // shells around the reading one at the beginning of the exercise
}

// start starts the pane's shell, with the size of its place.
func (p *pane) start(ctx context.Context) error {
	s := p.session
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	state := filepath.Join(s.dir, "shell", strconv.Itoa(p.id)) // of its start-up files
	if err := os.Mkdir(state, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	place := s.windows.place(p.id)
	var err error
	p.shell, err = terminal.Start(ctx, terminal.Options{
		Cols: place.Cols, Rows: place.Rows, Shell: s.run.opts.Shell, Pipefail: s.plan.Deck.Pipefail,
		Past: s.run.opts.Past, Env: s.env, Dir: s.sandbox.Inside(s.work), StateDir: state, StateSeen: s.sandbox.Inside(state),
		Start: func(c terminal.Command) (terminal.Process, error) {
			p, err := s.sandbox.Start(sandbox.Cmd{Argv: c.Argv, Env: c.Env, Dir: c.Dir, TTY: c.TTY})
			if err != nil {
				return nil, err
			}
			return process{p}, nil
		},
		Output: s.view.Pass,
		Drawn:  func(drawn *screen.Screen) { s.view.Draw(p.id, drawn) },
		Input:  s.run.opts.Input,
	})
	return err
}

// process is a sandboxed process with the terminal's interface.
type process struct{ *sandbox.Process }

func (p process) Kill() error { return p.Signal(os.Kill) }

// ExitStatus is the exit status of the process, if it has ended by itself.
func (p process) ExitStatus() (int, bool) {
	select {
	case <-p.Done():
		status, err := p.Wait(context.Background()) //nolint:forbidigo // it has ended: nothing is waited for
		return status.Code, err == nil && status.Signal == ""
	default:
		return 0, false
	}
}

// screen is the visible screen: the view if there are several panes.
func (p *pane) screen() []string {
	if lines := p.session.view.Lines(); lines != nil || p.shell == nil {
		return lines
	}
	return p.shell.Screen()
}

// limit is the longest time that a step may take.
func (p *pane) limit(step *Step) time.Duration { return step.Limit(p.session.limits) }

// failf makes a failure of a step, with the last command and the screen.
func (p *pane) failf(step *Step, hint, format string, args ...any) *Failure {
	f := &Failure{Pos: step.Pos, Message: fmt.Sprintf(format, args...), Hint: hint, Screen: p.screen()}
	if p.command != nil {
		f.Command = p.session.typed(p.command.step)
	}
	return f
}

// recover prepares the pane for the next exercise after one that did not pass: it ends the
// program in the foreground, and replaces a lost shell.
func (p *pane) recover(ctx context.Context) {
	p.command = nil
	err := p.shell.Recover(ctx)
	if ctx.Err() != nil || err == nil && p.shell.Nesting() <= p.nesting {
		return
	}
	p.session.resizing.Lock()
	defer p.session.resizing.Unlock()
	p.errexit = false
	if err = p.shell.Close(); err == nil {
		err = p.start(ctx)
	}
	if err != nil && ctx.Err() == nil {
		p.session.lost = fmt.Errorf("the shell was lost and cannot be replaced: %w", err)
	}
}

// leaveEnded closes the pane if its shell has ended, as tmux does, and then each next active
// one that has ended too. It returns the active pane. The only pane stays.
func (p *pane) leaveEnded(ctx context.Context) (*pane, error) {
	for p.shell.Ended() && p.session.windows.several() {
		if err := p.leave(ctx); err != nil {
			return p, err
		}
		p = p.session.active
	}
	return p, nil
}

// leave closes the pane.
func (p *pane) leave(ctx context.Context) error {
	p.session.resizing.Lock()
	defer p.session.resizing.Unlock()
	p.session.windows.remove(p.id)
	return p.session.apply(ctx, change{stop: []int{p.id}})
}

// inOrder are the session's panes in the order of their creation.
func (s *session) inOrder() []*pane {
	var all []*pane
	for _, id := range slices.Sorted(maps.Keys(s.panes)) {
		all = append(all, s.panes[id])
	}
	return all
}

// resize gives the terminal, and later ones in its place, a new size.
func (s *session) resize(cols, rows int) error {
	s.resizing.Lock()
	defer s.resizing.Unlock()
	s.windows.resize(cols, rows)
	if err := s.fit(); err != nil {
		return err
	}
	s.run.emit(Event{Kind: EventResized, Cols: cols, Rows: rows})
	s.redraw()
	return nil
}

// apply starts and ends shells until they agree with the windows.
func (s *session) apply(ctx context.Context, c change) error {
	for _, id := range c.start {
		p := &pane{session: s, id: id}
		if err := p.start(ctx); err != nil {
			s.windows.remove(id)
			return err
		}
		s.panes[id] = p
	}
	for _, id := range c.stop {
		p := s.panes[id]
		delete(s.panes, id)
		if p.command.pending() {
			p.command.noteUnjudged("its pane was closed")
		}
		if err := p.shell.Close(); err != nil {
			return err
		}
	}
	s.active = s.panes[s.windows.active()]
	if err := s.fit(); err != nil {
		return err
	}
	s.redraw()
	return nil
}

// fit gives every shell the size of its pane.
func (s *session) fit() error {
	var errs []error
	for _, w := range s.windows.all {
		for _, id := range w.layout.Panes() {
			if p, place := s.panes[id], w.layout.Place(id); p != nil && p.shell != nil {
				errs = append(errs, p.shell.Resize(place.Cols, place.Rows))
			}
		}
	}
	return errors.Join(errs...)
}

// redraw draws the visible window, unless there has only ever been one pane.
func (s *session) redraw() {
	if !s.windows.several() && s.view.Lines() == nil {
		return
	}
	l := s.windows.current().layout
	s.view.Arrange(l)
	for _, id := range l.Panes() {
		s.panes[id].shell.Draw()
	}
}
