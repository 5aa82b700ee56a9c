package runner

import (
	"slices"
	"time"

	"workshop/markdown"
	"workshop/runner/figure"
)

// Verdict is the outcome of a step, an exercise or a run. Failed means that the
// exercise is wrong; Broken that the environment is.
type Verdict string

// The verdicts, from the best to the worst.
const (
	Passed       Verdict = "passed"
	Skipped      Verdict = "skipped"
	Quarantined  Verdict = "quarantined"  // it did not pass, and is in quarantine
	Inconclusive Verdict = "inconclusive" // the machine was too busy for its measurement
	Flaky        Verdict = "flaky"        // it passed in one attempt and failed in another
	Blocked      Verdict = "blocked"      // it failed for want of a thing that an earlier exercise did not leave behind
	Failed       Verdict = "failed"
	Broken       Verdict = "broken"
	Interrupted  Verdict = "interrupted"
)

// Invalid is the verdict of a run that did not begin: its deck or its selection has mistakes.
const Invalid Verdict = "invalid"

// EventKind is the subject of an [Event].
type EventKind string

// The kinds of events. Starts and ends nest: run, session, exercise, step.
const (
	RunStarted       EventKind = "run-started"       // Plan, Repeat, Jobs
	EventNote        EventKind = "note"              // Note: the isolation of sessions, stand-ins …
	EventProblem     EventKind = "problem"           // Failure: a reason why the run did not begin
	SessionStarted   EventKind = "session-started"   // Session, Attempt
	ExerciseStarted  EventKind = "exercise-started"  // Exercise
	StepStarted      EventKind = "step-started"      // Step
	EventOutput      EventKind = "output"            // Data: bytes of the terminal, hidden injections left out
	EventResized     EventKind = "resized"           // Rows, Cols: the terminal has a new size
	EventOpened      EventKind = "opened"            // Note: the URL of a page that a presenter may want to show
	StepFinished     EventKind = "step-finished"     // Step, Verdict, Duration, Failure, Output
	ExerciseFinished EventKind = "exercise-finished" // Exercise, Verdict, Duration, Failure
	// ExerciseCorrected: Exercise, Step, Verdict, Failure: a command of an exercise that was over has failed.
	ExerciseCorrected EventKind = "exercise-corrected"
	// ExerciseRetried: Exercise, Verdict, Failure: the verdict of all attempts, if it is not that of the last one.
	ExerciseRetried EventKind = "exercise-retried"
	SessionFinished EventKind = "session-finished" // Session, Verdict, Duration, Failure
	RunFinished     EventKind = "run-finished"     // Verdict, Duration, Accepted, Empty
)

// Event is an event of a run. Events come from one goroutine at a time, in order. Session,
// Exercise and Step are set while they last.
type Event struct {
	Kind     EventKind
	Time     time.Time
	Plan     *Plan
	Session  *Session
	Exercise *Exercise
	Step     *Step
	Verdict  Verdict
	Duration time.Duration
	Failure  *Failure
	Data     []byte // valid during the call only
	Rows     int    // SessionStarted, EventResized: size of the terminal in cells
	Cols     int
	Note     string  // a remark for the reader: the isolation in force, a stand-in in use
	Output   string  // StepFinished: see [StepResult]
	Measured string  // StepFinished: see [StepResult]
	Narrow   bool    // StepFinished: see [StepResult]
	Attempt  int     // SessionStarted: its number, from 1
	Repeat   int     // RunStarted: see [Options]
	Jobs     int     // RunStarted: sessions that run side by side, 0 if they do not
	Accepted bool    // RunFinished: see [Result]
	Empty    bool    // RunFinished: see [Result]
	Result   *Result // RunFinished
}

