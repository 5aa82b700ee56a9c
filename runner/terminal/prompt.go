package terminal

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"workshop/runner/screen"
)

// state is the state of the shell, according to its marks.
type state int

const (
	starting  state = iota
	ready           // at its prompt
	sent            // a line was typed, without an effect so far
	continued       // at a continuation prompt
	running         // a command runs
	prompting       // it is about to show its prompt
	proving         // it shows its prompt, and is asked for mark S: an interrupt may be under way
	ended           // the shell has ended
)

// world answers a prompt's questions about the terminal and its processes.
type world interface {
	foreground() int                // the process group in the foreground, 0 if unknown
	mode() mode                     // of the terminal
	commandLine(group int) []string // of a process group's leader
}

// keyboard takes a prompt's input for the terminal.
type keyboard interface {
	enqueue(b []byte) // of a step or a person
	send(b []byte)    // a question to the shell
	reply(b []byte)   // the screen's answer to a query
}

// prompt is the state of the shell in a terminal and of its commands. Its input is the bytes
// that the terminal shows, with the marks among them, and the typed lines, keys and interrupts;
// its results are the state, the status of the last command, and the class of each text. It
// starts no goroutine and knows no clock and no process: it asks a world, and types on a
// keyboard.
type prompt struct {
	world    world
	keyboard keyboard
	out      output

	token    string
	rc       string  // the start-up file; a shell that replaces ours does not name it
	shell    int     // the shell's process group
	nested   []shell // inside the session's own
	exchange *exchange
	given    *probe // the last integration that was given up
	refused  int    // the process group of the last attempted integration

	state     state
	last      command
	line      typedLine
	editor    editor
	interrupt interrupt
	unread    []byte // the line that a reader in canonical mode has not got yet
	hand      Hand
	redrawn   bool // the prompt under way is a repetition
	away      bool // the shell's prompts do not show: standard error was redirected
	answered  int  // the number of marks S
}

// command is the last command.
type command struct {
	line      string // the last typed line; "" if it was no line of a snippet
	begun     string // the line that it began with; later ones are its input
	status    int    // of the last command of the snippet; 0 if none ran
	marked    int    // the status in the last mark D
	number    int    // the shell's command number in the last mark D
	ran       bool   // a command of the snippet has begun
	lineRan   bool   // a command of that line has begun
	unknown   bool   // the last status is unknown: the marks of its shell were lost
	inherited bool   // it was a shell that ended with its last command's status
	awake     bool   // the program in the foreground is known to read keys
	pressed   bool   // keys were typed since it began
	misread   error  // a *MisreadError or a *RefusedError
}

// ended notes the status of a command, whose beginning may have been missed.
func (c *command) ended(status int) { c.status, c.ran, c.lineRan = status, true, true }

// typedLine is the line typed at the prompt, until its command begins.
type typedLine struct {
	answered  bool   // something was written since it was typed
	echoed    bool   // it has been echoed
	complaint bool   // the shell wrote text behind the echo instead of running a command
	heard     []byte // text behind the echo, in case a command runs after all
	echo      []byte // text up to the end of the echo
	expected  string // the expected text in echo; "" if it is unknown
	alt       bool   // it was typed on the alternate page
}

// editor is what stands behind the prompt.
type editor struct {
	dirty    bool // keys or answers may stand there
	control  bool // those keys may have begun a command of the line editor
	typed    bool // keys stand there, as far as is known
	answered bool // the shell may not have read the answers to queries yet
	leaving  bool // ^D was typed at an empty line: the shell is about to end
}

// interrupt is the last interrupt key.
type interrupt struct {
	typed    bool  // its effect may still come
	excuses  bool  // it may have ended the last command
	missed   bool  // possibly no program got it
	hit      bool  // it met a program that takes it
	unproved bool  // the shell may not have noticed it yet
	proof    proof // of the shell's notice
	prompts  int   // that were asked about since
}

// maxPrompts bounds the prompts behind an interrupt that are asked about. An interrupt brings one of them at
// most: a line editor that shows more has redrawn its prompt more than once for a question.
const maxPrompts = 20

