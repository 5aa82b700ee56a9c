package runner

import (
	"workshop/markdown"
)

var rejectDirective = directive{
	name:    "reject",
	usage:   "```reject TEXT```\n```reject /REGEX/```",
	summary: "TEXT must not appear in what the snippet before it outputs, from its beginning to the next snippet or the end of the exercise, wherever among its steps this one stands",
	follows: ownSnippet,
	compile: func(step *markdown.Step) (operation, error) {
		pattern, err := parsePattern(step.Text)
		return operation{kind: Alters, condition: Condition{Lacks: pattern}, act: alterNothing}, err
	},
}
