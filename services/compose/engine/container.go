package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/docker/go-units"
)

// The states of a container, as the API names them.
const (
	created    = "created"
	running    = "running"
	paused     = "paused"
	restarting = "restarting" // between two runs
	exited     = "exited"
)

// container is a process that has ended, runs, or has not been started yet. The engine's mutex
// guards the fields that change.
type container struct {
	id      string
	image   *image
	config  config
	host    hostConfig
	created time.Time
	dir     string // of its log
	output  *output
	stdin   *stdinGate

	name        string
	endpoints   map[string]*endpoint // by the network's name
	state       string
	run         *run // nil unless there is a process
	exitCode    int
	err         string // the reason why it could not be started
	startedAt   time.Time
	finishedAt  time.Time
	outOfMemory bool // a process of the last run was killed because it used up the memory
	size        windowSize

	restarts int           // consecutive ones since a client started it
	delay    time.Duration // before the next restart
	halted   bool          // stopped by a client, so it is not restarted
	backoff  chan struct{} // closed to cancel a pending restart
	removing bool
	next     *ending
	removed  chan struct{} // closed when it has been removed
	execs    []string      // ids

	mounts      []mount
	withVolumes bool                // its anonymous volumes are removed with it
	credential  *syscall.Credential // nil for the engine's own user
}

// running reports whether the container runs. A container between two restarts counts as running.
func (c *container) running() bool {
	return c.state == running || c.state == paused || c.state == restarting
}

// attributes returns the attributes of the container's events.
func (c *container) attributes(more ...string) map[string]string {
	a := merged(c.config.Labels, map[string]string{"name": c.name, "image": c.config.Image})
	for i := 0; i < len(more); i += 2 {
		a[more[i]] = more[i+1]
	}
	return a
}

// findContainer accepts a name, an id or an unambiguous beginning of one. The caller
// holds e.mu.
func (e *Engine) findContainer(ref string) (*container, error) {
	if c := e.containers[ref]; c != nil {
		return c, nil
	}
	var found *container
	for id, c := range e.containers {
		if c.name == strings.TrimPrefix(ref, "/") {
			return c, nil
		}
		if strings.HasPrefix(id, ref) {
			if found != nil {
				return nil, badRequest("multiple IDs found with provided prefix: %s", ref)
			}
			found = c
		}
	}
	if found == nil {
		return nil, fail(http.StatusNotFound, "No such container: %s", ref)
	}
	return found, nil
}

// locked calls f with the container of a request while it holds e.mu.
func (e *Engine) locked(r *http.Request, f func(*container) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.findContainer(r.PathValue("id"))
	if err != nil {
		return err
	}
	return f(c)
}

