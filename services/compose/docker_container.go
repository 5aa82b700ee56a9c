package compose

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/go-units"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// dockerContainerCommands are the commands about containers.
func dockerContainerCommands() []dockerCommand {
	some := "[OPTIONS] CONTAINER [CONTAINER...]"
	timeout := func(f *pflag.FlagSet) {
		f.StringP("signal", "s", "", "Signal to send to the container")
		f.IntP("timeout", "t", 0, "Seconds to wait before killing the container")
		f.Int("time", 0, "")
		_ = f.MarkHidden("time")
	}
	// post returns a command that sends a request for each of its containers.
	post := func(path string) func(ctx context.Context, d *docker) error {
		return func(ctx context.Context, d *docker) error {
			return d.parallelly(ctx, func(ctx context.Context, name string) error {
				return d.client.post(ctx, "/containers/"+name+"/"+path, d.stopValues(), nil, nil)
			})
		}
	}
	list := []dockerCommand{
		{name: "stop", usage: some, summary: "Stop one or more running containers", min: 1, max: -1, flags: timeout, run: post("stop")},
		{
			name: "restart", usage: some, summary: "Restart one or more containers", min: 1, max: -1, flags: timeout,
			run: func(ctx context.Context, d *docker) error {
				return d.inTurn(ctx, func(ctx context.Context, name string) error {
					return d.client.post(ctx, "/containers/"+name+"/restart", d.stopValues(), nil, nil)
				})
			},
		},
		{
			name: "kill", usage: some, summary: "Kill one or more running containers", min: 1, max: -1,
			flags: func(f *pflag.FlagSet) { f.StringP("signal", "s", "", "Signal to send to the container") },
			run:   post("kill"),
		},
		{
			name: "pause", usage: "CONTAINER [CONTAINER...]", summary: "Pause all processes within one or more containers", min: 1, max: -1,
			run: post("pause"),
		},
		{
			name: "unpause", usage: "CONTAINER [CONTAINER...]", summary: "Unpause all processes within one or more containers", min: 1, max: -1,
			run: post("unpause"),
		},
		{
			name: "start", usage: some, summary: "Start one or more stopped containers", min: 1, max: -1,
			flags: func(f *pflag.FlagSet) {
				f.BoolP("attach", "a", false, "Attach STDOUT/STDERR and forward signals")
				f.String("detach-keys", "", "Override the key sequence for detaching a container")
				f.BoolP("interactive", "i", false, "Attach container's STDIN")
			},
			run: dockerStart, lasting: true,
		},
		{
			name: "rm", aliases: []string{"container remove"}, usage: some, summary: "Remove one or more containers", min: 1, max: -1,
			flags: func(f *pflag.FlagSet) {
				f.BoolP("force", "f", false, "Force the removal of a running container (uses SIGKILL)")
				f.BoolP("link", "l", false, "Remove the specified link")
				f.BoolP("volumes", "v", false, "Remove anonymous volumes associated with the container")
			},
			run: func(ctx context.Context, d *docker) error {
				values := url.Values{}
				for name, key := range map[string]string{"force": "force", "link": "link", "volumes": "v"} {
					if d.on(name) {
						values.Set(key, "1")
					}
				}
				return d.parallelly(ctx, func(ctx context.Context, name string) error {
					err := d.client.delete(ctx, "/containers/"+name, values)
					if notFound(err) && d.on("force") {
						fmt.Fprintln(d.Stderr, dockerText(err))
						return errSilent
					}
					return err
				})
			},
		},
		{
			name: "wait", usage: "CONTAINER [CONTAINER...]", summary: "Block until one or more containers stop, then print their exit codes",
			min: 1, max: -1,
			run: func(ctx context.Context, d *docker) error {
				var failed []string
				for _, name := range d.args {
					status, err := d.wait(ctx, name)
					switch {
					case errors.Is(err, errInterrupted):
						return err
					case err != nil:
						failed = append(failed, dockerText(err))
					default:
						d.printf("%d\n", status)
					}
				}
				if len(failed) > 0 {
					return &dockerError{strings.Join(failed, "\n"), 1}
				}
				return nil
			},
		},
		{
			name: "logs", usage: "[OPTIONS] CONTAINER", summary: "Fetch the logs of a container", min: 1, max: 1,
			flags: func(f *pflag.FlagSet) {
				f.Bool("details", false, "Show extra details provided to logs")
				f.BoolP("follow", "f", false, "Follow log output")
				f.String("since", "", "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)")
				f.StringP("tail", "n", "all", "Number of lines to show from the end of the logs")
				f.BoolP("timestamps", "t", false, "Show timestamps")
				f.String("until", "", "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)")
			},
			run: dockerLogs,
		},
		{
			name: "exec", usage: "[OPTIONS] CONTAINER COMMAND [ARG...]", summary: "Execute a command in a running container", min: 2, max: -1,
			passthrough: true,
			flags: func(f *pflag.FlagSet) {
				f.BoolP("detach", "d", false, "Detached mode: run command in the background")
				f.String("detach-keys", "", "Override the key sequence for detaching a container")
				f.VarP(&manyValues{kind: "list"}, "env", "e", "Set environment variables")
				f.Var(&manyValues{kind: "list"}, "env-file", "Read in a file of environment variables")
				f.BoolP("interactive", "i", false, "Keep STDIN open even if not attached")
				f.Bool("privileged", false, "Give extended privileges to the command")
				f.BoolP("tty", "t", false, "Allocate a pseudo-TTY")
				f.StringP("user", "u", "", "Username or UID (format: \"<name|uid>[:<group|gid>]\")")
				f.StringP("workdir", "w", "", "Working directory inside the container")
			},
			run: dockerExec,
		},
		{
			name: "top", usage: "CONTAINER [ps OPTIONS]", summary: "Display the running processes of a container", min: 1, max: -1,
			passthrough: true,
			run: func(ctx context.Context, d *docker) error {
				values := url.Values{}
				if len(d.args) > 1 {
					values.Set("ps_args", strings.Join(d.args[1:], " "))
				}
				var t topTable
				if err := d.client.get(ctx, "/containers/"+d.args[0]+"/top", values, &t); err != nil {
					return err
				}
				d.printf("%s", columns(t.Titles, t.Processes, 20, 3))
				return nil
			},
		},
		{
			name: "port", usage: "CONTAINER [PRIVATE_PORT[/PROTO]]", summary: "List port mappings or a specific mapping for the container",
			min: 1, max: 2, run: dockerPort,
		},
		{
			name: "run", usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]", summary: "Create and run a new container from an image", min: 1, max: -1,
			passthrough: true, flags: runOptions, run: dockerRun, lasting: true,
		},
	}
	for i, c := range list {
		list[i].aliases = append([]string{"container " + c.name}, c.aliases...)
	}
	return append(list,
		dockerCommand{
			name: "inspect", usage: "[OPTIONS] NAME|ID [NAME|ID...]", summary: "Return low-level information on Docker objects", min: 1, max: -1,
			flags: func(f *pflag.FlagSet) {
				f.StringP("format", "f", "", formatHelp)
				f.BoolP("size", "s", false, "Display total file sizes if the type is container")
				f.String("type", "", "Only inspect objects of the given type")
			},
			run: func(ctx context.Context, d *docker) error { return d.inspectAll(ctx, d.text("type")) },
		},
		inspectOne("container", "Display detailed information on one or more containers"),
		inspectOne("image", "Display detailed information on one or more images"),
		inspectOne("network", "Display detailed information on one or more networks"),
		inspectOne("volume", "Display detailed information on one or more volumes"),
	)
}

