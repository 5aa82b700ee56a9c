package compose

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

func wholeSeconds(d types.Duration) int {
	return int(time.Duration(d).Round(time.Second) / time.Second)
}

// upOptions are the options of `up` and similar commands.
type upOptions struct {
	services   []string
	noDeps     bool
	recreate   recreate
	build      building
	quietPull  bool
	pull       string // the policy: always, never, or another one for missing images
	timeout    *int
	orphans    bool // remove orphans
	scale      map[string]int
	noRescale  bool // leave the number of containers unchanged
	noStart    bool
	renew      bool // create new anonymous volumes
	alwaysDeps bool // recreate dependencies together with a service
	attach     func(ctx context.Context, c *container) error
	attachOnly []string      // the services to attach to; nil means all
	wait       bool          // until the services are healthy, or run
	patience   time.Duration // for wait; 0: no limit
}

type recreate int

const (
	recreateChanged recreate = iota
	recreateAlways
	recreateNever
)

type building int

const (
	buildMissing building = iota
	buildAlways
	buildNever
)

// selected returns services by name, or all services that the profiles enable, in the project's
// order. With deps it includes their dependencies.
func (s *session) selected(names []string, deps bool) ([]types.ServiceConfig, error) {
	if err := s.known(names); err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		svc, ok := s.project.service(name)
		if !ok || wanted[name] {
			return
		}
		wanted[name] = true
		if deps {
			for _, d := range dependencies(svc) {
				add(d)
			}
		}
	}
	for _, name := range names {
		add(name)
	}
	if len(names) == 0 {
		for name := range s.project.Services {
			add(name)
		}
	}
	var out []types.ServiceConfig
	for _, name := range s.project.Order {
		if wanted[name] {
			svc, _ := s.project.service(name)
			out = append(out, svc)
		}
	}
	return out, nil
}

// plan is the work to be done for a service.
type plan struct {
	action     action
	containers []*container // the existing ones, by number
}

type action int

const (
	createAll action = iota
	recreateAll
	startStopped
	leave
)

// up brings services to the state in the file, and returns their containers.
func (s *session) up(ctx context.Context, o upOptions) ([]*container, error) {
	services, err := s.selected(o.services, !o.noDeps)
	if err != nil {
		return nil, err
	}
	if err := s.refuse(ctx, services); err != nil {
		return nil, err
	}
	if err := s.noteProcesses(ctx); err != nil {
		return nil, err
	}
	if err := s.ensureNetworks(ctx); err != nil {
		return nil, err
	}
	if err := s.ensureVolumes(ctx); err != nil {
		return nil, err
	}
	if s.Getenv("COMPOSE_IGNORE_ORPHANS") == "" {
		if err := s.orphans(ctx, o.orphans); err != nil {
			return nil, err
		}
	}
	if err := s.ensureImages(ctx, services, o); err != nil {
		return nil, err
	}
	plans := map[string]plan{}
	for _, svc := range services {
		if plans[svc.Name], err = s.plan(ctx, svc, plans, o); err != nil {
			return nil, err
		}
	}
	var mu sync.Mutex
	var up []*container
	phase := func(do func(ctx context.Context, svc types.ServiceConfig) ([]*container, error)) []failure {
		var tasks []task
		for _, svc := range services {
			tasks = append(tasks, task{name: svc.Name, after: dependencies(svc), do: func(ctx context.Context) error {
				done, err := do(ctx, svc)
				mu.Lock()
				defer mu.Unlock()
				up = append(up, done...)
				return err
			}})
		}
		return s.parallel(ctx, "", tasks)
	}
	failures := phase(func(ctx context.Context, svc types.ServiceConfig) ([]*container, error) {
		start := !o.noStart && !s.style.createsFirst
		if start {
			if err := s.conditions(ctx, svc, services); err != nil {
				return nil, err
			}
		}
		return s.converge(ctx, svc, plans[svc.Name], o, start)
	})
	if len(failures) == 0 && s.style.createsFirst && !o.noStart {
		created := up
		up = nil
		failures = phase(func(ctx context.Context, svc types.ServiceConfig) ([]*container, error) {
			if err := s.conditions(ctx, svc, services); err != nil {
				return nil, err
			}
			var mine []*container
			for _, c := range created {
				if c.service() == svc.Name {
					mine = append(mine, c)
				}
			}
			slices.SortFunc(mine, byNumber)
			for _, c := range mine {
				if !c.State.Running {
					if err := s.startAttached(ctx, svc, c, o); err != nil {
						return nil, err
					}
				}
			}
			return mine, nil
		})
	}
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if len(failures) > 0 {
		return nil, s.style.up.failed(failures)
	}
	if o.wait {
		return up, s.awaitAll(ctx, services, o.patience)
	}
	return up, nil
}

