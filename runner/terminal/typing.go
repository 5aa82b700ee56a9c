package terminal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	expect "github.com/Netflix/go-expect"
)

// ErrEnded reports that the shell itself has ended.
var ErrEnded = errors.New("the shell ended")

// ErrIncomplete reports that the shell waits for the rest of a snippet: an open quote,
// here-document or compound command.
var ErrIncomplete = errors.New("the snippet is not complete")

// ErrUnknown reports that a command has ended with an unknown status: it removed the marks
// from the prompt of a nested shell.
var ErrUnknown = errors.New("the exit status is unknown: the snippet changed the prompt of its shell")

// LineError reports a line that is longer than its reader's buffer, which would lose the end.
type LineError struct{ Length, Limit int }

func (e *LineError) Error() string {
	return fmt.Sprintf("a line of %d bytes is too long for what reads it: it takes %d", e.Length, e.Limit)
}

// Line buffers, in bytes without the end of the line: a terminal's in canonical mode
// (termios(3)), and that of the line editor of busybox, the only one here that keeps its
// shell in raw mode without marks for the beginning of commands.
const (
	canonicalLine = 4095
	busyboxLine   = 1023
)

// ErrFull reports that the program in the foreground has not read the earlier input.
var ErrFull = errors.New("what was typed before has not been read yet")

// Limits of the waiting for evidence that a program takes keys. A program that is going to
// change the terminal's mode drops earlier input, so keys wait for long; an interrupt is a
// signal and only waits for the presence of the program.
const (
	settleKeys      = 2 * time.Second
	settleInterrupt = 300 * time.Millisecond
	settleFirst     = 2 * time.Millisecond // until the first look; each further one waits twice as long
)

// interruptRetry is the time from an interrupt at the prompt to its first repetition.
const interruptRetry = 200 * time.Millisecond

// reading is the time of a command until the first look at whether it waits for input; each
// further look waits twice as long.
const reading = 200 * time.Millisecond

// AwaitPrompt blocks until the shell reads a line, and returns the exit status of
// the last command. The error is ErrEnded, ErrIncomplete, ErrUnknown, a *MisreadError, a
// *RejectedError or the context's.
func (s *Session) AwaitPrompt(ctx context.Context) (status int, err error) {
	// A shell that does not mark the beginning of its commands reports only now that it waits
	// for the rest.
	return s.awaitPrompt(ctx, func() bool {
		p := &s.prompt
		return p.back() || s.watch.rejected != nil || p.state == continued && !p.marksBegin()
	})
}

// maxSilent is the number of questions to a shell that reads, and does not answer, after which its
// statuses are unknown.
const maxSilent = 3

func (s *Session) awaitPrompt(ctx context.Context, back func() bool) (status int, err error) {
	silent := 0
	for limit := interruptRetry; ; limit *= 2 {
		seen := s.seen()
		if s.awaitFor(ctx, limit, back) {
			break
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if silent == maxSilent {
			return 0, ErrUnknown
		}
		// At a shell's prompt a repeated interrupt brings only the next prompt, and it is never quiet.
		if !s.holds(s.prompt.atForeignPrompt) && s.nudge() {
			limit = interruptRetry / 2 // as a person does: again and again
		}
		if s.seen() == seen {
			s.askAgain()
			if asked, answered := s.askPrompt(ctx); asked && !answered && s.awaitsLine() {
				silent++
			}
			s.integrate(ctx)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.prompt
	switch {
	case p.last.misread != nil:
		return 0, p.last.misread
	case s.watch.rejected != nil:
		return 0, s.watch.rejected
	case p.state == ended:
		return 0, ErrEnded
	case p.state == continued:
		return 0, ErrIncomplete
	case p.last.unknown:
		return 0, ErrUnknown
	}
	return p.last.status, nil
}

// nudge repeats an interrupt that may have been lost. A program that got the interrupt and
// goes on is left alone. It reports whether it did.
func (s *Session) nudge() (repeated bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repeated = s.prompt.swallowed()
	if repeated {
		s.interrupting(s.prompt.repeatInterrupt)
	}
	return repeated
}

// askAgain reads the pending output, then repeats an unanswered question to the line editor.
func (s *Session) askAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	s.prompt.askAgain()
}

// interrupting types an interrupt, and looks at its receiver before and after.
func (s *Session) interrupting(press func()) {
	front := s.dev.front()
	group := front.group
	r := receiver{group: group, relayed: len(front.relays) > 0, noProgram: isNoProgram(group)}
	r.deaf = endedItself(group) || ignoresInterrupt(group)
	press()
	s.dev.settle()
	r.gone = s.dev.foreground() != group || endedItself(group)
	s.prompt.interrupted(r)
}

// missMark makes up for a mark C that never comes, if there is evidence for it: the output
// before the evidence is read first.
func (s *Session) missMark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.prompt.missesMark() {
		return
	}
	s.drain()
	s.prompt.missMark()
	s.notify()
}

// Excused reports whether an interrupt may have ended the last command, so that its status
// means nothing.
func (s *Session) Excused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompt.excused()
}

