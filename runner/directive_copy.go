package runner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"workshop/markdown"
)

var copyDirective = directive{
	name:    "copy",
	usage:   "```copy REGEX```",
	summary: "copy the last match of REGEX on the screen, or of its first group, without line breaks (a dot matches them as well); a command that runs may first output it",
	watches: true,
	compile: func(step *markdown.Step) (operation, error) {
		re, err := parseCopied(step.Text)
		return operation{kind: Copies, condition: Condition{OnScreen: re}, waits: 1, act: copyMatch}, err
	},
}

func copyMatch(ctx context.Context, s *session, step *Step) error { return s.copy(ctx, step) }

// parseCopied reads what is copied.
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
	return regexp.Compile("(?s)" + text)
}
