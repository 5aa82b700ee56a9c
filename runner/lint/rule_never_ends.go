package lint

import "slices"

var neverEnds = Rule{
	Code: "never-ends", Severity: Warning,
	Summary: "a program that never ends, with neither a wait nor a key behind it",
	Doc: `A snippet is over when the prompt is back. A program such as top, watch, tail -f,
docker-compose up or vmstat 1 runs until a key ends it, and so does an editor, a pager or
the prompt of another program: the step fails at its limit. Add hidden steps behind the
snippet: a wait for the expected text, and a key that ends the program. Or let it end by
itself (top -n 1, logs without --follow, up -d). In the middle of a snippet such a program
is always a mistake: the lines behind it are not typed.`,
	Bad:  ".exercise[\n```bash\ntop\n```\n]\n",
	Good: ".exercise[\n```bash\ntop\n```\n<!--\n```wait Tasks```\n```key q```\n-->\n]\n",
	visit: func(p *pass, v *visit) {
		if v.snippet == nil || v.exercise.Setup || v.snippet.foreign || !stays(v.program) {
			return
		}
		if v.unnamed(v.program.node) { // the editor may end at once
			return
		}
		node, hint := v.program.node, "add a wait and a key such as ^C behind it, or let it end by itself"
		if v.step.Rule != "" { // a document, whose steps stand in comments
			hint = "put <!-- workshop: wait TEXT --> and <!-- workshop: key ^C --> behind its fence, or let it end by itself"
		}
		switch what, last := waits(v.program.nature), v.snippet.last(node); {
		case !last && v.program.nature != dialog:
			p.report(v.snippet.span(node), "give it a snippet of its own",
				"%s %s: what follows it in the snippet is never reached", v.snippet.source(node), what)
		case last && !watched(v.snippet.next) && slices.ContainsFunc(v.snippet.looks, watched):
			p.report(v.snippet.span(node), "put its wait and its key before that step",
				"%s %s, and the step behind it needs its end before a wait or key comes", v.snippet.source(node), what)
		case last && !watched(v.snippet.next):
			p.report(v.snippet.span(node), hint, "%s %s, and no wait or key follows", v.snippet.source(node), what)
		}
	},
}

// waits describes a program that does not end.
func waits(n nature) string {
	switch n {
	case screen:
		return "waits to be told to quit"
	case dialog:
		return "reads the terminal until it is told to quit"
	}
	return "never ends"
}
