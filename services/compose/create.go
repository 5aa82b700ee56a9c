package compose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// The labels by which Compose recognises its objects.
const (
	labelProject     = "com.docker.compose.project"
	labelService     = "com.docker.compose.service"
	labelNumber      = "com.docker.compose.container-number"
	labelOneOff      = "com.docker.compose.oneoff"
	labelHash        = "com.docker.compose.config-hash"
	labelVersion     = "com.docker.compose.version"
	labelWorkingDir  = "com.docker.compose.project.working_dir"
	labelConfigFiles = "com.docker.compose.project.config_files"
	labelEnvFile     = "com.docker.compose.project.environment_file"
	labelNetwork     = "com.docker.compose.network"
	labelVolume      = "com.docker.compose.volume"
	labelSlug        = "com.docker.compose.slug"
	labelImage       = "com.docker.compose.image"
	labelDependsOn   = "com.docker.compose.depends_on"
)

// newContainer holds the differences between a container and the others of its service.
type newContainer struct {
	name     string
	number   int        // 0 for one created by `run`
	slug     string     // for one created by `run`
	previous *container // the container that it replaces
	oneOff   *oneOff
}

// oneOff holds the changes of `run` to a service's configuration.
type oneOff struct {
	command      []string
	entrypoint   *[]string
	environment  []string
	labels       map[string]string
	user         string
	workdir      string
	ports        []types.ServicePortConfig
	servicePorts bool
	tty          bool
	stdin        bool
}

// request translates a service into the API's configuration of a container. hash and imageID are
// those of the service.
func (s *session) request(ctx context.Context, svc types.ServiceConfig, c newContainer, hash, imageID string) (*createRequest, error) {
	req := &createRequest{
		Hostname:     svc.Hostname,
		Domainname:   svc.DomainName,
		User:         svc.User,
		ExposedPorts: map[string]struct{}{},
		Tty:          svc.Tty,
		OpenStdin:    svc.StdinOpen,
		Env:          environment(svc.Environment),
		Cmd:          svc.Command,
		Entrypoint:   svc.Entrypoint,
		Image:        s.imageName(svc),
		Volumes:      map[string]struct{}{},
		WorkingDir:   svc.WorkingDir,
		StopSignal:   svc.StopSignal,
		Healthcheck:  healthcheckOf(svc.HealthCheck),
		Labels:       s.style.create.labels(s, svc, c, hash, imageID),
	}
	if svc.StopGracePeriod != nil {
		seconds := int(math.Ceil(time.Duration(*svc.StopGracePeriod).Seconds()))
		req.StopTimeout = &seconds
	}
	if err := s.hostConfig(ctx, svc, &req.HostConfig); err != nil {
		return nil, err
	}
	ports := svc.Ports
	if o := c.oneOff; o != nil {
		req.Cmd = o.command
		if o.entrypoint != nil {
			req.Entrypoint = *o.entrypoint
		}
		req.Env = append(req.Env, o.environment...)
		req.Tty, req.OpenStdin, req.StdinOnce = o.tty, o.stdin, o.stdin
		req.AttachStdin, req.AttachStdout, req.AttachStderr = o.stdin, true, true
		if o.user != "" {
			req.User = o.user
		}
		if o.workdir != "" {
			req.WorkingDir = o.workdir
		}
		req.HostConfig.RestartPolicy = restartPolicy{}
		if !o.servicePorts {
			ports = o.ports
		}
	}
	embedded, err := s.embedded(ctx)
	if err != nil {
		return nil, err
	}
	// lacks reports whether the service's process goes without a port.
	lacks := func(proto string) bool {
		return embedded && s.project.local[svc.Name] != nil && protocol(proto) != "tcp"
	}
	req.HostConfig.PortBindings = map[string][]portBinding{}
	for _, p := range ports {
		if lacks(p.Protocol) {
			continue
		}
		key := strconv.Itoa(int(p.Target)) + "/" + protocol(p.Protocol)
		req.ExposedPorts[key] = struct{}{}
		req.HostConfig.PortBindings[key] = append(req.HostConfig.PortBindings[key], portBinding{p.HostIP, p.Published})
	}
	for _, e := range svc.Expose {
		port, proto, _ := strings.Cut(e, "/")
		if lacks(proto) {
			continue
		}
		req.ExposedPorts[port+"/"+protocol(proto)] = struct{}{}
	}
	s.volumes(svc, c, req)
	if err := s.secrets(svc, req); err != nil {
		return nil, err
	}
	s.network(svc, c, req)
	if others := s.others(svc); embedded && others != "" {
		req.Labels[labelServices] = others
	}
	return req, nil
}

