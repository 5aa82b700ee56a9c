package lint

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown/lazy"
)

var placeholder = Rule{
	Code: "placeholder", Severity: Warning,
	Summary: "a placeholder such as <name>, nodeX or X.X.X.X in a snippet",
	Doc: `A learner replaces <name> by a name, but a test types the placeholder itself. The shell
takes <name> for redirections, and nodeX, X.X.X.X or blue-xxxx-yyyy for real names. Use a
variable that a hidden step sets, or a command that finds the name out
($(kubectl get pods -o name | head -1)). Or put text that is only for reading into a fence
without a directive. Less certain forms, such as nodeX and ..., are reported only within
backticks that highlight them, and ... in the place of a command.`,
	Bad:  ".exercise[\n```bash\nkubectl logs <pod>\nssh `nodeX`\n```\n]\n",
	Good: ".exercise[\n```bash\nkubectl logs $POD\nssh `$NODE`\n```\n]\n",
	snippet: func(p *pass, s *snippet) {
		if s.foreign {
			return
		}
		for _, at := range s.angles() {
			p.report(s.step.At(at.from, at.to), "the shell takes it for redirections: use a variable",
				"%s is a placeholder that nobody replaces", s.step.Text[at.from:at.to])
		}
		for _, at := range s.stands() {
			p.report(s.step.At(at.from, at.to), "use a variable, or a command that finds it out",
				"%s is a placeholder that nobody replaces", s.step.Text[at.from:at.to])
		}
	},
}

var angled = lazy.Regexp(`<[A-Za-z][A-Za-z0-9]*(?:[ _.-]+[A-Za-z0-9]+)*>(?:[^&>]|$)`)

// angles are the words in angle brackets that the shell takes for redirections.
func (s *snippet) angles() (found []stretch) {
	if !strings.Contains(s.step.Text, "<") {
		return nil
	}
	redirected := map[int]bool{}
	end := 0
	for _, stmt := range s.stmts {
		end = int(stmt.End().Offset())
		syntax.Walk(stmt, func(n syntax.Node) bool {
			if r, ok := n.(*syntax.Redirect); ok && r.Op == syntax.RdrIn {
				redirected[int(r.OpPos.Offset())] = true
			}
			return true
		})
	}
	for _, m := range angled().FindAllStringIndex(s.step.Text, -1) {
		if redirected[m[0]] || s.mistake != nil && m[0] >= end && m[0] <= s.mistake.at {
			found = append(found, stretch{m[0], m[0] + strings.IndexByte(s.step.Text[m[0]:], '>') + 1})
		}
	}
	return found
}

var (
	word = lazy.Regexp(`[A-Za-z0-9._…-]+`)
	// certain words are placeholders wherever they stand, others where they are highlighted.
	certain = lazy.Regexp(`^(?:[A-Z]\.){3}[A-Z]$|-(?:x{4,}|y{4,}|z{4,})(?:$|[^a-z])|^[1-9]x{3,4}$`)
	likely  = lazy.Regexp(`^(?:[a-z]\.){3}[a-z]$|^[a-z]{3,}-?[XYN]$|` +
		`(?:^|[^A-Za-z])(?:x{3,}|X{3,}|y{3,}|Y{3,})(?:$|[^A-Za-z])|(?:\.\.\.|…)$`)
)

// stands are the words that stand for something else, outside of comments. Of many it finds the
// first ones.
func (s *snippet) stands() (found []stretch) {
	marked := s.highlights()
	at, looks := 0, 0
	for line := range strings.Lines(s.step.Text) {
		var words [][]int
		if len(marked) > 0 || suspicious(line) {
			words = word().FindAllStringIndex(line, -1)
		}
		for _, m := range words {
			w := stretch{at + m[0], at + m[1]}
			for len(marked) > 0 && marked[0].to < w.to {
				marked = marked[1:]
			}
			within := len(marked) > 0 && marked[0].from <= w.from
			text := line[m[0]:m[1]]
			dots := text == "..." || text == "…"
			if !certain().MatchString(text) && !dots && !(within && likely().MatchString(text)) || aside(line, m[0]) {
				continue
			}
			if looks++; looks > maxHighlights {
				return found
			}
			if within || dots && s.named(w) || !dots && !s.searched(w) {
				found = append(found, w)
			}
		}
		at += len(line)
	}
	return found
}

// suspicious reports whether a line may hold a word that stands for something else, wherever it is. Most
// lines hold none.
func suspicious(line string) bool {
	return strings.ContainsAny(line, ".…") || strings.Contains(line, "xxx") || strings.Contains(line, "yyyy") ||
		strings.Contains(line, "zzzz")
}

// aside reports whether the word at an offset of a line is in a comment, or the rest of the pattern
// ./... of Go.
func aside(line string, at int) bool {
	return strings.HasPrefix(strings.TrimSpace(line), "#") || strings.HasSuffix(line[:at], "./")
}

// searched reports whether a part of the snippet is an argument of a program that looks for it.
func (s *snippet) searched(at stretch) bool {
	call := s.callAround(at)
	return call != nil && looksFor(text(call.Args[0]))
}

// named reports whether a part of the snippet is the name of a command.
func (s *snippet) named(at stretch) bool {
	call := s.callAround(at)
	return call != nil && int(call.Args[0].Pos().Offset()) == at.from
}

// looksFor reports whether a program looks for a text that it is given.
func looksFor(program string) bool {
	switch program {
	case "sed", "grep", "egrep", "fgrep", "rg", "awk", "perl", "envsubst":
		return true
	}
	return false
}

// callAround is the innermost command with words that a part of the snippet belongs to; nil if there
// is none.
func (s *snippet) callAround(at stretch) (call *syntax.CallExpr) {
	for _, stmt := range s.stmts {
		if int(stmt.Pos().Offset()) > at.from {
			break
		}
		syntax.Walk(stmt, func(n syntax.Node) bool {
			if n == nil || int(n.Pos().Offset()) > at.from || int(n.End().Offset()) < at.to {
				return false
			}
			if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
				call = c
			}
			return true
		})
	}
	return call
}
