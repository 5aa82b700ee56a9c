package lint

var endsShell = Rule{
	Code: "ends-shell", Severity: Warning,
	Summary: "exit or exec where it ends the session's own shell",
	Doc: `All snippets of a session are typed into one shell. If that shell ends or is replaced, the
exercise fails, and a fresh shell takes its place, in the first directory and without the
variables. An exit is right if an earlier snippet opened a nested shell (docker exec -it …
sh, ssh, su). Elsewhere use a subshell: ( … ).`,
	Bad:  ".exercise[\n```bash\nls\nexit\n```\n]\n",
	Good: ".exercise[\n```bash\ndocker exec -it web sh\n```\n```bash\nexit\n```\n]\n",
	visit: func(p *pass, v *visit) {
		if v.snippet == nil || v.exercise.Setup || v.snippet.foreign || v.program.nature != leaves || v.before.nested > 0 || v.before.uncertain {
			return
		}
		p.report(v.snippet.span(v.program.node), "use a subshell: ( … )", "%s ends the shell of the session", v.snippet.source(v.program.node))
	},
}
