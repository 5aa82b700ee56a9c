package guard

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// remote is the real engine.
type remote struct {
	host      string
	transport *http.Transport
}

// DefaultHost is the address of the engine without DOCKER_HOST.
const DefaultHost = "unix:///var/run/docker.sock"

// dial returns the engine at a DOCKER_HOST; it does not connect.
func dial(host string) (*remote, error) {
	host = cmp.Or(host, DefaultHost)
	scheme, address, ok := strings.Cut(host, "://")
	if !ok || address == "" || scheme != "unix" && scheme != "tcp" && scheme != "http" {
		return nil, fmt.Errorf("DOCKER_HOST %q cannot be used: give unix:///PATH or tcp://HOST:PORT", host)
	}
	network := "tcp"
	if scheme == "unix" {
		network = "unix"
	}
	return &remote{host: host, transport: &http.Transport{
		DisableCompression:  true,
		MaxIdleConnsPerHost: 16,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
	}}, nil
}

func (r *remote) close() { r.transport.CloseIdleConnections() }

// statusError is an answer with an error status.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string { return e.message }

func notFound(err error) bool {
	var e *statusError
	return errors.As(err, &e) && e.status == http.StatusNotFound
}

// do sends a request and decodes the answer into out, unless out is nil.
func (r *remote) do(ctx context.Context, method, path string, query url.Values, out any) error {
	u := "http://docker" + path
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, u, http.NoBody)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: r.transport}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		var answer struct {
			Message string `json:"message"`
		}
		_ = json.Unmarshal(b, &answer) // without it the answer has no message
		return &statusError{res.StatusCode, cmp.Or(answer.Message, res.Status)}
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(bytes.NewReader(b)).Decode(out)
}

// Version is the engine's description of itself.
type Version struct {
	Version, APIVersion, Os, Arch string
}

// Ask returns the version of the engine at a DOCKER_HOST, and its address.
func Ask(ctx context.Context, host string) (v Version, at string, err error) {
	r, err := dial(host)
	if err != nil {
		return v, host, err
	}
	defer r.close()
	err = r.do(ctx, http.MethodGet, "/version", nil, &v)
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // the URL is meaningless to the reader
	}
	if err != nil {
		err = fmt.Errorf("no Docker engine at %s: %w", r.host, err)
	}
	return v, r.host, err
}

// check checks that the engine can run the executable.
func (r *remote) check(ctx context.Context) error {
	v, _, err := Ask(ctx, r.host)
	if err != nil {
		return fmt.Errorf("%w (start it, set DOCKER_HOST, or use --engine embedded)", err)
	}
	return v.check()
}

func label(value string) url.Values {
	pair := Label
	if value != "" {
		pair += "=" + value
	}
	f, _ := json.Marshal(map[string][]string{"label": {pair}}) // strings cannot fail
	return url.Values{"filters": {string(f)}}
}

// kind is a kind of object on an engine.
type kind struct {
	name   string
	list   string // the request
	query  url.Values
	under  string // the field of the answer that holds the list; "" if the answer is the list
	id     string // the field with the object's name
	path   string
	remove url.Values
}

// Containers come first: they use the others.
var kinds = []kind{
	{
		name: "container", list: "/containers/json", query: url.Values{"all": {"1"}}, id: "Id",
		path: "/containers/", remove: url.Values{"force": {"1"}, "v": {"1"}},
	},
	{name: "network", list: "/networks", id: "Id", path: "/networks/"},
	{name: "volume", list: "/volumes", under: "Volumes", id: "Name", path: "/volumes/", remove: url.Values{"force": {"1"}}},
	{name: "image", list: "/images/json", query: url.Values{"all": {"1"}}, id: "Id", path: "/images/", remove: url.Values{"force": {"1"}}},
}

// thing is an object on the engine.
type thing struct {
	id     string
	names  []string
	labels map[string]string
}

