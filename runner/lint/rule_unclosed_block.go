package lint

import "workshop/markdown"

var unclosedBlock = Rule{
	Code: markdown.CodeUnclosedBlock, Severity: Warning,
	Summary: "a block without its closing bracket",
	Doc: `.name[ … ] gives a class to what is in it. Without its ] it is literal text, brackets and
all. Write \.name[ where that is meant.`,
	Bad:  ".small[ One\n\n---\n\nTwo\n",
	Good: ".small[ One ]\n\n---\n\nTwo\n",
}
