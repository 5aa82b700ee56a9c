package lint

import "workshop/markdown"

var swallowedProperty = Rule{
	Code: markdown.CodeSwallowedProperty, Severity: Warning,
	Summary: "a line that is taken for a property of its slide",
	Doc: `A slide may begin with properties such as class: or name:. Every first line of the form
word: text is taken for a property and not shown. Begin the slide with another line, such
as its title.`,
	Bad:  "Warning: this deletes everything\n\nDo it with care.\n",
	Good: "## Careful\n\nWarning: this deletes everything\n",
}
