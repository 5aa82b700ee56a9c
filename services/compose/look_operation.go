package compose

import (
	"errors"
	"fmt"
	"strings"
)

// operationLook holds the messages about operations on existing containers.
type operationLook interface {
	taskFailed(s *session, f failure) // as it happens
	failed(failures []failure) error  // at the end
	noContainers(s *session, operation string) error
	nothingToRemove(s *session)
	notRunning(service string, index int) error
	noPort(s *session, c *container, port string) error
}

type (
	v1Operation struct{}
	v5Operation struct{}
)

func (v1Operation) taskFailed(s *session, f failure) {
	s.ui.info("\nERROR: for " + f.name + "  " + f.err.Error())
}

// failed ignores refusals by the engine. taskFailed has printed them, and the command does not fail
// because of them.
func (v1Operation) failed(failures []failure) error {
	for _, f := range failures {
		var refused *apiError
		if !errors.As(f.err, &refused) {
			return f.err
		}
	}
	return nil
}

func (v1Operation) noContainers(_ *session, operation string) error {
	return errors.New("No containers to " + operation)
}

func (v1Operation) nothingToRemove(s *session) { s.printf("No stopped containers\n") }

func (v1Operation) notRunning(service string, index int) error {
	return fmt.Errorf("No container found for %s_%d", service, index)
}

func (v1Operation) noPort(s *session, _ *container, _ string) error {
	s.printf("\n")
	return nil
}

func (v5Operation) taskFailed(*session, failure) {}

func (v5Operation) failed(f []failure) error { return firstFailure(f) }

// noContainers returns an error for start only.
func (v5Operation) noContainers(s *session, operation string) error {
	switch operation {
	case "start":
		for _, name := range s.project.Order {
			if _, ok := s.project.Services[name]; ok {
				return fmt.Errorf("service %q has no container to start", name)
			}
		}
	case "kill":
		s.ui.info("No container to kill")
	}
	return nil
}

func (v5Operation) nothingToRemove(s *session) { s.ui.info("No stopped containers") }

func (v5Operation) notRunning(service string, _ int) error {
	return fmt.Errorf("service %q is not running", service)
}

func (v5Operation) noPort(s *session, c *container, port string) error {
	if _, exposed := c.NetworkSettings.Ports[port]; exposed {
		s.printf(":0\n")
		return nil
	}
	var ports []string
	for _, p := range c.summary.Ports {
		ports = append(ports, fmt.Sprintf("%d/%s", p.PrivatePort, p.Type))
	}
	return fmt.Errorf("no port %s for container %s: %s", port, c.name, strings.Join(ports, ", "))
}
