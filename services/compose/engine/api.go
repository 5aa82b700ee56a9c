package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// The supported versions of the API.
const (
	apiVersion    = "1.47"
	minAPIVersion = "1.24"
	engineVersion = "27.0.0-workshop"
)

// apiError is an answer with an error status: {"message": …}.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func fail(status int, format string, args ...any) error {
	return &apiError{status, fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return fail(http.StatusBadRequest, format, args...)
}

func conflict(format string, args ...any) error {
	return fail(http.StatusConflict, format, args...)
}

// A handler answers a request, or returns an error before it has sent anything.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is one endpoint of the API. In a pattern {x} matches one segment of the path and {x...} one
// or more.
type route struct {
	method   string
	pattern  string
	handle   handler
	segments []string // of the pattern
}

func (e *Engine) routes() []route {
	table := []route{
		{method: "GET", pattern: "_ping", handle: e.ping},
		{method: "HEAD", pattern: "_ping", handle: e.ping},
		{method: "GET", pattern: "version", handle: e.version},
		{method: "GET", pattern: "info", handle: e.info},
		{method: "GET", pattern: "events", handle: e.events.stream},
		{method: "GET", pattern: "system/df", handle: e.diskUsage},

		{method: "GET", pattern: "containers/json", handle: e.listContainers},
		{method: "POST", pattern: "containers/create", handle: e.createContainer},
		{method: "POST", pattern: "containers/prune", handle: e.pruneContainers},
		{method: "GET", pattern: "containers/{id}/json", handle: e.inspectContainer},
		{method: "GET", pattern: "containers/{id}/top", handle: e.top},
		{method: "GET", pattern: "containers/{id}/stats", handle: e.stats},
		{method: "GET", pattern: "containers/{id}/logs", handle: e.streamLogs},
		{method: "POST", pattern: "containers/{id}/attach", handle: e.attach},
		{method: "POST", pattern: "containers/{id}/start", handle: e.startContainer},
		{method: "POST", pattern: "containers/{id}/stop", handle: e.stopContainer},
		{method: "POST", pattern: "containers/{id}/restart", handle: e.restartContainer},
		{method: "POST", pattern: "containers/{id}/kill", handle: e.killContainer},
		{method: "POST", pattern: "containers/{id}/pause", handle: e.pauseContainer},
		{method: "POST", pattern: "containers/{id}/unpause", handle: e.unpauseContainer},
		{method: "POST", pattern: "containers/{id}/wait", handle: e.waitContainer},
		{method: "POST", pattern: "containers/{id}/rename", handle: e.renameContainer},
		{method: "POST", pattern: "containers/{id}/resize", handle: e.resizeContainer},
		{method: "POST", pattern: "containers/{id}/exec", handle: e.createExec},
		{method: "DELETE", pattern: "containers/{id}", handle: e.deleteContainer},

		{method: "POST", pattern: "exec/{id}/start", handle: e.startExec},
		{method: "POST", pattern: "exec/{id}/resize", handle: e.resizeExec},
		{method: "GET", pattern: "exec/{id}/json", handle: e.inspectExec},

		{method: "GET", pattern: "images/json", handle: e.listImages},
		{method: "POST", pattern: "images/create", handle: e.images.pull},
		{method: "POST", pattern: "images/prune", handle: e.pruneImages},
		{method: "GET", pattern: "images/get", handle: e.saveImages},
		{method: "GET", pattern: "images/{name...}/json", handle: e.images.inspect},
		{method: "GET", pattern: "images/{name...}/get", handle: e.saveImage},
		{method: "GET", pattern: "images/{name...}/history", handle: e.images.history},
		{method: "POST", pattern: "images/{name...}/tag", handle: e.images.tag},
		{method: "DELETE", pattern: "images/{name...}", handle: e.deleteImage},
		{method: "POST", pattern: "build", handle: e.build},
		{method: "POST", pattern: "build/prune", handle: pruneBuilds},

		{method: "GET", pattern: "networks", handle: e.listNetworks},
		{method: "POST", pattern: "networks/create", handle: e.networks.create},
		{method: "POST", pattern: "networks/prune", handle: e.pruneNetworks},
		{method: "GET", pattern: "networks/{id}", handle: e.inspectNetwork},
		{method: "POST", pattern: "networks/{id}/connect", handle: e.connectNetwork},
		{method: "POST", pattern: "networks/{id}/disconnect", handle: e.disconnectNetwork},
		{method: "DELETE", pattern: "networks/{id}", handle: e.deleteNetwork},

		{method: "GET", pattern: "volumes", handle: e.volumes.list},
		{method: "POST", pattern: "volumes/create", handle: e.volumes.create},
		{method: "POST", pattern: "volumes/prune", handle: e.volumes.prune},
		{method: "GET", pattern: "volumes/{name}", handle: e.volumes.inspect},
		{method: "DELETE", pattern: "volumes/{name}", handle: e.volumes.remove},
	}
	for i, rt := range table {
		table[i].segments = strings.Split(rt.pattern, "/")
	}
	return table
}

