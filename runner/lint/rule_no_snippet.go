package lint

import "workshop/runner"

var noSnippet = Rule{
	Code: runner.CodeNoSnippet, Severity: Error,
	Summary: "a step that looks at a snippet where none is before it",
	Doc: `A wait, a key or a check is about the snippet before it in its session, which may stand in
an earlier exercise. Here there is none.`,
	Bad:  ".exercise[\n<!-- ```key ^C``` -->\n]\n",
	Good: ".exercise[\n```bash\ntop\n```\n<!-- ```key ^C``` -->\n]\n",
}
