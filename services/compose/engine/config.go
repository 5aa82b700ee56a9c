package engine

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// config describes the process of an image or a container. Its names are those of the API. Other
// fields have no effect on a process here; one that would have an effect in Docker is refused.
type config struct {
	Hostname     string
	Domainname   string
	User         string
	AttachStdin  bool
	AttachStdout bool
	AttachStderr bool
	ExposedPorts map[string]struct{} `json:",omitempty"`
	Tty          bool
	OpenStdin    bool
	StdinOnce    bool
	Env          []string
	Cmd          words
	Healthcheck  *healthcheck `json:",omitempty"`
	Image        string
	Volumes      map[string]struct{}
	WorkingDir   string
	Entrypoint   words
	MacAddress   string          `json:",omitempty"`
	OnBuild      json.RawMessage // always null; docker-compose expects the field
	Labels       map[string]string
	StopSignal   string `json:",omitempty"`
	StopTimeout  *int   `json:",omitempty"`
}

// words is a command: an array, or one string that stands for an array of one.
type words []string

// UnmarshalJSON implements [json.Unmarshaler].
func (w *words) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*w = nil
		if one != "" {
			*w = words{one}
		}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(w))
}

// healthcheck is a probe; durations are in nanoseconds, and 0 means the default.
type healthcheck struct {
	Test          []string      `json:",omitempty"`
	Interval      time.Duration `json:",omitempty"`
	Timeout       time.Duration `json:",omitempty"`
	StartPeriod   time.Duration `json:",omitempty"`
	StartInterval time.Duration `json:",omitempty"`
	Retries       int           `json:",omitempty"`
}

// process reports whether a container is a process of the machine.
func (c *config) process() bool { return c.Labels[processLabel] != "" }

// check refuses settings that the engine cannot apply to a process.
func (c *config) check() error {
	for _, field := range []struct{ name, value, instead string }{
		{"Domainname", c.Domainname, "a container has a host name only"},
		{"MacAddress", c.MacAddress, "its networks are made of loopback connections"},
	} {
		if field.value != "" {
			return badRequest("%s %q is not supported by the embedded engine: %s", field.name, field.value, field.instead)
		}
	}
	for path := range c.Volumes {
		if c.process() {
			break
		}
		return badRequest("a volume at %s is not supported by the embedded engine: %s", path, ownFiles)
	}
	for port := range c.ExposedPorts {
		if _, err := portNumber(port); err != nil {
			return err
		}
	}
	if c.StopSignal != "" {
		if _, err := signalNumber(c.StopSignal); err != nil {
			return err
		}
	}
	if h := c.Healthcheck; h != nil && len(h.Test) > 0 {
		if kind := h.Test[0]; kind != "NONE" && kind != "CMD" && kind != "CMD-SHELL" {
			return badRequest("Unknown type '%s' in HEALTHCHECK (try CMD)", kind)
		}
	}
	return nil
}

// over returns the configuration of a container merged with its image's, as Docker merges them.
func (c config) over(image config) config {
	if len(c.Entrypoint) == 0 {
		if len(c.Cmd) == 0 {
			c.Cmd = image.Cmd
		}
		c.Entrypoint = image.Entrypoint
	} else if len(c.Entrypoint) == 1 && c.Entrypoint[0] == "" {
		c.Entrypoint = nil // [""] means none instead of the image's
	}
	c.Env = mergeEnv(image.Env, c.Env)
	c.ExposedPorts = merged(image.ExposedPorts, c.ExposedPorts)
	c.Labels = merged(image.Labels, c.Labels)
	if c.WorkingDir == "" {
		c.WorkingDir = image.WorkingDir
	}
	if c.StopSignal == "" {
		c.StopSignal = image.StopSignal
	}
	switch {
	case c.Healthcheck == nil || len(c.Healthcheck.Test) == 0 && image.Healthcheck == nil:
		c.Healthcheck = image.Healthcheck
	case len(c.Healthcheck.Test) == 0:
		h := *c.Healthcheck
		h.Test = image.Healthcheck.Test
		c.Healthcheck = &h
	}
	return c
}

func merged[V any](under, over map[string]V) map[string]V {
	m := maps.Clone(under)
	if m == nil {
		m = map[string]V{}
	}
	maps.Copy(m, over)
	return m
}

