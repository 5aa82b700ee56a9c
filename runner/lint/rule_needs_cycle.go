package lint

import "workshop/markdown"

var needsCycle = Rule{
	Code: markdown.CodeNeedsCycle, Severity: Error,
	Summary: "a chapter that needs itself",
	Doc:     `The chapters that a chapter needs run before it: two that need each other have no order.`,
	Bad:     "-- workshop.yml --\ncontent:\n- {file: a.md, needs: [b]}\n- {file: b.md, needs: [a]}\n-- a.md --\n# A\n-- b.md --\n# B\n",
	Good:    "-- workshop.yml --\ncontent:\n- a.md\n- {file: b.md, needs: [a]}\n-- a.md --\n# A\n-- b.md --\n# B\n",
}
