package runner

import (
	"context"
	"errors"
	"strings"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var pasteDirective = directive{
	name:    "paste",
	usage:   "```paste```",
	summary: "type the text of the last copy, without Return",
	watches: true,
	follows: aCopy,
	links:   (*linker).addKeys,
	compile: func(step *markdown.Step) (operation, error) {
		if strings.TrimSpace(step.Text) != "" {
			return operation{}, errors.New("it takes no text: it types what was copied")
		}
		return operation{kind: KindPresses, pastes: true, act: pasteCopied}, nil
	},
}

// pasteCopied types the clipboard.
func pasteCopied(ctx context.Context, p *pane, step *Step) error {
	if p.session.clipboard == "" {
		return p.failf(step, "", "there is nothing to paste: the copy before it did not happen")
	}
	return p.press(ctx, step, terminal.Text(p.session.clipboard))
}
