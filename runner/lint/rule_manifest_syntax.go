package lint

import "workshop/markdown"

var manifestSyntax = Rule{
	Code: markdown.CodeManifestSyntax, Severity: Error,
	Summary: "a manifest that is no YAML mapping",
	Doc:     `A manifest is one YAML document, a mapping of keys such as title: and content:.`,
	Bad:     "-- workshop.yml --\ntitle: [A course\n",
	Good:    "-- workshop.yml --\ntitle: A course\ncontent: [a.md]\n-- a.md --\n# A\n",
}
