package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"workshop/markdown/lazy"
	"workshop/runner"
	"workshop/runner/lint"
	"workshop/runner/sandbox"
	"workshop/runner/terminal"
	"workshop/services/compose"
	"workshop/services/compose/guard"
)

// The states of a finding.
const (
	found   = "ok"      // it is there
	instead = "instead" // a bundled program replaces it
	absent  = "absent"  // it is not there, and not needed
	missing = "missing" // it is not there, and exercises are skipped without it
	depends = "depends" // a command of the deck decides, and doctor runs none
	problem = "PROBLEM" // a deck cannot run here
)

// finding is the result for one thing that a deck may need.
type finding struct {
	State  string `json:"state"`
	Name   string `json:"name"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"` // how to mend it
}

// program is a program that decks use, or that the programs they use depend on.
type program struct {
	name    string
	version []string // the arguments that print its version
	pack    string   // its package in Debian and mostly elsewhere
	standIn string   // the replacement, if it is not installed
	always  bool     // look for it even if no deck uses it
}

var programs = []program{
	{name: "tmux", version: []string{"-V"}, pack: "tmux", always: true},
	{name: "top", version: []string{"-V"}, pack: "procps", always: true},
	{name: "vmstat", version: []string{"-V"}, pack: "procps", always: true},
	{name: "httping", version: []string{"-V"}, pack: "httping", standIn: "a bundled one stands in", always: true},
	{
		name: "docker", version: []string{"--version"}, pack: "docker.io", standIn: "the bundled one has the common commands",
		always: true,
	},
	{name: "docker-compose", version: []string{"version", "--short"}, standIn: "the bundled one is used in any case", always: true},
	{name: "ab", version: []string{"-V"}, pack: "apache2-utils"},
	{name: "curl", version: []string{"--version"}, pack: "curl"},
	{name: "wget", version: []string{"--version"}, pack: "wget"},
	{name: "git", version: []string{"--version"}, pack: "git"},
	{name: "htop", version: []string{"--version"}, pack: "htop"},
	{name: "jq", version: []string{"--version"}, pack: "jq"},
	{name: "python3", version: []string{"--version"}, pack: "python3"},
	{name: "ssh", version: []string{"-V"}, pack: "openssh-client"},
	{name: "vim", version: []string{"--version"}, pack: "vim"},
}

func newDoctor(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor [DECK…]",
		Short: "Check this machine: programs that it has, replacements, packages to install",
		Long: `Checks the needs of decks: a shell, a terminal, isolation, what they require, programs,
a container engine, free ports. Nothing in the deck, or in the built-in one, is executed.

Exit status: 0 the deck can run here, 2 bad input or usage, 4 it cannot.`,
		GroupID: "deck",
	}
	f := cmd.Flags()
	asJSON := f.Bool("json", false, "print one JSON document")
	asked := f.String("engine", "auto", "as for check: embedded, docker, or auto")
	completeWords(cmd, "engine", "auto", "embedded", "docker")
	dialect := dialectFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		plan, sources, err := dialect.shown(args, streams.Err)
		if err != nil {
			return err
		}
		ctx, _, stop := streams.interruptible(cmd.Context())
		defer stop()
		d := doctor{plan: plan, sources: sources, asked: *asked}
		if err := d.examine(ctx); err != nil {
			return err
		}
		if *asJSON {
			err = d.printJSON(streams.Out)
		} else {
			d.print(streams.Out)
		}
		if err == nil && !d.well() {
			err = &codeError{code: exitBroken}
		}
		return err
	}
	return cmd
}

// doctor examines a machine.
type doctor struct {
	plan    *runner.Plan
	sources []*source
	asked   string

	ownNetwork bool                      // sessions can have a network of their own
	left       map[*runner.Exercise]bool // exercises that are skipped on this machine
	findings   []finding
}

func (d *doctor) add(state, name, hint, detail string, args ...any) {
	d.findings = append(d.findings, finding{state, name, fmt.Sprintf(detail, args...), hint})
}

func (d *doctor) well() bool {
	return !slices.ContainsFunc(d.findings, func(f finding) bool { return f.State == problem })
}

