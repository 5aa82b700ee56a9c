package compose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// embeddedName is the name that the embedded engine gives itself.
const embeddedName = "workshop embedded engine"

// fileErrors are several mistakes in a Compose file, a line each.
type fileErrors []*FileError

func (list fileErrors) Error() string {
	var lines []string
	for _, e := range list {
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "\n")
}

// sorted returns the mistakes in the order of the files, as an error if there are any.
func (list fileErrors) sorted() error {
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b *FileError) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col),
			strings.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(list, func(a, b *FileError) bool { return a.Error() == b.Error() }) // services can share a Dockerfile
}

// understood are the attributes of a service that the embedded engine supports, or that only
// Compose uses.
var understood = strings.Fields(`annotations attach build command container_name depends_on deploy entrypoint
	env_file environment expose extends healthcheck hostname image init labels links logging mem_limit memswap_limit network_mode networks
	platform ports profiles pull_policy restart scale stdin_open stop_grace_period stop_signal tty working_dir`)

// understoodLogging are those of its logging.
var understoodLogging = []string{"max-size", "max-file"}

// understoodDeploy are those in its deploy.
var understoodDeploy = []string{"replicas", "mode", "restart_policy", "labels"}

const (
	noMounts = "its containers see the files of the machine: COPY what the service needs into its image, name a process " +
		"with " + extension + ", or use --engine docker"
	noLimits   = "its processes have no such limits: leave it out, or use --engine docker"
	noNames    = "names are those of the services: leave it out, or use --engine docker"
	noKernel   = "its containers are ordinary processes of the user: leave it out, or use --engine docker"
	useEnv     = "put it into the environment or the image, or use --engine docker"
	noRegistry = "the embedded engine has no registry to pull it from: build it FROM workshop or FROM scratch, name a process with " +
		extension + ", or use --engine docker"
	oneNode   = "it is one machine: leave it out, or use --engine docker"
	oneBridge = "it has networks of its own only: leave it out, or use --engine docker"
)

// ownUser reports whether a user, or UID:GROUP, is the one who runs this, and so the embedded engine.
func ownUser(name string) bool {
	own, err := user.Current()
	name, group, _ := strings.Cut(name, ":")
	if g, unknown := user.LookupGroup(group); unknown == nil {
		group = g.Gid
	}
	return err == nil && slices.Contains([]string{"", own.Username, own.Uid}, name) && (group == "" || group == own.Gid)
}

// otherResources returns the paths, below deploy, of the resources that are not the limit of memory.
func otherResources(deploy map[string]any) (paths [][]string) {
	resources, _ := deploy["resources"].(map[string]any)
	for _, kind := range slices.Sorted(maps.Keys(resources)) {
		all, _ := resources[kind].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if kind+key != "limitsmemory" && !without(all[key]) {
				paths = append(paths, []string{"resources", kind, key})
			}
		}
	}
	return paths
}

// noCopy is the refusal of `cp`, which would copy between two places of this machine.
const noCopy = "cp is not supported: a container of the embedded engine is a process of this machine without files " +
	"of its own. Copy from and to " +
	"the directories that the process uses (`docker compose exec SERVICE env` shows its volumes), or `docker compose exec -T SERVICE cat FILE`"

// instead holds the replacements for common attributes.
var instead = map[string]string{
	"volumes": noMounts, "tmpfs": noMounts, "volumes_from": noMounts, "devices": noMounts, "read_only": noMounts,
	"cpus": noLimits, "cpu_count": noLimits, "cpu_shares": noLimits, "cpu_quota": noLimits, "cpuset": noLimits,
	"mem_reservation": noLimits, "pids_limit": noLimits, "ulimits": noLimits, "shm_size": noLimits,
	"dns": noNames, "dns_search": noNames, "dns_opt": noNames, "extra_hosts": noNames, "external_links": noNames, "domainname": noNames,
	"secrets": useEnv, "configs": useEnv,
	"user": "its containers run as you: leave it out, or use --engine docker",
}

