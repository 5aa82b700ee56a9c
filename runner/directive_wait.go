package runner

import (
	"context"
	"errors"
	"strings"
	"time"

	expect "github.com/Netflix/go-expect"

	"workshop/markdown"
)

var waitDirective = directive{
	name:    "wait",
	usage:   "```wait TEXT```",
	summary: "TEXT must appear in what the command before it outputs, within the limit (--wait)",
	compile: compileWait(1),
}

// compileWait makes a wait of a number of times the limit.
func compileWait(times time.Duration) func(*markdown.Step) (action, error) {
	return func(step *markdown.Step) (action, error) {
		text := strings.TrimSpace(step.Text)
		if text == "" {
			return nil, errors.New("there is no text to wait for")
		}
		condition := expect.String(text)
		return func(ctx context.Context, s *session, step *Step) error {
			return s.expect(ctx, step, times*s.limits.Wait, condition)
		}, nil
	}
}