func inspectOne(kind, summary string) dockerCommand {
	return dockerCommand{
		name: kind + " inspect", usage: "[OPTIONS] " + strings.ToUpper(kind) + " [" + strings.ToUpper(kind) + "...]", summary: summary,
		min: 1, max: -1,
		flags: func(f *pflag.FlagSet) {
			f.StringP("format", "f", "", formatHelp)
			if kind == "container" {
				f.BoolP("size", "s", false, "Display total file sizes")
			}
		},
		run: func(ctx context.Context, d *docker) error { return d.inspectAll(ctx, kind) },
	}
}

// stopValues are the parameters of requests that end containers.
func (d *docker) stopValues() url.Values {
	values := url.Values{}
	for _, name := range []string{"timeout", "time"} {
		if d.flags.Lookup(name) != nil && d.flags.Changed(name) {
			values.Set("t", d.flags.Lookup(name).Value.String())
		}
	}
	if d.flags.Lookup("signal") != nil && d.text("signal") != "" {
		values.Set("signal", d.text("signal"))
	}
	return values
}

func dockerStart(ctx context.Context, d *docker) error {
	if d.on("attach") || d.on("interactive") {
		if len(d.args) > 1 {
			return errors.New("you cannot start and attach multiple containers at once")
		}
		var c inspection
		if err := d.client.get(ctx, "/containers/"+d.args[0]+"/json", nil, &c); err != nil {
			return err
		}
		return d.attached(ctx, attachment{id: c.ID, tty: c.Config.Tty, stdin: d.on("interactive"), stdout: true, stderr: true, name: d.args[0]})
	}
	var failed []string
	for _, name := range d.args {
		if err := d.client.post(ctx, "/containers/"+name+"/start", nil, nil, nil); err != nil {
			fmt.Fprintln(d.Stderr, dockerText(err))
			failed = append(failed, name)
			continue
		}
		d.printf("%s\n", name)
	}
	if len(failed) > 0 {
		return errors.New("Error: failed to start containers: " + strings.Join(failed, ", "))
	}
	return nil
}

