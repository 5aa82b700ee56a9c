package compose

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// v1 is the look of docker-compose 1.29.2.
type v1 struct{}

func styleV1() *style {
	return &style{traits{
		look:         V1,
		separator:    "_",
		version:      "1.29.2",
		stopping:     "Gracefully stopping... (press Ctrl+C again to force)",
		killedStatus: 2,
		aborting:     "Aborting on container exit...",
	}, v1{}}
}

func (v1) help(cmd *command) string {
	var b strings.Builder
	spell := func(f flag) string {
		var names []string
		if f.short != "" {
			names = append(names, "-"+f.short)
		}
		if f.long != "" {
			names = append(names, "--"+f.long)
		}
		return strings.TrimSuffix(strings.Join(names, ", ")+" "+f.arg, " ")
	}
	if cmd != nil {
		b.WriteString(cmd.summary + ".\n\n")
		if cmd.about != "" {
			b.WriteString(cmd.about + "\n\n")
		}
		b.WriteString("Usage: " + cmd.name + " " + cmd.usage + "\n")
		if len(cmd.flags) > 0 {
			b.WriteString("\nOptions:\n" + flagLines(cmd.flags, V1, spell, 4))
		}
		return b.String()
	}
	b.WriteString("Define and run multi-container applications with Docker.\n\nUsage:\n" +
		"  docker-compose [-f <arg>...] [--profile <name>...] [options] [--] [COMMAND] [ARGS...]\n" +
		"  docker-compose -h|--help\n\nOptions:\n" + flagLines(globalFlags, V1, spell, 2) + "\n")
	b.WriteString(v1{}.commandList())
	return b.String()
}

func (v1) commandList() string {
	var b strings.Builder
	b.WriteString("Commands:\n")
	all := append(commands(), command{name: "help", summary: "Get help on a command"})
	slices.SortFunc(all, func(a, b command) int { return strings.Compare(a.name, b.name) })
	for _, c := range all {
		if in(c.looks, V1) {
			fmt.Fprintf(&b, "  %-18s %s\n", c.name, c.summary)
		}
	}
	return b.String()
}

func (v1) versionText(string) string { return "docker-compose version 1.29.2, build unknown" }

func (v v1) exit(s *session, err error) int {
	var (
		code    exitError
		usage   *usageError
		missing noSuchService
		connect *connectionError
		path    *fs.PathError
		file    *FileError
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		s.ui.fail("Aborting.")
	case errors.As(err, &usage):
		switch {
		case usage.unknown != "":
			s.ui.fail("No such command: " + usage.unknown + "\n\n" + strings.TrimSuffix(v.commandList(), "\n"))
		default:
			// docker-compose exits with 0 here, so that a mistyped option would
			// look like a success.
			s.ui.fail(usage.message + "\n\n" + strings.TrimSuffix(v.help(usage.command), "\n"))
		}
	case errors.As(err, &missing):
		s.ui.fail("No such service: " + string(missing))
	case errors.Is(err, errNoFile):
		s.ui.fail("\n        Can't find a suitable configuration file in this directory or any\n" +
			"        parent. Are you in the right directory?\n\n" +
			"        Supported filenames: " + strings.Join(fileNames[V1], ", ") + "\n        ")
	case errors.As(err, &file):
		s.ui.fail("The Compose file './" + file.File + "' is invalid because:\n" + file.Error())
	case errors.As(err, &connect):
		s.ui.fail("Couldn't connect to Docker daemon at " + v.address(connect.host) + " - is it running?\n\n" +
			"If it's at a non-standard location, specify the URL with the DOCKER_HOST environment variable.")
	case errors.As(err, &path) && errors.Is(err, fs.ErrNotExist):
		name := path.Path
		if i := slices.IndexFunc(s.global.values("file"), func(f string) bool { return absolute(s.Dir, f) == name }); i >= 0 {
			name = "./" + s.global.values("file")[i]
		}
		s.ui.fail(".FileNotFoundError: [Errno 2] No such file or directory: '" + name + "'")
	default:
		s.ui.fail(err.Error())
	}
	return 1
}

