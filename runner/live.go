package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"workshop/runner/figure"
	"workshop/runner/screen"
	"workshop/runner/terminal"
)

// Live is a session whose steps are run one at a time, on demand. A person may type into its
// shell at any time. Its steps are carried out by the code of [Run].
//
// Run, Retry, Recover and Replace are for one goroutine at a time; all other methods may be
// called at any time from any goroutine, and do not wait for a step.
type Live struct {
	run     *run
	s       *session
	changed chan struct{}
	shell   atomic.Pointer[terminal.Session]
	pace    atomic.Int64

	busy     sync.Mutex // held while a step runs
	position atomic.Pointer[Step]
	exercise *Exercise // of the last step
	command  bool      // a program was in the foreground after the last step
	closing  sync.Once
	settle   func() // judges the ended commands at the end of the session
	end      func() error
	closed   error

	mu        sync.Mutex
	notes     []string
	corrected []Event
}

// Refusal is the reason why a step was not run. Nothing was typed, and nothing has changed.
type Refusal struct {
	Reason string // lower case, one line
	Hint   string // a way out
}

func (r *Refusal) Error() string {
	if r.Hint == "" {
		return r.Reason
	}
	return r.Reason + " (" + r.Hint + ")"
}

// Open starts a session of a plan: its directory, stack and shell. The context is for
// the opening only. [Options.Event] gets the events of the session, as in a run.
func Open(ctx context.Context, plan *Plan, s *Session, opts Options) (*Live, error) {
	opts = opts.orDefault()
	l := &Live{changed: make(chan struct{}, 1)}
	report := opts.Event
	opts.Event = func(e Event) {
		l.keep(e)
		if report != nil {
			report(e)
		}
		l.change()
	}
	l.run = &run{opts: opts, plan: plan, live: true, result: &Result{Plan: plan, Started: time.Now(), Notes: opts.Notes}}
	l.run.emit(Event{Kind: SessionStarted, Session: s, Cols: opts.Cols, Rows: opts.Rows})
	var err error
	if l.s, err = l.run.open(ctx, s); err != nil {
		l.run.emit(Event{Kind: SessionFinished, Verdict: Broken})
		return nil, err
	}
	ending := context.WithoutCancel(ctx)
	l.settle = func() { l.reads(ending) }
	l.end = func() error { return l.s.end(ending) }
	l.look()
	return l, nil
}

// keep keeps the notes and the corrections for [Live.Notes] and [Live.Corrected].
func (l *Live) keep(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.Kind {
	case EventNote:
		l.notes = append(l.notes, e.Note)
	case ExerciseCorrected:
		l.corrected = append(l.corrected, e)
	}
}

// look gives the keyboard to the active pane.
func (l *Live) look() {
	if shell := l.s.active.shell; shell != nil && shell != l.shell.Load() {
		shell.Pace(time.Duration(l.pace.Load()))
		l.shell.Store(shell)
	}
}

// change announces a possible change of the terminal.
func (l *Live) change() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// Changed delivers a value after each change of the terminal. It holds one value and never
// blocks the shell. View returns the terminal itself.
func (l *Live) Changed() <-chan struct{} { return l.changed }

// View is the present view of the terminal, with all visible panes.
func (l *Live) View() screen.View {
	if v, ok := l.s.view.View(); ok {
		return v
	}
	return l.shell.Load().View()
}

// Past are up to n lines that have left the terminal, from the one that is top lines above it
// on. [Options.Past] is the number of kept lines. With several panes there are none.
func (l *Live) Past(top, n int) []screen.Line {
	if _, ok := l.s.view.View(); ok {
		return nil
	}
	return l.shell.Load().Past(top, n)
}

