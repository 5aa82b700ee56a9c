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
	"sync"
)

// version matches the version prefix of an API path.
var version = expression(`^/v\d+\.\d+/`)

// ServeHTTP forwards a request.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := "/" + version().ReplaceAllString(r.URL.Path, "")
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

// create adds the label to a request that creates an object. The request is completed even if the
// client disconnects, because the engine may create the object all the same.
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
	object["Labels"], _ = json.Marshal(labels) // strings cannot fail
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

// reference returns an image name with its tag.
func reference(repo, tag string) string {
	if tag != "" {
		return repo + ":" + tag
	}
	return repo
}

// mine returns an error if the image of this name belongs to somebody else.
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

// escaped escapes an image's name for a path; its slashes are kept.
func escaped(name string) string { return strings.ReplaceAll(url.PathEscape(name), "%2F", "/") }

// refuse answers with an error in the form of the API.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message}) // the client may have gone
}

// expression is a regular expression that is compiled when it is first used.
func expression(s string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s) })
}
