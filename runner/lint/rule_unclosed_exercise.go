package lint

import "workshop/markdown"

var unclosedExercise = Rule{
	Code: markdown.CodeUnclosedExercise, Severity: Error,
	Summary: "an exercise without its closing bracket",
	Doc: `Brackets in an exercise are balanced: each [ has its ], save in code. Without its ] it is not
known which steps belong to it.`,
	Bad:  ".exercise[\n```bash\nls\n```\n",
	Good: ".exercise[\n```bash\nls\n```\n]\n",
}
