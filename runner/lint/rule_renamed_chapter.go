package lint

import "workshop/markdown"

var renamedChapter = Rule{
	Code: markdown.CodeRenamedChapter, Severity: Warning,
	Summary: "a chapter that gets a number because its name is taken",
	Doc: `A chapter is called by its file's stem: of two files with the same one, or of a file that
is listed twice, the later gets -2, which changes with what stands before it. Give it a
name: of its own.`,
	Bad:  "-- workshop.yml --\ncontent: [a.md, a.md]\n-- a.md --\n# A\n",
	Good: "-- workshop.yml --\ncontent:\n- a.md\n- {file: a.md, name: again}\n-- a.md --\n# A\n",
}
