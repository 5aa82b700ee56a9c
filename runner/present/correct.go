package present

import (
	"fmt"
	"slices"
	"time"

	"workshop/runner"
)

// takeCorrections notes the steps that a session has found to have failed late.
func (t *Talk) takeCorrections(live *runner.Live) {
	for _, e := range live.Corrected() {
		t.correct(e.Step, e.Failure)
	}
}

// correct notes that a step has failed after all: its command ended when its exercise was
// over. The last run of the step gets the failure, in the log as well.
func (t *Talk) correct(step *runner.Step, f *runner.Failure) {
	at := -1
	for i, o := range slices.Backward(t.s.Log) {
		if o.Result.Step == step {
			at = i
			break
		}
	}
	if at < 0 {
		t.remark(fmt.Errorf("an exercise that the chapter needs has failed late: %w", f))
		return
	}
	ran := t.s.Log[at]
	if ran.mark().Bad() {
		return
	}
	failed, result := *ran, *ran.Result
	result.Verdict, result.Failure = runner.Failed, f
	failed.Result = &result
	t.s.reviseLog(at, &failed)
	of := t.s.Deck.same(ran.Step)
	again := of != nil && !ran.same(t.s.Outcomes[of.Index]) // it is run once more
	if of != nil && !again {
		moved := failed
		moved.Step = of
		t.note(&moved)
	} else {
		t.s.Outcomes = slices.Clone(t.s.Outcomes) // other marks may have changed
	}
	switch late := (&Trouble{Step: of, Failure: f, Late: true}); {
	case ran.Unverified:
	case of == nil:
		t.remark(edited(ran.Step, f))
	case again, t.s.Trouble != nil:
		t.remark(late.err())
	default:
		t.s.Trouble = late
	}
}

// raise shows a trouble. One that is there came late: it becomes a remark.
func (t *Talk) raise(trouble *Trouble) {
	if late := t.s.Trouble; late != nil && late.Late {
		t.remark(late.err())
	}
	t.s.Trouble = trouble
}

// remark says that something failed late, until somebody gives another command.
func (t *Talk) remark(err error) {
	t.s.Message = Message{Text: err.Error(), Error: true, At: time.Now(), late: true}
}

// err is a late failure in one line.
func (t *Trouble) err() error {
	return fmt.Errorf("%s has failed late: %w", t.Step.Summary(), t.Failure)
}

// same reports whether two outcomes are of the same run of a step.
func (o *Outcome) same(other *Outcome) bool { return other != nil && o.Started.Equal(other.Started) }

// reviseLog replaces an entry of the log.
func (s *State) reviseLog(at int, o *Outcome) {
	s.Log = slices.Clone(s.Log)
	s.Log[at] = o
	s.Revision++
}