// Write types a person's bytes, to any reader of the terminal.
func (l *Live) Write(b []byte) (int, error) {
	if err := l.shell.Load().Type(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Press types a key that a person presses.
func (l *Live) Press(k terminal.Key) error { return l.shell.Load().TypeKey(k) }

// Paste types a text that a person pastes.
func (l *Live) Paste(text string) error { return l.shell.Load().Paste(text) }

// Pace makes snippets appear a character at a time, as if a person typed them; 0: at once.
func (l *Live) Pace(perCharacter time.Duration) {
	l.pace.Store(int64(perCharacter))
	l.shell.Load().Pace(perCharacter)
}

// Resize gives the terminal a new size in cells.
func (l *Live) Resize(cols, rows int) error {
	return l.s.resize(cols, rows)
}

// Sampled is a figure that is being sampled.
type Sampled struct {
	Step    *Step
	Reading figure.Reading // so far
}

// Sampling is the figure that is being sampled, nil if none is or it has too few samples.
func (l *Live) Sampling() *Sampled { return l.run.sampled.Load() }

// Position is the last step that was run, nil at the beginning.
func (l *Live) Position() *Step { return l.position.Load() }

// find is the exercise of a step in this session.
func (l *Live) find(step *Step) *Exercise {
	for _, e := range l.s.plan.Exercises {
		if slices.Contains(e.Steps, step) {
			return e
		}
	}
	return nil
}

// Run runs a step of the session. The error is a [*Refusal] if the step cannot be run now,
// for instance because a person has started a program that still runs. A step that does not
// pass leaves the shell as it is, for a person to look at. The end of the context ends the
// step, but not the programs that it started.
//
// A step may discover a late failure of an earlier exercise. That is no verdict on the step:
// it is one of [Live.Corrected].
//
// A line that a person has begun at the prompt is abandoned with ^C, never continued.
func (l *Live) Run(ctx context.Context, step *Step) (*StepResult, error) {
	defer l.change() // for Judge, which does nothing while the step runs
	l.busy.Lock()
	defer l.busy.Unlock()
	e := l.find(step)
	if e == nil {
		return nil, &Refusal{Reason: "the step belongs to another session"}
	}
	if m := step.mistake; m != nil {
		return nil, &Refusal{Reason: "it cannot be read: " + m.Message, Hint: m.Hint}
	}
	if err := l.reconcile(ctx, step); err != nil {
		return nil, err
	}
	if e != l.exercise {
		l.leave()
		l.exercise = e
		l.s.begin(e)
	}
	st := &StepResult{Step: step, Verdict: Skipped}
	last := e.endsWith(step)
	if step.leftOut() {
		l.run.ignore(step)
	} else {
		l.run.step(ctx, l.s, st, last)
	}
	l.look()
	reads, hand := l.s.active.shell.Reads(ctx)
	st.ByHand = hand.Typed
	l.position.Store(step)
	l.command = reads == terminal.ReadsProgram
	if last {
		l.leave()
	}
	result := *st // a correction changes the original
	return &result, nil
}

// endsWith reports whether no step after this one has to be carried out.
func (e *Exercise) endsWith(step *Step) bool {
	behind := e.Steps[slices.Index(e.Steps, step)+1:]
	return !slices.ContainsFunc(behind, func(s *Step) bool {
		return !s.leftOut() && s.op.kind != KindAlters
	})
}

// leave ends the exercise under way.
func (l *Live) leave() {
	if l.exercise != nil {
		l.s.unwatch()
		l.run.emit(Event{Kind: ExerciseFinished})
		l.exercise, l.s.exercise, l.s.result = nil, nil, nil
	}
}

// reads returns the kind of program that reads the terminal, and a person's input since the
// last step. Ended commands of exercises that are over are judged. If a person has run
// another command since, the status of the last one is lost.
func (l *Live) reads(ctx context.Context) (terminal.Reads, terminal.Hand) {
	p := l.s.active
	reads, hand := p.shell.Reads(ctx)
	if c := p.command; c != nil {
		c.judged = c.judged || hand.Ran
		c.interrupted = c.interrupted || hand.Interrupted
	}
	if l.exercise == nil {
		if hand.Ran {
			p.shell.Unwatch()
		}
		_ = l.s.rejected(l.s.settle(ctx, 0)) // nil, since every command is late by now
	}
	return reads, hand
}

// reconcile brings the terminal from the state in which a person left it to the state that
// the step expects, or returns the reason why that is impossible.
func (l *Live) reconcile(ctx context.Context, step *Step) error {
	if l.s.lost != nil {
		return &Refusal{Reason: l.s.lost.Error()}
	}
	if refusal := l.refusal(ctx, step); refusal != nil {
		return refusal
	}
	if kind := step.Kind(); kind == KindTypes || kind == KindPresses {
		limit, cancel := context.WithTimeout(ctx, clearing)
		defer cancel()
		if err := l.s.active.shell.Clear(limit); err != nil {
			return &Refusal{
				Reason: fmt.Sprintf("the line that was typed by hand cannot be removed: %v", err),
				Hint:   "remove it first",
			}
		}
	}
	return nil
}

// refusal is the reason why a step cannot be run in the state in which a person left the
// terminal; nil if it can.
func (l *Live) refusal(ctx context.Context, step *Step) *Refusal {
	p := l.s.active
	reads, hand := l.reads(ctx)
	if reads == terminal.ReadsNothing {
		return &Refusal{Reason: terminal.ErrEnded.Error(), Hint: "get a fresh one"}
	}
	prompt := reads == terminal.ReadsPrompt || reads == terminal.ReadsMore
	switch kind := step.Kind(); {
	case !prompt && hand.Ran:
		return &Refusal{Reason: "a program that was started by hand is still in the foreground" + p.program(), Hint: "end it first"}
	case kind == KindTypes:
	case hand.Ran && (kind == KindWaits || kind == KindJudges || kind == KindClaims && step.op.condition.Ends):
		return &Refusal{
			Reason: "another command was run by hand since the one that this is about",
			Hint:   "run that one again, or skip this",
		}
	case !hand.Typed:
	case kind == KindPresses && prompt && l.command && !step.op.keys.Interrupts():
		return &Refusal{Reason: "the program that these keys are for has ended", Hint: "run it again, or skip this"}
	case kind == KindPresses && p.command != nil && p.command.typing:
		return &Refusal{Reason: "the line that these keys belong to was changed by hand", Hint: "skip this, or finish it by hand"}
	}
	return nil
}

// program names the program in the foreground, if it is known.
func (p *pane) program() string {
	name := firstLine(p.shell.Foreground())
	if name == "" || strings.Contains(name, " --noprofile --rcfile ") {
		return ""
	}
	return ": " + quote(name)
}

// clearing bounds the removal of a line that was typed by hand.
const clearing = 5 * time.Second

// Recover ends the program in the foreground and brings the shell back to its prompt. If that
// fails, or the shell has ended, a fresh shell replaces it.
func (l *Live) Recover(ctx context.Context) error {
	l.busy.Lock()
	defer l.busy.Unlock()
	if l.s.lost == nil {
		l.reads(ctx)
	}
	l.s.lost = nil
	l.s.active.recover(ctx)
	l.look()
	l.command = false
	l.change()
	if l.s.lost != nil {
		return l.s.lost
	}
	return ctx.Err()
}

// Retry prepares the shell for another run of a step: it ends the step's program in the
// foreground, and replaces a shell that has ended. A program that a person has started
// stays, and Run refuses the step. A wait needs no preparation.
func (l *Live) Retry(ctx context.Context, step *Step) error {
	if kind := step.Kind(); kind != KindTypes && kind != KindPresses {
		return nil
	}
	l.busy.Lock()
	reads, hand := l.s.active.shell.Reads(ctx)
	l.busy.Unlock()
	if reads == terminal.ReadsNothing || reads == terminal.ReadsProgram && !hand.Ran {
		return l.Recover(ctx)
	}
	return nil
}

// Replace gives the session another plan, of a deck that was edited meanwhile. The shell and
// its programs stay.
func (l *Live) Replace(plan *Plan, s *Session) {
	l.busy.Lock()
	defer l.busy.Unlock()
	l.leave()
	l.run.plan, l.run.result.Plan = plan, plan
	l.s.plan = s
}

// Notes are remarks for the reader, such as the isolation of the session.
func (l *Live) Notes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.notes)
}

// Judge judges the ended commands of exercises that are over, for [Live.Corrected]. It does not
// wait: while a step runs it does nothing. Call it after each change of the terminal.
func (l *Live) Judge(ctx context.Context) {
	if !l.busy.TryLock() {
		return
	}
	defer l.busy.Unlock()
	if l.exercise != nil || l.s.lost != nil || !slices.ContainsFunc(l.s.inOrder(), func(p *pane) bool { return p.command.pending() }) {
		return
	}
	over, cancel := context.WithCancel(ctx)
	cancel() // nothing is waited for
	l.reads(over)
}

// Corrected are the corrections since the last call: each is an [ExerciseCorrected] about a
// late failure.
func (l *Live) Corrected() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	corrected := l.corrected
	l.corrected = nil
	return corrected
}

// Close ends everything that the session started and removes its folder. It judges the ended
// commands first. A running step must be ended before, by its context.
func (l *Live) Close() error {
	l.closing.Do(func() {
		l.busy.Lock()
		defer l.busy.Unlock()
		l.leave()
		if l.s.lost == nil {
			l.settle()
		}
		l.closed = l.end()
		l.run.emit(Event{Kind: SessionFinished})
	})
	return l.closed
}
