package compose

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// resourceLook holds the messages about creating and removing networks, volumes and
// images.
type resourceLook interface {
	creatingNetwork(s *session, n types.NetworkConfig)
	creatingVolume(s *session, v types.VolumeConfig)
	missingExternal(kind, name string) error

	external(s *session, r resource) // it is not removed
	removing(s *session, r resource)
	removed(s *session, r resource, err error) error // err is the engine's
	removingImage(s *session, name string)
	removedImage(s *session, service, name string, err error) // err is the engine's
}

// resource is a network or a volume.
type resource struct {
	kind     string // "network" or "volume"
	name     string
	external bool
}

// title returns the kind with a capital.
func (r resource) title() string { return strings.ToUpper(r.kind[:1]) + r.kind[1:] }

type (
	v1Resource struct{}
	v5Resource struct{}
)

func (v1Resource) creatingNetwork(s *session, n types.NetworkConfig) {
	driver := "the default driver"
	if n.Driver != "" {
		driver = fmt.Sprintf("driver %q", n.Driver)
	}
	s.ui.info(fmt.Sprintf("Creating network %q with %s", n.Name, driver))
}

func (v1Resource) creatingVolume(s *session, v types.VolumeConfig) {
	driver := "default"
	if v.Driver != "" {
		driver = strconv.Quote(v.Driver)
	}
	s.ui.info(fmt.Sprintf("Creating volume %q with %s driver", v.Name, driver))
}

func (v1Resource) missingExternal(kind, name string) error {
	title := strings.ToUpper(kind[:1]) + kind[1:]
	return fmt.Errorf("%s %s declared as external, but could not be found. "+
		"Please create the %s manually using `docker %s create %s` and try again.",
		title, name, kind, kind, name)
}

func (v1Resource) external(s *session, r resource) {
	s.ui.info(r.title() + " " + r.name + " is external, skipping")
}

func (v1Resource) removing(s *session, r resource) { s.ui.info("Removing " + r.kind + " " + r.name) }

func (v1Resource) removed(s *session, r resource, err error) error {
	if notFound(err) {
		s.ui.warn(r.title() + " " + r.name + " not found.")
		return nil
	}
	return err
}

func (v1Resource) removingImage(s *session, name string) { s.ui.info("Removing image " + name) }

func (v1Resource) removedImage(s *session, service, name string, err error) {
	switch {
	case notFound(err):
		s.ui.warn("Image " + name + " not found.")
	case err != nil:
		s.ui.fail(fmt.Sprintf("Failed to remove image for service %s: %v", service, err))
	}
}

func (v5Resource) creatingNetwork(*session, types.NetworkConfig) {}
func (v5Resource) creatingVolume(*session, types.VolumeConfig)   {}

func (v5Resource) missingExternal(kind, name string) error {
	if kind == "volume" {
		return fmt.Errorf("external volume %q not found", name)
	}
	return fmt.Errorf("network %s declared as external, but could not be found", name)
}

func (v5Resource) external(*session, resource) {}

func (v5Resource) removing(s *session, r resource) { s.ui.status(r.title(), r.name, "Removing") }

func (v5Resource) removed(s *session, r resource, err error) error {
	switch {
	case err == nil, notFound(err):
		s.ui.status(r.title(), r.name, "Removed")
	case strings.Contains(err.Error(), "active endpoints"), strings.Contains(err.Error(), "in use"):
		s.ui.status(r.title(), r.name, "Resource is still in use")
	default:
		return err
	}
	return nil
}

func (v5Resource) removingImage(s *session, name string) {
	s.ui.status("Image", tagged(name), "Removing")
}

func (v5Resource) removedImage(s *session, _, name string, err error) {
	state := "Removed"
	switch {
	case notFound(err):
		state = "Warning: No resource found to remove"
	case err != nil:
		state = "Resource is still in use"
	}
	s.ui.status("Image", tagged(name), state)
}

// tagged adds the default tag to the name of an image without one.
func tagged(name string) string {
	if !strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		name += ":latest"
	}
	return name
}
