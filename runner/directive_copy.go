package runner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	expect "github.com/Netflix/go-expect"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var copyDirective = directive{
	name:  "copy",
	usage: "```copy REGEX```",
	summary: "copy the last match of REGEX on the screen, or of its first group, without line breaks " +
		"(a dot matches them as well); a running command may output it first",
	watches: true,
	links:   func(l *linker, _ *Step) { l.copied = true },
	compile: func(step *markdown.Step) (operation, error) {
		re, err := parseCopied(step.Text)
		return operation{kind: KindCopies, condition: Condition{OnScreen: re}, waits: 1, act: copyMatch}, err
	},
}

// copyMatch copies a step's match into the session's clipboard. Text that was on the screen
// at the beginning of a command is not copied while that command runs: the command may be
// about to output the text. After that output the command gets a moment to end.
func copyMatch(ctx context.Context, p *pane, step *Step) error {
	want := step.op.condition.OnScreen
	limit := p.limit(step)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := p.shell.Appeared(limited, expect.Regexp(want))
	if err == nil {
		moment, cancel := context.WithTimeout(limited, exerciseGrace)
		_, err = p.shell.AwaitPrompt(moment)
		cancel()
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if err := p.judgeEnded(); err != nil {
		return err
	}
	text, found := lastMatch(want, p.shell.ScreenText())
	if !found {
		// A command that has ended may have left another one in the background.
		if _, err := p.shell.ExpectWhile(limited, p.allowed, expect.Regexp(want)); err != nil {
			var timeout *terminal.TimeoutError
			if !errors.As(err, &timeout) || ctx.Err() != nil {
				return err
			}
			f := p.failf(step, "", "/%s/ is not on the screen after %v", strings.TrimPrefix(want.String(), copied), limit)
			f.Want = strings.TrimPrefix(want.String(), copied)
			return f
		}
		text, _ = lastMatch(want, p.shell.ScreenText())
	}
	p.session.clipboard = strings.ReplaceAll(text, "\n", "")
	return nil
}

// lastMatch is the last match of an expression, or of its first group.
func lastMatch(re *regexp.Regexp, text string) (string, bool) {
	all := re.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return "", false
	}
	last := all[len(all)-1]
	return last[min(1, len(last)-1)], true
}

// copied holds the flags of the expression: a dot matches line breaks as well, ^ and $ are
// the ends of a line.
const copied = "(?sm)"

// parseCopied reads the expression of a copy.
func parseCopied(text string) (*regexp.Regexp, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errors.New("there is nothing to look for")
	}
	re, err := regexp.Compile(text) // first as it is written, for the message
	switch {
	case err != nil:
		return nil, err
	case re.MatchString(""):
		return nil, fmt.Errorf("%q matches nothing at all, too", text)
	}
	return regexp.Compile(copied + text)
}
