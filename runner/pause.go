package runner

import (
	"context"
	"fmt"

	"workshop/runner/screen"
)

// Decision is a person's answer at an exercise that did not pass.
type Decision string

// The decisions.
const (
	DecideAgain Decision = "again" // run the exercise again, in the shell as it is
	DecideSkip  Decision = "skip"  // go on with the next exercise
	DecideQuit  Decision = "quit"  // run nothing else
)

// Held is a session that waits for a person, after an exercise that did not pass. A program of the
// exercise may still run in its shell.
type Held struct {
	Exercise *Exercise
	Verdict  Verdict

	s *session
}

// View is the present view of the terminal, with all visible panes.
func (h *Held) View() screen.View {
	if v, ok := h.s.view.View(); ok {
		return v
	}
	return h.s.active.shell.View()
}

// Write types a person's bytes, to any reader of the terminal.
func (h *Held) Write(b []byte) (int, error) {
	if err := h.s.active.shell.Type(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Resize gives the terminal a new size in cells.
func (h *Held) Resize(cols, rows int) error { return h.s.resize(cols, rows) }

// pause lets a person look at the session of an exercise that did not pass. The verdict stays: it
// is that of the exercise without a person's hand. What a person does is a remark.
func (r *run) pause(ctx context.Context, s *session, er *ExerciseResult) {
	decision := r.opts.Pause(ctx, &Held{Exercise: er.Exercise, Verdict: er.Verdict, s: s})
	p := s.active
	if _, hand := p.shell.Reads(ctx); hand.Typed {
		r.addNote(fmt.Sprintf("a person typed in the shell of session %s after %s: the verdicts behind it are about that shell", s.plan.Name, er.ID))
		if hand.Ran {
			p.shell.Unwatch()
			if p.command != nil {
				p.command.judged = true // its status is lost
			}
		}
	}
	p.recover(ctx)
	if s.lost == nil && ctx.Err() == nil {
		limit, cancel := context.WithTimeout(ctx, clearing)
		defer cancel()
		s.lost = s.active.shell.Clear(limit)
	}
	switch {
	case ctx.Err() != nil: // what comes is interrupted
	case decision == DecideQuit:
		r.stopped = true
	case decision == DecideAgain && s.lost == nil:
		silent := r.silent
		r.silent = true
		again := r.exercise(ctx, s, er.Exercise)
		r.silent = silent
		if !silent || again.Verdict == Passed {
			r.addNote(fmt.Sprintf("%s was run again by hand: %s", er.ID, again.Verdict))
		}
	}
}

// silenced reports whether an event is that of an exercise that runs again by hand. The bytes of
// the terminal are reported all the same: later screens depend on them.
func (r *run) silenced(k EventKind) bool {
	switch k {
	case ExerciseStarted, StepStarted, StepFinished, ExerciseFinished:
		return r.silent
	}
	return false
}
