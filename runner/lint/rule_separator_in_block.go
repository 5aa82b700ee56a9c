package lint

import "workshop/markdown"

var separatorInBlock = Rule{
	Code: markdown.CodeSeparatorInBlock, Severity: Warning,
	Summary: "a separator inside a block",
	Doc: `Between .name[ and its ] a line --- separates nothing. Close the block first; in code that
belongs to a block it is what it is.`,
	Bad:  ".small[\nOne\n\n---\n\nTwo\n]\n",
	Good: ".small[\nOne\n]\n\n---\n\n.small[\nTwo\n]\n",
}
