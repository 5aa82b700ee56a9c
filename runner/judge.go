package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"workshop/runner/terminal"
)

// A command that outlives its exercise is judged at its own end: the exercise gets the
// verdict, late. These limits only bound the time that the run waits for it, so that most
// verdicts come in order; no verdict depends on them.
const (
	exerciseGrace = 250 * time.Millisecond // at the end of its exercise
	sessionGrace  = 5 * time.Second        // at the end of its session; then a remark says that it was not judged
)

// command is a typed snippet, judged or not.
type command struct {
	pane        *pane
	step        *Step
	exercise    *ExerciseResult // of its step
	result      *StepResult     // of its step
	judged      bool            // its status is judged, or must not be
	typing      bool            // keys at the prompt, without a Return so far
	interrupted bool
	asked       bool                  // a step judges its status
	want        *Status               // that step's status; nil if it names none
	line        *terminal.StatusError // a failed line; the lines after it were not typed
	begun       time.Time             // its typing
	took        time.Duration         // until its prompt was back; 0: it was not, so far
	lateness    time.Duration         // of this machine's timers meanwhile, if a step measures it
}

// newCommand is the command that a step types.
func (p *pane) newCommand(step *Step) *command {
	return &command{pane: p, step: step, exercise: p.session.exercise, result: p.session.result}
}

// failf makes a failure of the command.
func (c *command) failf(hint, format string, args ...any) *Failure {
	f := c.pane.failf(c.step, hint, format, args...)
	f.Command = c.pane.session.typed(c.step)
	return f
}

// ended notes the time that the command took.
func (c *command) ended() {
	if c != nil && c.took == 0 {
		c.took = time.Since(c.begun)
	}
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
	return c.wants().allows(status) || status == 0 && c.step.mayPass && !c.asked
}

// excused reports whether an interrupt may have ended the command.
func (c *command) excused() bool { return c.interrupted && c.pane.shell.Excused() }

// pending reports whether there is a command whose status must still be judged.
func (c *command) pending() bool { return c != nil && !c.judged && !c.excused() }

// late reports whether there is a command and its exercise is over.
func (c *command) late() bool {
	return c != nil && c.exercise != nil && c.exercise != c.pane.session.exercise
}

// noteUnjudged adds the remark that the command outlived its pane or session.
func (c *command) noteUnjudged(end string) {
	c.pane.session.run.addNote(fmt.Sprintf("%v: %s still ran when %s: its status was not judged",
		c.step.Pos, quote(firstLine(c.step.Text)), end))
}

// departed is the last snippet of a closed pane.
type departed struct {
	command *command
	status  int
}

// awaitPrompt waits for the end of the last command, and judges it. The limit is the step's
// own, else that of the command.
func (p *pane) awaitPrompt(ctx context.Context, step *Step) error {
	c, allowed := p.command, p.limit(step)
	if c != nil && (step.Snippet() || step.timeout == 0) {
		allowed = p.limit(c.step)
	}
	limit, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	status, err := p.shell.AwaitPrompt(limit)
	switch {
	case err == nil:
		c.ended()
		return c.judge(status)
	case errors.Is(err, terminal.ErrUnknown):
		return c.judgeUnknown(err)
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && c != nil:
		return p.stillRuns(step, allowed)
	}
	return p.endedWith(ctx, p.explain(step, err))
}

// stillRuns is the failure of a step that needs the prompt while the last command still runs.
func (p *pane) stillRuns(step *Step, allowed time.Duration) *Failure {
	program := p.shell.Foreground()
	if program == "" {
		program = firstLine(p.command.step.Text)
	}
	at := "is still in the foreground"
	if p.command.step == step {
		at = "has not ended"
	}
	f := p.failf(step, "end it with a key step such as ^C, or give it a wait",
		"%s, started at %s, %s after %v", quote(program), p.command.step.Pos.Seen(step.Pos), at, allowed)
	f.Tail = p.shell.Since(0)
	f.Hung = !step.OwnLimit() && !p.command.step.OwnLimit()
	return f
}

