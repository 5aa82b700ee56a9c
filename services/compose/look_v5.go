package compose

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"text/template"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/mattn/go-runewidth"
)

// v5 is the look of docker compose.
type v5 struct{}

func styleV5() *style {
	return &style{traits{
		look:         V5,
		separator:    "-",
		version:      "5.6.0",
		interspersed: true,
		createsFirst: true,
		stopping:     "Gracefully Stopping... press Ctrl+C again to force",
		stopped:      exitError(130),
		aborting:     "Aborting on container exit...",
		stopsDead:    true,
	}, v5{}}
}

func (v5) help(cmd *command) string {
	var b strings.Builder
	spell := func(f flag) string {
		left := "    "
		if f.short != "" {
			left = "-" + f.short
			if f.long != "" {
				left += ", "
			}
		}
		if f.long != "" {
			left += "--" + f.long
		}
		if f.arg != "" {
			left += " " + strings.ToLower(f.arg)
		}
		return left
	}
	if cmd != nil {
		usage := strings.NewReplacer("[options]", "[OPTIONS]", "[--scale SERVICE=NUM...] ", "").Replace(cmd.usage)
		if !strings.HasPrefix(usage, "[OPTIONS]") {
			usage = "[OPTIONS] " + usage
		}
		b.WriteString("Usage:  docker compose " + cmd.name + " " + usage + "\n\n" + cmd.summary + "\n")
		if cmd.about != "" {
			b.WriteString("\n" + cmd.about + "\n")
		}
		if len(cmd.flags) > 0 {
			b.WriteString("\nOptions:\n" + flagLines(cmd.flags, V5, spell, 2))
		}
		return b.String()
	}
	b.WriteString("Usage:  docker compose [OPTIONS] COMMAND\n\nDefine and run multi-container applications with Docker\n\nOptions:\n" +
		flagLines(globalFlags, V5, spell, 2) + "\nCommands:\n")
	for _, c := range commands() {
		if in(c.looks, V5) {
			fmt.Fprintf(&b, "  %-10s  %s\n", c.name, c.summary)
		}
	}
	b.WriteString("\nRun 'docker compose COMMAND --help' for more information on a command.\n")
	return b.String()
}

func (v5) versionText(format string) string {
	if format == "json" {
		return `{"version":"v5.6.0"}`
	}
	return "Docker Compose version v5.6.0"
}

func (v v5) exit(s *session, err error) int {
	s.ui.flush()
	var (
		code    exitError
		usage   *usageError
		connect *connectionError
		api     *apiError
		path    *fs.PathError
		env     errNoEnvFile
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &env):
		s.ui.fail("couldn't find env file: " + string(env))
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return 130
	case errors.As(err, &usage):
		if usage.unknown == "" {
			s.ui.fail(usage.message)
			break
		}
		s.printf("%s", v.help(nil))
		s.ui.fail("unknown docker command: \"compose " + usage.unknown + "\"")
	case errors.Is(err, errNoFile):
		s.ui.fail(errNoFile.Error())
	case errors.As(err, &connect):
		s.ui.fail("Cannot connect to the Docker daemon at " + connect.host + ". Is the docker daemon running?")
	case errors.As(err, &api):
		s.ui.fail("Error response from daemon: " + err.Error())
	case errors.As(err, &path) && errors.Is(err, fs.ErrNotExist) && s.project == nil:
		s.ui.fail(fmt.Sprintf("compose file %q is invalid: %v", path.Path, err))
	default:
		s.ui.fail(err.Error())
	}
	return 1
}

func (v5) say(s *session, text string) { s.ui.info("\n Compose Stopping " + text) }

func (v5) progress(s *session, ansi bool) progress {
	return &board{w: s.Stderr, ansi: ansi, size: func() (int, int) { return s.size(s.Stderr) }, now: time.Now}
}

