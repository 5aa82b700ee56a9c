package lint

import "workshop/runner"

var unusedFigure = Rule{
	Code: "unused-figure", Severity: Warning,
	Summary: "a figure that no claim is about",
	Doc: `A figure is measured for claims: a figure step without one costs time and checks nothing
but that the number is printed. Claim something about it, or remove it.`,
	Bad:  ".exercise[\n```bash\nls -l\n```\n<!-- ```figure entries lines``` -->\n]\n",
	Good: ".exercise[\n```bash\nls -l\n```\n<!-- ```figure entries lines``` ```claim entries > 2``` -->\n]\n",
	session: func(p *pass, f *flow) {
		used := map[*runner.Step]bool{}
		for _, v := range f.steps {
			for _, m := range v.step.Measures() {
				used[m] = true
			}
		}
		for _, v := range f.steps {
			if fig := v.step.Figure(); fig != nil && !v.exercise.Setup && !used[v.step] {
				p.report(place(v.step), "claim something about it, or remove it", "no claim is about the figure %s", fig.Name)
			}
		}
	},
}
