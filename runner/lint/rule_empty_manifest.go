package lint

import "workshop/markdown"

var emptyManifest = Rule{
	Code: markdown.CodeEmptyManifest, Severity: Error,
	Summary: "a manifest without content",
	Doc:     `List the deck's files under content:, relative to the manifest.`,
	Bad:     "-- workshop.yml --\ntitle: A course\n",
	Good:    "-- workshop.yml --\ntitle: A course\ncontent: [a.md]\n-- a.md --\n# A\n",
}
