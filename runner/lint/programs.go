package lint

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// nature is the way in which a program ends.
type nature int

const (
	unknown nature = iota
	ends           // by itself, at once, and reads nothing from the terminal
	asks           // ends as well, but asks others, such as a server, which may be silent
	endless        // goes on until it is interrupted
	screen         // shows something until it is told to quit: an editor, a pager
	dialog         // reads the terminal until it is told to quit
	shell          // a shell within the shell
	leaves         // ends the shell that runs it
)

// program is a command in the foreground.
type program struct {
	nature nature
	name   string // as a reader would call it
	node   syntax.Node
}

// ofStmts is the program in the foreground after some statements; a program that does not end
// keeps the later statements from running.
func (c catalogue) ofStmts(stmts []*syntax.Stmt) program {
	last := program{nature: ends}
	before := ends
	for _, s := range stmts {
		if last = c.ofStmt(s); !last.nature.over() && last.nature != unknown {
			return last
		}
		if last = last.with(before); last.nature == asks {
			before = asks
		}
	}
	return last
}

// over reports whether a program surely ends by itself.
func (n nature) over() bool { return n == ends || n == asks }

// with is the program after another one of some nature, or beside it: it has ended when both have.
func (p program) with(other nature) program {
	if p.nature == ends && other == asks {
		p.nature = asks
	}
	return p
}

func (c catalogue) ofStmt(s *syntax.Stmt) program {
	if s.Background || s.Coprocess || s.Disown {
		return program{ends, "", s}
	}
	p := c.ofCommand(s.Cmd)
	if p.nature == dialog || p.nature == shell {
		for _, r := range s.Redirs {
			switch r.Op {
			case syntax.RdrIn, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc, syntax.RdrInOut:
				p.nature = unknown // it reads a file
			}
		}
	}
	return p
}

func (c catalogue) ofCommand(cmd syntax.Command) program {
	switch cmd := cmd.(type) {
	case nil: // only redirections
		return program{nature: ends}
	case *syntax.CallExpr:
		if len(cmd.Args) == 0 {
			return program{ends, "", cmd} // assignments
		}
		p := c.ofWords(words(cmd))
		p.node = cmd
		return p
	case *syntax.BinaryCmd:
		return c.ofBinary(cmd)
	case *syntax.Block:
		return c.ofStmts(cmd.Stmts)
	case *syntax.Subshell:
		p := c.ofStmts(cmd.Stmts)
		if p.nature == leaves {
			p.nature = ends
		}
		return p
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			return c.ofStmt(cmd.Stmt)
		}
	case *syntax.WhileClause:
		return c.ofWhile(cmd)
	case *syntax.ForClause:
		if loop, ok := cmd.Loop.(*syntax.CStyleLoop); ok && loop.Cond == nil {
			return forever(cmd, "an endless loop", cmd.Do)
		}
		if p := c.ofStmts(cmd.Do); !cmd.Select && p.nature != leaves {
			return p
		}
	case *syntax.FuncDecl, *syntax.TestClause, *syntax.ArithmCmd, *syntax.DeclClause, *syntax.LetClause:
		return program{ends, "", cmd}
	}
	return program{nature: unknown}
}

func (c catalogue) ofBinary(cmd *syntax.BinaryCmd) program {
	left := c.ofStmt(cmd.X)
	switch cmd.Op {
	case syntax.AndStmt:
		if !left.nature.over() && left.nature != unknown {
			return left
		}
		return c.ofStmt(cmd.Y).with(left.nature)
	case syntax.OrStmt:
		if left.nature == unknown || left.nature.over() {
			right := c.ofStmt(cmd.Y)
			if !right.nature.over() { // it may run, and may not
				return program{nature: unknown}
			}
			left = left.with(right.nature)
		}
		return left
	}
	// A pipeline ends with its slowest part; a reader that ends ends the others.
	right := c.ofStmt(cmd.Y)
	switch {
	case right.nature == screen || right.nature == endless:
		return right
	case left.nature == endless && filters(cmd.Y):
		return left
	case left.nature.over() && right.nature != unknown:
		return program{ends, "", cmd}.with(left.nature).with(right.nature)
	}
	return program{nature: unknown}
}

