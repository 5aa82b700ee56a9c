package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var waitDirective = directive{
	name:    "wait",
	usage:   "```wait TEXT```\n```wait /REGEX/```",
	summary: "TEXT, or a match of REGEX, must appear in the output of the command before it, within the limit (--wait)",
	watches: true,
	compile: compileWait(1),
}

// compileWait makes a wait with a multiple of the usual limit.
func compileWait(times int) func(*markdown.Step) (operation, error) {
	return func(step *markdown.Step) (operation, error) {
		pattern, err := parsePattern(step.Text)
		return operation{kind: KindWaits, condition: Condition{Appears: pattern}, waits: times, act: awaitText}, err
	}
}

// awaitText waits for a text in the output.
func awaitText(ctx context.Context, p *pane, step *Step) error {
	limit, want := p.limit(step), step.op.condition.Appears
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := p.shell.ExpectWhile(limited, p.allowed, want.option())
	p.waited++
	var timeout *terminal.TimeoutError
	if !errors.As(err, &timeout) || ctx.Err() != nil {
		return err
	}
	if timeout.Ended && !p.allowed(timeout.Status) && p.command != nil && !p.command.interrupted {
		// The exercise that typed the command has failed already.
		if failure := p.command.blame(p.command.failedBefore(timeout)); failure != nil {
			return failure
		}
	}
	timeout.Limit = limit
	return p.missed(step, timeout)
}

// missed is the failure of a step whose text did not appear.
func (p *pane) missed(step *Step, timeout *terminal.TimeoutError) *Failure {
	want := step.op.condition.Appears
	f := p.failf(step, "", "%v", timeout)
	f.Want, f.Tail = want.Text, timeout.Tail
	if timeout.Ended && p.command != nil {
		f.Status = &timeout.Status
		f.Message += fmt.Sprintf("; the command had ended with status %d", timeout.Status)
	}
	if f.Nearest = nearest(f.Want, strings.FieldsFunc(timeout.Tail, isBreak)); f.Nearest == "" {
		f.Nearest = nearest(f.Want, slices.DeleteFunc(slices.Clone(timeout.Screen), isTyped))
	}
	switch {
	case p.waited > 0 && want.in(p.shell.Since(p.began)):
		f.Hint = "it came before: each wait looks from the one before it on, and from the last key"
	case p.command != nil && want.in(p.command.step.Text):
		f.Hint = "the text stands in the command itself, but what is typed does not count as output"
	case want.Regexp == nil:
		if line, what := nearestAlike(want.Text, slices.Concat(strings.FieldsFunc(timeout.Tail, isBreak), timeout.Screen)); what != "" {
			f.Nearest, f.Hint = line, "the nearest line only looks like it: it has "+what
		}
	}
	return f
}

// failedBefore is the failure of a command that ended before the text of a wait appeared.
func (c *command) failedBefore(timeout *terminal.TimeoutError) *Failure {
	c.judged = true
	want := strings.Join(timeout.Want, " or ")
	f := c.failf("", "the command ended with status %d before %q appeared", timeout.Status, want)
	f.Want, f.Tail, f.Status = want, timeout.Tail, &timeout.Status
	return f
}

// isTyped reports whether a line is one of our own prompt: such lines are not output.
func isTyped(line string) bool { return strings.HasPrefix(line, "$ ") }

func isBreak(r rune) bool { return r == '\n' || r == '\r' }