// others are the services that a container can reach, for the embedded engine: NAME, or NAME:PORT if
// the port is known here. A process of the machine without a port cannot be reached.
func (s *session) others(svc types.ServiceConfig) string {
	var words []string
	for _, name := range s.project.Order {
		other, ok := s.project.Services[name]
		shared := slices.ContainsFunc(slices.Collect(maps.Keys(svc.Networks)), func(n string) bool { _, ok := other.Networks[n]; return ok })
		if !ok || name == svc.Name || !shared {
			continue
		}
		port := ""
		if len(other.Expose) > 0 {
			port, _, _ = strings.Cut(other.Expose[0], "/")
		}
		if len(other.Ports) > 0 {
			port = strconv.Itoa(int(other.Ports[0].Target))
		}
		switch {
		case port != "":
			words = append(words, name+":"+port)
		case s.project.local[name] == nil:
			words = append(words, name) // its image may say
		}
	}
	return strings.Join(words, " ")
}

func protocol(p string) string {
	if p == "" {
		return "tcp"
	}
	return p
}

// environment converts an environment to the API's form: a name without a value unsets the
// variable.
func environment(m types.MappingWithEquals) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if value := m[name]; value != nil {
			out = append(out, name+"="+*value)
		} else {
			out = append(out, name)
		}
	}
	return out
}

func healthcheckOf(h *types.HealthCheckConfig) *healthcheck {
	if h == nil {
		return nil
	}
	if h.Disable {
		return &healthcheck{Test: []string{"NONE"}}
	}
	ns := func(d *types.Duration) int64 {
		if d == nil {
			return 0
		}
		return int64(*d)
	}
	out := &healthcheck{Test: h.Test, Interval: ns(h.Interval), Timeout: ns(h.Timeout), StartPeriod: ns(h.StartPeriod)}
	if h.Retries != nil {
		out.Retries = int(*h.Retries)
	}
	return out
}

// hostConfig sets the fields about the host, except ports, volumes and networks.
func (s *session) hostConfig(ctx context.Context, svc types.ServiceConfig, h *hostConfig) error {
	h.LogConfig.Config = map[string]string{}
	if svc.Logging != nil {
		h.LogConfig.Type = svc.Logging.Driver
		maps.Copy(h.LogConfig.Config, svc.Logging.Options)
	}
	h.RestartPolicy = restart(svc)
	h.CapAdd, h.CapDrop = svc.CapAdd, svc.CapDrop
	h.CgroupParent = svc.CgroupParent
	h.DNS, h.DNSOptions, h.DNSSearch = svc.DNS, svc.DNSOpts, svc.DNSSearch
	h.ExtraHosts = svc.ExtraHosts.AsList(":")
	sort.Strings(h.ExtraHosts)
	h.GroupAdd = svc.GroupAdd
	h.UTSMode, h.UsernsMode = svc.Uts, svc.UserNSMode
	h.OomKillDisable, h.OomScoreAdj = svc.OomKillDisable, svc.OomScoreAdj
	h.Privileged, h.ReadonlyRootfs = svc.Privileged, svc.ReadOnly
	h.SecurityOpt, h.StorageOpt = svc.SecurityOpt, svc.StorageOpt
	h.ShmSize, h.Sysctls = int64(svc.ShmSize), svc.Sysctls
	h.Runtime, h.Init = svc.Runtime, svc.Init
	h.CPUShares, h.CPUPeriod, h.CPUQuota, h.CpusetCpus = svc.CPUShares, svc.CPUPeriod, svc.CPUQuota, svc.CPUSet
	h.NanoCPUs = int64(math.Round(float64(svc.CPUS) * 1e9))
	h.Memory, h.MemoryReserved, h.MemorySwap = int64(svc.MemLimit), int64(svc.MemReservation), int64(svc.MemSwapLimit)
	h.PidsLimit = svc.PidsLimit
	if d := svc.Deploy; d != nil {
		if l := d.Resources.Limits; l != nil {
			if l.NanoCPUs != 0 {
				h.NanoCPUs = int64(math.Round(float64(l.NanoCPUs) * 1e9))
			}
			if l.MemoryBytes != 0 {
				h.Memory = int64(l.MemoryBytes)
			}
		}
		if r := d.Resources.Reservations; r != nil && r.MemoryBytes != 0 {
			h.MemoryReserved = int64(r.MemoryBytes)
		}
	}
	for _, d := range svc.Devices {
		h.Devices = append(h.Devices, device{d.Source, d.Target, d.Permissions})
	}
	for _, name := range slices.Sorted(maps.Keys(svc.Ulimits)) {
		u := svc.Ulimits[name]
		if u.Single != 0 {
			h.Ulimits = append(h.Ulimits, ulimit{name, u.Single, u.Single})
		} else {
			h.Ulimits = append(h.Ulimits, ulimit{name, u.Soft, u.Hard})
		}
	}
	for _, t := range svc.Tmpfs {
		path, options, _ := strings.Cut(t, ":")
		if h.Tmpfs == nil {
			h.Tmpfs = map[string]string{}
		}
		h.Tmpfs[path] = options
	}
	for _, from := range svc.VolumesFrom {
		resolved, err := s.volumesFrom(ctx, from)
		if err != nil {
			return err
		}
		h.VolumesFrom = append(h.VolumesFrom, resolved)
	}
	for _, namespace := range []struct {
		mode string
		to   *string
	}{{svc.Pid, &h.PidMode}, {svc.Ipc, &h.IpcMode}, {svc.NetworkMode, &h.NetworkMode}} {
		resolved, err := s.namespace(ctx, namespace.mode)
		if err != nil {
			return err
		}
		*namespace.to = resolved
	}
	return nil
}

