package engine

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// volume is a directory. Processes of the machine can use it; other containers cannot mount one.
type volume struct {
	name    string
	dir     string
	users   map[string]bool // the containers that use it, by id
	created time.Time
	labels  map[string]string
}

// volumeDetails describes a volume in the API.
type volumeDetails struct {
	Name       string
	Driver     string
	Mountpoint string
	CreatedAt  string
	Labels     map[string]string
	Scope      string
	Options    map[string]string
}

func (v *volume) details() volumeDetails {
	return volumeDetails{
		Name: v.name, Driver: "local", Mountpoint: v.dir, CreatedAt: v.created.UTC().Format(time.RFC3339),
		Labels: v.labels, Scope: "local",
	}
}

// volumes holds the volumes of an engine and answers the requests for /volumes.
type volumes struct {
	events *eventLog
	dir    string

	mu     sync.Mutex // the volumes themselves do not change
	byName map[string]*volume
}

// all returns the volumes in the order of their names.
func (vs *volumes) all() []*volume {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	return vs.sorted()
}

// sorted is all for a caller who holds vs.mu.
func (vs *volumes) sorted() []*volume {
	return slices.SortedFunc(maps.Values(vs.byName), func(a, b *volume) int { return strings.Compare(a.name, b.name) })
}

// find returns the volume of a request. The caller holds vs.mu.
func (vs *volumes) find(r *http.Request) (*volume, error) {
	if v := vs.byName[r.PathValue("name")]; v != nil {
		return v, nil
	}
	return nil, fail(http.StatusNotFound, "get %s: no such volume", r.PathValue("name"))
}

// list is GET /volumes.
func (vs *volumes) list(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "dangling", "driver", "label", "name")
	if err != nil {
		return err
	}
	list := []volumeDetails{}
	for _, v := range vs.all() {
		if f.labels(v.labels) &&
			f.any("name", func(want string) bool { return strings.Contains(v.name, want) }) &&
			f.any("driver", func(want string) bool { return want == "local" }) &&
			f.any("dangling", func(want string) bool { return (want == "true" || want == "1") == (len(v.users) == 0) }) {
			list = append(list, v.details())
		}
	}
	return writeJSON(w, http.StatusOK, struct {
		Volumes  []volumeDetails
		Warnings []string
	}{list, nil})
}

// create is POST /volumes/create. It returns an existing volume of the name.
func (vs *volumes) create(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Name       string
		Driver     string
		DriverOpts map[string]string
		Labels     map[string]string
	}
	if err := readJSON(r, &request); err != nil {
		return err
	}
	if request.Driver != "" && request.Driver != "local" || len(request.DriverOpts) > 0 {
		return badRequest("create %s: volume drivers and their options are not supported by the embedded engine", request.Name)
	}
	if request.Name == "" {
		request.Name = newID()
	}
	vs.mu.Lock()
	defer vs.mu.Unlock()
	v, err := vs.make(request.Name, request.Labels)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, v.details())
}

// make returns the volume of a name. The caller holds vs.mu.
func (vs *volumes) make(name string, labels map[string]string) (*volume, error) {
	v := vs.byName[name]
	if v != nil {
		return v, nil
	}
	if !containerName().MatchString(name) || strings.HasPrefix(name, "/") {
		return nil, badRequest("create %s: %q includes invalid characters for a local volume name, only "+
			"\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. "+
			"If you intended to pass a host directory, use absolute path", name, name)
	}
	v = &volume{name: name, created: time.Now(), labels: merged(labels, nil), users: map[string]bool{}, dir: filepath.Join(vs.dir, name)}
	if err := os.MkdirAll(v.dir, 0o755); err != nil {
		return nil, err
	}
	vs.byName[v.name] = v
	vs.events.publish("volume", "create", v.name, map[string]string{"driver": "local"})
	return v, nil
}

// inspect is GET /volumes/{name}.
func (vs *volumes) inspect(w http.ResponseWriter, r *http.Request) error {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	v, err := vs.find(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, v.details())
}

// remove is DELETE /volumes/{name}.
func (vs *volumes) remove(w http.ResponseWriter, r *http.Request) error {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	v, err := vs.find(r)
	if err != nil {
		return err
	}
	if len(v.users) > 0 {
		return v.inUse()
	}
	if err := vs.forget(v); err != nil {
		return err
	}
	return noContent(w)
}

// forget removes a volume. The caller holds vs.mu.
func (vs *volumes) forget(v *volume) error {
	delete(vs.byName, v.name)
	vs.events.publish("volume", "destroy", v.name, map[string]string{"driver": "local"})
	return os.RemoveAll(v.dir)
}

// prune is POST /volumes/prune.
func (vs *volumes) prune(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "all", "label")
	if err != nil {
		return err
	}
	vs.mu.Lock()
	defer vs.mu.Unlock()
	var p pruned
	for _, v := range vs.sorted() {
		if f.labels(v.labels) && len(v.users) == 0 {
			if err := vs.forget(v); err != nil {
				return err
			}
			p.VolumesDeleted = append(p.VolumesDeleted, v.name)
		}
	}
	return writeJSON(w, http.StatusOK, p)
}
