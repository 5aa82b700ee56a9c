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
	usage:   "```status N```\n```status any```",
	summary: "the command before it must end with status N instead of 0; any: its status does not matter",
	compile: func(step *markdown.Step) (operation, error) {
		status, err := parseStatus(strings.TrimSpace(step.Text))
		return operation{kind: Judges, condition: Condition{Ends: true, Status: status}, act: judgeStatus}, err
	},
}

func judgeStatus(ctx context.Context, s *session, step *Step) error { return s.check(ctx, step) }

// parseStatus reads a status as the directive has it.
func parseStatus(s string) (*Status, error) {
	if s == "any" {
		return &Status{Any: true}, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 255 {
		return nil, errors.New("it takes a number from 0 to 255, or any")
	}
	return &Status{Code: n}, nil
}
