package terminal

import (
	"bytes"
	"context"
	"crypto/rand"
	"path"
	"slices"
	"strings"
	"time"

	"workshop/markdown/lazy"
)

// shell is a nested shell: a command of the session's own shell has started it. It has marks
// and a token of its own.
type shell struct {
	token  string
	begins bool // it marks the beginning of its commands
	edits  bool // its prompt ends when its line editor reads
	number int  // the command number of the shell around it, restored afterwards
	group  int  // its process group; 0 if it runs elsewhere, behind a relay
}

// shellInFront reports whether the session's shell, or the innermost one, is in the
// foreground.
func (p *prompt) shellInFront() bool {
	group := p.world.foreground()
	return group == p.shell || len(p.nested) > 0 && group == p.nested[len(p.nested)-1].group
}

// marksBegin reports whether the innermost shell marks the beginning of its commands.
func (p *prompt) marksBegin() bool {
	return len(p.nested) == 0 || p.nested[len(p.nested)-1].begins
}

// parse reads a mark of the session's shell or of a nested one. level is the number of
// shells around the one that wrote it.
func (p *prompt) parse(osc string) (m mark, level int, ok bool) {
	for level = len(p.nested); level > 0 && !ok; level-- {
		if m, ok = parseMark(osc, p.nested[level-1].token); ok {
			return m, level, true
		}
	}
	m, ok = parseMark(osc, p.token)
	return m, 0, ok
}

// leave goes back to the shell at a level: those inside it have ended.
func (p *prompt) leave(level int) {
	p.last.number = p.nested[level].number
	p.nested = p.nested[:level]
}

// shells are the shells that get an injection at their prompt. A relay to a shell gets one too,
// unless it was told to run another program there.
var shells = lazy.Regexp(`^-?(sh|bash|rbash|dash|ash|ksh|ksh93|mksh|zsh)$`)

// foreignShells are shells without an injection: their language is another one.
var foreignShells = lazy.Regexp(`^-?(fish|t?csh|nu|xonsh|elvish|pwsh)$`)

// unmarkedShell is the name of a program in the foreground that reads lines for a shell without
// marks, else "": a shell of another language, or one whose prompt is not known as such, and
// which therefore got no injection, or a relay to one.
func (s *Session) unmarkedShell() string {
	if s.holds(func() bool { s.drain(); return s.prompt.state != running }) {
		return "" // mostly: without a look at the processes
	}
	front := s.dev.front()
	argv := commandLine(front.group)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	if s.prompt.state != running || len(argv) == 0 || !s.prompt.strange(front, argv) {
		return ""
	}
	return path.Base(argv[0])
}

// lateLimit is the further time for the prompt of a slow shell, before a line to it is refused.
const lateLimit = 5 * time.Second

// answersLate reports whether a shell shows its prompt after all: one that got an injection, or one
// behind a relay, of which nothing tells whether it reads or its command runs. A relay that the last line
// started may have shown a part of a greeting only, which looks like a question.
func (s *Session) answersLate(ctx context.Context) bool {
	hopeless := func() bool {
		n := len(s.prompt.nested)
		return s.prompt.given == nil && (n == 0 || s.prompt.nested[n-1].group != 0)
	}
	if s.holds(hopeless) {
		if !s.holds(func() bool { return StartsShell(s.prompt.last.line) }) {
			return false
		}
		s.awaitRunning(ctx, lateLimit, func() bool { return s.prompt.atForeignPrompt() || s.prompt.state != running })
		// The shell may still have to take the screen's answer to a query.
		whileRunning(ctx, settleKeys, s.delays, func(moment context.Context) bool {
			for look := settleFirst; moment.Err() == nil; look *= 2 {
				if s.integrate(ctx) || !s.holds(s.prompt.atForeignPrompt) {
					return true
				}
				s.awaitFor(moment, look, func() bool { return s.prompt.state != running })
			}
			return false
		})
		if s.holds(func() bool { return s.prompt.state == running && s.prompt.given == nil }) {
			return false
		}
	}
	return s.awaitRunning(ctx, lateLimit, func() bool { return s.prompt.reads() || s.prompt.state == ended })
}

