package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"workshop/runner/terminal"
)

// Live is a session whose steps are run one at a time, whenever somebody wants one, and
// into whose shell a person may type at any time. Its steps are carried out as [Run]
// carries them out, by the same code.
//
// Run, Retry, Recover and Replace are for one goroutine at a time; all other methods may be called at
// any time from any goroutine, and do not wait for a step.
type Live struct {
	run     *run
	s       *session
	changed chan struct{}
	shell   atomic.Pointer[terminal.Session]
	pace    atomic.Int64

	busy     sync.Mutex // held by what runs a step
	position atomic.Pointer[Step]
	exercise *Exercise // of the last step
	command  bool      // a program was in the foreground behind it
	closing  sync.Once
	closed   error

	mu    sync.Mutex
	notes []string
}

// Refusal says why a step was not run. Nothing has been typed, and nothing has changed.
type Refusal struct {
	Reason string // lower case, one line
	Hint   string // what to do about it
}

func (r *Refusal) Error() string {
	if r.Hint == "" {
		return r.Reason
	}
	return r.Reason + " (" + r.Hint + ")"
}

// Open starts a session of a plan: its directory, stack and shell. The context is for
// the opening only. [Options.Event] gets what happens in the session, as in a run.
func Open(ctx context.Context, plan *Plan, s *Session, opts Options) (*Live, error) {
	opts = opts.orDefault()
	l := &Live{changed: make(chan struct{}, 1)}
	report := opts.Event
	opts.Event = func(e Event) {
		if e.Kind == Note {
			l.mu.Lock()
			l.notes = append(l.notes, e.Note)
			l.mu.Unlock()
		}
		if report != nil {
			report(e)
		}
		l.change()
	}
	l.run = &run{opts: opts, plan: plan, result: &Result{Plan: plan, Started: time.Now(), Notes: opts.Notes}}
	l.run.emit(Event{Kind: SessionStarted, Session: s, Cols: opts.Cols, Rows: opts.Rows})
	var err error
	if l.s, err = l.run.open(ctx, s); err != nil {
		l.run.emit(Event{Kind: SessionFinished, Verdict: Broken})
		return nil, err
	}
	l.look()
	return l, nil
}

// look makes the pane that is active now the one that a person types into.
func (l *Live) look() {
	if shell := l.s.shell; shell != nil && shell != l.shell.Load() {
		shell.Pace(time.Duration(l.pace.Load()))
		l.shell.Store(shell)
	}
}

// change says that there may be something new to see.
func (l *Live) change() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// Changed delivers something after the terminal has changed; it holds one and never
// blocks the shell. The terminal itself is to be looked at with View.
func (l *Live) Changed() <-chan struct{} { return l.changed }

// View is what the terminal shows now: all panes that are in view.
func (l *Live) View() terminal.View {
	if v, ok := l.s.view.View(); ok {
		return v
	}
	return l.shell.Load().View()
}

// Past are up to n lines that have left the terminal, from the one that is top lines
// above it on. [Options.Past] says how many are kept. There are none of several panes.
func (l *Live) Past(top, n int) []terminal.Line {
	if _, ok := l.s.view.View(); ok {
		return nil
	}
	return l.shell.Load().Past(top, n)
}

// Write types what a person types, whatever reads the terminal.
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

// Pace makes snippets appear as if a person typed them, a character at a time; 0: at once.
func (l *Live) Pace(perCharacter time.Duration) {
	l.pace.Store(int64(perCharacter))
	l.shell.Load().Pace(perCharacter)
}

// Resize gives the terminal a new size in cells.
func (l *Live) Resize(cols, rows int) error {
	return l.s.resize(cols, rows)
}

// Position is the step that was run last, nil at the beginning.
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

// Run runs a step of the session. The error is a [*Refusal] when it cannot be run as
// things are, for instance because a person has started something that still runs. A
// step that does not pass leaves the shell as it is: a person may want to look. When
// the context ends the step is given up, and what it started goes on.
//
// A line that a person has begun at the prompt is abandoned with ^C, never added to.
func (l *Live) Run(ctx context.Context, step *Step) (*StepResult, error) {
	l.busy.Lock()
	defer l.busy.Unlock()
	e := l.find(step)
	if e == nil {
		return nil, &Refusal{Reason: "the step belongs to another session"}
	}
	if err := l.cope(ctx, step); err != nil {
		return nil, err
	}
	if e != l.exercise {
		for _, p := range l.s.panes {
			p.nesting = p.shell.Nesting()
		}
		l.leave()
		l.exercise = e
		l.run.emit(Event{Kind: ExerciseStarted, Exercise: e})
	}
	st := &StepResult{Step: step, Verdict: Skipped}
	last := step == e.last()
	if step.op.kind == Ignored {
		l.run.ignore(step)
	} else {
		l.run.step(ctx, l.s, st, last)
	}
	l.look()
	reads, hand := l.s.shell.Reads(ctx)
	st.ByHand = hand.Typed
	l.position.Store(step)
	l.command = reads == terminal.ReadsProgram
	if last {
		l.leave()
	}
	return st, nil
}

