package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	expect "github.com/Netflix/go-expect"
)

// ErrEnded says that the shell itself has ended.
var ErrEnded = errors.New("the shell ended")

// ErrIncomplete says that the shell waits for the rest of a snippet: an open quote,
// here-document or compound command.
var ErrIncomplete = errors.New("the snippet is not complete")

// ErrFull says that the program in the foreground has not read what was typed before.
var ErrFull = errors.New("what was typed before has not been read yet")

// Limits of the waiting for evidence that a program takes keys. One that is going to
// change the terminal's mode drops what was typed before, so keys wait for long; an
// interrupt is a signal and only waits for the program to be there.
const (
	settleKeys      = 2 * time.Second
	settleInterrupt = 300 * time.Millisecond
	settleFirst     = 2 * time.Millisecond // until the first look; each further one waits twice as long
)

// lazy is how long an interrupt at the prompt is given, the first time, before it is
// repeated.
const lazy = 200 * time.Millisecond

// reading is how long a command is given, the first time, before a look at whether
// it waits for input; each further look waits twice as long.
const reading = 200 * time.Millisecond

// AwaitPrompt blocks until the shell reads a line, and returns the exit status of
// the last command. The error is ErrEnded, ErrIncomplete, a *RejectedError or the
// context's.
func (s *Session) AwaitPrompt(ctx context.Context) (status int, err error) {
	// A shell that does not mark the beginning of its commands says only now that it
	// waits for more.
	return s.awaitPrompt(ctx, func() bool {
		return s.back() || s.rejected != nil || s.state == continued && !s.marksBegin()
	})
}

func (s *Session) awaitPrompt(ctx context.Context, back func() bool) (status int, err error) {
	for limit := lazy; ; limit *= 2 {
		seen := s.seen()
		if s.awaitFor(ctx, limit, back) {
			break
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		s.nudge()
		if s.seen() == seen {
			s.integrate(ctx)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.rejected != nil:
		return 0, s.rejected
	case s.state == ended:
		return 0, ErrEnded
	case s.state == continued:
		return 0, ErrIncomplete
	}
	return s.status, nil
}

// back is the condition that the shell reads a line, or is gone.
func (s *Session) back() bool { return s.state == ready || s.state == ended }

// nudge repeats an interrupt that the shell has swallowed. Bash takes notice of one
// that comes at the very moment of its prompt only at the next key, and goes on with
// a loop when one comes between two of its commands; a child of it loses one that comes
// before it has become another program. A program that got it has its own reasons to go
// on: it is left alone.
func (s *Session) nudge() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.interrupt:
	case s.state == running && s.missed:
		s.interrupting(func() { s.press([]byte{interruptKey}) })
	case s.state == sent || s.state == continued:
		s.interrupting(func() { s.enqueue([]byte{interruptKey}) })
	}
}

// interrupting types an interrupt, and notes whether it may have missed every program:
// a shell was in the foreground, or one about to become a program, or the program had
// ended and its shell did not know it yet.
func (s *Session) interrupting(press func()) {
	group := s.dev.foreground()
	missed := group == s.shell || isNoProgram(group)
	press()
	s.dev.settle()
	s.interrupt, s.missed = true, missed || s.dev.foreground() != group || endedItself(group)
}

// Prompting reports whether the shell reads a line now, and then the exit status of
// the last command.
func (s *Session) Prompting() (status int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	return s.status, s.state == ready
}

// Inherited reports whether the last command was a shell inside that ended with the
// status of the last command in it, as exit and ^D make it: that says nothing of itself.
func (s *Session) Inherited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inherited
}

// LineStatus is how one line of a snippet ended.
type LineStatus struct {
	Line   string
	Status int
}

// Failures are the lines of the last snippet, but for its last one, whose commands
// ended with another status than 0. The snippet's own status does not show them.
func (s *Session) Failures() []LineStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures
}

// Lines are the lines of a snippet as they are typed, each with a Return behind it.
func Lines(snippet string) []string {
	return strings.Split(strings.TrimRight(snippet, "\n"), "\n")
}

