package runner

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"workshop/runner/sandbox"
)

// OpenTool is the name by which this binary is called to be [OpenMain]: pages are opened
// from inside a session's network.
const OpenTool = "workshop-open"

// Exit codes of OpenTool.
const (
	pageAnswers = 0
	pageDoesNot = 1
)

// firstRetry and lastRetry are the pauses between two requests for a page that does not
// answer yet: each is twice as long as the one before.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = time.Second
)

// OpenMain runs `workshop-open LIMIT URL`: it asks for a page until it answers with a
// status below 400, or the limit is over; then it prints the last reason. The exit code
// is 0 or 1.
func OpenMain(ctx context.Context, args []string, stdout io.Writer) int {
	if len(args) != 2 {
		fmt.Fprintf(stdout, "usage: %s LIMIT URL\n", OpenTool)
		return pageDoesNot
	}
	limit, err := time.ParseDuration(args[0])
	if err != nil {
		fmt.Fprintln(stdout, err)
		return pageDoesNot
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	client := &http.Client{
		// Of pages that are made in a workshop few have a certificate that anybody else
		// knows; whether they answer is the question, and nothing that they say is used.
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
		// A redirection elsewhere is an answer: that page is another one's affair.
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			switch {
			case next.URL.Host != via[0].URL.Host:
				return http.ErrUseLastResponse
			case len(via) > 10:
				return errCircle
			}
			return nil
		},
	}
	reason := errors.New("no answer")
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		if err := ask(ctx, client, args[1]); err == nil {
			return pageAnswers
		} else if ctx.Err() == nil {
			reason = err
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(stdout, reason)
			return pageDoesNot
		case <-time.After(pause):
		}
	}
}

var errCircle = errors.New("it redirects again and again")

// ask asks for a page once.
func ask(ctx context.Context, client *http.Client, page string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return cause(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 {
		return fmt.Errorf("the status is %s", resp.Status)
	}
	return nil
}

// cause is a network error without what the reader knows already.
func cause(err error) error {
	var syscallErr *os.SyscallError
	var dns *net.DNSError
	switch {
	case errors.Is(err, errCircle):
		return errCircle
	case errors.As(err, &syscallErr):
		return syscallErr.Err
	case errors.As(err, &dns):
		return fmt.Errorf("no such host: %s", dns.Name)
	}
	return err
}

// openPage asks for a page from inside the session.
func (s *session) openPage(ctx context.Context, step *Step) error {
	if err := s.judgeEnded(); err != nil {
		return err
	}
	page, limit := step.op.condition.Page, step.Limit(s.limits)
	s.run.emit(Event{Kind: Opened, Note: page})
	reason, err := s.request(ctx, page, limit)
	if err != nil || reason == "" {
		return err
	}
	hint := ""
	if strings.HasPrefix(reason, "no such host") && s.sandbox.PrivateNetwork() {
		hint = "sessions have a network of their own: --network host lets them reach others"
	}
	return s.failf(step, hint, "%s has not answered with a status below 400 within %v: %s", page, limit, reason)
}

// request runs OpenTool. The reason says why there is no good answer, "" if there is.
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
	p, err := s.sandbox.Start(sandbox.Cmd{Argv: []string{tool, limit.String(), page}, Dir: s.dir, Files: []*os.File{nil, w}})
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
