package compose

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/types"
)

// container is a container of the project.
type container struct {
	inspection
	id, name string
	summary  summary
}

func (c *container) service() string { return c.Config.Labels[labelService] }

// number returns the number of a container in its service; 0 for one created by `run`.
func (c *container) number() int {
	n, _ := strconv.Atoi(c.Config.Labels[labelNumber])
	return n
}

func (c *container) isOneOff() bool { return c.Config.Labels[labelOneOff] == "True" }

// oneOffs selects the one-off containers, which `run` creates, in a query.
type oneOffs int

const (
	noOneOffs oneOffs = iota
	withOneOffs
	onlyOneOffs
)

// query selects containers of the project.
type query struct {
	services []string // nil means all in the project
	all      bool     // stopped ones too
	oneOffs  oneOffs
	orphans  bool // also containers of services that are not in the file
	unknown  bool // services may hold names that are not in the file
}

// noSuchService means that a service is not in the file.
type noSuchService string

func (e noSuchService) Error() string { return "no such service: " + string(e) }

// known checks that services are in the file.
func (s *session) known(names []string) error {
	for _, name := range names {
		if _, ok := s.project.service(name); !ok {
			return noSuchService(name)
		}
	}
	return nil
}

// containers lists containers, the newest first.
func (s *session) containers(ctx context.Context, q query) ([]*container, error) {
	if err := s.known(q.services); err != nil && !q.unknown {
		return nil, err
	}
	label := []string{labelProject + "=" + s.project.Name}
	switch q.oneOffs {
	case noOneOffs:
		label = append(label, labelOneOff+"=False")
	case onlyOneOffs:
		label = append(label, labelOneOff+"=True")
	}
	var list []summary
	values := url.Values{"filters": {filters(map[string][]string{"label": label})}}
	if q.all {
		values.Set("all", "1")
	}
	if err := s.client.get(ctx, "/containers/json", values, &list); err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(c summary) bool {
		name := c.Labels[labelService]
		if len(q.services) > 0 {
			return !slices.Contains(q.services, name)
		}
		_, ok := s.project.service(name)
		return !ok && !q.orphans
	})
	out := make([]*container, len(list))
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, sum := range list {
		wg.Go(func() {
			out[i], errs[i] = s.inspect(ctx, sum.ID)
			if out[i] != nil {
				out[i].summary = sum
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && !notFound(err) { // it may have been removed since it was listed
			return nil, err
		}
	}
	return slices.DeleteFunc(out, func(c *container) bool {
		return c == nil || !q.all && !c.State.Running // the engine's list lags behind
	}), nil
}

func (s *session) inspect(ctx context.Context, id string) (*container, error) {
	c := &container{}
	if err := s.client.get(ctx, "/containers/"+id+"/json", nil, &c.inspection); err != nil {
		return nil, err
	}
	c.id, c.name = c.ID, strings.TrimPrefix(c.Name, "/")
	return c, nil
}

func byNumber(a, b *container) int { return cmp.Compare(a.number(), b.number()) }

func byName(a, b *container) int { return cmp.Compare(a.name, b.name) }

// containerName returns the name of the container of a service with a number.
func (s *session) containerName(svc types.ServiceConfig, number int) string {
	if svc.ContainerName != "" {
		return svc.ContainerName
	}
	return strings.Join([]string{strings.TrimLeft(s.project.Name, "-_"), svc.Name, strconv.Itoa(number)}, s.style.separator)
}

// shortName returns a container's name without the project's.
func (s *session) shortName(c *container) string {
	if !strings.HasPrefix(c.name, s.project.Name+s.style.separator+c.service()) {
		return c.name
	}
	if c.isOneOff() {
		slug := c.Config.Labels[labelSlug]
		return c.service() + s.style.separator + slug[:min(12, len(slug))]
	}
	return c.service() + s.style.separator + c.Config.Labels[labelNumber]
}

// imageName returns the name of a service's image: the name in the file, or the name of a built
// image.
func (s *session) imageName(svc types.ServiceConfig) string {
	if svc.Image != "" {
		return svc.Image
	}
	return strings.TrimLeft(s.project.Name, "_-") + s.style.separator + svc.Name
}

// image returns an image of the engine; nil if it does not exist.
func (s *session) image(ctx context.Context, name string) (*image, error) {
	img := &image{}
	err := s.client.get(ctx, "/images/"+name+"/json", nil, img)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return img, nil
}

// The operations on one container. Each reports its states.

func (s *session) start(ctx context.Context, svc types.ServiceConfig, c *container) error {
	s.ui.status("Container", c.name, "Starting")
	for _, n := range s.networks(svc)[min(1, len(s.networks(svc))):] {
		e := map[string]any{"Container": c.id, "EndpointConfig": s.endpoint(svc, n, newContainer{name: c.name})}
		err := s.client.post(ctx, "/networks/"+n.name+"/connect", nil, e, nil)
		if err != nil && !strings.Contains(err.Error(), "already exists in network") {
			return err
		}
	}
	if err := s.client.post(ctx, "/containers/"+c.id+"/start", nil, nil, nil); err != nil {
		return s.style.create.startFailed(s, svc, err)
	}
	s.ui.status("Container", c.name, "Started")
	return nil
}

// stop stops a container and gives its processes a number of seconds to end. nil means the default
// of the service or the engine.
func (s *session) stop(ctx context.Context, c *container, seconds *int) error {
	s.ui.status("Container", c.name, "Stopping")
	if err := s.client.post(ctx, "/containers/"+c.id+"/stop", s.grace(c, seconds), nil, nil); err != nil {
		return err
	}
	s.ui.status("Container", c.name, "Stopped")
	return nil
}

func (s *session) restart(ctx context.Context, c *container, seconds *int) error {
	s.ui.status("Container", c.name, "Restarting")
	if err := s.client.post(ctx, "/containers/"+c.id+"/restart", s.grace(c, seconds), nil, nil); err != nil {
		return err
	}
	s.ui.status("Container", c.name, "Started")
	return nil
}

// grace returns the query with the time until the processes are killed.
func (s *session) grace(c *container, seconds *int) url.Values {
	if seconds == nil {
		n := 10
		if svc, ok := s.project.service(c.service()); ok && svc.StopGracePeriod != nil {
			n = int(wholeSeconds(*svc.StopGracePeriod))
		}
		seconds = &n
	}
	return url.Values{"t": {strconv.Itoa(*seconds)}}
}

func (s *session) kill(ctx context.Context, c *container, signal string) error {
	s.ui.status("Container", c.name, "Killing")
	if err := s.client.post(ctx, "/containers/"+c.id+"/kill", url.Values{"signal": {signal}}, nil, nil); err != nil {
		return err
	}
	s.ui.status("Container", c.name, "Killed")
	return nil
}

// remove removes a container, and its anonymous volumes if volumes is set.
func (s *session) remove(ctx context.Context, c *container, volumes, force bool) error {
	s.ui.status("Container", c.name, "Removing")
	if err := s.delete(ctx, c, volumes, force); err != nil {
		return err
	}
	s.ui.status("Container", c.name, "Removed")
	return nil
}

// delete is remove without a report.
func (s *session) delete(ctx context.Context, c *container, volumes, force bool) error {
	err := s.client.delete(ctx, "/containers/"+c.id, url.Values{
		"v": {strconv.FormatBool(volumes)}, "force": {strconv.FormatBool(force)},
	})
	if notFound(err) {
		return nil // the engine removes it by itself
	}
	return err
}

func (s *session) pause(ctx context.Context, c *container) error {
	if err := s.client.post(ctx, "/containers/"+c.id+"/pause", nil, nil, nil); err != nil {
		return err
	}
	s.ui.status("Container", c.name, "Paused")
	return nil
}

func (s *session) unpause(ctx context.Context, c *container) error {
	if err := s.client.post(ctx, "/containers/"+c.id+"/unpause", nil, nil, nil); err != nil {
		return err
	}
	s.ui.status("Container", c.name, "Unpaused")
	return nil
}

// wait waits for the end of a container and returns its exit status.
func (s *session) wait(ctx context.Context, id string) (int, error) {
	var out struct {
		StatusCode int
		Error      *struct{ Message string }
	}
	if err := s.client.call(ctx, http.MethodPost, "/containers/"+id+"/wait", nil, nil, &out); err != nil {
		return 0, err
	}
	if out.Error != nil && out.Error.Message != "" {
		return out.StatusCode, fmt.Errorf("%s", out.Error.Message)
	}
	return out.StatusCode, nil
}

// create creates a container and reports it.
func (s *session) create(ctx context.Context, svc types.ServiceConfig, c newContainer) (*container, error) {
	s.ui.status("Container", c.name, "Creating")
	made, err := s.make(ctx, svc, c)
	if err != nil {
		return nil, err
	}
	s.ui.status("Container", c.name, "Created")
	return made, nil
}

// make is create without a report.
func (s *session) make(ctx context.Context, svc types.ServiceConfig, c newContainer) (*container, error) {
	hash, imageID, err := s.hash(ctx, svc)
	if err != nil {
		return nil, err
	}
	req, err := s.request(ctx, svc, c, hash, imageID)
	if err != nil {
		return nil, err
	}
	embedded, err := s.embedded(ctx)
	if err != nil {
		return nil, err
	}
	if embedded && s.project.local[svc.Name] != nil {
		if err := s.makeSources(req.HostConfig.Binds); err != nil {
			return nil, err
		}
	}
	values := url.Values{"name": {c.name}}
	if svc.Platform != "" {
		values.Set("platform", svc.Platform)
	}
	var made struct {
		ID       string `json:"Id"`
		Warnings []string
	}
	if err := s.client.post(ctx, "/containers/create", values, req, &made); err != nil {
		return nil, s.style.create.createFailed(svc, err)
	}
	if embedded && c.number <= 1 { // they are the same for all containers of the service
		for _, w := range made.Warnings {
			s.ui.warn(svc.Name + ": " + w)
		}
	}
	return s.inspect(ctx, made.ID)
}

// hash returns the hash of a service's configuration, which reveals a change, and the ID of its
// image.
func (s *session) hash(ctx context.Context, svc types.ServiceConfig) (hash, imageID string, err error) {
	img, err := s.image(ctx, s.imageName(svc))
	if err != nil {
		return "", "", err
	}
	if img != nil {
		imageID = img.ID
	}
	hash, err = s.style.create.hash(s, svc, imageID)
	return hash, imageID, err
}
