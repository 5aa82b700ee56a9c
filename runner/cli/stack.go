package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"workshop/markdown"
	"workshop/runner"
	"workshop/services/compose"
)

// engineKind is a container engine that a session can have.
type engineKind struct {
	name string
	// ownNetwork says whether its ports are those of the session's own network.
	ownNetwork bool
	// start starts what listens on the session's socket already.
	start func(ctx context.Context, exe string, h runner.Host, socket *os.File) (engineProcess, error)
}

// engineProcess is an engine that was started.
type engineProcess struct {
	notes []string
	close func() error // nil: the sandbox ends it
}

// engines are all that there are. The first is what a deck gets that asks for none.
var engines = []engineKind{
	{"embedded", true, startEmbedded},
	{"docker", false, startDocker},
}

// engineOf is the engine that a deck runs on: the one that is asked for, else the
// one that its manifest names, else the embedded one.
func engineOf(asked string, deck *markdown.Deck) (engineKind, error) {
	from, name := "--engine", asked
	if asked == "" || asked == "auto" {
		from, name = "engine", ""
		if deck != nil {
			name = deck.Engine
		}
	}
	if name == "" || name == "auto" {
		return engines[0], nil
	}
	var known []string
	for _, k := range engines {
		if k.name == name {
			return k, nil
		}
		known = append(known, k.name)
	}
	err := fmt.Errorf("%s: %q is not one of %s, auto", from, name, strings.Join(known, ", "))
	if from == "engine" {
		err = fmt.Errorf("%s: %w", cmp.Or(deck.Title, deck.Dir), err)
	}
	return engineKind{}, err
}

// looks are the values of the manifest's and the command line's choice of what
// `docker-compose` and `docker compose` look like; "" is each its own.
var looks = map[string]compose.Look{"": 0, "auto": 0, "v1": compose.V1, "v5": compose.V5}

// stack is the engine of one session, and the commands on its shell's PATH.
type stack struct {
	env    []string
	engine engineProcess
	notes  []string
}

func (s *stack) Env() []string   { return s.env }
func (s *stack) Notes() []string { return append(s.notes, s.engine.notes...) }

func (s *stack) Close() error {
	if s.engine.close == nil {
		return nil
	}
	return s.engine.close()
}

// alwaysOurs are the commands that stand on the exercise shell's PATH before any
// other; standIns those that only do so where the machine has none.
var (
	alwaysOurs = []string{"workshop", "docker-compose", "docker", "measure"}
	standIns   = []string{"httping"}
)

// ourCommands are the commands that stand on the shell's PATH before any other.
func ourCommands() (names, notes []string) {
	names = alwaysOurs
	for _, name := range standIns {
		if _, err := exec.LookPath(name); err != nil {
			names = append(names[:len(names):len(names)], name)
			notes = append(notes, name+" is not installed here: a bundled one stands in for it")
		}
	}
	return names, notes
}

// maxSocket is the longest path of a unix socket, in bytes (unix(7); macOS has 103).
const maxSocket = 103

// startStack puts our commands on the shell's PATH and starts the engine. It listens
// already when it is started, so that nobody has to wait for it.
func startStack(ctx context.Context, exe string, kind engineKind, look string, h runner.Host) (_ runner.Stack, err error) {
	path := filepath.Join(h.Dir, "docker.sock")
	s := &stack{env: []string{"DOCKER_HOST=unix://" + path, "DOCKER_BUILDKIT=0"}}
	if looks[look] != 0 {
		s.env = append(s.env, lookVariable+"="+look)
	}
	names, notes := ourCommands()
	s.notes = notes
	for _, name := range names {
		if err := os.Symlink(exe, filepath.Join(h.Bin, name)); err != nil {
			return nil, err
		}
	}
	if len(path) > maxSocket {
		return nil, fmt.Errorf("the path of the engine's socket is too long (%d bytes, at most %d): set TMPDIR to a shorter one", len(path), maxSocket)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen for the engine: %w", err)
	}
	l.SetUnlinkOnClose(false)
	defer func() { err = errors.Join(err, l.Close()) }()
	socket, err := l.File()
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	s.engine, err = kind.start(ctx, exe, h, socket)
	if err != nil {
		return nil, fmt.Errorf("the %s engine: %w", kind.name, err)
	}
	return s, nil
}
