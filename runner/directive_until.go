package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var untilDirective = directive{
	name:  "until",
	usage: "```until TEXT```\n```until /REGEX/```",
	summary: "type the snippet before it again each second, until TEXT appears, within the limit (--wait); " +
		"the statuses of earlier runs do not matter",
	watches: true,
	follows: justBehind,
	links:   func(l *linker, _ *Step) { l.typed[0].repeated = true },
	compile: func(step *markdown.Step) (operation, error) {
		pattern, err := parsePattern(step.Text)
		return operation{
			kind: KindWaits, condition: Condition{Appears: pattern}, waits: 1, repeats: true, act: repeatSnippet,
		}, err
	},
}

// repeatEvery is the shortest time between the starts of two runs of an until.
const repeatEvery = time.Second

// repeatSnippet types the snippet before it until a text appears. Earlier runs are not
// judged; the last one is judged as usual.
func repeatSnippet(ctx context.Context, p *pane, step *Step) error {
	limit, want := p.limit(step), step.op.condition.Appears
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for runs := 1; ; runs++ {
		next := time.Now().Add(repeatEvery)
		_, err := p.shell.ExpectWhile(limited, nil, want.option())
		var timeout *terminal.TimeoutError
		if errors.As(err, &timeout) && timeout.Ended && limited.Err() == nil {
			// The run has ended, but its background processes may still print.
			pause, stop := context.WithDeadline(limited, next)
			_, err = p.shell.ExpectWhile(pause, func(int) bool { return true }, want.option())
			stop()
			if errors.As(err, &timeout) && limited.Err() == nil {
				err := p.enter(limited, p.command.step)
				if err != nil && limited.Err() == nil && !errors.As(err, new(*terminal.StatusError)) {
					return err
				}
				continue
			}
		}
		p.waited++
		switch {
		case err == nil && p.command.line != nil:
			return p.command.lineFailure()
		case !errors.As(err, &timeout) || ctx.Err() != nil:
			return err
		}
		p.command.judged = true
		timeout.Limit = limit
		f := p.missed(step, timeout)
		f.Message += "; the snippet was typed " + times(runs)
		return f
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
