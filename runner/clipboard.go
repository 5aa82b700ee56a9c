package runner

import (
	"context"
	"errors"
	"regexp"
	"strings"

	expect "github.com/Netflix/go-expect"

	"workshop/runner/terminal"
)

// copy puts what a step asks for into the session's clipboard. What stood on the screen
// when a command began is not taken while that command runs: it may be about to output
// the text. When it has, it gets a moment to end.
func (s *session) copy(ctx context.Context, step *Step) error {
	want := step.op.condition.OnScreen
	limit := step.Limit(s.limits)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := s.shell.Appeared(limited, expect.Regexp(want))
	if err == nil {
		moment, cancel := context.WithTimeout(limited, farewell)
		_, err = s.shell.AwaitPrompt(moment)
		cancel()
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if err := s.judgeEnded(); err != nil {
		return err
	}
	text, found := lastMatch(want, s.shell.ScreenText())
	if !found {
		// A command that has ended may have left another one in the background.
		if _, err := s.shell.ExpectWhile(limited, s.fine, expect.Regexp(want)); err != nil {
			var timeout *terminal.TimeoutError
			if !errors.As(err, &timeout) || ctx.Err() != nil {
				return err
			}
			f := s.failf(step, "", "/%s/ is not on the screen after %v", strings.TrimPrefix(want.String(), "(?s)"), limit)
			f.Want = strings.TrimPrefix(want.String(), "(?s)")
			return f
		}
		text, _ = lastMatch(want, s.shell.ScreenText())
	}
	s.clipboard = strings.ReplaceAll(text, "\n", "")
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

// paste types the clipboard.
func (s *session) paste(ctx context.Context, step *Step) error {
	if s.clipboard == "" {
		return s.failf(step, "", "there is nothing to paste: the copy before it did not happen")
	}
	return s.press(ctx, step, terminal.Text(s.clipboard))
}

// judgeEnded judges the command before, if it is over.
func (s *session) judgeEnded() error {
	if status, ok := s.shell.Prompting(); ok {
		return s.judgeStatus(status)
	}
	return nil
}
