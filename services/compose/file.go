package compose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// LoadOptions select the project to load. The zero value is the project of the process's working
// directory.
type LoadOptions struct {
	Look             Look      // decides the names in the search; V1 if zero
	Dir              string    // where the search starts; "" is the working directory
	Env              []string  // NAME=value, for ${NAME} and COMPOSE_ variables
	Stdin            io.Reader // the file "-"
	Files            []string  // instead of a search
	Name             string    // instead of COMPOSE_PROJECT_NAME or the directory's
	ProjectDirectory string    // instead of the directory of the first file
	EnvFile          string    // instead of .env
	Profiles         []string  // instead of COMPOSE_PROFILES
	Unread           bool      // the files of env_file are not read: the project is shown, and not run
}

// Project is a Compose file after reading, interpolation and checks.
type Project struct {
	*types.Project

	// Order lists the names of all services, including disabled ones. A service comes after its
	// dependencies; otherwise the order is that of the file.
	Order []string
	// Version is the file's version attribute.
	Version string
	// Warnings are remarks on the file, one line each.
	Warnings []string

	look        Look
	dir         string                    // the directory of the command
	files       []string                  // as given, for the label
	envFile     string                    // as given
	environment map[string]string         // of the process and of .env
	raw         map[string]map[string]any // services as written, but interpolated
	volumesRaw  map[string]map[string]any
	networksRaw map[string]map[string]any
	secretsRaw  map[string]map[string]any
	configsRaw  map[string]map[string]any
	nodes       map[string]*yaml.Node // the documents, by file as given
	local       map[string]*local     // the services that a process can replace
	// unusedNetworks are the attributes that networks of such processes cannot have.
	unusedNetworks map[string][]string
}

// errNoEnvFile is the path of a missing file given by --env-file.
type errNoEnvFile string

func (e errNoEnvFile) Error() string { return "Couldn't find env file: " + string(e) }

// errNoFile means that no Compose file was found.
var errNoFile = errors.New("no configuration file provided: not found")

var fileNames = map[Look][]string{
	V1: {"docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"},
	V5: {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"},
}

var overrideNames = map[Look][]string{
	V1: {"docker-compose.override.yml", "docker-compose.override.yaml", "compose.override.yml", "compose.override.yaml"},
	V5: {"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"},
}

// Load reads a project. Paths in it are absolute.
func Load(ctx context.Context, opts LoadOptions) (*Project, error) {
	strict := opts.Look == V1
	if opts.Look == 0 {
		opts.Look = V1
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	p := &Project{environment: map[string]string{}, envFile: opts.EnvFile, look: opts.Look, dir: dir}
	for _, entry := range opts.Env {
		if name, value, ok := strings.Cut(entry, "="); ok {
			p.environment[name] = value
		}
	}
	if len(opts.Files) == 0 {
		if list := p.environment["COMPOSE_FILE"]; list != "" {
			separator := p.environment["COMPOSE_PATH_SEPARATOR"]
			if separator == "" {
				separator = string(os.PathListSeparator)
			}
			opts.Files = strings.Split(list, separator)
		}
	}
	p.files = opts.Files
	if len(p.files) == 0 {
		if p.files, err = p.search(dir, opts.Look); err != nil {
			return nil, err
		}
	}
	working := opts.ProjectDirectory
	if working == "" && p.files[0] != "-" {
		working = filepath.Dir(p.files[0])
	}
	working = absolute(dir, working)
	if err := p.readEnvFile(dir, working); err != nil {
		return nil, err
	}

	details := types.ConfigDetails{WorkingDir: working, Environment: p.environment}
	for _, name := range p.files {
		var content []byte
		if name == "-" {
			content, err = io.ReadAll(opts.Stdin)
		} else {
			content, err = os.ReadFile(absolute(dir, name))
		}
		if err != nil {
			return nil, err
		}
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: absolute(dir, name), Content: content})
	}
	substitute := p.substitution()
	named, err := p.readRaw(&details, substitute)
	if err != nil {
		return nil, p.positioned(dir, err)
	}
	if strict {
		if err := p.duplicateMounts(working); err != nil {
			return nil, err
		}
	}
	if err := p.readExtensions(working); err != nil {
		return nil, err
	}
	if err := p.withImages(&details); err != nil {
		return nil, p.positioned(dir, err)
	}

	name := opts.Name
	for _, candidate := range []string{p.environment["COMPOSE_PROJECT_NAME"], named, filepath.Base(working)} {
		if name == "" {
			name = candidate
		}
	}
	if given := cmp.Or(opts.Name, p.environment["COMPOSE_PROJECT_NAME"]); given != "" && opts.Look == V5 && projectName(given, V5) != given {
		return nil, fmt.Errorf("invalid project name %q: must consist only of lowercase alphanumeric characters, hyphens, and "+
			"underscores as well as start with a letter or number", given)
	}
	name = projectName(name, opts.Look)
	profiles := opts.Profiles
	if len(profiles) == 0 && p.environment["COMPOSE_PROFILES"] != "" {
		profiles = strings.Split(p.environment["COMPOSE_PROFILES"], ",")
	}
	p.Project, err = loader.LoadWithContext(ctx, details, func(o *loader.Options) {
		o.SetProjectName(name, true)
		o.Profiles = profiles
		o.SkipResolveEnvironment = opts.Unread
		o.Interpolate.Substitute = substitute
	})
	if err != nil {
		p.Project = nil
		return nil, p.positioned(dir, err)
	}
	p.Name = name // compose-go strips a leading dash, which v1 keeps
	p.order()
	return p, nil
}