var containerName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$`) })

// checkName refuses a name that is malformed or taken. The caller holds e.mu.
func (e *Engine) checkName(name string) error {
	if !containerName().MatchString(name) {
		return badRequest("Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name)
	}
	for _, c := range e.containers {
		if c.name == strings.TrimPrefix(name, "/") {
			return conflict(`Conflict. The container name "/%s" is already in use by container "%s". `+
				`You have to remove (or rename) that container to be able to reuse that name.`, c.name, c.id)
		}
	}
	return nil
}

// createContainer is POST /containers/create.
func (e *Engine) createContainer(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		config
		HostConfig       json.RawMessage
		NetworkingConfig struct {
			EndpointsConfig map[string]*endpointConfig
		}
	}
	if err := readJSON(r, &request); err != nil {
		return err
	}
	if p := r.URL.Query().Get("platform"); p != "" && !strings.HasPrefix(p, "linux") {
		return badRequest("platform %s is not supported by the embedded engine", p)
	}
	if err := request.config.check(); err != nil {
		return err
	}
	host, err := readHostConfig(request.HostConfig, request.process())
	if err != nil {
		return err
	}
	mounts, err := host.mounts(request.Volumes)
	if err != nil {
		return err
	}
	logSize, err := host.LogConfig.size(e.opts.LogSize)
	if err != nil {
		return err
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	img, err := e.images.find(request.Image)
	if err != nil {
		return err
	}
	c := &container{
		id: newID(), image: img, config: request.over(img.config), host: host, created: time.Now(),
		stdin: &stdinGate{}, endpoints: map[string]*endpoint{}, state: created,
		size: windowSize{host.ConsoleSize[0], host.ConsoleSize[1]},
		next: newEnding(), removed: make(chan struct{}),
	}
	if len(c.config.Entrypoint)+len(c.config.Cmd) == 0 {
		return badRequest("no command specified")
	}
	if environ(c.config.Env, "PATH") == "" { // images FROM scratch have none
		c.config.Env = append(c.config.Env, "PATH="+usualPath)
	}
	if c.config.Hostname == "" {
		c.config.Hostname = short(c.id)
	}
	for port := range host.PortBindings {
		c.config.ExposedPorts[portName(port)] = struct{}{}
	}
	c.name = strings.TrimPrefix(r.URL.Query().Get("name"), "/")
	if c.name == "" {
		c.name = "container-" + short(c.id)
	}
	if err := e.checkName(c.name); err != nil {
		return err
	}
	if err := e.joinNetworks(c, request.NetworkingConfig.EndpointsConfig); err != nil {
		return err
	}
	warnings := append(c.host.limitWarnings(), e.memoryWarnings(&c.host)...)
	if c.config.User != "" {
		var why string
		c.credential, why = e.identity(c)
		switch {
		case !c.config.process() && (c.credential != nil || why != ""):
			return asOthers(c.config.User)
		case why != "":
			warnings = append(warnings, why)
		}
	}
	if err := e.provide(c, mounts, c.credential); err != nil {
		return err
	}
	warnings = append(warnings, e.unprotected(mounts)...)
	c.dir = e.path("containers", c.id)
	c.output = &output{log: newLineLog(c.dir, logSize, e.log)}
	e.containers[c.id] = c
	e.events.publish("container", "create", c.id, c.attributes())
	return writeJSON(w, http.StatusCreated, struct {
		ID       string `json:"Id"`
		Warnings []string
	}{c.id, append([]string{}, warnings...)})
}

// listContainers is GET /containers/json.
func (e *Engine) listContainers(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "ancestor", "before", "expose", "exited", "health", "id", "is-task", "isolation",
		"label", "name", "network", "publish", "since", "status", "volume")
	if err != nil {
		return err
	}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	all := boolean(r, "all") || limit > 0 || len(f["status"]) > 0 || len(f["exited"]) > 0

	e.mu.Lock()
	defer e.mu.Unlock()
	before, after := time.Time{}, time.Time{}
	for _, bound := range []struct {
		name string
		time *time.Time
	}{{"before", &before}, {"since", &after}} {
		for _, ref := range f[bound.name] {
			c, err := e.findContainer(ref)
			if err != nil {
				return err
			}
			*bound.time = c.created
		}
	}
	list := []containerSummary{}
	for _, c := range e.byAge() {
		if !all && !c.running() || !before.IsZero() && !c.created.Before(before) || !after.IsZero() && !c.created.After(after) {
			continue
		}
		ok, err := e.passes(c, f)
		if err != nil {
			return err
		}
		if ok {
			list = append(list, c.summary())
		}
		if limit > 0 && len(list) == limit {
			break
		}
	}
	return writeJSON(w, http.StatusOK, list)
}

// byAge returns the containers, the latest first.
func (e *Engine) byAge() []*container {
	return slices.SortedFunc(maps.Values(e.containers), func(a, b *container) int {
		return cmp.Or(b.created.Compare(a.created), strings.Compare(a.id, b.id))
	})
}

func (e *Engine) passes(c *container, f filters) (bool, error) {
	for _, pattern := range f["name"] {
		if _, err := regexp.Compile(pattern); err != nil {
			return false, badRequest("invalid filter 'name=%s': %v", pattern, err)
		}
	}
	for _, want := range f["status"] {
		if !slices.Contains([]string{created, running, paused, restarting, exited, "dead", "removing"}, want) {
			return false, badRequest("invalid filter 'status=%s'", want)
		}
	}
	onNetwork := func(want string) bool {
		for name, ep := range c.endpoints {
			if name == want || strings.HasPrefix(ep.network.id, want) {
				return true
			}
		}
		return false
	}
	return f.labels(c.config.Labels) &&
		f.any("id", func(want string) bool { return strings.HasPrefix(c.id, want) }) &&
		f.any("name", func(pattern string) bool {
			ok, _ := regexp.MatchString(pattern, "/"+c.name) // it was compiled above
			return ok || c.name == pattern
		}) &&
		f.any("status", func(want string) bool { return c.state == want }) &&
		f.any("exited", func(want string) bool { return c.state == exited && strconv.Itoa(c.exitCode) == want }) &&
		f.any("health", func(want string) bool { return c.healthStatus() == want }) &&
		f.any("network", onNetwork) &&
		f.any("ancestor", func(want string) bool {
			img, err := e.images.find(want)
			return err == nil && img == c.image
		}) &&
		f.any("expose", func(want string) bool { _, ok := c.config.ExposedPorts[portName(want)]; return ok }) &&
		f.any("publish", c.publishes) &&
		f.any("is-task", func(want string) bool { return want == "false" }) &&
		f.any("isolation", func(string) bool { return true }) &&
		f.any("volume", func(want string) bool {
			return slices.ContainsFunc(c.mounts, func(m mount) bool { return m.Name == want || m.Destination == want })
		}), nil
}

// publishes reports whether a port of the machine, or one of a range such as 8000-8100/tcp, leads to
// the container.
func (c *container) publishes(ports string) bool {
	numbers, kind, _ := strings.Cut(ports, "/")
	first, last, isRange := strings.Cut(numbers, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err != nil || err2 != nil || kind != "" && kind != "tcp" {
		return false
	}
	return slices.ContainsFunc(c.portList(), func(p portSummary) bool {
		return p.PublicPort != 0 && from <= p.PublicPort && p.PublicPort <= to
	})
}

// containerSummary is an element of GET /containers/json.
type containerSummary struct {
	ID              string `json:"Id"`
	Names           []string
	Image           string
	ImageID         string
	Command         string
	Created         int64
	Ports           []portSummary
	Labels          map[string]string
	State           string
	Status          string
	HostConfig      struct{ NetworkMode string }
	NetworkSettings struct {
		Networks map[string]endpointSettings
	}
	Mounts []mount
}

type portSummary struct {
	IP          string `json:",omitempty"`
	PrivatePort int
	PublicPort  int `json:",omitempty"`
	Type        string
}

func (c *container) summary() containerSummary {
	s := containerSummary{
		ID: c.id, Names: []string{"/" + c.name}, Image: c.config.Image, ImageID: c.image.id,
		Command: strings.Join(c.argv(), " "), Created: c.created.Unix(), Ports: c.portList(),
		Labels: c.config.Labels, State: c.state, Status: c.status(), Mounts: append([]mount{}, c.mounts...),
	}
	s.HostConfig.NetworkMode = c.host.NetworkMode
	s.NetworkSettings.Networks = c.endpointSettings()
	return s
}

// argv returns the whole command.
func (c *container) argv() []string { return slices.Concat(c.config.Entrypoint, c.config.Cmd) }

// status returns the state in words, as docker ps shows it.
func (c *container) status() string {
	ended := func() string { return units.HumanDuration(time.Since(c.finishedAt)) + " ago" }
	switch c.state {
	case running:
		up := "Up " + units.HumanDuration(time.Since(c.startedAt))
		switch h := c.healthStatus(); h {
		case "none":
			return up
		case "starting":
			return up + " (health: starting)"
		default:
			return up + " (" + h + ")"
		}
	case paused:
		return "Up " + units.HumanDuration(time.Since(c.startedAt)) + " (Paused)"
	case restarting:
		return fmt.Sprintf("Restarting (%d) %s", c.exitCode, ended())
	case exited:
		return fmt.Sprintf("Exited (%d) %s", c.exitCode, ended())
	}
	return "Created"
}

// containerDetails is the answer of GET /containers/{id}/json.
type containerDetails struct {
	ID              string `json:"Id"`
	Created         string
	Path            string
	Args            []string
	State           containerState
	Image           string
	ResolvConfPath  string
	HostnamePath    string
	HostsPath       string
	LogPath         string
	Name            string
	RestartCount    int
	Driver          string
	Platform        string
	MountLabel      string
	ProcessLabel    string
	AppArmorProfile string
	ExecIDs         []string
	HostConfig      map[string]json.RawMessage
	GraphDriver     graphDriver
	Mounts          []mount
	Config          config
	NetworkSettings networkSettings
}

type containerState struct {
	Status     string
	Running    bool
	Paused     bool
	Restarting bool
	OOMKilled  bool
	Dead       bool
	Pid        int
	ExitCode   int
	Error      string
	StartedAt  string
	FinishedAt string
	Health     *health `json:",omitempty"`
}

type graphDriver struct {
	Name string
	Data map[string]string
}

type networkSettings struct {
	Bridge                 string
	SandboxID              string
	SandboxKey             string
	HairpinMode            bool
	LinkLocalIPv6Address   string
	LinkLocalIPv6PrefixLen int
	Ports                  map[string][]portBinding
	EndpointID             string
	Gateway                string
	IPAddress              string
	IPPrefixLen            int
	MacAddress             string
	Networks               map[string]endpointSettings
}

// inspectContainer is GET /containers/{id}/json.
func (e *Engine) inspectContainer(w http.ResponseWriter, r *http.Request) error {
	return e.locked(r, func(c *container) error {
		argv := c.argv()
		d := containerDetails{
			ID: c.id, Created: instant(c.created), Path: argv[0], Args: argv[1:], Image: c.image.id,
			Name: "/" + c.name, RestartCount: c.restarts, Driver: "process", Platform: "linux",
			State: containerState{
				Status: c.state, Running: c.running(), Paused: c.state == paused, Restarting: c.state == restarting,
				OOMKilled: c.outOfMemory, ExitCode: c.exitCode, Error: c.err, StartedAt: instant(c.startedAt), FinishedAt: instant(c.finishedAt),
			},
			ExecIDs: c.execs, HostConfig: c.host.raw, GraphDriver: graphDriver{Name: "process"}, Mounts: append([]mount{}, c.mounts...),
			Config: c.config,
			NetworkSettings: networkSettings{
				Ports: c.portMap(), Networks: c.endpointSettings(),
			},
		}
		if c.run != nil {
			d.State.Pid, d.State.OOMKilled = c.run.process.pid, c.run.group.killed()
			d.State.Health = c.run.health.snapshot()
		}
		if c.host.LogConfig.Type != "none" {
			d.LogPath = c.dir
		}
		return writeJSON(w, http.StatusOK, d)
	})
}

// instant formats a time as the API does; the zero time is in the year 1.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// renameContainer is POST /containers/{id}/rename.
func (e *Engine) renameContainer(w http.ResponseWriter, r *http.Request) error {
	name := r.URL.Query().Get("name")
	return e.locked(r, func(c *container) error {
		if name == "" {
			return badRequest("Neither old nor new names may be empty")
		}
		if strings.TrimPrefix(name, "/") == c.name {
			return badRequest("Renaming a container with the same name as its current name")
		}
		if err := e.checkName(name); err != nil {
			return err
		}
		old := c.name
		c.name = strings.TrimPrefix(name, "/")
		e.events.publish("container", "rename", c.id, c.attributes("oldName", "/"+old))
		return noContent(w)
	})
}

// deleteContainer is DELETE /containers/{id}.
func (e *Engine) deleteContainer(w http.ResponseWriter, r *http.Request) error {
	if boolean(r, "link") {
		return badRequest("removing links is not supported by the embedded engine")
	}
	force := boolean(r, "force")
	var found *container
	var ended <-chan struct{}
	err := e.locked(r, func(c *container) error {
		switch {
		case c.removing:
			return conflict("removal of container %s is already in progress", r.PathValue("id"))
		case c.state == paused && !force:
			return conflict("You cannot remove a paused container %s. Unpause and then stop the container before attempting removal or "+
				"force remove", c.id)
		case c.running() && !force:
			return conflict("You cannot remove a running container %s. Stop the container before attempting removal or force remove", c.id)
		}
		found, c.removing, c.halted = c, true, true
		switch {
		case c.run != nil:
			e.events.publish("container", "kill", c.id, c.attributes("signal", "9"))
			c.run.process.kill()
			ended = c.run.over
		case c.state == restarting:
			ended = c.next.over
			c.cancelRestart()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if ended != nil {
		<-ended
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	found.withVolumes = boolean(r, "v")
	e.remove(found)
	return noContent(w)
}

// remove forgets a container that has ended. The caller holds e.mu.
func (e *Engine) remove(c *container) {
	for _, id := range c.execs {
		e.execs.remove(id)
	}
	c.output.end()
	c.output.log.close()
	delete(e.containers, c.id)
	e.volumes.release(c.id, c.host.AutoRemove || c.withVolumes)
	e.events.publish("container", "destroy", c.id, c.attributes())
	close(c.removed)
}

// pruned is the answer of the prune requests.
type pruned struct {
	ContainersDeleted []string `json:",omitempty"`
	ImagesDeleted     []string `json:",omitempty"`
	NetworksDeleted   []string `json:",omitempty"`
	VolumesDeleted    []string `json:",omitempty"`
	SpaceReclaimed    int64
}

// pruneContainers is POST /containers/prune.
func (e *Engine) pruneContainers(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "label")
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var p pruned
	for _, c := range e.byAge() {
		if !c.running() && !c.removing && f.labels(c.config.Labels) {
			e.remove(c)
			p.ContainersDeleted = append(p.ContainersDeleted, c.id)
		}
	}
	return writeJSON(w, http.StatusOK, p)
}