// proof is the state of the questions for mark S.
type proof struct {
	answers int // marks S since the last prompt; a prompt redrawn by the line editor does not count
	redraws int // prompts that the line editor is yet to redraw after its answers
}

// begin makes a prompt of a shell that has not shown one.
func (p *prompt) begin(cols, rows int) {
	p.out.screen = screen.New(cols, rows, screen.Hooks{OSC: p.marked, Text: p.printed, Reply: p.reply})
	p.out.mode = p.world.mode
	p.out.text.init()
	p.out.begin(classPrompt)
}

// back reports whether the shell reads a new line or has ended.
func (p *prompt) back() bool { return p.state == ready || p.state == ended }

// showsPrompt reports whether the shell shows the prompt of a new line, and may not read it yet.
func (p *prompt) showsPrompt() bool { return p.state == prompting || p.state == proving }

// busy reports whether the shell is neither at the prompt of a new line nor about to show it.
func (p *prompt) busy() bool { return !p.back() && !p.showsPrompt() }

// reads reports whether the shell reads a line.
func (p *prompt) reads() bool { return p.state == ready || p.state == continued }

// settled reports whether the shell is neither about to take a line nor about to read one.
func (p *prompt) settled() bool { return p.state != sent && !p.showsPrompt() }

// end notes the end of the shell.
func (p *prompt) end() { p.state = ended }

// printed is the screen's hook for text, escape sequences stripped.
func (p *prompt) printed(b []byte) {
	p.line.answered = true
	switch {
	case p.out.echo.holding():
		p.out.echo.held = append(p.out.echo.held, b...)
	case p.out.class() == classOutput:
		p.out.print(b)
	case p.state == sent:
		p.line.hear(b)
	}
}

// reply is the screen's hook for answers to queries. To a line editor that reads one it may be the
// beginning of a command, such as a search. In other shells than bash the key that ends one may end
// more.
func (p *prompt) reply(b []byte) {
	p.editor.dirty, p.editor.answered = true, true
	p.editor.control = p.editor.control || len(p.nested) == 0
	p.keyboard.reply(b)
}

// hear distinguishes a complaint of the shell, such as a syntax error, from a line without a
// command: the complaint comes behind the echo, and no command begins.
func (l *typedLine) hear(b []byte) {
	if !l.echoed {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			i = len(b)
		}
		l.echo = append(l.echo, b[:min(i, window-len(l.echo))]...)
		if i == len(b) {
			return
		}
		l.echoed, b = true, b[i+1:]
	}
	l.complaint = l.complaint || len(bytes.TrimSpace(b)) > 0
	l.heard = append(l.heard, b[:min(len(b), window-len(l.heard))]...)
}

// again expects the echo once more.
func (l *typedLine) again() { l.echoed, l.heard, l.echo = false, l.heard[:0], l.echo[:0] }

// MisreadError reports that the shell read another line than the typed one.
type MisreadError struct {
	Line string // the typed line
	Read string // the shell's echo of it, without blanks
}

func (e *MisreadError) Error() string {
	return fmt.Sprintf("the shell read %q instead of the line that was typed, %q", e.Read, e.Line)
}

// RefusedError reports that the shell has not run a line, and its exit status does not say so:
// history expansion failed, for example.
type RefusedError struct{ Line, Said string }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the shell has not run %q: %s", e.Line, e.Said)
}

// checkEcho compares the echo of a line with the line: it proves that the typed line ran.
// The shell's line editor may wrap and redraw the line.
func (p *prompt) checkEcho() {
	want := p.line.expected
	p.line.expected = ""
	echo := squeeze(string(p.line.echo))
	if want == "" || echo == "" || strings.Contains(echo, squeeze(want)) {
		return
	}
	p.last.misread = &MisreadError{want, echo}
}

// squeeze removes the blanks from a text.
func squeeze(text string) string { return strings.Join(strings.Fields(text), "") }

