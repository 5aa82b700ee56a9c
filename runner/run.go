package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"workshop/markdown"
	"workshop/runner/sandbox"
	"workshop/runner/terminal"
)

// Default limits.
const (
	DefaultWait = 60 * time.Second
	DefaultStep = 2 * time.Minute
)

// Limits bound the waiting times of a run. A zero means its default.
type Limits struct {
	Wait time.Duration // a wait; a longwait has ten times it
	Step time.Duration // a snippet until the prompt is back
	Run  time.Duration // everything; 0: no limit
}

func (l Limits) orDefault() Limits {
	if l.Wait <= 0 {
		l.Wait = DefaultWait
	}
	if l.Step <= 0 {
		l.Step = DefaultStep
	}
	return l
}

// Workdir is the first directory of a session.
type Workdir struct {
	Name   string // of the copy, which names the Compose project
	FS     fs.FS  // the files to copy; nil: none
	Origin string // the directory of this machine that FS shows; "" if there is none
	Place  string // an existing directory, used itself instead of a copy
}

// Stack is the environment of a session's shell, such as a container engine.
type Stack interface {
	Env() []string   // variables of the shell, which override the run's own
	Notes() []string // remarks for the reader so far, such as a stand-in in use; read after each step
	Close() error
}

// Host is the place of a stack: one session's sandbox and folders. The session's processes may see
// the folders elsewhere (see [sandbox.Sandbox.Inside]).
type Host struct {
	Dir     string // the session's folder, removed afterwards; short enough for sockets if /tmp can be used
	Bin     string // an empty folder in it, the first on the shell's PATH
	Work    string // the shell's first directory
	Deck    *markdown.Deck
	Session *Session
	Sandbox *sandbox.Sandbox
}

// Options of a run. The zero value runs everything in an empty directory, without a
// stack.
type Options struct {
	Limits     Limits
	StopAtFail bool // skip everything after the first exercise that does not pass
	// Retries is the number of further attempts of a session in which an exercise fails: all its
	// exercises run again, in a new session. Repeat, above 1, is instead the number of attempts of
	// each session, whatever comes of them.
	Retries, Repeat int
	AllowFlaky      bool // exercises that fail, and pass in the last attempt, do not fail the run
	Strict          bool // a measurement that could not decide fails the run
	// Quarantined is a remark on an exercise that may fail without failing the run, "" for others. It
	// may be nil.
	Quarantined func(*Exercise) string
	KeepBroken  bool // exercises with mistakes do not count in the verdict of the run
	Cols, Rows  int  // of the terminal; 0: 80×24
	Shell       string
	Env         []string // of the shells: all variables but PATH, HOME, TMPDIR and PWD
	Override    []string // variables that replace those of Env and of the deck
	RequireAll  bool     // an exercise whose requirements are not met is broken, not skipped
	Path        string   // PATH of the shells, after Host.Bin
	Sandbox     sandbox.Options
	Workdir     func(*Session) (Workdir, error)
	Folder      func(s *Session, dir string) (Workdir, error) // a folder of the deck's file system
	Stack       func(context.Context, Host) (Stack, error)
	Event       func(Event)  // gets every event, in order; must not block for long
	Input       func([]byte) // gets every byte typed into a shell, in order; valid during the call only
	Notes       []string     // remarks for the reader
	// Jobs is the number of sessions that run side by side. Below 2, and with Resized or Pause,
	// they run one after the other. The events and the result come in the order of the plan.
	Jobs int
	// Needs are the things of this machine that a session needs for itself, such as "port 8000":
	// two sessions with a common need do not run side by side. It may be nil.
	Needs func(*Session) []string
	// Waiting are sessions that were started ahead; the run takes those that fit. It may be nil.
	Waiting *Waiting
	// KeepOutput gives the results of snippets their whole output.
	KeepOutput bool
	Past       int // number of kept lines above the top of the terminal
	// Observe, if set, gets the output of the snippet before an output step, as lines in the
	// form for comparison; the step passes without a comparison. Sessions that run side by side
	// call it, and Input, at the same time.
	Observe func(step *Step, output []string)
	// Pause, if set, is called behind the end of an exercise that failed. The session stays as it
	// is until Pause returns. The sessions run one after the other. The shell is a person's only
	// during the call.
	Pause func(context.Context, *Live, *ExerciseResult) Paused
	// Resized delivers new sizes of the terminal while the run goes on. It may be nil.
	Resized <-chan [2]int
}