// filters reports whether a command reads all of its input, and does no more.
func filters(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	args := words(call)
	switch args[0] {
	case "cat", "tee", "sort", "uniq", "cut", "tr", "awk", "wc", "nl", "column", "jq", "ts", "tail", "pv":
		return !strings.Contains(strings.Join(args, " "), "exit")
	case "grep", "egrep", "fgrep", "rg":
		return !hasFlag(args[1:], "mq", "--quiet", "--max-count")
	case "sed":
		return !strings.ContainsAny(strings.Join(args[1:], " "), "qQ")
	}
	return false
}

// ofWhile knows loops whose condition always holds.
func (c catalogue) ofWhile(cmd *syntax.WhileClause) program {
	if p := c.ofStmts(cmd.Cond); p.nature == endless {
		return p
	}
	if len(cmd.Cond) != 1 || cmd.Cond[0].Negated {
		return program{nature: unknown}
	}
	call, ok := cmd.Cond[0].Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return program{nature: unknown}
	}
	switch name := text(call.Args[0]); {
	case !cmd.Until && (name == "true" || name == ":" || name == "sleep"), cmd.Until && name == "false":
		return forever(cmd, "an endless loop", cmd.Do)
	}
	return program{nature: unknown}
}

// forever is a loop that goes on, unless its body leaves it.
func forever(loop syntax.Node, name string, body []*syntax.Stmt) program {
	leaving := false
	for _, s := range body {
		syntax.Walk(s, func(n syntax.Node) bool {
			if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
				switch text(call.Args[0]) {
				case "break", "exit", "return", "kill", "exec":
					leaving = true
				}
			}
			return !leaving
		})
	}
	if leaving {
		return program{nature: unknown}
	}
	return program{endless, name, loop}
}

// ofWords is the nature of a simple command.
func (c catalogue) ofWords(args []string) program {
	if args = unwrap(args); len(args) == 0 {
		return program{nature: unknown}
	}
	name := path.Base(args[0])
	is, ok := c[name]
	if !ok {
		return program{nature: unknown, name: name}
	}
	n := is(args[1:])
	return program{nature: n, name: title(name, args[1:])}
}

// title is a command's name with the subcommand or flag that determines its nature.
func title(name string, args []string) string {
	switch name {
	case "docker", "docker-compose", "podman", "kubectl", "k", "oc", "nerdctl":
		for i, a := range args {
			if !strings.HasPrefix(a, "-") && !strings.Contains(a, nothing) {
				if a == "compose" && i+1 < len(args) {
					return name + " compose " + strings.ReplaceAll(strings.Join(positional(args[i+1:], "f", "p", "file"), " "), nothing, "…")
				}
				return name + " " + a
			}
		}
	case "tail", "journalctl", "dmesg":
		for _, a := range args {
			if strings.HasPrefix(a, "-") {
				return name + " " + a
			}
		}
	}
	return name
}

// unwrap removes the words that only change the way a command runs: sudo, env, time …
func unwrap(args []string) []string {
	for len(args) > 0 {
		name := path.Base(args[0])
		var valued string // flags that take a value
		switch name {
		case "sudo", "doas":
			valued = "ughpCDRTU"
			if hasFlag(leading(args[1:]), "is", "--login", "--shell") {
				if rest := skip(args[1:], valued); len(rest) == 0 {
					return []string{"bash"}
				}
			}
		case "env":
			valued = "uCS"
		case "nice", "ionice", "chrt", "stdbuf":
			valued = "ncioe"
		case "time", "nohup", "command", "builtin", "winpty", "setsid", "unbuffer", "eatmydata", "linux64":
		case "timeout", "gtimeout":
			return nil // it ends, in time
		default:
			return args
		}
		rest := skip(args[1:], valued)
		for name == "env" && len(rest) > 0 && strings.Contains(rest[0], "=") {
			rest = rest[1:]
		}
		if len(rest) == len(args) {
			return args
		}
		args = rest
	}
	return args
}

// leading are the flags at the start of arguments.
func leading(args []string) []string {
	n := 0
	for n < len(args) && strings.HasPrefix(args[n], "-") && args[n] != "--" {
		n++
	}
	return args[:n]
}

// skip returns the arguments behind the flags at their start, of which some take a value.
func skip(args []string, valued string) []string {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		flag := args[0]
		args = args[1:]
		if flag == "--" {
			return args
		}
		if len(flag) == 2 && strings.Contains(valued, flag[1:]) && len(args) > 0 {
			args = args[1:]
		}
	}
	return args
}

