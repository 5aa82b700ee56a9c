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
	"sync"
	"time"
)

// image is a configuration and, if files were copied, their directory.
type image struct {
	id      string // sha256:…, the hash of its content
	parent  string
	created time.Time
	config  config
	base    bool   // it is built on baseImage
	root    string // "" without files
	files   string // digest of root
	size    int64
	builtIn bool
	history []string // the instructions
}

// images holds the images of an engine. The engine knows which of them its containers
// use: a caller that removes images holds the engine's lock too.
type images struct {
	events *eventLog

	mu    sync.Mutex        // taken after the engine's; the images themselves do not change
	byID  map[string]*image // sha256:…
	byTag map[string]*image // repository:tag
}

// baseImage is the image with the machine's programs and the engine's own.
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
	e.images.add(&image{
		config: config{Env: []string{"PATH=" + usualPath}}, base: true, created: info.ModTime(), size: info.Size(),
		builtIn: true, history: []string{"FROM scratch", "COPY " + strings.Join(e.opts.Commands, " ") + " /bin/"},
	}, baseImage)
	return nil
}

// add gives an image its id and its tags. If an image with the same content exists, it is used
// instead.
func (is *images) add(img *image, tags ...string) *image {
	is.mu.Lock()
	defer is.mu.Unlock()
	img.id = img.digest()
	if same := is.byID[img.id]; same != nil {
		img = same
	}
	is.byID[img.id] = img
	for _, t := range tags {
		is.retag(img, t)
	}
	return img
}

// retag moves a tag to an image. The caller holds is.mu.
func (is *images) retag(img *image, tag string) {
	if is.byTag[tag] != img {
		is.byTag[tag] = img
		is.events.publish("image", "tag", img.id, map[string]string{"name": tag})
	}
}

// all returns the images, in no order.
func (is *images) all() []*image {
	is.mu.Lock()
	defer is.mu.Unlock()
	return slices.Collect(maps.Values(is.byID))
}

