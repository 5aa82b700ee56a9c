package lint

import "workshop/markdown"

var typedInclude = Rule{
	Code: markdown.CodeTypedInclude, Severity: Error,
	Summary: "a snippet with a mark of mdBook that nothing replaces",
	Doc: `In a document of another style, {{#include FILE}} in a fence of commands stands for the text of the file, as
in mdBook. Not so {{#template FILE}}, and an include in an included file: they would be typed into the
shell as they stand. Write the commands into the fence, or mark it with skip.`,
	Bad:  "<!-- workshop: style plain -->\n\n## Use\n\n```bash\n{{#template setup.sh}}\n```\n",
	Good: "<!-- workshop: style plain -->\n\n## Use\n\n```bash\n./setup.sh\n```\n",
}