// address is the engine's as docker-compose's HTTP library spells it.
func (v1) address(host string) string {
	if strings.HasPrefix(host, "unix://") {
		return "http+docker://localhost"
	}
	return strings.Replace(host, "tcp://", "http://", 1)
}

func (v1) say(s *session, text string) { s.printf("%s\n", text) }

func (v1) progress(s *session, ansi bool) progress { return &lines{w: s.Stderr, ansi: ansi} }

func (v v1) labels(s *session, svc types.ServiceConfig, c newContainer, hash, _ string) map[string]string {
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

func (v1) hash(s *session, svc types.ServiceConfig, imageID string) (string, error) {
	return s.legacyHash(svc, imageID)
}

func (v1) diverged(c *container, hash, _ string) bool { return c.Config.Labels[labelHash] != hash }

func (v1) aliases(svc types.ServiceConfig, _ string) []string { return []string{svc.Name} }

func (v1) oneOffName(project, service, slug string) string {
	return strings.TrimLeft(project, "-_") + "_" + service + "_run_" + slug[:12]
}

func (v1) scaleWarnings(s *session, svc types.ServiceConfig, n int) {
	if n < 2 {
		return
	}
	if svc.ContainerName != "" {
		s.ui.warn(fmt.Sprintf("The %q service is using the custom container name %q. Docker requires each container to have a unique name. Remove the custom name to scale the service.", svc.Name, svc.ContainerName))
	}
	for _, p := range svc.Ports {
		if p.Published != "" {
			s.ui.warn(fmt.Sprintf("The %q service specifies a port on the host. If multiple containers for this service are created on a single host, the port will clash.", svc.Name))
			return
		}
	}
}

func (v1) scaleDeprecated(s *session) {
	s.ui.warn("The scale command is deprecated. Use the up command with the --scale flag instead.")
}

// checkScale: a service that there is not is ignored.
func (v1) checkScale(*session, map[string]int) error { return nil }

func (v1) upToDate(s *session, c *container) { s.ui.info(c.name + " is up-to-date") }

func (v1) creatingNetwork(s *session, n types.NetworkConfig) {
	driver := "the default driver"
	if n.Driver != "" {
		driver = fmt.Sprintf("driver %q", n.Driver)
	}
	s.ui.info(fmt.Sprintf("Creating network %q with %s", n.Name, driver))
}

func (v1) creatingVolume(s *session, v types.VolumeConfig) {
	driver := "default"
	if v.Driver != "" {
		driver = strconv.Quote(v.Driver)
	}
	s.ui.info(fmt.Sprintf("Creating volume %q with %s driver", v.Name, driver))
}

func (v1) removeNetwork(ctx context.Context, s *session, n types.NetworkConfig) error {
	if n.External {
		s.ui.info("Network " + n.Name + " is external, skipping")
		return nil
	}
	s.ui.info("Removing network " + n.Name)
	err := s.client.delete(ctx, "/networks/"+n.Name, nil)
	if notFound(err) {
		s.ui.warn("Network " + n.Name + " not found.")
		return nil
	}
	return err
}

func (v1) removeVolume(ctx context.Context, s *session, v types.VolumeConfig) error {
	if v.External {
		s.ui.info("Volume " + v.Name + " is external, skipping")
		return nil
	}
	s.ui.info("Removing volume " + v.Name)
	err := s.client.delete(ctx, "/volumes/"+v.Name, nil)
	if notFound(err) {
		s.ui.warn("Volume " + v.Name + " not found.")
		return nil
	}
	return err
}

func (v1) removeImage(ctx context.Context, s *session, svc types.ServiceConfig) {
	name := s.imageName(svc)
	s.ui.info("Removing image " + name)
	switch err := s.client.delete(ctx, "/images/"+name, nil); {
	case notFound(err):
		s.ui.warn("Image " + name + " not found.")
	case err != nil:
		s.ui.fail(fmt.Sprintf("Failed to remove image for service %s: %v", svc.Name, err))
	}
}

func (v1) removingOrphan(s *session, c *container) {
	s.ui.info(fmt.Sprintf("Removing orphan container %q", c.name))
}

func (v1) foundOrphans(s *session, names []string) {
	s.ui.warn("Found orphan containers (" + strings.Join(names, ", ") + ") for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.")
}

func (v1) nothingToRemove(s *session) { s.printf("No stopped containers\n") }

func (v1) building(s *session, svc types.ServiceConfig, quiet bool) {
	if !quiet {
		s.ui.info("Building " + svc.Name)
	}
}

func (v1) builtMissing(s *session, svc types.ServiceConfig) {
	s.ui.warn("Image for service " + svc.Name + " was built because it did not already exist. To rebuild this image you must use `docker-compose build` or `docker-compose up --build`.")
}

func (v1) notBuilt(s *session, svc types.ServiceConfig, quiet bool) {
	if !quiet {
		s.ui.info(svc.Name + " uses an image, skipping")
	}
}

func (v1) pulling(s *session, svc types.ServiceConfig, quiet bool) {
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

func (v1) taskFailed(s *session, f failure) {
	s.ui.info("\nERROR: for " + f.name + "  " + f.err.Error())
}

// failed: what the engine refused has been said, and is not the command's failure.
func (v1) failed(failures []failure) error {
	for _, f := range failures {
		var refused *apiError
		if !errors.As(f.err, &refused) {
			return f.err
		}
	}
	return nil
}

func (v1) upFailed(*session, []failure) error {
	return errors.New("Encountered errors while bringing up the project.")
}

func (v1) startFailed(s *session, svc types.ServiceConfig, err error) error {
	if strings.Contains(err.Error(), "driver failed programming external connectivity") {
		s.ui.warn("Host is already in use by another container")
	}
	return fmt.Errorf("Cannot start service %s: %w", svc.Name, err)
}

func (v1) createFailed(_ *session, svc types.ServiceConfig, err error) error {
	return fmt.Errorf("Cannot create container for service %s: %w", svc.Name, err)
}

func (v1) buildFailed(_ *session, svc types.ServiceConfig, err error) error {
	return fmt.Errorf("Service '%s' failed to build : %w", svc.Name, err)
}

func (v1) noDockerfile(_ *session, _ types.ServiceConfig, path string) error {
	return fmt.Errorf("Cannot locate specified Dockerfile: %s", path)
}

func (v1) missingExternal(kind, name string) error {
	title := strings.ToUpper(kind[:1]) + kind[1:]
	return fmt.Errorf("%s %s declared as external, but could not be found. Please create the %s manually using `docker %s create %s` and try again.",
		title, name, kind, kind, name)
}

func (v1) noContainers(_ *session, operation string) error {
	return errors.New("No containers to " + operation)
}

func (v1) notRunning(service string, index int) error {
	return fmt.Errorf("No container found for %s_%d", service, index)
}

func (v1) noPort(s *session, _ *container, _ string) error {
	s.printf("\n")
	return nil
}

// v1Logs colours the names of containers, in turn, also where there is no terminal.
type v1Logs struct {
	*session
	options logOptions
	width   int
	next    int
	colours map[string]string // by container
}

// rainbow are the colours of names, in turn.
var rainbow = []string{"36", "33", "32", "35", "34", "36;1", "33;1", "32;1", "35;1", "34;1"}

func (v1) logs(s *session, o logOptions) logLook {
	width := 0
	for _, name := range s.project.Order {
		width = max(width, len(name)+len("_99"))
	}
	return &v1Logs{s, o, width, 0, map[string]string{}}
}

func (l *v1Logs) paint(c *container, text string) string {
	if l.options.noColor {
		return text
	}
	return paint(l.colours[c.id], text)
}

func (l *v1Logs) present(c *container) {
	l.colours[c.id] = rainbow[l.next%len(rainbow)]
	l.next++
}

func (l *v1Logs) prefix(c *container) string {
	if l.options.noPrefix {
		return ""
	}
	return l.paint(c, fmt.Sprintf("%-*s |", l.width, l.shortName(c))) + " "
}

func (l *v1Logs) exited(c *container, status int) string {
	return l.paint(c, fmt.Sprintf("%s exited with code %d\n", c.name, status))
}

func (v1) attaching(_ *session, containers []*container) string {
	return "Attaching to " + names(containers)
}

func names(containers []*container) string {
	var out []string
	for _, c := range containers {
		out = append(out, c.name)
	}
	return strings.Join(out, ", ")
}

// unlimited is the width of a table that is not for a terminal.
const unlimited = 999

func (v1) ps(ctx context.Context, s *session, opts options) error {
	if opts.has("quiet") && opts.has("services") {
		return errors.New("--quiet and --services cannot be combined")
	}
	if opts.has("services") {
		list, err := v1Filter(ctx, s, opts.value("filter", ""))
		if err != nil {
			return err
		}
		s.printf("%s\n", strings.Join(list, "\n"))
		return nil
	}
	containers, err := s.containers(ctx, query{services: opts.args, all: true})
	if err != nil {
		return err
	}
	q := query{services: opts.args, oneOffs: onlyOneOffs, all: opts.has("all")}
	oneOffs, err := s.containers(ctx, q)
	if err != nil {
		return err
	}
	containers = append(containers, oneOffs...)
	slices.SortFunc(containers, byName)
	if opts.has("quiet") {
		for _, c := range containers {
			s.printf("%s\n", c.id)
		}
		return nil
	}
	var rows [][]string
	for _, c := range containers {
		command := strings.Join(append(slices.Clone(c.Config.Entrypoint), c.Config.Cmd...), " ")
		if len(command) > 30 {
			command = command[:26] + " ..."
		}
		rows = append(rows, []string{c.name, command, v1State(c), v1Ports(c)})
	}
	s.printf("%s", textTable([]string{"Name", "Command", "State", "Ports"}, rows, s.width(unlimited)))
	return nil
}

// v1Filter is `ps --services --filter KEY=VALUE`.
func v1Filter(ctx context.Context, s *session, filter string) ([]string, error) {
	key, value, ok := strings.Cut(filter, "=")
	if filter != "" && !ok {
		return nil, errors.New("Arguments to --filter should be in form KEY=VAL")
	}
	states := map[string]func(*container) bool{
		"running":    func(c *container) bool { return c.State.Running },
		"stopped":    func(c *container) bool { return !c.State.Running },
		"paused":     func(c *container) bool { return c.State.Paused },
		"restarting": func(c *container) bool { return c.State.Restarting },
	}
	var out []string
	for _, name := range s.project.Order {
		svc, _ := s.project.service(name)
		keep := true
		switch {
		case key == "":
		case key == "source" && value == "build":
			keep = svc.Build != nil
		case key == "source" && value == "image":
			keep = svc.Image != ""
		case key == "status" && states[value] != nil:
			containers, err := s.containers(ctx, query{services: []string{name}, all: true})
			if err != nil {
				return nil, err
			}
			keep = slices.ContainsFunc(containers, states[value])
		default:
			return nil, fmt.Errorf("Invalid filter: %s", filter)
		}
		if keep {
			out = append(out, name)
		}
	}
	return out, nil
}

func v1State(c *container) string {
	switch {
	case c.State.Paused:
		return "Paused"
	case c.State.Restarting:
		return "Restarting"
	case !c.State.Running:
		return "Exit " + strconv.Itoa(c.State.ExitCode)
	case c.State.Health != nil && c.State.Health.Status == "starting":
		return "Up (health: starting)"
	case c.State.Health != nil && c.State.Health.Status != "":
		return "Up (" + c.State.Health.Status + ")"
	}
	return "Up"
}

func v1Ports(c *container) string {
	var out []string
	for _, private := range slices.Sorted(maps.Keys(c.NetworkSettings.Ports)) {
		bindings := c.NetworkSettings.Ports[private]
		if len(bindings) == 0 {
			out = append(out, private)
			continue
		}
		var each []string
		for _, b := range bindings {
			each = append(each, b.HostIP+":"+b.HostPort+"->"+private)
		}
		out = append(out, strings.Join(each, ","))
	}
	return strings.Join(out, ", ")
}

// topTable is the answer of GET /containers/{id}/top.
type topTable struct {
	Titles    []string
	Processes [][]string
}

func (s *session) processes(ctx context.Context, c *container) (topTable, error) {
	var t topTable
	err := s.client.get(ctx, "/containers/"+c.id+"/top", nil, &t)
	return t, err
}

func (v1) top(ctx context.Context, s *session, opts options) error {
	containers, err := s.containers(ctx, query{services: opts.args, oneOffs: withOneOffs})
	if err != nil {
		return err
	}
	slices.SortFunc(containers, byName)
	for i, c := range containers {
		t, err := s.processes(ctx, c)
		if err != nil {
			return err
		}
		if i > 0 {
			s.printf("\n")
		}
		s.printf("%s\n%s", c.name, textTable(t.Titles, t.Processes, s.width(unlimited)))
	}
	return nil
}

func (v1) images(ctx context.Context, s *session, opts options) error {
	containers, err := s.containers(ctx, query{services: opts.args, all: true, oneOffs: withOneOffs})
	if err != nil {
		return err
	}
	slices.SortFunc(containers, byName)
	if opts.has("quiet") {
		var ids []string
		for _, c := range containers {
			_, id, _ := strings.Cut(c.Image, ":")
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
				s.printf("%s\n", id)
			}
		}
		return nil
	}
	var rows [][]string
	for _, c := range containers {
		img, err := s.image(ctx, c.Image)
		if err != nil {
			return err
		}
		if img == nil {
			return &apiError{http.StatusNotFound, "No such image: " + c.Image}
		}
		repository, tag := imageTag(s, c, img)
		_, id, _ := strings.Cut(img.ID, ":")
		rows = append(rows, []string{c.name, repository, tag, id[:12], v1Size(img.Size)})
	}
	s.printf("%s", textTable([]string{"Container", "Repository", "Tag", "Image Id", "Size"}, rows, s.width(unlimited)))
	return nil
}

// imageTag is the name of a container's image: the service's, if the image still
// has it.
func imageTag(s *session, c *container, img *image) (repository, tag string) {
	if len(img.RepoTags) == 0 {
		return "<none>", "<none>"
	}
	svc, _ := s.project.service(c.service())
	repository, tag = splitTag(s.imageName(svc))
	if slices.Contains(img.RepoTags, repository+":"+tag) {
		return repository, tag
	}
	return splitTag(img.RepoTags[0])
}

// v1Size is a size in decimal units with four significant digits.
func v1Size(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	order := 0
	if n > 0 {
		order = min(int(math.Log(float64(n))/math.Log(1000)), len(units)-1)
	}
	return strconv.FormatFloat(float64(n)/math.Pow(1000, float64(order)), 'g', 4, 64) + " " + units[order]
}

func (v1) config(s *session, _ options) (string, error) {
	p := s.project
	version := p.Version
	if version == "" {
		version = "3.9"
	}
	all := map[string]any{}
	for _, name := range p.Order {
		all[name] = p.legacyService(name)
	}
	document := map[string]any{"version": version, "services": all}
	for key, section := range map[string]map[string]map[string]any{"networks": p.networksRaw, "volumes": p.volumesRaw} {
		if len(section) == 0 {
			continue
		}
		out := map[string]any{}
		for name, value := range section {
			if value == nil {
				value = map[string]any{}
			}
			out[name] = value
		}
		document[key] = out
	}
	return pythonYAML(document) + "\n", nil
}
