package lint

import "workshop/markdown"

var manifestKey = Rule{
	Code: markdown.CodeManifestKey, Severity: Error,
	Summary: "a key that a manifest does not have, or has twice",
	Doc:     `A mistyped key has no effect, and nobody would notice.`,
	Bad:     "-- workshop.yml --\ntitel: A course\ncontent: [a.md]\n-- a.md --\n# A\n",
	Good:    "-- workshop.yml --\ntitle: A course\ncontent: [a.md]\n-- a.md --\n# A\n",
}
