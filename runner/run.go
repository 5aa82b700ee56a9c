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

// Limits bound what a run waits for. A zero means its default.
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

// Workdir is the directory that a session starts in.
type Workdir struct {
	Name  string // of the copy, which names the Compose project
	FS    fs.FS  // what is copied; nil: nothing
	Place string // an existing directory to use itself, instead of a copy
}

// Stack is what stands around a session's shell, such as a container engine.
type Stack interface {
	Env() []string   // for the shell, over the run's own
	Notes() []string // remarks for the reader, such as stand-ins in use
	Close() error
}

// Host is what a stack is started on: one session's sandbox.
type Host struct {
	Dir     string // the session's folder, removed afterwards
	Bin     string // an empty folder in it, the first on the shell's PATH
	Work    string // the directory that the shell starts in
	Deck    *markdown.Deck
	Sandbox *sandbox.Sandbox
}

// Options of a run. The zero value runs everything in an empty directory, without a
// stack.
type Options struct {
	Limits     Limits
	StopAtFail bool // skip everything after the first exercise that does not pass
	Cols, Rows int  // of the terminal; 0: 80×24
	Shell      string
	Env        []string // of the shells: all that they get but PATH, HOME and TMPDIR
	Path       string   // PATH of the shells, after Host.Bin
	Sandbox    sandbox.Options
	Workdir    func(*Session) (Workdir, error)
	Stack      func(context.Context, Host) (Stack, error)
	Event      func(Event)  // gets everything that happens, in order; must not block for long
	Input      func([]byte) // gets every byte that is typed into a shell, in order; valid during the call only
	Notes      []string     // remarks for the reader
	Past       int          // lines of the terminal that are kept when they leave it at the top
	// Observe, if set, is told what the snippet before an output step has output, as lines
	// that are compared; the step passes, whatever is expected.
	Observe func(step *Step, output []string)
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

// errRunLimit is the cause of a context that ended because the run's time is over.
var errRunLimit = errors.New("the time for the run is over")

// Run runs a plan. The result is complete whatever happens; an error is one of the
// caller's own making, such as a plan without sessions.
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
	r := &run{opts: opts, plan: plan, result: &Result{Plan: plan, Verdict: Passed, Started: time.Now(), Notes: opts.Notes}}
	r.emit(Event{Kind: RunStarted, Plan: plan})
	for _, note := range opts.Notes {
		r.note(note)
	}
	for _, s := range plan.Sessions {
		sr := r.session(ctx, s)
		r.result.Sessions = append(r.result.Sessions, sr)
		r.result.Verdict = worse(r.result.Verdict, sr.Verdict)
	}
	r.result.Duration = time.Since(r.result.Started)
	r.emit(Event{Kind: RunFinished, Plan: plan, Verdict: r.result.Verdict, Duration: r.result.Duration})
	return r.result, nil
}

// inconclusive begins the line in which a measurement says that this machine does not
// allow a verdict. It passes, but not without a remark.
const inconclusive = "inconclusive: "

// run is a run in progress.
type run struct {
	opts    Options
	plan    *Plan
	result  *Result
	stopped bool // after a failure, with StopAtFail

	mu  sync.Mutex // events come from the runner and from the terminal's reader
	now Event      // the session, exercise and step that last
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
	e.Session, e.Exercise, e.Step = r.now.Session, r.now.Exercise, r.now.Step
	switch e.Kind {
	case SessionFinished:
		r.now.Session = nil
	case ExerciseFinished:
		r.now.Exercise = nil
	case StepFinished:
		r.now.Step = nil
	}
	if r.opts.Event != nil {
		e.Time = time.Now()
		r.opts.Event(e)
	}
}

// note reports a remark, once.
func (r *run) note(text string) {
	r.emit(Event{Kind: Note, Note: text})
}

// addNote reports a remark that has not been made before.
func (r *run) addNote(text string) {
	for _, n := range r.result.Notes {
		if n == text {
			return
		}
	}
	r.result.Notes = append(r.result.Notes, text)
	r.note(text)
}

// session runs one session.
func (r *run) session(ctx context.Context, plan *Session) *SessionResult {
	begun := time.Now()
	sr := &SessionResult{Session: plan, Verdict: Passed}
	r.emit(Event{Kind: SessionStarted, Session: plan, Cols: r.opts.Cols, Rows: r.opts.Rows})
	var s *session
	if !r.stopped && ctx.Err() == nil {
		var err error
		if s, err = r.open(ctx, plan); err != nil {
			sr.Verdict, sr.Failure = Broken, &Failure{Pos: plan.Exercises[0].Pos, Message: "the session cannot be started: " + err.Error()}
			if ctx.Err() != nil {
				sr.Verdict, sr.Failure = r.cut(ctx, plan.Exercises[0].Pos)
			}
			s = nil
		}
	}
	stopResizing := r.resizing(ctx, s)
	for _, e := range plan.Exercises {
		var er *ExerciseResult
		switch {
		case s == nil || r.stopped || s.lost != nil || ctx.Err() != nil:
			er = r.skip(ctx, e, sr, s)
		default:
			er = r.exercise(ctx, s, e)
		}
		sr.Exercises = append(sr.Exercises, er)
		if er.Verdict == Skipped && e.last() == nil && len(plan.Exercises) > 1 {
			continue // it was agreed to
		}
		sr.Verdict = worse(sr.Verdict, er.Verdict)
		if r.opts.StopAtFail && er.Verdict != Passed {
			r.stopped = true
		}
	}
	stopResizing()
	if s != nil {
		if err := s.Close(); err != nil && sr.Failure == nil {
			sr.Verdict, sr.Failure = worse(sr.Verdict, Broken), &Failure{Pos: plan.Exercises[0].Pos, Message: "the session cannot be cleaned up: " + err.Error()}
		}
	}
	sr.Duration = time.Since(begun)
	r.emit(Event{Kind: SessionFinished, Verdict: sr.Verdict, Duration: sr.Duration, Failure: sr.Failure})
	return sr
}

