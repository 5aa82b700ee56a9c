package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	expect "github.com/Netflix/go-expect"

	"workshop/runner/sandbox"
	"workshop/runner/terminal"
)

// farewell is how long a command that still runs at the end of its exercise is given
// to end by itself, so that its status is judged where it belongs.
const farewell = 500 * time.Millisecond

// session is a session in progress: its sandbox, stack and shell.
type session struct {
	run    *run
	plan   *Session
	limits Limits

	dir     string
	work    string
	env     []string
	sandbox *sandbox.Sandbox
	stack   Stack
	lost    error // why the session cannot go on

	told struct { // until where the output of steps has been told
		shell *terminal.Session
		at    terminal.Position
	}

	clipboard string // of copy and paste

	*pane    // the active one
	panes    map[int]*pane
	windows  *panes
	view     *terminal.Composite
	resizing sync.Mutex // with the terminal being replaced or divided
}

// command is a snippet that was typed and whose exit status may have yet to be judged.
type command struct {
	step        *Step
	judged      bool // its status has been looked at, or must not be
	typing      bool // by keys at the prompt, without a Return so far
	interrupted bool
	asked       bool    // a step asks for its status
	want        *Status // of that step, if it says which
}

// wants is the status that the command must end with.
func (c *command) wants() *Status {
	if c.want != nil {
		return c.want
	}
	return c.step.status
}

// allows reports whether the command may end with a status.
func (c *command) allows(status int) bool {
	return c.wants().allows(status) || status == 0 && c.step.orZero && !c.asked
}

// open prepares a session: a folder that goes away with it, a sandbox, a stack, a shell.
func (r *run) open(ctx context.Context, plan *Session) (_ *session, err error) {
	s := &session{run: r, plan: plan, limits: r.opts.Limits, pane: &pane{}}
	s.panes, s.windows = map[int]*pane{0: s.pane}, newPanes(r.opts.Cols, r.opts.Rows)
	s.view = terminal.NewComposite(func(b []byte) { r.emit(Event{Kind: Output, Data: b}) })
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "workshop-"); err != nil {
		return nil, err
	}
	home, tmp, bin, state := filepath.Join(s.dir, "home"), filepath.Join(s.dir, "tmp"), filepath.Join(s.dir, "bin"), filepath.Join(s.dir, "shell")
	for _, d := range []string{home, tmp, bin, state} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return nil, err
		}
	}
	if err := s.prepareWork(); err != nil {
		return nil, err
	}
	opts := r.opts.Sandbox
	opts.Remove = s.dir
	if s.sandbox, err = sandbox.Start(ctx, opts); err != nil {
		return nil, err
	}
	r.addNote(isolationNote(s.sandbox, opts))
	s.env = append([]string{}, r.opts.Env...)
	s.env = append(s.env, "HOME="+home, "TMPDIR="+tmp, "PATH="+bin+string(os.PathListSeparator)+r.opts.Path, "PWD="+s.work)
	if r.opts.Stack != nil {
		if s.stack, err = r.opts.Stack(ctx, Host{Dir: s.dir, Bin: bin, Work: s.work, Deck: plan.Deck, Sandbox: s.sandbox}); err != nil {
			return nil, err
		}
		s.env = append(s.env, s.stack.Env()...)
		for _, n := range s.stack.Notes() {
			r.addNote(n)
		}
	}
	s.resizing.Lock()
	defer s.resizing.Unlock()
	return s, s.startShell(ctx, s.pane)
}

func isolationNote(sb *sandbox.Sandbox, opts sandbox.Options) string {
	note := "sessions are isolated by a " + string(sb.Isolation())
	switch {
	case sb.Isolation() == sandbox.Group:
		note += ", which what detaches itself can outlive"
	case sb.PrivateNetwork():
		note += " with a network of its own (--network host gives them the machine's)"
	case opts.PrivateNetwork:
		note += "; a network of their own cannot be had here, so they share the machine's"
	}
	return note
}

