package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// Waiting are sessions that were started before a run needs them: with their directories, engines,
// set-up and shells, but without anything typed. Each serves one run. The zero value is ready.
type Waiting struct {
	mu       sync.Mutex
	sessions map[string]*ahead // by their beginnings
	work     sync.WaitGroup    // starts and ends under way
}

// ahead is a session that waits.
type ahead struct {
	cancel context.CancelFunc // of its start
	done   chan struct{}      // closed when the start is over

	files   string // of its working directory, see [filesOf]
	session *session
	held    lane
	err     error
}

// Prepare starts sessions in the background, those that do not wait already, and ends all others that
// wait. An error is not reported: the run that needs the session starts a new one, and meets the same
// error. The context is that of the starts.
func (w *Waiting) Prepare(ctx context.Context, opts Options, plans ...*Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sessions := map[string]*ahead{}
	for _, plan := range plans {
		start := beginning(plan)
		a := w.sessions[start]
		if delete(w.sessions, start); a == nil && plan.runs() {
			a = w.start(ctx, plan, opts.orDefault())
		}
		if a != nil {
			sessions[start] = a
		}
	}
	w.retire()
	w.sessions = sessions
}

func (w *Waiting) start(ctx context.Context, plan *Session, opts Options) *ahead {
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead{cancel: cancel, done: make(chan struct{})}
	w.work.Go(func() {
		defer close(a.done)
		a.start(ctx, plan, opts)
	})
	return a
}

// retire ends the sessions in the background.
func (w *Waiting) retire() {
	for _, a := range w.sessions {
		w.work.Go(a.drop)
	}
	w.sessions = nil
}

// Retire ends all sessions that wait, in the background.
func (w *Waiting) Retire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.retire()
}

// Close ends all sessions that wait, and returns when nothing is left of them.
func (w *Waiting) Close() {
	w.Retire()
	w.work.Wait()
}

func (a *ahead) start(ctx context.Context, plan *Session, opts Options) {
	if a.files, a.err = filesOf(plan, opts); a.err != nil {
		return
	}
	opts.Event, opts.Notes = a.held.add, nil
	r := &run{opts: opts, plan: &Plan{Sessions: []*Session{plan}}, result: &Result{}}
	if a.session, a.err = r.prepare(ctx, plan); a.err != nil || !a.session.early() {
		return
	}
	if a.err = a.session.makeReady(ctx); a.err != nil { // a tear-down has run if the set-up failed
		a.err = errors.Join(a.err, a.session.Close())
		a.session = nil
	}
}

// early reports whether the set-up and the shell may start before the run: nothing that they do can
// be seen by others, and no term, whose result may change, decides about them.
func (s *session) early() bool {
	terms := slices.ContainsFunc(s.plan.Exercises, func(e *Exercise) bool { return len(e.Terms) > 0 })
	return !terms && len(s.plan.Deck.Mirrors) == 0 && (len(s.plan.Setup) == 0 || s.sandbox.PrivateNetwork())
}

// take returns the waiting session for a plan, as a part of a run; nil if there is none, or if the
// files of its working directory have changed since.
func (w *Waiting) take(ctx context.Context, r *run, plan *Session) *session {
	if w == nil {
		return nil
	}
	start := beginning(plan)
	w.mu.Lock()
	a := w.sessions[start]
	delete(w.sessions, start)
	w.mu.Unlock()
	if a == nil {
		return nil
	}
	select {
	case <-a.done:
	case <-ctx.Done():
	}
	a.cancel() // its start is over
	files, err := filesOf(plan, r.opts)
	if ctx.Err() != nil || err != nil || files != a.files || a.err != nil || a.session.lifeless() {
		w.work.Go(a.drop)
		return nil
	}
	s := a.session
	s.run, s.plan, s.limits = r, plan, r.opts.Limits
	a.held.open(func(e Event) {
		e.Time = time.Time{} // it is now
		if e.Kind == EventNote {
			r.addNote(e.Note)
			return
		}
		r.emit(e)
	})
	return s
}

// lifeless reports whether the shell has ended while it waited.
func (s *session) lifeless() bool { return s.active.shell != nil && s.active.shell.Ended() }

// drop ends a session that nobody takes.
func (a *ahead) drop() {
	a.cancel()
	<-a.done
	if a.session != nil {
		_ = a.session.end(context.Background()) //nolint:forbidigo // its context has ended; the tear-down has the limit of a step
	}
	a.held.discard()
}

// beginning is everything in a session that its start depends on, but for the files of its directory.
func beginning(s *Session) string {
	var b strings.Builder
	d := s.Deck
	fmt.Fprintf(&b, "%q %q %q %v %q %q %q %q %v\n", s.Name, d.Dir, s.Workdir, d.Pipefail, d.Engine, d.Network, d.Compose, s.Env, d.Mirrors)
	for _, script := range slices.Concat(s.Setup, s.Teardown) {
		fmt.Fprintf(&b, "script %q %q\n", script.Name, script.Text)
	}
	for _, e := range s.Exercises {
		for _, t := range e.Terms {
			fmt.Fprintf(&b, "term %q\n", t.String())
		}
	}
	return b.String()
}

// filesOf are the names, sizes and times of the files that a session's working directory is copied
// from.
func filesOf(s *Session, opts Options) (string, error) {
	if opts.Workdir == nil {
		return "", nil
	}
	w, err := opts.Workdir(s)
	if err != nil || w.FS == nil {
		return w.Name, err
	}
	var b strings.Builder
	fmt.Fprintln(&b, w.Name)
	err = fs.WalkDir(w.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%q %v %d %d\n", name, info.Mode(), info.Size(), info.ModTime().UnixNano())
		return nil
	})
	return b.String(), err
}
