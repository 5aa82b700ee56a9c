package compose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

var onlyV1, onlyV5 = []Look{V1}, []Look{V5}

// globalFlags are the options before the command.
var globalFlags = []flag{
	{short: "f", long: "file", arg: "FILE", help: "Compose file, instead of the one found here or above; may be given several times"},
	{short: "p", long: "project-name", arg: "NAME", help: "name of the project, instead of the directory's"},
	{long: "profile", arg: "NAME", help: "enable a profile; may be given several times"},
	{long: "project-directory", arg: "PATH", help: "directory of the project, instead of the Compose file's"},
	{long: "env-file", arg: "PATH", help: "file with variables, instead of .env"},
	{long: "ansi", arg: "WHEN", help: "colours and redrawing: never, always or auto"},
	{long: "no-ansi", help: "the same as --ansi never", looks: onlyV1},
	{short: "H", long: "host", arg: "HOST", help: "address of the engine, instead of DOCKER_HOST"},
	{short: "v", long: "version", help: "print the version"},
}

var timeoutFlag = flag{short: "t", long: "timeout", arg: "SECONDS", help: "how long the processes have to end before they are " +
	"killed (default 10)"}

var pullFlag = flag{long: "pull", arg: "POLICY", help: "images without a build: always, missing (default) or never", looks: onlyV5}

const services = "[SERVICE...]"

