package lint

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown"
	"workshop/runner"
)

var waitCannotFail = Rule{
	Code: "wait-cannot-fail", Severity: Warning,
	Summary: "a wait whose text stands in the command that it follows",
	Doc: `Only output satisfies a wait, typed text does not. But a text from the command itself
proves little: echo READY always prints READY, and a command that fails repeats its
arguments in the message ("cannot access 'READY'"). Wait for a text that only a success
prints, such as a figure, a name that does not stand in the command, or a message of the
program. Allowed are words that the command only looks for (grep READY), a line that is
printed only after a success (make && echo READY), and one behind a loop (until …; do …;
done; echo READY).`,
	Bad:  ".exercise[\n```bash\nsleep 6; echo READY\n```\n<!-- ```wait READY``` -->\n]\n",
	Good: ".exercise[\n```bash\nmake && echo READY\n```\n<!-- ```wait READY``` -->\n]\n",
	snippet: func(p *pass, s *snippet) {
		if s.foreign {
			return
		}
		for _, step := range s.looks[:min(len(s.looks), maxWaits)] {
			if step.Kind() == runner.KindPresses || step.Kind() == runner.KindArranges {
				return // later output may be of another command
			}
			pattern := step.Condition().Appears
			if step.Kind() != runner.KindWaits || pattern == nil || step.Rule == markdown.RuleShown {
				continue // another kind of step, or the output that a document shows before ^C
			}
			switch printed, found := s.repeats(pattern); {
			case printed:
				p.report(place(step), "wait for something that only a success prints",
					"%s is printed by the command itself, whatever happens: this wait cannot fail", pattern)
			case found:
				p.report(place(step), "wait for something that only a success prints",
					"%s stands in the command that this wait follows: should it fail, its error may satisfy the wait", pattern)
			}
		}
	},
}

// maxWaits bounds the steps behind a snippet that are compared with it: no deck has more, and
// each of them costs a search of the snippet.
const maxWaits = 100

// place is the place of a step's data.
func place(step *runner.Step) markdown.Span {
	if step.Text == "" {
		return step.Head()
	}
	line, _, _ := strings.Cut(step.Text, "\n")
	return step.At(0, len(line))
}

// repeats reports whether a pattern is found in a snippet, and whether the snippet prints it
// without a condition.
func (s *snippet) repeats(p *runner.Pattern) (printed, found bool) {
	if s.mistake != nil {
		return false, len(occurrences(p, s.step.Text)) > 0
	}
	guarded := false // by something before it
	for _, stmt := range s.stmts {
		pr, f := s.repeatedBy(p, stmt, guarded)
		printed, found = printed || pr, found || f
		if _, ok := stmt.Cmd.(*syntax.WhileClause); ok {
			guarded = true
		}
	}
	return printed, found
}

func (s *snippet) repeatedBy(p *runner.Pattern, stmt *syntax.Stmt, guarded bool) (printed, found bool) {
	each := func(stmts []*syntax.Stmt, guarded bool) {
		for _, inner := range stmts {
			pr, f := s.repeatedBy(p, inner, guarded)
			printed, found = printed || pr, found || f
		}
	}
	for _, r := range stmt.Redirs {
		if r.Hdoc != nil && s.holds(p, r.Hdoc) {
			found = true
		}
		if (r.Op == syntax.RdrOut || r.Op == syntax.AppOut || r.Op == syntax.RdrAll) && r.N == nil {
			return false, false // it goes to a file
		}
	}
	switch cmd := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		if len(cmd.Args) == 0 || !s.holds(p, cmd) {
			return printed, found
		}
		args := unwrap(words(cmd))
		if len(args) == 0 {
			return printed, true
		}
		switch args[0] {
		case "grep", "egrep", "fgrep", "rg", "ag", "awk", "sed", "jq", "yq", "cd", "pushd", "export", "alias", "sleep", "test", "[", "read":
			return printed, found // it looks for the text, prints nothing, or asks with it
		case "vi", "vim", "nvim", "nano", "pico", "emacs", "joe", "micro", "mcedit":
			return printed, found // it shows the name of the file, and its own errors do not
		case "echo", "printf":
			return printed || !guarded, found || !guarded
		}
		return printed, true
	case *syntax.BinaryCmd:
		switch cmd.Op {
		case syntax.AndStmt:
			each([]*syntax.Stmt{cmd.X}, guarded)
			each([]*syntax.Stmt{cmd.Y}, guarded || !trivial(cmd.X))
		case syntax.OrStmt:
			each([]*syntax.Stmt{cmd.X}, guarded)
			each([]*syntax.Stmt{cmd.Y}, true)
		default: // the last part of a pipeline decides its output
			var left bool
			if pr, f := s.repeatedBy(p, cmd.X, guarded); (pr || f) && passesOn(cmd.Y) {
				printed, left = printed || pr, true
			}
			each([]*syntax.Stmt{cmd.Y}, guarded)
			found = found || left
		}
	case *syntax.Block:
		each(cmd.Stmts, guarded)
	case *syntax.Subshell:
		each(cmd.Stmts, guarded)
	case *syntax.ForClause:
		each(cmd.Do, guarded)
	case *syntax.WhileClause:
		each(cmd.Do, guarded || cmd.Until)
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			each([]*syntax.Stmt{cmd.Stmt}, guarded)
		}
	}
	return printed, found
}

// passesOn reports whether a filter lets a text through without looking for it.
func passesOn(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	return ok && len(call.Args) > 0 && strings.Contains(" cat tee head tail sort uniq less more nl column ts ", " "+text(call.Args[0])+" ")
}

// trivial reports whether a command cannot fail.
func trivial(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return ok
	}
	switch text(call.Args[0]) {
	case "true", ":", "echo", "printf", "sleep":
		return true
	}
	return false
}

// holds reports whether a pattern is found in the text of a part of the snippet.
func (s *snippet) holds(p *runner.Pattern, n syntax.Node) bool {
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	source := s.step.Text
	if from > to || to > len(source) {
		return false
	}
	if len(occurrences(p, source[from:to])) > 0 {
		return true
	}
	call, ok := n.(*syntax.CallExpr)
	if !ok {
		return false
	}
	// As the program gets it: without quotes.
	return len(occurrences(p, strings.ReplaceAll(strings.Join(words(call), " "), nothing, "\n"))) > 0
}

// occurrences are the places of a pattern in a text, as words of their own.
func occurrences(p *runner.Pattern, in string) (at []int) {
	if p.Regexp != nil {
		if loc := p.Regexp.FindStringIndex(in); loc != nil {
			return loc[:1]
		}
		return nil
	}
	for from := 0; ; {
		i := strings.Index(in[from:], p.Text)
		if i < 0 || p.Text == "" {
			return at
		}
		i += from
		end := i + len(p.Text)
		if !(i > 0 && isWord(in[i-1]) && isWord(in[i])) && !(end < len(in) && isWord(in[end]) && isWord(in[end-1])) {
			at = append(at, i)
		}
		from = end
	}
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c >= 0x80
}
