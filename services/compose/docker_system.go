package compose

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/go-units"
	"github.com/spf13/pflag"
)

// dockerSystemCommands are those about the engine, and `build`.
func dockerSystemCommands() []dockerCommand {
	formatted := func(f *pflag.FlagSet) { f.StringP("format", "f", "", formatHelp) }
	return []dockerCommand{
		{name: "version", usage: "[OPTIONS]", summary: "Show the Docker version information", flags: formatted, run: dockerVersions},
		{
			name: "info", aliases: []string{"system info"}, usage: "[OPTIONS]", summary: "Display system-wide information", flags: formatted,
			run: dockerInfo,
		},
		{
			name: "build", aliases: []string{"image build", "builder build"}, usage: "[OPTIONS] PATH | URL | -", min: 1, max: 1,
			summary: "Build an image from a Dockerfile",
			flags: func(f *pflag.FlagSet) {
				f.Var(&manyValues{kind: "list"}, "build-arg", "Set build-time variables")
				f.StringP("file", "f", "", "Name of the Dockerfile (Default is \"PATH/Dockerfile\")")
				f.Bool("force-rm", false, "Always remove intermediate containers")
				f.String("iidfile", "", "Write the image ID to the file")
				f.Var(&manyValues{kind: "list"}, "label", "Set metadata for an image")
				f.String("network", "default", "Set the networking mode for the RUN instructions during build")
				f.Bool("no-cache", false, "Do not use cache when building the image")
				f.String("platform", "", "Set platform if server is multi-platform capable")
				f.Bool("pull", false, "Always attempt to pull a newer version of the image")
				f.BoolP("quiet", "q", false, "Suppress the build output and print image ID on success")
				f.Bool("rm", true, "Remove intermediate containers after a successful build")
				f.VarP(&manyValues{kind: "list"}, "tag", "t", "Name and optionally a tag in the \"name:tag\" format")
				f.String("target", "", "Set the target build stage to build.")
			},
			run: dockerBuild,
		},
	}
}

func dockerVersions(ctx context.Context, d *docker) error {
	var server map[string]json.RawMessage
	err := d.client.get(ctx, "/version", nil, &server)
	engine := func(name string) (text string) {
		_ = json.Unmarshal(server[name], &text) // a missing one is empty
		return text
	}
	client := dockerClient(cmp.Or(engine("ApiVersion"), "1.50"))
	if format := d.text("format"); format != "" {
		document := map[string]any{"Client": client, "Server": server}
		if format == "json" {
			d.printf("%s\n", jsonText(document))
			return err
		}
		if failed := d.executeTemplate(format, json.RawMessage(jsonText(document))); failed != nil && err == nil {
			return failed
		}
		return err
	}
	heading := func(name string, platform any) string {
		if platform == "" {
			return name + ":\n"
		}
		return fmt.Sprintf("%s: %v\n", name, platform)
	}
	d.printf("%s Version:           %v\n API version:       %v\n Go version:        %v\n Git commit:        \n Built:             \n",
		heading("Client", "workshop, bundled"), client["Version"], client["ApiVersion"], client["GoVersion"])
	d.printf(" OS/Arch:           %v/%v\n Context:           default\n", client["Os"], client["Arch"])
	if err != nil {
		return err
	}
	var platform struct{ Name string }
	_ = json.Unmarshal(server["Platform"], &platform)
	experimental := false
	_ = json.Unmarshal(server["Experimental"], &experimental)
	d.printf("\n%s Engine:\n  Version:          %s\n  API version:      %s (minimum version %s)\n", heading("Server", platform.Name),
		engine("Version"), engine("ApiVersion"), engine("MinAPIVersion"))
	d.printf("  Go version:       %s\n  Git commit:       %s\n  Built:            %s\n  OS/Arch:          %s/%s\n  Experimental:     %t\n",
		engine("GoVersion"), engine("GitCommit"), engine("BuildTime"), engine("Os"), engine("Arch"), experimental)
	return nil
}

