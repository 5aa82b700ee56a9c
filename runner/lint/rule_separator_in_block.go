package lint

import "workshop/markdown"

var separatorInBlock = Rule{
	Code: markdown.CodeSeparatorInBlock, Severity: Warning,
	Summary: "a separator inside a block",
	Doc: `Between .name[ and its ] a line --- separates nothing. Close the block first. In the code of
a block such a line is allowed.`,
	Bad:  ".small[\nOne\n\n---\n\nTwo\n]\n",
	Good: ".small[\nOne\n]\n\n---\n\n.small[\nTwo\n]\n",
}
