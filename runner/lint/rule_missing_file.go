package lint

import "workshop/markdown"

var missingFile = Rule{
	Code: markdown.CodeMissingFile, Severity: Error,
	Summary: "a file that a manifest or an include names is not there",
	Doc: `Files of a manifest are relative to it, those of @@INCLUDE[…] to the repository. They must
be regular files that can be read.`,
	Bad:  "-- workshop.yml --\ncontent: [b.md]\n-- a.md --\n# A\n",
	Good: "-- workshop.yml --\ncontent: [a.md]\n-- a.md --\n# A\n",
}
