package lint

import "workshop/markdown"

var backticks = Rule{
	Code: markdown.CodeBackticks, Severity: Warning,
	Summary: "backticks in a snippet, which are removed",
	Doc:     "In a bash fence backticks highlight, as in kubectl get `pods`: they are removed before typing.\nFor a command substitution write $( … ).",
	Bad:     ".exercise[\n```bash\necho `date`\n```\n]\n",
	Good:    ".exercise[\n```bash\necho $(date)\n```\n]\n",
}