// ServeHTTP implements [http.Handler].
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Api-Version", apiVersion)
	h.Set("Ostype", "linux")
	h.Set("Docker-Experimental", "false")
	h.Set("Server", "Docker/"+engineVersion+" ("+runtime.GOOS+")")
	e.mu.Lock()
	ok := e.hold()
	e.mu.Unlock()
	if !ok {
		writeError(w, fail(http.StatusServiceUnavailable, "the engine is closed"))
		return
	}
	defer e.tasks.Done()
	ctx, cancel := e.until(r.Context())
	defer cancel()
	r = r.WithContext(ctx)
	if err := e.dispatch(w, r); err != nil {
		// Without this a client that is still sending would see a broken pipe instead of the
		// answer.
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Context().Err() == nil {
			e.log.Debug("request failed", "method", r.Method, "url", r.URL.String(), "error", err)
		}
		writeError(w, err)
	}
}

func (e *Engine) dispatch(w http.ResponseWriter, r *http.Request) error {
	path := strings.Trim(r.URL.Path, "/")
	if version, rest, ok := cutVersion(path); ok {
		switch {
		case olderVersion(apiVersion, version):
			return badRequest("client version %s is too new. Maximum supported API version is %s", version, apiVersion)
		case olderVersion(version, minAPIVersion):
			return badRequest("client version %s is too old. Minimum supported API version is %s, please upgrade your client to a "+
				"newer version", version, minAPIVersion)
		}
		path = rest
	}
	segments := strings.Split(path, "/")
	for _, rt := range e.table {
		if rt.method == r.Method && match(rt.segments, segments, r) {
			return rt.handle(w, r)
		}
	}
	return fail(http.StatusNotImplemented, "%s /%s is not supported by the embedded engine", r.Method, path)
}

// cutVersion splits "v1.41/containers/json".
func cutVersion(path string) (version, rest string, ok bool) {
	first, rest, _ := strings.Cut(path, "/")
	version, ok = strings.CutPrefix(first, "v")
	if !ok || !strings.Contains(version, ".") || strings.Trim(version, "0123456789.") != "" {
		return "", path, false
	}
	return version, rest, true
}

func olderVersion(a, b string) bool {
	number := func(s string) []int {
		var n []int
		for part := range strings.SplitSeq(s, ".") {
			i, _ := strconv.Atoi(part)
			n = append(n, i)
		}
		return n
	}
	return slices.Compare(number(a), number(b)) < 0
}

// match sets the request's path values when the pattern fits.
func match(pattern, path []string, r *http.Request) bool {
	for i, p := range pattern {
		name, variable := strings.CutPrefix(p, "{")
		name = strings.TrimSuffix(name, "}")
		name, many := strings.CutSuffix(name, "...")
		switch {
		case i >= len(path):
			return false
		case !variable && p != path[i], path[i] == "":
			return false
		case many:
			n := len(path) - (len(pattern) - 1) // the number of segments that it matches
			if n < 1 {
				return false
			}
			r.SetPathValue(name, strings.Join(path[i:i+n], "/"))
			return match(pattern[i+1:], path[i+n:], r)
		case variable:
			r.SetPathValue(name, path[i])
		}
	}
	return len(path) == len(pattern)
}