// commandBegins is the transition to a running command. ran is false if the typed line may
// hold none; said is whether the command has written something already.
func (p *prompt) commandBegins(ran, said bool) {
	p.state = running
	p.last.ran, p.last.lineRan = p.last.ran || ran, ran
	p.last.awake, p.last.unknown, p.last.pressed = false, false, false
	p.interrupt = interrupt{unproved: p.interrupt.unproved, proof: p.interrupt.proof}
	p.out.said, p.unread = said, nil
	p.hand.begins()
	p.out.begin(classOutput)
}

// missesMark reports whether a command runs whose mark C never comes: a program such as tmux
// discards unread data in the terminal when it begins (tcflush(3)). The evidence for a running
// program is that the shell is no longer in the foreground, or no shell any more.
func (p *prompt) missesMark() bool {
	group := p.world.foreground()
	if p.state != sent || len(p.nested) > 0 || group <= 0 {
		return false
	}
	argv := p.world.commandLine(group)
	return group != p.shell || len(argv) > 0 && !isShell(argv)
}

// missMark makes up for that mark. The output before the evidence has been read.
func (p *prompt) missMark() {
	if p.state != sent {
		return
	}
	heard := p.line.heard
	if p.out.screen.AltScreen() && !p.line.alt { // the echo is not on it
		p.out.classes[p.out.epoch()] = classPage
	}
	p.commandBegins(true, len(heard) > 0)
	p.out.text.append(heard)
}

// marked is the screen's hook for operating system commands.
func (p *prompt) marked(data []byte) {
	before := len(p.out.classes)
	p.osc(string(data))
	p.out.note(before)
}

// osc reads a mark.
func (p *prompt) osc(data string) {
	m, level, ok := p.parse(data)
	if !ok && p.given != nil {
		p.given.late(data, p)
	}
	if !ok || p.state == ended {
		return
	}
	left := level < len(p.nested) && (m.kind == 'D' || m.kind == 'E')
	inherited := left && m.status == p.last.marked && leavesShell(p.last.line)
	if left {
		p.leave(level)
	}
	switch m.kind {
	case 'C':
		p.lineTaken(m)
	case 'D':
		p.promptBegins(m, left, inherited)
	case 'E':
		p.promptAway(m, inherited)
	case 'B':
		p.promptEnds(m)
	case 'S':
		p.answers(m)
	case '2':
		p.continues()
	}
}

// lineTaken takes mark C.
func (p *prompt) lineTaken(m mark) {
	switch {
	case p.state == sent || p.state == continued:
	case (p.state == ready || p.state == proving) && m.number >= p.last.number:
		p.out.typedAhead()
	case (p.state == prompting || p.state == ready && p.away) && m.number == p.last.number-1: // mark E overtook it in a pipe
		if p.state == ready {
			p.out.typedAhead()
		}
		p.last.ended(p.last.status)
		p.out.begin(classOutput)
		return
	default:
		return // a replayed mark: nothing was typed
	}
	p.checkEcho()
	p.commandBegins(true, false)
}

// promptBegins takes mark D. left is whether the shell of the last mark has ended.
func (p *prompt) promptBegins(m mark, left, inherited bool) {
	// A line typed to a shell that has ended meanwhile goes to the next shell.
	p.redrawn = p.state == ready || p.state == sent && (left || !p.line.echoed || p.redraws(m)) ||
		p.state == proving && p.interrupt.proof.redraws > 0 ||
		p.state == running && p.away && m.number <= p.last.number && p.marksBegin()
	switch {
	case p.redrawn: // by the line editor, for a new size: nothing has ended
		if p.state == sent {
			p.line.again()
		}
		p.out.begin(classPrompt)
	case p.command(m):
		p.state, p.last.inherited = prompting, inherited
		p.out.echo.reset(&p.out)
		p.out.text.cut()
		p.out.begin(classPrompt)
	}
}

