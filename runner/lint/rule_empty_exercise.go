package lint

import "workshop/markdown"

var emptyExercise = Rule{
	Code: markdown.CodeEmptyExercise, Severity: Warning,
	Summary: "an exercise with nothing in it",
	Doc: `There is nothing to do and nothing to read. An exercise with text and no steps is fine,
and so is one without any verification.`,
	Bad:  ".exercise[\n]\n",
	Good: ".exercise[\n```bash\nls\n```\n]\n",
}
