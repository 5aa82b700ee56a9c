package lint

import (
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown"
)

var smartPunctuation = Rule{
	Code: "smart-punctuation", Severity: Warning, Fixable: true,
	Summary: "a typographic quote or dash where the shell wants a plain one",
	Doc: `Word processors and chat programs turn quotes into “ ” and two hyphens into a dash. To
a shell these are letters: nothing is quoted, and –d is no option. Within quotes they are
allowed.`,
	Bad:  ".exercise[\n```bash\necho “two words”\n```\n]\n",
	Good: ".exercise[\n```bash\necho \"two words\"\n```\n]\n",
	snippet: func(p *pass, s *snippet) {
		if s.foreign || !strings.ContainsAny(s.step.Text, "“”„‘’–—") {
			return
		}
		var f *Finding
		quotes, dashes := 0, 0
		for _, stmt := range s.stmts {
			syntax.Walk(stmt, func(n syntax.Node) bool {
				switch n := n.(type) {
				case *syntax.DblQuoted, *syntax.SglQuoted:
					return false
				case *syntax.Redirect:
					return n.Hdoc == nil
				case *syntax.Lit:
					from := int(n.Pos().Offset())
					for i, r := range s.step.Text[from:int(n.End().Offset())] {
						plain := map[rune]string{'“': `"`, '”': `"`, '„': `"`, '‘': "'", '’': "'", '–': "-", '—': "--"}[r]
						if plain == "" || (r == '–' || r == '—') && i > 0 {
							continue
						}
						at := s.step.At(from+i, from+i+utf8.RuneLen(r))
						if f == nil {
							f = p.report(at, "write "+plain, "%c is a letter to the shell", r)
						}
						if strings.HasPrefix(plain, "-") {
							dashes++
						} else {
							quotes++
						}
						f.Fix = append(f.Fix, markdown.Edit{Span: at, Old: string(r), New: plain})
					}
				}
				return true
			})
		}
		if f != nil && (quotes%2 != 0 || dashes > 0) {
			f.Fix = nil // whether a dash was one hyphen or two is not known
		}
	},
}