func (o Options) orDefault() Options {
	o.Limits = o.Limits.orDefault()
	if o.Cols <= 0 || o.Rows <= 0 {
		o.Cols, o.Rows = terminal.DefaultCols, terminal.DefaultRows
	}
	return o
}

// errRunLimit is the cause of a context's end at the limit of the run.
var errRunLimit = errors.New("the time for the run is over")

// Run runs a plan. The result is always complete; an error is a mistake of the caller, such
// as a plan without exercises.
func Run(ctx context.Context, plan *Plan, opts Options) (*Result, error) {
	if plan.Exercises() == 0 {
		return nil, ErrNothingSelected
	}
	opts = opts.orDefault()
	if opts.Limits.Run > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, opts.Limits.Run, errRunLimit)
		defer cancel()
	}
	result := &Result{Plan: plan, Verdict: Passed, Started: time.Now(), Notes: opts.Notes, Repeat: opts.Repeat}
	r := &run{opts: opts, plan: plan, result: result}
	r.emit(Event{Kind: RunStarted, Time: r.result.Started, Plan: plan, Repeat: opts.Repeat, Jobs: r.jobs(plan.Sessions)})
	for _, note := range opts.Notes {
		r.note(note)
	}
	r.attempts(ctx)
	r.judge()
	r.result.Duration = time.Since(r.result.Started)
	r.emit(Event{
		Kind: RunFinished, Plan: plan, Verdict: r.result.Verdict, Duration: r.result.Duration, Accepted: r.result.Accepted,
		Result: r.result,
	})
	return r.result, nil
}

// judge gives the run its verdict, and says what came of the exercises in quarantine.
func (r *run) judge() {
	r.opts.Judge(r.result)
	var remarks []string
	for _, sr := range r.result.Sessions {
		for _, er := range sr.Exercises {
			if remark := r.quarantine(er.Exercise); remark != "" && !er.Setup {
				remarks = append(remarks, remark+": "+string(er.Verdict))
			}
		}
	}
	slices.Sort(remarks) // merged reports have no other order
	for _, remark := range remarks {
		r.addNote(remark)
	}
}

// undecided begins a line of output by which a measurement reports that this machine is too busy for
// a verdict.
const undecided = "inconclusive: "

// run is a run in progress.
type run struct {
	opts    Options
	plan    *Plan
	result  *Result
	stopped bool // after a failure, with StopAtFail
	attempt int
	earlier map[*Session]*SessionResult // of the attempt before this one; nil: this is the first
	live    bool                        // a presenter runs the steps
	sampled atomic.Pointer[Sampled]     // nil while no figure is sampled

	mu  sync.Mutex // events come from the runner and from the terminal's reader
	now Event      // the session, exercise and step under way
}

// emit reports an event, with the session, exercise and step in force.
func (r *run) emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case SessionStarted:
		r.now.Session = e.Session
	case ExerciseStarted:
		r.now.Exercise = e.Exercise
	case StepStarted:
		r.now.Step = e.Step
	}
	if e.Kind != ExerciseCorrected && e.Kind != ExerciseRetried { // its exercise is over
		e.Exercise, e.Step = r.now.Exercise, r.now.Step
	}
	e.Session = r.now.Session
	switch e.Kind {
	case SessionFinished:
		r.now.Session = nil
	case ExerciseFinished:
		r.now.Exercise = nil
	case StepFinished:
		r.now.Step = nil
	}
	if r.opts.Event != nil {
		if e.Time.IsZero() {
			e.Time = time.Now()
		}
		r.opts.Event(e)
	}
}

// note reports a remark.
func (r *run) note(text string) {
	r.emit(Event{Kind: EventNote, Note: text})
}

// addNote reports a remark, once in a run.
func (r *run) addNote(text string) {
	for _, n := range r.result.Notes {
		if n == text {
			return
		}
	}
	r.result.Notes = append(r.result.Notes, text)
	r.note(text)
}

// stackNotes reports the new remarks of a session's stack.
func (r *run) stackNotes(s *session) {
	if s.stack == nil {
		return
	}
	for _, n := range s.stack.Notes() {
		r.addNote(n)
	}
}