// hasFlag reports whether one of the single letters, alone or in a cluster, or one of
// the long flags is among arguments before --.
func hasFlag(args []string, letters string, long ...string) bool {
	for _, a := range args {
		if a == "--" {
			return false
		}
		name, value, _ := strings.Cut(a, "=")
		switch {
		case value == "false":
		case slices.Contains(long, name):
			return true
		case len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.ContainsAny(a[1:], letters) && letters != "":
			return true
		}
	}
	return false
}

// positional are the arguments that are no flags; flags that are named take a value.
func positional(args []string, valued ...string) []string {
	var list []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return append(list, args[i+1:]...)
		case strings.HasPrefix(a, "-") && a != "-":
			if slices.Contains(valued, strings.TrimLeft(a, "-")) {
				i++
			}
		default:
			list = append(list, a)
		}
	}
	return list
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// when is endless if a condition holds, else ends.
func when(on bool) nature {
	if on {
		return endless
	}
	return ends
}

func always(n nature) func([]string) nature { return func([]string) nature { return n } }

// unless is a nature of a program that ends when it gets one of these flags.
func unless(n nature, letters string, long ...string) func([]string) nature {
	return func(args []string) nature {
		if hasFlag(args, letters, append(long, "--help", "--version")...) {
			return ends
		}
		return n
	}
}

// packets is a program that shows what passes by: it ends at once with the flags of the first
// kind, and after the packets that the others ask for, if there are so many.
func packets(letters, counting string) func([]string) nature {
	return func(args []string) nature {
		switch {
		case hasFlag(args, letters, "--help", "--version"):
			return ends
		case hasFlag(args, counting):
			return asks
		}
		return endless
	}
}

// only is endless when it gets one of these flags, and ends otherwise.
func only(letters string, long ...string) func([]string) nature {
	return func(args []string) nature { return when(hasFlag(args, letters, long...)) }
}

// intervals are programs that report each N seconds when they get one number, and end
// after M reports when they get two.
func intervals(valued ...string) func([]string) nature {
	return func(args []string) nature {
		n := 0
		for _, a := range positional(args, valued...) {
			if isNumber(a) {
				n++
			}
		}
		return when(n == 1)
	}
}

// interpreter reads commands from the terminal when it gets neither a file nor one of
// these flags.
func interpreter(n nature, letters string, long ...string) func([]string) nature {
	return func(args []string) nature {
		if hasFlag(leading(args), letters, append(long, "--help", "--version")...) {
			return unknown
		}
		if rest := skip(args, ""); len(rest) > 0 {
			return unknown
		}
		return n
	}
}

// catalogue maps the names of programs to functions from arguments to natures.
type catalogue map[string]func(args []string) nature

func newCatalogue() catalogue {
	c := catalogue{}
	maps.Copy(c, watchers())
	maps.Copy(c, servers())
	maps.Copy(c, readers())
	maps.Copy(c, dialogs())
	maps.Copy(c, screens())
	maps.Copy(c, c.wrappers())
	for _, name := range strings.Fields(plainPrograms) {
		if c[name] == nil {
			c[name] = always(ends)
		}
	}
	return c
}

// plainPrograms end by themselves and read nothing from the terminal, with all their usual
// arguments.
const plainPrograms = `true false echo printf cd ls pwd mkdir rmdir rm cp mv ln touch chmod chown export unset set alias source .
	sed awk find xargs date whoami id hostname uname df du free ps uptime env printenv
	test [ kill pkill killall wait type which stat file tree diff basename dirname realpath readlink seq tar gzip gunzip unzip
	apt apt-get yum dnf apk pip pip3 ip ss netstat lsof systemctl service helm make go jq umask jobs
	kustomize skopeo shopt local declare let eval pushd popd dirs hash history complete return break continue trap clear reset tput`

