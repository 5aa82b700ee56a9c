package terminal

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	expect "github.com/Netflix/go-expect"
)

// The process groups of the tests' terminal.
const (
	shellGroup   = 10
	programGroup = 20
	innerGroup   = 30
)

// stage is the world and the keyboard of a prompt, played by a test.
type stage struct {
	front  int
	tty    mode
	argv   map[int][]string
	gone   bool   // the foreground ends while an interrupt is typed
	reads  bool   // the program in the foreground reads the terminal
	typed  string // the input of steps and people
	asked  string // the questions
	answer string // the screen's answers to queries
}

func (s *stage) foreground() int                { return s.front }
func (s *stage) mode() mode                     { return s.tty }
func (s *stage) commandLine(group int) []string { return s.argv[group] }
func (s *stage) enqueue(b []byte)               { s.typed += string(b) }
func (s *stage) send(b []byte)                  { s.asked += string(b) }
func (s *stage) reply(b []byte)                 { s.answer += string(b) }

// receiver is the receiver of an interrupt now.
func (s *stage) receiver() receiver {
	return receiver{group: s.front, noProgram: len(s.argv[s.front]) == 0 || isShell(s.argv[s.front]), gone: s.gone}
}

// play is a prompt on a stage.
type play struct {
	*testing.T
	prompt
	stage    stage
	searches map[string]*search // by their texts
	from     position           // their beginning
}

// cooked and raw are the modes for programs and for line editors.
var (
	cooked = mode{canonical: true, echo: true, echoControl: true, signals: true}
	raw    = mode{signals: true}
)

// newPlay is a bash at its first prompt.
func newPlay(t *testing.T) *play {
	p := &play{T: t, stage: stage{front: shellGroup, tty: cooked, argv: map[int][]string{
		shellGroup: {"bash", "--rcfile", "/state/bashrc", "-i"}, programGroup: {"sleep", "100"}, innerGroup: {"dash"},
	}}}
	p.prompt = prompt{world: &p.stage, keyboard: &p.stage, token: "t", rc: "/state/bashrc"}
	p.begin(80, 24)
	p.shows("<D;0;1>$ <B;e>")
	p.snippetBegins()
	return p
}

// marks are written as <KIND;FIELDS>, those of a nested shell as <n:KIND;FIELDS>.
var marks = regexp.MustCompile(`<(n:)?([A-Z2][;0-9a-z/]*)>`)

// shows gives the prompt bytes of the terminal.
func (p *play) shows(text string) {
	p.Logf("state %d: the terminal shows %q", p.state, text)
	text = marks.ReplaceAllStringFunc(text, func(m string) string {
		m, token := strings.Trim(m, "<>"), "t"
		if inner, ok := strings.CutPrefix(m, "n:"); ok {
			m, token = inner, "n"
		}
		return "\x1b]133;" + m + ";" + token + "\a"
	})
	p.out.show(p.reveal([]byte(text)))
}

// press types keys as a step does.
func (p *play) press(names ...string) {
	var keys []Key
	interrupts := false
	for _, name := range names {
		k, err := ParseKey(name)
		if err != nil {
			k = Text(name)
		}
		keys, interrupts = append(keys, k), interrupts || k.Interrupts()
	}
	p.out.keys.taken = p.stage.reads
	b := p.keysBegin(keys)
	switch {
	case p.prompt.reads():
		p.pressAtPrompt(b, interrupts, len(keys) == 1 && keys[0].Leaves())
	case interrupts:
		p.interrupting(func() { p.prompt.press(b) })
	default:
		_ = p.pressProgram(b, func() bool { return p.stage.reads })
	}
}

func (p *play) interrupting(press func()) {
	r := p.stage.receiver()
	press()
	p.interrupted(r)
}

// later makes the looks of a session that has waited for a moment.
func (p *play) later() {
	if p.swallowed() {
		p.interrupting(p.repeatInterrupt)
	}
	if p.missesMark() {
		p.missMark()
	}
	p.askAgain()
	if p.unmarked() && p.stage.front == p.shell && !p.stage.tty.canonical {
		p.ask()
	}
	if p.stage.reads && p.atForeignPrompt() {
		p.inject("n")
	}
}

// A move is a part of a play.
type move func(p *play)

func shows(text string) move         { return func(p *play) { p.shows(text) } }
func types(text string) move         { return func(p *play) { p.typeLine(text, false) } }
func press(names ...string) move     { return func(p *play) { p.press(names...) } }
func byHand(text string) move        { return func(p *play) { p.byHand([]byte(text)) } }
func later(p *play)                  { p.later() }
func snippet(p *play)                { p.snippetBegins() }
func giveUp(p *play)                 { p.out.show(p.prompt.giveUp()) }
func inFront(group int, m mode) move { return func(p *play) { p.stage.front, p.stage.tty = group, m } }