// mergeEnv merges variables into others. A name without "=" removes a variable.
func mergeEnv(under, over []string) []string {
	env := slices.Clone(under)
	for _, set := range over {
		name, _, assigned := strings.Cut(set, "=")
		i := slices.IndexFunc(env, func(s string) bool { return strings.HasPrefix(s, name+"=") })
		switch {
		case i >= 0 && assigned:
			env[i] = set
		case i >= 0:
			env = slices.Delete(env, i, i+1)
		case assigned:
			env = append(env, set)
		}
	}
	return env
}

// hostConfig is the supported part of a container's HostConfig.
type hostConfig struct {
	NetworkMode     string
	RestartPolicy   restartPolicy
	PortBindings    map[string][]portBinding
	PublishAllPorts bool
	AutoRemove      bool
	LogConfig       logConfig
	Links           []string
	Binds           []string
	Mounts          []requestedMount
	Ulimits         []ulimit
	Memory          int64     // the limit in bytes; 0 for none
	MemorySwap      int64     // that of memory and swap together; -1 for none
	ConsoleSize     [2]uint16 // rows and columns of the terminal

	raw map[string]json.RawMessage // the request, for inspect
}

type portBinding struct {
	HostIP   string `json:"HostIp"`
	HostPort string
}

type logConfig struct {
	Type   string
	Config map[string]string
}

// The supported fields, and fields that have no effect here because they only choose among Docker's
// implementations.
var hostFields = []string{
	"NetworkMode", "RestartPolicy", "PortBindings", "PublishAllPorts", "AutoRemove", "LogConfig", "Links",
	"ConsoleSize", "Init", "MaskedPaths", "ReadonlyPaths", "Memory", "MemorySwap",
}

// processFields are supported for processes of the machine.
var processFields = []string{"Binds", "Mounts", "Ulimits"}

// The values, besides empty ones, that ask for nothing.
var hostDefaults = map[string][]string{
	"CgroupnsMode":     {`"host"`, `"private"`},
	"IpcMode":          {`"private"`, `"shareable"`},
	"Isolation":        {`"default"`},
	"MemorySwappiness": {`-1`},
	"PidMode":          {`"private"`},
	"Runtime":          {`"runc"`},
	"PidsLimit":        {`-1`},
}

const ownFiles = "its containers see the files of the machine; COPY what a service needs into its image"

// hostReasons explain the refusal of common fields.
var hostReasons = map[string]string{
	"Binds":       ownFiles,
	"Mounts":      ownFiles,
	"VolumesFrom": ownFiles,
	"Tmpfs":       ownFiles,
	"Dns":         "names are those of the containers on its networks",
	"ExtraHosts":  "names are those of the containers on its networks",
	"CpuQuota":    "its processes have no such limits", "CpuPeriod": "its processes have no such limits",
	"CpuShares": "its processes have no such limits", "CpusetCpus": "its processes have no such limits",
	"NanoCpus":  "its processes have no such limits",
	"PidsLimit": "its processes have no such limits", "Ulimits": "its processes have no such limits",
}

// readHostConfig reads the HostConfig of a process of the machine, or of an image.
func readHostConfig(data json.RawMessage, process bool) (hostConfig, error) {
	h := hostConfig{raw: map[string]json.RawMessage{}}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &h); err != nil {
			return h, badRequest("invalid HostConfig: %v", err)
		}
		if err := json.Unmarshal(data, &h.raw); err != nil {
			return h, badRequest("invalid HostConfig: %v", err)
		}
	}
	if h.raw == nil { // null
		h.raw = map[string]json.RawMessage{}
	}
	for _, name := range slices.Sorted(maps.Keys(h.raw)) {
		value := h.raw[name]
		if slices.Contains(hostFields, name) || process && slices.Contains(processFields, name) ||
			slices.Contains(hostDefaults[name], string(value)) || empty(value) {
			continue
		}
		reason := hostReasons[name]
		if reason == "" {
			reason = "its containers are ordinary processes"
		}
		return h, badRequest("HostConfig.%s %s is not supported by the embedded engine: %s", name, value, reason)
	}
	if err := h.normalise(); err != nil {
		return h, err
	}
	for name, value := range map[string]any{
		"Memory": h.Memory, "MemorySwap": h.MemorySwap, "NetworkMode": h.NetworkMode, "RestartPolicy": h.RestartPolicy,
		"PortBindings": h.PortBindings, "LogConfig": h.LogConfig,
	} {
		b, err := json.Marshal(value)
		if err != nil {
			return h, err
		}
		h.raw[name] = b
	}
	return h, nil
}

