package lint

import "workshop/markdown"

var unclosedExercise = Rule{
	Code: markdown.CodeUnclosedExercise, Severity: Error,
	Summary: "an exercise without its closing bracket",
	Doc: `Brackets in an exercise are balanced: each [ has its ], except in code. Without its ] the
end of the exercise is unknown, and with it the steps.`,
	Bad:  ".exercise[\n```bash\nls\n```\n",
	Good: ".exercise[\n```bash\nls\n```\n]\n",
}