// commands is the table of the commands.
func commands() []command {
	return []command{
		{
			name: "build", usage: "[options] " + services, summary: "Build or rebuild the images of services", max: -1,
			flags: []flag{
				{long: "build-arg", arg: "NAME=VALUE", help: "variable for the build; may be given several times"},
				{long: "force-rm", help: "remove intermediate containers of a failed build too"},
				{long: "no-cache", help: "do not use the results of earlier builds"},
				{long: "no-rm", help: "keep intermediate containers", looks: onlyV1},
				{long: "pull", help: "pull newer versions of the base images"},
				{short: "q", long: "quiet", help: "print no output of the build"},
			},
			run: buildCommand,
		},
		{
			name: "config", usage: "[options]", summary: "Check and print the Compose file", needs: project, max: -1,
			flags: []flag{
				{short: "q", long: "quiet", help: "check only"},
				{long: "services", help: "print the names of the services"},
				{long: "volumes", help: "print the names of the volumes"},
				{long: "profiles", help: "print the names of the profiles"},
				{long: "images", help: "print the names of the images", looks: onlyV5},
				{long: "hash", arg: "SERVICES", help: "print the hashes of services: names with commas between them, or *"},
				{long: "format", arg: "FORMAT", help: "yaml or json", looks: onlyV5},
			},
			run: config,
		},
		{
			name: "create", usage: "[options] " + services, summary: "Create containers without starting them", max: -1,
			flags: []flag{
				{long: "force-recreate", help: "recreate containers that have not changed"},
				{long: "no-recreate", help: "do not change existing containers"},
				{long: "no-build", help: "fail if an image is missing"},
				{long: "build", help: "build the images first"},
				pullFlag,
			},
			run: func(ctx context.Context, s *session, opts options) error {
				opts.set("no-start", "")
				return upCommand(ctx, s, opts)
			},
		},
		{
			name: "down", usage: "[options]", summary: "Stop and remove containers and networks", max: -1,
			about: "Volumes and images are kept unless an option says otherwise; external ones\nare never removed.",
			flags: []flag{
				{long: "rmi", arg: "TYPE", help: "remove images: all, or local for those without a name in the file"},
				{short: "v", long: "volumes", help: "remove the volumes of the file and anonymous ones"},
				{long: "remove-orphans", help: "remove containers of services that are not in the file"},
				timeoutFlag,
			},
			run: down,
		},
		{
			name: "events", usage: "[options] " + services, summary: "Print the events of containers as they occur", silent: true, max: -1,
			flags: []flag{{long: "json", help: "one JSON object a line"}},
			run:   eventsCommand,
		},
		{
			name: "exec", usage: "[options] SERVICE COMMAND [ARGS...]", summary: "Run a command in a running container",
			silent: true, passthrough: true, min: 2, max: -1,
			flags: []flag{
				{short: "d", long: "detach", help: "do not wait for the command"},
				{long: "privileged", help: "give the process extended privileges"},
				{short: "u", long: "user", arg: "USER", help: "run as this user"},
				{short: "T", long: "no-TTY", help: "no terminal for the command"},
				{long: "index", arg: "N", help: "which container of the service (default 1)"},
				{short: "e", long: "env", arg: "NAME=VALUE", help: "variable of the environment; may be given several times"},
				{short: "w", long: "workdir", arg: "DIR", help: "working directory of the command"},
			},
			run: execCommand,
		},
		{
			name: "images", usage: "[options] " + services, summary: "List the images of containers", max: -1,
			flags: []flag{
				{short: "q", long: "quiet", help: "print the IDs only"},
				{long: "format", arg: "FORMAT", help: "table or json", looks: onlyV5},
			},
			run: images,
		},
		{
			name: "kill", usage: "[options] " + services, summary: "Kill containers", silent: true, max: -1,
			flags: []flag{{short: "s", long: "signal", arg: "SIGNAL", help: "signal to send (default SIGKILL)"}},
			run: func(ctx context.Context, s *session, opts options) error {
				n, err := s.forEach(ctx, "Killing", query{services: opts.args}, func(ctx context.Context, c *container) error {
					return s.kill(ctx, c, opts.value("signal", "SIGKILL"))
				})
				if err == nil && n == 0 && s.style.look == V5 {
					return s.style.operations.noContainers(s, "kill")
				}
				return err
			},
		},
		{
			name: "logs", usage: "[options] " + services, summary: "View the output of containers", silent: true, max: -1,
			flags: []flag{
				{long: "no-color", help: "no colours"},
				{short: "f", long: "follow", help: "continue with new output"},
				{short: "t", long: "timestamps", help: "show when each line was written"},
				{long: "tail", arg: "LINES", help: "number of lines from the end of each log (default all)", looks: onlyV1},
				{short: "n", long: "tail", arg: "LINES", help: "number of lines from the end of each log (default all)", looks: onlyV5},
				{long: "since", arg: "TIME", help: "only lines since then", looks: onlyV5},
				{long: "until", arg: "TIME", help: "only lines before then", looks: onlyV5},
				{long: "no-log-prefix", help: "no names before the lines"},
			},
			run: logs,
		},
		{
			name: "ls", usage: "[options]", summary: "List the projects that run", looks: onlyV5, needs: nothing, max: 0,
			flags: []flag{
				{short: "a", long: "all", help: "also those of which nothing runs"},
				{long: "filter", arg: "KEY=VALUE", help: "only projects with this property: name=PATTERN"},
				{long: "format", arg: "FORMAT", help: "table or json"},
				{short: "q", long: "quiet", help: "print the names only"},
			},
			run: listProjects,
		},
		{
			name: "pause", usage: services, summary: "Pause containers", silent: true, max: -1,
			run: func(ctx context.Context, s *session, opts options) error {
				return s.some(ctx, "pause", "Pausing", query{services: opts.args}, s.pause)
			},
		},
		{
			name: "port", usage: "[options] SERVICE PRIVATE_PORT", summary: "Print where a port of a service is published", min: 2, max: 2,
			flags: []flag{
				{long: "protocol", arg: "PROTOCOL", help: "tcp or udp (default tcp)"},
				{long: "index", arg: "N", help: "which container of the service (default 1)"},
			},
			run: port,
		},
		{
			name: "ps", usage: "[options] " + services, summary: "List containers", silent: true, max: -1,
			flags: []flag{
				{short: "q", long: "quiet", help: "print the IDs only"},
				{long: "services", help: "print the names of the services"},
				{short: "a", long: "all", help: "stopped ones too, and those made by run"},
				{long: "filter", arg: "KEY=VALUE", help: "only services with this property: status=…, source=image or source=build", looks: onlyV1},
				{long: "status", arg: "STATE", help: "only containers in this state: running, exited …", looks: onlyV5},
				{long: "format", arg: "FORMAT", help: "table, json, or a template such as {{.Name}}", looks: onlyV5},
				{long: "no-trunc", help: "do not shorten anything", looks: onlyV5},
			},
			run: ps,
		},
		{
			name: "pull", usage: "[options] " + services, summary: "Pull the images of services", max: -1,
			flags: []flag{
				{long: "ignore-pull-failures", help: "continue with the other images"},
				{short: "q", long: "quiet", help: "print no progress"},
				{long: "include-deps", help: "also for the services that they depend on"},
			},
			run: pullCommand,
		},
		{
			name: "restart", usage: "[options] " + services, summary: "Restart containers", silent: true, max: -1,
			flags: []flag{timeoutFlag},
			run: func(ctx context.Context, s *session, opts options) error {
				timeout, err := seconds(opts)
				if err != nil {
					return err
				}
				return s.some(ctx, "restart", "Restarting", query{services: opts.args, all: true}, func(ctx context.Context, c *container) error {
					return s.restart(ctx, c, timeout)
				})
			},
		},
		{
			name: "rm", usage: "[options] " + services, summary: "Remove stopped containers", silent: true, max: -1,
			flags: []flag{
				{short: "f", long: "force", help: "do not ask"},
				{short: "s", long: "stop", help: "stop them first"},
				{short: "v", long: "volumes", help: "remove their anonymous volumes"},
			},
			run: rm,
		},
		{
			name: "run", usage: "[options] SERVICE [COMMAND] [ARGS...]", summary: "Run a command in a new container of a service",
			passthrough: true, min: 1, max: -1,
			flags: []flag{
				{short: "d", long: "detach", help: "do not wait for the command; print the container's name"},
				{long: "name", arg: "NAME", help: "name of the container"},
				{long: "entrypoint", arg: "COMMAND", help: "instead of the image's"},
				{short: "e", long: "env", arg: "NAME=VALUE", help: "variable of the environment; may be given several times"},
				{short: "l", long: "label", arg: "NAME=VALUE", help: "label of the container; may be given several times"},
				{short: "u", long: "user", arg: "USER", help: "run as this user"},
				{long: "no-deps", help: "do not start the services that this one depends on"},
				{long: "rm", help: "remove the container at the end"},
				{short: "p", long: "publish", arg: "PORT", help: "publish a port; may be given several times"},
				{long: "service-ports", help: "publish the service's ports"},
				{short: "v", long: "volume", arg: "VOLUME", help: "mount a volume; may be given several times"},
				{short: "T", long: "no-TTY", help: "no terminal for the command"},
				{short: "w", long: "workdir", arg: "DIR", help: "working directory of the command"},
			},
			run: runCommand,
		},
		{
			name: "scale", usage: "[options] [SERVICE=NUM...]", summary: "Set the number of containers of services", max: -1,
			flags: []flag{timeoutFlag},
			run:   scale,
		},
		{
			name: "start", usage: services, summary: "Start containers that have been stopped", silent: true, max: -1,
			run: start,
		},
		{
			name: "stop", usage: "[options] " + services, summary: "Stop containers without removing them", silent: true, max: -1,
			flags: []flag{timeoutFlag},
			run: func(ctx context.Context, s *session, opts options) error {
				timeout, err := seconds(opts)
				if err != nil {
					return err
				}
				return s.stopAll(ctx, query{services: opts.args, all: s.style.stopsDead}, timeout)
			},
		},
		{
			name: "top", usage: services, summary: "Show the processes of containers", silent: true, max: -1,
			run: top,
		},
		{
			name: "unpause", usage: services, summary: "Resume paused containers", silent: true, max: -1,
			run: func(ctx context.Context, s *session, opts options) error {
				return s.some(ctx, "unpause", "Unpausing", query{services: opts.args}, s.unpause)
			},
		},
		{
			name: "up", usage: "[options] [--scale SERVICE=NUM...] " + services, summary: "Create and start containers", max: -1,
			about: "Images that are missing are built or pulled, containers whose configuration has\nchanged are recreated. Without -d " +
				"the output of the containers is shown until ^C,\nwhich stops them.",
			flags: []flag{
				{short: "d", long: "detach", help: "leave the containers in the background"},
				{long: "scale", arg: "SERVICE=NUM", help: "number of containers of a service; may be given several times"},
				{long: "build", help: "build the images first"},
				{long: "no-build", help: "fail if an image is missing"},
				{long: "force-recreate", help: "recreate containers that have not changed"},
				{long: "no-recreate", help: "do not change existing containers"},
				{long: "always-recreate-deps", help: "recreate the containers of dependencies, too"},
				{short: "V", long: "renew-anon-volumes", help: "create new anonymous volumes"},
				{long: "no-deps", help: "do not start the services that the named ones depend on"},
				{long: "no-start", help: "create containers only"},
				{long: "remove-orphans", help: "remove containers of services that are not in the file"},
				{long: "abort-on-container-exit", help: "stop all containers when one has ended"},
				{long: "exit-code-from", arg: "SERVICE", help: "exit as the container of this service did; implies --abort-on-container-exit"},
				{long: "attach-dependencies", help: "show the output of dependencies too"},
				{long: "no-color", help: "no colours"},
				{long: "no-log-prefix", help: "no names before the lines"},
				{long: "quiet-pull", help: "print no progress of pulls"},
				{long: "wait", help: "wait until the services run, and are healthy; implies -d", looks: onlyV5},
				{long: "wait-timeout", arg: "SECONDS", help: "how long --wait may take", looks: onlyV5},
				{long: "attach", arg: "SERVICE", help: "show the output of this service only; may be given several times", looks: onlyV5},
				{long: "no-attach", arg: "SERVICE", help: "do not show the output of this service; may be given several times", looks: onlyV5},
				pullFlag,
				timeoutFlag,
			},
			run: upCommand,
		},
		{
			name: "version", usage: "[options]", summary: "Print the version", needs: nothing, max: -1,
			flags: []flag{
				{long: "short", help: "only the number"},
				{short: "f", long: "format", arg: "FORMAT", help: "pretty or json", looks: onlyV5},
			},
			run: func(_ context.Context, s *session, opts options) error {
				if opts.has("short") {
					s.printf("%s\n", s.style.version)
				} else {
					s.printf("%s\n", s.style.shell.version(opts.value("format", "pretty")))
				}
				return nil
			},
		},
		{
			name: "wait", usage: "SERVICE [SERVICE...]", summary: "Wait until the containers of services have ended", looks: onlyV5,
			min: 1, max: -1,
			about: "The exit status is that of the last one that ends.",
			flags: []flag{{long: "down-project", help: "end the project when the first container has ended"}},
			run:   waitCommand,
		},
	}
}