// promptAway takes mark E.
func (p *prompt) promptAway(m mark, inherited bool) {
	if !p.command(m) {
		return
	}
	p.last.inherited = inherited
	if m.piped { // the reader of the pipe may show the prompt, behind all earlier output
		p.state = prompting
		p.out.echo.reset(&p.out)
		return
	}
	p.away = true
	p.promptShown(false)
}

// promptEnds takes mark B.
func (p *prompt) promptEnds(m mark) {
	p.away = false
	switch {
	case p.redrawn && p.state == proving: // the prompt's marks may come twice, but its end once
		p.interrupt.proof.redraws--
	case p.redrawn && (p.state == sent || p.editor.typed):
		p.out.begin(classEcho)
	case p.redrawn:
		p.out.begin(classOutput)
	case p.state == prompting:
		p.promptShown(m.edits)
	}
}

// answers takes mark S.
func (p *prompt) answers(m mark) {
	p.answered++
	switch {
	case p.state == prompting && !m.lost: // the prompt shows elsewhere, or not at all
		p.away = true
		p.proved()
	case p.state == proving && p.interrupt.proof.answers == 0:
		p.interrupt.proof = proof{answers: 1, redraws: p.interrupt.proof.redraws + 1}
		p.ask()
	case p.state == proving:
		p.proved()
	case p.reached(m) && p.command(m): // the prompt shows without marks, or not at all
		p.last.inherited, p.away = false, p.away || m.away
		p.out.echo.reset(&p.out)
		p.out.text.cut()
		p.proved()
	}
}

// reached reports whether a mark S tells of a prompt that no other mark has told of: its marks were
// lost. If they were not, a command reads a line with the line editor (read -e), which answers, too.
func (p *prompt) reached(m mark) bool {
	if !m.lost || len(p.nested) > 0 {
		return false
	}
	switch p.state {
	case prompting:
		return true
	case sent, running:
		return m.number > p.last.number || p.state == running && !p.last.lineRan
	}
	return false
}

// continues takes mark 2.
func (p *prompt) continues() {
	if p.interrupt.unproved { // another prompt is going to follow
		return
	}
	if p.state == sent || p.state == running && !p.marksBegin() {
		p.out.echo.reset(&p.out)
		p.state, p.line.echoed, p.line.expected = continued, false, ""
	}
}

// runs reports whether a line has a command: it is neither empty nor a comment.
func runs(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && line[0] != '#'
}

// leavesShell reports whether a line ends a shell with the status of the command before. A
// line that was not typed as a snippet is empty here, and may do so.
func leavesShell(line string) bool {
	switch strings.TrimSpace(line) {
	case "", "exit", "logout":
		return true
	}
	return false
}

// redraws reports whether a mark D belongs to the prompt of a line that the shell has taken
// and not begun to run. For a new size of the terminal its line editor shows both again. A
// line that has a command brings a mark C, a complaint or an interrupt first.
func (p *prompt) redraws(m mark) bool {
	return p.marksBegin() && runs(p.last.line) && m.number == p.last.number && m.status == p.last.marked &&
		!p.line.complaint && !p.interrupt.typed
}

// command notes the end of a command, or of a line without one. The number rises with each
// command: a mark that a program replays while a command runs has an old number, and does
// not count. A status that an interrupt at the prompt left belongs to no command.
func (p *prompt) command(m mark) bool {
	if p.state == running && m.number <= p.last.number && !p.away && !p.editor.leaving && p.marksBegin() {
		return false
	}
	if p.state != starting && m.number > p.last.number+1 { // no prompt told of the lines between
		p.last.unknown = true
	}
	switch {
	case p.state == sent && m.number > p.last.number && !p.interrupt.unproved: // mark C was lost: its output came as an echo
		p.last.ended(m.status)
		p.out.text.append(p.line.heard)
	case p.line.complaint && m.status == 0 && p.state == sent && runs(p.last.line):
		p.last.misread = &RefusedError{p.last.line, strings.Join(strings.Fields(string(p.line.heard)), " ")}
	case (p.line.complaint || p.away) && (p.state == sent || p.state == running) && !p.interrupt.typed && runs(p.last.line):
		p.last.ended(m.status)
	case m.number > p.last.number, p.line.complaint, !p.marksBegin() && p.last.ran && p.state == running:
		p.last.status = m.status
	case m.status != p.last.marked && !p.interrupt.unproved:
		p.last.status = m.status
	}
	if p.state == sent {
		p.checkEcho()
	}
	p.last.marked, p.last.number, p.line.complaint = m.status, m.number, false
	p.out.keys.ends()
	return true
}

