package lint

import "workshop/markdown"

var shellNotRun = Rule{
	Code: markdown.CodeShellNotRun, Severity: Warning,
	Summary: "a sh or console fence in an exercise",
	Doc: `Only bash is typed. A fence of another language is text to read, also if that language is
a shell: this is easily overlooked. Write bash for commands that should run.`,
	Bad:  ".exercise[\n```sh\nls\n```\n]\n",
	Good: ".exercise[\n```bash\nls\n```\n]\n",
}
