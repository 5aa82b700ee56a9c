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
	links: func(l *linker, step *Step) {
		l.copied = true
		l.addKeys(step)
	},
	compile: func(step *markdown.Step) (operation, error) {
		re, err := parseCopied(step.Text)
		return operation{
			kind: KindCopies, condition: Condition{OnScreen: re}, waits: 1, pastes: true, act: copyAndPaste,
		}, err
	},
}

func copyAndPaste(ctx context.Context, p *pane, step *Step) error {
	if err := copyMatch(ctx, p, step); err != nil {
		return err
	}
	return pasteCopied(ctx, p, step)
}
