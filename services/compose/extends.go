package compose

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/override"
	"go.yaml.in/yaml/v4"
)

// inheritance resolves `extends` in services as written.
type inheritance struct {
	dir           string // of relative paths
	interpolation interpolation.Options
}

// mostExtends bounds a chain of services that extend others. compose-go refuses circles.
const mostExtends = 100

// service returns a service with what it inherits.
func (i inheritance) service(services map[string]map[string]any, name string, depth int) (map[string]any, error) {
	own := services[name]
	extends, ok := own["extends"]
	if !ok || depth > mostExtends {
		return own, nil
	}
	of, file := "", ""
	switch e := extends.(type) {
	case string:
		of = e
	case map[string]any:
		of, _ = e["service"].(string)
		file, _ = e["file"].(string)
	}
	if file != "" {
		var err error
		if services, err = i.read(absolute(i.dir, file)); err != nil {
			return nil, err
		}
	}
	base, err := i.service(services, of, depth+1)
	if err != nil {
		return nil, err
	}
	own = maps.Clone(own)
	delete(own, "extends")
	return override.ExtendService(maps.Clone(base), own)
}

// read reads the services of another file. Their relative paths become those of dir.
func (i inheritance) read(file string) (map[string]map[string]any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var raw map[string]any
	if err := yaml.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if raw, err = interpolation.Interpolate(raw, i.interpolation); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	services := mapOfMaps(raw["services"])
	if dir := filepath.Dir(file); dir != i.dir {
		for _, svc := range services {
			moveIn(svc, dir)
		}
	}
	return services, nil
}

// moveIn makes the paths of a service absolute: those of `build`, `env_file` and `volumes`.
func moveIn(svc map[string]any, dir string) {
	move := func(path any) any {
		if text, ok := path.(string); ok && !strings.Contains(text, "://") {
			return absolute(dir, text)
		}
		return path
	}
	switch b := svc["build"].(type) {
	case string:
		svc["build"] = move(b)
	case map[string]any:
		if _, ok := b["context"]; ok {
			b["context"] = move(b["context"])
		}
	}
	switch f := svc["env_file"].(type) {
	case string:
		svc["env_file"] = move(f)
	case []any:
		for k := range f {
			f[k] = move(f[k])
		}
	}
	volumes, _ := svc["volumes"].([]any)
	for k, v := range volumes {
		if text, ok := v.(string); ok && strings.HasPrefix(text, ".") {
			volumes[k] = absolute(dir, text)
		}
	}
}
