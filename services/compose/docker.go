package compose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"
)

// dockerVersion is the version of the docker command whose texts are imitated.
const dockerVersion = "28.2.2"

// dockerCommand is a subcommand of `docker`. Their table is dockerCommands.
type dockerCommand struct {
	name    string   // "ps", "network ls"
	aliases []string // further names, all with their group
	usage   string   // the operands
	summary string
	min     int // number of operands
	max     int // -1: any number
	// passthrough means that options after the first operand belong to the command in the container.
	passthrough bool
	flags       func(f *pflag.FlagSet)
	run         func(ctx context.Context, d *docker) error
	lasting     bool // an interrupt does not end it: it passes signals on
}

// docker is one run of the bundled docker command.
type docker struct {
	*session
	command *dockerCommand
	flags   *pflag.FlagSet
	args    []string // the operands
}

// dockerCommands is the table of the commands.
func dockerCommands() []dockerCommand {
	return slices.Concat(dockerContainerCommands(), dockerListCommands(), dockerSystemCommands())
}

// dockerGroups are the groups of commands, with their summaries.
var dockerGroups = map[string]string{
	"container": "Manage containers", "image": "Manage images", "network": "Manage networks", "volume": "Manage volumes",
	"system": "Manage Docker",
}

// dockerError is an error with its complete text and the exit status.
type dockerError struct {
	text string
	code int
}

func (e *dockerError) Error() string { return e.text }

// DockerMain runs the bundled docker command for what is not `docker compose`, and returns its exit
// status.
func DockerMain(ctx context.Context, args []string, streams Streams) int {
	ctx, cancel := context.WithCancelCause(ctx)
	d := &docker{session: newSession(V5, streams)}
	done := make(chan struct{})
	var watching sync.WaitGroup
	err := d.parse(args)
	if err == nil && d.command != nil && !d.command.lasting {
		watching.Go(func() {
			select {
			case <-streams.Interrupts:
				cancel(errInterrupted)
			case <-done:
			}
		})
	}
	if err == nil && d.command != nil {
		err = d.command.run(ctx, d)
	}
	if d.client != nil {
		d.client.close()
	}
	close(done)
	watching.Wait()
	cancel(nil)
	return d.exit(err)
}

// exit prints an error and returns the exit status.
func (d *docker) exit(err error) int {
	var status exitError
	var worded *dockerError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, errInterrupted):
		return 130
	case errors.As(err, &worded):
		fmt.Fprintln(d.Stderr, worded.text)
		return worded.code
	}
	fmt.Fprintln(d.Stderr, dockerText(err))
	return 1
}

// dockerText is the text of an error as the docker command says it.
func dockerText(err error) string {
	var answer *apiError
	var down *connectionError
	switch {
	case errors.As(err, &answer):
		return "Error response from daemon: " + answer.Message
	case errors.As(err, &down):
		return fmt.Sprintf("Cannot connect to the Docker daemon at %s. Is the docker daemon running?", down.host)
	}
	return err.Error()
}

// parse reads the command line. Without a command to run it has printed the answer.
func (d *docker) parse(args []string) error {
	f := pflag.NewFlagSet("docker", pflag.ContinueOnError)
	f.SetInterspersed(false)
	host := f.StringP("host", "H", "", "Daemon socket to connect to")
	version := f.BoolP("version", "v", false, "Print version information and quit")
	f.BoolP("help", "h", false, "")
	_ = f.MarkHidden("help")
	if err := f.Parse(args); err != nil && !errors.Is(err, pflag.ErrHelp) {
		return &dockerError{err.Error() + "\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more information", 125}
	}
	args = f.Args()
	switch help, _ := f.GetBool("help"); {
	case *version:
		d.printf("Docker version %s, build workshop\n", dockerVersion)
		return nil
	case help || len(args) == 0:
		d.printf("%s", dockerHelp(f))
		return nil
	}
	name, rest := args[0], args[1:]
	if name == "help" && len(rest) > 0 {
		name, rest = rest[0], append(rest[1:], "--help")
	}
	if dockerGroups[name] != "" {
		switch {
		case len(rest) == 0, rest[0] == "--help":
			text := dockerGroupHelp(name)
			if len(rest) == 0 {
				fmt.Fprint(d.Stderr, text)
			} else {
				d.printf("%s", text)
			}
			return nil
		}
		name, rest = name+" "+rest[0], rest[1:]
	}
	c := findDocker(name)
	if c == nil {
		return unknownDocker(name)
	}
	d.command = c
	d.flags = c.flagSet()
	err := d.flags.Parse(rest)
	if help, _ := d.flags.GetBool("help"); help || errors.Is(err, pflag.ErrHelp) {
		d.printf("%s", c.help(d.width(80)))
		d.command = nil
		return nil
	}
	if err != nil {
		return &dockerError{err.Error() + "\n\n" + c.usageLine() + "\n\nRun 'docker " + c.name + " --help' for more information", 125}
	}
	d.args = d.flags.Args()
	if err := c.count(len(d.args)); err != nil {
		return err
	}
	address := d.Getenv("DOCKER_HOST")
	if *host != "" {
		address = *host
	}
	d.client, err = newClient(address)
	return err
}