// seconds returns the value of --timeout; nil if it is not given.
func seconds(opts options) (*int, error) {
	text := opts.value("timeout", "")
	if text == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("invalid timeout %q: not a number of seconds", text)
	}
	return &n, nil
}

// forEach calls do for containers in parallel and returns their number. It has reported the
// failures.
func (s *session) forEach(ctx context.Context, verb string, q query, do func(ctx context.Context, c *container) error) (int, error) {
	containers, err := s.containers(ctx, q)
	if err != nil {
		return 0, err
	}
	var tasks []task
	for _, c := range containers {
		tasks = append(tasks, task{name: c.name, do: func(ctx context.Context) error { return do(ctx, c) }})
	}
	failures := s.parallel(ctx, verb, tasks)
	if cause := context.Cause(ctx); cause != nil {
		return 0, cause
	}
	return len(containers), s.style.operations.failed(failures)
}

// some is forEach with an error if there are no containers.
func (s *session) some(ctx context.Context, name, verb string, q query, do func(ctx context.Context, c *container) error) error {
	n, err := s.forEach(ctx, verb, q, do)
	if err == nil && n == 0 {
		return s.style.operations.noContainers(s, name)
	}
	return err
}

func buildCommand(ctx context.Context, s *session, opts options) error {
	list, err := s.selected(opts.args, false)
	if err != nil {
		return err
	}
	o := buildOptions{
		noCache: opts.has("no-cache"), pull: opts.has("pull"), forceRm: opts.has("force-rm"),
		keep: opts.has("no-rm"), quiet: opts.has("quiet"), args: types.MappingWithEquals{},
	}
	for _, arg := range opts.values("build-arg") {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			value, ok = s.project.environment[name], true
		}
		if ok {
			o.args[name] = &value
		}
	}
	for _, svc := range list {
		if svc.Build == nil {
			s.style.build.notBuilt(s, svc, o.quiet)
			continue
		}
		if err := s.build(ctx, svc, o); err != nil {
			return err
		}
	}
	return nil
}

