package runner

import (
	"context"

	"workshop/markdown"
)

var tmuxDirective = directive{
	name:  "tmux",
	usage: "```tmux COMMAND```",
	summary: "arrange several shells in one view, with tmux's commands, their aliases and unambiguous beginnings: " +
		"split-pane -h or -v, select-pane -t N, -U, -D, -L or -R, last-pane, kill-pane, new-window, select-window -t N, last-window, select-layout NAME and their like; what follows goes to the pane that is active then",
	watches: true,
	follows: anything,
	compile: func(step *markdown.Step) (operation, error) {
		a, err := parseTmux(step.Text)
		return operation{kind: Arranges, arrange: a, act: arrangePanes}, err
	},
}

func arrangePanes(ctx context.Context, s *session, step *Step) error { return s.rearrange(ctx, step) }
