package compose

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// extension is the attribute of a service with the process of this machine that replaces
// it on the embedded engine:
//
//	x-workshop:
//	  command: ["./server", "--verbose"]   # or a line for the shell
//	  working_dir: server                  # relative to the Compose file
//	  ready: {log: listening}              # and {port: 8080}, {timeout: 10s}
//
// The process opens the port whose number is in PORT (PORT_8080, for each of several).
// With a ready, it counts as started when that condition holds. The directories of the service's
// volumes are in variables: VOLUME_VAR_LIB_DATA for /var/lib/data.
const extension = "x-workshop"

// local is the process that replaces a service.
type local struct {
	command []string
	dir     string // absolute
	ready   *readyWhen
	only    bool     // the service has neither an image nor a build for other engines
	unused  []string // the attributes that other engines need, and a process cannot have
}

// readyWhen is the condition for a process to be ready. Its form is that of the engine's label.
type readyWhen struct {
	Log     string        `json:",omitempty"`
	Port    int           `json:",omitempty"`
	Timeout time.Duration `json:",omitempty"`
}

// The labels that pass this to the embedded engine:
const (
	labelProcess = "workshop.process"
	labelReady   = "workshop.ready"
	// labelServices names the other services, with their ports.
	labelServices = "workshop.services"
)

// baseImage is the embedded engine's image with the machine's programs.
const baseImage = "workshop"

// readExtensions reads the x-workshop of each service from the merged file.
func (p *Project) readExtensions(working string) error {
	p.local = map[string]*local{}
	for name, raw := range p.raw {
		value, ok := raw[extension]
		if !ok {
			continue
		}
		l, wrong, err := readExtension(value, working)
		if err != nil {
			return p.errorAt(append([]string{"services", name, extension}, wrong...), err.Error())
		}
		l.only = raw["image"] == nil && raw["build"] == nil
		p.local[name] = l
	}
	return nil
}

// readExtension returns, with an error, the path of the wrong value.
func readExtension(value any, working string) (l *local, wrong []string, err error) {
	l = &local{dir: working}
	m, ok := value.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("%s must be a mapping with a command", extension)
	}
	for key, v := range m {
		switch key {
		case "command":
			if l.command, ok = words(v); !ok {
				return nil, []string{key}, fmt.Errorf("command must be a line for the shell, or a list of words")
			}
		case "working_dir":
			dir, ok := v.(string)
			if !ok {
				return nil, []string{key}, fmt.Errorf("working_dir must be a path")
			}
			l.dir = absolute(working, dir)
		case "ready":
			if l.ready, wrong, err = readReady(v); err != nil {
				return nil, append([]string{key}, wrong...), err
			}
		default:
			return nil, []string{key}, fmt.Errorf("unknown attribute %s of %s: there are command, working_dir and ready", key, extension)
		}
	}
	if len(l.command) == 0 {
		return nil, nil, fmt.Errorf("%s needs a command", extension)
	}
	return l, nil, nil
}

func readReady(value any) (r *readyWhen, wrong []string, err error) {
	m, ok := value.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("ready must be a mapping with a log or a port")
	}
	r = &readyWhen{}
	for key, v := range m {
		text := fmt.Sprint(v)
		switch key {
		case "log":
			r.Log = text
		case "port":
			r.Port, err = strconv.Atoi(text)
			if err != nil || r.Port < 1 || r.Port > 65535 {
				return nil, []string{key}, fmt.Errorf("port must be a number from 1 to 65535")
			}
		case "timeout":
			r.Timeout, err = time.ParseDuration(text)
			if err != nil || r.Timeout <= 0 {
				return nil, []string{key}, fmt.Errorf("timeout must be a duration such as 10s")
			}
		default:
			return nil, []string{key}, fmt.Errorf("unknown attribute %s of ready: there are log, port and timeout", key)
		}
	}
	if r.Log == "" && r.Port == 0 {
		return nil, nil, fmt.Errorf("ready needs a log or a port")
	}
	return r, nil, nil
}

// words returns the words of a command. A single string is a line for the shell.
func words(value any) ([]string, bool) {
	switch v := value.(type) {
	case string:
		return []string{"/bin/sh", "-c", v}, v != ""
	case []any:
		var out []string
		for _, w := range v {
			switch w.(type) {
			case string, int, float64, bool:
				out = append(out, fmt.Sprint(w))
			default:
				return nil, false
			}
		}
		return out, len(out) > 0
	}
	return nil, false
}

// withImages adds an image to services that have only a local process, because the libraries
// require one.
func (p *Project) withImages(details *types.ConfigDetails) error {
	if !slices.ContainsFunc(slices.Collect(maps.Values(p.local)), func(l *local) bool { return l.only }) {
		return nil
	}
	for i := range details.ConfigFiles {
		file := &details.ConfigFiles[i]
		var document map[string]any
		if err := yaml.Unmarshal(file.Content, &document); err != nil {
			return err
		}
		services, _ := document["services"].(map[string]any)
		changed := false
		for name, l := range p.local {
			if service, ok := services[name].(map[string]any); ok && l.only {
				service["image"] = baseImage
				p.raw[name]["image"] = baseImage
				changed = true
			}
		}
		if changed {
			file.Config = document
		}
	}
	return nil
}