// Submit types a snippet and Return, a line at a time: the next line is sent when
// the shell reads again, or when the command asks for input. It returns when the
// last line has been taken: its command runs or has ended ([Session.AwaitPrompt]
// tells). The shell must be at its prompt. A wait looks at what comes from here on.
//
// What is rejected must not appear from here on, until the next Submit or
// [Session.Unwatch]: when it does, this method, Expect and AwaitPrompt return a
// *RejectedError, at once and whatever else has come.
func (s *Session) Submit(ctx context.Context, snippet string, reject ...expect.ExpectOpt) error {
	if i := strings.IndexFunc(snippet, forbidden); i >= 0 {
		return fmt.Errorf("the snippet holds the control character %q", snippet[i])
	}
	lines := Lines(snippet)
	var watches []search
	if len(reject) > 0 {
		var err error
		if watches, _, err = compileSearches(reject); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.drain()
	s.mark()
	s.submitted = s.position.offset
	s.watches, s.watched, s.rejected = watches, s.position, nil
	s.status, s.ran, s.inherited, s.failures, s.refused, s.hand = 0, false, false, nil, 0, Hand{}
	s.mu.Unlock()
	for i, line := range lines {
		if err := s.submitLine(ctx, line, i == len(lines)-1); err != nil {
			return err
		}
	}
	return nil
}

// forbidden characters would act on the line editor instead of being typed.
func forbidden(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0
}

func (s *Session) submitLine(ctx context.Context, line string, last bool) error {
	typed, err := s.typeSlowly(ctx, line)
	if err != nil {
		return err
	}
	s.mu.Lock()
	interrupted, before := s.interrupt, s.number
	switch {
	case typed:
	case s.state == ready || s.state == continued:
		s.typeLine(line)
	default: // the command before it asks for input
		s.press([]byte(line + "\r"))
	}
	s.mu.Unlock()

	limit := reading
	taken := func() bool {
		if s.rejected != nil {
			return true
		}
		switch s.state {
		case ready, continued, ended:
			return true
		case running:
			return last
		}
		return false
	}
	for {
		if s.awaitFor(ctx, limit, taken) {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s.missMark()
		if s.integrate(ctx) {
			break
		}
		if s.readsTerminal() {
			return nil
		}
		limit *= 2
	}
	s.mu.Lock()
	state, ran, status, rejected := s.state, s.ran, s.status, s.rejected
	if !last && state == ready && s.number > before && s.lastStatus != 0 {
		s.failures = append(s.failures, LineStatus{line, s.lastStatus})
	}
	s.mu.Unlock()
	switch {
	case rejected != nil:
		return rejected
	case state == ended && !last:
		return ErrEnded
	case state == continued && last:
		return ErrIncomplete
	case state == ready && interrupted && !ran && status == 130:
		// The interrupt typed before reached the prompt instead of the program,
		// which had ended by itself, and took the line with it.
		s.mu.Lock()
		s.interrupt = false
		s.mu.Unlock()
		return s.submitLine(ctx, line, last)
	}
	return nil
}

// typeLine types a line and Return at the shell's prompt.
func (s *Session) typeLine(line string) {
	s.clearLine()
	s.expectLine()
	if !s.marksBegin() { // everything up to the end of the line is echo
		s.echo.editor(s)
		text := strings.TrimSpace(line)
		s.state, s.ran = running, s.ran || text != "" && text[0] != '#'
		s.enqueue([]byte(line + "\r"))
		return
	}
	if s.away { // mark E comes before the line editor is there: the terminal itself may echo
		b := []byte(line + "\r")
		s.echo.expect(canonicalEcho(b, true), s)
		s.enqueue(b)
		return
	}
	if s.screen.BracketedPaste() && (strings.Contains(line, "\t") || len(line) > 200) {
		line = "\x1b[200~" + line + "\x1b[201~"
	} else {
		line = strings.ReplaceAll(line, "\t", "\x16\t")
	}
	s.enqueue([]byte(line + "\r"))
}

// clearLine discards what may stand behind the prompt: keys without a Return, or the
// answers to queries that a program did not wait for. ^G ends a command of the line
// editor such as a search.
func (s *Session) clearLine() {
	if s.control {
		s.enqueue([]byte{0x07})
	}
	if s.dirty {
		s.enqueue([]byte{0x05, 0x15}) // ^E ^U
	}
	s.dirty, s.control = false, false
}

// expectLine notes that a line is typed at the shell's prompt. While its prompts are
// away it neither echoes nor says when the command begins.
func (s *Session) expectLine() {
	if s.away {
		s.state, s.ran = running, true
		return
	}
	s.state, s.line, s.complaint, s.heard = sent, false, false, s.heard[:0]
	s.begin(classEcho)
}

// mark makes the next Expect look at what comes from here on.
func (s *Session) mark() {
	s.begin(s.classes[len(s.classes)-1])
	s.position = position{offset: s.text.end(), epoch: uint32(len(s.classes) - 1)}
}

// Press types keys to whatever reads the terminal, without a Return of its own. A
// program that has just been started is first given the time to take them. A wait
// looks at what comes from here on.
func (s *Session) Press(ctx context.Context, keys ...Key) error {
	interrupts := slices.ContainsFunc(keys, Key.Interrupts)
	if err := s.Settle(ctx, interrupts); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	if s.state == ended {
		return ErrEnded
	}
	s.mark()
	s.hand = Hand{}
	var b []byte
	for _, k := range keys {
		b = k.append(b, s.screen.AppCursorKeys())
	}
	s.awake, s.missed = true, false
	if s.state == ready || s.state == continued {
		s.status, s.inherited = 0, false
		if s.state == ready && !s.typed && len(keys) == 1 && keys[0].Leaves() { // what comes now is the end of a shell
			s.state, s.ran, s.leaving, s.saidSince, s.interrupt = running, true, true, false, false
			s.begin(classOutput)
			s.enqueue(b)
			return ctx.Err()
		}
		if bytes.ContainsAny(b, submitting+"\x03") {
			s.expectLine() // a new prompt will come of it
			s.dirty = s.dirty || bytes.Contains(b, []byte(operateKey))
		} else {
			s.begin(classEcho)
			s.dirty, s.typed, s.control = true, true, s.control || bytes.IndexFunc(b, forbidden) >= 0
		}
		s.interrupt = s.interrupt || interrupts
		s.enqueue(b)
		return ctx.Err()
	}
	if interrupts {
		s.interrupting(func() { s.press(b) })
	} else {
		s.press(b)
	}
	return ctx.Err()
}

// press types bytes to a program in the foreground, prepared for their echo.
func (s *Session) press(b []byte) {
	m := s.dev.mode()
	switch {
	case m.canonical && m.echo:
		s.echo.expect(canonicalEcho(b, m.echoControl), s)
	case m.canonical || s.screen.AltScreen():
		s.echo.reset(s)
	case len(b) > 1 && bytes.ContainsAny(b, "\r\n"):
		s.echo.editor(s)
	case len(b) > 1 && bytes.IndexFunc(b, forbidden) < 0:
		s.echo.expect(b, s)
	}
	s.enqueue(b)
}

// canonicalEcho is what the line discipline echoes (termios(3): ECHO, ECHOCTL).
func canonicalEcho(b []byte, control bool) []byte {
	var e []byte
	for _, c := range b {
		switch {
		case c == '\r' || c == '\n':
			e = append(e, '\r', '\n')
		case c == 0x04: // end of file is not echoed
		case c == '\t' || c >= ' ' && c != 0x7f:
			e = append(e, c)
		case control && c != 0x7f:
			e = append(e, '^', c^0x40)
		}
	}
	return e
}

// Settle waits until a program in the foreground can take keys: it has written and
// reads in raw mode, or it sleeps in a read of the terminal. [Session.Press] does so by
// itself. The error is the context's, where the shell has not even taken the line that
// was typed last.
func (s *Session) Settle(ctx context.Context, interrupt bool) error {
	if err := s.await(ctx, func() bool { return s.state != sent }); err != nil {
		return err
	}
	// Raw mode that the shell itself has set means that its prompt is about to come: then
	// only that it reads counts, as its marks are written before.
	limit, begun := settleKeys, func() bool {
		return s.state != running || s.saidSince && !s.dev.mode().canonical && !s.shellInFront()
	}
	if interrupt {
		limit, begun = settleInterrupt, func() bool { return s.state != running || s.saidSince || s.awake }
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for look := settleFirst; ctx.Err() == nil; look *= 2 {
		if s.awaitFor(ctx, look, begun) || s.readsTerminal() {
			break
		}
	}
	return nil
}

// Recover brings the shell back to its prompt: it interrupts the command in the
// foreground, then kills its process group. An error means that the shell is lost.
func (s *Session) Recover(ctx context.Context) error {
	s.mu.Lock()
	s.watches, s.rejected = nil, nil
	if !s.back() {
		s.interrupting(func() { s.enqueue([]byte{interruptKey}) })
	}
	s.mu.Unlock()
	within := func(d time.Duration) error {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		_, err := s.awaitPrompt(ctx, s.back)
		return err
	}
	err := within(time.Second)
	if errors.Is(err, context.DeadlineExceeded) {
		if pgrp := s.dev.foreground(); pgrp > 1 && pgrp != s.shell {
			killGroup(pgrp)
		}
		err = within(2 * time.Second)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the shell does not come back to its prompt")
	}
	return err
}
