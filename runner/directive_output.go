package runner

import (
	"context"
	"errors"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var outputDirective = directive{
	name:  "output",
	usage: "```output\nEXPECTED\n```",
	summary: "the snippet before it must end, and have output exactly EXPECTED; ... alone on a line stands for any lines, " +
		"[..] within a line for any text, and a backslash before one makes it literal. " +
		"check --update writes the real output into the deck",
	follows: ownSnippet,
	links: func(l *linker, step *Step) {
		l.typed[0].captured = true
		if asked := l.typed[0].status; asked != nil { // a status step came before
			step.op.condition.Status = asked
		}
	},
	compile: func(step *markdown.Step) (operation, error) {
		return operation{
			kind: KindJudges, condition: Condition{Ends: true, Output: parseExpected(step.Text)}, act: compareOutput,
		}, nil
	},
}

// compareOutput waits for the end of the snippet and compares its output.
func compareOutput(ctx context.Context, p *pane, step *Step) error {
	if p.command == nil {
		return p.failf(step, "", "there is no output to compare")
	}
	if err := p.awaitPrompt(ctx, step); err != nil {
		return err
	}
	if err := p.awaitPipes(ctx, step); err != nil {
		return err
	}
	text, whole := p.shell.Output()
	if !whole {
		return p.failf(step, "print less", "the output is too long to be compared")
	}
	output, want := OutputLines(text), step.op.condition.Output
	if p.session.run.opts.Observe != nil {
		p.session.run.opts.Observe(step, output)
		return nil
	}
	if want.Matches(output) {
		return nil
	}
	f := p.failf(step, "check --update writes it into the deck, if it is right", "the output is not as expected")
	f.Diff, f.Screen = want.Diff(output), nil
	return f
}

// awaitPipes waits until the shell's output through other programs is on the screen.
func (p *pane) awaitPipes(ctx context.Context, step *Step) error {
	limited, cancel := context.WithTimeout(ctx, p.session.limits.Wait)
	defer cancel()
	err := p.shell.AwaitPipes(limited)
	if errors.As(err, new(*terminal.PipeError)) && ctx.Err() == nil {
		return p.failf(step, "", "%v after %v", err, p.session.limits.Wait)
	}
	return err
}
