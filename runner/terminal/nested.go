package terminal

import (
	"bytes"
	"context"
	"crypto/rand"
	"path"
	"regexp"
	"strings"
	"time"
)

// shell is a shell that a command of the session's own shell has started, with marks
// and a token of its own.
type shell struct {
	token  string
	begins bool // it marks the beginning of its commands
	number int  // of the shell around it, to go on with
	group  int  // its process group; 0 if it runs elsewhere, behind a relay
}

// shellInFront reports whether the session's shell, or the innermost one, is in the foreground.
func (s *Session) shellInFront() bool {
	group := s.dev.foreground()
	return group == s.shell || len(s.nested) > 0 && group == s.nested[len(s.nested)-1].group
}

// marksBegin reports whether the innermost shell marks the beginning of its commands.
func (s *Session) marksBegin() bool {
	return len(s.nested) == 0 || s.nested[len(s.nested)-1].begins
}

// parse reads a mark of the session's shell or of one inside it. level is how many
// shells are around the one that wrote it.
func (s *Session) parse(osc string) (m mark, level int, ok bool) {
	for level = len(s.nested); level > 0 && !ok; level-- {
		if m, ok = parseMark(osc, s.nested[level-1].token); ok {
			return m, level, true
		}
	}
	m, ok = parseMark(osc, s.token)
	return m, 0, ok
}

// leave goes back to the shell at a level: those inside it have ended.
func (s *Session) leave(level int) {
	s.number = s.nested[level].number
	s.nested = s.nested[:level]
}

// An integration may be typed to a shell at its prompt, and to a program that connects
// to one elsewhere.
var (
	shells = regexp.MustCompile(`^-?(sh|bash|rbash|dash|ash|ksh|mksh|zsh)$`)
	relays = regexp.MustCompile(`^(su|sudo|script|ssh|docker|docker-compose|podman|kubectl|nsenter|unshare|chroot|login)$`)
)

// interactive reports whether a command line is that of a shell without a script to
// run, or of a relay.
func interactive(argv []string) bool {
	return isShell(argv) || len(argv) > 0 && relays.MatchString(path.Base(argv[0]))
}

// isShell reports whether a command line is that of a shell without a script to run.
func isShell(argv []string) bool {
	if len(argv) > 1 && path.Base(argv[0]) == "busybox" {
		argv = argv[1:]
	}
	if len(argv) == 0 || !shells.MatchString(path.Base(argv[0])) {
		return false
	}
	for i := 1; i < len(argv); i++ {
		switch arg := argv[i]; {
		case arg == "--rcfile" || arg == "--init-file" || arg == "-o" || arg == "+o" || arg == "-O" || arg == "+O":
			i++ // its value
		case !strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "+"):
			return false // a script
		case !strings.HasPrefix(arg, "--") && strings.Contains(arg, "c"):
			return false // a command
		}
	}
	return true
}

// prompts are the ends of a shell's prompt. A Python's is no shell's.
var prompts = regexp.MustCompile(`(^|[^>])[$#%] ?$`)

// injection makes a shell write marks in its prompts, whichever it is, in one line.
const injection = ` if [ -n "$ZSH_VERSION" ]; then setopt PROMPT_SUBST; PS1=$'%{\e]133;D;%?;0;TOKEN\a%}'"$PS1"$'%{\e]133;B;TOKEN\a%}'; PS2="$PS2"$'%{\e]133;2;TOKEN\a%}'; ` +
	`elif [ -n "$BASH_VERSION" ]; then PS0='\e]133;C;\#;TOKEN\a'; PS1='\[\e]133;D;$?;\#;TOKEN\a\]'"$PS1"'\[\e]133;B;TOKEN\a\]'; PS2="$PS2"'\[\e]133;2;TOKEN\a\]'; set +H; ` +
	`else PS1="$(printf '\033]133;D;')"'$?'"$(printf ';0;TOKEN\007')$PS1$(printf '\033]133;B;TOKEN\007')"; PS2="$PS2$(printf '\033]133;2;TOKEN\007')"; fi`

// probeLimit is how long a shell has to answer to the injection, and probeSize how
// much it may write meanwhile, in bytes.
const (
	probeLimit = 2 * time.Second
	probeSize  = 64 << 10
)

// probe holds back what a shell writes while it is being integrated: the injection is
// not to be seen. The prompt that comes at its end stands on the screen already.
type probe struct {
	token string
	held  []byte
}

// integrate makes a shell that waits at its prompt, inside the session's own, write
// marks. It reports whether there is one.
func (s *Session) integrate(ctx context.Context) bool {
	s.mu.Lock()
	// First the evidence, then what was written before it: our own shell reads in raw
	// mode only behind the marks of its prompt.
	reads := !s.dev.mode().canonical || s.readsTerminal()
	s.drain()
	if !reads || !s.atForeignPrompt() {
		s.mu.Unlock()
		return false
	}
	token := strings.ToLower(rand.Text())
	s.refused = s.dev.foreground() // asked once only
	s.probe = &probe{token: token}
	s.enqueue([]byte(strings.ReplaceAll(injection, "TOKEN", token) + "\r"))
	s.mu.Unlock()
	done := s.awaitFor(ctx, probeLimit, func() bool { return s.probe == nil || s.state == ended })
	s.mu.Lock()
	defer s.mu.Unlock()
	if !done {
		s.giveUp()
	}
	return s.state == ready
}

// giveUp shows what was held back: it came from no shell.
func (s *Session) giveUp() {
	held := s.probe.held
	s.probe = nil
	s.feed(held)
}

// atForeignPrompt reports whether a program that may be a shell waits for a line
// behind what looks like a prompt.
func (s *Session) atForeignPrompt() bool {
	if s.state != running || s.leaving || s.probe != nil || s.screen.AltScreen() {
		return false
	}
	group := s.dev.foreground()
	if group == s.refused || !interactive(commandLine(group)) {
		return false
	}
	x, y, _ := s.screen.Cursor()
	l := line{row: y, cols: len(s.screen.Row(y).Cells()), rows: [][]Cell{s.screen.Row(y).Cells()}}
	return prompts.MatchString(l.text(0, x))
}

// take holds bytes back until the marks of a whole prompt have come, and returns what
// comes behind them.
func (p *probe) take(b []byte, s *Session) (rest []byte) {
	p.held = append(p.held, b...)
	end := []byte("\x1b]133;B;" + p.token + "\a")
	i := bytes.Index(p.held, end)
	if i < 0 {
		if len(p.held) > probeSize {
			s.giveUp()
		}
		return nil
	}
	_, d, _ := bytes.Cut(p.held[:i], []byte("\x1b]133;D;"))
	body, _, _ := strings.Cut(string(d), "\a")
	number, begins := 0, false
	if m, ok := parseMark("133;D;"+body, p.token); ok {
		number, begins = m.number, m.number > 0
	}
	s.nested = append(s.nested, shell{token: p.token, begins: begins, number: s.number})
	s.probe, s.number, s.lastStatus, s.status = nil, number, 0, 0
	s.ready()
	return p.held[i+len(end):]
}

// seen is how many bytes the terminal has shown.
func (s *Session) seen() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received
}

// Nesting is how many shells are around the one that reads now.
func (s *Session) Nesting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.nested)
}