// plan decides about a service, given the plans of its dependencies.
func (s *session) plan(ctx context.Context, svc types.ServiceConfig, plans map[string]plan, o upOptions) (plan, error) {
	containers, err := s.containers(ctx, query{services: []string{svc.Name}, all: true})
	if err != nil {
		return plan{}, err
	}
	slices.SortFunc(containers, byNumber)
	p := plan{leave, containers}
	stopped := slices.ContainsFunc(containers, func(c *container) bool { return !c.State.Running })
	changed := o.recreate == recreateAlways && (len(o.services) == 0 || slices.Contains(o.services, svc.Name) || o.alwaysDeps)
	if !changed && len(containers) > 0 && o.recreate == recreateChanged {
		for _, d := range dependencies(svc) {
			if p, ok := plans[d]; ok && (p.action == recreateAll || p.action == createAll) && (o.alwaysDeps || stopped) {
				changed = true // the resources that it shares with the other service may be gone
			}
		}
		hash, imageID, err := s.hash(ctx, svc)
		if err != nil {
			return plan{}, err
		}
		for _, c := range containers {
			changed = changed || s.style.create.diverged(c, hash, imageID)
		}
	}
	switch {
	case len(containers) == 0:
		p.action = createAll
	case o.recreate == recreateNever:
		p.action = startStopped
	case changed:
		p.action = recreateAll
	case stopped:
		p.action = startStopped
	}
	return p, nil
}

// converge carries out the plan for one service and returns its containers.
func (s *session) converge(ctx context.Context, svc types.ServiceConfig, p plan, o upOptions, start bool) ([]*container, error) {
	scale := svc.GetScale()
	if n, ok := o.scale[svc.Name]; ok {
		scale = n
	}
	s.style.up.scaleWarnings(s, svc, scale)
	containers := p.containers
	if o.noRescale && len(containers) > 0 {
		scale = len(containers)
	}
	if len(containers) > scale {
		s.downscale(ctx, containers[scale:], o.timeout)
		containers = containers[:scale]
	} else if p.action == leave && len(containers) == scale {
		for _, c := range containers {
			s.style.up.upToDate(s, c)
		}
		return containers, nil
	}
	var err error
	switch p.action {
	case recreateAll:
		containers, err = s.each(ctx, "Recreating", containers, func(ctx context.Context, c *container) (*container, error) {
			return s.replace(ctx, svc, c, o, start)
		})
	case startStopped, leave:
		var stopped []*container
		for _, c := range containers {
			if !c.State.Running {
				stopped = append(stopped, c)
			} else if s.style.createsFirst {
				s.style.up.upToDate(s, c)
			}
		}
		if start && len(stopped) > 0 {
			_, err = s.each(ctx, "Starting", stopped, func(ctx context.Context, c *container) (*container, error) {
				return c, s.startAttached(ctx, svc, c, o)
			})
		}
	}
	if err != nil || len(containers) >= scale {
		return containers, err
	}
	created, err := s.createMore(ctx, svc, scale-len(containers), o, start)
	return append(slices.Clone(containers), created...), err
}

// each calls do for containers in parallel. The error is the first failure.
func (s *session) each(
	ctx context.Context, verb string, containers []*container, do func(ctx context.Context, c *container) (*container, error),
) ([]*container, error) {
	var mu sync.Mutex
	var out []*container
	var tasks []task
	for _, c := range containers {
		tasks = append(tasks, task{name: c.name, do: func(ctx context.Context) error {
			done, err := do(ctx, c)
			mu.Lock()
			defer mu.Unlock()
			if done != nil {
				out = append(out, done)
			}
			return err
		}})
	}
	return out, firstFailure(s.parallel(ctx, verb, tasks))
}