func (s *session) prepareWork() error {
	w := Workdir{Name: "work"}
	if s.run.opts.Workdir != nil {
		var err error
		if w, err = s.run.opts.Workdir(s.plan); err != nil {
			return err
		}
	}
	if s.work = w.Place; s.work != "" {
		return nil
	}
	s.work = filepath.Join(s.dir, "work", w.Name)
	return copyTree(s.work, w.FS)
}

// startShell starts the shell of a pane, in the size of its place.
func (s *session) startShell(ctx context.Context, p *pane) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	state := s.stateDir(p)
	if err := os.Mkdir(state, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	place := s.windows.place(p.id)
	shell, err := terminal.Start(ctx, terminal.Options{
		Cols: place.Cols, Rows: place.Rows, Shell: s.run.opts.Shell,
		Past: s.run.opts.Past, Env: s.env, Dir: s.work, StateDir: state,
		Start: func(c terminal.Command) (terminal.Process, error) {
			p, err := s.sandbox.Start(sandbox.Cmd{Argv: c.Argv, Env: c.Env, Dir: c.Dir, TTY: c.TTY})
			if err != nil {
				return nil, err
			}
			return process{p}, nil
		},
		Output: s.view.Pass,
		Drawn:  func(screen *terminal.Screen) { s.view.Draw(p.id, screen) },
		Input:  s.run.opts.Input,
	})
	p.shell = shell
	return err
}

// resize gives the terminal a new size, and those that replace it.
func (s *session) resize(cols, rows int) error {
	s.resizing.Lock()
	defer s.resizing.Unlock()
	s.windows.resize(cols, rows)
	if err := s.fit(); err != nil {
		return err
	}
	s.run.emit(Event{Kind: Resized, Cols: cols, Rows: rows})
	s.redraw()
	return nil
}

// process is a sandboxed process as the terminal knows it.
type process struct{ *sandbox.Process }

func (p process) Kill() error { return p.Signal(os.Kill) }