// search looks for a Compose file in dir and its parents. It returns the file and its override,
// relative to dir.
func (p *Project) search(dir string, look Look) ([]string, error) {
	for at := "."; ; at = filepath.Join("..", at) {
		var found []string
		for _, name := range fileNames[look] {
			if exists(filepath.Join(dir, at, name)) {
				found = append(found, name)
			}
		}
		if len(found) == 0 {
			if filepath.Join(dir, at) == filepath.Dir(filepath.Join(dir, at)) {
				return nil, errNoFile
			}
			continue
		}
		if len(found) > 1 {
			p.Warnings = append(p.Warnings,
				"Found multiple config files with supported names: "+strings.Join(found, ", "),
				"Using "+found[0]+"\n")
		}
		files := []string{filepath.Join(at, found[0])}
		for _, name := range overrideNames[look] {
			if name = filepath.Join(at, name); exists(filepath.Join(dir, name)) {
				files = append(files, name)
				break
			}
		}
		return files, nil
	}
}

// readEnvFile reads .env in the project's directory, or the given file. The process's environment
// takes precedence.
func (p *Project) readEnvFile(dir, working string) error {
	name := filepath.Join(working, ".env")
	if p.envFile != "" {
		name = absolute(dir, p.envFile)
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) && p.envFile == "" {
		return nil
	}
	if err != nil {
		if p.envFile != "" {
			return errNoEnvFile(name)
		}
		return err
	}
	defer f.Close()
	fromFile, err := dotenv.ParseWithLookup(f, func(name string) (string, bool) {
		value, ok := p.environment[name]
		return value, ok
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	maps.Copy(fromFile, p.environment)
	p.environment = fromFile
	return nil
}

// substitution returns compose-go's substitution of variables. A variable that is not set becomes a
// warning instead of a log message.
func (p *Project) substitution() func(string, template.Mapping) (string, error) {
	missing := map[string]bool{}
	var substitute func(string, template.Mapping) (string, error)
	replace := func(s string, lookup template.Mapping, config *template.Config) (string, error) {
		first, rest := firstExpression(s)
		if m := withDefault().FindStringSubmatch(first); m != nil { // compose-go would log missing ones in the default
			value, ok := lookup(m[1])
			if !ok || value == "" && m[2] == ":-" {
				value = m[3]
			} else {
				value = strings.ReplaceAll(value, "$", "$$")
			}
			return substitute(value+rest, lookup)
		}
		value, applied, err := template.DefaultReplacementAppliedFunc(first, lookup, config)
		if err != nil {
			return "", err
		}
		if name := strings.Trim(first, "${}"); !applied && !missing[name] && nameOfVariable().MatchString(name) {
			missing[name] = true
			shown := name
			if p.look == V5 {
				shown = strconv.Quote(name)
			}
			p.Warnings = append(p.Warnings, "The "+shown+" variable is not set. Defaulting to a blank string.")
		}
		rest, err = substitute(rest, lookup) // here too
		return value + rest, err
	}
	substitute = func(s string, lookup template.Mapping) (string, error) {
		return template.SubstituteWithOptions(s, lookup, template.WithoutLogging, template.WithReplacementFunction(replace))
	}
	return substitute
}

// firstExpression splits a text that begins with ${…} after its closing brace. compose-go's pattern
// would match up to the last brace of the line.
func firstExpression(s string) (first, rest string) {
	if !strings.HasPrefix(s, "${") {
		return s, ""
	}
	depth := 0
	for i, r := range s {
		switch r {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[:i+1], s[i+1:]
			}
		}
	}
	return s, ""
}

var withDefault = expression(`^\$\{([_a-zA-Z][_a-zA-Z0-9]*)(:?-)(.*)\}$`)

var nameOfVariable = expression(`^[_a-zA-Z][_a-zA-Z0-9]*$`)

// readRaw keeps the data that compose-go's model loses: the order of the services, the version
// attribute and the values as written. It returns the file's project name.
func (p *Project) readRaw(details *types.ConfigDetails, substitute func(string, template.Mapping) (string, error)) (string, error) {
	name := ""
	var err error
	merged := map[string]any{}
	p.nodes = map[string]*yaml.Node{}
	for i := range details.ConfigFiles {
		file := &details.ConfigFiles[i]
		var document yaml.Node
		if err := yaml.Unmarshal(file.Content, &document); err != nil {
			return "", fmt.Errorf("%s: %w", file.Filename, err)
		}
		if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
			continue // compose-go has a better error for this
		}
		top := document.Content[0]
		p.nodes[p.files[i]] = top
		for k := 0; k+1 < len(top.Content); k += 2 {
			key, value := top.Content[k], top.Content[k+1]
			switch key.Value {
			case "name":
				name = value.Value
			case "version":
				p.Version = value.Value
				file.Content = blankLine(file.Content, key.Line) // obsolete, and compose-go would log a warning
			case "services":
				for j := 0; j < len(value.Content); j += 2 {
					if service := value.Content[j].Value; !slices.Contains(p.Order, service) {
						p.Order = append(p.Order, service)
					}
				}
			}
		}
		var raw map[string]any
		if document.Decode(&raw) != nil {
			continue
		}
		_, versioned := raw["version"]
		delete(raw, "version")
		raw, err = interpolation.Interpolate(raw, interpolation.Options{
			Substitute:  substitute,
			LookupValue: details.LookupEnv,
		})
		if err != nil {
			return "", fmt.Errorf("%s: %w", file.Filename, err)
		}
		name := file.Filename
		if p.files[i] == "-" {
			name = "-"
		}
		if obsolete := name + ": the attribute `version` is obsolete, it will be ignored, please remove it to avoid potential " +
			"confusion"; versioned && p.look == V5 && !slices.Contains(p.Warnings, obsolete) {
			p.Warnings = append(p.Warnings, obsolete)
		}
		if i == 0 {
			merged = raw
		} else if merged, err = override.Merge(merged, raw); err != nil {
			return "", fmt.Errorf("%s: %w", file.Filename, err)
		}
	}
	p.raw = mapOfMaps(merged["services"])
	inherit := inheritance{dir: details.WorkingDir, interpolation: interpolation.Options{
		Substitute:  substitute,
		LookupValue: details.LookupEnv,
	}}
	for name := range p.raw {
		if p.raw[name], err = inherit.service(p.raw, name, 0); err != nil {
			return "", err
		}
	}
	p.volumesRaw = mapOfMaps(merged["volumes"])
	p.networksRaw = mapOfMaps(merged["networks"])
	p.secretsRaw = mapOfMaps(merged["secrets"])
	p.configsRaw = mapOfMaps(merged["configs"])
	return name, nil
}

