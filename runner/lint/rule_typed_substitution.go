package lint

import (
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/markdown/lazy"
	"workshop/runner"
)

var typedSubstitution = Rule{
	Code: "typed-substitution", Severity: Error,
	Summary: "@@NAME@@ without a value where it would be typed",
	Doc: `A slide shows @@NAME@@ as it is if the manifest gives it no value. In a step it would be
typed as it is, and the command would be about something that does not exist. A file that
is named by itself has the values of the manifests above it that list it. A name in an
argument of sed or grep is allowed.`,
	Bad: ".exercise[\n```bash\ngit clone https://@@GITREPO@@\n```\n]\n",
	Good: "-- workshop.yml --\ngitrepo: github.com/a/b\ncontent: [a.md]\n" +
		"-- a.md --\n.exercise[\n```bash\ngit clone https://@@GITREPO@@\n```\n]\n",
	visit: func(p *pass, v *visit) {
		if v.exercise.Chapter.Sections() { // there it is text
			return
		}
		if kind := v.step.Kind(); v.exercise.Setup || kind != runner.KindTypes && kind != runner.KindPresses {
			return
		}
		for _, m := range unreplaced().FindAllStringIndex(v.step.Text, maxHighlights) {
			at := stretch{m[0], m[1]}
			if v.snippet != nil && v.snippet.searched(at) {
				continue
			}
			name := v.step.Text[at.from:at.to]
			p.report(v.step.At(at.from, at.to), "give "+strings.ToLower(strings.Trim(name, "@"))+" in the manifest",
				"%s has no value, and would be typed as it is", name)
		}
	},
}

var unreplaced = lazy.Regexp(`@@[A-Z]+@@`)

// typed removes the warnings of reading about names that are reported as typed.
func (p *pass) typed() {
	places := map[markdown.Pos]bool{}
	for _, f := range p.findings {
		if f.Code == typedSubstitution.Code {
			places[f.Pos] = true
		}
	}
	p.findings = slices.DeleteFunc(p.findings, func(f *Finding) bool { return f.Code == substitution.Code && places[f.Pos] })
}