func config(ctx context.Context, s *session, opts options) error {
	names := s.project.Order
	if s.style.look == V5 {
		names = slices.Sorted(maps.Keys(s.project.Services))
	}
	switch {
	case opts.has("quiet"):
	case opts.has("services"):
		s.printf("%s\n", strings.Join(names, "\n"))
	case opts.has("volumes"):
		s.printf("%s\n", strings.Join(s.usedVolumes(), "\n"))
	case opts.has("images"):
		for _, name := range names {
			svc, _ := s.project.service(name)
			s.printf("%s\n", s.imageName(svc))
		}
	case opts.has("profiles"):
		profiles := map[string]bool{}
		for _, svc := range s.project.AllServices() {
			for _, p := range svc.Profiles {
				profiles[p] = true
			}
		}
		s.printf("%s\n", strings.Join(slices.Sorted(maps.Keys(profiles)), "\n"))
	case opts.has("hash"):
		wanted := strings.Split(opts.value("hash", ""), ",")
		if wanted[0] == "*" {
			wanted = names
		}
		if err := s.known(wanted); err != nil {
			return err
		}
		var err error
		if s.client, err = newClient(s.host()); err != nil {
			return err
		}
		for _, name := range wanted {
			svc, _ := s.project.service(name)
			hash, _, err := s.hash(ctx, svc)
			if err != nil {
				return err
			}
			s.printf("%s %s\n", name, hash)
		}
	default:
		text, err := s.style.config.text(s.project, opts)
		if err != nil {
			return err
		}
		s.printf("%s", text)
	}
	return nil
}

