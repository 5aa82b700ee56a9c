package runner

import (
	"context"
	"errors"
	"strings"

	"workshop/markdown"
)

var checkDirective = directive{
	name:    "check",
	usage:   "```check```",
	summary: "wait for the prompt; the command before it must have ended with status 0",
	compile: func(step *markdown.Step) (action, error) {
		if strings.TrimSpace(step.Text) != "" {
			return nil, errors.New("it takes no text")
		}
		return func(ctx context.Context, s *session, step *Step) error {
			return s.check(ctx, step)
		}, nil
	},
}