func findDocker(name string) *dockerCommand {
	for _, c := range dockerCommands() {
		if c.name == name || slices.Contains(c.aliases, name) {
			return &c
		}
	}
	return nil
}

// dockerElsewhere are the commands of the real docker that are not bundled.
var dockerElsewhere = strings.Fields(`attach builder buildx checkpoint commit config context cp create debug diff events exec export history
	import init load login logout manifest model node plugin pull push rename save sbom scout search secret service stack swarm tag trust
	update`)

func unknownDocker(name string) error {
	group, sub, grouped := strings.Cut(name, " ")
	if slices.Contains(dockerElsewhere, group) || grouped && slices.Contains(dockerGroupElsewhere, sub) {
		return &dockerError{fmt.Sprintf("docker: the Docker client is not installed here, and the bundled one has no `docker %s`", name), 127}
	}
	if !grouped {
		return &dockerError{fmt.Sprintf("docker: unknown command: docker %s\n\nRun 'docker --help' for more information", name), 1}
	}
	usage := "docker " + group
	if group == "volume" { // as the original has it
		usage += " COMMAND"
	}
	return &dockerError{fmt.Sprintf("docker: unknown command: docker %s\n\nUsage:  %s\n\nRun 'docker %s --help' for more information", name,
		usage, group), 1}
}

// dockerGroupElsewhere are those that a group has as well.
var dockerGroupElsewhere = append(slices.Clone(dockerElsewhere), "connect", "disconnect", "prune", "df", "dial-stdio")

// DockerUse is what is known about the place where a docker command is run.
type DockerUse struct {
	Bundled bool // there is no docker command but the bundled one
	Real    bool // the engine is not the embedded one
	Builds  bool // images may be built before
}

// CheckDocker reports why the bundled docker command cannot run a command line, or why the embedded
// engine cannot carry it out; "" if nothing speaks against it.
func CheckDocker(args []string, use DockerUse) string {
	f := pflag.NewFlagSet("docker", pflag.ContinueOnError)
	f.SetInterspersed(false)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.ParseErrorsAllowlist.UnknownFlags = true
	for _, valued := range []string{"H host", "c context", "l log-level"} {
		short, long, _ := strings.Cut(valued, " ")
		f.StringP(long, short, "", "")
	}
	version := f.BoolP("version", "v", false, "")
	if f.Parse(args) != nil || f.NArg() == 0 || *version || f.Changed("host") || f.Changed("context") {
		return ""
	}
	name, rest := f.Arg(0), f.Args()[1:]
	if dockerGroups[name] != "" {
		if len(rest) == 0 {
			return ""
		}
		name, rest = name+" "+rest[0], rest[1:]
	}
	if name == "compose" && len(rest) > 0 && rest[0] == "cp" {
		return "there is no `docker compose cp`; `docker compose exec -T SERVICE cat FILE` prints a file"
	}
	if name == "compose" || name == "help" {
		return ""
	}
	group, sub, grouped := strings.Cut(name, " ")
	if !use.Real && (slices.Contains(dockerUnserved, group) || grouped && slices.Contains(dockerUnserved, sub)) {
		return "the embedded engine does not support `docker " + name + "`"
	}
	c := findDocker(name)
	if c == nil {
		c = &dockerCommand{name: name, flags: runOptions} // enough to find the image
	}
	flags := c.flagSet()
	flags.SetOutput(io.Discard)
	err := flags.Parse(rest)
	switch {
	case use.Bundled && findDocker(name) == nil:
		return "the bundled docker has no `docker " + name + "`"
	case errors.Is(err, pflag.ErrHelp):
		return ""
	case use.Bundled && err != nil:
		return fmt.Sprintf("the bundled `docker %s` refuses this: %v", name, err)
	case err != nil || use.Real || use.Builds || flags.NArg() == 0:
		return ""
	}
	if image := flags.Arg(0); slices.Contains([]string{"run", "create", "pull"}, cmp.Or(sub, group)) && plainImage().MatchString(image) {
		if repository, _ := splitTag(image); repository != baseImage {
			return fmt.Sprintf("the embedded engine has no image %s, nor a registry to pull it from", image)
		}
	}
	return ""
}

