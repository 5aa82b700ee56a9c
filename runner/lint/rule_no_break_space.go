package lint

import "workshop/markdown"

var noBreakSpace = Rule{
	Code: markdown.CodeNoBreakSpace, Severity: Warning, Fixable: true,
	Summary: "a no-break space in a step",
	Doc: `A no-break space looks like a blank, but a shell takes it for a letter and does not find the
command “ls -l”. It comes from web pages and word processors. --fix makes it a blank.`,
	Bad:  ".exercise[\n```bash\nls\u00a0-l\n```\n]\n",
	Good: ".exercise[\n```bash\nls -l\n```\n]\n",
}
