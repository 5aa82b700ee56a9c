package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// client is a client of the Docker Engine HTTP API, version 1.24 and later.
// https://docs.docker.com/reference/api/engine/
type client struct {
	http *http.Client
	base string // scheme and authority of the URLs
	host string // the value of DOCKER_HOST

	mu     sync.Mutex
	prefix string // "/v1.41", once it is known
	engine string // the engine's name for itself, once it is known
}

// apiError is an answer of the engine with an error status.
type apiError struct {
	Status  int
	Message string
}

func (e *apiError) Error() string { return e.Message }

// connectionError means that there is no engine at the address.
type connectionError struct {
	host string
	err  error
}

func (e *connectionError) Error() string {
	return fmt.Sprintf("cannot connect to the engine at %s: %v", e.host, e.err)
}

func (e *connectionError) Unwrap() error { return e.err }

// notFound reports whether the engine does not have the object.
func notFound(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// defaultHost is the address of the engine without DOCKER_HOST.
const defaultHost = "unix:///var/run/docker.sock"

// newClient returns a client for a DOCKER_HOST: unix:///path, tcp://host:port or
// http://host:port; "" is the default. It does not connect.
func newClient(host string) (*client, error) {
	if host == "" {
		host = defaultHost
	}
	scheme, address, ok := strings.Cut(host, "://")
	if !ok || address == "" {
		return nil, fmt.Errorf("unable to parse docker host `%s`", host)
	}
	c := &client{host: host, base: "http://" + address}
	transport := &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}
	switch scheme {
	case "unix":
		c.base = "http://docker"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", address)
		}
	case "tcp", "http":
	default:
		return nil, fmt.Errorf("unsupported protocol in docker host `%s`", host)
	}
	c.http = &http.Client{Transport: transport}
	return c, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// versioned returns the path with the engine's API version before it.
func (c *client) versioned(ctx context.Context, path string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.prefix == "" {
		var v struct {
			APIVersion string
			Platform   struct{ Name string }
		}
		res, err := c.send(ctx, http.MethodGet, "/version", nil, nil, nil) //nolint:bodyclose // drain does
		if err != nil {
			return "", err
		}
		defer drain(res.Body)
		if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
			return "", fmt.Errorf("version of the engine at %s: %w", c.host, err)
		}
		c.prefix, c.engine = "/v"+v.APIVersion, v.Platform.Name
	}
	return c.prefix + path, nil
}

// engineName returns the engine's name for itself.
func (c *client) engineName(ctx context.Context) (string, error) {
	if _, err := c.versioned(ctx, ""); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine, nil
}

// send sends one request and returns its answer. The caller closes the body. An answer with an
// error status is returned as an [*apiError].
func (c *client) send(
	ctx context.Context, method, path string, query url.Values, body io.Reader, header http.Header,
) (*http.Response, error) {
	u := c.base + path
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, u, body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := c.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return nil, &connectionError{c.host, op.Err}
		}
		return nil, err
	}
	if res.StatusCode < 400 {
		return res, nil
	}
	defer drain(res.Body)
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	var message struct{ Message string }
	if json.Unmarshal(text, &message) != nil || message.Message == "" {
		message.Message = strings.TrimSpace(string(text))
		if message.Message == "" {
			message.Message = res.Status
		}
	}
	return nil, &apiError{res.StatusCode, message.Message}
}

// stream is send with a versioned path.
func (c *client) stream(
	ctx context.Context, method, path string, query url.Values, body io.Reader, header http.Header,
) (*http.Response, error) {
	path, err := c.versioned(ctx, path)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, method, path, query, body, header)
}

// call sends in as JSON, unless it is nil, and decodes the answer into out,
// unless it is nil.
func (c *client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body io.Reader
	header := http.Header{}
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
		header.Set("Content-Type", "application/json")
	}
	res, err := c.stream(ctx, method, path, query, body, header) //nolint:bodyclose // drain does
	if err != nil {
		return err
	}
	defer drain(res.Body)
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (c *client) get(ctx context.Context, path string, query url.Values, out any) error {
	return c.call(ctx, http.MethodGet, path, query, nil, out)
}

func (c *client) post(ctx context.Context, path string, query url.Values, in, out any) error {
	return c.call(ctx, http.MethodPost, path, query, in, out)
}

func (c *client) delete(ctx context.Context, path string, query url.Values) error {
	return c.call(ctx, http.MethodDelete, path, query, nil, nil)
}

// hijack starts a request whose connection then carries bytes in both directions.
func (c *client) hijack(ctx context.Context, path string, query url.Values, in any) (io.ReadWriteCloser, error) {
	var body io.Reader
	header := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"tcp"}}
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
		header.Set("Content-Type", "application/json")
	}
	res, err := c.stream(ctx, http.MethodPost, path, query, body, header) //nolint:bodyclose // the caller closes it
	if err != nil {
		return nil, err
	}
	if rw, ok := res.Body.(io.ReadWriteCloser); ok {
		return rw, nil
	}
	return readOnly{res.Body}, nil // the output of an engine that does not upgrade can still be read
}

// readOnly is a stream that cannot be written.
type readOnly struct{ io.ReadCloser }

func (readOnly) Write(p []byte) (int, error) { return len(p), nil }

// drain reads the rest, so that the connection can be used again, and closes it.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, 1<<16))
	body.Close()
}

// filters encodes the filter of list and event endpoints.
func filters(f map[string][]string) string {
	b, _ := json.Marshal(f)
	return string(b)
}
