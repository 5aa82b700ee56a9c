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

// The versions of the API that are spoken.
const (
	apiVersion    = "1.47"
	minAPIVersion = "1.24"
	engineVersion = "27.0.0-workshop"
)

// apiError is an answer other than success: {"message": …}.
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

// A handler answers a request, or returns an error before it has begun to.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is one line of the API. In a pattern {x} stands for one segment of the path
// and {x...} for one or more.
type route struct {
	method  string
	pattern string
	handle  handler
}

func (e *Engine) routes() []route {
	return []route{
		{"GET", "_ping", e.ping},
		{"HEAD", "_ping", e.ping},
		{"GET", "version", e.version},
		{"GET", "info", e.info},
		{"GET", "events", e.streamEvents},
		{"GET", "system/df", e.diskUsage},

		{"GET", "containers/json", e.listContainers},
		{"POST", "containers/create", e.createContainer},
		{"POST", "containers/prune", e.pruneContainers},
		{"GET", "containers/{id}/json", e.inspectContainer},
		{"GET", "containers/{id}/top", e.top},
		{"GET", "containers/{id}/logs", e.streamLogs},
		{"POST", "containers/{id}/attach", e.attach},
		{"POST", "containers/{id}/start", e.startContainer},
		{"POST", "containers/{id}/stop", e.stopContainer},
		{"POST", "containers/{id}/restart", e.restartContainer},
		{"POST", "containers/{id}/kill", e.killContainer},
		{"POST", "containers/{id}/pause", e.pauseContainer},
		{"POST", "containers/{id}/unpause", e.unpauseContainer},
		{"POST", "containers/{id}/wait", e.waitContainer},
		{"POST", "containers/{id}/rename", e.renameContainer},
		{"POST", "containers/{id}/resize", e.resizeContainer},
		{"POST", "containers/{id}/exec", e.createExec},
		{"DELETE", "containers/{id}", e.deleteContainer},

		{"POST", "exec/{id}/start", e.startExec},
		{"POST", "exec/{id}/resize", e.resizeExec},
		{"GET", "exec/{id}/json", e.inspectExec},

		{"GET", "images/json", e.listImages},
		{"POST", "images/create", e.pullImage},
		{"POST", "images/prune", e.pruneImages},
		{"GET", "images/{name...}/json", e.inspectImage},
		{"GET", "images/{name...}/history", e.imageHistory},
		{"POST", "images/{name...}/tag", e.tagImage},
		{"DELETE", "images/{name...}", e.deleteImage},
		{"POST", "build", e.build},
		{"POST", "build/prune", e.pruneBuilds},

		{"GET", "networks", e.listNetworks},
		{"POST", "networks/create", e.createNetwork},
		{"POST", "networks/prune", e.pruneNetworks},
		{"GET", "networks/{id}", e.inspectNetwork},
		{"POST", "networks/{id}/connect", e.connectNetwork},
		{"POST", "networks/{id}/disconnect", e.disconnectNetwork},
		{"DELETE", "networks/{id}", e.deleteNetwork},

		{"GET", "volumes", e.listVolumes},
		{"POST", "volumes/create", e.createVolume},
		{"POST", "volumes/prune", e.pruneVolumes},
		{"GET", "volumes/{name}", e.inspectVolume},
		{"DELETE", "volumes/{name}", e.deleteVolume},
	}
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
		// A client that is still sending would see a broken pipe, not the answer.
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
			return badRequest("client version %s is too old. Minimum supported API version is %s, please upgrade your client to a newer version", version, minAPIVersion)
		}
		path = rest
	}
	segments := strings.Split(path, "/")
	for _, rt := range e.routes() {
		if rt.method == r.Method && match(strings.Split(rt.pattern, "/"), segments, r) {
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
			n := len(path) - (len(pattern) - 1) // how many segments it takes
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

// readJSON reads a request's document; none at all leaves v as it is.
func readJSON(r *http.Request, v any) error {
	err := json.NewDecoder(r.Body).Decode(v)
	if err != nil && !errors.Is(err, io.EOF) {
		return badRequest("invalid JSON: %v", err)
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

// boolean is a query parameter as the API has them.
func boolean(r *http.Request, name string) bool {
	switch strings.ToLower(strings.TrimSpace(r.URL.Query().Get(name))) {
	case "", "0", "no", "false", "none":
		return false
	}
	return true
}

// filters are those of a list or of the events: values by name.
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

// labels reports whether all the label filters hold.
func (f filters) labels(have map[string]string) bool {
	for _, want := range f["label"] {
		key, value, exact := strings.Cut(want, "=")
		if got, ok := have[key]; !ok || exact && got != value {
			return false
		}
	}
	return true
}

// any reports whether one of the values of a filter holds, or there are none.
func (f filters) any(name string, holds func(string) bool) bool {
	return len(f[name]) == 0 || slices.ContainsFunc(f[name], holds)
}

// hijack takes the connection over for raw streams. What the client sent already is
// read from in.
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
	// Past what it has buffered, the server's reader must not be used: at the end of
	// the input it cancels the request's context, and a client may end its input only.
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		e.conns.remove(conn)
		return nil, nil, err
	}
	return conn, io.MultiReader(bytes.NewReader(early), conn), nil
}

// The types of the body of a stream.
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