// duplicateMounts is the error of 1.29.2 for a service with several volumes at one place. Those of several files,
// or of `extends`, replace each other there.
func (p *Project) duplicateMounts(working string) error {
	given := map[string]int{} // the number of places that a service is made of
	for _, document := range p.nodes {
		var file struct{ Services map[string]map[string]any }
		if document.Decode(&file) != nil {
			continue // it was reported
		}
		for name, svc := range file.Services {
			if given[name]++; svc["extends"] != nil {
				given[name]++
			}
		}
	}
	for _, name := range p.Order {
		list, _ := p.raw[name]["volumes"].([]any)
		if given[name] > 1 {
			continue
		}
		count := map[string]int{} // by target
		for _, v := range list {
			target, _ := mountOf(v, working)
			count[target]++
		}
		var all, seen []string
		second := "" // the place of the first one that is in the way
		for i, v := range list {
			target, text := mountOf(v, working)
			if count[target] == 1 {
				continue
			}
			if slices.Contains(seen, target) {
				second = cmp.Or(second, strconv.Itoa(i))
			}
			all, seen = append(all, text), append(seen, target)
		}
		if len(all) > 0 {
			return p.errorAt([]string{"services", name, "volumes", second}, "Duplicate mount points: ["+strings.Join(all, ", ")+"]")
		}
	}
	return nil
}