var plainImage = expression(`^[a-z][a-z0-9._/-]*(:[\w.-]+)?$`)

// dockerUnserved are the commands that the embedded engine cannot carry out for any client.
var dockerUnserved = strings.Fields("buildx checkpoint commit cp diff export import login manifest model node plugin push search secret " +
	"service stack swarm trust update")

// count checks the number of operands.
func (c *dockerCommand) count(n int) error {
	want, see := "", "Run"
	plural := func(n int) string {
		if n == 1 {
			return "1 argument"
		}
		return fmt.Sprintf("%d arguments", n)
	}
	switch {
	case n >= c.min && (c.max < 0 || n <= c.max):
		return nil
	case c.max == 0:
		want = "accepts no arguments"
	case c.max < 0:
		want, see = "requires at least "+plural(c.min), "See"
	case c.min == c.max:
		want = "requires " + plural(c.min)
	case c.min == 0:
		want = "requires at most " + plural(c.max)
	default:
		want = fmt.Sprintf("requires at least %d and at most %s", c.min, plural(c.max))
	}
	return &dockerError{fmt.Sprintf("docker: 'docker %s' %s\n\n%s\n\n%s 'docker %[1]s --help' for more information",
		c.name, want, c.usageLine(), see), 1}
}

func (c *dockerCommand) usageLine() string {
	return strings.TrimRight("Usage:  docker "+c.name+" "+c.usage, " ")
}

func (c *dockerCommand) flagSet() *pflag.FlagSet {
	f := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	f.SetInterspersed(!c.passthrough)
	f.Usage = func() {}
	if c.flags != nil {
		c.flags(f)
	}
	if f.Lookup("help") == nil {
		f.Bool("help", false, "Print usage")
		_ = f.MarkHidden("help")
	}
	return f
}

func (c *dockerCommand) help(width int) string {
	text := c.usageLine() + "\n\n" + c.summary + "\n"
	if len(c.aliases) > 0 {
		var names []string
		for _, a := range c.aliases {
			names = append(names, "docker "+a)
		}
		if strings.Contains(c.name, " ") {
			names = append([]string{"docker " + c.name}, names...)
		} else {
			names = append(names, "docker "+c.name)
		}
		text += "\nAliases:\n  " + strings.Join(names, ", ") + "\n"
	}
	if f := c.flagSet(); f.HasAvailableFlags() {
		text += "\nOptions:\n" + f.FlagUsagesWrapped(width-1)
	}
	return text
}

func dockerHelp(f *pflag.FlagSet) string {
	text := "Usage:  docker [OPTIONS] COMMAND\n\nThe bundled docker command\n\nCommands:\n"
	for _, c := range sortedDocker() {
		text += fmt.Sprintf("  %-11s %s\n", c.name, c.summary)
	}
	text += fmt.Sprintf("  %-11s %s\n", "compose", "Docker Compose")
	text += "\nManagement Commands:\n"
	for _, name := range slices.Sorted(maps.Keys(dockerGroups)) {
		text += fmt.Sprintf("  %-11s %s\n", name, dockerGroups[name])
	}
	return text + "\nGlobal Options:\n" + f.FlagUsagesWrapped(helpWidth-1) +
		"\nRun 'docker COMMAND --help' for more information on a command.\n"
}

// sortedDocker returns the commands without a group.
func sortedDocker() (list []dockerCommand) {
	for _, c := range dockerCommands() {
		if !strings.Contains(c.name, " ") {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b dockerCommand) int { return strings.Compare(a.name, b.name) })
	return list
}