// standIn replaces services by their local processes.
func (p *Project) standIn() {
	for name, l := range p.local {
		for _, all := range []types.Services{p.Services, p.DisabledServices} {
			svc, ok := all[name]
			if !ok {
				continue
			}
			svc.Image, svc.Build, svc.Entrypoint = baseImage, nil, nil
			svc.Command, svc.WorkingDir = l.command, l.dir
			svc.Labels = svc.Labels.Add(labelProcess, "1")
			if l.ready != nil {
				text, _ := json.Marshal(l.ready) // all its values can be encoded
				svc.Labels = svc.Labels.Add(labelReady, string(text))
			}
			all[name] = svc
		}
		raw := p.raw[name] // the input of V1's hash
		l.unused = p.leaveOut(name)
		delete(raw, "build")
		delete(raw, "entrypoint")
		raw["image"], raw["working_dir"] = baseImage, l.dir
		raw["command"] = slices.Clone(l.command)
		if l.ready != nil {
			raw["command"] = append(slices.Clone(l.command), fmt.Sprint(*l.ready))
		}
	}
	p.leaveOutNetworks()
}

// ofProcesses are further attributes, which a process of the machine can have.
var ofProcesses = []string{"ulimits", "user", "volumes"}

// leaveOut removes the attributes that the embedded engine does not support from a service, and
// returns their names.
func (p *Project) leaveOut(name string) (unused []string) {
	raw := p.raw[name]
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if !slices.Contains(understood, key) && !slices.Contains(ofProcesses, key) && !strings.HasPrefix(key, "x-") && !without(raw[key]) {
			unused = append(unused, key)
			delete(raw, key)
		}
	}
	deploy, _ := raw["deploy"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(deploy)) {
		if !slices.Contains(understoodDeploy, key) && key != "resources" && !without(deploy[key]) {
			unused = append(unused, "deploy: "+key)
			delete(deploy, key)
		}
	}
	for _, path := range otherResources(deploy) {
		unused = append(unused, "deploy: "+strings.Join(path, "."))
		delete(deploy[path[0]].(map[string]any)[path[1]].(map[string]any), path[2])
	}
	for _, all := range []types.Services{p.Services, p.DisabledServices} {
		svc, ok := all[name]
		if !ok {
			continue
		}
		for _, field := range reflect.VisibleFields(reflect.TypeOf(svc)) {
			key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			if slices.Contains(unused, key) {
				reflect.ValueOf(&svc).Elem().FieldByIndex(field.Index).SetZero()
			}
		}
		if svc.Deploy != nil {
			limits := svc.Deploy.Resources.Limits
			svc.Deploy.Resources = types.Resources{}
			if limits != nil && limits.MemoryBytes != 0 {
				svc.Deploy.Resources.Limits = &types.Resource{MemoryBytes: limits.MemoryBytes}
			}
		}
		svc.Volumes = slices.DeleteFunc(svc.Volumes, func(v types.ServiceVolumeConfig) bool {
			foreign := v.Type != types.VolumeTypeBind && v.Type != types.VolumeTypeVolume
			if foreign {
				unused = append(unused, "volumes: "+v.Type)
			}
			return foreign
		})
		unused = append(unused, leaveOutParts(raw, &svc)...)
		all[name] = svc
	}
	return unused
}

// leaveOutParts removes parts of attributes that a process cannot have from a service, and returns their
// names. Its UDP ports are left out when its container is created: their positions in the file would change.
func leaveOutParts(raw map[string]any, svc *types.ServiceConfig) (unused []string) {
	if platform, ok := raw["platform"].(string); ok && !strings.HasPrefix(platform, "linux") {
		unused = append(unused, "platform")
		delete(raw, "platform")
		svc.Platform = ""
	}
	logging, _ := raw["logging"].(map[string]any)
	options, _ := logging["options"].(map[string]any)
	for _, option := range slices.Sorted(maps.Keys(options)) {
		if !slices.Contains(understoodLogging, option) {
			unused = append(unused, "logging: "+option)
			delete(options, option)
			delete(svc.Logging.Options, option)
		}
	}
	networks, _ := raw["networks"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		settings, _ := networks[name].(map[string]any)
		for _, option := range slices.Sorted(maps.Keys(settings)) {
			if option != "aliases" && !without(settings[option]) {
				unused = append(unused, "networks: "+option)
				delete(settings, option)
				svc.Networks[name] = &types.ServiceNetworkConfig{Aliases: svc.Networks[name].Aliases}
			}
		}
	}
	for _, port := range svc.Ports {
		if proto := protocol(port.Protocol); proto != "tcp" {
			unused = append(unused, fmt.Sprintf("ports: %d/%s", port.Target, proto))
		}
	}
	return unused
}

// leaveOutNetworks removes the attributes that the embedded engine does not support from networks that
// only processes of this machine use.
func (p *Project) leaveOutNetworks() {
	p.unusedNetworks = map[string][]string{}
	for name, raw := range p.networksRaw {
		others := slices.ContainsFunc(slices.Collect(maps.Values(p.AllServices())), func(svc types.ServiceConfig) bool {
			_, uses := svc.Networks[name]
			return uses && p.local[svc.Name] == nil
		})
		if others {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(raw)) {
			if !understoodNetwork(key, raw[key]) {
				p.unusedNetworks[name] = append(p.unusedNetworks[name], key)
				delete(raw, key)
			}
		}
		if n, ok := p.Networks[name]; ok && len(p.unusedNetworks[name]) > 0 {
			p.Networks[name] = types.NetworkConfig{Name: n.Name, External: n.External, Labels: n.Labels}
		}
	}
}

// errorAt returns a mistake at a path of the file.
func (p *Project) errorAt(path []string, message string) *FileError {
	e := &FileError{File: p.files[0], Message: strings.TrimSpace(message)}
	p.place(e, path)
	return e
}
