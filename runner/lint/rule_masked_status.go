package lint

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/runner"
)

var maskedStatus = Rule{
	Code: "masked-status", Severity: Warning,
	Summary: "a pipeline or loop whose last command hides a failure",
	Doc: `The status of a pipeline is that of its last command: curl … | sort passes when curl fails,
for sort does not. So is the status of a loop. Wait for a text that only a success
prints, compare the output, or judge every command of a pipeline: pipefail: true in the
manifest, or set -o pipefail in a hidden step (a command that head stops then counts as
failed). In a loop, join the commands by &&. Commands that surely succeed, such as echo,
are allowed, and so are last commands that fail without input, such as grep, and snippets
with a step behind them about their output.`,
	Bad:  ".exercise[\n```bash\nfor i in 1 2 3; do curl -s localhost:9/ | sort; done\n```\n]\n",
	Good: ".exercise[\n```bash\nfor i in 1 2 3; do curl -s localhost:9/ | sort; done\n```\n<!-- ```wait worker-1``` -->\n]\n",
	visit: func(p *pass, v *visit) {
		if v.snippet == nil || v.snippet.foreign {
			return
		}
		m := masks{pass: p, flow: v.flow, snippet: v.snippet}
		pressed := looked(v, runner.KindPresses)
		quiet := v.exercise.Setup || v.step.Condition().Status.Any || looked(v, runner.KindWaits, runner.KindJudges, runner.KindCopies)
		for i, stmt := range v.snippet.stmts {
			m.silent = quiet || pressed && i == len(v.snippet.stmts)-1 // a key ends the last command
			m.stmt(stmt)
		}
	},
}

// looked reports whether a step of certain kinds is about a snippet.
func looked(v *visit, kinds ...runner.Kind) bool {
	return slices.ContainsFunc(v.snippet.looks, func(step *runner.Step) bool { return slices.Contains(kinds, step.Kind()) })
}

// masks looks for hidden failures in the commands that decide about the statuses of a session.
type masks struct {
	*pass
	*flow
	snippet *snippet
	silent  bool
}

func (m *masks) hidden(by, failing *syntax.Stmt, hint, what string) {
	if !m.silent {
		m.report(m.snippet.span(failing), hint, "%s hides a failure of %s: a %s has the status of its last command",
			m.snippet.source(by), m.snippet.source(failing), what)
	}
}

func (m *masks) each(stmts []*syntax.Stmt) {
	for _, s := range stmts {
		m.stmt(s)
	}
}

// stmt looks at a statement whose status matters. That of the left side of || does not.
func (m *masks) stmt(s *syntax.Stmt) {
	if s.Background || s.Coprocess || s.Negated {
		return
	}
	switch cmd := s.Cmd.(type) {
	case *syntax.CallExpr:
		m.sets(words(cmd))
	case *syntax.BinaryCmd:
		switch cmd.Op {
		case syntax.Pipe, syntax.PipeAll:
			m.pipeline(s)
		case syntax.AndStmt:
			m.each([]*syntax.Stmt{cmd.X, cmd.Y})
		}
	case *syntax.Block:
		m.each(cmd.Stmts)
	case *syntax.Subshell:
		m.each(cmd.Stmts)
	case *syntax.ForClause:
		m.loop(cmd.Do)
	case *syntax.WhileClause:
		m.loop(cmd.Do)
	case *syntax.IfClause:
		for ; cmd != nil; cmd = cmd.Else {
			m.each(cmd.Then)
		}
	}
}

// sets follows set -o pipefail.
func (m *masks) sets(args []string) {
	if i := slices.Index(args, "pipefail"); i > 1 && args[0] == "set" {
		m.pipefail = strings.HasPrefix(args[i-1], "-")
	}
}

func (m *masks) pipeline(s *syntax.Stmt) {
	stages := stagesOf(s, nil)
	last := stages[len(stages)-1]
	if m.pipefail || !swallows(last) {
		return
	}
	if i := slices.IndexFunc(stages[:len(stages)-1], fallible); i >= 0 {
		m.hidden(last, stages[i], "wait for a text that only a success prints, or judge each by pipefail: true in the manifest", "pipeline")
	}
}

