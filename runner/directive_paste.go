package runner

import (
	"context"
	"errors"
	"strings"

	"workshop/markdown"
)

var pasteDirective = directive{
	name:    "paste",
	usage:   "```paste```",
	summary: "type what was copied last, without Return",
	watches: true,
	follows: aCopy,
	compile: func(step *markdown.Step) (operation, error) {
		if strings.TrimSpace(step.Text) != "" {
			return operation{}, errors.New("it takes no text: it types what was copied")
		}
		return operation{kind: Presses, pastes: true, act: pasteCopied}, nil
	},
}

func pasteCopied(ctx context.Context, s *session, step *Step) error { return s.paste(ctx, step) }
