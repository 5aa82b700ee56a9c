package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// image is a configuration and, if any were copied, a directory of files.
type image struct {
	id      string // sha256:…, of what it consists of
	parent  string
	created time.Time
	config  config
	base    bool   // whether it is built on baseImage
	root    string // "" without files
	files   string // digest of root
	size    int64
	builtIn bool
	history []string // the instructions
}

// baseImage is the image of the machine's programs and the engine's own.
const baseImage = "workshop:latest"

// addBaseImage makes the image "workshop" and the directory of the names in it.
func (e *Engine) addBaseImage() error {
	bin := e.path("bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	executable, err := filepath.Abs(e.opts.Executable)
	if err != nil {
		return err
	}
	info, err := os.Stat(executable)
	if err != nil {
		return fmt.Errorf("the executable of the base image: %w", err)
	}
	for _, name := range e.opts.Commands {
		if name != filepath.Base(name) || name == "." || name == ".." {
			return fmt.Errorf("the executable cannot be called %q", name)
		}
		if err := os.Symlink(executable, filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	e.addImage(&image{
		config: config{Env: []string{"PATH=" + usualPath}}, base: true, created: info.ModTime(), size: info.Size(),
		builtIn: true, history: []string{"FROM scratch", "COPY " + strings.Join(e.opts.Commands, " ") + " /bin/"},
	}, baseImage)
	return nil
}

// addImage gives an image its id and its tags. An image of the same content that
// there is already takes its place. The caller holds e.mu, or is New.
func (e *Engine) addImage(img *image, tags ...string) *image {
	img.id = img.digest()
	if same := e.images[img.id]; same != nil {
		img = same
	}
	e.images[img.id] = img
	for _, t := range tags {
		if e.tags[t] != img {
			e.tags[t] = img
			e.publish("image", "tag", img.id, map[string]string{"name": t})
		}
	}
	return img
}

// digest depends on what an image is, not on when it was built.
func (img *image) digest() string {
	content, err := json.Marshal(struct {
		Config config
		Base   bool
		Files  string
		Parent string
	}{img.config, img.base, img.files, img.parent})
	if err != nil {
		panic(err) // it has no values that could fail
	}
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// tagged completes a reference: redis means redis:latest. docker.io/library/ is what
// clients put before names without a registry.
func tagged(ref string) string {
	ref = strings.TrimPrefix(ref, "docker.io/")
	ref = strings.TrimPrefix(ref, "library/")
	if !strings.Contains(path.Base(ref), ":") {
		ref += ":latest"
	}
	return ref
}

// findImage accepts a reference or an id or its beginning. The caller holds e.mu.
func (e *Engine) findImage(ref string) (*image, error) {
	if img := e.tags[tagged(ref)]; img != nil {
		return img, nil
	}
	digits := strings.TrimPrefix(ref, "sha256:")
	if len(digits) >= 4 {
		for id, img := range e.images {
			if strings.HasPrefix(id, "sha256:"+digits) {
				return img, nil
			}
		}
	}
	if strings.HasPrefix(ref, "sha256:") {
		return nil, fail(http.StatusNotFound, "No such image: %s", ref)
	}
	return nil, fail(http.StatusNotFound, "No such image: %s", tagged(ref))
}

// tagsOf returns an image's tags. The caller holds e.mu.
func (e *Engine) tagsOf(img *image) []string {
	tags := []string{}
	for t, other := range e.tags {
		if other == img {
			tags = append(tags, t)
		}
	}
	slices.Sort(tags)
	return tags
}

// imageSummary is an element of GET /images/json.
type imageSummary struct {
	ID          string `json:"Id"`
	ParentID    string `json:"ParentId"`
	RepoTags    []string
	RepoDigests []string
	Created     int64
	Size        int64
	SharedSize  int64
	VirtualSize int64
	Labels      map[string]string
	Containers  int
}

// listImages is GET /images/json.
func (e *Engine) listImages(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "before", "dangling", "label", "reference", "since", "until")
	if err != nil {
		return err
	}
	for _, name := range []string{"before", "since", "until"} {
		if len(f[name]) > 0 {
			return badRequest("filter '%s' of images is not supported by the embedded engine", name)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []imageSummary{}
	for _, img := range e.images {
		tags := e.tagsOf(img)
		dangling := len(tags) == 0
		matches := func(pattern string) bool {
			return slices.ContainsFunc(tags, func(t string) bool {
				name, _, _ := strings.Cut(t, ":")
				whole, err1 := path.Match(tagged(pattern), t)
				bare, err2 := path.Match(pattern, name)
				return err1 == nil && whole || err2 == nil && bare
			})
		}
		if !f.labels(img.config.Labels) || !f.any("reference", matches) ||
			!f.any("dangling", func(want string) bool { return (want == "true" || want == "1") == dangling }) {
			continue
		}
		used := 0
		for _, c := range e.containers {
			if c.image == img {
				used++
			}
		}
		list = append(list, imageSummary{
			ID: img.id, ParentID: img.parent, RepoTags: tags, RepoDigests: []string{}, Created: img.created.Unix(),
			Size: img.size, SharedSize: -1, VirtualSize: img.size, Labels: img.config.Labels, Containers: used,
		})
	}
	slices.SortFunc(list, func(a, b imageSummary) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), strings.Compare(a.ID, b.ID))
	})
	return writeJSON(w, http.StatusOK, list)
}

// imageDetails is the answer of GET /images/{name}/json.
type imageDetails struct {
	ID              string `json:"Id"`
	RepoTags        []string
	RepoDigests     []string
	Parent          string
	Comment         string
	Created         string
	Container       string
	ContainerConfig config // gone from newer engines, but docker-compose 1.29 needs it
	DockerVersion   string
	Author          string
	Config          config
	Architecture    string
	Os              string
	Size            int64
	VirtualSize     int64
	GraphDriver     graphDriver
	RootFS          struct {
		Type   string
		Layers []string
	}
	Metadata struct{ LastTagTime string }
}

// inspectImage is GET /images/{name}/json.
func (e *Engine) inspectImage(w http.ResponseWriter, r *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	img, err := e.findImage(r.PathValue("name"))
	if err != nil {
		return err
	}
	d := imageDetails{
		ID: img.id, RepoTags: e.tagsOf(img), RepoDigests: []string{}, Parent: img.parent, Created: instant(img.created),
		DockerVersion: engineVersion, Config: img.config, ContainerConfig: img.config,
		Architecture: runtime.GOARCH, Os: "linux", Size: img.size, VirtualSize: img.size,
		GraphDriver: graphDriver{Name: "process"},
	}
	d.RootFS.Type, d.RootFS.Layers = "layers", []string{}
	if img.files != "" {
		d.RootFS.Layers = append(d.RootFS.Layers, img.files)
	}
	d.Metadata.LastTagTime = instant(img.created)
	return writeJSON(w, http.StatusOK, d)
}

// imageHistory is GET /images/{name}/history.
func (e *Engine) imageHistory(w http.ResponseWriter, r *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	img, err := e.findImage(r.PathValue("name"))
	if err != nil {
		return err
	}
	type layer struct {
		ID        string `json:"Id"`
		Created   int64
		CreatedBy string
		Tags      []string
		Size      int64
		Comment   string
	}
	history := []layer{}
	for i, instruction := range slices.Backward(img.history) {
		l := layer{ID: "<missing>", Created: img.created.Unix(), CreatedBy: instruction}
		if i == len(img.history)-1 {
			l.ID, l.Tags, l.Size = img.id, e.tagsOf(img), img.size
		}
		history = append(history, l)
	}
	return writeJSON(w, http.StatusOK, history)
}

// pullImage is POST /images/create: there is nothing to pull from.
func (e *Engine) pullImage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if q.Get("fromSrc") != "" {
		return fail(http.StatusNotImplemented, "importing an image is not supported by the embedded engine")
	}
	ref := q.Get("fromImage")
	if tag := q.Get("tag"); tag != "" {
		ref += ":" + tag
	}
	e.mu.Lock()
	_, err := e.findImage(ref)
	e.mu.Unlock()
	if err != nil {
		return fail(http.StatusNotFound, "pull of %s: the embedded engine has no registry to pull from: build the image FROM workshop or FROM scratch, or use a real engine", tagged(ref))
	}
	return writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"Status: Image is up to date for " + tagged(ref)})
}

