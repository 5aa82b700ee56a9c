package compose

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
)

// docker-compose 1.29.2 detects a changed service by a hash of its options, which is a label of its
// containers. To recognise each other's containers, both commands must hash the same options: the
// file's values nearly as written, which compose-go's model no longer has. The functions below
// bring the written values into that form. `config` prints it, too.

// legacyPort is one published or exposed port.
type legacyPort struct {
	target, published any // int, string or nil
	protocol, mode    any
	externalIP        any
}

// MarshalJSON returns the hashed form.
func (p legacyPort) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{p.target, p.published, p.protocol, p.mode, p.externalIP})
}

// yaml returns the form that `config` prints.
func (p legacyPort) yaml() any {
	if p.externalIP != nil {
		proto := "tcp"
		if p.protocol != nil {
			proto = fmt.Sprint(p.protocol)
		}
		published := ""
		if p.published != nil {
			published = fmt.Sprint(p.published)
		}
		return fmt.Sprintf("%v:%s:%v/%s", p.externalIP, published, p.target, proto)
	}
	out := map[string]any{}
	for key, value := range map[string]any{"target": p.target, "published": p.published, "protocol": p.protocol, "mode": p.mode} {
		if value != nil {
			out[key] = value
		}
	}
	return out
}

// legacyVolume is a volume in the short syntax.
type legacyVolume struct {
	external any // string or nil
	internal string
	mode     string
}

// MarshalJSON returns the hashed form.
func (v legacyVolume) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{v.external, v.internal, v.mode})
}

func (v legacyVolume) yaml() any {
	if v.external == nil {
		return v.internal
	}
	return fmt.Sprintf("%v:%s:%s", v.external, v.internal, v.mode)
}

// legacySecurity is a security option: the value, and the file that holds it.
type legacySecurity string

// MarshalJSON returns the hashed form.
func (o legacySecurity) MarshalJSON() ([]byte, error) { return json.Marshal([]any{string(o), nil}) }

// legacyService returns a service in docker-compose's own form.
func (p *Project) legacyService(name string) map[string]any {
	out := map[string]any{}
	for key, value := range p.raw[name] {
		if !strings.HasPrefix(key, "x-") {
			out[key] = value
		}
	}
	delete(out, "extends")
	p.legacyEnvironment(out)
	if b, ok := out["build"]; ok {
		out["build"] = p.legacyBuild(b)
	}
	for key, convert := range map[string]func(any) any{
		"labels":      func(v any) any { return stringValues(mapping(v)) },
		"sysctls":     func(v any) any { return stringValues(mapping(v)) },
		"depends_on":  legacyDependencies,
		"dns":         list,
		"dns_search":  list,
		"tmpfs":       list,
		"healthcheck": legacyHealthcheck,
		"ports":       legacyPorts,
		"volumes":     p.legacyVolumes,
		"networks":    legacyNetworks,
		"restart":     legacyRestart,
		"secrets":     legacyReferences,
		"configs":     legacyReferences,
		"security_opt": func(v any) any {
			var out []any
			for _, option := range list(v).([]any) {
				out = append(out, legacySecurity(fmt.Sprint(option)))
			}
			return out
		},
	} {
		if value, ok := out[key]; ok {
			out[key] = convert(value)
		}
	}
	return out
}

func (p *Project) legacyEnvironment(out map[string]any) {
	given, has := out["environment"]
	files, hasFiles := out["env_file"]
	if !has && !hasFiles {
		return
	}
	env := map[string]any{}
	for _, file := range list(files).([]any) {
		name, _ := file.(string)
		values, err := dotenv.ReadFile(absolute(p.WorkingDir, name), nil)
		if err == nil {
			for key, value := range values {
				env[key] = value
			}
		}
	}
	maps.Copy(env, mapping(given))
	for key, value := range env {
		if value != nil {
			continue
		}
		if fromOutside, ok := p.environment[key]; ok {
			env[key] = fromOutside
		}
	}
	out["environment"] = env
	delete(out, "env_file")
}

func (p *Project) legacyBuild(v any) any {
	build, ok := v.(map[string]any)
	if !ok {
		build = map[string]any{"context": v}
	}
	build = maps.Clone(build)
	if context, ok := build["context"].(string); ok && !strings.Contains(context, "://") {
		build["context"] = absolute(p.WorkingDir, context)
	}
	if args, ok := build["args"]; ok {
		resolved := mapping(args)
		for key, value := range resolved {
			if value == nil {
				if fromOutside, ok := p.environment[key]; ok {
					resolved[key] = fromOutside
				}
			}
		}
		build["args"] = stringValues(resolved)
	}
	if labels, ok := build["labels"]; ok {
		build["labels"] = stringValues(mapping(labels))
	}
	return build
}

