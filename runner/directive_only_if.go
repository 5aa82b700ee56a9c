package runner

import (
	"errors"
	"strings"

	"workshop/markdown"
)

var onlyIfDirective = directive{
	name:  "only-if",
	usage: "```only-if COMMAND```",
	summary: "the exercise is skipped unless the command, which is not typed, ends with status 0; " +
		"the manifest's only-if: does the same for a deck or a chapter",
	follows: anything,
	compile: func(step *markdown.Step) (operation, error) {
		return compileTerm(step, TermOnlyIf, "the command is missing")
	},
}

// compileTerm compiles a step with a term of its exercise.
func compileTerm(step *markdown.Step, kind TermKind, missing string) (operation, error) {
	text := strings.TrimSpace(step.Text)
	if text == "" {
		return operation{}, errors.New(missing)
	}
	if kind == TermSkip {
		text = strings.Join(strings.Fields(text), " ")
	}
	return operation{kind: KindAlters, terms: []Term{{Kind: kind, Text: text, Pos: step.Pos, Own: true}}}, nil
}
