package lint

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/runner"
)

var shellSyntax = Rule{
	Code: "shell-syntax", Severity: Error,
	Summary: "a snippet that is no valid bash",
	Doc: `The snippet is parsed as bash would do it. An open quote, here-document or compound
command makes the shell wait for more, anything else makes it refuse the line. Backticks
are removed before typing, which may be what is missing: write $( … ). What is typed
into another program, such as python, is not looked at, nor is a mistake that the next
step is about (wait syntax error).`,
	Bad:  ".exercise[\n```bash\nfor i in 1 2 3; do echo $i\n```\n]\n",
	Good: ".exercise[\n```bash\nfor i in 1 2 3; do echo $i; done\n```\n]\n",
	snippet: func(p *pass, s *snippet) {
		m := s.mistake
		if m == nil || s.foreign || len(s.prompts(p.catalogue)) > 0 || len(s.placeholders()) > 0 || s.expectsMistake() {
			return
		}
		switch before := p.catalogue.ofStmts(s.stmts); {
		case stays(before), before.nature == shell: // it is typed into that
			return
		}
		at := min(m.at, max(0, len(s.step.Text)-1))
		hint := ""
		if s.step.Raw != "" {
			hint = "backticks are removed before typing: for command substitution write $( … )"
		}
		message := m.message
		if m.incomplete {
			message += "; the shell would wait for the rest of it"
		}
		p.report(s.step.At(at, at+1), hint, "%s", message)
	},
}

// expectsMistake reports whether what follows the snippet is about its mistake.
func (s *snippet) expectsMistake() bool {
	for _, step := range s.looks {
		if step.Kind() == runner.Judges && step.Directive != "check" {
			return true
		}
		if pattern := step.Condition().Appears; pattern != nil && (strings.Contains(pattern.Text, "syntax error") || strings.Contains(pattern.Text, "unexpected")) {
			return true
		}
	}
	return false
}

var placeholder = Rule{
	Code: "placeholder", Severity: Warning,
	Summary: "a placeholder such as <name> in a snippet",
	Doc: `A learner replaces <name> by a name, but a test types what is there, and the shell takes
it for redirections. Use a variable that a hidden step sets, or a command that finds the
name out ($(kubectl get pods -o name | head -1)); or put what is only to be read into a
fence without a directive.`,
	Bad:  ".exercise[\n```bash\nkubectl logs <pod>\n```\n]\n",
	Good: ".exercise[\n```bash\nkubectl logs $POD\n```\n]\n",
	snippet: func(p *pass, s *snippet) {
		if s.foreign {
			return
		}
		for _, at := range s.placeholders() {
			p.report(s.step.At(at.from, at.to), "the shell takes it for redirections: use a variable", "%s is a placeholder that nobody replaces", s.step.Text[at.from:at.to])
		}
	},
}

var angled = regexp.MustCompile(`<[A-Za-z][A-Za-z0-9]*(?:[ _.-]+[A-Za-z0-9]+)*>(?:[^&>]|$)`)

// placeholders are the words in angle brackets that the shell takes for redirections.
func (s *snippet) placeholders() (found []stretch) {
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
	for _, m := range angled.FindAllStringIndex(s.step.Text, -1) {
		if redirected[m[0]] || s.mistake != nil && m[0] >= end && m[0] <= s.mistake.at {
			found = append(found, stretch{m[0], m[0] + strings.IndexByte(s.step.Text[m[0]:], '>') + 1})
		}
	}
	return found
}