func legacyDependencies(v any) any {
	names, ok := v.([]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for _, name := range names {
		out[fmt.Sprint(name)] = map[string]any{"condition": types.ServiceConditionStarted}
	}
	return out
}

func legacyHealthcheck(v any) any {
	out := maps.Clone(mapping(v))
	if _, ok := out["disable"]; ok {
		delete(out, "disable")
		out["test"] = []any{"NONE"}
	}
	for _, key := range []string{"interval", "timeout", "start_period"} {
		if text, ok := out[key].(string); ok {
			if d, err := time.ParseDuration(text); err == nil {
				out[key] = int64(d)
			}
		}
	}
	return out
}

// legacyDeploy makes a number of the limit of processors, as `config` prints it. The hash is of the text.
func legacyDeploy(v any) any {
	deploy := maps.Clone(mapping(v))
	resources, _ := deploy["resources"].(map[string]any)
	limits, _ := resources["limits"].(map[string]any)
	text, _ := limits["cpus"].(string)
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return v
	}
	limits, resources = maps.Clone(limits), maps.Clone(resources)
	limits["cpus"], resources["limits"], deploy["resources"] = n, limits, resources
	return deploy
}

func legacyRestart(v any) any {
	name, count, _ := strings.Cut(fmt.Sprint(v), ":")
	n, _ := strconv.Atoi(count)
	return map[string]any{"Name": name, "MaximumRetryCount": n}
}

func legacyNetworks(v any) any {
	names, ok := v.([]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for _, name := range names {
		out[fmt.Sprint(name)] = nil
	}
	return out
}

func legacyPorts(v any) any {
	var out []any
	for _, spec := range list(v).([]any) {
		long, ok := spec.(map[string]any)
		if !ok {
			out = append(out, shortPort(fmt.Sprint(spec))...)
			continue
		}
		out = append(out, legacyPort{number(long["target"]), number(long["published"]), long["protocol"], long["mode"], nil})
	}
	return out
}

// shortPort parses [[IP:]PUBLISHED:]TARGET[/PROTOCOL]. PUBLISHED and TARGET may be ranges.
func shortPort(spec string) []any {
	rest, proto, hasProto := strings.Cut(spec, "/")
	var protocol any
	if hasProto {
		protocol = proto
	}
	parts := strings.Split(rest, ":")
	var ip any
	published, target := "", parts[len(parts)-1]
	if len(parts) > 1 {
		published = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		ip = strings.Trim(strings.Join(parts[:len(parts)-2], ":"), "[]")
	}
	targets, hosts := portRange(target), portRange(published)
	if published == "" {
		hosts = make([]any, len(targets))
	} else if len(targets) == 1 && len(hosts) > 1 {
		hosts = []any{published} // any one of them
	}
	var out []any
	for i, t := range targets {
		var host any
		if i < len(hosts) {
			host = hosts[i]
		}
		out = append(out, legacyPort{t, host, protocol, nil, ip})
	}
	return out
}

func portRange(text string) []any {
	from, to, ok := strings.Cut(text, "-")
	first, err := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if !ok || err != nil || err2 != nil {
		return []any{number(text)}
	}
	var out []any
	for n := first; n <= last; n++ {
		out = append(out, n)
	}
	return out
}

func (p *Project) legacyVolumes(v any) any {
	var out []any
	for _, spec := range list(v).([]any) {
		text, ok := spec.(string)
		if !ok {
			out = append(out, p.legacyMount(mapping(spec)))
			continue
		}
		parts := strings.Split(text, ":")
		volume := legacyVolume{internal: filepath.Clean(parts[0]), mode: "rw"}
		if len(parts) > 1 {
			source := p.legacySource(parts[0])
			volume.external, volume.internal = filepath.Clean(source), filepath.Clean(parts[1])
		}
		if len(parts) > 2 {
			volume.mode = parts[2]
		}
		out = append(out, volume)
	}
	return out
}

// legacySource resolves a volume's path of this machine. A name is returned as it is.
func (p *Project) legacySource(source string) string {
	switch {
	case strings.HasPrefix(source, "~"):
		return p.environment["HOME"] + source[1:]
	case strings.HasPrefix(source, "."):
		return absolute(p.WorkingDir, source)
	}
	return source
}

// legacyMount returns a volume in the long syntax.
func (p *Project) legacyMount(volume map[string]any) map[string]any {
	if source, ok := volume["source"].(string); ok && volume["type"] == types.VolumeTypeBind {
		volume["source"] = p.legacySource(source)
	}
	return volume
}

// legacyResource returns a network, volume, secret or config of the top level.
func (p *Project) legacyResource(name string, raw map[string]any) map[string]any {
	out := map[string]any{}
	maps.Copy(out, raw)
	switch external := out["external"].(type) {
	case map[string]any:
		out["external"], out["name"] = len(external) > 0, external["name"]
	case bool:
		if external && out["name"] == nil {
			out["name"] = name
		}
	}
	if file, ok := out["file"].(string); ok {
		out["file"] = absolute(p.WorkingDir, p.legacySource(file))
	}
	for _, key := range []string{"labels", "driver_opts"} {
		if value, ok := out[key]; ok {
			out[key] = stringValues(mapping(value))
		}
	}
	return out
}

// legacyReferences returns the long form of a service's secrets or configs.
func legacyReferences(v any) any {
	out := []any{}
	for _, reference := range list(v).([]any) {
		long, ok := reference.(map[string]any)
		if !ok {
			long = map[string]any{"source": reference}
		}
		out = append(out, long)
	}
	return out
}

// mapping returns a mapping, which may be written as a list of NAME=value.
func mapping(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return maps.Clone(v)
	case []any:
		out := map[string]any{}
		for _, entry := range v {
			name, value, ok := strings.Cut(fmt.Sprint(entry), "=")
			if ok {
				out[name] = value
			} else {
				out[name] = nil
			}
		}
		return out
	}
	return map[string]any{}
}