// Failure is the reason for a verdict other than passed.
type Failure struct {
	Pos     markdown.Pos // of the step to blame
	Message string       // lower case, one line
	Hint    string
	Command string   // the running snippet, or the last one
	Want    string   // the awaited text
	Nearest string   // the line of the output nearest to Want
	Status  *int     // exit status, where there is one
	Screen  []string // the last screen as drawn, trailing blanks removed
	Tail    string   // the end of the output, escape sequences stripped
	Diff    string   // a unified diff between the expected and the real output
	Blocker string   // the id of the exercise that blocks this one

	// Hung says that the run's limit ended a command, and none that the deck gives.
	Hung bool

	line   string // of the snippet, that failed before its last one
	figure string // the claim lacks it
}

// Error is the failure on one line, with its position.
func (f *Failure) Error() string {
	e := markdown.Error{Pos: f.Pos, Message: f.Message, Hint: f.Hint}
	return e.Error()
}

// Result is a whole run.
type Result struct {
	Plan     *Plan
	Verdict  Verdict // the worst of its exercises'
	Accepted bool    // the verdict, which is not passed, does not fail the run
	Empty    bool    // the run did not begin, as nothing is selected or left
	Repeat   int     // see [Options]
	Started  time.Time
	Duration time.Duration
	Sessions []*SessionResult
	Notes    []string
	Problems []*Failure // the reasons why the run did not begin
}

// SessionResult is the outcome of one session.
type SessionResult struct {
	*Session
	Verdict   Verdict
	Duration  time.Duration
	Failure   *Failure // of the session itself: it could not be started or kept
	Exercises []*ExerciseResult
}

// ExerciseResult is the outcome of one exercise: that of its first step that did
// not pass; the steps after it are Skipped. If its session ran several times, the steps and the
// times are those of the last attempt.
type ExerciseResult struct {
	*Exercise
	Verdict  Verdict // of all attempts
	Started  time.Time
	Duration time.Duration
	Failure  *Failure
	Late     bool // the failure came after the end of the exercise
	Steps    []*StepResult
	Attempt  int               // of these steps, from 1
	Own      Verdict           // of the last attempt; "": Verdict
	Earlier  []*ExerciseResult // the attempts before it, in order; if the run was repeated, some that did not pass
	Counts   map[Verdict]int   // of all attempts; nil: there was one

	inherited bool // the failure is that of an earlier attempt
}

// StepResult is the outcome of one step.
type StepResult struct {
	*Step
	Verdict  Verdict
	Duration time.Duration
	Failure  *Failure
	ByHand   bool   // a person typed during the step
	Output   string // the terminal's output during it, escape sequences stripped; of a long one the first and last lines
	Printed  string // of a snippet, up to the next one: see [Options.KeepOutput]
	Measured string // of a claim, its left side; of a figure, its name and value
	Narrow   bool   // the claim holds, but is within a tenth of its bound

	Reading *figure.Reading // of a figure
}

// Wanting reports whether an exercise with this verdict is to be run again: it did not pass, and
// was not skipped by its terms.
func (v Verdict) Wanting() bool { return v != Passed && v != Skipped }

// Outcome is what a run knows of an exercise of the session: its verdict; or that of the session,
// if it failed in its set-up or its clean-up although its own exercises passed; or interrupted, if
// the run ended before the exercise.
func (s *SessionResult) Outcome(e *ExerciseResult) Verdict {
	if e.Verdict == Skipped && e.Failure == nil {
		return Interrupted
	}
	blamed := func(o *ExerciseResult) bool { return !o.Setup && o.Verdict.Wanting() }
	if e.Verdict == Passed && s.Verdict.Wanting() && !slices.ContainsFunc(s.Exercises, blamed) {
		return s.Verdict
	}
	return e.Verdict
}

// rank orders the verdicts from the best to the worst.
var rank = map[Verdict]int{
	Passed: 0, Skipped: 1, Quarantined: 2, Inconclusive: 3, Flaky: 4, Blocked: 5, Failed: 6, Broken: 7, Interrupted: 8,
}

// worse is the worse of two verdicts.
func worse(a, b Verdict) Verdict {
	if rank[b] > rank[a] {
		return b
	}
	return a
}
