package lint

var typesIntoProgram = Rule{
	Code: "types-into-program", Severity: Warning,
	Summary: "a snippet that comes while another program is still in the foreground",
	Doc: `A wait does not end the program whose output it waits for. The next snippet needs the
prompt, but the program is still in the foreground: the step waits for the prompt up to its
limit and fails. End the program first, with a key such as ^C or q. An earlier exercise may
have started it: a session continues from exercise to exercise.`,
	Bad:  ".exercise[\n```bash\ntop\n```\n<!-- ```wait Tasks``` -->\n```bash\nls\n```\n]\n",
	Good: ".exercise[\n```bash\ntop\n```\n<!--\n```wait Tasks```\n```key ^C```\n-->\n```bash\nls\n```\n]\n",
	visit: func(p *pass, v *visit) {
		if running := v.before.program; v.snippet != nil && !v.exercise.Setup && stays(running) {
			p.report(v.step.Head(), "end it first: ```key ^C```, or what it takes",
				"%s, started at %s, is still in the foreground here", quote(v.before.by.Text), v.before.by.Pos.Seen(v.step.Pos))
		}
	},
}
