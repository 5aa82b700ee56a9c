package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// version is the prefix of a path of the API.
var version = regexp.MustCompile(`^/v\d+\.\d+/`)

// ServeHTTP passes a request on.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := "/" + version.ReplaceAllString(r.URL.Path, "")
	path = "/" + strings.TrimLeft(path, "/")
	var err error
	switch {
	case r.Method == http.MethodPost && (path == "/containers/create" || path == "/networks/create" || path == "/volumes/create"):
		g.create(w, r, path)
		return
	case r.Method == http.MethodPost && path == "/build":
		g.build(w, r)
		return
	case r.Method == http.MethodPost && path == "/commit":
		q := r.URL.Query()
		q.Add("changes", fmt.Sprintf("LABEL %s=%q", Label, g.label))
		r.URL.RawQuery = q.Encode()
		err = g.mine(r.Context(), reference(q.Get("repo"), q.Get("tag")))
	case r.Method == http.MethodPost && strings.HasPrefix(path, "/images/") && strings.HasSuffix(path, "/tag"):
		q := r.URL.Query()
		err = g.mine(r.Context(), reference(q.Get("repo"), q.Get("tag")))
	case r.Method == http.MethodGet && (path == "/images/workshop/json" || path == "/images/workshop:latest/json"):
		r.URL.Path, r.URL.RawPath = "/images/"+g.base+"/json", ""
	case path == "/session":
		err = errors.New("BuildKit is not supported here: set DOCKER_BUILDKIT=0")
	}
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	g.proxy.ServeHTTP(w, r)
}

// create adds the label to what is asked for. It is carried through to its end,
// whatever becomes of the client: what has been asked for may come to be.
func (g *guard) create(w http.ResponseWriter, r *http.Request, path string) {
	g.busy.Add(1)
	defer g.busy.Done()
	var object map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&object); err != nil && !errors.Is(err, io.EOF) {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if object == nil {
		object = map[string]json.RawMessage{}
	}
	labels := map[string]string{}
	if len(object["Labels"]) > 0 {
		if err := json.Unmarshal(object["Labels"], &labels); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
	}
	if labels == nil { // null
		labels = map[string]string{}
	}
	labels[Label] = g.label
	object["Labels"], _ = json.Marshal(labels) // strings never fail
	var image string
	if json.Unmarshal(object["Image"], &image) == nil && path == "/containers/create" && (image == "workshop" || image == "workshop:latest") {
		object["Image"], _ = json.Marshal(g.base)
	}
	body, err := json.Marshal(object)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	r = r.WithContext(context.WithoutCancel(r.Context()))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Del("Content-Length")
	g.proxy.ServeHTTP(w, r)
}

// reference is a name of an image with its tag.
func reference(repo, tag string) string {
	if tag != "" {
		return repo + ":" + tag
	}
	return repo
}

// mine returns an error if an image of this name is not the session's.
func (g *guard) mine(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	var image struct {
		Config struct{ Labels map[string]string }
	}
	err := g.do(ctx, http.MethodGet, "/images/"+escaped(name)+"/json", nil, &image)
	switch {
	case notFound(err):
		return nil
	case err != nil:
		return err
	case image.Config.Labels[Label] != g.label:
		return &errForeign{fmt.Sprintf("the engine at %s has an image %s", g.host, name)}
	}
	return nil
}

// escaped is an image's name in a path; its slashes belong to the path.
func escaped(name string) string { return strings.ReplaceAll(url.PathEscape(name), "%2F", "/") }

// refuse answers with an error, as the API words one.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message}) // to a client that may have gone
}