// session runs one session.
func (r *run) session(ctx context.Context, plan *Session) *SessionResult {
	begun := time.Now()
	sr := &SessionResult{Session: plan, Verdict: Passed}
	r.emit(Event{Kind: SessionStarted, Session: plan, Cols: r.opts.Cols, Rows: r.opts.Rows, Attempt: r.attempt})
	s := r.start(ctx, sr)
	stopResizing := r.resizing(ctx, s)
	w := newWants()
	if s != nil {
		s.wants = w
	}
	for _, e := range plan.Exercises {
		var er *ExerciseResult
		switch {
		case len(e.Mistakes) > 0:
			er = r.unreadable(e)
		case e.skipped() != nil:
			er = r.notRun(e, Skipped, e.skipped())
		case s == nil || r.stopped || s.lost != nil || ctx.Err() != nil:
			er = r.skip(ctx, e, sr, s)
		default:
			er = r.onTerms(ctx, s, e)
		}
		er.Attempt = r.attempt
		w.add(er)
		sr.Exercises = append(sr.Exercises, er)
		r.stopped = r.stopped || r.opts.StopAtFail && len(e.Mistakes) == 0 && !r.accepts(r.counted(er, plan))
	}
	if s != nil && s.lost == nil && ctx.Err() == nil {
		s.finish(ctx)
	}
	if c := s.awaited(); c != nil && s.lost == nil && ctx.Err() != nil && sr.Failure == nil && !sr.cutShort() {
		v, f := r.cut(ctx, c.step.Pos)
		f.Message += fmt.Sprintf(": %s still ran, and its status was not judged", quote(firstLine(c.step.Text)))
		sr.Verdict, sr.Failure = worse(sr.Verdict, v), f
	}
	stopResizing()
	if s != nil {
		if err := s.end(ctx); err != nil && sr.Failure == nil {
			sr.Verdict = worse(sr.Verdict, Broken)
			sr.Failure = &Failure{Pos: plan.Exercises[0].Pos, Message: "the session cannot be cleaned up: " + onOneLine(err)}
		}
	}
	r.settle(sr)
	for _, er := range sr.Exercises {
		sr.Verdict = r.worse(sr.Verdict, r.counted(er, plan))
	}
	sr.Duration = time.Since(begun)
	r.emit(Event{Kind: SessionFinished, Verdict: sr.Verdict, Duration: sr.Duration, Failure: sr.Failure})
	return sr
}

// cutShort reports whether the run ended before an exercise of the session did.
func (sr *SessionResult) cutShort() bool {
	return slices.ContainsFunc(sr.Exercises, func(er *ExerciseResult) bool {
		return er.Verdict == Interrupted || er.Verdict == Skipped && er.Failure == nil
	})
}

// Verified reports whether an exercise has passed.
func (r *Result) Verified() bool { return r.has(Passed) }

func (r *Result) has(v Verdict) bool {
	return slices.ContainsFunc(r.Sessions, func(s *SessionResult) bool {
		return slices.ContainsFunc(s.Exercises, func(e *ExerciseResult) bool { return e.Verdict == v })
	})
}

// onOneLine is the text of joined errors.
func onOneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// start opens the session of a result. It returns nil if the run is over, or if the session cannot
// be started: then the result holds the failure.
func (r *run) start(ctx context.Context, sr *SessionResult) *session {
	if r.stopped || ctx.Err() != nil || !sr.Session.runs() {
		return nil
	}
	s, err := r.open(ctx, sr.Session)
	if err == nil {
		return s
	}
	first := sr.Session.Exercises[0].Pos
	sr.Verdict, sr.Failure = Broken, &Failure{Pos: first, Message: "the session cannot be started: " + onOneLine(err)}
	if ctx.Err() != nil {
		sr.Verdict, sr.Failure = r.cut(ctx, first)
	}
	return nil
}

// agreed reports whether the exercise was skipped by its terms, or because all of its steps are
// ignored, in a session with other exercises.
func (er *ExerciseResult) agreed(s *Session) bool {
	return er.Verdict == Skipped && (er.Failure != nil || er.last() == nil && len(s.Exercises) > 1)
}