func down(ctx context.Context, s *session, opts options) error {
	timeout, err := seconds(opts)
	if err != nil {
		return err
	}
	rmi := opts.value("rmi", "")
	if rmi != "" && rmi != "all" && rmi != "local" {
		if s.style.look == V5 {
			return fmt.Errorf("invalid value for --rmi: %q", rmi)
		}
		return errors.New("--rmi flag must be one of: all, local")
	}
	volumes := opts.has("volumes")
	if s.style.createsFirst {
		err = s.takeDown(ctx, timeout, volumes)
	} else {
		err = s.stopAll(ctx, query{oneOffs: withOneOffs}, timeout)
	}
	if err != nil {
		return err
	}
	if s.Getenv("COMPOSE_IGNORE_ORPHANS") == "" {
		if err := s.orphans(ctx, opts.has("remove-orphans")); err != nil {
			return err
		}
	}
	if !s.style.createsFirst {
		if err := s.removeStopped(ctx, nil, volumes); err != nil {
			return err
		}
	}
	for _, key := range s.usedNetworks() {
		n := s.project.Networks[key]
		if err := s.removeResource(ctx, resource{"network", n.Name, bool(n.External)}); err != nil {
			return err
		}
	}
	if volumes {
		for _, key := range s.usedVolumes() {
			v := s.project.Volumes[key]
			if err := s.removeResource(ctx, resource{"volume", v.Name, bool(v.External)}); err != nil {
				return err
			}
		}
	}
	if rmi == "" {
		return nil
	}
	for _, name := range s.project.Order {
		svc, _ := s.project.service(name)
		if rmi == "local" && svc.Image != "" {
			continue
		}
		image := s.imageName(svc)
		s.style.resources.removingImage(s, image)
		s.style.resources.removedImage(s, svc.Name, image, s.client.delete(ctx, "/images/"+image, nil))
	}
	return context.Cause(ctx)
}

// removeResource removes a network or a volume, unless it is external.
func (s *session) removeResource(ctx context.Context, r resource) error {
	look, path := s.style.resources, "/"+r.kind+"s/"+r.name
	if r.external {
		look.external(s, r)
		return nil
	}
	if s.style.asksFirst {
		if err := s.client.get(ctx, path, nil, nil); notFound(err) {
			return nil
		} else if err != nil {
			return err
		}
	}
	look.removing(s, r)
	return look.removed(s, r, s.client.delete(ctx, path, nil))
}

// takeDown stops and removes each container at once, instead of stopping all first.
func (s *session) takeDown(ctx context.Context, timeout *int, volumes bool) error {
	containers, err := s.containers(ctx, query{all: true, oneOffs: withOneOffs})
	if err != nil {
		return err
	}
	if len(containers) == 0 && s.global.has("project-name") && len(s.usedNetworks()) > 0 {
		n := s.project.Networks[s.usedNetworks()[0]]
		if err := s.client.get(ctx, "/networks/"+n.Name, nil, nil); notFound(err) {
			s.ui.warn(fmt.Sprintf("Warning: No resource found to remove for project %q.", s.project.Name))
		}
	}
	failures := s.parallel(ctx, "", s.dependentsFirst(containers, func(ctx context.Context, c *container) error {
		if err := s.stop(ctx, c, timeout); err != nil {
			return err
		}
		return s.remove(ctx, c, volumes, true)
	}))
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return firstFailure(failures)
}

// removeStopped removes containers that are not running.
func (s *session) removeStopped(ctx context.Context, names []string, volumes bool) error {
	containers, err := s.containers(ctx, query{services: names, all: true, oneOffs: withOneOffs})
	if err != nil {
		return err
	}
	var tasks []task
	for _, c := range containers {
		if !c.State.Running {
			tasks = append(tasks, task{name: c.name, do: func(ctx context.Context) error { return s.remove(ctx, c, volumes, false) }})
		}
	}
	failures := s.parallel(ctx, "Removing", tasks)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return s.style.operations.failed(failures)
}

