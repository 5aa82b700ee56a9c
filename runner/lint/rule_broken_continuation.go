package lint

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown"
)

var brokenContinuation = Rule{
	Code: "broken-continuation", Severity: Warning, Fixable: true,
	Summary: "a backslash with a blank behind it at the end of a line",
	Doc: `A backslash continues a line only if it is its very last character. A backslash with a
blank behind it is an argument that is a blank, and the next line is a command of its own.`,
	Bad:  ".exercise[\n```bash\ndocker run \\ \n  alpine true\n```\n]\n",
	Good: ".exercise[\n```bash\ndocker run \\\n  alpine true\n```\n]\n",
	snippet: func(p *pass, s *snippet) {
		if s.foreign || !strings.Contains(s.step.Text, `\`) {
			return
		}
		documents := s.documents()
		at := 0
		for line := range strings.Lines(s.step.Text) {
			text := strings.TrimSuffix(line, "\n")
			bare := strings.TrimRight(text, " \t")
			within := func(d stretch) bool { return d.from <= at && at < d.to }
			if text != line && bare != text && strings.HasSuffix(bare, `\`) && !strings.HasSuffix(bare, `\\`) && !anyOf(documents, within) {
				f := p.report(s.step.At(at+len(bare)-1, at+len(text)), "remove the blanks behind it",
					"this backslash does not continue the line: a blank follows it")
				f.Fix = []markdown.Edit{{Span: s.step.At(at+len(bare), at+len(text)), Old: text[len(bare):]}}
			}
			at += len(line)
		}
	},
}

// documents are the here-documents and quoted texts of the snippet.
func (s *snippet) documents() (all []stretch) {
	add := func(n syntax.Node) {
		all = append(all, stretch{int(n.Pos().Offset()), int(n.End().Offset())})
	}
	for _, stmt := range s.stmts {
		syntax.Walk(stmt, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Redirect:
				if n.Hdoc != nil {
					add(n.Hdoc)
				}
			case *syntax.SglQuoted:
				add(n)
			}
			return true
		})
	}
	return all
}

func anyOf(list []stretch, is func(stretch) bool) bool {
	for _, s := range list {
		if is(s) {
			return true
		}
	}
	return false
}