// Close ends everything that the session started and removes its folder.
func (s *session) Close() error {
	var errs []error
	for _, p := range s.panes {
		if p.shell != nil {
			errs = append(errs, p.shell.Close())
		}
	}
	if s.stack != nil {
		errs = append(errs, s.stack.Close())
	}
	if s.sandbox != nil {
		errs = append(errs, s.sandbox.Close())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// failf makes a failure of a step, with what the reader needs to see.
func (s *session) failf(step *Step, hint, format string, args ...any) *Failure {
	f := &Failure{Pos: step.Pos, Message: fmt.Sprintf(format, args...), Hint: hint}
	if s.command != nil {
		f.Command = s.command.step.Text
	}
	if s.shell != nil {
		f.Screen = s.screen()
	}
	return f
}

// screen is what a person sees: the view, where there are several panes.
func (s *session) screen() []string {
	if lines := s.view.Lines(); lines != nil {
		return lines
	}
	return s.shell.Screen()
}

// awaitPrompt waits until the command before is over, and judges it. The limit is the
// step's own, else that of the command.
func (s *session) awaitPrompt(ctx context.Context, step *Step) error {
	allowed := step.Limit(s.limits)
	if s.command != nil && (step.Snippet() || step.timeout == 0) {
		allowed = s.command.step.Limit(s.limits)
	}
	limit, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	status, err := s.shell.AwaitPrompt(limit)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && s.command != nil {
		program := s.shell.Foreground()
		if program == "" {
			program = firstLine(s.command.step.Text)
		}
		at := "is still in the foreground"
		if s.command.step == step {
			at = "has not ended"
		}
		f := s.failf(step, "end it with a key step such as ^C, or give it a wait", "%s, started at %s, %s after %v", quote(program), s.command.step.Pos.Seen(step.Pos), at, allowed)
		f.Tail = s.shell.Since(0)
		return f
	}
	if errors.Is(err, terminal.ErrIncomplete) {
		return s.incomplete(step)
	}
	if errors.Is(err, terminal.ErrEnded) && s.windows.several() {
		return s.leave(ctx) // as tmux does
	}
	if err != nil {
		return err
	}
	return s.judgeStatus(status)
}

func (s *session) incomplete(step *Step) error {
	return s.failf(step, "close the quote, here-document or compound command", "%v: the shell waits for the rest of it", terminal.ErrIncomplete)
}

// judgeStatus judges the exit status of the last command, once.
func (s *session) judgeStatus(status int) error {
	c := s.command
	if c == nil || c.judged {
		return nil
	}
	c.judged = true
	if c.interrupted || c.allows(status) || !c.asked && s.shell.Inherited() {
		return nil
	}
	f := s.failf(c.step, "", "the command ended with status %d%s", status, c.wants().instead())
	f.Status = &status
	return f
}

// submit types a snippet; unless the next step of the session looks at it while it
// runs, it must end with status 0.
func (s *session) submit(ctx context.Context, step *Step) error {
	if err := s.enter(ctx, step); err != nil || step.watched {
		return err
	}
	return s.awaitPrompt(ctx, step)
}

// enter types a snippet.
func (s *session) enter(ctx context.Context, step *Step) error {
	s.command, s.waited, s.began = &command{step: step}, 0, s.shell.Position()
	allowed := step.Limit(s.limits)
	limit, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	var rejects []expect.ExpectOpt
	for _, r := range step.rejects {
		rejects = append(rejects, r.op.condition.Lacks.option())
	}
	switch err := s.shell.Submit(limit, step.op.snippet, rejects...); {
	case errors.Is(err, terminal.ErrIncomplete):
		return s.incomplete(step)
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return s.failf(step, "", "a command in the middle of the snippet has not ended after %v: %s", allowed, quote(s.shell.Foreground()))
	case err != nil:
		return err
	}
	for _, f := range s.shell.Failures() {
		s.run.addNote(fmt.Sprintf("%v: %s, in the middle of the snippet, ended with status %d; only the last status is judged", step.Pos, quote(f.Line), f.Status))
	}
	return nil
}

// expect waits for a text.
func (s *session) expect(ctx context.Context, step *Step) error {
	limit, want := step.Limit(s.limits), step.op.condition.Appears
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := s.shell.ExpectWhile(limited, s.fine, want.option())
	s.waited++
	var timeout *terminal.TimeoutError
	if !errors.As(err, &timeout) || ctx.Err() != nil {
		return err
	}
	if timeout.Ended && !s.fine(timeout.Status) && s.command != nil && !s.command.interrupted {
		// Whatever comes now, the exercise has failed already.
		return s.failedBefore(timeout)
	}
	timeout.Limit = limit
	return s.missed(step, timeout)
}

// fine reports whether the command may end with a status.
func (s *session) fine(status int) bool {
	if s.command == nil {
		return status == 0
	}
	return s.command.allows(status)
}

// missed is the failure of a step whose text did not appear.
func (s *session) missed(step *Step, timeout *terminal.TimeoutError) *Failure {
	want := step.op.condition.Appears
	f := s.failf(step, "", "%v", timeout)
	f.Want, f.Tail = want.Text, timeout.Tail
	if timeout.Ended && s.command != nil {
		f.Status = &timeout.Status
		f.Message += fmt.Sprintf("; the command had ended with status %d", timeout.Status)
	}
	if f.Nearest = nearest(f.Want, strings.FieldsFunc(timeout.Tail, isBreak)); f.Nearest == "" {
		f.Nearest = nearest(f.Want, slices.DeleteFunc(slices.Clone(timeout.Screen), isTyped))
	}
	switch {
	case s.waited > 0 && want.in(s.shell.Since(s.began)):
		f.Hint = "it came before: each wait looks from the one before it on, and from the last key"
	case s.command != nil && want.in(s.command.step.Text):
		f.Hint = "the text stands in the command itself, but what is typed does not count as output"
	}
	return f
}

// failedBefore is the failure of a command that ended before the text came that a
// wait is about.
func (s *session) failedBefore(timeout *terminal.TimeoutError) error {
	s.command.judged = true
	f := s.failf(s.command.step, "", "the command ended with status %d before %q appeared", timeout.Status, strings.Join(timeout.Want, " or "))
	f.Want, f.Tail, f.Status = strings.Join(timeout.Want, " or "), timeout.Tail, &timeout.Status
	return f
}

// isTyped tells the lines of our own prompt, which no text is near to.
func isTyped(line string) bool { return strings.HasPrefix(line, "$ ") }

func isBreak(r rune) bool { return r == '\n' || r == '\r' }

// press types keys. What the command before has come to is judged first, if it is over;
// then keys at the prompt may be a command of their own.
func (s *session) press(ctx context.Context, step *Step, key terminal.Key) error {
	if err := s.leaveEnded(ctx); err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, s.limits.Step)
	defer cancel()
	if err := s.shell.Settle(limit, key.Interrupts()); errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return s.failf(step, "", "the shell has not taken the line before it after %v", s.limits.Step)
	}
	if status, ok := s.shell.Prompting(); ok {
		if typing := s.command != nil && s.command.typing; !typing {
			if err := s.judgeStatus(status); err != nil {
				return err
			}
			if !key.Interrupts() {
				s.command = &command{step: step, typing: true}
			}
		}
		if s.command != nil && (key.Submits() || key.Leaves()) {
			s.command.typing = false
		}
	}
	if key.Interrupts() && s.command != nil {
		s.command.interrupted = true
	}
	_, prompting := s.shell.Prompting()
	if err := s.shell.Press(ctx, key); err != nil || !prompting || !key.Leaves() || !s.windows.several() {
		return err
	}
	// The end of a shell ends its pane: what follows is for another one.
	moment, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	if s.shell.AwaitEnd(moment) != nil {
		return nil
	}
	return s.leaveEnded(ctx)
}