// namespace replaces service:NAME by the container of that service.
func (s *session) namespace(ctx context.Context, mode string) (string, error) {
	name, ok := strings.CutPrefix(mode, types.ServicePrefix)
	if !ok {
		return mode, nil
	}
	containers, err := s.containers(ctx, query{services: []string{name}})
	if err != nil {
		return "", err
	}
	if len(containers) == 0 {
		return "", fmt.Errorf("cannot share a namespace with container of service %s: it is not running", name)
	}
	return types.ContainerPrefix + containers[0].id, nil
}

// volumesFrom replaces SERVICE[:MODE] or container:NAME[:MODE] by CONTAINER:MODE.
func (s *session) volumesFrom(ctx context.Context, from string) (string, error) {
	if rest, ok := strings.CutPrefix(from, types.ContainerPrefix); ok {
		return rest, nil
	}
	name, mode, ok := strings.Cut(from, ":")
	if !ok {
		mode = "rw"
	}
	containers, err := s.containers(ctx, query{services: []string{name}, all: true})
	if err != nil {
		return "", err
	}
	if len(containers) == 0 {
		return "", fmt.Errorf("no container of service %s to take volumes from", name)
	}
	return containers[0].id + ":" + mode, nil
}

func restart(svc types.ServiceConfig) restartPolicy {
	if svc.Deploy != nil && svc.Deploy.RestartPolicy != nil {
		names := map[string]string{"": "always", "any": "always", "none": "no", "on-failure": "on-failure"}
		p := restartPolicy{Name: names[svc.Deploy.RestartPolicy.Condition]}
		if n := svc.Deploy.RestartPolicy.MaxAttempts; n != nil {
			p.MaximumRetryCount = int(*n)
		}
		return p
	}
	name, count, _ := strings.Cut(svc.Restart, ":")
	n, _ := strconv.Atoi(count)
	return restartPolicy{name, n}
}

// volumes sets the binds and mounts. A container that replaces another keeps its anonymous volumes.
func (s *session) volumes(svc types.ServiceConfig, c newContainer, req *createRequest) {
	covered := map[string]bool{}
	var anonymous []string
	for _, v := range svc.Volumes {
		covered[v.Target] = true
		switch {
		case v.Type == types.VolumeTypeBind && s.project.makesSource(svc.Name, v):
			req.HostConfig.Binds = append(req.HostConfig.Binds, bind(v.Source, v))
			req.Volumes[v.Target] = struct{}{}
		case v.Type == types.VolumeTypeVolume && v.Source == "":
			anonymous = append(anonymous, v.Target)
			req.Volumes[v.Target] = struct{}{}
		case v.Type == types.VolumeTypeVolume && (v.Volume == nil || !v.Volume.NoCopy && v.Volume.Subpath == ""):
			req.HostConfig.Binds = append(req.HostConfig.Binds, bind(s.volumeName(v.Source), v))
			req.Volumes[v.Target] = struct{}{}
		default:
			m := mount{Type: v.Type, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly}
			if v.Type == types.VolumeTypeVolume {
				m.Source = s.volumeName(v.Source)
				m.VolumeOptions = map[string]any{"NoCopy": v.Volume.NoCopy}
			}
			if v.Type == types.VolumeTypeTmpfs && v.Tmpfs != nil {
				m.TmpfsOptions = map[string]any{"SizeBytes": int64(v.Tmpfs.Size), "Mode": v.Tmpfs.Mode}
			}
			req.HostConfig.Mounts = append(req.HostConfig.Mounts, m)
		}
	}
	if c.previous == nil {
		return
	}
	for target := range c.previous.Config.Volumes {
		if !covered[target] {
			anonymous = append(anonymous, target) // from the image
		}
	}
	for _, m := range c.previous.Mounts {
		if m.Type == types.VolumeTypeVolume && slices.Contains(anonymous, m.Destination) {
			req.HostConfig.Binds = append(req.HostConfig.Binds, m.Name+":"+m.Destination+":rw")
		}
	}
}

