package lint

import "workshop/markdown"

var unclosedBlock = Rule{
	Code: markdown.CodeUnclosedBlock, Severity: Warning,
	Summary: "a block without its closing bracket",
	Doc: `.name[ … ] gives a class to the text in it. Without its ] the whole is literal text, with
its brackets. If that is the intention, write \.name[.`,
	Bad:  ".small[ One\n\n---\n\nTwo\n",
	Good: ".small[ One ]\n\n---\n\nTwo\n",
}