// digest depends on the content of an image, not on the time when it was built.
func (img *image) digest() string {
	content, err := json.Marshal(struct {
		Config config
		Base   bool
		Files  string
		Parent string
	}{img.config, img.base, img.files, img.parent})
	if err != nil {
		panic(err) // all its values can be encoded
	}
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// tagged completes a reference: redis means redis:latest. Clients put docker.io/library/ before
// names without a registry.
func tagged(ref string) string {
	ref = strings.TrimPrefix(ref, "docker.io/")
	ref = strings.TrimPrefix(ref, "library/")
	if !strings.Contains(path.Base(ref), ":") {
		ref += ":latest"
	}
	return ref
}

// find accepts a reference, an id, or the beginning of an id.
func (is *images) find(ref string) (*image, error) {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.lookUp(ref)
}

// lookUp is find for a caller who holds is.mu.
func (is *images) lookUp(ref string) (*image, error) {
	if img := is.byTag[tagged(ref)]; img != nil {
		return img, nil
	}
	digits := strings.TrimPrefix(ref, "sha256:")
	if len(digits) >= 4 {
		for id, img := range is.byID {
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

// tags returns the tags of an image.
func (is *images) tags(img *image) []string {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.tagsOf(img)
}

// tagsOf is tags for a caller who holds is.mu.
func (is *images) tagsOf(img *image) []string {
	tags := []string{}
	for t, other := range is.byTag {
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
	for _, img := range e.images.all() {
		tags := e.images.tags(img)
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
	ContainerConfig config // absent in newer engines, but docker-compose 1.29 needs it
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

// inspect is GET /images/{name}/json.
func (is *images) inspect(w http.ResponseWriter, r *http.Request) error {
	img, err := is.find(r.PathValue("name"))
	if err != nil {
		return err
	}
	d := imageDetails{
		ID: img.id, RepoTags: is.tags(img), RepoDigests: []string{}, Parent: img.parent, Created: instant(img.created),
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

// history is GET /images/{name}/history.
func (is *images) history(w http.ResponseWriter, r *http.Request) error {
	img, err := is.find(r.PathValue("name"))
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
			l.ID, l.Tags, l.Size = img.id, is.tags(img), img.size
		}
		history = append(history, l)
	}
	return writeJSON(w, http.StatusOK, history)
}

// pull is POST /images/create. It finds local images only.
func (is *images) pull(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if q.Get("fromSrc") != "" {
		return fail(http.StatusNotImplemented, "importing an image is not supported by the embedded engine")
	}
	ref := q.Get("fromImage")
	if tag := q.Get("tag"); tag != "" {
		ref += ":" + tag
	}
	if _, err := is.find(ref); err != nil {
		return fail(http.StatusNotFound, "pull of %s: the embedded engine has no registry to pull from: build the image FROM "+
			"workshop or FROM scratch, or use a real engine", tagged(ref))
	}
	return writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"Status: Image is up to date for " + tagged(ref)})
}

// tag is POST /images/{name}/tag.
func (is *images) tag(w http.ResponseWriter, r *http.Request) error {
	ref := r.URL.Query().Get("repo")
	if tag := r.URL.Query().Get("tag"); tag != "" {
		ref += ":" + tag
	}
	if err := checkTag(ref); err != nil {
		return err
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	img, err := is.lookUp(r.PathValue("name"))
	if err != nil {
		return err
	}
	is.retag(img, tagged(ref))
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
	img, err := e.images.find(ref)
	if err != nil {
		return err
	}
	if img.builtIn {
		return conflict("conflict: unable to delete %s: it is the embedded engine's own image", ref)
	}
	tags := e.images.tags(img)
	byTag := slices.Contains(tags, tagged(ref))
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
					return conflict("conflict: unable to remove repository reference %q (%s) - container %s is using its referenced image %s",
						ref, must, short(c.id), img.short())
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
	return writeJSON(w, http.StatusOK, e.images.untag(img, tags, e.usesFiles))
}

func (img *image) short() string { return short(strings.TrimPrefix(img.id, "sha256:")) }

type imageDeletion struct {
	Untagged string `json:",omitempty"`
	Deleted  string `json:",omitempty"`
}

// untag removes tags from an image, and removes the image with its last tag. inUse reports whether
// a container uses a directory of files.
func (is *images) untag(img *image, tags []string, inUse func(root string) bool) []imageDeletion {
	is.mu.Lock()
	defer is.mu.Unlock()
	done := []imageDeletion{}
	for _, t := range tags {
		delete(is.byTag, t)
		is.events.publish("image", "untag", img.id, map[string]string{"name": t})
		done = append(done, imageDeletion{Untagged: t})
	}
	if len(is.tagsOf(img)) > 0 {
		return done
	}
	delete(is.byID, img.id)
	shared := func(other *image) bool { return other.root == img.root }
	if img.root != "" && !slices.ContainsFunc(slices.Collect(maps.Values(is.byID)), shared) && !inUse(img.root) {
		os.RemoveAll(img.root)
	}
	is.events.publish("image", "delete", img.id, map[string]string{"name": img.id})
	return append(done, imageDeletion{Deleted: img.id})
}

// usesFiles reports whether a container uses a directory of files. The caller holds e.mu.
func (e *Engine) usesFiles(root string) bool {
	for _, c := range e.containers {
		if c.image.root == root {
			return true
		}
	}
	return false
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
	for _, img := range e.images.all() {
		used := slices.ContainsFunc(slices.Collect(maps.Values(e.containers)), func(c *container) bool { return c.image == img })
		tags := e.images.tags(img)
		if used || img.builtIn || len(tags) > 0 && !all || !f.labels(img.config.Labels) {
			continue
		}
		p.ImagesDeleted = append(p.ImagesDeleted, e.images.untag(img, tags, e.usesFiles)...)
		p.SpaceReclaimed += img.size
	}
	return writeJSON(w, http.StatusOK, p)
}