func (d *doctor) examine(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	engines := map[string]bool{}
	for _, src := range d.sources {
		kind, err := engineOf(d.asked, src.deck)
		if err != nil {
			return err
		}
		engines[kind.name] = true
	}
	d.shell(ctx)
	d.isolation(ctx, engines["docker"])
	d.terms(ctx, engines["docker"])
	d.programs(ctx, d.used())
	if err := d.dockerCommands(); err != nil {
		return err
	}
	d.docker(ctx, engines["docker"])
	return d.applications(ctx)
}

// shell starts a shell, as a session does.
func (d *doctor) shell(ctx context.Context) {
	path, err := exec.LookPath("bash")
	if err != nil {
		d.add(problem, "bash", install("bash"), "not installed")
		return
	}
	version := regexp.MustCompile(`version (\S+)`).FindStringSubmatch(say(ctx, path, "--version"))
	shell, err := terminal.Start(ctx, terminal.Options{Env: []string{"PATH=" + os.Getenv("PATH"), "TERM=xterm-256color"}, Dir: "/"})
	if err == nil {
		err = shell.Close()
	}
	switch {
	case err != nil:
		d.add(problem, "bash", "version 4.4 or later is needed, and a pseudo-terminal", "%s does not start: %v", path, err)
	case version != nil:
		d.add(found, "bash", "", "%s at %s, starts on a terminal", version[1], path)
	default:
		d.add(found, "bash", "", "%s, starts on a terminal", path)
	}
}

// isolation starts a sandbox. real says that a deck uses a real engine.
func (d *doctor) isolation(ctx context.Context, real bool) {
	dir, err := os.MkdirTemp("", "workshop-")
	if err != nil {
		d.add(problem, "isolation", "", "sessions cannot be started: %v", err)
		return
	}
	s, err := sandbox.Start(ctx, sandbox.Options{PrivateNetwork: true, Remove: dir, Place: sessionPlace})
	if err != nil {
		d.add(problem, "isolation", "", "sessions cannot be started: %v", errors.Join(err, os.Remove(dir)))
		return
	}
	d.ownNetwork = s.PrivateNetwork()
	defer d.place(s.Unplaced(), real)
	switch {
	case s.Isolation() == sandbox.Namespace && d.ownNetwork:
		d.add(found, "isolation", "", "PID namespace, with a network of its own")
	case s.Isolation() == sandbox.Group:
		d.add(instead, "isolation", "run on Linux", "process groups; a detached process can outlive a session")
	default:
		d.add(instead, "isolation", "allow user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)",
			"%s, on the machine's network: %v", s.Isolation(), s.Weaker())
	}
	d.containers(ctx, s, dir)
	if err := s.Close(); err != nil {
		d.add(problem, "isolation", "", "a session does not end: %v", err)
	}
}

// containers asks an embedded engine in a sandbox whether containers have networks of their own.
func (d *doctor) containers(ctx context.Context, s *sandbox.Sandbox, dir string) {
	warnings, err := askEmbedded(ctx, s, dir)
	switch {
	case err != nil:
		d.add(problem, "containers", "", "the embedded engine does not start: %v", err)
	case len(warnings) > 0:
		d.add(instead, "containers", "allow user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)",
			"%s", strings.Join(warnings, "; "))
	default:
		d.add(found, "containers", "", "of the embedded engine have addresses of their own, and names that every program resolves")
	}
}

// askEmbedded starts an embedded engine in a sandbox, which ends it, and returns its warnings.
func askEmbedded(ctx context.Context, s *sandbox.Sandbox, dir string) ([]string, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "docker.sock"), Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	defer l.Close()
	socket, err := l.File()
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	if _, err := startEmbedded(ctx, exe, runner.Host{Dir: dir, Sandbox: s}, socket, nil); err != nil {
		return nil, err
	}
	socket.Close() // only the engine may answer, so that its end is noticed
	l.Close()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", filepath.Join(dir, "docker.sock"))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, "GET /info HTTP/1.0\r\n\r\n"); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var info struct{ Warnings []string }
	err = json.NewDecoder(resp.Body).Decode(&info)
	return info.Warnings, err
}