// board draws progress as V5 does: a line for each state, or, on a terminal, one
// for each object, all redrawn when one of them changes.
type board struct {
	mu      sync.Mutex
	w       io.Writer
	ansi    bool
	size    func() (width, height int)
	now     func() time.Time
	command string
	logs    bool // to containers, whose output is not to be drawn over
	rows    []*boardRow
	drawn   int // lines on the screen that will be redrawn
}

type boardRow struct {
	name, state string
	since       time.Time
	took        time.Duration
}

func (r *boardRow) done() bool { return slices.Contains(resting, r.state) }

// resting are the states in which nothing is going on.
var resting = []string{"Created", "Started", "Running", "Stopped", "Removed", "Killed", "Recreated", "Built", "Pulled", "Paused", "Unpaused"}

func (b *board) operation(name string) {
	b.command = name
	if name == "rm" {
		b.command = "remove"
	}
}

func (b *board) attached() { b.logs = true }

func (b *board) begin(string, []string)     {}
func (b *board) end(string, string, string) {}

func (b *board) status(kind, name, state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ansi {
		fmt.Fprintf(b.w, " %s %s %s \n", kind, name, state)
		return
	}
	if b.logs && strings.HasPrefix(state, "Start") {
		return
	}
	name = kind + " " + name
	i := slices.IndexFunc(b.rows, func(r *boardRow) bool { return r.name == name })
	if i < 0 {
		i = len(b.rows)
		b.rows = append(b.rows, &boardRow{name: name, since: b.now()})
	}
	r := b.rows[i]
	r.state, r.took = state, b.now().Sub(r.since)
	b.draw()
}

// draw draws the rows over those that are there, as many as fit: no line is longer
// than the terminal is wide, or going back over them would not work.
func (b *board) draw() {
	width, height := b.size()
	done, column := 0, 0
	for _, r := range b.rows {
		if r.done() {
			done++
		}
		column = max(column, runewidth.StringWidth(r.name))
	}
	const margin, states, timer = 3, 12, 6
	column = max(10, min(column, width-margin-states-timer))
	rows := b.rows
	if room := max(1, height-2); len(rows) > room {
		rows = rows[:room-1]
	}
	var out strings.Builder
	out.WriteString("\x1b[?25l")
	if b.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", b.drawn)
	}
	line := func(text string) { out.WriteString("\r\x1b[2K" + text + "\n") }
	line(fmt.Sprintf("[+] %s %d/%d", b.command, done, len(b.rows)))
	for _, r := range rows {
		mark, state := paint(yellow, "⠋"), r.state
		if r.done() {
			mark, state = paint(green, "✔"), paint(green, state)
		}
		name := runewidth.FillRight(runewidth.Truncate(r.name, column, "..."), column)
		took := fmt.Sprintf("%.1fs", r.took.Seconds())
		fill := max(1, width-margin-column-1-runewidth.StringWidth(r.state)-len(took))
		line(" " + mark + " " + name + " " + state + strings.Repeat(" ", fill) + paint("34", took))
	}
	b.drawn = len(rows) + 1
	if len(rows) < len(b.rows) {
		line(fmt.Sprintf(" ... %d more", len(b.rows)-len(rows)))
		b.drawn++
	}
	out.WriteString("\x1b[?25h")
	io.WriteString(b.w, out.String())
}

func (b *board) text(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows, b.drawn = nil, 0 // what is above stays as it is
	io.WriteString(b.w, text+"\n")
}

func (b *board) info(text string) { b.text(text) }

func (b *board) warn(text string) {
	if b.ansi {
		b.text(paint(yellow, "WARN") + "[0000] " + text)
		return
	}
	b.text(fmt.Sprintf("time=%q level=warning msg=%q", time.Now().Format(time.RFC3339), text))
}

func (b *board) fail(text string) { b.text(text) }

func (b *board) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows, b.drawn = nil, 0
}

