package compose

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"mvdan.cc/sh/v3/syntax"

	"workshop/services/compose/dockerfile"
)

// Effect is a command that a project runs, or a file or directory that it uses, when it is brought
// up. On the embedded engine the commands are processes of this machine.
type Effect struct {
	File    string // the Compose file or the Dockerfile, relative to the directory of Load if it is below it
	Line    int    // from 1; 0 if it is unknown
	Service string // "" for the whole project
	Kind    string // "command", "healthcheck", "RUN", "directory", "context", "dockerfile", "env_file", "bind", "file", "extends"
	Text    string // a command line, or an absolute path
	Path    bool   // Text is a path
	Written string // the path as the file has it, which means another one in a copy of the directory; "" if it is unknown
}

// Effects returns the effects of all services, in the order of [Project.Order]. embedded says that
// the embedded engine runs them: it starts the process of a service's x-workshop, and no RUN.
func (p *Project) Effects(embedded bool) []Effect {
	var all []Effect
	for _, name := range p.Order {
		svc, ok := p.service(name)
		if !ok {
			continue
		}
		add := effects{p, name, &all}
		switch l := p.local[name]; {
		case embedded && l != nil:
			add.command("command", l.command, extension, "command")
			add.path("directory", l.dir, extension, "working_dir")
		case svc.Build != nil:
			add.build(svc)
		default:
			add.container(svc, nil, nil)
		}
		if h := svc.HealthCheck; h != nil && !h.Disable && len(h.Test) > 0 {
			add.command("healthcheck", testCommand(h.Test), "healthcheck", "test")
		}
		for i, f := range svc.EnvFiles {
			add.path("env_file", f.Path, "env_file", fmt.Sprint(i))
		}
		for i, v := range svc.Volumes {
			if v.Type == types.VolumeTypeBind {
				add.path("bind", v.Source, "volumes", fmt.Sprint(i))
			}
		}
		if base, ok := p.raw[name]["extends"].(map[string]any); ok && base["file"] != nil {
			add.path("extends", absolute(p.WorkingDir, fmt.Sprint(base["file"])), "extends", "file")
		}
	}
	add := effects{p, "", &all}
	for _, name := range slices.Sorted(maps.Keys(p.Secrets)) {
		add.top("secrets", name, p.Secrets[name].File)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Configs)) {
		add.top("configs", name, p.Configs[name].File)
	}
	return all
}

// effects collects the effects of a service.
type effects struct {
	project *Project
	service string
	all     *[]Effect
}

func (c effects) add(e Effect, path ...string) {
	if e.File == "" {
		at := c.project.errorAt(append([]string{"services", c.service}, path...), "")
		e.File, e.Line = at.File, at.Line
	}
	e.Service = c.service
	*c.all = append(*c.all, e)
}

func (c effects) command(kind string, argv []string, path ...string) {
	if len(argv) > 0 {
		c.add(Effect{Kind: kind, Text: commandLine(argv)}, path...)
	}
}

func (c effects) path(kind, name string, path ...string) {
	if name != "" {
		c.add(Effect{Kind: kind, Text: name, Path: true, Written: writtenPath(c.project.raw[c.service], path)}, path...)
	}
}

// writtenPath returns the path at a place of a service as it is written, "" if there is none.
func writtenPath(value any, at []string) string {
	for _, key := range at {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(v) {
				return ""
			}
			value = v[i]
		}
	}
	switch v := value.(type) {
	case string:
		source, _, _ := strings.Cut(v, ":") // of a volume
		return source
	case map[string]any:
		for _, key := range []string{"source", "path", "context"} {
			if s, ok := v[key].(string); ok {
				return s
			}
		}
	}
	return ""
}

// top adds the file of a secret or a config.
func (c effects) top(section, name, file string) {
	if file == "" {
		return
	}
	at := c.project.errorAt([]string{section, name, "file"}, "")
	c.add(Effect{File: at.File, Line: at.Line, Kind: "file", Text: file, Path: true})
}

