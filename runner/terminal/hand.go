package terminal

import (
	"bytes"
	"context"
	"strings"
	"time"
)

// Hand is what a person has typed since the last [Session.Submit] or [Session.Press].
type Hand struct {
	Typed       bool // something
	Ran         bool // a command at the shell's prompt: its status and its output are no step's
	Interrupted bool // ^C or the like
	Half        bool // the beginning of a line may stand where the shell reads the next one
	line        bool // a whole line, which the shell may not have taken yet
}

// Reads says what reads the terminal now.
type Reads string

// What may read the terminal.
const (
	ReadsPrompt  Reads = "prompt"  // the shell, a new line
	ReadsMore    Reads = "more"    // the shell, the rest of a command that is not complete
	ReadsProgram Reads = "program" // what runs in the foreground
	ReadsNothing Reads = "nothing" // the shell has ended
)

// ending is how long a command that was typed by hand is given to end by itself.
const ending = 500 * time.Millisecond

// Reads says what reads the terminal, and what a person has typed by hand. A line that
// has just been typed by hand is first given the time to be taken, and to end.
func (s *Session) Reads(ctx context.Context) (Reads, Hand) {
	s.awaitFor(ctx, settleKeys, func() bool { return s.state != sent && s.state != prompting })
	s.awaitFor(ctx, ending, func() bool { return !s.hand.Ran || s.back() || s.state == continued })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	switch s.state {
	case ready:
		return ReadsPrompt, s.hand
	case continued:
		return ReadsMore, s.hand
	case ended:
		return ReadsNothing, s.hand
	}
	return ReadsProgram, s.hand
}

// Type types what a person types, whatever reads it. Unlike the others it may be
// called at any time, also while one of them waits: what a wait looks at stays the
// same, and the echo of what is typed is no output. It never blocks for long.
func (s *Session) Type(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(b) == 0 {
		return nil
	}
	if s.state == ended {
		return ErrEnded
	}
	if len(s.out.pending) > replies {
		return ErrFull
	}
	h := &s.hand
	h.Typed = true
	interrupts := bytes.ContainsAny(b, "\x03\x1c\x1a")
	end := bytes.LastIndexAny(b, "\r\n\x03\x04")
	h.Half = end < len(b)-1
	h.line = h.line || bytes.ContainsAny(b, "\r\n")
	if interrupts {
		h.Interrupted = true
		s.interrupting(func() { s.byHand(b) })
		return nil
	}
	s.byHand(b)
	return nil
}

// byHand types what a person types, prepared for what it may look like.
func (s *Session) byHand(b []byte) {
	switch s.state {
	case ready, continued:
		if bytes.ContainsAny(b, "\r\n\x03") {
			s.expectLine()
		} else {
			s.begin(classEcho)
		}
		s.dirty, s.control = true, s.control || bytes.IndexFunc(b, forbidden) >= 0
		s.enqueue(b)
	case running:
		s.press(b)
	default:
		s.dirty = true
		s.enqueue(b)
	}
}

// TypeKey types a key that a person pressed, in the form that the program asks for.
func (s *Session) TypeKey(k Key) error {
	s.mu.Lock()
	b := k.append(nil, s.screen.AppCursorKeys())
	s.mu.Unlock()
	return s.Type(b)
}

// Paste types a text that a person pasted. To a program that wants to know it is marked
// as such; what would end the mark is taken out.
func (s *Session) Paste(text string) error {
	s.mu.Lock()
	bracketed := s.screen.BracketedPaste()
	s.mu.Unlock()
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\r"), "\n", "\r")
	if bracketed {
		text = "\x1b[200~" + strings.ReplaceAll(text, "\x1b", "") + "\x1b[201~"
	}
	return s.Type([]byte(text))
}

// begins notes that a command begins whose line may have been typed by hand.
func (h *Hand) begins() { h.Ran = h.Ran || h.line }

// Clear makes the shell read a new line, if it reads one that a person has begun or
// not completed: with ^C, which works in every mode of its line editor. The error is
// ErrEnded or the context's.
func (s *Session) Clear(ctx context.Context) error {
	s.mu.Lock()
	s.drain()
	half := s.state == continued || s.state == ready && s.hand.Half
	if !half {
		s.mu.Unlock()
		return nil
	}
	s.hand.Half = false
	status := s.status
	s.interrupting(func() {
		s.expectLine()
		s.enqueue([]byte{interruptKey})
	})
	s.mu.Unlock()
	_, err := s.awaitPrompt(ctx, s.back)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupt, s.status = false, status // the ^C was nobody's command
	return err
}

// Pace makes the lines of snippets appear a character at a time, as if a person typed
// them; 0 is the usual, all at once. It may be called at any time.
func (s *Session) Pace(perCharacter time.Duration) { s.pace.Store(int64(perCharacter)) }

// typeSlowly types a line at the shell's prompt a character at a time, but for Return,
// and reports whether it did.
func (s *Session) typeSlowly(ctx context.Context, line string) (bool, error) {
	pace := time.Duration(s.pace.Load())
	s.mu.Lock()
	can := pace > 0 && (s.state == ready || s.state == continued) && s.marksBegin() && !s.away
	if can {
		s.clearLine()
		s.begin(classEcho)
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
			s.hand.Half = true
			s.mu.Unlock()
			return true, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expectLine()
	s.enqueue([]byte("\r"))
	return true, nil
}