// instant is a time for the API: durations count back from now.
func instant(text string) string {
	if d, err := time.ParseDuration(text); err == nil {
		return unixTime(time.Now().Add(-d))
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02T15", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return unixTime(t)
		}
	}
	return text
}

func dockerLogs(ctx context.Context, d *docker) error {
	var c inspection
	if err := d.client.get(ctx, "/containers/"+d.args[0]+"/json", nil, &c); err != nil {
		return err
	}
	values := url.Values{"stdout": {"1"}, "stderr": {"1"}, "tail": {d.text("tail")}}
	for _, name := range []string{"follow", "timestamps", "details"} {
		if d.on(name) {
			values.Set(name, "1")
		}
	}
	for _, name := range []string{"since", "until"} {
		if text := d.text(name); text != "" {
			values.Set(name, instant(text))
		}
	}
	res, err := d.client.stream(ctx, http.MethodGet, "/containers/"+c.ID+"/logs", values, nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if c.Config.Tty {
		_, err = io.Copy(d.Stdout, res.Body)
	} else {
		err = d.separate(res.Body)
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// errNoTerminal is the error of -t with -i without a terminal.
var errNoTerminal = errors.New("the input device is not a TTY")

// variables are those of --env and --env-file. One without a value has that of this process.
func (d *docker) variables() (env []string, err error) {
	for _, name := range d.values("env-file") {
		f, err := os.Open(absolute(d.Dir, name))
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if line := strings.TrimLeft(lines.Text(), " \t"); line != "" && line[0] != '#' {
				env = append(env, d.inherited(line)...)
			}
		}
		if err := errors.Join(lines.Err(), f.Close()); err != nil {
			return nil, err
		}
	}
	for _, v := range d.values("env") {
		env = append(env, d.inherited(v)...)
	}
	return env, nil
}

func (d *docker) inherited(v string) []string {
	if strings.Contains(v, "=") {
		return []string{v}
	}
	for _, entry := range slices.Backward(d.Env) {
		if name, _, _ := strings.Cut(entry, "="); name == v {
			return []string{entry}
		}
	}
	return nil
}

func dockerExec(ctx context.Context, d *docker) error {
	env, err := d.variables()
	if err != nil {
		return err
	}
	detach, tty := d.on("detach"), d.on("tty")
	stdin := d.on("interactive") && !detach
	if stdin && tty && !isTerminal(d.Stdin) {
		return errNoTerminal
	}
	var made struct {
		ID string `json:"Id"`
	}
	if err := d.client.post(ctx, "/containers/"+d.args[0]+"/exec", nil, map[string]any{
		"AttachStdin": stdin, "AttachStdout": !detach, "AttachStderr": !detach, "Tty": tty, "Cmd": d.args[1:], "Env": env,
		"User": d.text("user"), "WorkingDir": d.text("workdir"), "Privileged": d.on("privileged"), "DetachKeys": d.text("detach-keys"),
	}, &made); err != nil {
		return err
	}
	start := map[string]any{"Detach": detach, "Tty": tty}
	if detach {
		return d.client.post(ctx, "/exec/"+made.ID+"/start", nil, start, nil)
	}
	return d.execute(ctx, made.ID, start, tty, stdin)
}

func dockerPort(ctx context.Context, d *docker) error {
	var c inspection
	if err := d.client.get(ctx, "/containers/"+d.args[0]+"/json", nil, &c); err != nil {
		return err
	}
	var lines []string
	address := func(b portBinding) string {
		if strings.Contains(b.HostIP, ":") {
			return "[" + b.HostIP + "]:" + b.HostPort
		}
		return b.HostIP + ":" + b.HostPort
	}
	if len(d.args) > 1 {
		private, protocol, _ := strings.Cut(d.args[1], "/")
		if _, err := strconv.ParseUint(private, 10, 16); err != nil {
			return fmt.Errorf("Error: invalid port (%s): %w", private, err)
		}
		for _, b := range c.NetworkSettings.Ports[private+"/"+cmp.Or(protocol, "tcp")] {
			lines = append(lines, address(b))
		}
		if len(lines) == 0 {
			return fmt.Errorf("Error: No public port '%s' published for %s", d.args[1], d.args[0])
		}
	} else {
		for private, bindings := range c.NetworkSettings.Ports {
			for _, b := range bindings {
				lines = append(lines, private+" -> "+address(b))
			}
		}
		slices.Sort(lines)
	}
	if len(lines) > 0 {
		d.printf("%s\n", strings.Join(lines, "\n"))
	}
	return nil
}

// inspectable are the kinds of objects, in the order in which they are looked for.
var inspectable = []struct{ kind, path string }{
	{"container", "/containers/%s/json"}, {"image", "/images/%s/json"}, {"network", "/networks/%s"}, {"volume", "/volumes/%s"},
}

// inspectAll prints the operands, which are of a kind, or of any if it is "".
func (d *docker) inspectAll(ctx context.Context, kind string) error {
	if kind != "" && !slices.ContainsFunc(inspectable, func(k struct{ kind, path string }) bool { return k.kind == kind }) {
		return fmt.Errorf(`unknown type: %q: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", `+
			`"task", "volume"`, kind)
	}
	var objects []json.RawMessage
	var failed []string
	for _, name := range d.args {
		var raw json.RawMessage
		err := error(&apiError{Status: http.StatusNotFound})
		for _, k := range inspectable {
			if kind != "" && k.kind != kind {
				continue
			}
			values := url.Values{}
			if k.kind == "container" && d.flags.Lookup("size") != nil && d.on("size") {
				values.Set("size", "1")
			}
			if err = d.client.get(ctx, fmt.Sprintf(k.path, name), values, &raw); !notFound(err) {
				break
			}
		}
		switch {
		case notFound(err) && kind == "":
			failed = append(failed, "Error: No such object: "+name)
		case err != nil:
			failed = append(failed, dockerText(err))
		default:
			objects = append(objects, raw)
		}
	}
	if err := d.printObjects(objects); err != nil {
		return err
	}
	if len(failed) > 0 {
		return &dockerError{strings.Join(failed, "\n"), 1}
	}
	return nil
}

// printObjects prints objects as --format says.
func (d *docker) printObjects(objects []json.RawMessage) error {
	switch format := d.text("format"); format {
	case "":
		joined := append(append([]byte("["), bytes.Join(rawBytes(objects), []byte(","))...), ']')
		var b bytes.Buffer
		if err := json.Indent(&b, joined, "", "    "); err != nil {
			return err
		}
		d.printf("%s\n", b.String())
		return nil
	case "json":
		d.printf("[%s]\n", bytes.Join(rawBytes(objects), []byte(",")))
		return nil
	default:
		for _, raw := range objects {
			if err := d.executeTemplate(format, raw); err != nil {
				code := 1
				if _, err := template.New("").Funcs(rowFunctions()).Parse(format); err != nil {
					code = 64
				}
				return &dockerError{"template parsing error: " + err.Error(), code}
			}
		}
		return nil
	}
}

func rawBytes(objects []json.RawMessage) (out [][]byte) {
	for _, o := range objects {
		out = append(out, bytes.TrimSpace(o))
	}
	return out
}

// executeTemplate prints a JSON object by a template, and an end of line. The function json prints
// objects in the order in which they came.
func (d *docker) executeTemplate(format string, raw json.RawMessage) error {
	texts := map[uintptr]json.RawMessage{}
	functions := rowFunctions()
	functions["json"] = func(v any) string {
		if value := reflect.ValueOf(v); value.Kind() == reflect.Map || value.Kind() == reflect.Slice && value.Len() > 0 {
			if text, ok := texts[value.Pointer()]; ok {
				return string(text)
			}
		}
		return jsonText(v)
	}
	t, err := template.New("").Funcs(functions).Option("missingkey=error").Parse(format)
	if err != nil {
		return err
	}
	value, err := ordered(bytes.TrimSpace(raw), texts)
	if err != nil {
		return err
	}
	var b strings.Builder
	err = t.Execute(&b, value)
	d.printf("%s\n", map[bool]string{true: b.String()}[err == nil])
	return err
}

// ordered decodes JSON into maps and slices, and notes the text of each of them.
func ordered(raw json.RawMessage, texts map[uintptr]json.RawMessage) (any, error) {
	switch {
	case bytes.HasPrefix(raw, []byte("{")):
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(raw, &fields); err != nil {
			return nil, err
		}
		out := map[string]any{}
		for name, field := range fields {
			value, err := ordered(field, texts)
			if err != nil {
				return nil, err
			}
			out[name] = value
		}
		texts[reflect.ValueOf(out).Pointer()] = raw
		return out, nil
	case bytes.HasPrefix(raw, []byte("[")):
		var elements []json.RawMessage
		if err := json.Unmarshal(raw, &elements); err != nil {
			return nil, err
		}
		out := make([]any, len(elements))
		for i, element := range elements {
			value, err := ordered(element, texts)
			if err != nil {
				return nil, err
			}
			out[i] = value
		}
		texts[reflect.ValueOf(out).Pointer()] = raw
		return out, nil
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, nil
	}
	var out any
	err := json.Unmarshal(raw, &out)
	return out, err
}

// runOptions are the options of `run`.
func runOptions(f *pflag.FlagSet) {
	many := func(name, short, help string) { f.VarP(&manyValues{kind: "list"}, name, short, help) }
	many("add-host", "", "Add a custom host-to-IP mapping (host:ip)")
	many("attach", "a", "Attach to STDIN, STDOUT or STDERR")
	many("cap-add", "", "Add Linux capabilities")
	many("cap-drop", "", "Drop Linux capabilities")
	f.Float64("cpus", 0, "Number of CPUs")
	f.BoolP("detach", "d", false, "Run container in background and print container ID")
	f.String("detach-keys", "", "Override the key sequence for detaching a container")
	many("dns", "", "Set custom DNS servers")
	f.String("entrypoint", "", "Overwrite the default ENTRYPOINT of the image")
	many("env", "e", "Set environment variables")
	many("env-file", "", "Read in a file of environment variables")
	many("expose", "", "Expose a port or a range of ports")
	f.String("health-cmd", "", "Command to run to check health")
	f.Duration("health-interval", 0, "Time between running the check (ms|s|m|h)")
	f.Int("health-retries", 0, "Consecutive failures needed to report unhealthy")
	f.Duration("health-start-period", 0, "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)")
	f.Duration("health-timeout", 0, "Maximum time to allow one check to run (ms|s|m|h)")
	f.Bool("help", false, "Print usage")
	f.StringP("hostname", "h", "", "Container host name")
	f.Bool("init", false, "Run an init inside the container that forwards signals and reaps processes")
	f.BoolP("interactive", "i", false, "Keep STDIN open even if not attached")
	many("label", "l", "Set meta data on a container")
	f.StringP("memory", "m", "", "Memory limit")
	f.String("name", "", "Assign a name to the container")
	many("network", "", "Connect a container to a network")
	many("net", "", "Connect a container to a network")
	_ = f.MarkHidden("net")
	many("network-alias", "", "Add network-scoped alias for the container")
	f.Bool("no-healthcheck", false, "Disable any container-specified HEALTHCHECK")
	f.String("platform", "", "Set platform if server is multi-platform capable")
	f.Bool("privileged", false, "Give extended privileges to this container")
	many("publish", "p", "Publish a container's port(s) to the host")
	f.BoolP("publish-all", "P", false, "Publish all exposed ports to random ports")
	f.String("pull", "missing", "Pull image before running (\"always\", \"missing\", \"never\")")
	f.BoolP("quiet", "q", false, "Suppress the pull output")
	f.Bool("read-only", false, "Mount the container's root filesystem as read only")
	f.String("restart", "no", "Restart policy to apply when a container exits")
	f.Bool("rm", false, "Automatically remove the container and its associated anonymous volumes when it exits")
	f.Bool("sig-proxy", true, "Proxy received signals to the process")
	f.String("stop-signal", "", "Signal to stop the container")
	f.Int("stop-timeout", 0, "Timeout (in seconds) to stop a container")
	many("tmpfs", "", "Mount a tmpfs directory")
	f.BoolP("tty", "t", false, "Allocate a pseudo-TTY")
	f.StringP("user", "u", "", "Username or UID (format: <name|uid>[:<group|gid>])")
	many("volume", "v", "Bind mount a volume")
	many("volumes-from", "", "Mount volumes from the specified container(s)")
	f.StringP("workdir", "w", "", "Working directory inside the container")
}

// runFailed is an error of `run`.
func runFailed(err error, code int) error {
	return &dockerError{"docker: " + dockerText(err) + "\n\nRun 'docker run --help' for more information", code}
}

// runRequest reads the options of `run`.
func (d *docker) runRequest() (*createRequest, error) {
	detach, stdin := d.on("detach"), d.on("interactive")
	req := &createRequest{
		Image: d.args[0], Cmd: d.args[1:], Hostname: d.text("hostname"), User: d.text("user"), Tty: d.on("tty"), WorkingDir: d.text("workdir"),
		OpenStdin: stdin, AttachStdin: stdin && !detach, StdinOnce: stdin && !detach, AttachStdout: !detach, AttachStderr: !detach,
		Labels: map[string]string{}, StopSignal: d.text("stop-signal"), ExposedPorts: map[string]struct{}{},
		HostConfig: hostConfig{
			AutoRemove: d.on("rm"), PublishAllPorts: d.on("publish-all"), Privileged: d.on("privileged"), ReadonlyRootfs: d.on("read-only"),
			CapAdd: d.values("cap-add"), CapDrop: d.values("cap-drop"), DNS: d.values("dns"), ExtraHosts: d.values("add-host"),
			VolumesFrom: d.values("volumes-from"), PortBindings: map[string][]portBinding{}, LogConfig: logConfig{Config: map[string]string{}},
		},
	}
	var err error
	if req.Env, err = d.variables(); err != nil {
		return nil, err
	}
	if d.flags.Changed("entrypoint") {
		req.Entrypoint = []string{d.text("entrypoint")}
	}
	if d.flags.Changed("stop-timeout") {
		n, _ := d.flags.GetInt("stop-timeout")
		req.StopTimeout = &n
	}
	if d.on("init") {
		on := true
		req.HostConfig.Init = &on
	}
	for _, l := range d.values("label") {
		name, value, _ := strings.Cut(l, "=")
		req.Labels[name] = value
	}
	for _, p := range d.values("expose") {
		port, protocol, _ := strings.Cut(p, "/")
		req.ExposedPorts[port+"/"+cmp.Or(protocol, "tcp")] = struct{}{}
	}
	for _, p := range d.values("publish") {
		ports, err := types.ParsePortConfig(p)
		if err != nil {
			return nil, fmt.Errorf("invalid containerPort: %s", p)
		}
		for _, port := range ports {
			key := fmt.Sprintf("%d/%s", port.Target, protocol(port.Protocol))
			req.ExposedPorts[key] = struct{}{}
			req.HostConfig.PortBindings[key] = append(req.HostConfig.PortBindings[key], portBinding{port.HostIP, port.Published})
		}
	}
	for _, v := range d.values("volume") {
		source, rest, ok := strings.Cut(v, ":")
		switch {
		case !ok:
			req.Volumes = map[string]struct{}{v: {}}
			continue
		case strings.HasPrefix(source, "."):
			v = absolute(d.Dir, source) + ":" + rest
		}
		req.HostConfig.Binds = append(req.HostConfig.Binds, v)
	}
	for _, t := range d.values("tmpfs") {
		path, options, _ := strings.Cut(t, ":")
		req.HostConfig.Tmpfs = map[string]string{path: options}
	}
	name, times, _ := strings.Cut(d.text("restart"), ":")
	req.HostConfig.RestartPolicy.Name = name
	if req.HostConfig.RestartPolicy.MaximumRetryCount, err = strconv.Atoi(cmp.Or(times, "0")); err != nil {
		return nil, fmt.Errorf("invalid restart policy format: maximum retry count must be an integer")
	}
	if req.HostConfig.AutoRemove && !slices.Contains([]string{"", "no"}, name) {
		return nil, errors.New("conflicting options: cannot specify both --restart and --rm")
	}
	if text := d.text("memory"); text != "" {
		if req.HostConfig.Memory, err = units.RAMInBytes(text); err != nil {
			return nil, fmt.Errorf("invalid argument %q for \"-m, --memory\" flag: %w", text, err)
		}
	}
	cpus, _ := d.flags.GetFloat64("cpus")
	req.HostConfig.NanoCPUs = int64(cpus * 1e9)
	h := &healthcheck{}
	h.Retries, _ = d.flags.GetInt("health-retries")
	for name, field := range map[string]*int64{
		"health-interval": &h.Interval, "health-timeout": &h.Timeout, "health-start-period": &h.StartPeriod,
	} {
		value, _ := d.flags.GetDuration(name)
		*field = int64(value)
	}
	if command := d.text("health-cmd"); command != "" {
		h.Test = []string{"CMD-SHELL", command}
	}
	if d.on("no-healthcheck") {
		h.Test = []string{"NONE"}
	}
	if !reflect.DeepEqual(h, &healthcheck{}) {
		req.Healthcheck = h
	}
	networks := append(slices.Clone(d.values("network")), d.values("net")...)
	if len(networks) > 0 {
		req.HostConfig.NetworkMode = networks[0]
		req.NetworkingConfig = &networkingConfig{EndpointsConfig: map[string]*endpoint{}}
		for _, n := range networks {
			if !slices.Contains([]string{"bridge", "host", "none", "default"}, n) && !strings.HasPrefix(n, "container:") {
				req.NetworkingConfig.EndpointsConfig[n] = &endpoint{Aliases: d.values("network-alias")}
			}
		}
	}
	return req, nil
}

func dockerRun(ctx context.Context, d *docker) error {
	detach, stdin, tty := d.on("detach"), d.on("interactive"), d.on("tty")
	if stdin && tty && !detach && !isTerminal(d.Stdin) {
		return errNoTerminal
	}
	req, err := d.runRequest()
	if err != nil {
		return runFailed(err, 125)
	}
	values := url.Values{}
	if name := d.text("name"); name != "" {
		values.Set("name", name)
	}
	if platform := d.text("platform"); platform != "" {
		values.Set("platform", platform)
	}
	var made struct {
		ID       string `json:"Id"`
		Warnings []string
	}
	if d.text("pull") == "always" {
		if err := d.fetch(ctx, req.Image); err != nil {
			return runFailed(err, 125)
		}
	}
	err = d.client.post(ctx, "/containers/create", values, req, &made)
	if notFound(err) && d.text("pull") == "missing" { // also if it is something else, as the original does
		repository, tag := splitTag(req.Image)
		separator := ":"
		if strings.Contains(tag, ":") {
			separator = "@" // before a digest
		}
		fmt.Fprintf(d.Stderr, "Unable to find image '%s%s%s' locally\n", repository, separator, tag)
		if err := d.fetch(ctx, req.Image); err != nil {
			return runFailed(err, 125)
		}
		err = d.client.post(ctx, "/containers/create", values, req, &made)
	}
	if err != nil {
		return runFailed(err, 125)
	}
	for _, w := range made.Warnings {
		fmt.Fprintln(d.Stderr, "WARNING: "+w)
	}
	if detach {
		if err := d.client.post(ctx, "/containers/"+made.ID+"/start", nil, nil, nil); err != nil {
			return runFailed(err, startStatus(err))
		}
		d.printf("%s\n", made.ID)
		return nil
	}
	streams := d.values("attach")
	attach := func(name string) bool {
		return len(streams) == 0 || slices.ContainsFunc(streams, func(s string) bool { return strings.EqualFold(s, name) })
	}
	return d.attached(ctx, attachment{
		id: made.ID, tty: tty, stdin: stdin && attach("stdin"), stdout: attach("stdout"), stderr: attach("stderr"),
		removed: d.on("rm"), run: true,
	})
}

// fetch pulls an image.
func (d *docker) fetch(ctx context.Context, name string) error {
	repository, tag := splitTag(name)
	res, err := d.client.stream(ctx, http.MethodPost, "/images/create", url.Values{"fromImage": {repository}, "tag": {tag}}, nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	out := d.Stderr
	if d.on("quiet") {
		out = io.Discard
	}
	return d.messages(ctx, res.Body, out, isTerminal(d.Stderr), nil, func(string) {})
}

// startStatus is the exit status of `run` for a container that does not start.
func startStatus(err error) int {
	switch text := err.Error(); {
	case strings.Contains(text, "executable file not found"), strings.Contains(text, "no such file or directory"):
		return 127
	case strings.Contains(text, "permission denied"), strings.Contains(text, "not a directory"):
		return 126
	}
	return 125
}

// attachment is a container that is started with its streams.
type attachment struct {
	id, name              string // name is the one to print after a start; "" if none
	tty                   bool
	stdin, stdout, stderr bool
	removed               bool // it is removed at its end
	run                   bool // by `run`
}

// attached starts a container with its streams, passes signals on to it, and returns its status.
func (d *docker) attached(ctx context.Context, a attachment) error {
	failed := func(err error) error {
		if a.run {
			return runFailed(err, startStatus(err))
		}
		return err
	}
	values := url.Values{"stream": {"1"}}
	for name, on := range map[string]bool{"stdin": a.stdin, "stdout": a.stdout, "stderr": a.stderr} {
		if on {
			values.Set(name, "1")
		}
	}
	conn, err := d.client.hijack(ctx, "/containers/"+a.id+"/attach", values, nil)
	if err != nil {
		return failed(err)
	}
	condition := "next-exit"
	if a.removed {
		condition = "removed"
	}
	// The answer begins at once, so that the wait is under way before the start.
	waited, err := d.client.stream(ctx, http.MethodPost, "/containers/"+a.id+"/wait", url.Values{"condition": {condition}}, nil, nil)
	if err != nil {
		conn.Close()
		return failed(err)
	}
	defer waited.Body.Close()
	if err := d.client.post(ctx, "/containers/"+a.id+"/start", nil, nil, nil); err != nil {
		conn.Close()
		return failed(err)
	}
	defer d.passSignals(ctx, a.id)()
	if err := d.converse(ctx, conn, a.tty, a.stdin, "/containers/"+a.id+"/resize"); err != nil {
		return err
	}
	var end struct{ StatusCode int }
	if err := json.NewDecoder(waited.Body).Decode(&end); err != nil {
		return err
	}
	if end.StatusCode != 0 {
		return exitError(end.StatusCode)
	}
	return nil
}

// passSignals passes the signals of this process on to a container until it is stopped.
func (d *docker) passSignals(ctx context.Context, id string) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case s, ok := <-d.Interrupts:
				if !ok {
					return
				}
				name := "SIGINT"
				if n, ok := s.(unix.Signal); ok {
					name = unix.SignalName(n)
				}
				// An error means that it has ended.
				_ = d.client.post(ctx, "/containers/"+id+"/kill", url.Values{"signal": {name}}, nil, nil)
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}
