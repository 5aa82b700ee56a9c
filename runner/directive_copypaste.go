package runner

import (
	"context"

	"workshop/markdown"
)

var copypasteDirective = directive{
	name:    "copypaste",
	usage:   "```copypaste REGEX```",
	summary: "copy, then paste",
	watches: true,
	compile: func(step *markdown.Step) (operation, error) {
		re, err := parseCopied(step.Text)
		return operation{kind: Copies, condition: Condition{OnScreen: re}, waits: 1, pastes: true, act: copyAndPaste}, err
	},
}

func copyAndPaste(ctx context.Context, s *session, step *Step) error {
	if err := s.copy(ctx, step); err != nil {
		return err
	}
	return s.paste(ctx, step)
}
