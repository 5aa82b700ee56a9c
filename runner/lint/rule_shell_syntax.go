package lint

import (
	"strings"

	"workshop/runner"
)

var shellSyntax = Rule{
	Code: "shell-syntax", Severity: Error, Fixable: true,
	Summary: "a snippet that is no valid bash",
	Doc: `The snippet is parsed as bash would do it. An open quote, here-document or compound
command makes the shell wait for more, anything else makes it refuse the line. Backticks
are removed before typing, which may be the cause: write $( … ). Text that is typed into
another program, such as python, is not parsed, and a mistake that the next step expects
(wait syntax error) is allowed. --fix removes the indentation of a here-document whose end
mark is indented.`,
	Bad:  ".exercise[\n```bash\n  cat <<EOF\n  text\n  EOF\n```\n]\n",
	Good: ".exercise[\n```bash\ncat <<EOF\ntext\nEOF\n```\n]\n",
	snippet: func(p *pass, s *snippet) {
		m := s.mistake
		if m == nil || s.foreign || len(s.prompts(p.catalogue)) > 0 || len(s.angles()) > 0 || s.expectsMistake() ||
			m.accepted(s.step.Text) {
			return
		}
		switch before := p.catalogue.ofStmts(s.stmts); {
		case stays(before), before.nature == shell: // the rest is typed into that program
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
		end := s.endMark()
		if end != nil {
			message, hint = end.describe(s)
		}
		f := p.report(s.step.At(at, at+1), hint, "%s", message)
		if end != nil {
			f.Fix = end.repair(s)
		}
	},
}

// expectsMistake reports whether the steps behind the snippet are about its mistake.
func (s *snippet) expectsMistake() bool {
	for _, step := range s.looks {
		text := ""
		switch c := step.Condition(); {
		case step.Kind() == runner.KindJudges && c.Status != nil:
			return true
		case c.Appears != nil:
			text = c.Appears.Text
		case c.Output != nil:
			text = step.Text
		}
		if strings.Contains(text, "syntax error") || strings.Contains(text, "unexpected") {
			return true
		}
	}
	return false
}