func firstFailure(failures []failure) error {
	if len(failures) > 0 {
		return failures[0].err
	}
	return nil
}

func (s *session) downscale(ctx context.Context, containers []*container, timeout *int) {
	var tasks []task
	for _, c := range containers {
		tasks = append(tasks, task{name: c.name, do: func(ctx context.Context) error {
			if err := s.stop(ctx, c, timeout); err != nil {
				return err
			}
			return s.remove(ctx, c, false, false)
		}})
	}
	s.parallel(ctx, "Stopping and removing", tasks)
}

// createMore adds containers to a service.
func (s *session) createMore(ctx context.Context, svc types.ServiceConfig, n int, o upOptions, start bool) ([]*container, error) {
	existing, err := s.containers(ctx, query{services: []string{svc.Name}, all: true})
	if err != nil {
		return nil, err
	}
	next := 1
	for _, c := range existing {
		next = max(next, c.number()+1)
	}
	var mu sync.Mutex
	var out []*container
	var tasks []task
	for number := next; number < next+n; number++ {
		name := s.containerName(svc, number)
		tasks = append(tasks, task{name: name, do: func(ctx context.Context) error {
			c, err := s.create(ctx, svc, newContainer{name: name, number: number})
			if err == nil && start {
				err = s.startAttached(ctx, svc, c, o)
			}
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				out = append(out, c)
			}
			return err
		}})
	}
	return out, firstFailure(s.parallel(ctx, "Creating", tasks))
}

// startAttached starts a container. If its output is wanted it attaches first, so that none of it
// is lost.
func (s *session) startAttached(ctx context.Context, svc types.ServiceConfig, c *container, o upOptions) error {
	if o.attach != nil && (o.attachOnly == nil || slices.Contains(o.attachOnly, svc.Name)) {
		if err := o.attach(ctx, c); err != nil {
			return err
		}
	}
	return s.start(ctx, svc, c)
}

// replace recreates a container. The old one gets another name until the new one has its anonymous
// volumes.
func (s *session) replace(ctx context.Context, svc types.ServiceConfig, old *container, o upOptions, start bool) (*container, error) {
	s.ui.status("Container", old.name, "Recreate")
	if old.State.Running {
		if err := s.client.post(ctx, "/containers/"+old.id+"/stop", s.grace(old, o.timeout), nil, nil); err != nil {
			return nil, err
		}
	}
	temporary := old.id[:12] + "_" + old.name
	if !strings.HasPrefix(old.name, old.id[:12]) {
		if err := s.client.post(ctx, "/containers/"+old.id+"/rename", url.Values{"name": {temporary}}, nil, nil); err != nil {
			return nil, err
		}
	}
	previous := old
	if o.renew {
		previous = nil
	}
	c, err := s.make(ctx, svc, newContainer{name: s.containerName(svc, old.number()), number: old.number(), previous: previous})
	if err != nil {
		return nil, err
	}
	if start {
		if err := s.startAttached(ctx, svc, c, o); err != nil {
			return nil, err
		}
	}
	if err := s.delete(ctx, old, false, false); err != nil {
		return nil, err
	}
	s.ui.status("Container", old.name, "Recreated")
	return c, nil
}

// usedNetworks returns the keys of the networks of the services, in the order of the services.
func (s *session) usedNetworks() []string {
	var used []string
	for _, name := range s.project.Order {
		svc, _ := s.project.service(name)
		if svc.NetworkMode != "" {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(svc.Networks)) {
			if !slices.Contains(used, key) {
				used = append(used, key)
			}
		}
	}
	return used
}