// strange reports whether the program with this command line in the foreground is such a shell
// or relay. A relay in canonical mode asks a question of its own, such as one for a password. A
// nested shell that reads while a command runs has lost its marks, or its builtin reads: nothing
// tells the two apart. Behind a relay that cannot be followed a program may read as well. The
// session's own shell is asked for its prompt.
func (p *prompt) strange(f front, argv []string) bool {
	switch {
	case foreignShells().MatchString(path.Base(argv[0])):
		return true
	case !interactive(argv) || f.group == p.shell && p.own(argv):
		return false
	case isShell(argv):
		return true
	}
	return !f.mode.canonical
}

// relay is a program that connects to a shell: the parts of its command line that are needed
// to find the command that it runs.
type relay struct {
	values  string // the letters of options with a value
	long    string // the long options with a value, a blank around each
	operand int    // the number of words that name the place
	start   string // the letters of the options that start a shell; "" if it does so without
	command string // the letters of options whose value is a command
	verbs   string // the subcommands that connect, a blank around each; "" for a program without
}

func relays() map[string]relay {
	docker := relay{
		values: "euwvplh", operand: 1, verbs: " exec run ",
		long: " --env --user --workdir --name --network --volume --publish --hostname --entrypoint --index ",
	}
	return map[string]relay{
		"su":             {values: "sGg", long: " --shell ", operand: 1, command: "c"},
		"sudo":           {values: "ugphCDRT", long: " --user --group ", start: "si"},
		"ssh":            {values: "BbcDEeFIiJLlmOopQRSWw", operand: 1},
		"script":         {values: "EOIBTmo", operand: 1, command: "c"},
		"docker":         docker,
		"podman":         docker,
		"docker-compose": docker,
		"kubectl":        {values: "cn", long: " --container --namespace --context ", operand: 1, verbs: " exec "},
		"nsenter":        {values: "tSG", long: " --target "},
		"unshare":        {values: "RwSG"},
		"chroot":         {operand: 1},
	}
}

// interactive reports whether a command line is that of a shell without a script to
// run, or of a relay to one.
func interactive(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	r, known := relays()[path.Base(argv[0])]
	if !known {
		return isShell(argv)
	}
	args := argv[1:]
	if r.verbs != "" {
		i := slices.IndexFunc(args, func(a string) bool { return strings.Contains(r.verbs, " "+a+" ") })
		if i < 0 {
			return false
		}
		args = args[i+1:]
	}
	started := r.start == ""
	operands := r.operand
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return isShell(args[i+1:])
		case strings.HasPrefix(a, "--"):
			if strings.HasPrefix(a, "--command") {
				return false
			}
			if strings.Contains(r.long, " "+a+" ") {
				i++
			}
			started = started || a == "--login" || a == "--shell"
		case len(a) > 1 && a[0] == '-':
			if j := strings.IndexAny(a[1:], r.command) + 1; j > 0 {
				next := args[min(i+1, len(args)):min(i+2, len(args))]
				return isShell(strings.Fields(strings.Join(append([]string{a[j+1:]}, next...), " ")))
			}
			started = started || strings.ContainsAny(a[1:], r.start)
			if strings.IndexByte(r.values, a[len(a)-1]) >= 0 {
				i++
			}
		case a == "-": // of su: a login shell
		case r.start != "" && strings.Contains(a, "="): // sudo's variables
		case operands > 0:
			operands--
		default:
			return isShell(args[i:])
		}
	}
	return started && (r.verbs == "" || !strings.Contains(r.verbs, " exec ") || operands > 0)
}

// StartsShell reports whether a line of a snippet ends in the start of a shell. One more
// line is then typed at its prompt, which makes the prompt carry marks.
func StartsShell(line string) bool {
	words := strings.Fields(line)
	if len(words) > 0 && strings.HasPrefix(words[0], "#") {
		return false // a comment, such as the first line of a script in a here-document
	}
	for i, w := range slices.Backward(words) {
		if strings.ContainsAny(w, ";&|") || w == "then" || w == "do" {
			words = words[i+1:]
			break
		}
	}
	for len(words) > 0 && (words[0] == "exec" || words[0] == "command" || words[0] == "env" || strings.Contains(words[0], "=")) {
		words = words[1:]
	}
	return interactive(words)
}

