package engine

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// volume is a named object without contents: no container can have one mounted.
type volume struct {
	name    string
	created time.Time
	labels  map[string]string
}

// volumeDetails is what the API tells about a volume.
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

// findVolume returns the volume of a request. The caller holds e.mu.
func (e *Engine) findVolume(r *http.Request) (*volume, error) {
	if v := e.volumes[r.PathValue("name")]; v != nil {
		return v, nil
	}
	return nil, fail(http.StatusNotFound, "get %s: no such volume", r.PathValue("name"))
}

// listVolumes is GET /volumes.
func (e *Engine) listVolumes(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "dangling", "driver", "label", "name")
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []volumeDetails{}
	for _, name := range slices.Sorted(maps.Keys(e.volumes)) {
		v := e.volumes[name]
		if f.labels(v.labels) &&
			f.any("name", func(want string) bool { return strings.Contains(name, want) }) &&
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

// createVolume is POST /volumes/create; one that exists is returned.
func (e *Engine) createVolume(w http.ResponseWriter, r *http.Request) error {
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
	e.mu.Lock()
	defer e.mu.Unlock()
	v := e.volumes[request.Name]
	if v == nil {
		v = &volume{name: request.Name, created: time.Now(), labels: merged(request.Labels, nil)}
		e.volumes[v.name] = v
		e.publish("volume", "create", v.name, map[string]string{"driver": "local"})
	}
	return writeJSON(w, http.StatusCreated, v.details())
}

// inspectVolume is GET /volumes/{name}.
func (e *Engine) inspectVolume(w http.ResponseWriter, r *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	v, err := e.findVolume(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, v.details())
}

// deleteVolume is DELETE /volumes/{name}.
func (e *Engine) deleteVolume(w http.ResponseWriter, r *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	v, err := e.findVolume(r)
	if err != nil {
		return err
	}
	e.removeVolume(v)
	return noContent(w)
}

func (e *Engine) removeVolume(v *volume) {
	delete(e.volumes, v.name)
	e.publish("volume", "destroy", v.name, map[string]string{"driver": "local"})
}

// pruneVolumes is POST /volumes/prune.
func (e *Engine) pruneVolumes(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "all", "label")
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var p pruned
	for _, name := range slices.Sorted(maps.Keys(e.volumes)) {
		if v := e.volumes[name]; f.labels(v.labels) {
			e.removeVolume(v)
			p.VolumesDeleted = append(p.VolumesDeleted, name)
		}
	}
	return writeJSON(w, http.StatusOK, p)
}
