package lint

import "workshop/markdown"

var fenceArguments = Rule{
	Code: markdown.CodeFenceArguments, Severity: Warning,
	Summary: "words behind the directive of a fence of several lines",
	Doc: `The data of a fence is its body. Words behind the directive on its first line are not
typed: close the fence on that line, or put the words on lines of their own. Attributes
in braces are allowed.`,
	Bad:  ".exercise[\n```bash ls\ndate\n```\n]\n",
	Good: ".exercise[\n```bash ls```\n```bash\ndate\n```\n]\n",
}
