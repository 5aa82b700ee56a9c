package runner

import "context"

// Paused is the end of a pause.
type Paused struct {
	ByHand bool // a person has used the shell, or has run the exercise again
	Quit   bool // nothing else runs
}

// pause gives the shell of a session to a person, as a failed exercise has left it. The events of
// attempts by hand are not reported: the verdict of the exercise stays.
func (r *run) pause(ctx context.Context, s *session, er *ExerciseResult) {
	l := &Live{changed: make(chan struct{}, 1), run: r, s: s}
	l.look()
	r.mu.Lock()
	report, now := r.opts.Event, r.now
	r.opts.Event = func(e Event) {
		switch e.Kind {
		case EventOutput, EventResized, EventNote:
			if report != nil {
				report(e)
			}
		}
		l.change()
	}
	r.mu.Unlock()
	end := r.opts.Pause(ctx, l, er)
	l.busy.Lock()
	defer l.busy.Unlock()
	l.leave()
	s.exercise = er
	r.mu.Lock()
	r.opts.Event, r.now = report, now
	r.mu.Unlock()
	if end.ByHand {
		r.addNote("a person has used the shell of session " + s.plan.Name + " after " + er.ID + " failed")
	}
	r.stopped = r.stopped || end.Quit
}

// Again runs the steps of an exercise again, from the prompt. The result is that of the first step
// that does not pass, nil if all pass.
func (l *Live) Again(ctx context.Context, e *Exercise) (*StepResult, error) {
	if err := l.Recover(ctx); err != nil {
		return nil, err
	}
	for _, step := range e.Steps {
		if step.leftOut() || step.op.template {
			continue
		}
		if st, err := l.Run(ctx, step); err != nil || st.Verdict != Passed {
			return st, err
		}
	}
	return nil, nil //nolint:nilnil // all have passed
}