// isShell reports whether a command line is that of a shell without a script to run.
func isShell(argv []string) bool {
	if len(argv) > 1 && path.Base(argv[0]) == "busybox" {
		argv = argv[1:]
	}
	if len(argv) == 0 || !shells().MatchString(path.Base(argv[0])) {
		return false
	}
	for i := 1; i < len(argv); i++ {
		switch arg := argv[i]; {
		case arg == "--rcfile" || arg == "--init-file" || arg == "-o" || arg == "+o" || arg == "-O" || arg == "+O":
			i++ // its value
		case !strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "+"):
			// Else a script; with a redirection the standard input is not the terminal.
			return arg == "/dev/tty" || (arg == "/dev/stdin" || arg == "/dev/fd/0") &&
				!slices.ContainsFunc(argv[i+1:], func(a string) bool { return strings.HasPrefix(strings.TrimPrefix(a, "0"), "<") })
		case !strings.HasPrefix(arg, "--") && strings.Contains(arg, "c"):
			return false // a command
		}
	}
	return true
}

// prompts matches rows that are a shell's prompt and nothing else: it ends in a sign and at
// most one blank. Progress of 45% is none, nor is the prompt of a Python.
var prompts = lazy.Regexp(`(^|[^>])[$#] ?$|(^|[^\s\d>])% ?$`)

// injection makes any shell write marks in its prompts. It is one line that every shell can
// parse and the shortest line buffer holds (busybox: 1,023 bytes). bash and zsh mark the
// beginning of a command, and their line editors answer the key of mark S; the other shells
// answer a line, see question. zsh counts before it writes mark C: an interrupt may end that
// function. The line editors of ksh are switched off, because they show a long line in pieces.
const injection = ` __w=TOKEN;__s(){ printf "\033]133;S;0;${1:-0};0;$__w\007">/dev/tty;};` +
	`if [ -n "$ZSH_VERSION" ];then setopt PROMPT_SUBST;__n=1;__c(){ __n=$((__n+1));printf "\e]133;C;$((__n-1));$__w\a"; };` +
	`eval 'preexec_functions+=(__c)';` +
	`__k(){ __s;zle reset-prompt;};zle -N __k;for __m in emacs viins vicmd;do bindkey -M $__m '^^' __k;done;` +
	`PS1=$'%{\e]133;D;%?;$__n;'$__w$'\a%}'"$PS1"$'%{\e]133;B;e;'$__w$'\a%}';PS2="$PS2"$'%{\e]133;2;'$__w$'\a%}';` +
	`elif [ -n "$BASH_VERSION" ];then ` +
	`__p(){ case $PS0 in *$__w*);;*)PS0+='\e]133;C;\#;'$__w'\a';;esac;case $PS1 in *$__w*)return;;esac;` +
	`PS1='\[\e]133;D;$?;\#;'$__w'\a\]'"$PS1"'\[\e]133;B;e;'$__w'\a\]';` +
	`PS2="$PS2"'\[\e]133;2;'$__w'\a\]'; };` +
	`eval 'PROMPT_COMMAND[7]=__p';for __k in emacs vi-insert vi;do bind -m $__k -x '"\036":__s';done 2>/dev/null;__p;set +H;` +
	`else [ -z "$KSH_VERSION" ]||set +o emacs +o gmacs +o vi;` +
	`PS1="$(printf '\033]133;D;')"'$?'"$(printf ";0;$__w\007")$PS1$(printf "\033]133;B;n;$__w\007")";` +
	`PS2="$PS2$(printf "\033]133;2;$__w\007")";fi`

// probeLimit bounds the time of a shell's answer to the injection.
const probeLimit = 2 * time.Second

// probe is the integration of a shell. The prompt at the end of its output is on the screen
// already.
type probe struct {
	token  string
	number int  // of the command, in the first mark D; 0 if the shell does not count
	again  bool // the shell, or another one behind the same relay, had marks before
	seen   int  // the number of held bytes that are parsed
}

// integrated reports whether the shell of a process group has had marks: then the status of
// its last line is unknown. Behind a relay it may be another shell.
func (p *prompt) integrated(group int) bool {
	known := slices.ContainsFunc(p.nested, func(inner shell) bool { return inner.group == group })
	if known || group == p.shell && p.own(p.world.commandLine(group)) {
		return !replaces(p.last.line)
	}
	behind := slices.ContainsFunc(p.nested, func(inner shell) bool { return inner.group == 0 })
	return behind && !StartsShell(p.last.line)
}