// place reports the path of a session's directory; unplaced is the reason why it is random.
func (d *doctor) place(unplaced error, real bool) {
	switch {
	case unplaced != nil:
		d.add(instead, "directory", "", "each session's has a random name, not %s: %v", sessionPlace, unplaced)
	case real:
		d.add(instead, "directory", "", "each session's has a random name: a real engine sees the directories of this machine")
	default:
		d.add(found, "directory", "", "each session's is %s, in every run", sessionPlace)
	}
}

// commandWord matches a word in the position of a command.
var commandWord = lazy.Regexp(`(?m)(?:^|[|;&(]|\bsudo|\btime|\bwatch)\s*([a-z][\w.-]*)`)

// used returns the programs that the decks' snippets call, each with the position of its first
// call.
func (d *doctor) used() map[string]string {
	used := map[string]string{}
	for _, s := range d.plan.Sessions {
		for _, e := range s.Exercises {
			for _, step := range e.Steps {
				if !step.Snippet() || d.left[e] {
					continue
				}
				for _, m := range commandWord().FindAllStringSubmatch(step.Text, -1) {
					if _, ok := used[m[1]]; !ok {
						used[m[1]] = step.Pos.String()
					}
				}
			}
		}
	}
	return used
}

func (d *doctor) programs(ctx context.Context, used map[string]string) {
	for _, p := range programs {
		where, needed := used[p.name]
		if !needed && !p.always {
			continue
		}
		path, err := exec.LookPath(p.name)
		switch {
		case err == nil:
			d.add(found, p.name, "", "%s", cmp.Or(versionIn(say(ctx, path, p.version...)), path))
		case p.standIn != "":
			hint := ""
			if p.pack != "" {
				hint = install(p.pack)
			}
			d.add(instead, p.name, hint, "not installed: %s", p.standIn)
		case needed:
			d.add(problem, p.name, install(p.pack), "not installed, and used at %s", where)
		default:
			d.add(absent, p.name, install(p.pack), "not installed, and not used by the deck")
		}
	}
}

// dockerCommands looks at the docker commands of the decks: those that the bundled client does not have,
// if there is no other, and those that the embedded engine cannot carry out.
func (d *doctor) dockerCommands() error {
	_, err := exec.LookPath("docker")
	use := compose.DockerUse{Bundled: err != nil}
	for _, s := range d.plan.Sessions {
		kind, err := engineOf(d.asked, s.Deck)
		if err != nil {
			return err
		}
		use.Builds, use.Real = lint.Builds(s), kind.name == "docker"
		for _, e := range s.Exercises {
			for _, step := range e.Steps {
				if !step.Snippet() || d.left[e] || lint.MayFail(step) {
					continue
				}
				for _, call := range lint.Calls(step, "docker") {
					hint := "leave it out, or use --engine docker"
					why := compose.CheckDocker(call.Args[1:], compose.DockerUse{Builds: use.Builds, Real: use.Real})
					if why == "" {
						why, hint = compose.CheckDocker(call.Args[1:], use), install("docker.io")
					}
					if why != "" {
						d.add(problem, "docker", hint, "%s: %s", call.Pos, why)
					}
				}
			}
		}
	}
	return nil
}

// versionIn returns the first version number in a text, with its name.
func versionIn(text string) string {
	return regexp.MustCompile(`(?:procps-ng )?v?\d+\.\d[\w.+~-]*`).FindString(text)
}

// docker looks for a real engine.
func (d *doctor) docker(ctx context.Context, needed bool) {
	v, at, err := guard.Ask(ctx, os.Getenv("DOCKER_HOST"))
	if err == nil {
		exe, exeErr := os.Executable()
		err = exeErr
		if err == nil {
			err = guard.CheckProgram(v, exe)
		}
		if err == nil {
			d.add(found, "engine", "", "Docker %s, API %s, at %s", v.Version, v.APIVersion, strings.TrimPrefix(at, "unix://"))
		} else if !needed {
			d.add(absent, "engine", "", "Docker %s at %s, but %v", v.Version, at, err)
		}
	} else if !needed {
		d.add(absent, "engine", "", "no Docker at %s: the embedded one is used", strings.TrimPrefix(at, "unix://"))
	}
	if err != nil && needed {
		d.add(problem, "engine", "start a Docker engine, set DOCKER_HOST, or use --engine embedded", "%v", err)
	}
}