func rm(ctx context.Context, s *session, opts options) error {
	if opts.has("stop") {
		if err := s.stopAll(ctx, query{services: opts.args, oneOffs: withOneOffs}, nil); err != nil {
			return err
		}
	}
	containers, err := s.containers(ctx, query{services: opts.args, all: true, oneOffs: withOneOffs})
	if err != nil {
		return err
	}
	var names []string
	for _, c := range containers {
		if !c.State.Running {
			names = append(names, c.name)
		}
	}
	if len(names) == 0 {
		s.style.operations.nothingToRemove(s)
		return nil
	}
	s.printf("Going to remove %s\n", strings.Join(names, ", "))
	if !opts.has("force") && !s.confirm("Are you sure? [yN] ") {
		return nil
	}
	return s.removeStopped(ctx, opts.args, opts.has("volumes"))
}

func eventsCommand(ctx context.Context, s *session, opts options) error {
	if err := s.known(opts.args); err != nil {
		return err
	}
	events, stop, err := s.events(ctx, time.Now(), opts.args)
	if err != nil {
		return err
	}
	defer stop()
	for e := range events {
		attributes := map[string]string{}
		for name, value := range e.Actor.Attributes {
			if !strings.HasPrefix(name, "com.docker.compose.") {
				attributes[name] = value
			}
		}
		at := time.Unix(0, e.TimeNano).Format("2006-01-02 15:04:05.000000")
		if opts.has("json") {
			s.printf("%s\n", jsonText(struct {
				Time       string            `json:"time"`
				Type       string            `json:"type"`
				Action     string            `json:"action"`
				ID         string            `json:"id"`
				Service    string            `json:"service"`
				Attributes map[string]string `json:"attributes"`
			}{strings.Replace(at, " ", "T", 1), e.Type, e.Action, e.Actor.ID, e.Actor.Attributes[labelService], attributes}))
			continue
		}
		var pairs []string
		for _, name := range slices.Sorted(maps.Keys(attributes)) {
			pairs = append(pairs, name+"="+attributes[name])
		}
		s.printf("%s %s %s %s (%s)\n", at, e.Type, e.Action, e.Actor.ID, strings.Join(pairs, ", "))
	}
	return context.Cause(ctx)
}

// running returns the running container of a service, selected by --index.
func (s *session) running(ctx context.Context, name string, opts options) (*container, error) {
	index, err := strconv.Atoi(opts.value("index", "1"))
	if err != nil {
		return nil, fmt.Errorf("invalid index %q: not a number", opts.value("index", ""))
	}
	containers, err := s.containers(ctx, query{services: []string{name}, unknown: s.style.look == V5})
	if err != nil {
		return nil, err
	}
	for _, c := range containers {
		if c.number() == index {
			return c, nil
		}
	}
	return nil, s.style.operations.notRunning(name, index)
}

func port(ctx context.Context, s *session, opts options) error {
	c, err := s.running(ctx, opts.args[0], opts)
	if err != nil {
		return err
	}
	key := opts.args[1] + "/" + opts.value("protocol", "tcp")
	bindings := c.NetworkSettings.Ports[key]
	if len(bindings) == 0 {
		return s.style.operations.noPort(s, c, key)
	}
	s.printf("%s:%s\n", bindings[0].HostIP, bindings[0].HostPort)
	return nil
}

func pullCommand(ctx context.Context, s *session, opts options) error {
	list, err := s.selected(opts.args, opts.has("include-deps"))
	if err != nil {
		return err
	}
	var tasks []task
	for _, svc := range list {
		if svc.Image == "" {
			continue
		}
		tasks = append(tasks, task{name: svc.Name, do: func(ctx context.Context) error {
			err := s.pull(ctx, svc, true, func(string) {})
			if err != nil {
				s.ui.status("Image", svc.Image, "Error "+err.Error())
			}
			if err != nil && opts.has("ignore-pull-failures") {
				if s.style.look == V1 {
					s.ui.warn(err.Error())
				}
				return nil
			}
			return err
		}})
	}
	verb := "Pulling"
	if opts.has("quiet") {
		verb = ""
	}
	failures := s.parallel(ctx, verb, tasks)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return firstFailure(failures)
}

