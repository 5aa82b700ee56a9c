package report

import (
	"fmt"
	"strings"
	"time"

	"workshop/runner"
)

// state follows a run: the current exercise and step, and the results so far.
type state struct {
	started  time.Time
	total    int // exercises planned
	begun    int // exercises begun
	verdicts tally
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
		s.verdicts.add(e.Verdict)
	case runner.ExerciseCorrected:
		s.verdicts.passed-- // only a passed exercise can be corrected
		s.verdicts.add(e.Verdict)
	case runner.SessionFinished:
		s.session = nil
	}
}

// tally counts verdicts.
type tally struct{ passed, failed, blocked, broken, skipped, interrupted int }

func (t *tally) add(v runner.Verdict) {
	switch v {
	case runner.Passed:
		t.passed++
	case runner.Failed:
		t.failed++
	case runner.Blocked:
		t.blocked++
	case runner.Broken:
		t.broken++
	case runner.Skipped:
		t.skipped++
	case runner.Interrupted:
		t.interrupted++
	}
}

func (t tally) total() int {
	return t.passed + t.failed + t.blocked + t.broken + t.skipped + t.interrupted
}

// String names the numbers that are not zero.
func (t tally) String() string {
	var parts []string
	for _, c := range []struct {
		n    int
		noun runner.Verdict
	}{
		{t.passed, runner.Passed},
		{t.failed, runner.Failed},
		{t.blocked, runner.Blocked},
		{t.broken, runner.Broken},
		{t.interrupted, runner.Interrupted},
		{t.skipped, runner.Skipped},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.noun))
		}
	}
	return strings.Join(parts, ", ")
}