// makesSource reports whether the source of a bind is made if it is missing: not that of the long syntax in
// 1.29.2, and not where the file says so.
func (p *Project) makesSource(service string, v types.ServiceVolumeConfig) bool {
	list, _ := p.raw[service]["volumes"].([]any)
	long := slices.ContainsFunc(list, func(raw any) bool {
		m, ok := raw.(map[string]any)
		return ok && m["target"] == v.Target
	})
	return (v.Bind == nil || bool(v.Bind.CreateHostPath)) && (p.look != V1 || !long)
}

// makeSources makes the missing sources of the binds of a process of this machine, below the directory of the
// project. The embedded engine refuses others.
func (s *session) makeSources(binds []string) error {
	for _, b := range binds {
		if source, _, _ := strings.Cut(b, ":"); filepath.IsAbs(source) && Within(s.project.WorkingDir, source) {
			if err := os.MkdirAll(source, 0o755); err != nil && !errors.Is(err, syscall.ENOTDIR) { // it is a file
				return err
			}
		}
	}
	return nil
}

func bind(source string, v types.ServiceVolumeConfig) string {
	mode := "rw"
	if v.ReadOnly {
		mode = "ro"
	}
	if v.Bind != nil && v.Bind.SELinux != "" {
		mode += "," + v.Bind.SELinux
	}
	if v.Bind != nil && v.Bind.Propagation != "" {
		mode += "," + v.Bind.Propagation
	}
	return source + ":" + v.Target + ":" + mode
}

// volumeName returns the engine's name of a volume in the file.
func (s *session) volumeName(key string) string {
	if v, ok := s.project.Volumes[key]; ok && v.Name != "" {
		return v.Name
	}
	return key
}

// secrets mounts the files of secrets and configs, read-only.
func (s *session) secrets(svc types.ServiceConfig, req *createRequest) error {
	add := func(kind, folder string, ref types.FileReferenceConfig, object types.FileObjectConfig, known bool) error {
		switch {
		case !known:
			return fmt.Errorf("service %q refers to undefined %s %q", svc.Name, kind, ref.Source)
		case bool(object.External) || object.File == "":
			return fmt.Errorf("service %q uses %s %q, which is not in a file: not supported", svc.Name, kind, ref.Source)
		}
		if _, err := os.Stat(object.File); err != nil {
			return err
		}
		target := ref.Target
		if target == "" {
			target = ref.Source
		}
		if !strings.HasPrefix(target, "/") {
			target = folder + target
		}
		req.HostConfig.Mounts = append(req.HostConfig.Mounts,
			mount{Type: types.VolumeTypeBind, Source: object.File, Target: target, ReadOnly: true})
		return nil
	}
	for _, ref := range svc.Secrets {
		object, known := s.project.Secrets[ref.Source]
		if err := add("secret", "/run/secrets/", types.FileReferenceConfig(ref), types.FileObjectConfig(object), known); err != nil {
			return err
		}
	}
	for _, ref := range svc.Configs {
		object, known := s.project.Configs[ref.Source]
		if err := add("config", "/", types.FileReferenceConfig(ref), types.FileObjectConfig(object), known); err != nil {
			return err
		}
	}
	return nil
}

// networks returns the engine's names of a service's networks with their settings. The first is the
// one in which the container is created.
func (s *session) networks(svc types.ServiceConfig) []serviceNetwork {
	var out []serviceNetwork
	if svc.NetworkMode != "" {
		return nil
	}
	for _, key := range svc.NetworksByPriority() {
		settings := svc.Networks[key]
		if settings == nil {
			settings = &types.ServiceNetworkConfig{}
		}
		out = append(out, serviceNetwork{s.project.Networks[key].Name, settings})
	}
	return out
}

type serviceNetwork struct {
	name string
	*types.ServiceNetworkConfig
}

func (s *session) endpoint(svc types.ServiceConfig, n serviceNetwork, c newContainer) *endpoint {
	e := &endpoint{MacAddress: n.MacAddress}
	if c.oneOff == nil {
		e.Aliases = append(s.style.create.aliases(svc, c.name), n.Aliases...)
	}
	if n.Ipv4Address != "" || n.Ipv6Address != "" || len(n.LinkLocalIPs) > 0 {
		e.IPAMConfig = &ipamConfig{n.Ipv4Address, n.Ipv6Address, n.LinkLocalIPs}
	}
	return e
}

// network sets the first network. The engine accepts only one at creation; the others are connected
// before the start.
func (s *session) network(svc types.ServiceConfig, c newContainer, req *createRequest) {
	networks := s.networks(svc)
	if len(networks) == 0 {
		if req.HostConfig.NetworkMode == "" {
			req.HostConfig.NetworkMode = "none"
		}
		return
	}
	first := networks[0]
	req.HostConfig.NetworkMode = first.name
	req.NetworkingConfig = &networkingConfig{map[string]*endpoint{first.name: s.endpoint(svc, first, c)}}
}
