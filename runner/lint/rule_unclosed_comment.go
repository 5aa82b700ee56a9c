package lint

import "workshop/markdown"

var unclosedComment = Rule{
	Code: markdown.CodeUnclosedComment, Severity: Warning,
	Summary: "a comment without its end",
	Doc:     `<!-- is closed by -->. Without it, the slide is hidden up to its end.`,
	Bad:     "# One\n\n<!-- hidden\n\n---\n\n# Two\n",
	Good:    "# One\n\n<!-- hidden -->\n\n---\n\n# Two\n",
}