// leave ends the exercise under way.
func (l *Live) leave() {
	if l.exercise != nil {
		for _, p := range l.s.panes {
			p.shell.Unwatch()
		}
		l.run.emit(Event{Kind: ExerciseFinished})
		l.exercise = nil
	}
}

// cope makes of what a person has typed since the last step what the step expects, or
// says why that cannot be done.
func (l *Live) cope(ctx context.Context, step *Step) error {
	s := l.s
	if s.lost != nil {
		return &Refusal{Reason: s.lost.Error()}
	}
	reads, hand := s.shell.Reads(ctx)
	if reads == terminal.ReadsNothing {
		return &Refusal{Reason: terminal.ErrEnded.Error(), Hint: "get a fresh one"}
	}
	if s.command != nil {
		// The status of what it ran cannot be told any more.
		s.command.judged = s.command.judged || hand.Ran
		s.command.interrupted = s.command.interrupted || hand.Interrupted
	}
	prompt := reads == terminal.ReadsPrompt || reads == terminal.ReadsMore
	switch kind := step.Kind(); {
	case !prompt && hand.Ran:
		return &Refusal{Reason: "what was started by hand is still in the foreground" + s.program(), Hint: "end it first"}
	case kind == Types:
	case hand.Ran && (kind == Waits || kind == Judges):
		return &Refusal{Reason: "another command was run by hand since the one that this is about", Hint: "run that one again, or skip this"}
	case !hand.Typed:
	case kind == Presses && prompt && l.command && !step.op.keys.Interrupts():
		return &Refusal{Reason: "the program that these keys are for has ended", Hint: "run it again, or skip this"}
	case kind == Presses && s.command != nil && s.command.typing:
		return &Refusal{Reason: "the line that these keys belong to was changed by hand", Hint: "skip this, or finish it by hand"}
	}
	if kind := step.Kind(); kind == Types || kind == Presses {
		limit, cancel := context.WithTimeout(ctx, clearing)
		defer cancel()
		if err := s.shell.Clear(limit); err != nil {
			return &Refusal{Reason: fmt.Sprintf("the line that was typed by hand cannot be removed: %v", err), Hint: "remove it first"}
		}
	}
	return nil
}

// program names the program in the foreground, where it can be told.
func (s *session) program() string {
	name := firstLine(s.shell.Foreground())
	if name == "" || strings.Contains(name, " --noprofile --rcfile ") {
		return ""
	}
	return ": " + quote(name)
}

// clearing is how long a line that was typed by hand may take to go away.
const clearing = 5 * time.Second

// Recover ends what is in the foreground and brings the shell back to its prompt, or
// replaces it by a fresh one where that cannot be done or it has ended.
func (l *Live) Recover(ctx context.Context) error {
	l.busy.Lock()
	defer l.busy.Unlock()
	l.s.lost = nil
	l.s.recover(ctx)
	l.look()
	l.command = false
	l.change()
	if l.s.lost != nil {
		return l.s.lost
	}
	return ctx.Err()
}

// Retry prepares the shell for a step that is to be run once more: what it left in the
// foreground is ended, and a shell that has ended is replaced. What a person has
// started stays, for Run to refuse. A wait just waits on.
func (l *Live) Retry(ctx context.Context, step *Step) error {
	if kind := step.Kind(); kind != Types && kind != Presses {
		return nil
	}
	l.busy.Lock()
	reads, hand := l.s.shell.Reads(ctx)
	l.busy.Unlock()
	if reads == terminal.ReadsNothing || reads == terminal.ReadsProgram && !hand.Ran {
		return l.Recover(ctx)
	}
	return nil
}

// Replace makes the session that of another plan, of a deck that was edited meanwhile:
// the shell and all that runs in it stay.
func (l *Live) Replace(plan *Plan, s *Session) {
	l.busy.Lock()
	defer l.busy.Unlock()
	l.leave()
	l.run.plan, l.run.result.Plan = plan, plan
	l.s.plan = s
}

// Notes are remarks for the reader, such as how the session is isolated.
func (l *Live) Notes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.notes)
}

// Close ends everything that the session started and removes its folder. A step that
// runs is to be ended first, by its context.
func (l *Live) Close() error {
	l.closing.Do(func() {
		l.busy.Lock()
		defer l.busy.Unlock()
		l.leave()
		l.closed = errors.Join(l.s.Close())
		l.run.emit(Event{Kind: SessionFinished})
	})
	return l.closed
}
