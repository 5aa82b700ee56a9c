package lint

import "workshop/runner"

var unknownDirective = Rule{
	Code: runner.CodeUnknownDirective, Severity: Error,
	Summary: "a directive that does not exist",
	Doc: `The first word of a fence in an exercise is a directive or another language. A hidden
fence of another word, and one that is nearly a directive, is a mistake: it would never
run, and nobody would notice. workshop help directives lists them.`,
	Bad:  ".exercise[\n```bash\nls\n```\n<!-- ```wiat total``` -->\n]\n",
	Good: ".exercise[\n```bash\nls -l\n```\n<!-- ```wait total``` -->\n]\n",
}