// check waits for the prompt and judges the status, whatever was pressed.
func (s *session) check(ctx context.Context, step *Step) error {
	if s.command == nil {
		return s.failf(step, "", "there is no command to judge: the exercise before it did not get so far")
	}
	s.command.judged, s.command.interrupted = false, false
	s.command.asked, s.command.want = true, step.op.condition.Status // it may have been typed in another pane
	return s.awaitPrompt(ctx, step)
}

// again is how long a run of a snippet that until repeats lasts at least.
const again = time.Second

// repeat types the snippet before it until a text shows. Runs that ended before are
// not judged; the last one is, as it would be without this step.
func (s *session) repeat(ctx context.Context, step *Step) error {
	limit, want := step.Limit(s.limits), step.op.condition.Appears
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for runs := 1; ; runs++ {
		next := time.Now().Add(again)
		_, err := s.shell.ExpectWhile(limited, nil, want.option())
		var timeout *terminal.TimeoutError
		if errors.As(err, &timeout) && timeout.Ended && limited.Err() == nil {
			// It has ended, but what it left in the background may still print.
			pause, stop := context.WithDeadline(limited, next)
			_, err = s.shell.ExpectWhile(pause, func(int) bool { return true }, want.option())
			stop()
			if errors.As(err, &timeout) && limited.Err() == nil {
				if err := s.enter(limited, s.command.step); err != nil && limited.Err() == nil {
					return err
				}
				continue
			}
		}
		s.waited++
		if !errors.As(err, &timeout) || ctx.Err() != nil {
			return err
		}
		s.command.judged = true
		timeout.Limit = limit
		f := s.missed(step, timeout)
		f.Message += "; the snippet was typed " + times(runs)
		return f
	}
}