// watchers show the progress of something.
func watchers() catalogue {
	return catalogue{
		"top":        func(a []string) nature { return when(!hasFlag(a, "nlhvV", "--help", "--version")) },
		"htop":       unless(endless, "hV"),
		"btop":       unless(endless, "hv"),
		"atop":       func(a []string) nature { return when(countNumbers(a) < 2 && !hasFlag(a, "rVh")) },
		"iotop":      unless(endless, "nh", "--iter"),
		"iftop":      unless(endless, "th"),
		"nethogs":    unless(endless, "tch"),
		"nload":      unless(endless, "h"),
		"bmon":       unless(endless, "h"),
		"glances":    unless(endless, "hV", "--stdout", "--stop-after"),
		"ctop":       unless(endless, "hv"),
		"slabtop":    unless(endless, "ohV", "--once"),
		"k9s":        unless(endless, "h"),
		"lazydocker": unless(endless, "h"),
		"cmatrix":    unless(endless, "h"),
		"watch":      unless(endless, "ghv", "--chgexit"),
		"stern":      unless(endless, "hv", "--no-follow"),
		"kubetail":   unless(endless, "hv"),
		"kail":       unless(endless, "h"),
		"tail": func(a []string) nature {
			if hasFlag(a, "fF", "--follow") {
				return when(!hasFlag(a, "", "--pid"))
			}
			return reader("n c", 0, "")(a)
		},
		"vmstat":  intervals("p", "S"),
		"iostat":  intervals("p", "j", "g", "o"),
		"mpstat":  intervals("P", "I", "N", "o"),
		"pidstat": intervals("p", "C", "G", "T", "U"),
		"sar":     intervals("n", "P", "I", "f", "o", "s", "e", "i"),
		"dstat":   func(a []string) nature { return when(countNumbers(a) < 2 && !hasFlag(a, "h", "--help", "--list")) },
		"ping":    unless(endless, "cwhV"),
		"ping6":   unless(endless, "cwhV"),
		"fping":   only("l", "--loop"),
		"httping": unless(endless, "chV", "--count"),
		"mtr":     unless(endless, "rcxCjhv", "--report", "--report-wide"),
		"tcpdump": packets("rDhV", "c"), "tshark": packets("rDhv", "ac"), "ngrep": packets("hVI", "n"),
		"journalctl":  only("f", "--follow"),
		"dmesg":       only("wW", "--follow", "--follow-new"),
		"inotifywait": only("m", "--monitor"),
		"yes":         always(endless),
		"entr":        always(endless),
		"measure":     func(a []string) nature { return when(slices.Contains(a, "count")) },
		"sleep": func(a []string) nature {
			if slices.Contains(a, "infinity") {
				return endless
			}
			return unknown // a key may come before it has ended
		},
	}
}

// reader is a program that reads its files, and without them the terminal. Some of its flags take a value, the
// first arguments are no files, and with others of its flags it needs none.
func reader(valued string, others int, letters string, long ...string) func([]string) nature {
	return func(a []string) nature {
		switch list := positional(a, strings.Fields(valued)...); {
		case len(list) > others, len(list) > 0 && strings.Contains(strings.Join(list, ""), nothing),
			hasFlag(a, letters, append(long, "--help", "--version")...):
			return ends
		}
		return dialog
	}
}

// readers are filters.
func readers() catalogue {
	grep := func(a []string) nature {
		others := 1
		if hasFlag(a, "ef", "--regexp", "--file") {
			others = 0
		}
		return reader("e f A B C m", others, "rR", "--recursive")(a)
	}
	return catalogue{
		"grep": grep, "egrep": grep, "fgrep": grep,
		"sort": reader("k t o S T", 0, "", "--files0-from"), "wc": reader("", 0, "", "--files0-from"),
		"head": reader("n c", 0, ""), "uniq": reader("f s w", 0, ""), "cut": reader("b c d f", 0, ""), "tr": reader("", 2, ""),
		"tee": func(a []string) nature {
			if hasFlag(a, "", "--help", "--version") {
				return ends
			}
			return dialog
		},
	}
}

// servers wait for clients, cat for typed text.
func servers() catalogue {
	serving := func(words ...string) func([]string) nature {
		return func(a []string) nature {
			return when(slices.ContainsFunc(words, func(w string) bool { return slices.Contains(a, w) }))
		}
	}
	npm := func(a []string) nature {
		switch list := positional(a); {
		case len(list) == 0 || !slices.Contains([]string{"start", "run", "dev", "serve"}, list[0]):
			return ends
		case list[0] == "run" && (len(list) < 2 || !slices.Contains([]string{"start", "dev", "serve", "watch"}, list[1])):
			return unknown
		}
		return endless
	}
	client := always(asks)
	return catalogue{
		"curl": client, "wget": client, "dig": client, "host": client, "nslookup": client,
		"cat": func(a []string) nature {
			if len(positional(a)) == 0 && !hasFlag(a, "", "--help", "--version") || slices.Contains(a, "-") {
				return dialog
			}
			return ends
		},
		"nc": only("l"), "ncat": only("l", "--listen"),
		"flask": serving("run"), "minikube": serving("tunnel", "dashboard"), "hugo": serving("server", "serve"),
		"mkdocs": serving("serve"), "jekyll": serving("serve"), "npm": npm, "yarn": npm, "pnpm": npm,
		"http-server": unless(endless, "h"), "live-server": unless(endless, "h"), "uvicorn": unless(endless, ""),
		"gunicorn": unless(endless, "D", "--daemon"), "dockerd": unless(endless, "v"), "ngrok": unless(endless, ""),
		"redis-server": unless(endless, "v", "--daemonize"),
		"php": func(a []string) nature {
			if hasFlag(leading(a), "a") {
				return dialog
			}
			return when(hasFlag(leading(a), "S"))
		},
	}
}

