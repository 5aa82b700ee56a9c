package runner

import (
	"context"

	"workshop/markdown"
)

var waitDirective = directive{
	name:    "wait",
	usage:   "```wait TEXT```\n```wait /REGEX/```",
	summary: "TEXT, or what REGEX matches, must appear in what the command before it outputs, within the limit (--wait)",
	watches: true,
	compile: compileWait(1),
}

// compileWait makes a wait of a number of times the limit.
func compileWait(times int) func(*markdown.Step) (operation, error) {
	return func(step *markdown.Step) (operation, error) {
		pattern, err := parsePattern(step.Text)
		return operation{kind: Waits, condition: Condition{Appears: pattern}, waits: times, act: awaitText}, err
	}
}

func awaitText(ctx context.Context, s *session, step *Step) error { return s.expect(ctx, step) }