// applications checks the Compose files in the sessions' working directories.
func (d *doctor) applications(ctx context.Context) error {
	seen := map[string]bool{}
	for _, s := range d.plan.Sessions {
		var src *source
		for _, candidate := range d.sources {
			if candidate.deck == s.Deck {
				src = candidate
			}
		}
		key := s.Deck.Dir + "\x00" + s.Workdir
		if src == nil || seen[key] {
			continue
		}
		seen[key] = true
		kind, err := engineOf(d.asked, s.Deck)
		if err != nil {
			return err
		}
		w, err := src.workdir(s, false)
		if err != nil {
			return err
		}
		if err := d.application(ctx, w, kind, s.Deck.Network == "host"); err != nil {
			return err
		}
	}
	return nil
}

func (d *doctor) application(ctx context.Context, w runner.Workdir, kind engineKind, shared bool) error {
	project, err := loadProject(ctx, w)
	var mistake *projectError
	switch {
	case errors.As(err, &mistake):
		d.add(problem, "compose", "correct it", "%v", err)
		return nil
	case err != nil:
		return err
	case project == nil:
		return nil
	}
	if kind.name == "embedded" {
		if err := project.Refusals(ctx, d.ownNetwork && !shared); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				d.add(problem, "compose", "", "%s", line)
			}
		}
		for _, e := range project.CheckPrograms() {
			// A shell knows its own commands.
			if exec.CommandContext(ctx, "/bin/sh", "-c", `command -v "$1"`, "sh", e.Text).Run() != nil {
				d.add(absent, "healthcheck", "install it", "%s:%d: %s: %s is not installed, so the service may never be healthy", e.File, e.Line,
					e.Service, e.Text)
			}
		}
	}
	var taken, free []string
	for _, port := range project.Ports() {
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			taken = append(taken, strconv.Itoa(port))
			continue
		}
		free = append(free, strconv.Itoa(port))
		l.Close()
	}
	switch {
	case len(taken) == 0 && len(free) == 0:
	case len(taken) == 0:
		d.add(found, "ports", "", "%s: free", strings.Join(free, ", "))
	case !kind.ownNetwork || shared || !d.ownNetwork:
		d.add(problem, "ports", "end the programs that listen there", "%s: taken", strings.Join(taken, ", "))
	default:
		d.add(instead, "ports", "end the programs that listen there",
			"%s: taken, so `workshop run` cannot publish there; `workshop check` has a network of its own", strings.Join(taken, ", "))
	}
	return nil
}

// say returns the output of a program that is asked for its version.
func say(ctx context.Context, path string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, path, args...).CombinedOutput() // any output will do
	return string(out)
}

// install returns the command that installs a package on this machine.
func install(pack string) string {
	for _, manager := range []struct{ name, command string }{
		{"apt-get", "apt install"},
		{"dnf", "dnf install"},
		{"apk", "apk add"},
		{"brew", "brew install"},
	} {
		if _, err := exec.LookPath(manager.name); err == nil {
			return manager.command + " " + pack
		}
	}
	return "install " + pack
}

func (d *doctor) print(w io.Writer) {
	for _, f := range d.findings {
		fmt.Fprintf(w, "%-8s%-15s %s\n", f.State, f.Name, f.Detail)
		if f.Hint != "" {
			fmt.Fprintf(w, "%-23s (%s)\n", "", f.Hint)
		}
	}
	var names []string
	for _, src := range d.sources {
		names = append(names, cmp.Or(src.deck.Title, src.deck.Name))
	}
	verdict := "can run here"
	if !d.well() {
		verdict = "cannot run here"
	}
	fmt.Fprintf(w, "\n%s %s\n", strings.Join(names, ", "), verdict)
}

func (d *doctor) printJSON(w io.Writer) error {
	var doc struct {
		Decks    []string  `json:"decks"`
		CanRun   bool      `json:"canRun"`
		Findings []finding `json:"findings"`
	}
	for _, src := range d.sources {
		doc.Decks = append(doc.Decks, src.deck.Name)
	}
	doc.CanRun, doc.Findings = d.well(), d.findings
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return &codeError{exitBroken, errors.Join(errors.New("write the findings"), err)}
	}
	return nil
}
