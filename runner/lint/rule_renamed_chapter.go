package lint

import "workshop/markdown"

var renamedChapter = Rule{
	Code: markdown.CodeRenamedChapter, Severity: Warning,
	Summary: "a chapter that gets a number because its name is taken",
	Doc: `A chapter has its name from its file. If two files have the same name, or a file is listed
twice, the later chapter gets the number -2, which changes with the chapters before it.
Give it a name: of its own.`,
	Bad:  "-- workshop.yml --\ncontent: [a.md, a.md]\n-- a.md --\n# A\n",
	Good: "-- workshop.yml --\ncontent:\n- a.md\n- {file: a.md, name: again}\n-- a.md --\n# A\n",
}
