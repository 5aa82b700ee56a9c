package compose

import (
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// buildLook holds the messages about building and pulling images.
type buildLook interface {
	building(s *session, svc types.ServiceConfig, quiet bool)
	builtMissing(s *session, svc types.ServiceConfig)
	notBuilt(s *session, svc types.ServiceConfig, quiet bool)
	pulling(s *session, svc types.ServiceConfig, quiet bool)
	failed(svc types.ServiceConfig, err error) error
	noDockerfile(path string) error
}

type (
	v1Build struct{}
	v5Build struct{}
)

func (v1Build) building(s *session, svc types.ServiceConfig, quiet bool) {
	if !quiet {
		s.ui.info("Building " + svc.Name)
	}
}

func (v1Build) builtMissing(s *session, svc types.ServiceConfig) {
	s.ui.warn("Image for service " + svc.Name + " was built because it did not already exist. " +
		"To rebuild this image you must use `docker-compose build` or `docker-compose up --build`.")
}

func (v1Build) notBuilt(s *session, svc types.ServiceConfig, quiet bool) {
	if !quiet {
		s.ui.info(svc.Name + " uses an image, skipping")
	}
}

func (v1Build) pulling(s *session, svc types.ServiceConfig, quiet bool) {
	if quiet {
		return
	}
	separator := ":"
	_, tag := splitTag(svc.Image)
	repository := strings.TrimSuffix(svc.Image, ":"+tag)
	switch {
	case strings.Contains(svc.Image, "@"):
		repository, separator = strings.TrimSuffix(svc.Image, "@"+tag), "@"
	case repository == svc.Image:
		tag = ""
	}
	s.ui.info(fmt.Sprintf("Pulling %s (%s%s%s)...", svc.Name, repository, separator, tag))
}

func (v1Build) failed(svc types.ServiceConfig, err error) error {
	return fmt.Errorf("Service '%s' failed to build : %w", svc.Name, err)
}

func (v1Build) noDockerfile(path string) error {
	return fmt.Errorf("Cannot locate specified Dockerfile: %s", path)
}

func (v5Build) building(*session, types.ServiceConfig, bool) {}
func (v5Build) builtMissing(*session, types.ServiceConfig)   {}
func (v5Build) notBuilt(*session, types.ServiceConfig, bool) {}
func (v5Build) pulling(*session, types.ServiceConfig, bool)  {}

func (v5Build) failed(svc types.ServiceConfig, err error) error {
	return fmt.Errorf("target %s: failed to solve: %w", svc.Name, err)
}

func (v5Build) noDockerfile(path string) error {
	return fmt.Errorf("failed to read dockerfile: open %s: no such file or directory", path)
}
