package lint

import "workshop/markdown"

var noPrompt = Rule{
	Code: markdown.CodeNoPrompt, Severity: Warning,
	Summary: "a console fence of a document that shows no command",
	Doc: `In a document of the style plain, the commands of a console fence are the lines with a prompt.
Without one the fence is text: nothing of it is typed, and nothing is compared with it. Write a prompt
before each command, output for what the command before prints, or text for what only readers need.`,
	Bad:  "<!-- workshop: style plain -->\n\n## Use\n\n```console\n$ date\n```\n\n```console\nls\n```\n",
	Good: "<!-- workshop: style plain -->\n\n## Use\n\n```console\n$ date\n```\n\n```console\n$ ls\n```\n",
}
