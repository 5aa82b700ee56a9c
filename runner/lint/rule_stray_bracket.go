package lint

import "workshop/markdown"

var strayBracket = Rule{
	Code: markdown.CodeStrayBracket, Severity: Warning,
	Summary: "a closing bracket that closes nothing",
	Doc: `A line that is only ] closes a block, but here none is open. A bracket in the text before
has closed it already, or it was never opened.`,
	Bad:  ".small[ One ]\n]\n",
	Good: ".small[ One\n]\n",
}