func (v5) labels(s *session, svc types.ServiceConfig, c newContainer, hash, imageID string) map[string]string {
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

// hash leaves out what does not concern a container that there is.
func (v5) hash(_ *session, svc types.ServiceConfig, _ string) (string, error) {
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

func (v5) diverged(c *container, hash, imageID string) bool {
	return c.Config.Labels[labelHash] != hash || c.Config.Labels[labelImage] != imageID
}

func (v5) aliases(svc types.ServiceConfig, container string) []string {
	return []string{container, svc.Name}
}

func (v5) oneOffName(project, service, slug string) string {
	return project + "-" + service + "-run-" + slug[:12]
}

func (v5) scaleWarnings(*session, types.ServiceConfig, int) {}
func (v5) scaleDeprecated(*session)                         {}

func (v5) checkScale(s *session, scale map[string]int) error {
	for _, name := range slices.Sorted(maps.Keys(scale)) {
		if _, ok := s.project.service(name); !ok {
			return fmt.Errorf("no such service: %s: not found", name)
		}
	}
	for name, n := range scale {
		if svc, _ := s.project.service(name); svc.ContainerName != "" && n > 1 {
			return fmt.Errorf("WARNING: The %q service is using the custom container name %q. Docker requires each container to have a unique name. Remove the custom name to scale the service", name, svc.ContainerName)
		}
	}
	return nil
}

func (v5) upToDate(s *session, c *container)             { s.ui.status("Container", c.name, "Running") }
func (v5) creatingNetwork(*session, types.NetworkConfig) {}
func (v5) creatingVolume(*session, types.VolumeConfig)   {}
func (v5) removingOrphan(*session, *container)           {}
func (v5) building(*session, types.ServiceConfig, bool)  {}
func (v5) builtMissing(*session, types.ServiceConfig)    {}
func (v5) notBuilt(*session, types.ServiceConfig, bool)  {}
func (v5) pulling(*session, types.ServiceConfig, bool)   {}
func (v5) taskFailed(*session, failure)                  {}
func (v5) nothingToRemove(s *session)                    { s.ui.info("No stopped containers") }
func (v5) failed(f []failure) error                      { return firstFailure(f) }
func (v5) upFailed(_ *session, f []failure) error        { return firstFailure(f) }
func (v5) noDockerfile(_ *session, _ types.ServiceConfig, path string) error {
	return fmt.Errorf("failed to read dockerfile: open %s: no such file or directory", path)
}

func (v5) removeNetwork(ctx context.Context, s *session, n types.NetworkConfig) error {
	return remove(ctx, s, "Network", "/networks/", n.Name, bool(n.External))
}

func (v5) removeVolume(ctx context.Context, s *session, v types.VolumeConfig) error {
	return remove(ctx, s, "Volume", "/volumes/", v.Name, bool(v.External))
}

// remove removes a network or a volume, if there is one.
func remove(ctx context.Context, s *session, kind, path, name string, external bool) error {
	if external {
		return nil
	}
	if err := s.client.get(ctx, path+name, nil, nil); err != nil {
		if notFound(err) {
			return nil
		}
		return err
	}
	s.ui.status(kind, name, "Removing")
	if err := s.client.delete(ctx, path+name, nil); err != nil && !notFound(err) {
		if strings.Contains(err.Error(), "active endpoints") || strings.Contains(err.Error(), "in use") {
			s.ui.status(kind, name, "Resource is still in use")
			return nil
		}
		return err
	}
	s.ui.status(kind, name, "Removed")
	return nil
}

func (v5) removeImage(ctx context.Context, s *session, svc types.ServiceConfig) {
	name := s.imageName(svc)
	if !strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		name += ":latest"
	}
	s.ui.status("Image", name, "Removing")
	switch err := s.client.delete(ctx, "/images/"+name, nil); {
	case notFound(err):
		s.ui.status("Image", name, "Warning: No resource found to remove")
	case err != nil:
		s.ui.status("Image", name, "Resource is still in use")
	default:
		s.ui.status("Image", name, "Removed")
	}
}

func (v5) foundOrphans(s *session, names []string) {
	s.ui.warn("Found orphan containers (" + strings.Join(names, ", ") + ") for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.")
}

func (v5) startFailed(_ *session, _ types.ServiceConfig, err error) error  { return err }
func (v5) createFailed(_ *session, _ types.ServiceConfig, err error) error { return err }

func (v5) buildFailed(_ *session, svc types.ServiceConfig, err error) error {
	return fmt.Errorf("target %s: failed to solve: %w", svc.Name, err)
}

func (v5) missingExternal(kind, name string) error {
	if kind == "volume" {
		return fmt.Errorf("external volume %q not found", name)
	}
	return fmt.Errorf("network %s declared as external, but could not be found", name)
}

// noContainers: there was nothing to do.
func (v5) noContainers(s *session, operation string) error {
	switch operation {
	case "start":
		for _, name := range s.project.Order {
			if _, ok := s.project.Services[name]; ok {
				return fmt.Errorf("service %q has no container to start", name)
			}
		}
	case "kill":
		s.ui.info("No container to kill")
	}
	return nil
}

func (v5) notRunning(service string, _ int) error {
	return fmt.Errorf("service %q is not running", service)
}

func (v5) noPort(s *session, c *container, port string) error {
	if _, exposed := c.NetworkSettings.Ports[port]; exposed {
		s.printf(":0\n")
		return nil
	}
	var ports []string
	for _, p := range c.summary.Ports {
		ports = append(ports, fmt.Sprintf("%d/%s", p.PrivatePort, p.Type))
	}
	return fmt.Errorf("no port %s for container %s: %s", port, c.name, strings.Join(ports, ", "))
}

// v5Logs colours the names of containers on a terminal. The column of the names is
// as wide as the longest of them so far.
type v5Logs struct {
	*session
	options logOptions
	colour  bool
	colours map[string]string // by container
	width   int
}

func (v5) logs(s *session, o logOptions) logLook {
	return &v5Logs{s, o, !o.noColor && isTerminal(s.Stdout), map[string]string{}, 0}
}

func (l *v5Logs) present(c *container) {
	if l.colours[c.id] == "" {
		l.colours[c.id] = rainbow[len(l.colours)%len(rainbow)]
	}
	l.width = max(l.width, len(l.shortName(c))+1)
}

func (l *v5Logs) prefix(c *container) string {
	if l.options.noPrefix {
		return ""
	}
	text := fmt.Sprintf("%-*s | ", l.width, l.shortName(c))
	if l.colour {
		return paint(l.colours[c.id], text)
	}
	return text
}

func (l *v5Logs) exited(c *container, status int) string {
	text := fmt.Sprintf("\r\x1b[K%s exited with code %d\n", l.shortName(c), status)
	if l.colour {
		return paint(l.colours[c.id], text)
	}
	return text
}

func (v5) attaching(s *session, containers []*container) string {
	var out []string
	for _, c := range containers {
		out = append(out, s.shortName(c))
	}
	slices.Sort(out)
	return "Attaching to " + strings.Join(out, ", ")
}

// columns draws a table: columns three blanks apart, at least ten wide.
func columns(header []string, rows [][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 10, 1, 3, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	return b.String()
}

func (v5) ps(ctx context.Context, s *session, opts options) error {
	all := opts.has("all")
	q := query{services: opts.args, all: all || opts.has("status"), orphans: true}
	if all {
		q.oneOffs = withOneOffs
	}
	containers, err := s.containers(ctx, q)
	if err != nil {
		return err
	}
	if wanted := opts.values("status"); len(wanted) > 0 {
		containers = slices.DeleteFunc(containers, func(c *container) bool { return !slices.Contains(wanted, c.State.Status) })
	}
	if opts.has("quiet") {
		for _, c := range containers {
			s.printf("%s\n", c.id)
		}
		return nil
	}
	slices.SortFunc(containers, byName)
	if opts.has("services") {
		var list []string
		for _, c := range containers {
			if !slices.Contains(list, c.service()) {
				list = append(list, c.service())
			}
		}
		s.printf("%s\n", strings.Join(list, "\n"))
		return nil
	}
	switch format := opts.value("format", "table"); format {
	case "json":
		for _, c := range containers {
			s.printf("%s\n", jsonText(v5Container(c)))
		}
		return nil
	case "table":
	default:
		t, err := template.New("").Funcs(templateFunctions).Parse(strings.TrimPrefix(format, "table "))
		if err != nil {
			return fmt.Errorf("template parsing error: %w", err)
		}
		for _, c := range containers {
			if err := t.Execute(s.Stdout, v5Container(c)); err != nil {
				return fmt.Errorf("template parsing error: %w", err)
			}
			s.printf("\n")
		}
		return nil
	}
	var rows [][]string
	for _, c := range containers {
		rows = append(rows, []string{
			c.name, c.summary.Image, strconv.Quote(ellipsis(c.summary.Command, 20)), c.service(),
			ago(time.Since(time.Unix(c.summary.Created, 0))), c.summary.Status, published(c.summary.Ports),
		})
	}
	s.printf("%s", columns([]string{"NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"}, rows))
	return nil
}

// templateFunctions are those of the formats of the docker command.
var templateFunctions = template.FuncMap{
	"json": jsonText, "join": strings.Join, "lower": strings.ToLower, "upper": strings.ToUpper, "split": strings.Split,
}

// v5Container is a container as formats see it.
func v5Container(c *container) any {
	type publisher struct {
		URL           string
		TargetPort    int
		PublishedPort int
		Protocol      string
	}
	publishers := []publisher{}
	for _, p := range c.summary.Ports {
		publishers = append(publishers, publisher{p.IP, p.PrivatePort, p.PublicPort, p.Type})
	}
	health := ""
	if c.State.Health != nil {
		health = c.State.Health.Status
	}
	return struct {
		Command, CreatedAt         string
		ExitCode                   int
		Health, ID, Image, Name    string
		Names, Ports, Project      string
		Publishers                 []publisher
		RunningFor, Service, State string
		Status                     string
	}{
		strconv.Quote(ellipsis(c.summary.Command, 20)), time.Unix(c.summary.Created, 0).String(), c.State.ExitCode,
		health, c.id[:12], c.summary.Image, c.name, c.name, published(c.summary.Ports), c.Config.Labels[labelProject],
		publishers, ago(time.Since(time.Unix(c.summary.Created, 0))), c.service(), c.State.Status, c.summary.Status,
	}
}

func ellipsis(text string, width int) string { return runewidth.Truncate(text, width, "…") }

// ago is a duration as the docker command says it: in its largest unit.
func ago(d time.Duration) string { return humanDuration(d) + " ago" }

func humanDuration(d time.Duration) string {
	seconds := int(d.Seconds())
	minutes := int(d.Minutes())
	hours := int(d.Hours() + 0.5)
	switch {
	case seconds < 1:
		return "Less than a second"
	case seconds == 1:
		return "1 second"
	case seconds < 60:
		return fmt.Sprintf("%d seconds", seconds)
	case minutes == 1:
		return "About a minute"
	case minutes < 60:
		return fmt.Sprintf("%d minutes", minutes)
	case hours == 1:
		return "About an hour"
	case hours < 48:
		return fmt.Sprintf("%d hours", hours)
	case hours < 24*7*2:
		return fmt.Sprintf("%d days", hours/24)
	case hours < 24*30*2:
		return fmt.Sprintf("%d weeks", hours/24/7)
	case hours < 24*365*2:
		return fmt.Sprintf("%d months", hours/24/30)
	}
	return fmt.Sprintf("%d years", int(d.Hours())/24/365)
}

// published lists ports as the docker command does.
func published(ports []portSummary) string {
	ports = slices.Clone(ports)
	slices.SortFunc(ports, func(a, b portSummary) int {
		return cmp.Or(cmp.Compare(a.PrivatePort, b.PrivatePort), cmp.Compare(a.Type, b.Type), cmp.Compare(a.PublicPort, b.PublicPort), compareIP(a.IP, b.IP))
	})
	var out []string
	for _, p := range ports {
		private := fmt.Sprintf("%d/%s", p.PrivatePort, p.Type)
		if p.IP != "" {
			private = net.JoinHostPort(p.IP, strconv.Itoa(p.PublicPort)) + "->" + private
		}
		out = append(out, private)
	}
	return strings.Join(out, ", ")
}

// compareIP puts IPv4 before IPv6.
func compareIP(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Count(a, ":"), strings.Count(b, ":")), cmp.Compare(a, b))
}