// dialogs read commands from the terminal, shells among them.
func dialogs() catalogue {
	python := func(a []string) nature {
		for i, word := range a {
			if word == "-m" && i+1 < len(a) && slices.Contains([]string{"http.server", "SimpleHTTPServer"}, a[i+1]) {
				return endless
			}
		}
		if hasFlag(leading(a), "i") {
			return dialog
		}
		return interpreter(dialog, "cmV")(a)
	}
	// A client is asked on its command line, or asks.
	client := func(args int, valued string, letters string, long ...string) func([]string) nature {
		return func(a []string) nature {
			if hasFlag(a, letters, append(long, "--help", "--version")...) || len(positional(a, strings.Fields(valued)...)) > args {
				return ends
			}
			return dialog
		}
	}
	sh := interpreter(shell, "c")
	return catalogue{
		"python": python, "python2": python, "python3": python, "ipython": interpreter(dialog, "c"),
		"node": interpreter(dialog, "ehpv", "--eval", "--print"), "irb": interpreter(dialog, "h"), "lua": interpreter(dialog, "ev"),
		"ghci": always(dialog), "bc": interpreter(dialog, "h"), "gdb": unless(dialog, "", "--batch", "-batch"),
		"telnet": always(dialog), "ftp": always(dialog), "fdisk": unless(dialog, "lsxhV", "--list"),
		"redis-cli": func(a []string) nature {
			if hasFlag(a, "", "--stat", "--latency", "--latency-history") {
				return endless
			}
			list := positional(a, strings.Fields("h p a u n s r i user pass")...)
			if len(list) > 0 && slices.Contains([]string{"monitor", "subscribe", "psubscribe"}, strings.ToLower(list[0])) {
				return endless
			}
			return client(0, "h p a u n s r i user pass", "", "--pipe", "--eval", "--bigkeys", "--scan", "--latency-dist")(a)
		},
		"psql":    client(2, "h p U d v P host port username dbname", "cflV", "--command", "--file", "--list"),
		"mysql":   client(1, "h P u D S host port user", "eV", "--execute"),
		"mongo":   client(1, "host port", "", "--eval"),
		"mongosh": client(1, "host port", "", "--eval"),
		"sqlite3": client(1, "", ""),
		"bash":    sh, "sh": sh, "zsh": sh, "dash": sh, "ash": sh, "ksh": sh, "fish": sh,
		"su": func(a []string) nature {
			if hasFlag(a, "c", "--command") {
				return unknown
			}
			return shell
		},
		"nix-shell": unless(shell, "", "--run", "--command"),
		"vagrant": func(a []string) nature {
			if len(a) > 0 && a[0] == "ssh" && !hasFlag(a, "c", "--command") {
				return shell
			}
			return unknown
		},
		"exit": always(leaves), "logout": always(leaves),
		"exec": func(a []string) nature {
			if len(a) == 0 { // only redirections
				return ends
			}
			return leaves
		},
	}
}