func start(ctx context.Context, s *session, opts options) error {
	list, err := s.selected(opts.args, false)
	if err != nil {
		return err
	}
	byService := map[string][]*container{}
	found := 0
	var tasks []task
	for _, svc := range list {
		containers, err := s.containers(ctx, query{services: []string{svc.Name}, all: true})
		if err != nil {
			return err
		}
		byService[svc.Name] = containers
		found += len(containers)
		tasks = append(tasks, task{name: svc.Name, after: dependencies(svc), do: func(ctx context.Context) error {
			if err := s.conditions(ctx, svc, list); err != nil {
				return err
			}
			for _, c := range byService[svc.Name] {
				if !c.State.Running {
					if err := s.start(ctx, svc, c); err != nil {
						return err
					}
				}
			}
			return nil
		}, failed: func(context.Context) bool { return len(byService[svc.Name]) == 0 }})
	}
	failures := s.parallel(ctx, "Starting", tasks)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if found == 0 {
		return s.style.operations.noContainers(s, "start")
	}
	return s.style.operations.failed(failures)
}

// scales parses SERVICE=NUM.
func scales(s *session, args []string) (map[string]int, error) {
	out := map[string]int{}
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		if !ok && s.style.look == V5 {
			return nil, fmt.Errorf("invalid --scale option %q. Should be SERVICE=NUM", arg)
		}
		if !ok {
			return nil, errors.New("Arguments to scale should be in the form service=num") //nolint:staticcheck // the text of docker-compose
		}
		n, err := strconv.Atoi(text)
		if err != nil && s.style.look == V5 {
			return nil, err
		}
		if err != nil || n < 0 {
			return nil, fmt.Errorf("Number of containers for service %q is not a number", name) //nolint:staticcheck // the text of docker-compose
		}
		out[name] = n
	}
	return out, nil
}

func scale(ctx context.Context, s *session, opts options) error {
	timeout, err := seconds(opts)
	if err != nil {
		return err
	}
	numbers, err := scales(s, opts.args)
	if err != nil {
		return err
	}
	s.style.up.scaleDeprecated(s)
	names := slices.Sorted(maps.Keys(numbers))
	if err := s.known(names); err != nil {
		return err
	}
	if len(names) == 0 {
		return nil
	}
	_, err = s.up(ctx, upOptions{services: names, noDeps: true, recreate: recreateNever, timeout: timeout, scale: numbers})
	return err
}

func upOptionsOf(s *session, opts options) (upOptions, error) {
	o := upOptions{
		services: opts.args, noDeps: opts.has("no-deps"), quietPull: opts.has("quiet-pull"),
		orphans: opts.has("remove-orphans"), noStart: opts.has("no-start"),
		renew: opts.has("renew-anon-volumes"), alwaysDeps: opts.has("always-recreate-deps"),
	}
	var err error
	if o.timeout, err = seconds(opts); err != nil {
		return o, err
	}
	if o.scale, err = scales(s, opts.values("scale")); err != nil {
		return o, err
	}
	for _, pair := range [][2]string{
		{"force-recreate", "no-recreate"},
		{"no-recreate", "renew-anon-volumes"},
		{"detach", "abort-on-container-exit"},
		{"detach", "exit-code-from"},
		{"no-start", "detach"},
	} {
		if opts.has(pair[0]) && opts.has(pair[1]) && s.style.look == V5 {
			if pair[0] == "no-start" { // both mean the same
				continue
			}
			return o, fmt.Errorf("--%s and --%s are incompatible", pair[0], pair[1])
		}
		if opts.has(pair[0]) && opts.has(pair[1]) {
			return o, fmt.Errorf("--%s and --%s cannot be combined.", pair[0], pair[1]) //nolint:staticcheck // the text of docker-compose
		}
	}
	if opts.has("build") && opts.has("no-build") {
		if s.style.look == V5 {
			return o, errors.New("--build and --no-build are incompatible")
		}
		return o, errors.New("--build and --no-build can not be combined.") //nolint:staticcheck // the text of docker-compose
	}
	if text := opts.value("wait-timeout", ""); text != "" {
		n, err := strconv.ParseInt(text, 0, 0)
		if err != nil {
			return o, fmt.Errorf("invalid argument %q for \"--wait-timeout\" flag: %w", text, err)
		}
		o.patience = time.Duration(n) * time.Second
	}
	o.wait = opts.has("wait")
	if o.pull = opts.value("pull", ""); !slices.Contains([]string{"", "always", "missing", "never", "build"}, o.pull) {
		return o, fmt.Errorf("invalid --pull option %q", o.pull)
	}
	switch {
	case opts.has("force-recreate"), opts.has("renew-anon-volumes"):
		o.recreate = recreateAlways
	case opts.has("no-recreate"):
		o.recreate = recreateNever
	}
	switch {
	case opts.has("build"):
		o.build = buildAlways
	case opts.has("no-build"):
		o.build = buildNever
	}
	return o, nil
}

