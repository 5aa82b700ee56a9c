package runner

import (
	"context"
	"errors"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var keysDirective = directive{
	name:    "keys",
	usage:   "```keys TEXT```",
	summary: "type TEXT as it is, without Return",
	compile: func(step *markdown.Step) (action, error) {
		if step.Text == "" {
			return nil, errors.New("there is nothing to type")
		}
		text := terminal.Text(step.Text)
		return func(ctx context.Context, s *session, step *Step) error {
			return s.press(ctx, step, text)
		}, nil
	},
}