func (v5) top(ctx context.Context, s *session, opts options) error {
	containers, err := s.containers(ctx, query{services: opts.args, unknown: true})
	if err != nil {
		return err
	}
	slices.SortFunc(containers, byName)
	var header []string
	var rows [][]string
	for _, c := range containers {
		t, err := s.processes(ctx, c)
		if err != nil {
			return err
		}
		header = append([]string{"SERVICE", "#"}, t.Titles...)
		for _, process := range t.Processes {
			rows = append(rows, append([]string{c.service(), strconv.Itoa(c.number())}, process...))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 4, 1, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	s.printf("%s", b.String())
	return nil
}

func (v5) images(ctx context.Context, s *session, opts options) error {
	containers, err := s.containers(ctx, query{services: opts.args, all: true, unknown: true})
	if err != nil {
		return err
	}
	slices.SortFunc(containers, byName)
	var rows [][]string
	var details []v5Image
	seen := map[string]bool{}
	for _, c := range containers {
		img, err := s.image(ctx, c.Image)
		if err != nil || img == nil {
			return err
		}
		_, id, _ := strings.Cut(img.ID, ":")
		if opts.has("quiet") {
			if !seen[id] {
				s.printf("%s\n", id)
			}
			seen[id] = true
			continue
		}
		repository, tag := imageTag(s, c, img)
		if opts.value("format", "table") == "json" {
			details = append(details, v5Image{img.ID, c.name, repository, tag, strings.TrimSuffix(img.Os+"/"+img.Architecture+"/"+img.Variant, "/"), img.Size, img.Created, img.Metadata.LastTagTime})
			continue
		}
		platform := strings.TrimSuffix(img.Os+"/"+img.Architecture+"/"+img.Variant, "/")
		rows = append(rows, []string{c.name, repository, tag, platform, id[:12], size(img.Size), ago(time.Since(img.Created))})
	}
	switch {
	case opts.value("format", "table") == "json":
		s.printf("%s\n\n", jsonText(append([]v5Image{}, details...))) // two, as the original has it
	case !opts.has("quiet"):
		s.printf("%s", columns([]string{"CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"}, rows))
	}
	return nil
}

// v5Image is an image as `images --format json` tells of it.
type v5Image struct {
	ID            string
	ContainerName string
	Repository    string
	Tag           string
	Platform      string
	Size          int64
	Created       time.Time
	LastTagTime   time.Time
}

// size is a size in decimal units with three significant digits.
func size(n int64) string {
	value, units := float64(n), []string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for ; value >= 1000 && i < len(units)-1; i++ {
		value /= 1000
	}
	return strconv.FormatFloat(value, 'g', 3, 64) + units[i]
}

func (v5) config(s *session, opts options) (string, error) {
	var text []byte
	var err error
	switch format := opts.value("format", "yaml"); format {
	case "yaml":
		text, err = s.project.MarshalYAML()
	case "json":
		text, err = s.project.MarshalJSON()
	default:
		return "", fmt.Errorf("unsupported format %q: yaml or json", format)
	}
	return string(text), err
}
