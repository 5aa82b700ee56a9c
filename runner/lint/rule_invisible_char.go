package lint

import "workshop/markdown"

var invisibleChar = Rule{
	Code: markdown.CodeInvisible, Severity: Error, Fixable: true,
	Summary: "an invisible, bidirectional or control character in a step",
	Doc: `What is seen is not what would be typed: a zero-width character is part of a word, a
bidirectional one changes the order of what is seen. Write an escape such as
$'\u202e' where one is meant. --fix removes those that are only invisible.`,
	Bad:  ".exercise[\n```bash\nls\u200b /tmp\n```\n]\n",
	Good: ".exercise[\n```bash\nls /tmp\n```\n]\n",
}
