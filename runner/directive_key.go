package runner

import (
	"context"
	"strings"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var keyDirective = directive{
	name:    "key",
	usage:   "```key KEY```",
	summary: "press one key, in tmux's notation: ^C, Escape, Enter, Up, q; the status of a command that ^C ended is not judged",
	watches: true,
	compile: func(step *markdown.Step) (operation, error) {
		key, err := terminal.ParseKey(strings.TrimSpace(step.Text))
		return operation{kind: Presses, keys: key, act: pressKeys}, err
	},
}

func pressKeys(ctx context.Context, s *session, step *Step) error {
	return s.press(ctx, step, step.op.keys)
}
