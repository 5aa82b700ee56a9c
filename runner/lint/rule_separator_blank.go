package lint

import "workshop/markdown"

var separatorBlank = Rule{
	Code: markdown.CodeSeparatorBlank, Severity: Warning, Fixable: true,
	Summary: "a separator with a blank behind it",
	Doc: `Only a line that is exactly --- or -- separates slides, and only ??? begins notes. With a
blank behind it the slide continues, or learners see the notes. --fix removes the blank.`,
	Bad:  "# One\n\n--- \n\n# Two\n",
	Good: "# One\n\n---\n\n# Two\n",
}
