package compose

import (
	"context"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// style is how the command looks and, in a few places, works. There is one for
// each Look.
type style struct {
	traits
	texts
}

// traits are the parts of a style that are data.
type traits struct {
	look         Look
	separator    string // between the parts of the names of containers and images
	version      string // that is imitated
	interspersed bool   // options may follow operands
	createsFirst bool   // all containers are created before the first is started, and `down` takes each down at once
	stopping     string // ^C during `up` …
	stopped      error  // … and how that ends
	killedStatus int    // … or, after a second ^C; 0 if that changes nothing
	stopsDead    bool   // containers that have ended are "stopped", too
	aborting     string // a container ended during `up --abort-on-container-exit`
}

// texts are the parts of a style that are code: what is said, in what layout, to
// stdout or as progress. Errors come back in the style's words.
type texts interface {
	help(cmd *command) string // nil is the command itself
	versionText(format string) string
	exit(s *session, err error) int // prints the error and returns the exit status
	say(s *session, text string)    // to the user of an `up` in the foreground
	progress(s *session, ansi bool) progress

	labels(s *session, svc types.ServiceConfig, c newContainer, hash, imageID string) map[string]string
	hash(s *session, svc types.ServiceConfig, imageID string) (string, error)
	diverged(c *container, hash, imageID string) bool
	aliases(svc types.ServiceConfig, container string) []string
	oneOffName(project, service, slug string) string

	scaleWarnings(s *session, svc types.ServiceConfig, n int)
	scaleDeprecated(s *session)
	checkScale(s *session, scale map[string]int) error
	upToDate(s *session, c *container)
	creatingNetwork(s *session, n types.NetworkConfig)
	creatingVolume(s *session, v types.VolumeConfig)
	removeNetwork(ctx context.Context, s *session, n types.NetworkConfig) error
	removeVolume(ctx context.Context, s *session, v types.VolumeConfig) error
	removeImage(ctx context.Context, s *session, svc types.ServiceConfig)
	removingOrphan(s *session, c *container)
	foundOrphans(s *session, names []string)
	nothingToRemove(s *session)
	building(s *session, svc types.ServiceConfig, quiet bool)
	builtMissing(s *session, svc types.ServiceConfig)
	notBuilt(s *session, svc types.ServiceConfig, quiet bool)
	pulling(s *session, svc types.ServiceConfig, quiet bool)

	taskFailed(s *session, f failure) // as it happens
	failed(failures []failure) error  // at the end
	upFailed(s *session, f []failure) error
	startFailed(s *session, svc types.ServiceConfig, err error) error
	createFailed(s *session, svc types.ServiceConfig, err error) error
	buildFailed(s *session, svc types.ServiceConfig, err error) error
	noDockerfile(s *session, svc types.ServiceConfig, path string) error
	missingExternal(kind, name string) error
	noContainers(s *session, operation string) error
	notRunning(service string, index int) error
	noPort(s *session, c *container, port string) error

	logs(s *session, o logOptions) logLook
	attaching(s *session, containers []*container) string
	ps(ctx context.Context, s *session, opts options) error
	top(ctx context.Context, s *session, opts options) error
	images(ctx context.Context, s *session, opts options) error
	config(s *session, opts options) (string, error)
}

// wrap breaks a text into lines of at most width columns, at blanks.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
