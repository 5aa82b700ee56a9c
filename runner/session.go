package runner

import (
	"context"
	"errors"
	"fmt"
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
	next   map[*Step]*Step // within the session

	dir     string
	work    string
	env     []string
	sandbox *sandbox.Sandbox
	stack   Stack
	shell   *terminal.Session
	lost    error // why the session cannot go on

	command *command // the last snippet
	waited  int      // waits since then
	began   terminal.Position
	nesting int // shells around the one that reads, when the exercise began

	resizing   sync.Mutex // with the terminal being replaced
	cols, rows int
}

// command is a snippet that was typed and whose exit status may have yet to be judged.
type command struct {
	step        *Step
	judged      bool // its status has been looked at, or must not be
	typing      bool // by keys at the prompt, without a Return so far
	interrupted bool
}

// open prepares a session: a folder that goes away with it, a sandbox, a stack, a shell.
func (r *run) open(ctx context.Context, plan *Session) (_ *session, err error) {
	s := &session{run: r, plan: plan, limits: r.opts.Limits, next: map[*Step]*Step{}, cols: r.opts.Cols, rows: r.opts.Rows}
	var before *Step
	for _, e := range plan.Exercises {
		for _, step := range e.Steps {
			if before != nil {
				s.next[before] = step
			}
			before = step
		}
	}
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
	return s, s.startShell(ctx)
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

func (s *session) startShell(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	s.resizing.Lock()
	defer s.resizing.Unlock()
	shell, err := terminal.Start(ctx, terminal.Options{
		Cols: s.cols, Rows: s.rows, Shell: s.run.opts.Shell,
		Env: s.env, Dir: s.work, StateDir: filepath.Join(s.dir, "shell"),
		Start: func(c terminal.Command) (terminal.Process, error) {
			p, err := s.sandbox.Start(sandbox.Cmd{Argv: c.Argv, Env: c.Env, Dir: c.Dir, TTY: c.TTY})
			if err != nil {
				return nil, err
			}
			return process{p}, nil
		},
		Output: func(b []byte) { s.run.emit(Event{Kind: Output, Data: b}) },
	})
	s.shell = shell
	return err
}

// resize gives the terminal a new size, and those that replace it.
func (s *session) resize(cols, rows int) error {
	s.resizing.Lock()
	defer s.resizing.Unlock()
	s.cols, s.rows = cols, rows
	if s.shell == nil {
		return nil
	}
	return s.shell.Resize(cols, rows)
}

// process is a sandboxed process as the terminal knows it.
type process struct{ *sandbox.Process }

func (p process) Kill() error { return p.Signal(os.Kill) }

// Close ends everything that the session started and removes its folder.
func (s *session) Close() error {
	var errs []error
	if s.shell != nil {
		errs = append(errs, s.shell.Close())
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
		f.Screen = s.shell.Screen()
	}
	return f
}

// awaitPrompt waits until the command before is over, and judges it.
func (s *session) awaitPrompt(ctx context.Context, step *Step) error {
	limit, cancel := context.WithTimeout(ctx, s.limits.Step)
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
		f := s.failf(step, "end it with a key step such as ^C, or give it a wait", "%s, started at line %d, %s after %v", quote(program), s.command.step.Pos.Line, at, s.limits.Step)
		f.Tail = s.shell.Since(0)
		return f
	}
	if errors.Is(err, terminal.ErrIncomplete) {
		return s.incomplete(step)
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
	if status == 0 || c.interrupted {
		return nil
	}
	f := s.failf(c.step, "", "the command ended with status %d", status)
	f.Status = &status
	return f
}

// submit types a snippet; unless the next step of the session looks at it while it
// runs, it must end with status 0.
func (s *session) submit(ctx context.Context, step *Step) error {
	s.command, s.waited, s.began = &command{step: step}, 0, s.shell.Position()
	limit, cancel := context.WithTimeout(ctx, s.limits.Step)
	defer cancel()
	switch err := s.shell.Submit(limit, step.Text); {
	case errors.Is(err, terminal.ErrIncomplete):
		return s.incomplete(step)
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return s.failf(step, "", "a command in the middle of the snippet has not ended after %v: %s", s.limits.Step, quote(s.shell.Foreground()))
	case err != nil:
		return err
	}
	for _, f := range s.shell.Failures() {
		s.run.addNote(fmt.Sprintf("%v: %s, in the middle of the snippet, ended with status %d; only the last status is judged", step.Pos, quote(f.Line), f.Status))
	}
	if next := s.next[step]; next != nil && !next.Snippet() {
		return nil
	}
	return s.awaitPrompt(ctx, step)
}

// expect waits for a text.
func (s *session) expect(ctx context.Context, step *Step, limit time.Duration, condition expect.ExpectOpt) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := s.shell.Expect(limited, condition)
	s.waited++
	var timeout *terminal.TimeoutError
	if !errors.As(err, &timeout) || ctx.Err() != nil {
		return err
	}
	if timeout.Ended && timeout.Status != 0 && s.command != nil && !s.command.interrupted {
		// Whatever comes now, the exercise has failed already.
		return s.failedBefore(timeout)
	}
	timeout.Limit = limit
	f := s.failf(step, "", "%v", timeout)
	f.Want, f.Screen, f.Tail = strings.Join(timeout.Want, " or "), timeout.Screen, timeout.Tail
	if timeout.Ended && s.command != nil {
		f.Status = &timeout.Status
		f.Message += fmt.Sprintf("; the command had ended with status %d", timeout.Status)
	}
	if f.Nearest = nearest(f.Want, strings.FieldsFunc(timeout.Tail, isBreak)); f.Nearest == "" {
		f.Nearest = nearest(f.Want, slices.DeleteFunc(slices.Clone(timeout.Screen), isTyped))
	}
	switch {
	case s.waited > 0 && strings.Contains(s.shell.Since(s.began), f.Want):
		f.Hint = "it came before: each wait looks from the one before it on, and from the last key"
	case s.command != nil && strings.Contains(s.command.step.Text, f.Want):
		f.Hint = "the text stands in the command itself, but what is typed does not count as output"
	}
	return f
}