// Prompting reports whether the shell reads a line now, and then the exit status of
// the last command.
func (s *Session) Prompting() (status int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	return s.prompt.last.status, s.prompt.state == ready
}

// Inherited reports whether the last command was a nested shell that ended with the status
// of the last command in it, as after exit and ^D: that status is not its own.
func (s *Session) Inherited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompt.last.inherited
}

// ExitStatus is the exit status of the shell itself. inherited reports whether it is the
// status of the command before, as after exit and ^D. ok is false while the shell runs, if a
// signal ended it, and if its starter does not know.
func (s *Session) ExitStatus() (status int, inherited, ok bool) {
	p, tells := s.proc.(interface{ ExitStatus() (int, bool) })
	if !tells || !s.Ended() {
		return 0, false, false
	}
	status, ok = p.ExitStatus()
	s.mu.Lock()
	defer s.mu.Unlock()
	return status, status == s.prompt.last.marked, ok
}

// Lines are the typed lines of a snippet, each with a Return behind it.
func Lines(snippet string) []string {
	return strings.Split(strings.TrimRight(snippet, "\n"), "\n")
}

// Snippet is the input of [Session.SubmitSnippet].
type Snippet struct {
	Text     string
	LastOnly bool // the statuses of all lines but the last do not matter
	// Reject holds the rejected texts from here on, until the next snippet or
	// [Session.Unwatch]. When one appears, SubmitSnippet, Expect and AwaitPrompt return a
	// *RejectedError, at once and before any other result.
	Reject []expect.ExpectOpt
}

// StatusError reports that a line of a snippet, not its last one, ended with another status
// than 0. The lines behind it have not been typed.
type StatusError struct {
	Line   string
	Status int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%q ended with status %d", e.Line, e.Status)
}

// Submit is SubmitSnippet with LastOnly set.
func (s *Session) Submit(ctx context.Context, text string, reject ...expect.ExpectOpt) error {
	return s.SubmitSnippet(ctx, Snippet{Text: text, Reject: reject, LastOnly: true})
}

