package present

import (
	"slices"
	"time"

	"workshop/runner"
	"workshop/runner/ledger"
)

// Mark is the answer to the question how a step came out. Every face shows this answer and no other.
//
// A visible step answers for the hidden steps behind it, up to the next visible step of its
// exercise: its mark is the worst of all of them, and it is running until the last of them
// is through. A snippet that was only typed, because a wait follows, has therefore not passed yet.
// If the wait itself is visible, the snippet answers for it as well.
type Mark struct {
	State    MarkState
	Skipped  bool          // it did not pass, and somebody has skipped it since
	Duration time.Duration // of all its steps that have ended
	ByHand   bool          // a person typed meanwhile
}

// MarkState is a step's state in one word. Pages get it as it is.
type MarkState string

// The states of a step.
const (
	MarkNone        MarkState = ""            // it was not run
	MarkRunning     MarkState = "running"     // the step has begun, and it or a step that it answers for is not through
	MarkPassed      MarkState = "passed"      // the step was run and judged, and so were all steps that it answers for
	MarkUnchecked   MarkState = "unchecked"   // the step was run, but it or a step that it answers for was not judged
	MarkSkipped     MarkState = "skipped"     // somebody has skipped the step, and it was not run
	MarkInterrupted MarkState = "interrupted" // somebody has stopped it
	MarkFailed      MarkState = "failed"      // the exercise is wrong
	// MarkInconclusive: the machine was too busy for the measurement of the step.
	MarkInconclusive MarkState = "inconclusive"
	MarkBroken       MarkState = "broken" // the environment is
)

// worst orders the states of a visible step and of those that it answers for.
var worst = []MarkState{
	MarkPassed, MarkUnchecked, MarkInconclusive, MarkSkipped, MarkNone, MarkRunning, MarkInterrupted, MarkFailed, MarkBroken,
}

// Bad reports whether the step was run and did not pass, or cannot be run.
func (m Mark) Bad() bool {
	return m.State == MarkInterrupted || m.State == MarkFailed || m.State == MarkBroken
}

// Sign is the state as one character.
func (m MarkState) Sign() string {
	switch m {
	case MarkNone:
		return "·"
	case MarkRunning:
		return "●"
	case MarkPassed:
		return "✓"
	case MarkUnchecked:
		return "?"
	case MarkInconclusive:
		return "≈"
	case MarkSkipped:
		return "–"
	case MarkInterrupted:
		return "■"
	}
	return "✗"
}

// String is the mark in words.
func (m Mark) String() string {
	text := string(m.State)
	switch m.State {
	case MarkNone:
		text = "not run"
	case MarkUnchecked:
		text = "run, not checked"
	case MarkInconclusive:
		text = "undecided"
	case MarkInterrupted:
		text = "stopped"
	}
	if m.Skipped {
		text += ", skipped"
	}
	return text
}

// Mark is the mark of a step of the deck.
func (s *State) Mark(step *Step) Mark {
	if o, lead := s.Outcomes[step.Index], s.lead(step); lead != nil && o.before(s.Outcomes[lead.Index]) {
		return Mark{}
	}
	if step.Mistake() != nil {
		return unreadable(s.Outcomes[step.Index])
	}
	followers := step.followers()
	outcomes := s.Outcomes[step.Index+1 : step.Index+1+len(followers)]
	return markOf(s.Outcomes[step.Index], followers, outcomes, s.current(step))
}

// Check is the result of the last check for a step and the steps that it answers for.
func (s *State) Check(step *Step) ledger.Last {
	last := s.Checks[step.Index]
	for i, follower := range step.followers() {
		if judged(follower) {
			last = last.Worse(s.Checks[step.Index+1+i])
		}
	}
	return last
}

// Entry is a visible command that was run, with all that was run behind it up to the next command.
type Entry struct {
	*Outcome
	Behind []*Outcome // without steps that were skipped
	Mark   Mark
}

// Entries are up to n entries of the log, in order, from a time on, and whether there are more.
func (s *State) Entries(from time.Time, n int) (entries []Entry, more bool) {
	return s.entries(s.Log, from, n)
}

// LastEntry is the last entry of the log; nil if there is none.
func (s *State) LastEntry() *Entry {
	for i, o := range slices.Backward(s.Log) {
		if o.Step.Snippet() && !o.Step.Hidden {
			if entries, _ := s.entries(s.Log[i:], time.Time{}, 1); len(entries) > 0 {
				return &entries[0]
			}
		}
	}
	return nil
}

