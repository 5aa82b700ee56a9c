package terminal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// typedText is a text that is typed, and echoed, and never printed by a program.
const typedText = "TYPED"

// fuzzPlay is a play with moves chosen at random, and with the facts that it must not contradict.
type fuzzPlay struct {
	*play
	data []byte
	said []int // the statuses in marks since the snippet began
	free bool  // no status is due: keys were typed at the prompt, or a nested shell began
}

// next is the next random byte modulo n.
func (f *fuzzPlay) next(n int) int {
	if len(f.data) == 0 {
		return 0
	}
	b := f.data[0]
	f.data = f.data[1:]
	return int(b) % n
}

// pick is one of some texts.
func (f *fuzzPlay) pick(of ...string) string { return of[f.next(len(of))] }

// token is the prefix of a mark of the session's shell, or of the nested one.
func (f *fuzzPlay) token() string { return f.pick("<", "<", "<", "<n:") }

// number is a command number near the last one.
func (f *fuzzPlay) number() int { return max(0, f.last.number+f.next(4)-1) }

// status is a status that is said from now on.
func (f *fuzzPlay) status() int {
	status := []int{0, 0, 1, 2, 130, 256 + 2}[f.next(6)]
	f.said = append(f.said, status)
	return status
}

// mark shows a mark.
func (f *fuzzPlay) mark() {
	switch f.next(6) {
	case 0:
		f.shows(fmt.Sprintf("%sD;%d;%d>", f.token(), f.status(), f.number()))
	case 1:
		f.shows(fmt.Sprintf("%sE;%d;%d;%s>", f.token(), f.status(), f.number(), f.pick("f", "p")))
	case 2:
		f.shows(f.token() + "B;" + f.pick("e", "n") + ">")
	case 3:
		f.free = f.free || f.state == ready && f.away // a mark C that is late in a pipe belongs to the snippet before
		f.shows(fmt.Sprintf("%sC;%d>", f.token(), f.number()))
	case 4:
		f.shows(fmt.Sprintf("%sS;%d;%d;%s>", f.token(), f.status(), f.next(4), f.pick("0", "1")))
	case 5:
		f.shows(f.token() + "2>")
	}
}

// prompts shows a whole prompt behind a command.
func (f *fuzzPlay) prompts() {
	token := f.token()
	f.shows(fmt.Sprintf("%sD;%d;%d>$ %sB;%s>", token, f.status(), f.last.number+1, token, f.pick("e", "n")))
}

// redraws shows the last prompt once more, and the line behind it.
func (f *fuzzPlay) redraws(line string) {
	f.said = append(f.said, f.last.marked)
	f.shows(fmt.Sprintf("\r\x1b[K\r<D;%d;%d>$ <B;e>%s", f.last.marked, f.last.number, line))
}

// types types a line of a snippet, as a session does, and shows its echo.
func (f *fuzzPlay) types() {
	line := f.pick("", "# "+typedText, typedText, "exit", "exec dash", typedText+" "+strings.Repeat("x", 200))
	if f.prompt.reads() && f.interrupt.unproved {
		f.Fatalf("a line would be typed in state %d while an interrupt is under way", f.state)
	}
	if !f.prompt.reads() && f.state != running {
		return
	}
	echo := f.echoOf(line + "\r")
	f.Logf("state %d: the line %q is typed", f.state, line)
	f.typeLine(line, false)
	f.echo(echo)
	if f.state == sent && runs(line) && f.next(3) == 0 {
		f.redraws(echo)
	}
}

// keys types keys of a step: a text, Return, an interrupt, ^D, ^O or Tab.
func (f *fuzzPlay) keys() {
	if !f.settled() {
		return
	}
	f.free = f.free || f.prompt.reads()
	key := f.pick(typedText, "\r", "\x03", "\x04", "\x0f", "\t")
	echo := f.echoOf(key)
	f.Logf("state %d: %q is pressed", f.state, key)
	f.press(key)
	f.echo(echo)
}

// hand types a person's bytes.
func (f *fuzzPlay) hand() {
	if !f.prompt.reads() && f.state != running {
		return
	}
	f.free = f.free || f.prompt.reads()
	text := f.pick(typedText, typedText+"\r", "\x03")
	echo := f.echoOf(text)
	f.Logf("state %d: %q is typed by hand", f.state, text)
	if text == "\x03" {
		f.interrupting(func() { f.byHand([]byte(text)) })
	} else {
		f.byHand([]byte(text))
	}
	f.echo(echo)
}