// replaces reports whether a line replaces its shell and does nothing else: if that fails, no other command of
// the line can remove the marks and fail.
func replaces(line string) bool {
	return strings.HasPrefix(strings.TrimSpace(line), "exec ") && !strings.ContainsAny(line, ";&|")
}

// integrate makes a nested shell that waits at its prompt write marks. It reports whether
// there is one.
func (s *Session) integrate(ctx context.Context) bool {
	s.mu.Lock()
	// First the evidence, then the output before it: our own shell reads in raw mode only
	// behind the marks of its prompt. A shell whose line is still on its way shows its old prompt, and
	// so does one that has still to take an interrupt.
	f := s.dev.front()
	reads := len(s.queue.pending) == 0 && f.takesLine() && (!f.mode.canonical || f.empty() && s.readsTerminal())
	s.drain()
	if !reads || !s.prompt.atForeignPrompt() {
		s.mu.Unlock()
		return false
	}
	s.queue.hold = true
	s.prompt.inject(strings.ToLower(rand.Text()))
	s.mu.Unlock()
	done := s.awaitRunning(ctx, probeLimit, func() bool { return !s.prompt.integrating() || s.prompt.state == ended })
	if done && s.holds(func() bool { return len(s.queue.byHand) > 0 }) {
		s.awaitReader(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !done && s.prompt.integrating() { // it is no shell, or a slow one
		s.show(s.prompt.giveUp())
	}
	is := s.prompt.state == ready
	s.queue.hold = false
	s.deliver()
	return is
}

// inject types the injection to the shell in the foreground, with a token for its marks.
func (p *prompt) inject(token string) {
	group := p.world.foreground()
	p.refused = group // it is asked once only
	p.exchange = &exchange{dialogue: &probe{token: token, again: p.integrated(group)}}
	p.keyboard.enqueue([]byte(strings.ReplaceAll(injection, "TOKEN", token) + "\r"))
}

// integrating reports whether a probe is under way.
func (p *prompt) integrating() bool {
	if p.exchange == nil {
		return false
	}
	_, ok := p.exchange.dialogue.(*probe)
	return ok
}

// atForeignPrompt reports whether a program that may be a shell waits for a line behind
// an apparent prompt. Of a shell whose line editor has just asked for marks around a paste, any
// text before the cursor is the prompt. Before the echo of a line has come back through a slow relay,
// its own prompt is there.
func (p *prompt) atForeignPrompt() bool {
	if p.state != running || !p.line.answered || p.editor.leaving || p.exchange != nil || p.out.screen.AltScreen() {
		return false
	}
	group := p.world.foreground()
	argv := p.world.commandLine(group)
	if group == p.refused || !interactive(argv) || group == p.shell && p.own(argv) {
		return false // also for the session's own shell: askPrompt asks for its prompt
	}
	before := p.out.beforeCursor()
	known := slices.ContainsFunc(p.nested, func(inner shell) bool { return inner.group == group }) // its builtin may read
	return prompts().MatchString(before) || !known && isShell(argv) && p.out.screen.BracketedPaste() && strings.TrimSpace(before) != ""
}

// own reports whether a command line is that of the session's own bash, which another program may have replaced.
func (p *prompt) own(argv []string) bool { return strings.Contains(strings.Join(argv, " "), p.rc) }

// connecting reports whether a relay connects to a shell that shows nothing yet, not even a prompt:
// the relay takes keys, but nobody would read a line that is to be judged. The prompt of a shell
// that reads already may still be on its way through the relay.
func (p *prompt) connecting(f front) bool {
	if p.state != running || len(f.relays) == 0 && (f.mode.canonical || f.mode.signals) {
		return false
	}
	inner := p.shell
	if n := len(p.nested); n > 0 {
		inner = p.nested[n-1].group
	}
	connects := StartsShell(p.last.line)
	if inner != 0 && inner != f.group {
		connects = connects || interactive(p.world.commandLine(f.group))
	}
	return connects && strings.TrimSpace(p.out.beforeCursor()) == ""
}

// read waits for the marks of a whole prompt, and shows the bytes behind them.
func (pr *probe) read(held []byte, p *prompt) (shown []byte, over bool) {
	edits := true
	end := []byte("\x1b]133;B;e;" + pr.token + "\a")
	i := bytes.Index(held, end)
	if i < 0 {
		edits, end[len("\x1b]133;B;")] = false, 'n'
		i = bytes.Index(held, end)
	}
	if i < 0 {
		return pr.left(held, p)
	}
	_, d, _ := bytes.Cut(held[:i], []byte("\x1b]133;D;"))
	body, _, _ := strings.Cut(string(d), "\a")
	if m, ok := parseMark("133;D;"+body, pr.token); ok {
		pr.number = m.number
	}
	p.exchange = nil
	pr.found(edits, p)
	return held[i+len(end):], true
}

// left gives up when a shell around that one shows its prompt: the other has ended.
func (pr *probe) left(held []byte, p *prompt) (shown []byte, over bool) {
	for {
		osc, end, ok := nextMark(held, pr.seen)
		if !ok {
			return nil, false
		}
		pr.seen = end
		if m, _, ok := p.parse(osc); ok && (m.kind == 'D' || m.kind == 'E') {
			return p.giveUp(), true
		}
	}
}

// fail keeps the probe, as its shell may answer later.
func (pr *probe) fail(p *prompt) { p.given = pr }

// found notes the shell's first prompt with marks.
func (pr *probe) found(edits bool, p *prompt) {
	found := shell{token: pr.token, begins: pr.number > 0, edits: edits, number: p.last.number}
	if i := len(p.nested) - 1; i >= 0 && p.nested[i].group != 0 && p.nested[i].group == p.world.foreground() {
		found.number, p.nested = p.nested[i].number, p.nested[:i] // the same process: its prompt may still have the earlier marks
	}
	p.nested = append(p.nested, found)
	p.given, p.last.number, p.last.marked, p.last.status, p.last.unknown = nil, pr.number, 0, 0, pr.again
	p.promptShown(edits)
}

// late takes the marks of a shell that answers after the end of the wait for them.
func (pr *probe) late(osc string, p *prompt) {
	m, ok := parseMark(osc, pr.token)
	switch {
	case !ok || p.state != running:
	case m.kind == 'D':
		pr.number = m.number
		p.out.begin(classPrompt)
	case m.kind == 'B':
		pr.found(m.edits, p)
	}
}

// seen is the number of bytes that the terminal has shown.
func (s *Session) seen() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received
}

// askPrompt asks the session's own bash for mark S if it reads a line without the marks of its
// prompt, and waits for the answer: a snippet has removed the marks, or reads a line itself
// (read -e). A bash without a line editor does not answer, and is not asked. asked is false if it
// does not read.
func (s *Session) askPrompt(ctx context.Context) (asked, answered bool) {
	s.mu.Lock()
	before := s.prompt.answered
	asked, mute := s.lostPrompt()
	if asked && !mute {
		s.prompt.ask()
	}
	s.mu.Unlock()
	if !asked || mute {
		return asked, false
	}
	s.awaitRunning(ctx, probeLimit, func() bool {
		answered = s.prompt.answered > before || s.prompt.state == ended
		return answered || s.prompt.atForeignPrompt() // of a shell that has replaced it
	})
	return true, answered
}

// lostPrompt reports whether the session's own bash reads a line without the marks of its prompt,
// and whether it does so without a line editor. With one it may also be a command that reads a line. A
// shell that has replaced it and shows its prompt is integrated instead.
func (s *Session) lostPrompt() (lost, mute bool) {
	if !s.prompt.unmarked() {
		return false, false
	}
	// First the evidence, then the output before it.
	shell := s.prompt.shell
	s.dev.settle()
	front := s.dev.front()
	mute = front.mode.canonical
	reads := len(s.queue.pending) == 0 && front.group == shell && front.takesLine() &&
		(mute && readsCommands(shell) || !mute && selects(shell))
	s.drain()
	return reads && s.prompt.unmarked() && !s.prompt.out.screen.AltScreen() && !s.prompt.atForeignPrompt(), mute
}

// awaitsLine reports whether the session's own bash has read all input and reads a line without marks.
func (s *Session) awaitsLine() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost, _ := s.lostPrompt()
	return lost
}

// unmarked reports whether the session's own shell would read a line only behind a prompt that
// has lost its marks.
func (p *prompt) unmarked() bool {
	return len(p.nested) == 0 && (p.state == sent || p.state == running || p.state == prompting)
}

// Nesting is the number of shells around the one that reads now.
func (s *Session) Nesting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.prompt.nested)
}