// explain turns an error of the shell into a failure if the exercise caused it.
func (p *pane) explain(step *Step, err error) error {
	var long *terminal.LineError
	var refused *terminal.RefusedError
	var foreign *terminal.ShellError
	switch {
	case errors.As(err, &foreign):
		return p.failf(step, "type its lines by keys steps, each with a wait for its output, or put `statuses last` into the exercise", "%v", err)
	case errors.As(err, &refused):
		if p.command != nil {
			p.command.judged = true
		}
		return p.failf(step, "", "%v", err)
	case errors.Is(err, terminal.ErrIncomplete):
		return p.failf(step, "close the quote, here-document or compound command",
			"%v: the shell waits for the rest of it", terminal.ErrIncomplete)
	case errors.As(err, &long):
		return p.failf(step, "split the line, or put it into a file", "%v", err)
	}
	return err
}

// endedWith continues after the end of the shell. One of several panes is closed with its
// shell, as in tmux; a shell that an earlier exercise ended is replaced.
func (p *pane) endedWith(ctx context.Context, err error) error {
	if !errors.Is(err, terminal.ErrEnded) {
		return err
	}
	if p.session.windows.several() {
		verdict := p.judgeEnd()
		return errors.Join(verdict, p.leave(ctx))
	}
	c := p.command
	status, _, ok := p.shell.ExitStatus()
	switch {
	case c != nil && c.step.status != nil && ok && c.allows(status): // a status step expects this end
		p.session.gone = &departed{c, status}
	case c.late():
		c.correct(p.endFailure(c.step))
	default:
		return err
	}
	p.recover(ctx)
	return p.session.lost
}

// judgeEnd judges a snippet that ended the shell of its pane, such as exit or exec, by the
// shell's own status, unless that status is another command's and no step judges it.
func (p *pane) judgeEnd() error {
	status, inherited, ok := p.shell.ExitStatus()
	c := p.command
	if c == nil || !c.step.Snippet() || !ok {
		return nil
	}
	p.session.gone = &departed{c, status}
	if inherited && c.step.status == nil {
		c.judged = true
	}
	return c.judge(status)
}

// endFailure is the failure of a step whose snippet ended the shell.
func (p *pane) endFailure(step *Step) *Failure {
	status, _, ok := p.shell.ExitStatus()
	if !ok {
		return p.failf(step, "", "%v: the snippet ended or replaced it", terminal.ErrEnded)
	}
	f := p.failf(step, "", "%v: the snippet ended or replaced it, with status %d", terminal.ErrEnded, status)
	if status != 0 && p.errexit {
		f.Message = fmt.Sprintf("a command ended with status %d, and set -e made the shell end with it", status)
		f.Hint = "run it in a subshell, or without set -e"
	}
	f.Status = &status
	return f
}

// judge judges the exit status of the command, if there is one, once. A late failure belongs
// to the command's own exercise.
func (c *command) judge(status int) error {
	if c == nil || c.judged {
		return nil
	}
	c.judged = true
	if c.excused() || c.allows(status) || !c.asked && c.pane.shell.Inherited() {
		return nil
	}
	hint := ""
	if c.step.Rule != "" && !c.step.Hidden && c.wants() == nil {
		hint = "if it is to fail: show its status with `$ echo $?` in a fence of prompts, " +
			"or put <!-- workshop: status nonzero --> behind the fence"
	}
	f := c.failf(hint, "the command ended with status %d%s", status, c.wants().instead())
	f.Status = &status
	return c.blame(f)
}

// judgeUnknown judges a command that ended with an unknown status.
func (c *command) judgeUnknown(err error) error {
	if c == nil || c.judged {
		return nil
	}
	c.judged = true
	if want := c.wants(); want != nil && want.Any {
		return nil
	}
	return c.blame(c.failf("set the prompt in a snippet of its own, with status any behind it", "%v", err))
}

// judgeEnded judges the pane's last command, if it is over.
func (p *pane) judgeEnded() error {
	if status, ok := p.shell.Prompting(); ok {
		return p.command.judge(status)
	}
	return nil
}

// allowed reports whether the last command may end with a status.
func (p *pane) allowed(status int) bool {
	if p.command == nil {
		return status == 0
	}
	return p.command.allows(status)
}

