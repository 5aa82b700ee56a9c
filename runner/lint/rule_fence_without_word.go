package lint

import "workshop/markdown"

var fenceWithoutWord = Rule{
	Code: markdown.CodeFenceWithoutWord, Severity: Warning,
	Summary: "a hidden fence that says nothing",
	Doc:     `Nobody reads a fence in a comment, and without a directive it does not run.`,
	Bad:     ".exercise[\n```bash\nls\n```\n<!--\n```\nls\n```\n-->\n]\n",
	Good:    ".exercise[\n```bash\nls\n```\n<!--\n```bash\nls\n```\n-->\n]\n",
}