// resizing hands new sizes on to a session's terminal, until the function that it
// returns is called.
func (r *run) resizing(ctx context.Context, s *session) (stop func()) {
	if s == nil || r.opts.Resized == nil {
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
				_ = s.resize(size[0], size[1])              // the next step will say why it failed
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// cut is the outcome of what was cut short by the end of the run's context.
func (r *run) cut(ctx context.Context, pos markdown.Pos) (Verdict, *Failure) {
	if errors.Is(context.Cause(ctx), errRunLimit) {
		return Failed, &Failure{Pos: pos, Message: fmt.Sprintf("the run's limit of %v is over", r.opts.Limits.Run), Hint: "raise it with --timeout"}
	}
	return Interrupted, &Failure{Pos: pos, Message: "interrupted"}
}

// skip is an exercise that does not run. The first one behind a session that could
// not be held says why.
func (r *run) skip(ctx context.Context, e *Exercise, sr *SessionResult, s *session) *ExerciseResult {
	er := &ExerciseResult{Exercise: e, Verdict: Skipped, Started: time.Now()}
	switch {
	case s == nil && sr.Failure != nil:
		er.Verdict, er.Failure = sr.Verdict, sr.Failure
	case s != nil && s.lost != nil:
		er.Verdict, er.Failure = Broken, &Failure{Pos: e.Pos, Message: s.lost.Error()}
	case ctx.Err() != nil && !r.stopped:
		if v, f := r.cut(ctx, e.Pos); v == Failed {
			er.Verdict, er.Failure = v, f
		} else {
			sr.Verdict = worse(sr.Verdict, v)
		}
	}
	for _, step := range e.Steps {
		er.Steps = append(er.Steps, &StepResult{Step: step, Verdict: Skipped})
	}
	r.emit(Event{Kind: ExerciseStarted, Exercise: e})
	r.emit(Event{Kind: ExerciseFinished, Verdict: er.Verdict, Failure: er.Failure})
	return er
}

// exercise runs one exercise.
func (r *run) exercise(ctx context.Context, s *session, e *Exercise) *ExerciseResult {
	for _, p := range s.panes {
		p.nesting = p.shell.Nesting()
	}
	er := &ExerciseResult{Exercise: e, Verdict: Passed, Started: time.Now()}
	r.emit(Event{Kind: ExerciseStarted, Exercise: e})
	last := e.last()
	for _, step := range e.Steps {
		st := &StepResult{Step: step, Verdict: Skipped}
		er.Steps = append(er.Steps, st)
		if er.Verdict != Passed {
			continue
		}
		if step.op.kind == Ignored {
			r.ignore(step)
			continue
		}
		r.step(ctx, s, st, step == last)
		er.Verdict, er.Failure = st.Verdict, st.Failure
	}
	for _, p := range s.panes {
		p.shell.Unwatch()
	}
	if er.Verdict == Passed && last == nil {
		er.Verdict = Skipped // nothing of it has been verified
	}
	if er.Verdict != Passed && er.Verdict != Skipped && ctx.Err() == nil {
		s.recover(ctx)
	}
	er.Duration = time.Since(er.Started)
	r.emit(Event{Kind: ExerciseFinished, Verdict: er.Verdict, Duration: er.Duration, Failure: er.Failure})
	return er
}

// step runs one step, the last one of its exercise or not, and fills in its result.
func (r *run) step(ctx context.Context, s *session, st *StepResult, last bool) {
	begun := time.Now()
	r.emit(Event{Kind: StepStarted, Step: st.Step})
	from := s.shell.Position()
	if s.told.shell == s.shell && st.Kind() != Types {
		from = s.told.at // what a command outputs between its steps belongs to it, too
	}
	err := st.op.act(ctx, s, st.Step)
	if err == nil && last {
		err = s.settle(ctx)
	}
	err = s.rejected(err)
	st.Output, s.told.at = s.shell.SinceUntil(from)
	s.told.shell = s.shell
	st.Verdict, st.Failure = s.judge(ctx, st.Step, err)
	for line := range strings.Lines(st.Output) {
		if strings.HasPrefix(line, inconclusive) {
			r.addNote(st.Pos.String() + ": " + strings.TrimSpace(line))
		}
	}
	st.Duration = time.Since(begun)
	r.emit(Event{Kind: StepFinished, Verdict: st.Verdict, Duration: st.Duration, Failure: st.Failure})
}

// ignore reports a step that is not carried out.
func (r *run) ignore(step *Step) {
	r.emit(Event{Kind: StepStarted, Step: step})
	r.addNote(fmt.Sprintf("%v: skipped, as there is no directive %q", step.Pos, step.Directive))
	r.emit(Event{Kind: StepFinished, Verdict: Skipped})
}

// last is the last step that is carried out; nil if there is none.
func (e *Exercise) last() *Step {
	for _, s := range slices.Backward(e.Steps) {
		if s.op.kind != Ignored {
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
