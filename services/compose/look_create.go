package compose

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// createLook names and labels containers, and decides whether one must be recreated.
type createLook interface {
	labels(s *session, svc types.ServiceConfig, c newContainer, hash, imageID string) map[string]string
	hash(s *session, svc types.ServiceConfig, imageID string) (string, error)
	diverged(c *container, hash, imageID string) bool
	aliases(svc types.ServiceConfig, container string) []string
	oneOffName(project, service, slug string) string
	createFailed(svc types.ServiceConfig, err error) error
	startFailed(s *session, svc types.ServiceConfig, err error) error
}

type (
	v1Create struct{}
	v5Create struct{}
)

func (v v1Create) labels(s *session, svc types.ServiceConfig, c newContainer, hash, _ string) map[string]string {
	p := s.project
	out := maps.Clone(map[string]string(svc.Labels))
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, map[string]string{
		labelProject:    p.Name,
		labelService:    svc.Name,
		labelOneOff:     "False",
		labelWorkingDir: p.WorkingDir,
		labelVersion:    "1.29.2",
	})
	if !slices.Contains(p.files, "-") {
		out[labelConfigFiles] = strings.Join(p.files, ",")
	}
	if p.envFile != "" {
		out[labelEnvFile] = p.envFile
	}
	if o := c.oneOff; o != nil {
		maps.Copy(out, o.labels)
		out[labelOneOff] = "True"
		out[labelSlug] = c.slug
		return out
	}
	out[labelNumber] = strconv.Itoa(c.number)
	out[labelHash] = hash
	return out
}

func (v1Create) hash(s *session, svc types.ServiceConfig, imageID string) (string, error) {
	return s.legacyHash(svc, imageID)
}

func (v1Create) diverged(c *container, hash, _ string) bool {
	return c.Config.Labels[labelHash] != hash
}

func (v1Create) aliases(svc types.ServiceConfig, _ string) []string { return []string{svc.Name} }

func (v1Create) oneOffName(project, service, slug string) string {
	return strings.TrimLeft(project, "-_") + "_" + service + "_run_" + slug[:12]
}

func (v1Create) createFailed(svc types.ServiceConfig, err error) error {
	return fmt.Errorf("Cannot create container for service %s: %w", svc.Name, err)
}

func (v1Create) startFailed(s *session, svc types.ServiceConfig, err error) error {
	if strings.Contains(err.Error(), "driver failed programming external connectivity") {
		s.ui.warn("Host is already in use by another container")
	}
	return fmt.Errorf("Cannot start service %s: %w", svc.Name, err)
}

func (v5Create) labels(s *session, svc types.ServiceConfig, c newContainer, hash, imageID string) map[string]string {
	p := s.project
	var files []string
	for _, f := range p.files {
		files = append(files, absolute(s.Dir, f))
	}
	var deps []string
	for _, name := range dependencies(svc) {
		d := svc.DependsOn[name]
		deps = append(deps, fmt.Sprintf("%s:%s:%t", name, d.Condition, d.Restart))
	}
	out := maps.Clone(map[string]string(svc.Labels))
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, map[string]string{
		labelProject:     p.Name,
		labelService:     svc.Name,
		labelOneOff:      "False",
		labelWorkingDir:  p.WorkingDir,
		labelConfigFiles: strings.Join(files, ","),
		labelVersion:     "5.6.0",
		labelHash:        hash,
		labelImage:       imageID,
		labelDependsOn:   strings.Join(deps, ","),
		labelNumber:      strconv.Itoa(max(1, c.number)),
	})
	if p.envFile != "" {
		out[labelEnvFile] = absolute(s.Dir, p.envFile)
	}
	if o := c.oneOff; o != nil {
		maps.Copy(out, o.labels)
		out[labelOneOff] = "True"
		out[labelSlug] = c.slug
	}
	return out
}

// hash leaves out the settings that an existing container does not depend on.
func (v5Create) hash(_ *session, svc types.ServiceConfig, _ string) (string, error) {
	svc.Build, svc.PullPolicy, svc.Scale, svc.DependsOn, svc.Profiles = nil, "", nil, nil, nil
	if svc.Deploy != nil {
		deploy := *svc.Deploy
		deploy.Replicas = nil
		svc.Deploy = &deploy
	}
	text, err := json.Marshal(svc)
	if err != nil {
		return "", err
	}
	return sha256Hex(text), nil
}

func (v5Create) diverged(c *container, hash, imageID string) bool {
	return c.Config.Labels[labelHash] != hash || c.Config.Labels[labelImage] != imageID
}

func (v5Create) aliases(svc types.ServiceConfig, container string) []string {
	return []string{container, svc.Name}
}

func (v5Create) oneOffName(project, service, slug string) string {
	return project + "-" + service + "-run-" + slug[:12]
}

func (v5Create) createFailed(_ types.ServiceConfig, err error) error            { return err }
func (v5Create) startFailed(_ *session, _ types.ServiceConfig, err error) error { return err }
