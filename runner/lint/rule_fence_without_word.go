package lint

import "workshop/markdown"

var fenceWithoutWord = Rule{
	Code: markdown.CodeFenceWithoutWord, Severity: Warning,
	Summary: "a hidden fence that says nothing",
	Doc:     `In a comment nobody reads it, and without a directive nothing runs.`,
	Bad:     ".exercise[\n```bash\nls\n```\n<!--\n```\nls\n```\n-->\n]\n",
	Good:    ".exercise[\n```bash\nls\n```\n<!--\n```bash\nls\n```\n-->\n]\n",
}