// mountOf returns the target of a volume as written, and the text that 1.29.2 has for it.
func mountOf(volume any, working string) (target, text string) {
	source, mode := "", "rw"
	switch v := volume.(type) {
	case string:
		parts := strings.SplitN(v, ":", 3)
		if target = path.Clean(parts[0]); len(parts) > 1 {
			source, target = parts[0], path.Clean(parts[1])
		}
		if len(parts) > 2 {
			mode = parts[2]
		}
	case map[string]any:
		source, _ = v["source"].(string)
		target, _ = v["target"].(string)
		if v["read_only"] == true {
			mode = "ro"
		}
	}
	switch {
	case source == "":
		return target, target
	case strings.HasPrefix(source, "."):
		source = absolute(working, source)
	}
	return target, path.Clean(source) + ":" + target + ":" + mode
}

// order sorts Order so that a service comes after its dependencies. Otherwise the order of the file
// is kept, as in docker-compose.
func (p *Project) order() {
	all := p.AllServices()
	for _, name := range slices.Sorted(maps.Keys(all)) { // included ones are in no file that is read here
		if !slices.Contains(p.Order, name) {
			p.Order = append(p.Order, name)
		}
	}
	var sorted []string
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		for _, other := range p.Order {
			if slices.Contains(dependencies(all[other]), name) {
				visit(other)
			}
		}
		sorted = append(sorted, name)
	}
	for _, name := range slices.Backward(p.Order) {
		if _, ok := all[name]; ok {
			visit(name)
		}
	}
	slices.Reverse(sorted)
	p.Order = sorted
}

// dependencies returns the names of the services that must be up before s.
func dependencies(s types.ServiceConfig) []string {
	return slices.Sorted(maps.Keys(s.DependsOn)) // compose-go adds links, volumes_from and namespaces
}

// service returns a service, even if its profiles disable it.
func (p *Project) service(name string) (types.ServiceConfig, bool) {
	if s, ok := p.Services[name]; ok {
		return s, true
	}
	s, ok := p.DisabledServices[name]
	return s, ok
}

// ProjectName returns the name of the project in a directory of the given name, for V1.
func ProjectName(directory string) string { return projectName(directory, V1) }

// projectName returns a name that is valid in names of containers, networks and images.
func projectName(name string, look Look) string {
	name = notInProjectName().ReplaceAllString(strings.ToLower(name), "")
	if look != V1 {
		name = strings.TrimLeft(name, "_-")
	}
	if name == "" {
		return "default"
	}
	return name
}

var notInProjectName = expression(`[^-_a-z0-9]`)

// blankLine replaces a line by an empty one. The other lines keep their numbers.
func blankLine(text []byte, line int) []byte {
	lines := strings.SplitAfter(string(text), "\n")
	if line <= len(lines) {
		lines[line-1] = "\n"
	}
	return []byte(strings.Join(lines, ""))
}

func mapOfMaps(v any) map[string]map[string]any {
	out := map[string]map[string]any{}
	if m, ok := v.(map[string]any); ok {
		for key, value := range m {
			out[key], _ = value.(map[string]any)
		}
	}
	return out
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