// echoOf is the echo of text that is going to be typed: by the shell's line editor, by the
// terminal, or by a program that reads lines in raw mode.
func (f *fuzzPlay) echoOf(text string) string {
	line := strings.ReplaceAll(text, "\r", "\r\n")
	switch m := f.stage.tty; {
	case f.prompt.reads() && f.away:
		return ""
	case f.prompt.reads() && f.marksBegin():
		return line
	case m.canonical && m.echo:
		return string(canonicalEcho(f.unread, []byte(text), m.echoControl))
	case !m.canonical && (f.prompt.reads() || line != text && !f.out.screen.AltScreen()):
		return line
	}
	return ""
}

// echo shows an echo in pieces.
func (f *fuzzPlay) echo(text string) {
	n := min(f.next(8), len(text))
	f.shows(text[:n])
	f.shows(text[n:])
}

// world changes the foreground and the mode of the terminal.
func (f *fuzzPlay) world() {
	f.stage.front = []int{shellGroup, programGroup, innerGroup, 0}[f.next(4)]
	f.stage.tty = []mode{cooked, raw, {canonical: true, signals: true}}[f.next(3)]
	f.stage.gone, f.stage.reads = f.next(4) == 0, f.next(2) == 0
	f.Logf("the group %d is in the foreground, %+v", f.stage.front, f.stage.tty)
}

// move makes one move.
func (f *fuzzPlay) move() {
	nested, exchange := len(f.nested), f.exchange
	kind := f.next(12)
	if f.integrating() && kind >= 5 && kind != 9 && kind != 11 { // a session waits for its end
		kind = 0
	}
	switch kind {
	case 0, 1, 2:
		f.mark()
	case 3:
		f.prompts()
	case 4:
		f.shows(f.pick("x", "x\r\n", "# ", "\x1b[?1049h", "\x1b[?1049l", "\x1b[6n", "bash: error\r\n"))
	case 5, 6:
		f.types()
	case 7:
		f.keys()
	case 8:
		f.hand()
	case 9:
		f.world()
	case 10:
		if f.swallowed() && f.state == running {
			defer f.echo(f.echoOf("\x03"))
		}
		f.later()
	case 11:
		switch {
		case f.integrating() && f.next(2) == 0:
			giveUp(f.play)
		case f.state == ready:
			f.snippetBegins()
			f.said, f.free = nil, false
			next(f.play)
		case f.state == prompting || f.state == proving || f.state == running && !f.away:
			f.out.screen.Resize(40+f.next(3)*40, 24)
		}
	}
	f.free = f.free || len(f.nested) != nested || f.exchange != exchange
	f.free = f.free || f.away && f.interrupt.typed // it may have met the prompt, which is not shown
}

// check checks the facts.
func (f *fuzzPlay) check() {
	if f.state == ready && !f.last.unknown {
		told := slices.Contains(f.said, f.last.status)
		if !told && (f.last.status != 0 || f.last.ran && !f.free) {
			f.Fatalf("status %d was not said, only %v", f.last.status, f.said)
		}
	}
	if f.state == ready && f.interrupt.unproved {
		f.Fatal("the shell reads while an interrupt is under way")
	}
	matches(typedText, false)(f.play)
	if f.exchange != nil && len(f.exchange.held) > 2*maxHeld {
		f.Fatalf("%d bytes are held", len(f.exchange.held))
	}
}

// FuzzPrompt makes random moves: marks, bytes, lines, keys and delays. No status is reported
// that no mark has said, no line is typed while an interrupt is under way, and no text that
// was only typed is a match.
func FuzzPrompt(f *testing.F) {
	for seed := range 64 {
		data := make([]byte, 200)
		x := uint32(seed + 1)
		for i := range data {
			x = x*1664525 + 1013904223
			data[i] = byte(x >> 24)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &fuzzPlay{play: newPlay(t), data: data[:min(len(data), 1000)]}
		for len(p.data) > 0 && !t.Failed() {
			p.move()
			p.check()
		}
	})
}
