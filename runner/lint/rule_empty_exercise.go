package lint

import "workshop/markdown"

var emptyExercise = Rule{
	Code: markdown.CodeEmptyExercise, Severity: Warning,
	Summary: "an exercise with nothing in it",
	Doc: `The exercise has no text and no steps. An exercise with a text alone is allowed, and so is
one that verifies nothing.`,
	Bad:  ".exercise[\n]\n",
	Good: ".exercise[\n```bash\nls\n```\n]\n",
}