// blame gives a failure to the exercise of the command. It returns the failure, unless that
// exercise is over.
func (c *command) blame(f *Failure) error {
	if c.late() {
		c.correct(f)
		return nil
	}
	return f
}

// correct gives a late failure to the exercise of the command.
func (c *command) correct(f *Failure) {
	c.judged = true
	if !done(c.exercise.Verdict) {
		return
	}
	r := c.pane.session.run
	c.exercise.Verdict, c.exercise.Failure, c.exercise.Late = r.held(c.exercise.Exercise, Failed), f, true
	if c.result != nil {
		c.result.Verdict, c.result.Failure = Failed, f
	}
	if w := c.pane.session.wants; w != nil {
		w.lose(c.exercise)
	}
	r.stopped = r.stopped || r.opts.StopAtFail && c.exercise.Verdict == Failed
	r.emit(Event{
		Kind: ExerciseCorrected, Exercise: c.exercise.Exercise, Step: c.step,
		Verdict: c.exercise.Verdict, Failure: f, Duration: c.exercise.Duration,
	})
}

// settle judges, at the end of an exercise or of the session, the commands that end by
// themselves within the grace. Commands that go on running are judged later.
func (s *session) settle(ctx context.Context, grace time.Duration) error {
	moment, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	for _, p := range s.inOrder() {
		if p.command == nil || p.command.judged {
			continue
		}
		if err := p.settle(p.shell.AwaitPrompt(moment)); err != nil {
			return err
		}
	}
	return nil
}

// settle judges the pane's last command by the outcome of a short wait for its prompt.
func (p *pane) settle(status int, err error) error {
	c := p.command
	switch ended, rejected := errors.Is(err, terminal.ErrEnded), errors.As(err, new(*terminal.RejectedError)); {
	case err == nil:
		return c.judge(status)
	case ended && p.session.windows.several():
		err = p.judgeEnd()
		p.command = nil // its pane is closed
		return err
	case ended && c.late():
		c.correct(p.endFailure(c.step))
		return nil
	case errors.Is(err, terminal.ErrUnknown):
		return c.judgeUnknown(err)
	case rejected && c.late():
		return p.session.rejected(err)
	case ended || rejected:
		return err
	}
	return nil // it goes on running
}

// awaited is the first command of an exercise that passed that still runs, and may end by itself; nil if
// there is none.
func (s *session) awaited() *command {
	if s == nil {
		return nil
	}
	for _, p := range s.inOrder() {
		c := p.command
		if c.pending() && c.exercise != nil && done(c.exercise.Verdict) && !p.shell.ReadsTerminal() {
			return c
		}
	}
	return nil
}

// finish judges, at the end of the session, the commands that have outlived their exercises.
// A remark names those that still run.
func (s *session) finish(ctx context.Context) {
	s.exercise, s.result = nil, nil
	grace := time.Duration(0)
	for _, p := range s.panes {
		if p.command.pending() && !p.shell.ReadsTerminal() {
			grace = sessionGrace
		}
	}
	err := s.rejected(s.settle(ctx, grace)) // nil, since every command is late by now
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.run.addNote(fmt.Sprintf("the end of the session: %v", err))
	}
	for _, p := range s.panes {
		p.keepOutput()
	}
	for _, p := range s.inOrder() {
		if p.command.pending() {
			p.command.noteUnjudged("its session ended")
		}
	}
}

// verdict is the verdict of a step that ended with an error, or without one.
func (p *pane) verdict(ctx context.Context, step *Step, err error) (Verdict, *Failure) {
	var f *Failure
	var undecided *undecidedError
	err = p.explain(step, err)
	switch {
	case err == nil:
		return Passed, nil
	case ctx.Err() != nil:
		return p.session.run.cut(ctx, step.Pos)
	case errors.As(err, &undecided):
		return Inconclusive, undecided.failure
	case errors.As(err, &f):
		return Failed, f
	case errors.Is(err, terminal.ErrEnded):
		return Failed, p.endFailure(step)
	default:
		return Broken, p.failf(step, "", "%v", err)
	}
}
