package engine

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// volume is a named object without contents: no container can mount one.
type volume struct {
	name    string
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
	return volumeDetails{Name: v.name, Driver: "local", CreatedAt: v.created.UTC().Format(time.RFC3339), Labels: v.labels, Scope: "local"}
}

// volumes holds the volumes of an engine and answers the requests for /volumes.
type volumes struct {
	events *eventLog

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
			f.any("dangling", func(want string) bool { return want == "true" || want == "1" }) {
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
	v := vs.byName[request.Name]
	if v == nil {
		v = &volume{name: request.Name, created: time.Now(), labels: merged(request.Labels, nil)}
		vs.byName[v.name] = v
		vs.events.publish("volume", "create", v.name, map[string]string{"driver": "local"})
	}
	return writeJSON(w, http.StatusCreated, v.details())
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
	vs.forget(v)
	return noContent(w)
}

// forget removes a volume. The caller holds vs.mu.
func (vs *volumes) forget(v *volume) {
	delete(vs.byName, v.name)
	vs.events.publish("volume", "destroy", v.name, map[string]string{"driver": "local"})
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
		if f.labels(v.labels) {
			vs.forget(v)
			p.VolumesDeleted = append(p.VolumesDeleted, v.name)
		}
	}
	return writeJSON(w, http.StatusOK, p)
}
