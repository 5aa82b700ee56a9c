package terminal

import (
	"bytes"
	"context"
	"strings"
	"time"
)

// Hand is a person's input since the last [Session.Submit] or [Session.Press].
type Hand struct {
	Typed       bool // any key
	Ran         bool // a command at the shell's prompt: its status and its output are no step's
	Interrupted bool // ^C or the like
	Half        bool // the shell's next line may have a typed beginning
	line        bool // a whole line, which the shell may not have taken yet
}

// Reads is the kind of reader of the terminal.
type Reads string

// The readers of the terminal.
const (
	ReadsPrompt  Reads = "prompt"  // the shell, a new line
	ReadsMore    Reads = "more"    // the shell, the rest of an incomplete command
	ReadsProgram Reads = "program" // the program in the foreground
	ReadsNothing Reads = "nothing" // the shell has ended
)

// ending is the time that a command typed by hand gets to end by itself.
const ending = 500 * time.Millisecond

// Reads returns the present reader of the terminal, and a person's input. A line that a
// person has just typed first gets the time to be taken, and to end.
func (s *Session) Reads(ctx context.Context) (Reads, Hand) {
	s.awaitFor(ctx, settleKeys, func() bool { return s.prompt.settled() && s.prompt.state != proving })
	s.awaitFor(ctx, ending, func() bool { return !s.prompt.hand.Ran || s.prompt.back() || s.prompt.state == continued })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	switch s.prompt.state {
	case ready:
		return ReadsPrompt, s.prompt.hand
	case continued:
		return ReadsMore, s.prompt.hand
	case ended:
		return ReadsNothing, s.prompt.hand
	}
	return ReadsProgram, s.prompt.hand
}

// Type types a person's bytes, to any reader. Unlike the other methods it may be called at
// any time, also while one of them waits: the text in a wait's view stays the same, and
// the echo of the bytes is no output. It never blocks for long.
func (s *Session) Type(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(b) == 0 {
		return nil
	}
	if s.prompt.state == ended {
		return ErrEnded
	}
	if len(s.queue.pending)+len(s.queue.byHand) > replies {
		return ErrFull
	}
	s.queue.byHand = append(s.queue.byHand, b...)
	s.deliver()
	return nil
}

// deliver types a person's bytes, unless an exchange with a shell is under way: an interrupt would
// take a line of it, and a line's status would be taken for its answer. While a prompt is proved, a line
// waits too: it is not known yet that the shell is to take it.
func (s *Session) deliver() {
	b := s.queue.byHand
	if len(b) == 0 || s.queue.hold || s.prompt.exchange != nil || s.prompt.state == proving && !bytes.ContainsAny(b, interruptKeys) {
		return
	}
	s.queue.byHand = nil
	if bytes.ContainsAny(b, interruptKeys) {
		s.interrupting(func() { s.prompt.byHand(b) })
	} else {
		s.prompt.byHand(b)
	}
}

// types notes typed bytes.
func (h *Hand) types(b []byte) {
	h.Typed = true
	h.Interrupted = h.Interrupted || bytes.ContainsAny(b, interruptKeys)
	h.Half = bytes.LastIndexAny(b, "\r\n\x03\x04") < len(b)-1
	h.line = h.line || bytes.ContainsAny(b, "\r\n")
}

// TypeKey types a key that a person pressed, in the form that the program asks for.
func (s *Session) TypeKey(k Key) error {
	s.mu.Lock()
	b := k.append(nil, s.prompt.out.screen.AppCursorKeys())
	s.mu.Unlock()
	return s.Type(b)
}

// Paste types a text that a person pasted. If the program has asked for bracketed pastes, the
// text gets their marks, and its escapes, which could end them, are removed.
func (s *Session) Paste(text string) error {
	s.mu.Lock()
	bracketed := s.prompt.out.screen.BracketedPaste()
	s.mu.Unlock()
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\r"), "\n", "\r")
	if bracketed {
		text = "\x1b[200~" + strings.ReplaceAll(text, "\x1b", "") + "\x1b[201~"
	}
	return s.Type([]byte(text))
}

// begins notes the beginning of a command whose line may have been typed by hand.
func (h *Hand) begins() { h.Ran = h.Ran || h.line }

// Clear makes the shell read a new line if a person has begun the present one or left it
// incomplete: with ^C, which works in every mode of its line editor. The error is ErrEnded
// or the context's.
func (s *Session) Clear(ctx context.Context) error {
	s.mu.Lock()
	s.drain()
	p := &s.prompt
	half := p.state == continued || p.state == ready && p.hand.Half
	if !half {
		s.mu.Unlock()
		return nil
	}
	p.hand.Half = false
	status := p.last.status
	s.interrupting(func() {
		p.expectLine(true)
		s.enqueue([]byte{interruptKey})
	})
	s.mu.Unlock()
	_, err := s.awaitPrompt(ctx, p.back)
	s.mu.Lock()
	defer s.mu.Unlock()
	p.interrupt.excuses, p.last.status = false, status // the ^C belongs to no command
	return err
}

// Pace makes the lines of snippets appear a character at a time, as if a person typed
// them; 0, the default, is all at once. It may be called at any time.
func (s *Session) Pace(perCharacter time.Duration) { s.pace.Store(int64(perCharacter)) }

// typeSlowly types a line at the shell's prompt a character at a time, but for Return,
// and reports whether it did.
func (s *Session) typeSlowly(ctx context.Context, line string) (bool, error) {
	pace := time.Duration(s.pace.Load())
	s.mu.Lock()
	p := &s.prompt
	can := pace > 0 && p.reads() && p.marksBegin() && !p.away
	if can {
		p.clearLine()
		p.out.begin(classEcho)
	}
	s.mu.Unlock()
	if !can {
		return false, nil
	}
	timer := time.NewTimer(pace)
	defer timer.Stop()
	for _, r := range line {
		key := string(r)
		if r == '\t' {
			key = "\x16\t"
		}
		s.mu.Lock()
		s.enqueue([]byte(key))
		s.mu.Unlock()
		select {
		case <-timer.C:
			timer.Reset(pace)
		case <-ctx.Done():
			s.mu.Lock()
			p.hand.Half = true
			s.mu.Unlock()
			return true, ctx.Err()
		}
	}
	return true, nil
}