// promptShown notes that the shell shows its prompt. An interrupt that may have met the shell
// itself can still be under way: the line editor notices one that comes at the moment of
// the prompt only when it has read the next key, and throws away the line. So before
// any other input the shell is asked for mark S, by the key of its line editor that sends
// one, and once more behind the answer: between the two keys it has noticed an interrupt. A
// prompt in place of an answer means that the interrupt took the key. The shell is also
// asked behind answers to queries, in case the program did not read them: its line is
// cleared of them, and text before its answer may be their echo.
func (p *prompt) promptShown(edits bool) {
	p.out.echo.reset(&p.out)
	if answers := p.editor.answered && !p.last.pressed; edits && (p.interrupt.unproved || answers) && p.interrupt.prompts < maxPrompts {
		p.state, p.interrupt.proof = proving, proof{}
		p.interrupt.prompts++
		if answers {
			p.clearAnswers()
		}
		p.ask()
		return
	}
	if p.interrupt.unproved && p.asks() {
		p.state = proving
		if p.exchange == nil { // the bytes behind this prompt are not held back yet
			p.askLines()
		}
		return
	}
	p.proved()
}

// clearAnswers empties the line of the line editor. The prompt may show once more, and is to be
// proved then as well.
func (p *prompt) clearAnswers() {
	if p.editor.control {
		p.keyboard.send([]byte(abandoning))
	}
	p.keyboard.send([]byte(clearing))
	p.editor.answered, p.interrupt.unproved = false, true
}

// askAgain repeats a question to the line editor that has not been answered: the key came while
// another program still read the terminal, or to a command of the line editor; or a program that
// is gone has set the terminal to canonical mode meanwhile, which passes on whole lines only.
func (p *prompt) askAgain() {
	if p.state != proving {
		return
	}
	if e := p.exchange; e != nil {
		if q, ok := e.dialogue.(*question); ok {
			q.again(p)
		}
		return
	}
	if p.asks() {
		return
	}
	p.editor.control = p.editor.control || len(p.nested) == 0
	p.clearAnswers()
	p.ask()
	if p.world.mode().canonical {
		p.keyboard.send([]byte("\r"))
	}
}

// ask types the key of mark S. It belongs to no step.
func (p *prompt) ask() { p.keyboard.send([]byte(syncKey)) }

// proved notes that the shell reads a line. Text from now on, until the next typing, is the
// output of background jobs.
func (p *prompt) proved() {
	p.state, p.interrupt.typed, p.interrupt.unproved, p.interrupt.prompts = ready, false, false, 0
	p.editor.typed, p.editor.leaving, p.editor.answered = false, false, false
	p.out.promptEnds()
	if group := p.world.foreground(); len(p.nested) == 0 {
		p.shell = group
	} else if inner := &p.nested[len(p.nested)-1]; inner.group == 0 && isShell(p.world.commandLine(group)) {
		inner.group = group
	}
}

// excused reports whether an interrupt may have ended the last command: it met a program
// that takes interrupts, or the shell's status is that of an interrupt (128 plus the number
// of the signal; ksh: 256 plus it).
func (p *prompt) excused() bool {
	if p.interrupt.hit {
		return true
	}
	signal := p.last.status - 128
	if signal >= 128 {
		signal -= 128
	}
	switch unix.Signal(signal) {
	case unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP:
		return p.interrupt.excuses
	case unix.SIGALRM: // bash keeps a status above 128, such as that of read -t, when an interrupt ends its loop
		return p.interrupt.excuses && p.interrupt.missed
	}
	return false
}