// failedBefore is the failure of a command that ended before the text came that a
// wait is about.
func (s *session) failedBefore(timeout *terminal.TimeoutError) error {
	s.command.judged = true
	f := s.failf(s.command.step, "", "the command ended with status %d before %q appeared", timeout.Status, strings.Join(timeout.Want, " or "))
	f.Want, f.Screen, f.Tail, f.Status = strings.Join(timeout.Want, " or "), timeout.Screen, timeout.Tail, &timeout.Status
	return f
}

// isTyped tells the lines of our own prompt, which no text is near to.
func isTyped(line string) bool { return strings.HasPrefix(line, "$ ") }

func isBreak(r rune) bool { return r == '\n' || r == '\r' }

// press types keys. What the command before has come to is judged first, if it is over;
// then keys at the prompt may be a command of their own.
func (s *session) press(ctx context.Context, step *Step, key terminal.Key) error {
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
		if s.command != nil && key.Submits() {
			s.command.typing = false
		}
	}
	if key.Interrupts() && s.command != nil {
		s.command.interrupted = true
	}
	return s.shell.Press(ctx, key)
}

// check waits for the prompt and wants status 0, whatever was pressed.
func (s *session) check(ctx context.Context, step *Step) error {
	if s.command != nil {
		s.command.judged, s.command.interrupted = false, false
	}
	return s.awaitPrompt(ctx, step)
}

// settle judges, at the end of an exercise, a command that ends by itself after a wait
// was met or keys were typed: it gets a moment to do so. One that goes on running is
// the next exercises' affair.
func (s *session) settle(ctx context.Context) error {
	if s.command == nil || s.command.judged || s.command.interrupted {
		return nil
	}
	moment, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	status, err := s.shell.AwaitPrompt(moment)
	switch {
	case err == nil:
		return s.judgeStatus(status)
	case errors.Is(err, terminal.ErrEnded):
		return err
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
	if err = s.shell.Close(); err == nil {
		err = s.startShell(ctx)
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