// waits makes a program in the foreground read the terminal.
func waits(p *play) { p.stage.reads = true }

// is compares the state.
func is(want state) move {
	return func(p *play) {
		p.Helper()
		if p.state != want {
			p.Fatalf("state %d, want %d; asked %q, typed %q", p.state, want, p.stage.asked, p.stage.typed)
		}
	}
}

// asked compares the questions since the last comparison.
func asked(want string) move {
	return func(p *play) {
		p.Helper()
		if p.stage.asked != want {
			p.Errorf("asked %q, want %q", p.stage.asked, want)
		}
		p.stage.asked = ""
	}
}

// typed compares the input since the last comparison.
func typed(want string) move {
	return func(p *play) {
		p.Helper()
		if p.stage.typed != want {
			p.Errorf("typed %q, want %q", p.stage.typed, want)
		}
		p.stage.typed = ""
	}
}

// status compares the status of the last command.
func status(want int) move {
	return func(p *play) {
		p.Helper()
		if p.last.status != want {
			p.Errorf("status %d, want %d", p.last.status, want)
		}
	}
}

// outputs compares the output since the first prompt.
func outputs(want string) move {
	return func(p *play) {
		p.Helper()
		if got := string(p.out.text.from(0)); got != want {
			p.Errorf("output %q, want %q", got, want)
		}
	}
}

// next begins the searches here.
func next(p *play) { p.searches, p.from = nil, p.out.mark() }

// matches compares whether a text is a match, in a search that goes on from move to move.
func matches(text string, want bool) move {
	return func(p *play) {
		p.Helper()
		if p.searches[text] == nil {
			searches, _, err := compileSearches([]expect.ExpectOpt{expect.String(text)})
			if err != nil {
				p.Fatal(err)
			}
			if p.searches == nil {
				p.searches = map[string]*search{}
			}
			p.searches[text] = &searches[0]
		}
		if m, got := p.out.find(p.searches[text], &p.from); got != want {
			p.Errorf("%q matches: %t, %+v, want %t", text, got, m, want)
		}
	}
}

// holds compares a fact.
func holds(name string, want bool, fact func(p *play) bool) move {
	return func(p *play) {
		p.Helper()
		if got := fact(p); got != want {
			p.Errorf("%s: %t, want %t", name, got, want)
		}
	}
}

func inherited(want bool) move {
	return holds("inherited", want, func(p *play) bool { return p.last.inherited })
}

func ran(want bool) move { return holds("ran", want, func(p *play) bool { return p.last.ran }) }

func unknown(want bool) move {
	return holds("unknown", want, func(p *play) bool { return p.last.unknown })
}

// judged compares the status that the line would fail with if another one were typed now, 0 if with none.
func judged(want int) move {
	return func(p *play) {
		p.Helper()
		var got int
		if failed := (*StatusError)(nil); errors.As(p.lineStatus(), &failed) {
			got = failed.Status
		}
		if got != want {
			p.Errorf("judged with status %d, want %d", got, want)
		}
	}
}

func excused(want bool) move {
	return holds("excused", want, func(p *play) bool { return p.excused() })
}

// misread compares the error of the line that the shell has read.
func misread(want error) move {
	return func(p *play) {
		p.Helper()
		if p.last.misread == nil || p.last.misread.Error() != want.Error() {
			p.Errorf("misread: %v, want %v", p.last.misread, want)
		}
	}
}

// The bytes of bash 5.2 that the plays consist of.
const (
	hide      = "\x1b[?2004l\r"                      // readline has taken a line
	lost      = "\x1b[?2004h"                        // readline begins
	clearLine = "\r\x1b[K\r"                         // readline answers a key of mark S, and redraws
	broken    = "^C" + hide + lost + hide + "\r\r\n" // readline was interrupted
)