func dockerInfo(ctx context.Context, d *docker) error {
	var raw json.RawMessage
	err := d.client.get(ctx, "/info", nil, &raw)
	if format := d.text("format"); format != "" && err == nil {
		if format == "json" {
			d.printf("%s\n", strings.TrimSpace(string(raw)))
			return nil
		}
		if err := d.executeTemplate(format, raw); err != nil {
			return errors.New(noSuchField().ReplaceAllString(err.Error(), "can't evaluate field $1 in type system.dockerInfo"))
		}
		return nil
	}
	d.printf("Client: workshop, bundled\n Version:    %s\n Context:    default\n Debug Mode: false\n\nServer:\n", dockerVersion)
	if err != nil {
		return err
	}
	type plugins struct{ Volume, Network, Log []string }
	var info struct {
		ID, Name, Driver, LoggingDriver, CgroupDriver, CgroupVersion string
		KernelVersion, OperatingSystem, OSType, Architecture         string
		ServerVersion, DockerRootDir                                 string
		Containers, ContainersRunning, ContainersPaused              int
		ContainersStopped, Images, NCPU                              int
		MemTotal                                                     int64
		DriverStatus                                                 [][2]string
		Plugins                                                      plugins
		Swarm                                                        struct{ LocalNodeState string }
		Warnings                                                     []string
		ExperimentalBuild, LiveRestoreEnabled                        bool
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return err
	}
	line := func(name string, value any) {
		if value != "" {
			d.printf(" %s: %v\n", name, value)
		}
	}
	line("Containers", info.Containers)
	line(" Running", info.ContainersRunning)
	line(" Paused", info.ContainersPaused)
	line(" Stopped", info.ContainersStopped)
	line("Images", info.Images)
	line("Server Version", info.ServerVersion)
	line("Storage Driver", info.Driver)
	for _, status := range info.DriverStatus {
		line(" "+status[0], status[1])
	}
	line("Logging Driver", info.LoggingDriver)
	line("Cgroup Driver", info.CgroupDriver)
	line("Cgroup Version", info.CgroupVersion)
	d.printf(" Plugins:\n")
	line(" Volume", strings.Join(info.Plugins.Volume, " "))
	line(" Network", strings.Join(info.Plugins.Network, " "))
	line(" Log", strings.Join(info.Plugins.Log, " "))
	line("Swarm", info.Swarm.LocalNodeState)
	line("Kernel Version", info.KernelVersion)
	line("Operating System", info.OperatingSystem)
	line("OSType", info.OSType)
	line("Architecture", info.Architecture)
	line("CPUs", info.NCPU)
	line("Total Memory", units.BytesSize(float64(info.MemTotal)))
	line("Name", info.Name)
	line("ID", info.ID)
	line("Docker Root Dir", info.DockerRootDir)
	line("Experimental", info.ExperimentalBuild)
	line("Live Restore Enabled", info.LiveRestoreEnabled)
	d.printf("\n")
	for _, w := range info.Warnings {
		fmt.Fprintln(d.Stderr, w)
	}
	return nil
}

// counter counts the bytes that are written.
type counter struct {
	io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

func dockerBuild(ctx context.Context, d *docker) error {
	where := d.args[0]
	if where == "-" || strings.Contains(where, "://") {
		return fmt.Errorf("the bundled docker builds from directories only, not from %s", where)
	}
	dir := absolute(d.Dir, where)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("unable to prepare context: path %q not found", where)
	}
	dockerfile, inline := "Dockerfile", []byte(nil)
	if file := d.text("file"); file != "" {
		rel, err := filepath.Rel(dir, absolute(d.Dir, file))
		if err != nil || !filepath.IsLocal(rel) {
			if _, err := os.Lstat(absolute(d.Dir, file)); err != nil {
				return fmt.Errorf("unable to prepare context: unable to evaluate symlinks in Dockerfile path: %w", err)
			}
			if inline, err = os.ReadFile(absolute(d.Dir, file)); err != nil {
				return err
			}
			rel = ".dockerfile.outside"
		}
		dockerfile = filepath.ToSlash(rel)
	}
	if path := filepath.Join(dir, dockerfile); inline == nil && !exists(path) {
		return fmt.Errorf("unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat %s: no such file or directory", path)
	}
	args, labels := map[string]*string{}, map[string]string{}
	for _, a := range d.values("build-arg") {
		name, value, given := strings.Cut(a, "=")
		args[name] = &value
		if !given {
			args[name] = nil
			if env := d.inherited(name); env != nil {
				_, value, _ = strings.Cut(env[0], "=")
				args[name] = &value
			}
		}
	}
	for _, l := range d.values("label") {
		name, value, _ := strings.Cut(l, "=")
		labels[name] = value
	}
	values := url.Values{
		"dockerfile": {dockerfile}, "t": d.values("tag"), "buildargs": {jsonText(args)}, "labels": {jsonText(labels)}, "rm": {"0"},
		"networkmode": {d.text("network")},
	}
	for option, key := range map[string]string{"no-cache": "nocache", "pull": "pull", "rm": "rm", "force-rm": "forcerm", "quiet": "q"} {
		if d.on(option) {
			values.Set(key, "1")
		}
	}
	for _, name := range []string{"target", "platform"} {
		if d.text(name) != "" {
			values.Set(name, d.text(name))
		}
	}
	r, w := io.Pipe()
	sent := &counter{Writer: w}
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.CloseWithError(writeContext(sent, dir, dockerfile, inline))
	}()
	res, err := d.client.stream(ctx, http.MethodPost, "/build", values, r, http.Header{"Content-Type": {"application/x-tar"}})
	r.CloseWithError(io.ErrClosedPipe)
	<-written
	if err != nil {
		return err
	}
	defer res.Body.Close()
	out, id := d.Stdout, ""
	if !d.on("quiet") {
		d.printf("Sending build context to Docker daemon  %s\r\r\n", units.HumanSize(float64(sent.n)))
	}
	if err := d.messages(ctx, res.Body, out, isTerminal(d.Stdout), nil, func(built string) { id = built }); err != nil {
		return err
	}
	if file := d.text("iidfile"); file != "" {
		return os.WriteFile(absolute(d.Dir, file), []byte(id), 0o666)
	}
	return nil
}
