package runner

import (
	"context"

	"workshop/markdown"
)

var tmuxDirective = directive{
	name:  "tmux",
	usage: "```tmux COMMAND```",
	summary: "arrange several shells in one view, with tmux's commands, their aliases and unambiguous beginnings: " +
		"split-pane -h or -v, select-pane -t N, -U, -D, -L or -R, last-pane, kill-pane, new-window, select-window -t N, " +
		"last-window, select-layout NAME and their like; the next steps act on the pane that is active then",
	watches: true,
	follows: anything,
	compile: func(step *markdown.Step) (operation, error) {
		a, err := parseTmux(step.Text)
		return operation{kind: KindArranges, arrange: a, act: arrangePanes}, err
	},
}

// arrangePanes carries out the step's command of tmux.
func arrangePanes(ctx context.Context, p *pane, step *Step) error {
	p, err := p.leaveEnded(ctx)
	if err != nil {
		return err
	}
	if err := p.judgeEnded(); err != nil {
		return err
	}
	s, a := p.session, step.op.arrange
	if a.command.closes {
		if err := s.settle(ctx, exerciseGrace); err != nil {
			return err
		}
	}
	s.resizing.Lock()
	defer s.resizing.Unlock()
	c, err := a.command.do(s.windows, a)
	if err != nil {
		return p.failf(step, "", "%s: %v", a.command.name, err)
	}
	return s.apply(ctx, c)
}
