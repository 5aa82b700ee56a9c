package runner

import (
	"context"
	"errors"
	"strings"

	"workshop/markdown"
)

var waitDirective = directive{
	name:    "wait",
	usage:   "```wait TEXT```",
	summary: "TEXT must appear in what the command before it outputs, within the limit (--wait)",
	compile: compileWait(1),
}

// compileWait makes a wait of a number of times the limit.
func compileWait(times int) func(*markdown.Step) (operation, error) {
	return func(step *markdown.Step) (operation, error) {
		text := strings.TrimSpace(step.Text)
		if text == "" {
			return operation{}, errors.New("there is no text to wait for")
		}
		pattern, err := parsePattern(text)
		return operation{kind: Waits, condition: Condition{Appears: pattern}, waits: times, act: awaitText}, err
	}
}

func awaitText(ctx context.Context, s *session, step *Step) error { return s.expect(ctx, step) }
