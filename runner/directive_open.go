package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"workshop/markdown"
	"workshop/markdown/lazy"
	"workshop/runner/sandbox"
)

var openDirective = directive{
	name:  "open",
	usage: "```open URL```",
	summary: "the page must answer with a status below 400, within the limit (--wait); /node1 stands for this machine. " +
		"A presenter is shown the URL; one with a placeholder (:3xxxx, nodeX, <IP>, $IP, @@NAME@@ without a value) is not requested",
	watches: true,
	follows: anything,
	compile: func(step *markdown.Step) (operation, error) {
		if isTemplate(strings.TrimSpace(step.Text)) {
			return operation{kind: KindOpens, template: true, act: showTemplate}, nil
		}
		page, err := parsePage(strings.TrimSpace(step.Text))
		return operation{kind: KindOpens, condition: Condition{Page: page}, waits: 1, act: openPage}, err
	},
}

// stands matches the host of a URL that stands for another one, such as nodeX, A.B.C.D or 10.x.y.z,
// and the port, such as 3xxxx.
var stands = lazy.Regexp(`^[a-z]{3,}-?[XYN]$|^(?:[A-Z]\.){3}[A-Z]$|^[0-9]+\.(?:[0-9xXyY]+\.){2}[xXyYzZ]$|` +
	`x{4,}|X{3,}|-x{3}|:[0-9]*[xXyYN]+[0-9]*$|\.\.\.|…`)

// unreplaced matches a substitution that got no value.
var unreplaced = lazy.Regexp(`@@[A-Z]+@@`)

// variable matches a variable of the shell, which only the shell could replace.
var variable = lazy.Regexp(`\$(?:[A-Za-z_]|\{[A-Za-z_])`)

// isTemplate reports whether a URL has a placeholder, for people to fill in.
func isTemplate(url string) bool {
	if unreplaced().MatchString(url) || variable().MatchString(url) {
		return true
	}
	if from := strings.IndexByte(url, '<'); from >= 0 && strings.IndexByte(url[from:], '>') > 0 {
		return true
	}
	_, rest, ok := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(host, ":")
	return ok && (stands().MatchString(host) || stands().MatchString(name))
}

// showTemplate shows a URL with a placeholder to a presenter.
func showTemplate(_ context.Context, p *pane, step *Step) error {
	p.session.run.emit(Event{Kind: EventOpened, Note: strings.TrimSpace(step.Text)})
	return nil
}

// openPage requests a page from inside the session.
func openPage(ctx context.Context, p *pane, step *Step) error {
	if err := p.judgeEnded(); err != nil {
		return err
	}
	page, limit := step.op.condition.Page, p.limit(step)
	p.session.run.emit(Event{Kind: EventOpened, Note: page})
	reason, err := p.session.request(ctx, page, limit)
	if err != nil || reason == "" {
		return err
	}
	hint := ""
	if strings.HasPrefix(reason, "no such host") && p.session.sandbox.PrivateNetwork() {
		hint = "sessions have a network of their own: --network host lets them reach others"
	}
	return p.failf(step, hint, "%s has not answered with a status below 400 within %v: %s", page, limit, reason)
}

// request runs OpenTool. The reason is that of a missing good answer, "" if there is one.
func (s *session) request(ctx context.Context, page string, limit time.Duration) (reason string, err error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	tool := filepath.Join(s.dir, OpenTool)
	if err := os.Symlink(exe, tool); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	p, err := s.sandbox.Start(sandbox.Cmd{
		Argv: []string{s.sandbox.Inside(tool), limit.String(), page}, Dir: s.sandbox.Inside(s.dir), Files: []*os.File{nil, w},
	})
	if err := errors.Join(err, w.Close()); err != nil {
		return "", fmt.Errorf("open a page: %w", err)
	}
	status, err := p.Wait(ctx)
	if err != nil {
		return "", errors.Join(err, p.Signal(os.Kill))
	}
	said, err := io.ReadAll(r)
	switch {
	case err != nil:
		return "", err
	case status.Code == pageAnswers:
		return "", nil
	case status.Code == pageDoesNot && len(said) > 0:
		return strings.TrimSpace(string(said)), nil
	}
	return "", fmt.Errorf("open a page: the program that does it ended with status %d %s", status.Code, status.Signal)
}

// parsePage reads a URL. The first node of the cluster that old decks were written for is
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