// resizing passes new sizes on to a session's terminal until stop is called.
func (r *run) resizing(ctx context.Context, s *session) (stop func()) {
	if s == nil || s.active.shell == nil || r.opts.Resized == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case size := <-r.opts.Resized:
				r.opts.Cols, r.opts.Rows = size[0], size[1] // for the sessions to come
				_ = s.resize(size[0], size[1])              // the next step will report a failure
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// cut is the outcome of a step, exercise or session that the end of the run's context cut short.
func (r *run) cut(ctx context.Context, pos markdown.Pos) (Verdict, *Failure) {
	if errors.Is(context.Cause(ctx), errRunLimit) {
		message := fmt.Sprintf("the run's limit of %v is over", r.opts.Limits.Run)
		return Failed, &Failure{Pos: pos, Message: message, Hint: "raise it with --timeout"}
	}
	return Interrupted, &Failure{Pos: pos, Message: "interrupted"}
}

// skip is the result of an exercise that does not run. After the loss of the session it holds
// the reason.
func (r *run) skip(ctx context.Context, e *Exercise, sr *SessionResult, s *session) *ExerciseResult {
	verdict, why := Skipped, (*Failure)(nil)
	switch {
	case s == nil && sr.Failure != nil:
		verdict, why = sr.Verdict, sr.Failure
	case s != nil && s.lost != nil:
		verdict, why = Broken, &Failure{Pos: e.Pos, Message: s.lost.Error()}
	case ctx.Err() != nil && !r.stopped:
		if v, f := r.cut(ctx, e.Pos); v == Failed {
			verdict, why = v, f
		} else {
			sr.Verdict = worse(sr.Verdict, v)
		}
	}
	return r.notRun(e, verdict, why)
}

// notRun reports an exercise of which nothing is typed.
func (r *run) notRun(e *Exercise, v Verdict, why *Failure) *ExerciseResult {
	v = r.held(e, v)
	er := &ExerciseResult{Exercise: e, Verdict: v, Failure: why, Started: time.Now()}
	for _, step := range e.Steps {
		er.Steps = append(er.Steps, &StepResult{Step: step, Verdict: Skipped})
	}
	r.emit(Event{Kind: ExerciseStarted, Time: er.Started, Exercise: e})
	r.emit(Event{Kind: ExerciseFinished, Verdict: v, Failure: why})
	return er
}

// onTerms runs an exercise if its terms hold.
func (r *run) onTerms(ctx context.Context, s *session, e *Exercise) *ExerciseResult {
	verdict, why, err := s.unmet(ctx, e)
	switch {
	case err != nil && ctx.Err() != nil:
		verdict, why = r.cut(ctx, e.Pos)
	case err != nil:
		verdict, why = Broken, &Failure{Pos: e.Pos, Message: err.Error()}
	case why == nil:
		if verdict, why = s.wants.begins(e); why == nil {
			return r.exercise(ctx, s, e)
		}
	}
	return r.notRun(e, verdict, why)
}

// exercise runs one exercise.
func (r *run) exercise(ctx context.Context, s *session, e *Exercise) *ExerciseResult {
	for _, p := range s.panes {
		p.shell.Resume()
	}
	er, last := s.begin(e), e.last()
	if why := s.active.idleKeys(ctx, e); why != nil {
		er.Verdict, er.Failure = Failed, why
	}
	for _, step := range e.Steps {
		st := &StepResult{Step: step, Verdict: Skipped}
		er.Steps = append(er.Steps, st)
		claims := step.op.kind == KindClaims && er.missedClaim() // the other claims are judged all the same
		if !done(er.Verdict) && !claims {
			continue
		}
		if step.leftOut() || step.op.template {
			r.ignore(step)
			continue
		}
		if step.instead != nil {
			r.addNote(fmt.Sprintf("%v: %s was typed instead of the slide's %s", step.instead.Pos,
				quote(firstLine(step.snippet())), quote(firstLine(step.Text))))
		}
		r.step(ctx, s, st, step == last)
		if st.Verdict != Passed && !claims && (st.Verdict != Inconclusive || er.Verdict == Passed) {
			er.Verdict, er.Failure = st.Verdict, st.Failure
		}
	}
	s.unwatch()
	if er.Verdict == Passed && last == nil {
		er.Verdict = Skipped // nothing was verified
	}
	if !done(er.Verdict) && er.Verdict != Skipped && ctx.Err() == nil {
		s.wants.judge(er)
		if r.opts.Pause != nil && er.Verdict == Failed {
			defer func() {
				r.pause(ctx, s, er)
				s.active.recover(ctx)
			}()
		} else {
			s.active.recover(ctx)
		}
	}
	er.Verdict = r.held(e, er.Verdict)
	er.Duration = time.Since(er.Started)
	r.emit(Event{Kind: ExerciseFinished, Verdict: er.Verdict, Duration: er.Duration, Failure: er.Failure})
	return er
}

// missedClaim reports whether the exercise failed by nothing but a claim that does not hold. The
// shell is as it should be.
func (er *ExerciseResult) missedClaim() bool {
	return er.Verdict == Failed && !slices.ContainsFunc(er.Steps, func(st *StepResult) bool {
		return st.Verdict == Failed && st.op.kind != KindClaims || st.Verdict == Broken || st.Verdict == Interrupted
	})
}

// begin begins an exercise.
func (s *session) begin(e *Exercise) *ExerciseResult {
	for _, p := range s.panes {
		p.nesting = p.shell.Nesting()
	}
	s.exercise = &ExerciseResult{Exercise: e, Verdict: Passed, Started: time.Now()}
	s.run.emit(Event{Kind: ExerciseStarted, Time: s.exercise.Started, Exercise: e})
	return s.exercise
}

// step runs one step and fills in its result. The last step of an exercise settles commands.
func (r *run) step(ctx context.Context, s *session, st *StepResult, last bool) {
	begun := time.Now()
	r.emit(Event{Kind: StepStarted, Step: st.Step})
	from := s.active.shell.Position()
	if s.reported.shell == s.active.shell && st.Kind() != KindTypes {
		from = s.reported.at // output between the steps of a command belongs to the next step
	}
	s.result = st
	err := s.act(ctx, st.Step)
	if err == nil && last {
		err = s.settle(ctx, exerciseGrace)
	}
	err = s.rejected(err)
	s.reported.shell = s.active.shell
	st.Output, s.reported.at = s.active.shell.Report(from)
	st.Verdict, st.Failure = s.active.verdict(ctx, st.Step, err)
	st.decide()
	r.stackNotes(s)
	st.Duration = time.Since(begun)
	r.emit(Event{
		Kind: StepFinished, Verdict: st.Verdict, Duration: st.Duration, Failure: st.Failure, Output: st.Output,
		Measured: st.Measured, Narrow: st.Narrow,
	})
}

// decide makes a step that passed inconclusive if a measurement says so.
func (st *StepResult) decide() {
	for line := range strings.Lines(st.Output) {
		if why, ok := strings.CutPrefix(line, undecided); ok && st.Verdict == Passed {
			st.Verdict, st.Failure = Inconclusive, &Failure{Pos: st.Pos, Message: strings.TrimSpace(why)}
		}
	}
}

// act carries a step out in the active pane, again after a late failure.
func (s *session) act(ctx context.Context, step *Step) error {
	for step.op.act != nil {
		err := step.op.act(ctx, s.active, step)
		if !s.active.command.late() || !errors.As(err, new(*terminal.RejectedError)) {
			return err
		}
		if err := s.rejected(err); err != nil {
			return err
		}
	}
	return nil
}

// ignore reports a skipped step.
func (r *run) ignore(step *Step) {
	r.emit(Event{Kind: StepStarted, Step: step})
	why := fmt.Sprintf(", as there is no directive %q", step.Directive)
	switch {
	case step.Skip != "":
		why = ": " + step.Skip
	case step.op.kind == KindBroken:
		why = ", as the deck ignores its mistake"
	case step.op.template:
		why = ", as " + strings.TrimSpace(step.Text) + " has a placeholder"
	}
	r.addNote(fmt.Sprintf("%v: skipped%s", step.Pos, why))
	r.emit(Event{Kind: StepFinished, Verdict: Skipped})
}

// last is the last step that is carried out; nil if there is none.
func (e *Exercise) last() *Step {
	for _, s := range slices.Backward(e.Steps) {
		if !s.leftOut() && !s.op.template && s.op.terms == nil {
			return s
		}
	}
	return nil
}

// copyTree copies a file system into a new directory.
func copyTree(dir string, fsys fs.FS) error {
	if fsys == nil {
		return os.MkdirAll(dir, 0o755)
	}
	if err := os.CopyFS(dir, fsys); err != nil {
		return fmt.Errorf("copy the working directory: %w", err)
	}
	return nil
}