// refuse reports all settings of the services that the engine does not support, before anything is
// done.
func (s *session) refuse(ctx context.Context, services []types.ServiceConfig) error {
	embedded, err := s.embedded(ctx)
	if err != nil {
		return err
	}
	var list fileErrors
	for _, svc := range services {
		if !embedded {
			if l := s.project.local[svc.Name]; l != nil && l.only {
				list = append(list, s.project.errorAt([]string{"services", svc.Name, extension},
					fmt.Sprintf("service %s is a local process, and those are run by the embedded engine only: give it a build or an image "+
						"for others", svc.Name)))
			}
			continue
		}
		list = append(list, s.project.refused(svc, func(ports string) bool { return privileged(ctx, ports) })...)
		list = append(list, s.project.missingSources(svc)...)
		e, err := s.foreignImage(ctx, svc)
		if err != nil {
			return err
		}
		if e != nil {
			list = append(list, e)
		}
		if svc.Build == nil {
			continue
		}
		img, err := s.image(ctx, s.imageName(svc))
		if err != nil {
			return err
		}
		if img == nil { // else it is not built
			list = append(list, s.project.refusedBuild(svc, func(name string) bool {
				img, err := s.image(ctx, name)
				return err == nil && img != nil
			})...)
		}
	}
	if embedded {
		list = append(list, s.project.refusedNetworks(services)...)
		list = append(list, s.project.refusedVolumes()...)
	}
	return list.sorted()
}

// noteProcesses notes what the processes of the machine that replace services lack: attributes that
// are for other engines, and a network if the embedded engine cannot give them one. If it can, that is
// said before the project has a container.
func (s *session) noteProcesses(ctx context.Context) error {
	embedded, err := s.embedded(ctx)
	if err != nil || !embedded || len(s.project.local) == 0 {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s.project.local)) {
		if unused := s.project.local[name].unused; len(unused) > 0 {
			s.ui.warn(fmt.Sprintf("%s: %s: without effect on the embedded engine, where its %s is a process of this machine", name,
				strings.Join(unused, ", "), extension))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.project.unusedNetworks)) {
		s.ui.warn(fmt.Sprintf("network %s: %s: without effect on the embedded engine, where its services are processes of this machine", name,
			strings.Join(s.project.unusedNetworks[name], ", ")))
	}
	var info struct {
		Warnings     []string
		DriverStatus [][2]string
	}
	if err := s.client.get(ctx, "/info", nil, &info); err != nil {
		return err
	}
	for _, w := range info.Warnings {
		s.ui.warn(w)
	}
	if !slices.Contains(info.DriverStatus, [2]string{"Network", "each container's own"}) {
		return nil
	}
	containers, err := s.containers(ctx, query{all: true})
	if err == nil && len(containers) == 0 {
		s.ui.info("Each container has a network of its own, where every program finds the services by name")
	}
	return err
}

// refused returns the attributes of a service that the embedded engine does not support. denied
// reports whether the first port of a range may not be bound. A process that replaces the service
// goes without some of them.
func (p *Project) refused(svc types.ServiceConfig, denied func(ports string) bool) (list fileErrors) {
	raw, process := p.raw[svc.Name], p.local[svc.Name] != nil
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		value := raw[name]
		r := refusal{svc: svc, process: process, denied: denied, add: func(path []string, what, why string) {
			at := append([]string{"services", svc.Name, name}, path...)
			list = append(list, p.errorAt(at, what+" is not supported by the embedded engine: "+why))
		}}
		known := slices.Contains(understood, name)
		switch {
		case strings.HasPrefix(name, "x-"), without(value),
			process && (name == "deploy" || name == "build" || !known),
			name == "user" && ownUser(fmt.Sprint(value)):
		case !known:
			r.add(nil, name, cmp.Or(instead[name], noKernel))
		case partly[name] != nil:
			partly[name](&r, value)
		}
	}
	return list
}

// refusal adds errors at the parts of an option of a service.
type refusal struct {
	svc     types.ServiceConfig
	process bool // the service is one of the bundled programs, or x-workshop names it
	denied  func(ports string) bool
	add     func(path []string, what, why string)
}

// partly are the options of which the embedded engine understands some values.
var partly = map[string]func(r *refusal, value any){
	"network_mode": (*refusal).networkMode,
	"logging":      (*refusal).logging,
	"platform":     (*refusal).platform,
	"deploy":       (*refusal).deploy,
	"build":        (*refusal).build,
	"networks":     (*refusal).networks,
	"expose":       (*refusal).expose,
	"ports":        (*refusal).ports,
}