// screens wait for a key. A manual page does not: the pager of a session is cat.
func screens() catalogue {
	editor := unless(screen, "", "--headless")
	return catalogue{
		"vi": editor, "vim": unless(screen, "es", "-es"), "nvim": unless(screen, "es", "-es", "--headless"),
		"view": editor, "nano": editor, "pico": editor,
		"emacs": unless(screen, "", "--batch", "-batch", "--daemon"), "joe": editor, "micro": editor, "mcedit": editor,
		"visudo": unless(screen, "cV"),
		"less":   unless(screen, "FV", "--quit-if-one-screen"), "most": always(screen), "mc": always(screen),
		"ncdu": unless(screen, "o0v"), "tig": always(screen),
		"ranger": always(screen), "nmtui": always(screen), "fzf": unless(screen, "f", "--filter"), "whiptail": unless(screen, "", "--infobox"),
		"w3m": unless(screen, "", "-dump"), "lynx": unless(screen, "", "-dump", "--dump"), "links": unless(screen, "", "-dump"),
		"crontab": func(a []string) nature {
			if hasFlag(a, "e") {
				return screen
			}
			return ends
		},
		"git": func(a []string) nature {
			sub := skip(a, "Cc")
			switch {
			case gitEdits(sub):
				return screen
			case len(sub) > 0 && sub[0] == "daemon":
				return endless
			}
			return ends
		},
	}
}

// wrappers run another command, some of them somewhere else.
func (c catalogue) wrappers() catalogue {
	ssh := func(a []string) nature {
		list := positional(a, strings.Split("BbcDEeFIiJLlmOopQRSWw", "")...)
		switch {
		case hasFlag(leading(a), "NfV"):
			return unknown
		case len(list) == 0:
			return ends
		}
		return c.within(list[1:])
	}
	inside := func(valued string) func([]string) nature {
		return func(a []string) nature {
			if list := skip(a, valued); len(list) > 1 {
				return c.within(list[1:])
			}
			return unknown
		}
	}
	return catalogue{
		"ssh": ssh, "chroot": inside(""),
		"docker": c.docker, "podman": c.docker, "nerdctl": c.docker, "docker-compose": c.compose, "podman-compose": c.compose,
		"kubectl": c.kubectl, "k": c.kubectl, "oc": c.kubectl, "kubecolor": c.kubectl,
		"busybox": func(a []string) nature {
			if len(a) == 0 {
				return ends
			}
			return c.within(a)
		},
	}
}

// within is the nature of a command that runs another one in a terminal of its own.
func (c catalogue) within(args []string) nature {
	if len(args) == 0 {
		return shell
	}
	return c.ofWords(args).nature
}

// attached is the nature of `run` and `exec`: their flags determine whether their command can
// read the terminal.
func (c catalogue) attached(args []string, terminal bool) nature {
	switch n := c.within(args); {
	case terminal || n == endless || n.over() || n == unknown:
		return n
	default: // nobody can talk to it
		return unknown
	}
}

// images are those whose usual command is a shell.
var images = strings.Fields("ubuntu debian alpine busybox centos fedora archlinux rockylinux almalinux bash " +
	"nicolaka/netshoot jpetazzo/netshoot")

const (
	runFlags = `a add-host annotation blkio-weight cap-add cap-drop cgroup-parent cidfile c cpu-period cpu-quota cpuset-cpus cpu-shares cpus
		device dns entrypoint e env env-file expose gpus group-add
		health-cmd h hostname ip ipc isolation l label label-file link log-driver
		log-opt mac-address m memory memory-swap
		mount name net network network-alias pid pids-limit platform p publish pull restart runtime security-opt shm-size stop-signal stop-timeout
		sysctl tmpfs ulimit u user userns v volume volumes-from w workdir`
	execFlags = "e env env-file u user w workdir detach-keys"
	kubeFlags = "n namespace context cluster user kubeconfig s server l selector c container o output f filename image restart overrides " +
		"env port labels tail since field-selector"
)

func (c catalogue) docker(args []string) nature {
	args = skip(args, "Hlc")
	if len(args) == 0 {
		return ends
	}
	sub, args := args[0], args[1:]
	switch sub {
	case "container", "service", "system", "image", "volume", "network":
		if len(args) == 0 {
			return ends
		}
		if converges := slices.Contains([]string{"create", "update", "scale", "rollback"}, args[0]); sub == "service" && converges {
			return asks
		}
		sub, args = args[0], args[1:]
	case "compose":
		return c.compose(args)
	}
	switch sub {
	case "logs":
		return when(hasFlag(args, "f", "--follow") && !hasFlag(args, "", "--until"))
	case "stats":
		return when(!hasFlag(args, "", "--no-stream"))
	case "events":
		return when(!hasFlag(args, "", "--until"))
	case "attach", "wait", "start", "debug":
		return unknown
	case "pull", "push", "build":
		return asks
	case "run":
		flags, rest := split(args, runFlags)
		if len(rest) == 0 || hasFlag(flags, "d", "--detach") {
			return ends
		}
		terminal := hasFlag(flags, "t", "--tty") && hasFlag(flags, "i", "--interactive")
		image, _, _ := strings.Cut(strings.TrimPrefix(rest[0], "library/"), ":")
		switch {
		case hasFlag(flags, "", "--entrypoint"):
			return unknown
		case len(rest) == 1 && !slices.Contains(images, image), strings.Contains(image, nothing):
			return unknown // the image says
		case len(rest) == 1:
			return c.attached(nil, terminal)
		}
		return c.attached(rest[1:], terminal)
	case "exec":
		flags, rest := split(args, execFlags)
		if len(rest) < 2 || hasFlag(flags, "d", "--detach") {
			return ends
		}
		return c.attached(rest[1:], hasFlag(flags, "t", "--tty") && hasFlag(flags, "i", "--interactive"))
	}
	return ends
}

