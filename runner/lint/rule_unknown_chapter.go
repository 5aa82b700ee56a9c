package lint

import "workshop/markdown"

var unknownChapter = Rule{
	Code: markdown.CodeUnknownChapter, Severity: Error,
	Summary: "a chapter that is needed and does not exist",
	Doc:     `needs: lists the names of other chapters of the same deck.`,
	Bad:     "-- workshop.yml --\ncontent:\n- a.md\n- {file: b.md, needs: [c]}\n-- a.md --\n# A\n-- b.md --\n# B\n",
	Good:    "-- workshop.yml --\ncontent:\n- a.md\n- {file: b.md, needs: [a]}\n-- a.md --\n# A\n-- b.md --\n# B\n",
}
