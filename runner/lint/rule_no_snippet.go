package lint

import "workshop/runner"

var noSnippet = Rule{
	Code: runner.CodeNoSnippet, Severity: Error,
	Summary: "a step about something that is not before it",
	Doc: `A wait, a key or a check is about the snippet before it in its session, which may stand in
an earlier exercise. An output is about a snippet of its own exercise, an until stands
right behind its snippet, and a paste comes after a copy. Here there is none.`,
	Bad:  ".exercise[\n<!-- ```key ^C``` -->\n]\n",
	Good: ".exercise[\n```bash\ntop\n```\n<!-- ```key ^C``` -->\n]\n",
}
