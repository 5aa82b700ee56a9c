package runner

import (
	"context"

	"workshop/markdown"
)

var outputDirective = directive{
	name:  "output",
	usage: "```output\nEXPECTED\n```",
	summary: "the snippet before it must end, and have output exactly EXPECTED; ... alone on a line stands for any lines, [..] within a line for any text. " +
		"check --update writes what was output into the deck",
	follows: ownSnippet,
	compile: func(step *markdown.Step) (operation, error) {
		return operation{kind: Judges, condition: Condition{Ends: true, Output: parseExpected(step.Text)}, act: compareOutput}, nil
	},
}

func compareOutput(ctx context.Context, s *session, step *Step) error { return s.compare(ctx, step) }
