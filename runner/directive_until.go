package runner

import (
	"context"

	"workshop/markdown"
)

var untilDirective = directive{
	name:    "until",
	usage:   "```until TEXT```\n```until /REGEX/```",
	summary: "type the snippet before it again each second, until TEXT shows, within the limit (--wait); how the runs before that one end does not matter",
	watches: true,
	follows: justBehind,
	compile: func(step *markdown.Step) (operation, error) {
		pattern, err := parsePattern(step.Text)
		return operation{kind: Waits, condition: Condition{Appears: pattern}, waits: 1, repeats: true, act: repeatSnippet}, err
	},
}

func repeatSnippet(ctx context.Context, s *session, step *Step) error { return s.repeat(ctx, step) }
