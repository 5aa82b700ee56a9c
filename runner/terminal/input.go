package terminal

import (
	"bytes"
	"slices"
	"strings"
)

// snippetBegins forgets the results of the snippet before.
func (p *prompt) snippetBegins() {
	p.last.status, p.last.ran, p.last.inherited, p.last.unknown, p.last.misread = 0, false, false, false, nil
	p.interrupt.typed, p.interrupt.excuses, p.interrupt.hit = false, false, false
	p.refused, p.hand = 0, Hand{}
	p.out.keys.reset()
	p.out.transcribe()
}

// typeLine types a line of a snippet and Return, to the shell or to the command that reads it.
// slowly is whether the line has been typed already.
func (p *prompt) typeLine(line string, slowly bool) {
	p.out.jobs.add(line)
	p.last.line = line
	if slowly || p.reads() {
		p.last.begun, p.last.lineRan = line, false
		if StartsShell(line) { // another one, maybe behind the same relay
			p.refused = 0
		}
	}
	switch {
	case slowly:
		p.expectLine(runs(line))
		p.keyboard.enqueue([]byte("\r"))
	case p.reads():
		p.typeCommand(line)
	default: // the command before asks for input
		p.press([]byte(line + "\r"))
	}
}

// typeCommand types a line and Return at the shell's prompt.
func (p *prompt) typeCommand(line string) {
	p.clearLine()
	p.expectLine(runs(line))
	p.expectEcho(line)
	switch {
	case !p.marksBegin(): // everything up to the end of the line is echo
		p.commandBegins(runs(line), false)
		if m := p.world.mode(); m.canonical && !m.echo {
			p.out.echo.reset(&p.out)
		} else {
			p.out.echo.line(line, &p.out)
		}
	case p.away: // mark E comes before the line editor starts: the terminal itself may echo
		p.out.echo.mayExpect(canonicalEcho(nil, []byte(line+"\r"), true), &p.out)
	case p.out.screen.BracketedPaste() && (strings.Contains(line, "\t") || len(line) > 200):
		line = "\x1b[200~" + line + "\x1b[201~"
	default:
		line = strings.ReplaceAll(line, "\t", "\x16\t")
	}
	p.keyboard.enqueue([]byte(line + "\r"))
}

// expectEcho notes the expected echo of a line that every line editor shows unchanged:
// printable ASCII that fits on the row.
func (p *prompt) expectEcho(line string) {
	x, _, _ := p.out.screen.Cursor()
	cols, _ := p.out.screen.Size()
	plain := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) < 0
	if plain && p.marksBegin() && !p.away && x+len(line) < cols {
		p.line.expected = line
	}
}

// Keys of a line editor.
const (
	clearing   = "\x05\x15" // ^E ^U empty its line
	abandoning = "\x07"     // ^G ends a command of it such as a search
)

// clearLine discards any text behind the prompt: keys without a Return, or the answers to
// queries that a program did not wait for.
func (p *prompt) clearLine() {
	if p.editor.control {
		p.keyboard.enqueue([]byte(abandoning))
	}
	if p.editor.dirty {
		p.keyboard.enqueue([]byte(clearing))
	}
	p.editor.dirty, p.editor.control, p.editor.answered = false, false, false
}

// expectLine notes that a line is typed at the shell's prompt. While its prompts are away,
// the shell neither echoes nor marks the beginning of the command. runs is false for a line
// without one.
func (p *prompt) expectLine(runs bool) {
	if p.away {
		p.commandBegins(runs, false)
		return
	}
	p.state, p.line.answered, p.line.complaint, p.line.expected = sent, false, false, ""
	p.line.alt = p.out.screen.AltScreen()
	p.line.again()
	p.out.echo.reset(&p.out)
	p.out.begin(classEcho)
}

// keysBegin notes keys of a step, and returns their bytes.
func (p *prompt) keysBegin(keys []Key) (b []byte) {
	p.hand = Hand{}
	p.last.awake, p.interrupt.missed = true, false
	for _, k := range keys {
		b = k.append(b, p.out.screen.AppCursorKeys())
	}
	return b
}

// pressAtPrompt types keys of a step to the shell. leaves is whether they are a ^D.
func (p *prompt) pressAtPrompt(b []byte, interrupts, leaves bool) {
	p.last.status, p.last.inherited, p.last.line = 0, false, ""
	switch {
	case leaves && p.state == ready && !p.editor.typed: // this ends a shell
		p.commandBegins(true, false)
		p.editor.leaving = true
	case bytes.ContainsAny(b, submitting+"\x03"):
		p.expectLine(true) // a new prompt will follow
		p.editor.dirty = p.editor.dirty || bytes.Contains(b, []byte(operateKey))
	default:
		p.typeBehindPrompt(b)
		if bytes.IndexByte(b, '\t') >= 0 { // the listing of a completion is output
			p.out.echo.editor(&p.out)
		}
		p.editor.typed = true
	}
	if interrupts {
		p.interrupt.typed, p.interrupt.excuses, p.interrupt.unproved = true, true, true
	}
	p.keyboard.enqueue(b)
}

// typeBehindPrompt notes keys that leave their traces behind the prompt.
func (p *prompt) typeBehindPrompt(b []byte) {
	p.out.echo.passed = false // this echo is another one
	p.out.begin(classEcho)
	p.editor.dirty, p.editor.control = true, p.editor.control || bytes.IndexFunc(b, forbidden) >= 0
}

