package report

import (
	"time"

	"workshop/runner"
)

// state follows a run: the current exercise and step, and the results so far.
type state struct {
	started  time.Time
	total    int // exercises planned
	begun    int // exercises begun
	verdicts tally
	of       map[*runner.Exercise]runner.Verdict // so far
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
			s.total = e.Plan.Exercises()
		}
	case runner.SessionStarted:
		s.session, s.since = e.Session, e.Time
		if e.Attempt > 1 {
			s.total += len(e.Session.Exercises)
		}
	case runner.ExerciseStarted:
		s.begun++
		s.exercise, s.since = e.Exercise, e.Time
	case runner.StepStarted:
		s.step, s.since = e.Step, e.Time
	case runner.EventOpened:
		s.page = e.Note
	case runner.StepFinished:
		s.step = nil
	case runner.ExerciseFinished:
		s.exercise = nil
		s.count(e)
	case runner.ExerciseCorrected, runner.ExerciseRetried:
		s.count(e)
	case runner.SessionFinished:
		s.session = nil
	}
}

// count counts an exercise by its verdict so far.
func (s *state) count(e runner.Event) {
	if s.of == nil {
		s.of, s.verdicts = map[*runner.Exercise]runner.Verdict{}, tally{}
	}
	if before, known := s.of[e.Exercise]; known {
		s.verdicts[before]--
	}
	s.of[e.Exercise] = e.Verdict
	s.verdicts[e.Verdict]++
}