// things lists the objects of a kind with a label. A value of "" matches any.
func (r *remote) things(ctx context.Context, k kind, filter url.Values) ([]thing, error) {
	q := url.Values{}
	for _, from := range []url.Values{k.query, filter} {
		for name, values := range from {
			q[name] = values
		}
	}
	var answer json.RawMessage
	if err := r.do(ctx, http.MethodGet, k.list, q, &answer); err != nil {
		return nil, err
	}
	if k.under != "" {
		var wrapped map[string]json.RawMessage
		if err := json.Unmarshal(answer, &wrapped); err != nil {
			return nil, err
		}
		answer = wrapped[k.under]
	}
	var raw []struct {
		ID       string `json:"Id"`
		Name     string
		Names    []string
		RepoTags []string
		Labels   map[string]string
	}
	if err := json.Unmarshal(answer, &raw); err != nil {
		return nil, err
	}
	var found []thing
	for _, one := range raw {
		t := thing{id: one.ID, names: append(one.Names, one.RepoTags...), labels: one.Labels}
		if one.Name != "" {
			t.names = append(t.names, one.Name)
		}
		if k.id == "Name" {
			t.id = one.Name
		}
		found = append(found, t)
	}
	return found, nil
}

// removeAll removes all objects with a label. It lists them up to three times, because a request
// that was cut off may still create one.
func (r *remote) removeAll(ctx context.Context, value string) error {
	var failed error
	for range 3 {
		n := 0
		failed = nil
		for _, k := range kinds {
			found, err := r.things(ctx, k, label(value))
			if err != nil {
				return fmt.Errorf("list the objects of the run on the engine: %w", err)
			}
			n += len(found)
			for _, t := range found {
				err := r.do(ctx, http.MethodDelete, k.path+url.PathEscape(t.id), k.remove, nil)
				if err != nil && !notFound(err) {
					failed = errors.Join(failed, fmt.Errorf("remove the %s %s of the run: %w", k.name, t.id, err))
				}
			}
		}
		if n == 0 {
			return nil
		}
	}
	return failed
}

// sweep removes the objects of guards that have ended.
func (r *remote) sweep(ctx context.Context) error {
	gone := map[string]bool{}
	for _, k := range kinds {
		found, err := r.things(ctx, k, label(""))
		if err != nil {
			return err
		}
		for _, t := range found {
			if id := t.labels[Label]; dead(id) {
				gone[id] = true
			}
		}
	}
	for id := range gone {
		if err := r.removeAll(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// vacant checks that nobody else has a Compose project of this name. Compose would treat its
// containers and images as the session's.
func (r *remote) vacant(ctx context.Context, project string) error {
	if project == "" {
		return nil
	}
	f, _ := json.Marshal(map[string][]string{"label": {"com.docker.compose.project=" + project}})
	for _, k := range kinds[:3] {
		found, err := r.things(ctx, k, url.Values{"filters": {string(f)}})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			name := strings.TrimPrefix(append(found[0].names, found[0].id)[0], "/")
			return &errForeign{fmt.Sprintf("the engine at %s has a Compose project %s already (%s %s)", r.host, project, k.name, name)}
		}
	}
	images, err := r.things(ctx, kinds[3], nil)
	if err != nil {
		return err
	}
	var names []string
	for _, img := range images {
		for _, tag := range img.names {
			if strings.HasPrefix(tag, project+"_") || strings.HasPrefix(tag, project+"-") {
				names = append(names, tag)
			}
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		return &errForeign{fmt.Sprintf("the engine at %s has images of a Compose project %s already (%s)", r.host, project, list(names))}
	}
	return nil
}

// post sends a body and returns the answer. An error in the stream is returned as an error.
func (r *remote) post(ctx context.Context, path string, body io.Reader, out *bytes.Buffer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://docker"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-tar")
	res, err := (&http.Client{Transport: r.transport}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := out.ReadFrom(res.Body); err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return &statusError{res.StatusCode, strings.TrimSpace(out.String())}
	}
	for dec := json.NewDecoder(bytes.NewReader(out.Bytes())); ; {
		var line struct {
			Error string `json:"error"`
		}
		if dec.Decode(&line) != nil {
			return nil // the end
		}
		if line.Error != "" {
			return errors.New(line.Error)
		}
	}
}