// pressProgram types keys of a step to a program. reads reports whether it reads the terminal
// yet. The error is a *LineError.
func (p *prompt) pressProgram(b []byte, reads func() bool) error {
	if err := p.buffered(b); err != nil {
		return err
	}
	m := p.world.mode()
	early := m.canonical && m.echo && !reads()
	p.press(b)
	if early {
		p.out.keys.ahead(b, p.out.text.end(), p.out.epoch())
	}
	return nil
}

// press types bytes to a program in the foreground, and prepares for their echo.
func (p *prompt) press(b []byte) {
	p.last.pressed = true
	m := p.world.mode()
	line := slices.Clone(p.unread)
	if m.canonical {
		for _, c := range b {
			p.unread = canonicalLineBehind(p.unread, c)
		}
	} else {
		p.unread = nil
	}
	switch {
	case m.canonical && m.echo && bytes.ContainsAny(b, "\x15\x17\x7f"): // shown as an erasure, in a form that depends on the line
		p.out.echo.editor(&p.out)
	case m.canonical && m.echo:
		p.out.echo.expect(canonicalEcho(line, b, m.echoControl), &p.out)
	case m.canonical:
		p.out.echo.reset(&p.out)
	default:
		p.out.keys.add(b, p.out.text.end(), p.out.epoch())
		if !p.out.screen.AltScreen() && p.out.keys.submitted {
			p.out.echo.editor(&p.out)
		} else {
			p.out.echo.reset(&p.out)
		}
	}
	p.keyboard.enqueue(b)
}

// byHand types a person's bytes, and prepares for their echo.
func (p *prompt) byHand(b []byte) {
	p.hand.types(b)
	switch {
	case p.reads() && bytes.ContainsAny(b, "\r\n\x03"):
		p.last.line = "" // it may be empty: then the shell only shows its prompt again
		p.expectLine(true)
		p.interrupt.unproved = p.interrupt.unproved || bytes.IndexByte(b, interruptKey) >= 0
		begun := b
		if len(p.nested) > 0 { // zsh takes ^G at an empty line for an interrupt
			begun, p.editor.control = b[bytes.LastIndexAny(b, "\r\n\x03")+1:], false
		}
		p.editor.dirty, p.editor.control = true, p.editor.control || bytes.IndexFunc(begun, forbidden) >= 0
	case p.reads():
		p.typeBehindPrompt(b)
	case p.state == running:
		p.press(b)
		return
	default:
		p.editor.dirty = true
	}
	p.keyboard.enqueue(b)
}

// receiver is the foreground of the terminal when an interrupt is typed.
type receiver struct {
	group     int
	relayed   bool // of another terminal, which gets the key a moment later
	noProgram bool // a shell, which may be about to become a program, or nothing
	deaf      bool // a program that ignores interrupts, or has ended
	gone      bool // it has ended meanwhile, or is no longer in the foreground
}

// interrupted notes that an interrupt was typed, and its receiver: a program that takes it, or
// a shell, which may notice it later. There may also be no receiver: a shell was about to become
// a program, or a program had ended and its shell did not know it yet.
func (p *prompt) interrupted(r receiver) {
	missed := r.group == p.shell || r.noProgram
	p.interrupt.hit = p.interrupt.hit || !missed && !r.deaf
	p.interrupt.typed, p.interrupt.excuses, p.interrupt.missed = true, true, missed || r.gone
	elsewhere := r.relayed || len(p.nested) > 0 && p.nested[len(p.nested)-1].group == 0
	p.interrupt.unproved = p.interrupt.unproved || p.interrupt.missed || elsewhere
	p.unread, p.interrupt.prompts = nil, 0 // the terminal throws away unread input
}

// swallowed reports whether an interrupt may have been lost. Bash notices one at the very
// moment of its prompt only at the next key, and goes on with a loop when one comes between two
// of its commands; its child loses one that comes before the child has become another program.
func (p *prompt) swallowed() bool {
	switch p.state {
	case running:
		return p.interrupt.typed && p.interrupt.missed
	case sent, continued:
		return p.interrupt.typed
	}
	return false
}

// repeatInterrupt types a lost interrupt once more.
func (p *prompt) repeatInterrupt() {
	if p.state == running {
		p.press([]byte{interruptKey})
	} else {
		p.keyboard.enqueue([]byte{interruptKey})
	}
}

// buffered returns a *LineError if keys make a line too long for a reader in canonical mode.
func (p *prompt) buffered(b []byte) error {
	if !p.world.mode().canonical {
		return nil
	}
	line := slices.Clone(p.unread)
	for _, c := range b {
		if line = canonicalLineBehind(line, c); len(line) > canonicalLine {
			return &LineError{len(line), canonicalLine}
		}
	}
	return nil
}

// reprint is the key ^R of a terminal in canonical mode: it shows the line once more.
const reprint = 0x12

// canonicalLineBehind is the unread line of a terminal in canonical mode after one more byte.
func canonicalLineBehind(line []byte, c byte) []byte {
	switch c {
	case '\r', '\n', 0x04:
		return line[:0]
	case reprint:
		return line
	}
	return append(line, c)
}

// canonicalEcho is the echo of bytes by the line discipline (termios(3): ECHO, ECHOCTL,
// VREPRINT), behind an unread line.
func canonicalEcho(line, b []byte, control bool) []byte {
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
		if c == reprint {
			e = append(e, '\r', '\n')
			e = append(e, canonicalEcho(nil, line, control)...)
		}
		line = canonicalLineBehind(line, c)
	}
	return e
}
