package lint

import (
	"slices"

	"workshop/runner"
)

var figureMayNotRun = Rule{
	Code: "figure-may-not-run", Severity: Warning,
	Summary: "a claim about a figure whose exercise may be skipped",
	Doc: `Terms (skip, only-if, requires) of an exercise or its chapter may keep it from running; a
claim elsewhere about a figure of it then fails. Put the claim under the same terms, or the
figure into an exercise without them.`,
	Bad: ".exercise[\n```bash\nls -l\n```\n<!-- ```requires gnuplot``` ```figure entries lines``` -->\n]\n" +
		"---\n.exercise[\n```bash\nls\n```\n<!-- ```claim entries > 2``` -->\n]\n",
	Good: ".exercise[\n```bash\nls -l\n```\n<!-- ```requires gnuplot``` ```figure entries lines``` ```claim entries > 2``` -->\n]\n",
	session: func(p *pass, f *flow) {
		of := map[*runner.Step]*runner.Exercise{}
		for _, v := range f.steps {
			of[v.step] = v.exercise
			for _, m := range v.step.Measures() {
				e := of[m]
				if e == v.exercise || v.exercise.Setup {
					continue
				}
				for _, t := range e.Terms {
					same := func(o runner.Term) bool { return o.Kind == t.Kind && o.Text == t.Text }
					if !slices.ContainsFunc(v.exercise.Terms, same) {
						p.report(place(v.step), "put the claim under the same term", "the figure %s may not be measured: %s has the term %q",
							m.Figure().Name, e.ID, t)
						break
					}
				}
			}
		}
	},
}