func (s *session) ensureNetworks(ctx context.Context) error {
	for _, key := range s.usedNetworks() {
		n := s.project.Networks[key]
		err := s.client.get(ctx, "/networks/"+n.Name, nil, nil)
		if err == nil {
			continue
		}
		if !notFound(err) {
			return err
		}
		if n.External {
			return s.style.resources.missingExternal("network", n.Name)
		}
		s.style.resources.creatingNetwork(s, n)
		s.ui.status("Network", n.Name, "Creating")
		req := networkRequest{
			Name: n.Name, CheckDuplicate: true, Attachable: true, Driver: n.Driver, Internal: n.Internal,
			EnableIPv6: n.EnableIPv6 != nil && *n.EnableIPv6, Options: n.DriverOpts,
			Labels: s.labels(n.Labels, labelNetwork, key),
		}
		if n.Ipam.Driver != "" || len(n.Ipam.Config) > 0 {
			req.IPAM = &networkIPAM{Driver: n.Ipam.Driver, Options: n.Ipam.Options}
			for _, p := range n.Ipam.Config {
				req.IPAM.Config = append(req.IPAM.Config, ipamPool{p.Subnet, p.IPRange, p.Gateway, p.AuxiliaryAddresses})
			}
		}
		if err := s.client.post(ctx, "/networks/create", nil, req, nil); err != nil {
			return err
		}
		s.ui.status("Network", n.Name, "Created")
	}
	return nil
}

// labels returns the labels of a network or a volume.
func (s *session) labels(own types.Labels, kind, key string) map[string]string {
	out := map[string]string{labelProject: s.project.Name, kind: key, labelVersion: s.style.version}
	maps.Copy(out, own)
	return out
}

func (s *session) ensureVolumes(ctx context.Context) error {
	for _, key := range s.usedVolumes() {
		v := s.project.Volumes[key]
		err := s.client.get(ctx, "/volumes/"+v.Name, nil, nil)
		if err == nil {
			continue
		}
		if !notFound(err) {
			return err
		}
		if v.External {
			return s.style.resources.missingExternal("volume", v.Name)
		}
		s.style.resources.creatingVolume(s, v)
		s.ui.status("Volume", v.Name, "Creating")
		req := volumeRequest{Name: v.Name, Driver: v.Driver, DriverOpts: v.DriverOpts, Labels: s.labels(v.Labels, labelVolume, key)}
		if err := s.client.post(ctx, "/volumes/create", nil, req, nil); err != nil {
			return err
		}
		s.ui.status("Volume", v.Name, "Created")
	}
	return nil
}

// orphans warns about containers of services that are no longer in the file, or removes them.
func (s *session) orphans(ctx context.Context, remove bool) error {
	containers, err := s.containers(ctx, query{all: true, orphans: true})
	if err != nil {
		return err
	}
	var names []string
	for _, c := range containers {
		if _, ok := s.project.service(c.service()); ok {
			continue
		}
		names = append(names, c.name)
		if !remove {
			continue
		}
		s.style.up.removingOrphan(s, c)
		if s.style.createsFirst && c.State.Running {
			if err := s.stop(ctx, c, nil); err != nil {
				return err
			}
		}
		if err := s.remove(ctx, c, false, true); err != nil {
			return err
		}
	}
	if len(names) > 0 && !remove {
		s.style.up.foundOrphans(s, names)
	}
	return nil
}

// stopAll stops running containers. A container that others depend on is stopped after them.
func (s *session) stopAll(ctx context.Context, q query, timeout *int) error {
	containers, err := s.containers(ctx, q)
	if err != nil {
		return err
	}
	s.parallel(ctx, "Stopping", s.dependentsFirst(containers, func(ctx context.Context, c *container) error {
		return s.stop(ctx, c, timeout)
	}))
	return context.Cause(ctx)
}

// dependentsFirst returns tasks in which a container comes after the containers of services that
// depend on its own.
func (s *session) dependentsFirst(containers []*container, do func(ctx context.Context, c *container) error) []task {
	var tasks []task
	for _, c := range containers {
		t := task{name: c.name, do: func(ctx context.Context) error { return do(ctx, c) }}
		for _, other := range containers {
			svc, _ := s.project.service(other.service())
			if slices.Contains(dependencies(svc), c.service()) {
				t.after = append(t.after, other.name)
			}
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// usedVolumes returns the keys of the volumes in their order. V5 includes only the mounted ones.
func (s *session) usedVolumes() []string {
	keys := slices.Sorted(maps.Keys(s.project.Volumes))
	if s.style.look == V1 {
		return keys
	}
	return slices.DeleteFunc(keys, func(key string) bool {
		for _, svc := range s.project.AllServices() {
			for _, v := range svc.Volumes {
				if v.Type == types.VolumeTypeVolume && v.Source == key {
					return false
				}
			}
		}
		return true
	})
}
