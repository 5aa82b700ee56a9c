package lint

import "workshop/runner"

var unknownFigure = Rule{
	Code: runner.CodeUnknownFigure, Severity: Error,
	Summary: "a claim about a figure that its session does not have",
	Doc: `A figure is kept for its session: with session: chapter, for the chapter. A figure step
before the claim must define it, in the same session. duration, lines and bytes need no
figure step: they are those of the snippet before the claim.`,
	Bad:  ".exercise[\n```bash\nls -l\n```\n<!-- ```claim entries > 2``` -->\n]\n",
	Good: ".exercise[\n```bash\nls -l\n```\n<!-- ```figure entries lines``` ```claim entries > 2``` -->\n]\n",
}
