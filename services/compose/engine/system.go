package engine

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"time"
)

// ping is GET and HEAD /_ping.
func (e *Engine) ping(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Builder-Version", "1") // the classic builder
	h.Set("Swarm", "inactive")
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if r.Method == "GET" {
		io.WriteString(w, "OK")
	}
	return nil
}

// version is GET /version.
func (e *Engine) version(w http.ResponseWriter, r *http.Request) error {
	type component struct {
		Name    string
		Version string
		Details map[string]string
	}
	return writeJSON(w, http.StatusOK, struct {
		Platform      struct{ Name string }
		Components    []component
		Version       string
		ApiVersion    string
		MinAPIVersion string
		GitCommit     string
		GoVersion     string
		Os            string
		Arch          string
		KernelVersion string
		BuildTime     string
	}{
		Platform: struct{ Name string }{"workshop embedded engine"},
		Components: []component{{"Engine", engineVersion, map[string]string{
			"ApiVersion": apiVersion, "MinAPIVersion": minAPIVersion, "Os": "linux", "Arch": runtime.GOARCH,
			"GoVersion": runtime.Version(), "GitCommit": "", "KernelVersion": "", "BuildTime": "", "Experimental": "false",
		}}},
		Version: engineVersion, ApiVersion: apiVersion, MinAPIVersion: minAPIVersion,
		GoVersion: runtime.Version(), Os: "linux", Arch: runtime.GOARCH,
	})
}

// info is GET /info.
func (e *Engine) info(w http.ResponseWriter, r *http.Request) error {
	name, _ := os.Hostname() // "" will do
	e.mu.Lock()
	defer e.mu.Unlock()
	count := map[string]int{}
	for _, c := range e.containers {
		count[c.state]++
	}
	type plugins struct {
		Volume  []string
		Network []string
		Log     []string
	}
	type swarm struct{ LocalNodeState string }
	kind := "the machine's"
	if e.places != nil {
		kind = "each container's own"
	}
	return writeJSON(w, http.StatusOK, struct {
		ID                string
		Name              string
		Containers        int
		ContainersRunning int
		ContainersPaused  int
		ContainersStopped int
		Images            int
		Driver            string
		DriverStatus      [][2]string
		Plugins           plugins
		LoggingDriver     string
		CgroupDriver      string
		SystemTime        string
		KernelVersion     string
		OperatingSystem   string
		OSType            string
		Architecture      string
		NCPU              int
		MemTotal          int64
		ServerVersion     string
		DefaultRuntime    string
		Runtimes          map[string]struct{}
		Swarm             swarm
		SecurityOptions   []string
		Labels            []string
		Warnings          []string
		RegistryConfig    struct{}
		IndexServerAddress,
		DockerRootDir string
	}{
		ID: e.id, Name: name, Containers: len(e.containers), ContainersRunning: count[running] + count[restarting],
		ContainersPaused: count[paused], ContainersStopped: count[created] + count[exited], Images: len(e.images.all()),
		Driver: "process", DriverStatus: [][2]string{{"Isolation", "none: containers are processes of this machine"}, {"Network", kind}},
		Plugins:       plugins{Volume: []string{"local"}, Network: []string{"bridge", "null"}, Log: []string{"json-file", "none"}},
		LoggingDriver: "json-file", CgroupDriver: "none", SystemTime: time.Now().Format(time.RFC3339Nano),
		OperatingSystem: "workshop embedded engine", OSType: "linux", Architecture: runtime.GOARCH, NCPU: runtime.NumCPU(),
		MemTotal:      machineMemory(),
		ServerVersion: engineVersion, DefaultRuntime: "process", Swarm: swarm{"inactive"},
		SecurityOptions: []string{}, DockerRootDir: e.state, Warnings: e.warnings(),
	})
}

// warnings says what containers lack because the system does not allow it.
func (e *Engine) warnings() []string {
	if e.opts.shared == nil {
		return nil
	}
	return []string{fmt.Sprintf("containers share the network of the machine here (%v): a program has to open the port in PORT, and finds "+
		"another service at NAME_HOST and NAME_PORT, with NAME for the service's, or through the proxy in ALL_PROXY", e.opts.shared)}
}

// diskUsage is GET /system/df.
func (e *Engine) diskUsage(w http.ResponseWriter, r *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := struct {
		LayersSize  int64
		Images      []imageSummary
		Containers  []containerSummary
		Volumes     []volumeDetails
		BuildCache  []struct{}
		BuilderSize int64
	}{Images: []imageSummary{}, Containers: []containerSummary{}, Volumes: []volumeDetails{}, BuildCache: []struct{}{}}
	for _, img := range e.images.all() {
		d.LayersSize += img.size
		d.Images = append(d.Images, imageSummary{
			ID: img.id, RepoTags: e.images.tags(img), Created: img.created.Unix(), Size: img.size, Labels: img.config.Labels,
		})
	}
	for _, c := range e.byAge() {
		d.Containers = append(d.Containers, c.summary())
	}
	for _, v := range e.volumes.all() {
		d.Volumes = append(d.Volumes, v.details())
	}
	return writeJSON(w, http.StatusOK, d)
}