func upCommand(ctx context.Context, s *session, opts options) error {
	o, err := upOptionsOf(s, opts)
	if err != nil {
		return err
	}
	if err := s.known(opts.values("exit-code-from")); err != nil {
		return err
	}
	if opts.has("exit-code-from") && !opts.has("abort-on-container-exit") && s.style.look == V1 {
		s.ui.warn("using --exit-code-from implies --abort-on-container-exit")
	}
	if err := s.style.up.checkScale(s, o.scale); err != nil {
		return err
	}
	if opts.has("detach") || o.noStart || o.wait {
		_, err := s.up(ctx, o)
		return err
	}
	if len(o.services) > 0 && !opts.has("attach-dependencies") {
		o.attachOnly = o.services
	}
	if err := s.attachOnly(&o, opts.values("attach"), opts.values("no-attach")); err != nil {
		return err
	}
	s.ui.attached()
	err = s.upAttached(ctx, o, opts)
	if !errors.Is(context.Cause(ctx), errInterrupted) {
		return err
	}
	s.ui.flush()
	s.style.up.say(s, s.style.stopping)
	//nolint:contextcheck // the first interrupt has ended ctx; this ends with the second one
	err = s.stopAll(s.forced, query{services: o.services}, o.timeout)
	if errors.Is(context.Cause(s.forced), errInterrupted) { //nolint:contextcheck // the same
		// From here on only the end of the whole run interrupts this.
		last := context.WithoutCancel(ctx)
		if _, err := s.forEach(last, "Killing", query{services: o.services}, func(ctx context.Context, c *container) error {
			return s.kill(ctx, c, "SIGKILL")
		}); err != nil {
			return err
		}
		return exitError(s.style.killedStatus)
	}
	if err != nil {
		return err
	}
	return s.style.stopped
}

// attachOnly applies --attach and --no-attach.
func (s *session) attachOnly(o *upOptions, only, not []string) error {
	included, err := s.selected(o.services, !o.noDeps)
	if err != nil {
		return err
	}
	for _, name := range only {
		if !slices.ContainsFunc(included, func(svc types.ServiceConfig) bool { return svc.Name == name }) {
			return fmt.Errorf("cannot attach to services not included in up: %s", name)
		}
	}
	if len(only) > 0 {
		o.attachOnly = only
	}
	if len(not) == 0 {
		return nil
	}
	if o.attachOnly == nil {
		o.attachOnly = s.project.Order
	}
	o.attachOnly = slices.DeleteFunc(slices.Clone(o.attachOnly), func(name string) bool { return slices.Contains(not, name) })
	return nil
}

// upAttached starts services and prints their output until they have ended.
func (s *session) upAttached(ctx context.Context, o upOptions, opts options) error {
	from := opts.value("exit-code-from", "")
	abort := opts.has("abort-on-container-exit") || from != ""
	p := s.newPrinter(logOptions{follow: true, noColor: opts.has("no-color"), noPrefix: opts.has("no-log-prefix")})
	defer p.close()
	o.attach = p.attachTo
	events, stop, err := s.events(ctx, time.Now(), o.attachOnly)
	if err != nil {
		return err
	}
	defer stop()
	up, err := s.up(ctx, o)
	if err != nil {
		return err
	}
	if o.attachOnly != nil {
		up = slices.DeleteFunc(up, func(c *container) bool { return !slices.Contains(o.attachOnly, c.service()) })
	}
	up = logged(up)
	s.ui.flush()
	s.printf("%s\n", s.style.logs.attaching(s, up))

	following, ended := context.WithCancelCause(ctx)
	defer ended(nil)
	status := 0 // of the first container that ends
	if abort {
		var first sync.Once
		p.onExit = func(_ *container, code int) {
			first.Do(func() { status = code })
			ended(errContainerEnded)
		}
	}
	err = p.run(following, up, events)
	if !abort || context.Cause(ctx) != nil {
		return err
	}
	s.style.up.say(s, s.style.aborting)
	if err := s.stopAll(ctx, query{services: o.services, all: s.style.stopsDead}, o.timeout); err != nil {
		return err
	}
	if from != "" {
		containers, err := s.containers(ctx, query{services: []string{from}, all: true})
		if err != nil {
			return err
		}
		for _, c := range containers {
			status = c.State.ExitCode
		}
	}
	if status != 0 {
		return exitError(status)
	}
	return nil
}

// errContainerEnded ends an `up` with the end of the first container.
var errContainerEnded = errors.New("a container has ended")