// SubmitSnippet types a snippet and Return, a line at a time: the next line is sent when the
// shell reads again, or when the command asks for input. It returns when the last line has
// been taken: its command runs or has ended, see [Session.AwaitPrompt]. The shell must be at
// its prompt. A later wait looks at the output from here on. The error may be a
// *StatusError, a *LineError, a *ShellError, a *MisreadError, a *RejectedError, ErrIncomplete, ErrUnknown,
// ErrEnded or the context's.
func (s *Session) SubmitSnippet(ctx context.Context, snippet Snippet) error {
	if i := strings.IndexFunc(snippet.Text, forbidden); i >= 0 {
		return fmt.Errorf("the snippet holds the control character %q", snippet.Text[i])
	}
	lines := Lines(snippet.Text)
	var searches []search
	if len(snippet.Reject) > 0 {
		var err error
		if searches, _, err = compileSearches(snippet.Reject); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.drain()
	s.position = s.prompt.out.mark()
	s.watch = watch{searches: searches, from: s.position}
	s.prompt.snippetBegins()
	s.mu.Unlock()
	for i, line := range lines {
		if shell := s.unmarkedShell(); shell != "" && !snippet.LastOnly && !s.answersLate(ctx) {
			return &ShellError{line, shell}
		}
		if err := s.submitLine(ctx, line, i > 0 && !snippet.LastOnly, i == len(lines)-1); err != nil {
			return err
		}
	}
	return nil
}

// lineStatus is the error of the last command that a line began, if it has ended: a *StatusError
// or ErrUnknown. It is nil if the command passed, goes on, or is none. The mark at the beginning of
// a prompt tells the status already.
func (p *prompt) lineStatus() error {
	switch last := &p.last; {
	case p.state != ready && !p.showsPrompt() || !last.lineRan:
		return nil
	case last.unknown:
		return ErrUnknown
	case last.marked != 0 && !last.inherited:
		return &StatusError{last.begun, last.marked}
	}
	return nil
}

// ShellError reports a line that a nested shell would read whose statuses are unknown. It has
// not been typed.
type ShellError struct{ Line, Shell string }

func (e *ShellError) Error() string {
	return fmt.Sprintf("%s would run %q, and its exit statuses are unknown", e.Shell, e.Line)
}

// forbidden reports whether a character would act on the line editor instead of being typed.
func forbidden(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0
}

// submitLine types a line and Return. judged is whether the command of the line before must have passed, if
// it has ended: it may end at any moment until Return is typed.
func (s *Session) submitLine(ctx context.Context, line string, judged, last bool) error {
	if _, ok := s.Prompting(); ok {
		s.settlePrompt(ctx)
	}
	s.settleReader(ctx)
	if err := s.awaitShown(ctx, judged); err != nil {
		return err
	}
	if err := s.fits(line); err != nil {
		return err
	}
	slowly, err := s.typeSlowly(ctx, line)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if err := s.lineBefore(judged); err != nil {
		s.mu.Unlock()
		return err
	}
	s.keysTaken()
	s.prompt.typeLine(line, slowly)
	s.mu.Unlock()

	limit := reading
	taken := func() bool {
		if s.watch.rejected != nil {
			return true
		}
		switch s.prompt.state {
		case ready, continued, ended:
			return true
		case running:
			return last
		}
		return false
	}
	for silent := 0; ; {
		if s.awaitFor(ctx, limit, taken) {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s.missMark()
		// First whether something reads, then whether that is a shell: its prompt may come meanwhile.
		reads := s.readsTerminal()
		asked, answered := s.askPrompt(ctx)
		if asked && s.awaitFor(ctx, 0, taken) { // the prompt's marks were lost, and are there again
			break
		}
		if s.integrate(ctx) {
			break
		}
		if asked && !answered { // a line editor that is to show a prompt is no reader of the next line
			if s.awaitsLine() { // it has taken the question
				silent++
			}
			if silent == maxSilent {
				return ErrUnknown
			}
			continue
		}
		switch {
		case s.holds(s.prompt.showsPrompt):
			s.nudge()
			s.askAgain()
		case reads && !s.connecting() && !s.holds(s.prompt.atForeignPrompt): // a shell at its prompt is integrated at a later look
			return nil
		}
		limit *= 2
	}
	s.mu.Lock()
	state, rejected, misread := s.prompt.state, s.watch.rejected, s.prompt.last.misread
	s.mu.Unlock()
	switch {
	case misread != nil:
		return misread
	case rejected != nil:
		return rejected
	case state == ended && !last:
		return ErrEnded
	case state == continued && last:
		return ErrIncomplete
	}
	return nil
}

// awaitShown waits until a prompt that is being shown is whole. The command of the line before may
// have ended since the terminal was seen to be read. The error is [Session.lineBefore]'s, or
// [Session.AwaitPrompt]'s.
func (s *Session) awaitShown(ctx context.Context, judged bool) error {
	s.mu.Lock()
	err := s.lineBefore(judged)
	shows := s.prompt.showsPrompt()
	s.mu.Unlock()
	if err == nil && judged && shows {
		_, err = s.AwaitPrompt(ctx)
	}
	return err
}

// lineBefore is the lineStatus of the line before, after the pending output, if that line is judged.
func (s *Session) lineBefore(judged bool) error {
	if !judged {
		return nil
	}
	s.drain()
	return s.prompt.lineStatus()
}

// connecting is the prompt's, after the pending output.
func (s *Session) connecting() bool {
	f := s.dev.front()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	return s.prompt.connecting(f)
}

// fits returns a *LineError unless the reader of the terminal takes the line as a whole.
func (s *Session) fits(line string) error {
	limit := canonicalLine
	if !s.dev.mode().canonical {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.prompt.marksBegin() || !s.prompt.reads() {
			return nil
		}
		limit = busyboxLine
	}
	if len(line) > limit {
		return &LineError{len(line), limit}
	}
	return nil
}

// Press types keys to the reader of the terminal, without a Return of its own. A program that
// has just been started first gets the time to take them. A later wait looks at the output
// from here on.
func (s *Session) Press(ctx context.Context, keys ...Key) error {
	interrupts := slices.ContainsFunc(keys, Key.Interrupts)
	if err := s.Settle(ctx, interrupts); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	p := &s.prompt
	if p.state == ended {
		return ErrEnded
	}
	s.keysTaken()
	s.position = p.out.mark()
	b := p.keysBegin(keys)
	switch {
	case p.reads():
		p.pressAtPrompt(b, interrupts, len(keys) == 1 && keys[0].Leaves())
	case interrupts:
		s.interrupting(func() { p.press(b) })
	default:
		if err := p.pressProgram(b, s.readsTerminal); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Settle waits until a program in the foreground can take keys: it has written and reads in
// raw mode, or it sleeps in a read of the terminal. [Session.Press] calls it. The error is the
// context's, if the shell has not even taken the last typed line.
func (s *Session) Settle(ctx context.Context, interrupt bool) error {
	p := &s.prompt
	for look := interruptRetry; !s.awaitFor(ctx, look, p.settled); look *= 2 {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.nudge()
		s.askAgain()
	}
	// Raw mode set by the shell itself means that its prompt is about to come: then the only
	// evidence is that it reads, as its marks are written before.
	limit, begun := settleKeys, func() bool {
		return p.state != running || p.out.said && !s.dev.mode().canonical && !p.shellInFront()
	}
	if interrupt {
		limit, begun = settleInterrupt, func() bool { return p.state != running || p.out.said || p.last.awake }
	}
	whileRunning(ctx, limit, s.delays, func(ctx context.Context) bool {
		for look := settleFirst; ctx.Err() == nil; look *= 2 {
			if s.awaitFor(ctx, look, begun) {
				return true
			}
			reads := s.readsTerminal()
			if asked, _ := s.askPrompt(ctx); reads && !asked {
				return true
			}
		}
		return false
	})
	return nil
}

// keysTaken notes whether a program has read all that was typed and waits for more: then it has
// written what it echoes of it, and the output up to now holds that.
func (s *Session) keysTaken() {
	if k := &s.prompt.out.keys; k.submitted && len(s.queue.pending) == 0 && s.dev.front().empty() && s.readsTerminal() {
		s.drain()
		k.taken = true
	}
}

// settleReader waits, for a moment, for a nested shell that shows its prompt before it sets
// the terminal's mode and reads, such as ksh: it would echo a line a second time.
func (s *Session) settleReader(ctx context.Context) {
	if s.holds(func() bool { return s.prompt.reads() && s.prompt.asks() }) {
		s.awaitReader(ctx)
	}
}

// awaitReader waits, for a moment, until the terminal is read.
func (s *Session) awaitReader(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleKeys)
	defer cancel()
	for look := settleFirst; ctx.Err() == nil && !s.readsTerminal(); look *= 2 {
		s.awaitFor(ctx, look, func() bool { return s.prompt.state == ended })
	}
}

// Resume resumes output that ^S has stopped.
func (s *Session) Resume() { s.dev.restart() }

// Recover brings the shell back to its prompt: it interrupts the command in the
// foreground, then kills its process group, and what else reads the terminal. An error means that the
// shell is lost.
func (s *Session) Recover(ctx context.Context) error {
	s.dev.restart()
	s.mu.Lock()
	s.watch, s.prompt.last.misread = watch{from: s.watch.from}, nil
	s.mu.Unlock()
	s.spare(ctx)
	s.mu.Lock()
	if s.drain(); s.prompt.busy() {
		s.interrupting(func() { s.enqueue([]byte{interruptKey}) })
	}
	s.mu.Unlock()
	killed := 0
	err := s.awaitRecovered(ctx, time.Second)
	if errors.Is(err, context.DeadlineExceeded) {
		s.mu.Lock()
		if pgrp := s.dev.foreground(); pgrp > 1 && pgrp != s.prompt.shell {
			s.leaveAlternate()
			killGroup(pgrp)
			killed = pgrp
		}
		s.mu.Unlock()
		if err = s.awaitRecovered(ctx, 2*time.Second); err == nil {
			s.awaitServers(ctx)
		}
	}
	s.endOtherReaders(ctx, killed)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the shell does not come back to its prompt")
	}
	return err
}

// awaitRecovered blocks until the shell is back at its prompt, for d in which its programs could run: a shell
// that had no turn on a busy machine, or was stopped, has not failed to come back. The error is
// context.DeadlineExceeded behind that time.
func (s *Session) awaitRecovered(ctx context.Context, d time.Duration) (err error) {
	whileRunning(ctx, d, s.delays, func(ctx context.Context) (over bool) {
		_, err = s.awaitPrompt(ctx, s.prompt.back)
		if errors.Is(err, context.DeadlineExceeded) && s.holds(func() bool { s.drain(); return s.prompt.back() }) {
			err = nil
		}
		return !errors.Is(err, context.DeadlineExceeded)
	})
	return err
}

// endOtherReaders kills what else reads the terminal, until nothing is at work that may read it, and a process
// group that was killed, if it is not 0, has ended: one that has not read its SIGKILL yet may still take input.
func (s *Session) endOtherReaders(ctx context.Context, killed int) {
	var busy []int
	whileRunning(ctx, settleKeys, func() delays { return delaysOf(busy) }, func(ctx context.Context) bool {
		for look := settleFirst; ctx.Err() == nil; look *= 2 {
			if busy = s.dev.endOtherReaders(killed); len(busy) == 0 {
				return true
			}
			s.awaitFor(ctx, look, func() bool { return s.prompt.state == ended })
		}
		return false
	})
}

// leaveAlternate writes what a full-screen program writes at its end: one that is killed cannot, and the output of
// later commands would stand on its page. It comes before the end of the program, and so before the shell's prompt.
func (s *Session) leaveAlternate() {
	if s.drain(); s.prompt.out.screen.AltScreen() && !s.prompt.line.alt {
		s.feed([]byte("\x1b[?1049l\x1b[!p"))
	}
}

// builtinEnds is the time for a builtin command to end by itself before a recovery interrupts it.
const builtinEnds = 300 * time.Millisecond

// spare gives a command of the shell itself a moment to end. Most of them end at once, and an
// interrupt would meet the shell at its prompt: bash 5.2.15 was seen not to come back then, with a
// syntax error in a text that nobody wrote (once in 20,000 times, beside load).
func (s *Session) spare(ctx context.Context) {
	builtin := func() bool {
		s.drain()
		return s.prompt.busy() && s.prompt.state != continued && s.prompt.shellInFront()
	}
	if s.holds(builtin) {
		s.awaitFor(ctx, builtinEnds, func() bool { return !s.prompt.busy() })
	}
}

// awaitServers blocks, for a moment, until no server has the terminal any more that a killed
// program had passed to it, as that of tmux: until the server knows that the program has ended, it
// reads the next line in place of the shell. Then it sets the terminal's mode.
func (s *Session) awaitServers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleKeys)
	defer cancel()
	for look := settleFirst; ctx.Err() == nil && s.dev.passed(); look *= 2 {
		s.awaitFor(ctx, look, func() bool { return s.prompt.state == ended })
	}
}