func writeError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var e *apiError
	if errors.As(err, &e) {
		status = e.status
	}
	_ = writeJSON(w, status, struct {
		Message string `json:"message"`
	}{err.Error()})
}

// writeJSON answers with a document. A client that has gone away is no error.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
	return nil
}

func noContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// begin sends the header of a stream, and reports whether the client is still there.
func begin(w http.ResponseWriter) bool {
	w.WriteHeader(http.StatusOK)
	return http.NewResponseController(w).Flush() == nil
}

// readJSON reads a request's document. Without one v stays as it is.
func readJSON(r *http.Request, v any) error {
	err := json.NewDecoder(r.Body).Decode(v)
	if err != nil && !errors.Is(err, io.EOF) {
		return badRequest("invalid JSON: %v", err)
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

// boolean parses a query parameter as Docker does.
func boolean(r *http.Request, name string) bool {
	switch strings.ToLower(strings.TrimSpace(r.URL.Query().Get(name))) {
	case "", "0", "no", "false", "none":
		return false
	}
	return true
}

// filters are the filters of a list or of the events: values by name.
type filters map[string][]string

// readFilters accepts both forms: {"label":["a=b"]} and {"label":{"a=b":true}}.
func readFilters(r *http.Request, known ...string) (filters, error) {
	text := r.URL.Query().Get("filters")
	if text == "" {
		return nil, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, badRequest("invalid filters: %v", err)
	}
	f := filters{}
	for name, value := range raw {
		if !slices.Contains(known, name) {
			return nil, badRequest("Invalid filter '%s'", name)
		}
		var set map[string]bool
		var list []string
		if json.Unmarshal(value, &list) != nil {
			if err := json.Unmarshal(value, &set); err != nil {
				return nil, badRequest("invalid filters: %v", err)
			}
			for v, on := range set {
				if on {
					list = append(list, v)
				}
			}
		}
		f[name] = list
	}
	return f, nil
}

// labels reports whether all the label filters match.
func (f filters) labels(have map[string]string) bool {
	for _, want := range f["label"] {
		key, value, exact := strings.Cut(want, "=")
		if got, ok := have[key]; !ok || exact && got != value {
			return false
		}
	}
	return true
}

// any reports whether one of a filter's values matches, or the filter is not given.
func (f filters) any(name string, holds func(string) bool) bool {
	return len(f[name]) == 0 || slices.ContainsFunc(f[name], holds)
}

// hijack takes the connection over for raw streams. Bytes that the client has sent already are read
// from in.
func (e *Engine) hijack(w http.ResponseWriter, r *http.Request, contentType string) (conn net.Conn, in io.Reader, err error) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("hijack: %w", err)
	}
	if !e.conns.add(conn) {
		return nil, nil, net.ErrClosed
	}
	answer := "HTTP/1.1 200 OK\r\nContent-Type: " + contentType + "\r\n\r\n"
	if r.Header.Get("Upgrade") != "" {
		answer = "HTTP/1.1 101 UPGRADED\r\nContent-Type: " + contentType + "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
	}
	if _, err := io.WriteString(conn, answer); err != nil {
		e.conns.remove(conn)
		return nil, nil, err
	}
	// The server's reader must not be used past its buffer. At the end of the input it cancels the
	// request's context, but a client may end its input only.
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		e.conns.remove(conn)
		return nil, nil, err
	}
	return conn, io.MultiReader(bytes.NewReader(early), conn), nil
}

// The types of a stream's body.
const (
	rawStream         = "application/vnd.docker.raw-stream"
	multiplexedStream = "application/vnd.docker.multiplexed-stream"
)

func streamType(tty bool) string {
	if tty {
		return rawStream
	}
	return multiplexedStream
}

// until returns a context that ends with its parent or when the engine is closed.
func (e *Engine) until(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		select {
		case <-e.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