// TestPrompt plays bytes that bash 5.2, dash 0.5 and the terminal write: recorded ones, shortened,
// and the same marks in the orders that come under load.
func TestPrompt(t *testing.T) {
	tests := []struct {
		name  string
		moves []move
	}{
		{"a command", []move{
			types("false"), typed("false\r"), is(sent), shows("false\r\n" + hide + "<C;1>"), is(running), shows("x\r\n"), judged(0),
			shows(lost + "<D;1;2>"), is(prompting), judged(1), shows("$ <B;e>"), is(ready), status(1), ran(true), outputs("x\n"), asked(""),
		}},
		{"marks in pieces", []move{
			types("false"), shows("false\r\n" + hide + "\x1b]133;C"), is(sent), shows(";1;t"), is(sent), shows("\a"), is(running),
		}},
		{"a foreign token", []move{types("cat log"), shows("cat log\r\n<C;1>\x1b]133;D;0;2;other\a$ \x1b]133;B;e;other\a"), is(running)}},
		{"a mark that a program replays", []move{
			types("cat log"), shows("cat log\r\n<C;1><D;0;1>$ <B;e>"), is(running), shows("<C;1><2><E;0;1;f>"), is(running),
			shows("\r\n<D;4;2>$ <B;e>"), is(ready), status(4),
		}},
		{"a replayed beginning at the prompt", []move{
			types("a"), shows("a\r\n<C;1><D;0;2>$ <B;e><C;1>"), is(ready), status(0),
		}},
		{"an empty line", []move{types(""), shows("\r\n" + hide + lost + "<D;0;1>$ <B;e>"), is(ready), status(0), ran(false)}},
		{"a comment behind a failed command", []move{
			types("false"), shows("false\r\n<C;1><D;1;2>$ <B;e>"), types("# a"), shows("# a\r\n<D;1;2>$ <B;e>"), is(ready), status(1),
		}},
		{"a comment in the next snippet", []move{
			types("false"), shows("false\r\n<C;1><D;1;2>$ <B;e>"), snippet, types("# a"), shows("# a\r\n<D;1;2>$ <B;e>"), is(ready), status(0),
		}},
		{"the same status twice", []move{
			types("false"), shows("false\r\n<C;1><D;1;2>$ <B;e>"), snippet, types("false"), shows("false\r\n<C;2><D;1;3>$ <B;e>"),
			is(ready), status(1),
		}},
		{"without promptvars", []move{
			types("a"), shows("a\r\n<C;1><D;0/1;2>"), is(running), shows("<D;3/2;2>$ <B;e>"), is(ready), status(3),
		}},
		{"continued", []move{
			types("for i in 1; do"), shows("for i in 1; do\r\n" + hide + lost + "> <2>"), is(continued), types("done"),
			typed("for i in 1; do\rdone\r"), shows("done\r\n" + hide + "<C;1>"), is(running),
		}},
		{"a continuation prompt behind an interrupt", []move{
			types("for i in 1; do"), shows("for i in 1; do\r\n> <2>"), press("^C"), is(sent), shows(clearLine + "> <2>"), is(sent),
			shows(broken + "<D;130;1>$ <B;e><S;130;1;0><S;130;1;0>"), is(ready),
		}},

		{"a complaint", []move{
			types("if then fi"),
			shows("if then fi\r\n" + hide + "bash: syntax error near unexpected token `then'\r\n" + lost + "<D;2;1>$ <B;e>"),
			is(ready), status(2), ran(true),
		}},
		{"the same complaint", []move{
			types("fi"), shows("fi\r\nbash: syntax error\r\n<D;2;1>$ <B;e>"), snippet,
			types("fi"), shows("fi\r\nbash: syntax error\r\n<D;2;1>$ <B;e>"), is(ready), status(2),
		}},
		{"refused without a status", []move{
			types("echo !x"), shows("echo !x\r\nbash: !x: event not found\r\n<D;0;1>$ <B;e>"), is(ready),
			misread(&RefusedError{"echo !x", "bash: !x: event not found"}),
		}},
		{"read as another line", []move{
			types("rm -r old"), shows("rm -r o\r\n<C;1>"), is(running), misread(&MisreadError{"rm -r old", "rm-ro"}),
		}},

		{"redrawn at the prompt", []move{
			types("a"), shows("a\r\n<C;1>x\r\n<D;3;2>$ <B;e>"), shows(clearLine + "<D;3;2>$ <B;e>"), is(ready), status(3),
			shows("job\r\n"), outputs("x\njob\n"),
		}},
		{"redrawn behind Return", []move{
			types("false"), shows("false\r\n"), shows(clearLine + "<D;0;1>$ <B;e>false\r\n"), is(sent), shows("<C;1>"), is(running),
			shows("<D;1;2>$ <B;e>"), is(ready), status(1), outputs(""),
		}},
		{"redrawn before the echo", []move{
			types("false"), shows(clearLine + "<D;0;1>$ <B;e>"), is(sent), shows("false\r\n<C;1>x\r\n<D;1;2>$ <B;e>"), is(ready), status(1),
			outputs("x\n"),
		}},
		{"redrawn behind keys", []move{
			press("zzz"), shows("zzz"), shows(clearLine + "<D;0;1>$ <B;e>zzz"), is(ready), outputs(""), types("a"),
			typed("zzz" + clearing + "a\r"),
		}},

		{"a completion", []move{
			press("Tab"), shows("\r\n"), press("zzz"), shows("zzz"), is(ready), outputs(""), press("Tab"), shows("\r\na b\r\n"),
			outputs("a b\n"),
		}},

		{"an interrupt at the prompt", []move{
			press("^C"), typed("\x03"), is(sent), shows(broken + lost + "<D;130;1>$ <B;e>"), is(proving), asked(syncKey),
			shows(clearLine + "<S;130;1;0>"), asked(syncKey), shows("<D;130;1>$ <B;e>"), is(proving),
			shows(clearLine + "<S;130;1;0>"), is(ready), shows("<D;130;1>$ <B;e>"), is(ready), asked(""), status(0), outputs(""),
		}},
		{"an interrupt that takes the question", []move{
			press("^C"), shows(broken + "<D;130;1>$ <B;e>"), asked(syncKey), shows(broken + "<D;130;1>$ <B;e>"), is(proving), asked(syncKey),
			shows("<S;130;1;0>"), asked(syncKey), shows("<D;130;1>$ <B;e>"), is(proving), shows("<S;130;1;0>"), is(ready), asked(""),
		}},
		{"an interrupt between the questions", []move{
			press("^C"), shows(broken + "<D;130;1>$ <B;e><S;130;1;0><D;130;1>$ <B;e>"), is(proving), asked(syncKey + syncKey),
			shows(broken + "<D;130;1>$ <B;e>"), is(proving), asked(syncKey), shows("<S;130;1;0><D;130;1>$ <B;e>"), is(proving),
			shows("<S;130;1;0>"), is(ready),
		}},
		{"an interrupt without an effect", []move{
			press("^C"), later, typed("\x03\x03"), later, typed("\x03"), is(sent), shows(broken + "<D;130;1>$ <B;e><S;130;1;0><S;130;1;0>"),
			is(ready), later, typed(""),
		}},
		{"a line behind an interrupt", []move{
			press("^C"), shows(broken + "<D;130;1>$ <B;e><S;130;1;0><S;130;1;0>"), press("make\r"), is(sent), later, typed("\x03make\r"),
			shows("make\r\n" + clearLine + "<D;130;1>$ <B;e>make\r\n"), later, typed(""), shows("<C;1><D;2;2>$ <B;e>"), is(ready), status(2),
		}},
		{"an interrupted program", []move{
			types("sleep 100"), shows("sleep 100\r\n<C;1>"), inFront(programGroup, cooked), press("^C"), typed("sleep 100\r\x03"),
			later, typed(""), inFront(shellGroup, raw), shows("^C\r\n<D;130;2>$ <B;e>"), is(ready), asked(""), status(130), excused(true),
			outputs("\n"),
		}},
		{"a program that ended before its interrupt", []move{
			types("true"), shows("true\r\n<C;1>"), inFront(programGroup, cooked), func(p *play) { p.stage.gone = true }, press("^C"),
			inFront(shellGroup, raw), shows("<D;0;2>$ <B;e>"), is(proving), asked(syncKey), shows("<S;0;2;0><S;0;2;0>"), is(ready),
			status(0), excused(true),
		}},
		{"an interrupt that a shell lost", []move{
			types("while :; do :; done"), shows("while :; do :; done\r\n<C;1>"), press("^C"), later, typed("while :; do :; done\r\x03\x03"),
			shows("^C^C\r\n<D;130;2>$ <B;e>"), is(proving), shows("<S;130;2;0><S;130;2;0>"), is(ready), status(130), excused(true),
		}},
		{"a status of one's own behind an interrupt", []move{
			types("wait"), shows("wait\r\n<C;1>"), press("^C"), shows("^C\r\n<D;5;2>$ <B;e><S;5;2;0><S;5;2;0>"), is(ready), status(5),
			excused(false),
		}},
		{"the line behind an interrupt", []move{
			press("^C"), shows(broken + "<D;130;1>$ <B;e><S;130;1;0><S;130;1;0>"), is(ready), snippet, types("# a"),
			shows("# a\r\n<D;130;1>$ <B;e>"), is(ready), status(0),
		}},

		{"a prompt that lost its marks", []move{
			types("PS1=x"), shows("PS1=x\r\n<C;1>"), later, asked(""), shows("x"), inFront(shellGroup, raw), later, asked(syncKey),
			shows("<S;0;1;1>"), is(running), shows("<S;0;2;1>"), is(ready), status(0), types("false"),
			shows("false\r\n<C;2><D;1;3>$ <B;e>"), is(ready), status(1),
		}},
		{"a prompt that lost its marks and does not show", []move{
			types("exec 2>err"), shows("exec 2>err\r\n<C;1><E;0;2;f>"), types("PROMPT_COMMAND=()"), inFront(shellGroup, raw), later,
			asked(syncKey), shows("<S;0;3;1;1>"), is(ready), status(0), types("false"), shows("<E;1;4;f>"), is(ready), status(1),
		}},
		{"a prompt that goes away with its marks", []move{
			types("exec 2>err; PS1=x"), shows("exec 2>err; PS1=x\r\n<C;1>"), inFront(shellGroup, raw), later, asked(syncKey),
			shows("<S;0;2;1;1>"), is(ready), types("echo a"), shows("echo a\r\na\r\n"), outputs("a\n"), shows("<E;0;3;f>"), is(ready),
		}},
		{"a line whose end no mark told of", []move{
			types("exec 2>err"), shows("exec 2>err\r\n<C;1><E;0;2;f>"), types("a"), shows("<E;0;4;f>"), is(ready), unknown(true),
			types("b"), shows("<E;0;5;f>"), is(ready), unknown(false),
		}},
		{"an answer that says nothing of a lost prompt", []move{types("a"), shows("a\r\n<C;1><S;0;1;0>"), is(running)}},
		{"a mark C that is lost", []move{
			types("tmux"), shows("tmux\r\n"), later, is(sent), inFront(programGroup, raw), later, is(running), shows("x\r\n<D;1;2>$ <B;e>"),
			is(ready), status(1),
		}},
		{"a mark C that is lost on the alternate page", []move{
			shows("\x1b[?1049h"), types("tmux"), shows("tmux\r\n"), inFront(programGroup, raw), later, is(running), matches("tmux", false),
			shows("tmux"), matches("tmux", true),
		}},
		{"a program on the alternate page whose mark C is lost", []move{
			types("tmux"), shows("tmux\r\n\x1b[?1049hpage\r\n"), inFront(programGroup, raw), later, is(running), matches("page", true),
			shows("\x1b[?1049l"), matches("tmux", false),
		}},
		{"a mark C that is lost with its command", []move{
			types("tmux"), shows("tmux\r\nx\r\n<D;1;2>$ <B;e>"), is(ready), status(1), ran(true), outputs("x\n"),
		}},

		{"typed ahead", []move{
			types("sleep 1"), shows("sleep 1\r\n<C;1>"), inFront(programGroup, cooked), press("echo a\r"), shows("echo a\r\n"), outputs(""),
			inFront(shellGroup, raw), shows("<D;0;2>$ <B;e>"), is(ready), shows("echo a\r\n<C;2>"), is(running), shows("a\r\n<D;3;3>$ <B;e>"),
			is(ready), status(3), outputs("a\n"),
		}},
		{"typed ahead, and then a snippet", []move{
			types("sleep 1"), shows("sleep 1\r\n<C;1><D;0;2>$ <B;e>echo a\r\n"), next, shows("<C;2>"), matches("echo", false),
			shows("done\r\n"), matches("done", true),
		}},
		{"lines for an editor on the alternate page", []move{
			types("vim"), shows("vim\r\n<C;1>\x1b[?1049h"), inFront(programGroup, raw), next, types("one"), shows("one\r\n"), matches("one", false),
			types("two"), shows("two\r\n"), matches("one", false), matches("two", false), shows("three"), matches("three", true),
		}},
		{"keys to a program", []move{
			types("cat"), shows("cat\r\n<C;1>"), inFront(programGroup, cooked), press("one\r"), shows("one\r\none\r\n"), outputs("one\n"),
		}},
		{"^D ends the shell", []move{
			press("^D"), typed("\x04"), is(running), func(p *play) { p.end() }, is(ended), shows("<D;0;2>$ <B;e>"), is(ended),
		}},
		{"^D behind keys", []move{press("x"), press("^D"), is(ready)}},

		{"standard error away", []move{
			types("exec 2>err"), shows("exec 2>err\r\n<C;1><E;0;2;f>"), is(ready), status(0), types("(exit 3)"), is(running),
			shows("<E;3;3;f>"), is(ready), status(3), types("exec 2>&1"), shows("<D;0;4>$ <B;e>"), is(ready), status(0),
			types("false"), is(sent), shows("false\r\n<C;4><D;1;5>$ <B;e>"), is(ready), status(1),
		}},
		{"the echo of the terminal while the prompt is away", []move{
			types("exec 2>err"), shows("exec 2>err\r\n<C;1><E;0;2;f>"), types("echo a"), shows("echo a\r\na\r\n<E;0;3;f>"), is(ready),
			outputs("a\n"),
		}},
		{"a comment while the prompt is away", []move{
			types("exec 2>err"), shows("exec 2>err\r\n<C;1><E;0;2;f>"), types("false"), shows("<E;1;3;f>"), snippet, types("# a"),
			shows("<E;1;3;f>"), is(ready), status(0), ran(false),
		}},
		{"a prompt without marks behind a line without an echo", []move{
			types("exec 2>err"), shows("exec 2>err\r\n<C;1><E;0;2;f>"), types("abc"), shows("<S;0;3;1>"), is(ready), press("abc"), shows("abc"),
			shows("\r\nx"), outputs(""),
		}},
		{"a line for a command while the prompt is away", []move{
			types("exec 2>err"), shows("exec 2>err\r\n<C;1><E;0;2;f>"), types("read x"), types("one"), shows("one\r\n"), outputs(""),
			shows("got one\r\n"), outputs("got one\n"),
		}},
		{"a prompt through a pipe", []move{
			types("exec 2> >(tee log)"), shows("exec 2> >(tee log)\r\n<C;1><E;0;2;p>"), is(prompting), shows("<D;0;2>$ <B;e>"), is(ready),
			types("(exit 4)"), shows("(exit 4)\r\n<C;2><E;4;3;p>"), is(prompting), shows("<D;4;3>$ <B;e>"), is(ready), status(4),
		}},
		{"mark E before the output in the pipe", []move{
			types("exec 2> >(tee log)"), shows("exec 2> >(tee log)\r\n<C;1><E;0;2;p><D;0;2>$ <B;e>"), types("! echo a"),
			shows("<E;1;3;p>"), shows("! echo a\r\n<C;2>a\r\n<D;1;3>$ <B;e>"), is(ready), status(1), ran(true), outputs("a\n"),
		}},
		{"a prompt that a pipe keeps", []move{
			types("exec 2> >(tee log >/dev/null)"), shows("exec 2> >(tee log >/dev/null)\r\n<C;1><E;0;2;p>"), later, is(prompting),
			inFront(shellGroup, raw), later, asked(syncKey), shows("<S;0;2;0>"), is(ready), status(0),
		}},

		{"answers to queries that nobody read", []move{
			types("query"), shows("query\r\n<C;1>\x1b[c<D;0;2>$ <B;e>"), is(proving), asked(abandoning + clearing + syncKey),
			shows("62;22c" + clearLine + "<S;0;2;0>"),
			asked(syncKey),
			shows("<D;0;2>$ <B;e>" + clearLine + "<S;0;2;0>"), is(ready), outputs(""), types("a"),
			typed("query\r" + abandoning + clearing + "a\r"),
		}},
		{"an answer that begins a search", []move{
			types("query"), shows("query\r\n<C;1>\x1b[c<D;0;2>$ <B;e>"), asked(abandoning + clearing + syncKey),
			shows("\r\x1b[K?\r\x1b[K<D;0;2>$ <B;e>"), is(proving), asked(syncKey), // the search is over
			shows(clearLine + "<S;0;2;0>"), asked(syncKey),
			shows("<D;0;2>$ <B;e>" + clearLine + "<S;0;2;0>"), is(ready), status(0),
			shows("<D;0;2>$ <B;e>" + clearLine + "<S;0;2;0><D;0;2>$ <B;e>"), is(ready), asked(""), outputs(""),
		}},
		{"a question that got lost", []move{
			types("query"), shows("query\r\n<C;1>\x1b[c<D;0;2>$ <B;e>"), asked(abandoning + clearing + syncKey),
			inFront(shellGroup, raw), later, is(proving), asked(abandoning + clearing + syncKey), shows(clearLine + "<S;0;2;0>"), asked(syncKey),
			shows("<D;0;2>$ <B;e>" + clearLine + "<S;0;2;0>"), is(ready), status(0),
		}},
		{"a question in a terminal that somebody has set to canonical mode", []move{
			types("query"), shows("query\r\n<C;1>\x1b[c<D;0;2>$ <B;e>"), asked(abandoning + clearing + syncKey), inFront(shellGroup, cooked),
			later, asked(abandoning + clearing + syncKey + "\r"), shows("<S;0;2;0><D;0;2>$ <B;e>\r\n<D;0;2>$ <B;e>"), is(proving),
			asked(syncKey + syncKey), shows(clearLine + "<S;0;2;0>"), asked(syncKey),
			shows("<D;0;2>$ <B;e>" + clearLine + "<S;0;2;0>"), is(ready), status(0),
		}},
		{"answers to a program that reads keys", []move{
			types("vim"), shows("vim\r\n<C;1>\x1b[c"), inFront(programGroup, raw), press("q"), inFront(shellGroup, raw), shows("<D;0;2>$ <B;e>"),
			is(ready), asked(""),
		}},

		{"a nested shell", []move{inner, types("false"), shows("false\r\n<n:D;1;0># <n:B;n>"), is(ready), status(1), outputs("")}},
		{"a nested shell's output", []move{
			inner, types("echo a"), shows("echo a\r\na\r\n<n:D;0;0># <n:B;n>"), is(ready), status(0), outputs("a\n"),
		}},
		{"a comment in a nested shell", []move{
			inner, types("false"), shows("false\r\n<n:D;1;0># <n:B;n>"), snippet, types("# a"), shows("# a\r\n<n:D;1;0># <n:B;n>"),
			is(ready), status(0), ran(false),
		}},
		{"the end of a nested shell", []move{
			inner, types("exit 7"), shows("exit 7\r\n<D;7;2>$ <B;e>"), is(ready), status(7), inherited(false), types("false"), is(sent),
		}},
		{"the end of a nested shell with a status of its own", []move{
			inner, types("false"), shows("false\r\n<n:D;1;0># <n:B;n>"), snippet, types("exit"), shows("exit\r\n<D;5;2>$ <B;e>"), is(ready),
			status(5), inherited(false),
		}},
		{"the end of a nested shell with its last status", []move{
			inner, types("false"), shows("false\r\n<n:D;1;0># <n:B;n>"), snippet, types("exit"), shows("exit\r\n<D;1;2>$ <B;e>"), is(ready),
			status(1), inherited(true),
		}},
		{"an open quote in a nested shell", []move{inner, types("echo 'a"), shows("echo 'a\r\n> <n:2>"), is(continued)}},
		{"a nested shell with marks C", []move{
			types("bash"), shows("bash\r\n<C;1>bash-5.2# "), inFront(innerGroup, raw), waits, later, shows("<n:D;0;2>bash-5.2# <n:B;e>"),
			is(ready),
			types("false"), is(sent), shows("false\r\n<n:C;2>x\r\n<n:D;1;3>bash-5.2# <n:B;e>"), is(ready), status(1), outputs("bash-5.2# x\n"),
			snippet, types("exit"), shows("exit\r\n<n:C;3>exit\r\n<D;1;2>$ <B;e>"), is(ready), status(1), inherited(true),
			types("a"), shows("a\r\n<C;2><D;0;3>$ <B;e>"), is(ready), status(0),
		}},
		{"no injection into a program", []move{
			types("python3"), shows("python3\r\n<C;1>$ "), inFront(programGroup, raw), waits, later, typed("python3\r"), is(running),
		}},
		{"no injection without a prompt", []move{
			types("dash"), shows("dash\r\n<C;1>reading: "), inFront(innerGroup, cooked), waits, later, typed("dash\r"), is(running),
		}},
		{"an injection without an answer", []move{
			types("dash"), shows("dash\r\n<C;1># "), inFront(innerGroup, cooked), waits, later, shows("held\r\n# "), outputs("# "), giveUp,
			outputs("# held\n# "), func(p *play) { p.stage.typed = "" }, later, typed(""), shows("<n:D;0;0># <n:B;n>"), is(ready),
		}},
		{"a shell that ends instead of an answer", []move{
			types("dash"), shows("dash\r\n<C;1># "), inFront(innerGroup, cooked), waits, later, shows("exit\r\n<D;3;2>$ <B;e>"),
			is(ready), status(3), byHand("ls"), shows("ls"), outputs("# exit\n"),
		}},
		{"a shell that had marks", []move{
			inner, types("PS1='# '"), shows("PS1='# '\r\n# "), is(running), later, shows("<n:D;0;0># <n:B;n>"), is(ready), unknown(true),
			holds("a second shell", false, func(p *play) bool { return len(p.nested) > 1 }),
			types("exit 3"), shows("exit 3\r\n<D;3;2>$ <B;e>"), is(ready), status(3), unknown(false),
		}},

		{"an interrupt at the prompt of a nested shell", []move{
			inner, press("^C"), typed("\x03"), shows("^C\r\n<n:D;130;0># <n:B;n>"), is(proving), asked(" __s 1\r"),
			shows(" __s 1\r\n<n:S;0;1;0><n:D;0;0># <n:B;n>"), is(ready), asked(""), outputs(""),
		}},
		{"an interrupt that takes the line of a question", []move{
			inner, press("^C"), shows("^C\r\n<n:D;130;0># <n:B;n>"), asked(" __s 1\r"), shows(" __s 1^C\r\n<n:D;130;0># <n:B;n>"), is(proving),
			asked(" __s 2\r"), shows(" __s 2\r\n<n:S;0;2;0>"), is(proving), shows("<n:D;0;0># <n:B;n>"), is(ready), outputs(""),
		}},
		{"an interrupt that takes the line of a question, without a prompt", []move{
			inner, press("^C"), shows("^C\r\n<n:D;130;0># <n:B;n>"), asked(" __s 1\r"), later, asked(" __s 2\r"), is(proving),
			shows(" __s 2\r\n<n:S;0;2;0><n:D;0;0># <n:B;n>"), is(ready), asked(""), outputs(""),
		}},
		{"answers to both lines of a slow question", []move{
			inner, press("^C"), shows("^C\r\n<n:D;130;0># <n:B;n>"), asked(" __s 1\r"), later, asked(" __s 2\r"),
			shows(" __s 1\r\n<n:S;0;1;0><n:D;0;0># <n:B;n>"), is(proving),
			shows(" __s 2\r\n<n:S;0;2;0><n:D;0;0># <n:B;n>"), is(ready), asked(""), outputs(""),
		}},
		{"an answer to an earlier line of a question", []move{
			inner, press("^C"), shows("^C\r\n<n:D;130;0># <n:B;n><n:D;130;0># <n:B;n>"), asked(" __s 1\r"),
			shows("<n:D;130;0># <n:B;n>"), asked(" __s 2\r"),
			shows(" __s 1\r\n<n:S;0;1;0><n:D;0;0># <n:B;n>"), is(proving), asked(""), shows(" __s 2\r\n<n:S;0;2;0><n:D;0;0># <n:B;n>"), is(ready),
		}},
		{"a flood instead of an answer", []move{
			inner, press("^C"), shows("^C\r\n<n:D;130;0># <n:B;n>"), is(proving), shows(strings.Repeat("x", maxHeld+1)), is(ready), next,
			shows("end"), matches("end", true),
		}},
		{"output during a question", []move{
			inner, press("^C"), shows("^C\r\n<n:D;130;0># <n:B;n>"), shows(" __s 1\r\njob\r\n<n:S;0;1;0><n:D;0;0># <n:B;n>"), is(ready),
			outputs(" \njob\n"),
		}},
		{"a shell that does not answer a question", []move{
			inner, press("^C"), shows("^C\r\n<n:D;130;0># <n:B;n>"), func(p *play) {
				for range maxQuestions {
					is(proving)(p)
					p.shows("<n:D;130;0># <n:B;n>")
				}
			}, is(ready), asked(questions()),
		}},
		{"a nested shell that ends instead of an answer", []move{
			inner, press("^C"), shows("^C\r\n<n:D;130;0># <n:B;n>"), is(proving), shows("<D;130;2>$ <B;e>"), is(ready),
			holds("nested", false, func(p *play) bool { return len(p.nested) > 0 }),
		}},

		{"a person's line", []move{
			byHand("ls\r"), is(sent), shows("ls\r\n<C;1>x\r\n<D;2;2>$ <B;e>"), is(ready), outputs("x\n"),
		}},
		{"a person's keys", []move{byHand("ls"), shows("ls"), is(ready), outputs(""), types("a"), typed("ls" + clearing + "a\r")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlay(t)
			for _, m := range tt.moves {
				m(p)
			}
		})
	}
}

// questions are all lines of a question.
func questions() (lines string) {
	for i := range maxQuestions {
		lines += fmt.Sprintf(" __s %d\r", i+1)
	}
	return lines
}

// inner starts a dash that has no marks of its own.
func inner(p *play) {
	for _, m := range []move{
		types("dash"), shows("dash\r\n" + hide + "<C;1>"), is(running), inFront(innerGroup, cooked), shows("# "), waits, later,
		typed("dash\r" + strings.ReplaceAll(injection, "TOKEN", "n") + "\r"), is(running),
		shows(injection[:40] + "\r\n<n:D;0;0># <n:B;n>"), is(ready), status(0), unknown(false),
		func(p *play) { p.out.text.forget(0) }, snippet,
	} {
		m(p)
	}
}