// compare waits for the end of the snippet and looks at what it has output.
func (s *session) compare(ctx context.Context, step *Step) error {
	if s.command == nil {
		return s.failf(step, "", "there is no output to compare")
	}
	if err := s.awaitPrompt(ctx, step); err != nil {
		return err
	}
	text, whole := s.shell.Output()
	if !whole {
		return s.failf(step, "print less", "the output is too long to be compared")
	}
	output, want := OutputLines(text), step.op.condition.Output
	if s.run.opts.Observe != nil {
		s.run.opts.Observe(step, output)
		return nil
	}
	if want.Matches(output) {
		return nil
	}
	f := s.failf(step, "check --update writes it into the deck, if it is right", "the output is not as expected")
	f.Diff, f.Screen = want.Diff(output), nil
	return f
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// rejected turns what a step returned into a failure, if something has appeared by now
// that must not.
func (s *session) rejected(err error) error {
	var rejected *terminal.RejectedError
	if err != nil && !errors.As(err, &rejected) {
		return err
	}
	active := s.pane
	defer func() { s.pane = active }()
	for _, id := range slices.Sorted(maps.Keys(s.panes)) {
		s.pane = s.panes[id]
		if s.command == nil || !errors.As(s.shell.Rejected(), &rejected) {
			continue
		}
		f := s.failf(s.command.step.rejects[rejected.Index], "", "%q appeared, which must not", rejected.Text)
		f.Tail = s.shell.Since(s.began)
		return f
	}
	return err
}

// settle judges, at the end of an exercise, a command that ends by itself after a wait
// was met or keys were typed: it gets a moment to do so. One that goes on running is
// the next exercises' affair.
func (s *session) settle(ctx context.Context) error {
	moment, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	active := s.pane
	defer func() { s.pane = active }()
	for _, id := range slices.Sorted(maps.Keys(s.panes)) {
		s.pane = s.panes[id]
		if s.command == nil || s.command.judged || s.command.interrupted {
			continue
		}
		status, err := s.shell.AwaitPrompt(moment)
		switch {
		case err == nil:
			err = s.judgeStatus(status)
		case errors.Is(err, terminal.ErrEnded) && s.windows.several():
			s.command, err = nil, nil // its pane goes with it
		case !errors.Is(err, terminal.ErrEnded) && !errors.As(err, new(*terminal.RejectedError)):
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// judge turns what a step returned into its verdict.
func (s *session) judge(ctx context.Context, step *Step, err error) (Verdict, *Failure) {
	var f *Failure
	switch {
	case err == nil:
		return Passed, nil
	case ctx.Err() != nil:
		return s.run.cut(ctx, step.Pos)
	case errors.As(err, &f):
		return Failed, f
	case errors.Is(err, terminal.ErrEnded):
		return Failed, s.failf(step, "", "%v: the snippet ended or replaced it", err)
	default:
		return Broken, s.failf(step, "", "%v", err)
	}
}

// recover makes the session fit for the next exercise after one that did not pass:
// the program in the foreground is ended, a lost shell is replaced.
func (s *session) recover(ctx context.Context) {
	s.command = nil
	err := s.shell.Recover(ctx)
	if ctx.Err() != nil || err == nil && s.shell.Nesting() <= s.nesting {
		return
	}
	s.resizing.Lock()
	defer s.resizing.Unlock()
	if err = s.shell.Close(); err == nil {
		err = s.startShell(ctx, s.pane)
	}
	if err != nil && ctx.Err() == nil {
		s.lost = fmt.Errorf("the shell was lost and cannot be replaced: %w", err)
	}
}

// firstLine is the first line of a snippet, with a sign that there are more.
func firstLine(s string) string {
	first, rest, more := strings.Cut(strings.TrimSpace(s), "\n")
	if more && strings.TrimSpace(rest) != "" {
		first += " …"
	}
	return first
}

func quote(s string) string { return "`" + s + "`" }