// stagesOf appends the commands of a pipeline.
func stagesOf(s *syntax.Stmt, to []*syntax.Stmt) []*syntax.Stmt {
	if cmd, ok := s.Cmd.(*syntax.BinaryCmd); ok && (cmd.Op == syntax.Pipe || cmd.Op == syntax.PipeAll) {
		return stagesOf(cmd.Y, stagesOf(cmd.X, to))
	}
	return append(to, s)
}

func (m *masks) loop(body []*syntax.Stmt) {
	m.each(body)
	if len(body) < 2 || fallible(body[len(body)-1]) {
		return
	}
	last := len(body) - 1
	i := slices.IndexFunc(body[:last], func(s *syntax.Stmt) bool {
		_, call := s.Cmd.(*syntax.CallExpr)
		return call && fallible(s)
	})
	if i >= 0 {
		m.hidden(body[last], body[i], "join them by &&", "loop")
	}
}

// accepting are programs that read any input, none as well, and succeed.
var accepting = strings.Fields("cat tee sort uniq cut tr sed wc nl column head tail less more most tac rev fold fmt expand " +
	"base64 xxd od hexdump md5sum sha1sum sha256sum pv ts yq")

// swallows reports whether the last command of a pipeline succeeds without input.
func swallows(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok {
		_, loop := s.Cmd.(*syntax.WhileClause)
		return loop
	}
	args := unwrap(words(call))
	if s.Negated || len(args) == 0 {
		return false
	}
	switch name := args[0]; name {
	case "awk":
		return !strings.Contains(strings.Join(args, " "), "exit")
	case "jq":
		return !hasFlag(args[1:], "e", "--exit-status")
	case "sh", "bash", "dash", "zsh", "python", "python3":
		return len(args) == 1 || args[1] == "-" || args[1] == "-s"
	default:
		return slices.Contains(accepting, name)
	}
}

// succeeding are programs that hardly ever fail, with all their usual arguments.
var succeeding = strings.Fields("echo printf true : seq yes date pwd env printenv hostname whoami id uname nproc ps jobs history df " +
	"free uptime set alias type sleep clear read shift continue break return test [ grep egrep fgrep awk jq ss netstat lsof " +
	"mount dmesg journalctl compgen shuf tput")

// fallible reports whether a command may fail for another reason than its input.
func fallible(s *syntax.Stmt) bool {
	const levels = 8 // of nesting that are looked at: each costs another walk
	return fails(s, levels)
}

func fails(s *syntax.Stmt, levels int) bool {
	if s.Negated || s.Background || levels == 0 {
		return false
	}
	inner := func(s *syntax.Stmt) bool { return fails(s, levels-1) }
	switch cmd := s.Cmd.(type) {
	case *syntax.CallExpr:
		return callFails(unwrap(words(cmd)))
	case *syntax.BinaryCmd:
		return cmd.Op != syntax.OrStmt && (inner(cmd.X) || inner(cmd.Y))
	case *syntax.Block:
		return slices.ContainsFunc(cmd.Stmts, inner)
	case *syntax.Subshell:
		return slices.ContainsFunc(cmd.Stmts, inner)
	case *syntax.ForClause:
		return slices.ContainsFunc(cmd.Do, inner)
	}
	return false
}

func callFails(args []string) bool {
	if len(args) == 0 {
		return false
	}
	switch args[0] {
	case "ls", "cat", "head", "tail":
		return slices.ContainsFunc(positional(args[1:], "n", "c"), missing)
	}
	return !slices.Contains(succeeding, args[0]) && !slices.Contains(accepting, args[0])
}

// missing reports whether a file may be absent, as far as its name tells.
func missing(file string) bool {
	switch file {
	case "-", ".", "..", "/", "~", "/tmp", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/resolv.conf", "/etc/os-release":
		return false
	}
	return !strings.HasPrefix(file, "/dev/") && !strings.HasPrefix(file, "/proc/")
}