// fields are the keys and the values of a mapping, in order.
func fields(value any) iter.Seq2[string, any] {
	m, _ := value.(map[string]any)
	return func(yield func(string, any) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

func (r *refusal) networkMode(value any) {
	if mode := fmt.Sprint(value); mode != "bridge" && mode != "none" && mode != "default" {
		r.add(nil, "network_mode: "+mode, "publish the ports instead, or use --engine docker")
	}
}

func (r *refusal) logging(value any) {
	for key, value := range fields(value) {
		switch key {
		case "driver":
			if value != "json-file" && value != "none" {
				r.add([]string{key}, fmt.Sprintf("the logging driver %v", value), "use json-file, or --engine docker")
			}
		case "options":
			for option := range fields(value) {
				if !slices.Contains(understoodLogging, option) {
					r.add([]string{key, option}, "the log option "+option, "use max-size and max-file, or --engine docker")
				}
			}
		}
	}
}

func (r *refusal) platform(value any) {
	if platform := fmt.Sprint(value); !strings.HasPrefix(platform, "linux") {
		r.add(nil, "platform: "+platform, "leave it out, or use --engine docker")
	}
}

func (r *refusal) deploy(value any) {
	for key, part := range fields(value) {
		if !slices.Contains(understoodDeploy, key) && key != "resources" && !without(part) {
			r.add([]string{key}, "deploy: "+key, oneNode)
		}
	}
	m, _ := value.(map[string]any)
	for _, path := range otherResources(m) {
		r.add(path, "deploy: "+strings.Join(path, "."), noLimits)
	}
}

func (r *refusal) build(value any) {
	known := []string{"context", "dockerfile", "dockerfile_inline", "args", "labels", "tags", "no_cache", "pull", "cache_from"}
	for key, part := range fields(value) {
		switch {
		case slices.Contains(known, key) || without(part):
		case key == "target":
			r.add([]string{key}, "build: "+key, "it builds in one stage: name a process with "+extension+", or use --engine docker")
		default:
			r.add([]string{key}, "build: "+key, "it builds in one stage from copied files: leave it out, or use --engine docker")
		}
	}
}

func (r *refusal) networks(value any) {
	for key, options := range fields(value) {
		for option, part := range fields(options) {
			if option != "aliases" && !without(part) {
				r.add([]string{key, option}, option, oneBridge)
			}
		}
	}
}

func (r *refusal) expose(any) {
	for i, port := range r.svc.Expose {
		if _, proto, _ := strings.Cut(port, "/"); protocol(proto) != "tcp" && !r.process {
			r.add([]string{fmt.Sprint(i)}, "a port for "+proto, "use TCP, or --engine docker")
		}
	}
}

func (r *refusal) ports(any) {
	for i, port := range r.svc.Ports {
		path := []string{fmt.Sprint(i)}
		switch {
		case protocol(port.Protocol) != "tcp" && r.process:
		case protocol(port.Protocol) != "tcp":
			r.add(path, "a port for "+port.Protocol, "use TCP, or --engine docker")
		case r.denied(port.Published):
			r.add(path, "publishing on port "+port.Published, "this user may bind none below 1024 here: "+
				"publish a higher one, or use --engine docker")
		case !slices.Contains([]string{"", "0.0.0.0", "::", "::1"}, port.HostIP) && !strings.HasPrefix(port.HostIP, "127."):
			r.add(path, "publishing on "+port.HostIP, "it binds loopback addresses only: leave the address out, or use --engine docker")
		}
	}
}

// missingSources returns the binds of a process whose sources would be made outside of the project's directory.
func (p *Project) missingSources(svc types.ServiceConfig) (list fileErrors) {
	for i, v := range svc.Volumes {
		if p.local[svc.Name] == nil || v.Type != types.VolumeTypeBind || !p.makesSource(svc.Name, v) || Within(p.WorkingDir, v.Source) {
			continue
		}
		if _, err := os.Stat(v.Source); errors.Is(err, fs.ErrNotExist) {
			list = append(list, p.errorAt([]string{"services", svc.Name, "volumes", fmt.Sprint(i)}, fmt.Sprintf("%s does not exist, and the "+
				"embedded engine makes no directory outside of the project's: mkdir -p %s", v.Source, commandLine([]string{v.Source}))))
		}
	}
	return list
}

// refusedNetworks returns the networks of services that the embedded engine cannot create.
func (p *Project) refusedNetworks(services []types.ServiceConfig) (list fileErrors) {
	used := map[string]bool{}
	for _, svc := range services {
		for name := range svc.Networks {
			used[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		raw := p.networksRaw[name]
		for _, key := range slices.Sorted(maps.Keys(raw)) {
			if understoodNetwork(key, raw[key]) {
				continue
			}
			list = append(list, p.errorAt([]string{"networks", name, key}, key+" of a network is not supported by the embedded engine: "+oneBridge))
		}
	}
	return list
}

// understoodNetwork reports whether the embedded engine supports an attribute of a network.
func understoodNetwork(key string, value any) bool {
	return key == "name" || key == "labels" || key == "external" || key == "driver" && (value == "bridge" || value == "default") ||
		strings.HasPrefix(key, "x-") || without(value)
}

// refusedVolumes returns the volumes that the embedded engine cannot create.
func (p *Project) refusedVolumes() (list fileErrors) {
	for _, name := range slices.Sorted(maps.Keys(p.volumesRaw)) {
		for _, key := range []string{"driver", "driver_opts"} {
			if value := p.volumesRaw[name][key]; !without(value) && value != "local" {
				list = append(list, p.errorAt([]string{"volumes", name, key}, key+" of a volume is not supported by the embedded engine: "+noMounts))
			}
		}
	}
	return list
}

// foreignImage returns the error of a service whose image does not exist.
func (s *session) foreignImage(ctx context.Context, svc types.ServiceConfig) (*FileError, error) {
	if svc.Build != nil {
		return nil, nil
	}
	img, err := s.image(ctx, s.imageName(svc))
	if err != nil || img != nil {
		return nil, err
	}
	for _, other := range s.project.AllServices() {
		if other.Build != nil && s.imageName(other) == s.imageName(svc) {
			return nil, nil
		}
	}
	return s.project.noSuchImage(svc), nil
}

// Refusals returns all settings of the enabled services that the embedded engine does not support,
// each with its position; nil if there are none. The available images are the engine's own and
// those that the project builds. lowPorts tells that ports below 1024 may be bound; else it is tried.
func (p *Project) Refusals(ctx context.Context, lowPorts bool) error {
	var list fileErrors
	var services []types.ServiceConfig
	for _, svc := range p.Services {
		services = append(services, svc)
		list = append(list, p.refused(svc, func(ports string) bool { return !lowPorts && privileged(ctx, ports) })...)
		built := svc.Build != nil || strings.TrimSuffix(svc.Image, ":latest") == baseImage || p.local[svc.Name] != nil
		for _, other := range p.AllServices() {
			built = built || other.Build != nil && other.Image == svc.Image
		}
		if !built {
			list = append(list, p.noSuchImage(svc))
		}
		if svc.Build != nil && p.local[svc.Name] == nil {
			list = append(list, p.refusedBuild(svc, func(name string) bool { return strings.TrimSuffix(name, ":latest") == baseImage })...)
		}
	}
	list = append(list, p.refusedNetworks(services)...)
	return append(list, p.refusedVolumes()...).sorted()
}

// Ports returns the fixed ports that the enabled services publish on this machine.
func (p *Project) Ports() (ports []int) {
	for _, svc := range p.Services {
		for _, port := range svc.Ports {
			if n, err := strconv.Atoi(port.Published); err == nil && n > 0 && protocol(port.Protocol) == "tcp" {
				ports = append(ports, n)
			}
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// noSuchImage returns the error of a service whose image does not exist.
func (p *Project) noSuchImage(svc types.ServiceConfig) *FileError {
	return p.errorAt([]string{"services", svc.Name, "image"}, fmt.Sprintf("image %s: %s", svc.Image, noRegistry))
}

// embedded reports whether the engine is the embedded one.
func (s *session) embedded(ctx context.Context) (bool, error) {
	name, err := s.client.engineName(ctx)
	return name == embeddedName, err
}

// privileged reports whether the first port of a range is too low for this user, and so for the
// engine. Capabilities and a setting of the network decide (ip(7), ip_unprivileged_port_start), so
// it is tried.
func privileged(ctx context.Context, ports string) bool {
	first, _, _ := strings.Cut(ports, "-")
	n, err := strconv.Atoi(first)
	if err != nil || n <= 0 || n >= 1024 {
		return false
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", first))
	if err == nil {
		l.Close()
	}
	return errors.Is(err, fs.ErrPermission)
}

// without reports whether a value asks for nothing.
func without(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
