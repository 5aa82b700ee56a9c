package runner

import (
	"errors"
	"strings"
	"time"

	"workshop/markdown"
)

var timeoutDirective = directive{
	name:    "timeout",
	usage:   "```timeout DURATION```",
	summary: "the step before it may take as long as DURATION, such as 90s or 5m, instead of the run's limits",
	follows: anyStep,
	compile: func(step *markdown.Step) (operation, error) {
		d, err := time.ParseDuration(strings.TrimSpace(step.Text))
		if err != nil || d <= 0 {
			return operation{}, errors.New("it takes a duration with its unit, such as 90s, 5m or 1h30m")
		}
		return operation{kind: KindAlters, timeout: d}, nil
	},
	links: func(l *linker, step *Step) {
		l.last.timeout = step.op.timeout
		if s := l.snippet(); s != nil && l.last.op.condition.Ends && !s.watched && s.timeout == 0 {
			s.timeout = step.op.timeout // the snippet itself waits for the end
		}
	},
}
