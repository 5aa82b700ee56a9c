package compose

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// upLook holds the messages of `up` and `scale`.
type upLook interface {
	scaleWarnings(s *session, svc types.ServiceConfig, n int)
	scaleDeprecated(s *session)
	checkScale(s *session, scale map[string]int) error
	upToDate(s *session, c *container)
	removingOrphan(s *session, c *container)
	foundOrphans(s *session, names []string)
	failed(f []failure) error
	// unmet reports that a container of a dependency will not meet a condition. The error ends the
	// command; it is nil if the dependency is optional.
	unmet(s *session, service string, why *unmet, optional bool) error
	say(s *session, text string) // for an `up` in the foreground
}

type (
	v1Up struct{}
	v5Up struct{}
)

func (v1Up) scaleWarnings(s *session, svc types.ServiceConfig, n int) {
	if n < 2 {
		return
	}
	if svc.ContainerName != "" {
		s.ui.warn(fmt.Sprintf("The %q service is using the custom container name %q. Docker requires each container to have a "+
			"unique name. Remove the custom name to scale the service.", svc.Name, svc.ContainerName))
	}
	for _, p := range svc.Ports {
		if p.Published != "" {
			s.ui.warn(fmt.Sprintf("The %q service specifies a port on the host. If multiple containers for this service are created on "+
				"a single host, the port will clash.", svc.Name))
			return
		}
	}
}

func (v1Up) scaleDeprecated(s *session) {
	s.ui.warn("The scale command is deprecated. Use the up command with the --scale flag instead.")
}

// checkScale ignores unknown services.
func (v1Up) checkScale(*session, map[string]int) error { return nil }

func (v1Up) upToDate(s *session, c *container) { s.ui.info(c.name + " is up-to-date") }

func (v1Up) removingOrphan(s *session, c *container) {
	s.ui.info(fmt.Sprintf("Removing orphan container %q", c.name))
}

func (v1Up) foundOrphans(s *session, names []string) {
	s.ui.warn("Found orphan containers (" + strings.Join(names, ", ") + ") for this project. If you removed or renamed this " +
		"service in your compose file, you can run this command with the --remove-orphans flag to clean it up.")
}

func (v1Up) failed([]failure) error {
	return errors.New("Encountered errors while bringing up the project.")
}

func (v1Up) unmet(_ *session, _ string, why *unmet, optional bool) error {
	if optional {
		return nil
	}
	return why
}

func (v1Up) say(s *session, text string) { s.printf("%s\n", text) }

func (v5Up) scaleWarnings(*session, types.ServiceConfig, int) {}
func (v5Up) scaleDeprecated(*session)                         {}

func (v5Up) checkScale(s *session, scale map[string]int) error {
	for _, name := range slices.Sorted(maps.Keys(scale)) {
		if _, ok := s.project.service(name); !ok {
			return fmt.Errorf("no such service: %s: not found", name)
		}
	}
	for name, n := range scale {
		if svc, _ := s.project.service(name); svc.ContainerName != "" && n > 1 {
			return fmt.Errorf("WARNING: The %q service is using the custom container name %q. Docker requires each container to have a "+
				"unique name. Remove the custom name to scale the service", name, svc.ContainerName)
		}
	}
	return nil
}

func (v5Up) upToDate(s *session, c *container)   { s.ui.status("Container", c.name, "Running") }
func (v5Up) removingOrphan(*session, *container) {}

func (v5Up) foundOrphans(s *session, names []string) {
	s.ui.warn("Found orphan containers (" + strings.Join(names, ", ") + ") for this project. If you removed or renamed this " +
		"service in your compose file, you can run this command with the --remove-orphans flag to clean it up.")
}

func (v5Up) failed(f []failure) error { return firstFailure(f) }

func (v5Up) unmet(s *session, service string, why *unmet, optional bool) error {
	completes := why.condition == types.ServiceConditionCompletedSuccessfully
	subject, short := "dependency "+service, "dependency"
	switch {
	case optional:
		subject = fmt.Sprintf("optional dependency %q", service)
		short = subject
	case completes:
		subject = fmt.Sprintf("service %q", service)
	}
	state, whole := subject+" failed to start", short+" failed to start: "+why.text()
	if completes {
		state = fmt.Sprintf("%s didn't complete successfully: exit %d", subject, why.c.State.ExitCode)
		whole = state
	}
	if !optional {
		s.ui.status("Container", why.c.name, "Error "+state)
		return errors.New(whole)
	}
	s.ui.status("Container", why.c.name, "Skipped: "+state)
	s.ui.warn(whole)
	return nil
}

func (v5Up) say(s *session, text string) { s.ui.info("\n Compose Stopping " + text) }
