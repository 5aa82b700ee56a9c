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
	"time"
)

// OpenTool is the name by which this binary runs as [OpenMain]: it requests pages from inside
// a session's network.
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

// OpenMain runs `workshop-open LIMIT URL`: it requests a page until it answers with a status
// below 400, or the limit is over; then it prints the last reason. The exit code is 0 or 1.
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
		// Few pages of a workshop have a certificate from a known authority. The answer
		// itself is the only question, and its content is not used.
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
		// A redirection to another host is an answer: the other page is not verified.
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

// ask requests a page once.
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

// cause is a network error without the address, which the reader knows.
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