func (s *State) entries(log []*Outcome, from time.Time, n int) (entries []Entry, more bool) {
	var now *Entry // nil: the next outcomes belong to a command that is not listed
	for _, o := range log {
		if o.Result == nil || o.Result.Verdict == runner.Skipped && !o.Unverified {
			continue
		}
		step := o.Step
		if command := step.Snippet() && (now == nil || !now.Step.answersFor(step.place())); command {
			now = nil
			switch {
			case step.Hidden: // another command may have run since the one that answers for it
				for i := range slices.Backward(entries) {
					if r := &entries[i]; r.Step.answersFor(step.place()) {
						r.Behind, now = append(r.Behind, o), r
						break
					}
				}
			case o.Started.Before(from):
			case len(entries) == n:
				return s.marked(entries, false), true
			default:
				entries = append(entries, Entry{Outcome: o})
				now = &entries[len(entries)-1]
			}
		} else if now != nil {
			now.Behind = append(now.Behind, o)
		}
	}
	return s.marked(entries, true), false
}

// marked gives entries their marks. Whole says that the last of them is the last of the log.
func (s *State) marked(entries []Entry, whole bool) []Entry {
	for i := range entries {
		r := &entries[i]
		followers := r.Step.followers()
		outcomes := make([]*Outcome, len(followers))
		for _, o := range r.Behind {
			if r.Step.answersFor(o.Step.place()) {
				outcomes[o.Step.Number-r.Step.Number-1] = o
			}
		}
		r.Mark = markOf(r.Outcome, followers, outcomes, whole && i == len(entries)-1 && s.current(r.Step))
	}
	return entries
}

// markOf is the mark of a step by its own outcome and those of the steps that it answers
// for. Current says that no other step was run since: a missing outcome may still come.
func markOf(own *Outcome, followers []*runner.Step, outcomes []*Outcome, current bool) Mark {
	m := own.mark()
	missing, left := false, m.Bad() && !m.Skipped
	for i, o := range outcomes {
		if o.before(own) {
			o = nil
		}
		f := o.mark()
		if followers[i].Mistake() != nil && own != nil && own.Result != nil {
			f = unreadable(o)
		}
		switch {
		case !judged(followers[i]) && !f.Bad():
			continue
		case f.State == MarkNone:
			missing = true
			continue
		case f.State == MarkSkipped:
			f.State = MarkUnchecked
		}
		left = left || f.Bad() && !f.Skipped
		if slices.Index(worst, f.State) > slices.Index(worst, m.State) {
			m.State = f.State
		}
		m.Duration, m.ByHand = m.Duration+f.Duration, m.ByHand || f.ByHand
	}
	if missing && own.mark().State == MarkPassed && (m.State == MarkPassed || m.State == MarkUnchecked) {
		m.State = MarkUnchecked
		if current {
			m.State = MarkRunning
		}
	}
	m.Skipped = m.Bad() && !left
	return m
}

// unreadable is the mark of a step that has a mistake, and so cannot be run.
func unreadable(o *Outcome) Mark { return Mark{State: MarkBroken, Skipped: o != nil} }

// before reports whether an outcome is about an earlier run of a command than another outcome.
func (o *Outcome) before(command *Outcome) bool {
	return o != nil && command != nil && o.Started.Before(command.Started)
}

// mark is the mark of a step by its own outcome alone.
func (o *Outcome) mark() Mark {
	switch {
	case o == nil:
		return Mark{}
	case o.Result == nil:
		return Mark{State: MarkRunning}
	}
	m := Mark{State: MarkState(o.Result.Verdict), Skipped: o.Skipped, Duration: o.Result.Duration, ByHand: o.Result.ByHand}
	if o.Unverified {
		m.State = MarkUnchecked
	}
	return m
}

// judged reports whether a step has an outcome of its own.
func judged(s *runner.Step) bool {
	return s.Kind() != runner.KindAlters && s.Kind() != runner.KindIgnored && s.Kind() != runner.KindBroken
}

// followers are the steps that a step answers for: the next ones of its exercise.
func (s *Step) followers() []*runner.Step {
	steps := s.Exercise.Steps[s.Number+1:]
	if s.Hidden {
		return nil
	}
	typed := s.Snippet() && !s.Condition().Ends // its next step judges it
	for i, f := range steps {
		if !f.Hidden && (f.Snippet() || i > 0 || !typed) {
			return steps[:i]
		}
	}
	return steps
}

// lead is the step that answers for a hidden step; nil if none does.
func (s *State) lead(step *Step) *Step {
	for i := step.Index - 1; step.Hidden && i >= 0; i-- {
		if lead := s.Deck.Steps[i]; !lead.Hidden {
			if lead.answersFor(step.place()) {
				return lead
			}
			return nil
		}
	}
	return nil
}

func (s *Step) place() place { return place{s.Exercise.ID, s.Number} }

// answersFor reports whether a step is one that this one answers for.
func (s *Step) answersFor(p place) bool {
	return p.exercise == s.Exercise.ID && p.number > s.Number && p.number <= s.Number+len(s.followers())
}

// current reports whether a step, or one that it answers for, is the last that was run in the shell.
func (s *State) current(step *Step) bool {
	last := s.latest
	if s.Running != nil {
		last = s.Running.Step.place()
	}
	return last == step.place() || step.answersFor(last)
}
