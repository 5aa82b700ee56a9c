package runner

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"workshop/markdown"
)

var statusDirective = directive{
	name:    "status",
	usage:   "```status N```\n```status nonzero```\n```status any```",
	summary: "the command before it must end with status N instead of 0; nonzero: with any other than 0; any: its status does not matter",
	compile: func(step *markdown.Step) (operation, error) {
		status, err := parseStatus(strings.TrimSpace(step.Text))
		return operation{kind: KindJudges, condition: Condition{Ends: true, Status: status}, act: judgeStatus}, err
	},
	links: func(l *linker, step *Step) { // the command may come from the snippet or from the keys since then
		for i, t := range l.typed {
			t.status, t.mayPass, t.lastOnly = step.op.condition.Status, i < len(l.typed)-1, true
		}
	},
}

// judgeStatus waits for the prompt and judges the status, even after an interrupt.
func judgeStatus(ctx context.Context, p *pane, step *Step) error {
	c, gone := p.command, p.session.gone
	if gone != nil {
		c = gone.command
	}
	if c == nil {
		return p.failf(step, "", "there is no command to judge: the exercise before it did not get so far")
	}
	c.judged, c.interrupted = false, false
	c.asked, c.want = true, step.op.condition.Status // it may have been typed in another pane
	if gone != nil {
		return c.judge(gone.status)
	}
	return p.awaitPrompt(ctx, step)
}

// parseStatus reads the status in a step.
func parseStatus(s string) (*Status, error) {
	switch s {
	case "any":
		return &Status{Any: true}, nil
	case "nonzero":
		return &Status{Nonzero: true}, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 255 {
		return nil, errors.New("it takes a number from 0 to 255, nonzero, or any")
	}
	return &Status{Code: n}, nil
}
