package report

import (
	"cmp"
	"time"

	"workshop/runner"
)

// state follows a run: the current exercise and step, and the results so far.
type state struct {
	started  time.Time
	total    int // exercises planned, without those that run as set-up
	begun    int // exercises begun, without those
	verdicts tally
	others   map[*runner.Exercise]runner.Verdict // of those that have not passed
	again    bool                                // the session has run before
	session  *runner.Session
	exercise *runner.Exercise
	step     *runner.Step
	since    time.Time // the start of the current exercise or step
	page     string    // the page opened last
}

func (s *state) observe(e runner.Event) {
	switch e.Kind {
	case runner.RunStarted:
		s.started = e.Time
		if e.Plan != nil {
			s.total = e.Plan.Own()
		}
	case runner.SessionStarted:
		s.session, s.since = e.Session, e.Time
		if s.again = e.Attempt > 1; s.again {
			s.total += own(e.Session)
		}
	case runner.ExerciseStarted:
		if !e.Exercise.Setup {
			s.begun++
		}
		s.exercise, s.since = e.Exercise, e.Time
	case runner.StepStarted:
		s.step, s.since = e.Step, e.Time
	case runner.EventOpened:
		s.page = e.Note
	case runner.StepFinished:
		s.step = nil
	case runner.ExerciseFinished:
		s.exercise = nil
		s.count(e, s.again)
	case runner.ExerciseCorrected, runner.ExerciseRetried:
		s.count(e, true)
	case runner.SessionFinished:
		s.session = nil
	}
}

// own counts the exercises of a session that do not run merely as set-up.
func own(s *runner.Session) (n int) {
	for _, e := range s.Exercises {
		if !e.Setup {
			n++
		}
	}
	return n
}

// count counts an exercise by its verdict so far. It may have been counted by another one before.
func (s *state) count(e runner.Event, known bool) {
	if e.Exercise.Setup {
		return
	}
	if s.others == nil {
		s.others, s.verdicts = map[*runner.Exercise]runner.Verdict{}, tally{}
	}
	if known {
		s.verdicts[cmp.Or(s.others[e.Exercise], runner.Passed)]--
		delete(s.others, e.Exercise)
	}
	if e.Verdict != runner.Passed {
		s.others[e.Exercise] = e.Verdict
	}
	s.verdicts[e.Verdict]++
}
