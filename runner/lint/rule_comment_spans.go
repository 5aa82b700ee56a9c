package lint

import "workshop/markdown"

var commentSpans = Rule{
	Code: markdown.CodeCommentSpans, Severity: Error,
	Summary: "a comment that ends on a later slide than it begins",
	Doc: `A separator ends the slide, and with it the comment: what follows would be shown, and its
steps typed, although the author has taken them out. Nothing of the selection runs then.
Close the comment before the separator, and open another one on the next slide; or
exclude the slide by a class.`,
	Bad:  "# One\n\n<!--\n\n---\n\n# Two\n\n-->\n",
	Good: "# One\n\n---\n\n<!--\n\n# Two\n\n-->\n",
}
