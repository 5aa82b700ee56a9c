package audit

import (
	"fmt"
	"slices"

	"workshop/markdown"
	"workshop/runner"
)

// Verdict is the outcome of a mutant.
type Verdict string

// The verdicts of mutants. Of one that varies only the machine, the deck holds or does not.
const (
	Noticed   Verdict = "noticed"   // a step failed
	Survived  Verdict = "survived"  // every step passed
	Excused   Verdict = "excused"   // it survived, and the deck says why that is right
	Undecided Verdict = "undecided" // neither: the environment broke, a measurement was inconclusive, or a command hung
	Holds     Verdict = "holds"     // every step passed on another machine
	Differs   Verdict = "differs"   // a step failed on another machine
)

// Outcome is the verdict of a mutant, with the reason.
type Outcome struct {
	*Mutant
	Verdict Verdict
	At      markdown.Pos // Noticed: of the step that failed
	Step    *runner.StepResult
	Why     string // the failure's message, the excuse, or the reason why it is undecided
	Result  *runner.SessionResult
	Suggest string // Survived: a step that would notice
	Proved  string // the result of trying the suggestion; "": it was not tried
}

// Judge gives a mutant its verdict by the result of its session.
func Judge(m *Mutant, r *runner.SessionResult) *Outcome {
	o := &Outcome{Mutant: m, Result: r}
	o.judge()
	if m.Varies {
		switch o.Verdict {
		case Noticed:
			o.Verdict = Differs
		case Survived:
			o.Verdict = Holds
		}
	}
	if o.Verdict == Survived {
		if why := m.excuse(); why != "" {
			o.Verdict, o.Why = Excused, why
		}
	}
	return o
}

func (o *Outcome) undecided(format string, args ...any) {
	o.Verdict, o.Why = Undecided, fmt.Sprintf(format, args...)
}

func (o *Outcome) judge() {
	if o.Result.Failure != nil && o.Result.Verdict == runner.Broken {
		o.undecided("%s", o.Result.Failure.Message)
		return
	}
	o.Verdict = Survived
	for i, e := range o.Result.Exercises {
		if e.Verdict == runner.Failed {
			o.failed(i, e)
			return
		}
	}
	for i, e := range o.Result.Exercises {
		if e.Verdict == runner.Passed || e.Verdict == runner.Skipped && o.was(i) == runner.Skipped {
			continue
		}
		why := string(e.Verdict)
		if e.Failure != nil {
			why += ": " + e.Failure.Message
		}
		o.undecided("%s is %s", e.ID, why)
		return
	}
}

// was is the verdict of an exercise without the change.
func (o *Outcome) was(i int) runner.Verdict { return o.Subject.Result.Exercises[i].Verdict }

// failed is the outcome of a session in which an exercise failed.
func (o *Outcome) failed(i int, e *runner.ExerciseResult) {
	o.Verdict, o.At = Noticed, e.Pos
	if e.Failure != nil {
		o.At, o.Why = e.Failure.Pos, e.Failure.Message
	}
	at := slices.IndexFunc(e.Steps, func(st *runner.StepResult) bool { return st.Verdict == runner.Failed })
	if at >= 0 {
		o.Step = e.Steps[at]
		o.At = o.Step.Pos
	}
	changed := o.Subject.index(o.Exercise)
	before := i < changed || i == changed && at >= 0 && at < slices.Index(o.Exercise.Steps, o.Mutant.Step)
	switch {
	case before && len(o.Changes) > 0 && !e.Late:
		o.undecided("%v failed before the change came: %s", o.At, o.Why)
	case e.Failure != nil && e.Failure.Hung:
		o.undecided("a command hung, and no limit of the deck ended it: %s", o.Why)
	}
}

// excuse is the reason that the deck gives for a mutant that survives.
func (m *Mutant) excuse() string {
	for _, e := range m.Exercise.Chapter.Excuses {
		if e.Excuses(m.Step.Step) && m.meant(e.Reason) {
			_, reason := Scope(e.Reason)
			return reason
		}
	}
	return ""
}

// meant reports whether an excuse is about this mutant: one that begins with CODES and a colon is about
// those only.
func (m *Mutant) meant(reason string) bool {
	codes, why := Scope(reason)
	return why != "" && (codes == nil || slices.Contains(codes, m.Code))
}