// build adds the effects of a build, and of the container of its image.
func (c effects) build(svc types.ServiceConfig) {
	c.path("context", svc.Build.Context, "build", "context")
	full := dockerfileOf(svc.Build)
	if full != "" && !Within(svc.Build.Context, full) {
		c.path("dockerfile", full, "build", "dockerfile")
	}
	file, list, _ := c.project.instructions(svc) // the build reports a mistake
	line := func(i dockerfile.Instruction) Effect {
		if file == "" {
			at := c.project.errorAt([]string{"services", svc.Name, "build", "dockerfile_inline"}, "")
			return Effect{File: at.File, Line: at.Line}
		}
		return Effect{File: file, Line: i.Line}
	}
	var entrypoint, command *dockerfile.Instruction
	for _, i := range list {
		switch i.Name {
		case "FROM": // what comes before belongs to another stage
			entrypoint, command = nil, nil
		case "RUN":
			e := line(i)
			e.Kind, e.Text = "RUN", i.Value
			c.add(e)
		case "ENTRYPOINT":
			entrypoint, command = &i, nil
		case "CMD":
			command = &i
		case "HEALTHCHECK":
			if _, test, ok := strings.Cut(i.Value, "CMD "); ok {
				e := line(i)
				e.Kind, e.Text = "healthcheck", strings.TrimSpace(test)
				c.add(e)
			}
		}
	}
	c.container(svc, entrypoint, command, line)
}

// container adds the command of a service's container: that of the Compose file, else that of the
// Dockerfile.
func (c effects) container(svc types.ServiceConfig, entrypoint, command *dockerfile.Instruction,
	line ...func(dockerfile.Instruction) Effect,
) {
	words := func(i *dockerfile.Instruction) []string {
		if i == nil {
			return nil
		}
		argv, _ := i.Command() // the build reports a mistake
		return argv
	}
	switch {
	case len(svc.Entrypoint) > 0:
		c.command("command", slices.Concat(svc.Entrypoint, svc.Command), "entrypoint")
	case len(svc.Command) > 0:
		c.command("command", slices.Concat(words(entrypoint), svc.Command), "command")
	case entrypoint != nil || command != nil:
		e := line[0](*cmp.Or(entrypoint, command))
		e.Kind, e.Text = "command", commandLine(slices.Concat(words(entrypoint), words(command)))
		c.add(e)
	}
}

// testCommand returns the command of a health check.
func testCommand(test []string) []string {
	switch test[0] {
	case "NONE":
		return nil
	case "CMD":
		return test[1:]
	case "CMD-SHELL":
		return append([]string{"/bin/sh", "-c"}, test[1:]...)
	}
	return test
}

// CheckPrograms returns the programs that the health checks of processes of this machine call by their names, as
// effects: the text is the name.
func (p *Project) CheckPrograms() (all []Effect) {
	for _, name := range p.Order {
		svc, ok := p.Services[name]
		if h := svc.HealthCheck; !ok || p.local[name] == nil || h == nil || h.Disable || len(h.Test) == 0 || svc.Environment["PATH"] != nil {
			continue
		}
		add := func(program string) {
			if program != "" && !strings.Contains(program, "/") {
				effects{p, name, &all}.add(Effect{Kind: "healthcheck", Text: program}, "healthcheck", "test")
			}
		}
		argv := testCommand(svc.HealthCheck.Test)
		if len(argv) != 3 || argv[1] != "-c" {
			add(slices.Concat(argv, []string{""})[0])
			continue
		}
		f, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(argv[2]), "")
		if err != nil {
			continue // the check says so itself
		}
		syntax.Walk(f, func(n syntax.Node) bool {
			if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
				add(call.Args[0].Lit())
			}
			return true
		})
	}
	return all
}

// commandLine writes a command as a shell would take it. A line for the shell is written as it is.
func commandLine(argv []string) string {
	if len(argv) == 3 && argv[0] == "/bin/sh" && argv[1] == "-c" {
		return argv[2]
	}
	quoted := make([]string, len(argv))
	for i, word := range argv {
		q, err := syntax.Quote(word, syntax.LangBash)
		if err != nil { // it holds a NUL byte
			q = fmt.Sprintf("%q", word)
		}
		quoted[i] = q
	}
	return strings.Join(quoted, " ")
}

// Outside reports whether the path of an effect leaves a directory, also through a symbolic link.
func (e Effect) Outside(root string) bool { return e.Path && !Within(root, e.Text) }

// Within reports whether a path is in a directory, after all links are resolved. A part of the path
// that does not exist has none.
func Within(root, path string) bool {
	if r, err := filepath.EvalSymlinks(root); err == nil {
		root = r
	}
	rest := ""
	for {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			rel, err := filepath.Rel(root, filepath.Join(real, rest))
			return err == nil && filepath.IsLocal(rel)
		}
		if _, err := os.Lstat(path); err == nil {
			return false // a link to nowhere
		}
		parent := filepath.Dir(path)
		if parent == path {
			return false
		}
		path, rest = parent, filepath.Join(filepath.Base(path), rest)
	}
}
