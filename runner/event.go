package runner

import (
	"time"

	"workshop/markdown"
)

// Verdict is the outcome of a step, an exercise or a run. Failed means that the
// exercise is wrong; Broken that the environment is.
type Verdict string

// The verdicts, from the best to the worst.
const (
	Passed      Verdict = "passed"
	Skipped     Verdict = "skipped"
	Failed      Verdict = "failed"
	Broken      Verdict = "broken"
	Interrupted Verdict = "interrupted"
)

// EventKind says what an [Event] reports.
type EventKind string

// The kinds of events. Starts and ends nest: run, session, exercise, step.
const (
	RunStarted       EventKind = "run-started"       // Plan
	Note             EventKind = "note"              // Note: how sessions are isolated, stand-ins …
	SessionStarted   EventKind = "session-started"   // Session
	ExerciseStarted  EventKind = "exercise-started"  // Exercise
	StepStarted      EventKind = "step-started"      // Step
	Output           EventKind = "output"            // Data: bytes of the terminal, hidden injections left out
	Resized          EventKind = "resized"           // Rows, Cols: the terminal has a new size
	Opened           EventKind = "opened"            // Note: the URL of a page that a presenter may want to show
	StepFinished     EventKind = "step-finished"     // Step, Verdict, Duration, Failure
	ExerciseFinished EventKind = "exercise-finished" // Exercise, Verdict, Duration, Failure
	SessionFinished  EventKind = "session-finished"  // Session, Verdict, Duration, Failure
	RunFinished      EventKind = "run-finished"      // Verdict, Duration
)

// Event is one thing that happened in a run. Events come from one goroutine at a
// time, in order. Session, Exercise and Step are set while they last.
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
	Rows     int    // SessionStarted, Resized: size of the terminal in cells
	Cols     int
	Note     string // a remark for the reader: isolation in force, a stand-in used
}

// Failure says why something did not pass.
type Failure struct {
	Pos     markdown.Pos // of the step to blame
	Message string       // lower case, one line
	Hint    string
	Command string   // the snippet that was running or had run last
	Want    string   // the text that was waited for
	Nearest string   // the line of the output nearest to Want
	Status  *int     // exit status, where there is one
	Screen  []string // the last screen as drawn, trailing blanks removed
	Tail    string   // the end of the output, escape sequences stripped
	Diff    string   // a unified diff between the expected output and what came
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
	Started  time.Time
	Duration time.Duration
	Sessions []*SessionResult
	Notes    []string
}

// SessionResult is the outcome of one session.
type SessionResult struct {
	*Session
	Verdict   Verdict
	Duration  time.Duration
	Failure   *Failure // the session itself could not be started or held
	Exercises []*ExerciseResult
}

// ExerciseResult is the outcome of one exercise: that of its first step that did
// not pass; the steps after it are Skipped.
type ExerciseResult struct {
	*Exercise
	Verdict  Verdict
	Started  time.Time
	Duration time.Duration
	Failure  *Failure
	Steps    []*StepResult
}

// StepResult is the outcome of one step.
type StepResult struct {
	*Step
	Verdict  Verdict
	Duration time.Duration
	Failure  *Failure
	ByHand   bool   // a person typed meanwhile
	Output   string // what the terminal got during it, escape sequences stripped, head and tail only
}

// rank orders the verdicts from the best to the worst.
var rank = map[Verdict]int{Passed: 0, Skipped: 1, Failed: 2, Broken: 3, Interrupted: 4}

// worse is the worse of two verdicts.
func worse(a, b Verdict) Verdict {
	if rank[b] > rank[a] {
		return b
	}
	return a
}
