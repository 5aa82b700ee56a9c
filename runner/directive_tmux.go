package runner

import (
	"context"

	"workshop/markdown"
)

var tmuxDirective = directive{
	name:  "tmux",
	usage: "```tmux COMMAND```",
	summary: "arrange several shells in one view, with a command of tmux, by its name, its alias or a beginning that is no other's: " +
		"split-pane -h|-v, select-pane -t N|-U|-D|-L|-R, last-pane, kill-pane, new-window, select-window -t N, last-window, select-layout NAME … What follows goes to the pane that is active then",
	watches: true,
	follows: anything,
	compile: func(step *markdown.Step) (operation, error) {
		a, err := parseTmux(step.Text)
		return operation{kind: Arranges, arrange: a, act: arrangePanes}, err
	},
}

func arrangePanes(ctx context.Context, s *session, step *Step) error { return s.rearrange(ctx, step) }
