package lint

var neverEnds = Rule{
	Code: "never-ends", Severity: Warning,
	Summary: "a program that never ends, with neither a wait nor a key behind it",
	Doc: `A snippet is over when the prompt is back. A program such as top, watch, tail -f,
docker-compose up or vmstat 1 gives it back only when it is told to, and an editor, a
pager or the prompt of another program does not either: the step fails at its limit.
Say what should appear and how to leave, in hidden steps behind the snippet; or let it
end by itself (top -n 1, logs without --follow, up -d). In the middle of a snippet such a
program is never passed, whatever comes behind it.`,
	Bad:  ".exercise[\n```bash\ntop\n```\n]\n",
	Good: ".exercise[\n```bash\ntop\n```\n<!--\n```wait Tasks```\n```key q```\n-->\n]\n",
	session: func(p *pass, f *flow) {
		for i := range f.visits {
			v := &f.visits[i]
			if v.snippet == nil || v.exercise.Setup || v.snippet.foreign || !stays(v.program) {
				continue
			}
			node, hint := v.program.node, "add a wait and a key such as ^C behind it, or let it end by itself"
			switch what, last := waits(v.program.nature), v.snippet.last(node); {
			case !last && v.program.nature != dialog:
				p.report(v.snippet.span(node), "give it a snippet of its own", "%s %s: what follows it in the snippet is never reached", v.snippet.source(node), what)
			case last && !watched(v.snippet.next):
				p.report(v.snippet.span(node), hint, "%s %s, and no wait or key follows", v.snippet.source(node), what)
			}
		}
	},
}

// waits says what a program does instead of ending.
func waits(n nature) string {
	switch n {
	case screen:
		return "waits to be told to quit"
	case dialog:
		return "reads the terminal until it is told to quit"
	}
	return "never ends"
}