// tagImage is POST /images/{name}/tag.
func (e *Engine) tagImage(w http.ResponseWriter, r *http.Request) error {
	ref := r.URL.Query().Get("repo")
	if tag := r.URL.Query().Get("tag"); tag != "" {
		ref += ":" + tag
	}
	if err := checkTag(ref); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	img, err := e.findImage(r.PathValue("name"))
	if err != nil {
		return err
	}
	e.addImage(img, tagged(ref))
	w.WriteHeader(http.StatusCreated)
	return nil
}

// checkTag refuses a reference that is malformed or that of the base image.
func checkTag(ref string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:"
	name, _, _ := strings.Cut(tagged(ref), ":")
	switch {
	case name == "" || strings.Trim(ref, allowed) != "":
		return badRequest("invalid reference format: %q", ref)
	case name != strings.ToLower(name):
		return badRequest("invalid reference format: repository name must be lowercase")
	case tagged(ref) == baseImage:
		return conflict("%s is the embedded engine's own image", baseImage)
	}
	return nil
}

// deleteImage is DELETE /images/{name}.
func (e *Engine) deleteImage(w http.ResponseWriter, r *http.Request) error {
	force := boolean(r, "force")
	e.mu.Lock()
	defer e.mu.Unlock()
	ref := r.PathValue("name")
	img, err := e.findImage(ref)
	if err != nil {
		return err
	}
	if img.builtIn {
		return conflict("conflict: unable to delete %s: it is the embedded engine's own image", ref)
	}
	tags := e.tagsOf(img)
	byTag := e.tags[tagged(ref)] == img
	last := !byTag || len(tags) == 1
	if last {
		for _, c := range e.byAge() {
			if c.image != img {
				continue
			}
			state, must := "stopped", "must force"
			if c.running() {
				state, must = "running", "cannot be forced"
			}
			if c.running() || !force {
				if byTag {
					return conflict("conflict: unable to remove repository reference %q (%s) - container %s is using its referenced image %s", ref, must, short(c.id), img.short())
				}
				return conflict("conflict: unable to delete %s (%s) - image is being used by %s container %s", img.short(), must, state, short(c.id))
			}
		}
		if !byTag && len(tags) > 1 && !force {
			return conflict("conflict: unable to delete %s (must be forced) - image is referenced in multiple repositories", img.short())
		}
	}
	if byTag {
		tags = []string{tagged(ref)}
	}
	return writeJSON(w, http.StatusOK, e.untag(img, tags))
}

