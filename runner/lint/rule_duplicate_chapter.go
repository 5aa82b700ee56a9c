package lint

import "workshop/markdown"

var duplicateChapter = Rule{
	Code: markdown.CodeDuplicateChapter, Severity: Error,
	Summary: "a chapter name that a manifest gives twice",
	Doc:     `Selections, needs: and ids go by a chapter's name: it is unique in a deck.`,
	Bad:     "-- workshop.yml --\ncontent:\n- {file: a.md, name: one}\n- {file: b.md, name: one}\n-- a.md --\n# A\n-- b.md --\n# B\n",
	Good:    "-- workshop.yml --\ncontent:\n- {file: a.md, name: one}\n- {file: b.md, name: two}\n-- a.md --\n# A\n-- b.md --\n# B\n",
}
