package compose

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"workshop/services/compose/dockerfile"
)

// maxDockerfile is the size limit of a Dockerfile that is read before a build, in bytes.
const maxDockerfile = 1 << 20

// dockerfileOf returns the path of the Dockerfile of a build; "" if the Compose file holds its text.
func dockerfileOf(b *types.BuildConfig) string {
	switch {
	case b.DockerfileInline != "":
		return ""
	case filepath.IsAbs(b.Dockerfile):
		return b.Dockerfile
	}
	return filepath.Join(b.Context, cmp.Or(b.Dockerfile, "Dockerfile"))
}

// instructions reads the Dockerfile of a service, and returns its path as messages show it. A file
// that cannot be read has no instructions: the build reports it.
func (p *Project) instructions(svc types.ServiceConfig) (path string, list []dockerfile.Instruction, err error) {
	text := []byte(svc.Build.DockerfileInline)
	full := dockerfileOf(svc.Build)
	if full != "" {
		info, err := os.Stat(full)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxDockerfile {
			return "", nil, nil //nolint:nilerr // see above
		}
		if text, err = os.ReadFile(full); err != nil {
			return "", nil, nil //nolint:nilerr // see above
		}
	}
	list, err = dockerfile.Parse(string(text))
	return p.shown(full), list, err
}

// shown returns a path relative to the directory of the command, if it is below it.
func (p *Project) shown(path string) string {
	if rel, err := filepath.Rel(p.dir, path); path != "" && err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// refusedBuild returns the parts of a service's Dockerfile that the embedded engine does not build.
// has reports whether the engine has an image.
func (p *Project) refusedBuild(svc types.ServiceConfig, has func(image string) bool) (list fileErrors) {
	path, instructions, err := p.instructions(svc)
	var mistake *dockerfile.Error
	var all []*dockerfile.Error
	if errors.As(err, &mistake) {
		all = append(all, mistake)
	}
	all = append(all, dockerfile.Refused(instructions, func(image string) error {
		if has(image) || p.builds(image) {
			return nil
		}
		return errors.New(noRegistry)
	})...)
	for _, e := range all {
		if path == "" { // the lines are those of the text in the Compose file
			list = append(list, p.errorAt([]string{"services", svc.Name, "build", "dockerfile_inline"}, e.Error()))
			continue
		}
		list = append(list, &FileError{File: path, Line: e.Line, Col: e.Col, Message: e.Message})
	}
	return list
}

// builds reports whether a service of the project builds an image.
func (p *Project) builds(image string) bool {
	for _, svc := range p.AllServices() {
		if svc.Build != nil && strings.TrimSuffix(svc.Image, ":latest") == strings.TrimSuffix(image, ":latest") {
			return true
		}
	}
	return false
}