func (img *image) short() string { return short(strings.TrimPrefix(img.id, "sha256:")) }

type imageDeletion struct {
	Untagged string `json:",omitempty"`
	Deleted  string `json:",omitempty"`
}

// untag takes tags away from an image and the image itself with the last one. The
// caller holds e.mu.
func (e *Engine) untag(img *image, tags []string) []imageDeletion {
	done := []imageDeletion{}
	for _, t := range tags {
		delete(e.tags, t)
		e.publish("image", "untag", img.id, map[string]string{"name": t})
		done = append(done, imageDeletion{Untagged: t})
	}
	if len(e.tagsOf(img)) > 0 {
		return done
	}
	delete(e.images, img.id)
	if img.root != "" && !e.usesFiles(img.root) {
		os.RemoveAll(img.root)
	}
	e.publish("image", "delete", img.id, map[string]string{"name": img.id})
	return append(done, imageDeletion{Deleted: img.id})
}

// usesFiles reports whether a directory of files belongs to an image or a container.
func (e *Engine) usesFiles(root string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(e.images)), func(img *image) bool { return img.root == root }) ||
		slices.ContainsFunc(slices.Collect(maps.Values(e.containers)), func(c *container) bool { return c.image.root == root })
}

// pruneImages is POST /images/prune: images without a tag, or all unused ones.
func (e *Engine) pruneImages(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "dangling", "label")
	if err != nil {
		return err
	}
	all := slices.Contains(f["dangling"], "false") || slices.Contains(f["dangling"], "0")
	e.mu.Lock()
	defer e.mu.Unlock()
	p := struct {
		ImagesDeleted  []imageDeletion
		SpaceReclaimed int64
	}{ImagesDeleted: []imageDeletion{}}
	for _, img := range slices.Collect(maps.Values(e.images)) {
		used := slices.ContainsFunc(slices.Collect(maps.Values(e.containers)), func(c *container) bool { return c.image == img })
		tags := e.tagsOf(img)
		if used || img.builtIn || len(tags) > 0 && !all || !f.labels(img.config.Labels) {
			continue
		}
		p.ImagesDeleted = append(p.ImagesDeleted, e.untag(img, tags)...)
		p.SpaceReclaimed += img.size
	}
	return writeJSON(w, http.StatusOK, p)
}
