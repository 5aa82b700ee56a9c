package runner

import (
	"context"
	"errors"
	"strings"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var keyDirective = directive{
	name:  "key",
	usage: "```key KEY```",
	summary: "press one key, in tmux's notation: ^C, Escape, Enter, Up, q; " +
		"the status of a command that ^C ended is not judged",
	watches: true,
	links:   (*linker).addKeys,
	compile: func(step *markdown.Step) (operation, error) {
		key, err := terminal.ParseKey(strings.TrimSpace(step.Text))
		if step.Rule == markdown.RuleInterrupt {
			return operation{kind: KindPresses, keys: key, condition: Condition{Read: true}, act: clickInterrupt}, err
		}
		return operation{kind: KindPresses, keys: key, act: pressKeys}, err
	},
}

func pressKeys(ctx context.Context, p *pane, step *Step) error {
	return p.press(ctx, step, step.op.keys)
}

// press types keys. If the command before them is over, it is judged first; after that, keys
// at the prompt may be a command of their own.
func (p *pane) press(ctx context.Context, step *Step, key terminal.Key) error {
	p.session.gone = nil
	p, err := p.leaveEnded(ctx)
	if err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, p.session.limits.Step)
	defer cancel()
	if err := p.shell.Settle(limit, key.Interrupts()); errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return p.failf(step, "", "the shell has not taken the line before it after %v", p.session.limits.Step)
	}
	if err := p.assign(step, key); err != nil {
		return err
	}
	_, prompting := p.shell.Prompting()
	if err := p.shell.Press(ctx, key); err != nil || !prompting || !key.Leaves() || !p.session.windows.several() {
		return err
	}
	// The end of a shell ends its pane: the next keys are for another pane.
	moment, cancel := context.WithTimeout(ctx, exerciseGrace)
	defer cancel()
	if p.shell.AwaitEnd(moment) != nil {
		return nil
	}
	_, err = p.leaveEnded(ctx)
	return err
}

// assign assigns a key to the last command, or to a new one if the last one is over.
func (p *pane) assign(step *Step, key terminal.Key) error {
	status, prompting := p.shell.Prompting()
	if prompting && (p.command == nil || !p.command.typing) {
		if err := p.command.judge(status); err != nil {
			return err
		}
		if !key.Interrupts() {
			p.command = p.newCommand(step)
			p.command.typing = true
		}
	}
	c := p.command
	if c == nil {
		return nil
	}
	if prompting && (key.Submits() || key.Leaves()) {
		c.typing = false
	}
	c.interrupted = c.interrupted || key.Interrupts()
	return nil
}
