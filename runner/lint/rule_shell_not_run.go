package lint

import "workshop/markdown"

var shellNotRun = Rule{
	Code: markdown.CodeShellNotRun, Severity: Warning,
	Summary: "a fence of commands that are text and never run",
	Doc: `In an exercise of a deck only bash is typed. A fence of another language is text to read, also if
that language is a shell: this is easily overlooked. Write bash for commands that should run. In
another style a fence in a quotation is text.`,
	Bad:  ".exercise[\n```sh\nls\n```\n]\n",
	Good: ".exercise[\n```bash\nls\n```\n]\n",
}
