package lint

import "workshop/markdown"

var manifestValue = Rule{
	Code: markdown.CodeManifestValue, Severity: Error,
	Summary: "a value of a manifest that its key does not take",
	Doc: `session: is deck or chapter, exclude: a list of classes, a title one line. Aliases of YAML
are not allowed: a small file could stand for a large one.`,
	Bad:  "-- workshop.yml --\nsession: each\ncontent: [a.md]\n-- a.md --\n# A\n",
	Good: "-- workshop.yml --\nsession: chapter\ncontent: [a.md]\n-- a.md --\n# A\n",
}
