package runner

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"workshop/markdown"
)

var openDirective = directive{
	name:    "open",
	usage:   "```open URL```",
	summary: "the page must answer with a status below 400, within the limit (--wait); /node1 stands for this machine. A presenter is shown the URL",
	watches: true,
	follows: anything,
	compile: func(step *markdown.Step) (operation, error) {
		page, err := parsePage(strings.TrimSpace(step.Text))
		return operation{kind: Opens, condition: Condition{Page: page}, waits: 1, act: openPage}, err
	},
}

func openPage(ctx context.Context, s *session, step *Step) error { return s.openPage(ctx, step) }

// parsePage reads a URL. The first node of a cluster, where decks of old were done, is
// this machine.
func parsePage(text string) (string, error) {
	if text == "" {
		return "", errors.New("the URL is missing")
	}
	text = strings.Replace(text, "/node1", "/localhost", 1)
	u, err := url.Parse(text)
	if err != nil {
		var reason *url.Error
		if errors.As(err, &reason) {
			err = reason.Err
		}
		return "", err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%q is no http or https URL", text)
	}
	return u.String(), nil
}
