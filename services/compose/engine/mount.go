package engine

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// mount is a directory for a process of the machine: of a volume, or one that the client names. Without
// a root file system it is not at its target: the process finds its place in VOLUME_TARGET.
type mount struct {
	Type        string // bind or volume
	Name        string `json:",omitempty"` // of the volume
	Source      string
	Destination string
	Driver      string `json:",omitempty"`
	Mode        string
	RW          bool
	Propagation string
}

// mounts reads the directories of a request. Anonymous volumes get their names here.
func (h hostConfig) mounts(anonymous map[string]struct{}) (list []mount, err error) {
	add := func(kind, source, target, mode string) error {
		switch {
		case !strings.HasPrefix(target, "/"):
			return badRequest("invalid volume specification: '%s:%s': invalid mount config for type \"%s\": invalid mount path: '%s' mount path "+
				"must be absolute", source, target, kind, target)
		case path.Clean(target) == "/":
			return badRequest("invalid volume specification: '%s:%s': invalid mount config for type \"%s\": invalid specification: "+
				"destination can't be '/'", source, target, kind)
		case slices.ContainsFunc(list, func(m mount) bool { return m.Destination == path.Clean(target) }):
			return badRequest("Duplicate mount point: %s", path.Clean(target))
		}
		m := mount{Type: kind, Source: source, Destination: path.Clean(target), Mode: mode, RW: !slices.Contains(strings.Split(mode, ","), "ro")}
		if kind == "volume" {
			m.Name, m.Source, m.Driver = source, "", "local"
		}
		list = append(list, m)
		return nil
	}
	for _, b := range h.Binds {
		source, rest, _ := strings.Cut(b, ":")
		target, mode, _ := strings.Cut(rest, ":")
		kind := "volume"
		if strings.HasPrefix(source, "/") {
			kind = "bind"
		}
		if err := add(kind, source, target, mode); err != nil {
			return nil, err
		}
	}
	for _, m := range h.Mounts {
		if m.Type != "bind" && m.Type != "volume" {
			return nil, badRequest("a mount of type %s is not supported by the embedded engine: %s", m.Type, ownFiles)
		}
		mode := ""
		if m.ReadOnly {
			mode = "ro"
		}
		if m.Type == "volume" && m.Source == "" {
			m.Source = newID()
		}
		if err := add(m.Type, m.Source, m.Target, mode); err != nil {
			return nil, err
		}
	}
	for _, target := range slices.Sorted(maps.Keys(anonymous)) {
		if !slices.ContainsFunc(list, func(m mount) bool { return m.Destination == path.Clean(target) }) {
			if err := add("volume", newID(), target, ""); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// requestedMount is an element of the request's HostConfig.Mounts.
type requestedMount struct {
	Type, Source, Target string
	ReadOnly             bool
	VolumeOptions        json.RawMessage
}

// provide makes the directories of a container that is created. Those of volumes that are new get its
// owner. The caller holds e.mu.
func (e *Engine) provide(c *container, list []mount, owner *syscall.Credential) error {
	for i, m := range list {
		var err error
		if m.Type == "bind" {
			if _, err = os.Stat(m.Source); os.IsNotExist(err) { // it makes nothing on the machine
				err = badRequest("invalid mount config for type \"bind\": bind source path does not exist: %s", m.Source)
			}
		} else {
			list[i].Source, err = e.volumes.use(m.Name, c.id, owner)
		}
		if err != nil {
			e.volumes.release(c.id, false)
			return err
		}
	}
	c.mounts = list
	return nil
}

// protected reports whether the container's processes cannot write to the directory, where they have a view
// of the files of their own. The whole machine stays writable: they have no other files.
func (m mount) protected() bool { return !m.RW && m.Source != "/" }

// holds reports whether the directory of another mount is in this one.
func (m mount) holds(other mount) bool {
	rel, err := filepath.Rel(m.Source, other.Source)
	return err == nil && filepath.IsLocal(rel)
}

// unprotected says which read-only directories the processes of a container can write to.
func (e *Engine) unprotected(mounts []mount) (warnings []string) {
	for _, m := range mounts {
		why := "it is the whole machine"
		if e.places == nil {
			why = "containers share the files of the machine here"
		}
		if !m.RW && (e.places == nil || !m.protected()) {
			warnings = append(warnings, "read-only has no effect on "+m.Destination+": "+why)
		}
	}
	return warnings
}

// mountVariables returns the variables that tell a process where its directories are.
func (c *container) mountVariables() (env []string) {
	for _, m := range c.mounts {
		env = append(env, "VOLUME_"+variable(strings.Trim(m.Destination, "/"))+"="+m.Source)
	}
	return env
}

// use returns the directory of a volume for a container, and makes the volume if there is none.
func (vs *volumes) use(name, container string, owner *syscall.Credential) (dir string, err error) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	v, err := vs.make(name, nil)
	if err != nil {
		return "", err
	}
	if owner != nil && len(v.users) == 0 {
		if list, err := os.ReadDir(v.dir); err == nil && len(list) == 0 {
			if err := os.Chown(v.dir, int(owner.Uid), int(owner.Gid)); err != nil {
				return "", err
			}
		}
	}
	v.users[container] = true
	return v.dir, nil
}

// release takes a container from its volumes. With anonymous, those of them without a name are removed.
func (vs *volumes) release(container string, anonymous bool) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	for _, v := range vs.sorted() {
		if !v.users[container] {
			continue
		}
		delete(v.users, container)
		if anonymous && len(v.users) == 0 && len(v.labels) == 0 && isID(v.name) {
			_ = vs.forget(v) // its directory is removed with the engine
		}
	}
}

// isID reports whether a name is one that the engine made.
func isID(name string) bool {
	return len(name) == len(newID()) && strings.Trim(name, "0123456789abcdef") == ""
}

// inUse is the refusal to remove a volume that containers use.
func (v *volume) inUse() error {
	return fail(http.StatusConflict, "remove %s: volume is in use - [%s]", v.name, strings.Join(slices.Sorted(maps.Keys(v.users)), ", "))
}