// stringValues turns the values of a mapping into strings, in place.
func stringValues(m map[string]any) map[string]any {
	for key, value := range m {
		if value == nil {
			m[key] = ""
		} else {
			m[key] = fmt.Sprint(value)
		}
	}
	return m
}

// list returns a list, which may be written as a single value.
func list(v any) any {
	switch v := v.(type) {
	case nil:
		return []any{}
	case []any:
		return v
	}
	return []any{v}
}

func number(v any) any {
	if text, ok := v.(string); ok {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	}
	return v
}

// legacyHash returns docker-compose's hash of a service.
func (s *session) legacyHash(svc types.ServiceConfig, imageID string) (string, error) {
	p := s.project
	options := p.legacyService(svc.Name)
	networks := map[string]any{}
	if svc.NetworkMode == "" {
		settings, _ := options["networks"].(map[string]any)
		for key := range svc.Networks {
			networks[p.Networks[key].Name] = map[string]any{}
			if m, ok := settings[key].(map[string]any); ok {
				networks[p.Networks[key].Name] = m
			}
		}
	}
	var net any
	if first := slices.Sorted(maps.Keys(networks)); len(first) > 0 {
		net = first[0]
	}
	if n := s.networks(svc); len(n) > 0 {
		net = n[0].name
	}
	if mode, ok := options["network_mode"].(string); ok {
		net = strings.TrimPrefix(mode, types.ServicePrefix)
	}
	links := []any{}
	for _, link := range list(options["links"]).([]any) {
		name, alias, ok := strings.Cut(fmt.Sprint(link), ":")
		if ok {
			links = append(links, []any{name, alias})
		} else {
			links = append(links, []any{name, nil})
		}
	}
	from := []any{}
	for _, v := range svc.VolumesFrom {
		if name, mode, ok := strings.Cut(v, ":"); name != "container" {
			if !ok {
				mode = "rw"
			}
			from = append(from, []any{name, mode})
		}
	}
	volumes := []any{}
	for _, v := range list(options["volumes"]).([]any) {
		if v, ok := v.(legacyVolume); ok && v.external != nil {
			if named, ok := p.Volumes[fmt.Sprint(v.external)]; ok {
				v.external = named.Name
			}
			volumes = append(volumes, v)
			continue
		}
		volumes = append(volumes, v)
	}
	options["volumes"] = volumes
	options["device_requests"] = nil
	if _, ok := options["platform"]; !ok {
		options["platform"] = nil
	}
	for _, key := range []string{"networks", "links", "network_mode", "volumes_from", "secrets", "configs", "pid", "ipc", "scale", "deploy"} {
		delete(options, key)
	}
	var id, ipc any
	if imageID != "" {
		id = imageID
	}
	if svc.Ipc != "" {
		ipc = svc.Ipc
	}
	text, err := pythonJSON(map[string]any{
		"options": options, "image_id": id, "links": links, "net": net, "ipc_mode": ipc,
		"networks": networks, "secrets": []any{}, "volumes_from": from,
	})
	if err != nil {
		return "", err
	}
	return sha256Hex(text), nil
}

func sha256Hex(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// pythonJSON encodes JSON as Python does with sorted keys and no blanks: in ASCII.
func pythonJSON(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	var out []byte
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		switch {
		case r < 0x80:
			out = append(out, byte(r))
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		}
	}
	return out, nil
}