func dockerGroupHelp(group string) string {
	summaries := map[string]string{}
	for _, c := range dockerCommands() {
		for _, name := range append(slices.Clone(c.aliases), c.name) {
			if sub, ok := strings.CutPrefix(name, group+" "); ok && (name == c.name || !slices.Contains([]string{"list", "ps", "remove"}, sub)) {
				summaries[sub] = c.summary
			}
		}
	}
	width := 0
	for name := range summaries {
		width = max(width, len(name))
	}
	text := "Usage:  docker " + group + " COMMAND\n\n" + dockerGroups[group] + "\n\nCommands:\n"
	for _, name := range slices.Sorted(maps.Keys(summaries)) {
		text += fmt.Sprintf("  %-*s  %s\n", width, name, summaries[name])
	}
	return text + "\nRun 'docker " + group + " COMMAND --help' for more information on a command.\n"
}

// manyValues is the value of an option that may be given several times.
type manyValues struct {
	kind   string // its name in the help
	values []string
	check  func(string) error // nil: all are valid
}

func (l *manyValues) String() string { return strings.Join(l.values, " ") }
func (l *manyValues) Type() string   { return l.kind }

func (l *manyValues) Set(value string) error {
	if l.check != nil {
		if err := l.check(value); err != nil {
			return err
		}
	}
	l.values = append(l.values, value)
	return nil
}

// values returns the values of an option that may be given several times.
func (d *docker) values(name string) []string {
	l, ok := d.flags.Lookup(name).Value.(*manyValues)
	if !ok {
		return nil
	}
	return l.values
}

func (d *docker) text(name string) string {
	value, _ := d.flags.GetString(name) // all options are in the table
	return value
}

func (d *docker) on(name string) bool {
	value, _ := d.flags.GetBool(name)
	return value
}

// filters are the values of --filter for the API.
func (d *docker) filters() map[string][]string {
	out := map[string][]string{}
	for _, f := range d.values("filter") {
		name, value, _ := strings.Cut(f, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		out[name] = append(out[name], strings.TrimSpace(value))
	}
	return out
}

func filterFlag(f *pflag.FlagSet, help string) {
	f.VarP(&manyValues{kind: "filter", check: func(s string) error {
		if !strings.Contains(s, "=") {
			return errors.New("bad format of filter (expected name=value)")
		}
		return nil
	}}, "filter", "f", help)
}

const (
	formatHelp = `Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates`
	tableHelp = `Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates`
)

// parallelly does something with each operand at the same time. It prints those that succeeded, and
// returns the errors of the others.
func (d *docker) parallelly(ctx context.Context, do func(ctx context.Context, name string) error) error {
	results := make([]error, len(d.args))
	var wg sync.WaitGroup
	for i, name := range d.args {
		wg.Go(func() { results[i] = do(ctx, name) })
	}
	wg.Wait()
	return d.results(results)
}

// inTurn is the same, one after the other.
func (d *docker) inTurn(ctx context.Context, do func(ctx context.Context, name string) error) error {
	results := make([]error, len(d.args))
	for i, name := range d.args {
		results[i] = do(ctx, name)
	}
	return d.results(results)
}

// errSilent is the error of an operand that is not printed, and is no failure.
var errSilent = errors.New("nothing to print")

func (d *docker) results(results []error) error {
	var failed []string
	for i, err := range results {
		switch {
		case err == nil:
			d.printf("%s\n", d.args[i])
		case errors.Is(err, errInterrupted):
			return err
		case errors.Is(err, errSilent):
		default:
			failed = append(failed, dockerText(err))
		}
	}
	if len(failed) > 0 {
		return &dockerError{strings.Join(failed, "\n"), 1}
	}
	return nil
}

// dockerClient describes the client for `version`.
func dockerClient(api string) map[string]any {
	return map[string]any{
		"Platform": map[string]any{"Name": "workshop, bundled"}, "Version": dockerVersion, "ApiVersion": api, "DefaultAPIVersion": api,
		"GoVersion": runtime.Version(), "GitCommit": "", "BuildTime": "", "Os": runtime.GOOS, "Arch": runtime.GOARCH, "Context": "default",
	}
}