// split parts arguments into the flags at their start, of which some take a value, and
// the rest.
func split(args []string, valued string) (flags, rest []string) {
	i := 0
	for i < len(args) && strings.HasPrefix(args[i], "-") {
		flag := args[i]
		i++
		if flag == "--" {
			break
		}
		flags = append(flags, flag)
		name := strings.TrimLeft(flag, "-")
		if !strings.HasPrefix(flag, "--") && len(name) > 1 {
			if strings.Trim(name[:len(name)-1], "ditPqT") != "" {
				continue // its value is glued to it
			}
			name = name[len(name)-1:]
		}
		if i < len(args) && slices.Contains(strings.Fields(valued), name) {
			i++
		}
	}
	return flags, args[min(i, len(args)):]
}

func (c catalogue) compose(args []string) nature {
	_, args = split(args, "f file p project-name profile env-file project-directory H host ansi parallel log-level")
	if len(args) == 0 {
		return ends
	}
	sub, args := args[0], args[1:]
	switch sub {
	case "up":
		return when(!hasFlag(args, "d", "--detach", "--no-start", "--wait", "--abort-on-container-exit", "--exit-code-from", "--help"))
	case "logs":
		return when(hasFlag(args, "f", "--follow"))
	case "events", "watch":
		return endless
	case "stats":
		return when(!hasFlag(args, "", "--no-stream"))
	case "attach", "wait", "start":
		return unknown
	case "run":
		flags, rest := split(args, runFlags)
		if len(rest) == 0 || hasFlag(flags, "d", "--detach") {
			return ends
		}
		if len(rest) == 1 {
			return unknown // the Compose file says
		}
		return c.attached(rest[1:], !hasFlag(flags, "T", "--no-TTY", "--no-tty"))
	case "exec":
		flags, rest := split(args, execFlags+" index")
		if len(rest) < 2 || hasFlag(flags, "d", "--detach") {
			return ends
		}
		return c.attached(rest[1:], !hasFlag(flags, "T", "--no-TTY", "--no-tty"))
	}
	return ends
}

func (c catalogue) kubectl(args []string) nature {
	_, args = split(args, kubeFlags)
	if len(args) == 0 {
		return ends
	}
	sub, args := args[0], args[1:]
	own := args // up to --
	if i := slices.Index(args, "--"); i >= 0 {
		own = args[:i]
	}
	terminal := hasFlag(own, "t", "--tty") && hasFlag(own, "i", "--stdin")
	switch sub {
	case "logs", "log":
		return when(hasFlag(own, "f", "--follow"))
	case "get", "events", "top":
		return when(sub != "top" && hasFlag(own, "w", "--watch", "--watch-only"))
	case "port-forward", "proxy":
		return endless
	case "edit":
		return screen
	case "attach", "wait", "rollout", "debug", "drain", "delete":
		return unknown
	case "exec", "run":
		if sub == "run" && !hasFlag(own, "it", "--stdin", "--tty", "--attach", "--rm") {
			return ends // it is detached
		}
		if i := slices.Index(args, "--"); i >= 0 {
			return c.attached(args[i+1:], terminal)
		}
		list := positional(own, strings.Fields(kubeFlags)...)
		if len(list) > 1 {
			return c.attached(list[1:], terminal)
		}
		return unknown
	}
	return ends
}

func countNumbers(args []string) (n int) {
	for _, a := range args {
		if isNumber(a) {
			n++
		}
	}
	return n
}