func (h *hostConfig) normalise() error {
	switch { // the texts are Docker's
	case h.Memory != 0 && h.Memory < 6<<20:
		return badRequest("Minimum memory limit allowed is 6MB")
	case h.Memory > 0 && h.MemorySwap > 0 && h.MemorySwap < h.Memory:
		return badRequest("Minimum memoryswap limit should be larger than memory limit, see usage")
	case h.Memory == 0 && h.MemorySwap > 0:
		return badRequest("You should always set the Memory limit when using Memoryswap limit, see usage")
	case h.Memory > 0 && h.MemorySwap == 0:
		h.MemorySwap = 2 * h.Memory
	}
	switch h.NetworkMode {
	case "", "default":
		h.NetworkMode = "default"
	case "host":
		return badRequest("network mode host is not supported by the embedded engine: publish the ports instead")
	}
	if strings.HasPrefix(h.NetworkMode, "container:") {
		return badRequest("network mode %s is not supported by the embedded engine: put both containers on one network", h.NetworkMode)
	}
	switch p := &h.RestartPolicy; p.Name {
	case "":
		p.Name = "no"
	case "no", "always", "unless-stopped":
		if p.MaximumRetryCount != 0 {
			return badRequest("invalid restart policy: maximum retry count can only be used with 'on-failure'")
		}
	case "on-failure":
		if p.MaximumRetryCount < 0 {
			return badRequest("invalid restart policy: maximum retry count cannot be negative")
		}
	default:
		return badRequest("invalid restart policy: unknown policy '%s'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'", p.Name)
	}
	if h.RestartPolicy.Name != "no" && h.AutoRemove {
		return badRequest("can't create 'AutoRemove' container with restart policy")
	}
	for port, bindings := range h.PortBindings {
		if _, err := portNumber(port); err != nil {
			return err
		}
		for _, b := range bindings {
			if err := b.check(); err != nil {
				return err
			}
		}
	}
	switch h.LogConfig.Type {
	case "":
		h.LogConfig.Type = "json-file"
	case "json-file", "none":
	default:
		return badRequest("logging driver %s is not supported by the embedded engine: use json-file", h.LogConfig.Type)
	}
	if h.LogConfig.Config == nil {
		h.LogConfig.Config = map[string]string{}
	}
	_, err := h.LogConfig.size(0)
	return err
}

// size returns the bound of the log in bytes, which options may set.
func (l logConfig) size(usual int64) (int64, error) {
	if l.Type == "none" {
		return 0, nil
	}
	size, files := usual, int64(1)
	for name, value := range l.Config {
		var err error
		switch name {
		case "max-size":
			size, err = bytesOf(value)
		case "max-file":
			files, err = strconv.ParseInt(value, 10, 64)
		default:
			return 0, badRequest("log option %s is not supported by the embedded engine: use max-size and max-file", name)
		}
		if err != nil || size < 0 || files < 1 {
			return 0, badRequest("invalid value for %s: %s", name, value)
		}
	}
	if size == 0 || files > usual/size {
		return usual, nil // the engine's own bound applies as well
	}
	return size * files, nil
}

// bytesOf parses a size such as 10m.
func bytesOf(s string) (int64, error) {
	s = strings.TrimSuffix(strings.ToLower(s), "b")
	shift := 0
	if i := strings.IndexAny(s, "kmg"); i >= 0 && i == len(s)-1 {
		shift = 10 * (strings.IndexByte("kmg", s[i]) + 1)
		s = s[:i]
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return n << shift, err
}

// empty reports whether a value asks for nothing: null, false, 0, "", or an array or object of such
// values.
func empty(data json.RawMessage) bool {
	var v any
	if json.Unmarshal(data, &v) != nil {
		return false
	}
	return emptyValue(v)
}

func emptyValue(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v == 0
	case string:
		return v == ""
	case []any:
		return !slices.ContainsFunc(v, func(x any) bool { return !emptyValue(x) })
	case map[string]any:
		for _, x := range v {
			if !emptyValue(x) {
				return false
			}
		}
		return true
	}
	return false
}

// portNumber returns the number of a port such as 80/tcp.
func portNumber(port string) (int, error) {
	number, protocol, _ := strings.Cut(port, "/")
	if protocol != "" && protocol != "tcp" {
		return 0, badRequest("port %s is not supported by the embedded engine: only TCP ports are", port)
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > 65535 {
		return 0, badRequest("invalid port %s", port)
	}
	return n, nil
}

// portName returns the canonical form of a port: 80/tcp.
func portName(port string) string {
	number, _, _ := strings.Cut(port, "/")
	return number + "/tcp"
}
