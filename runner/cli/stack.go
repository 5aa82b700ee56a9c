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
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner"
	"workshop/services/compose"
)

// engineKind is a kind of container engine that a session can have.
type engineKind struct {
	name string
	// ownNetwork reports whether it runs in the session's sandbox: its ports are in the session's
	// own network, and it sees the session's directories where the session sees them.
	ownNetwork bool
	// start starts the engine's process, which serves the given socket.
	// The arguments are further ones of the embedded engine.
	start func(ctx context.Context, exe string, h runner.Host, socket *os.File, args []string) (engineProcess, error)
}

// engineProcess is a started engine.
type engineProcess struct {
	notes []string
	close func() error // nil: the sandbox ends it
}

// engines are all kinds of engine. The first is the default.
var engines = []engineKind{
	{"embedded", true, startEmbedded},
	{"docker", false, startDocker},
}

// engineOf returns the engine for a deck: the one on the command line, else the one in its
// manifest, else the default.
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

// looks are the values of --compose and of the manifest's compose. "" and auto give
// `docker-compose` and `docker compose` each their own look.
var looks = map[string]compose.Look{"": 0, "auto": 0, "v1": compose.V1, "v5": compose.V5}

// stack is the engine of one session, and the commands on its shell's PATH.
type stack struct {
	env    []string
	engine engineProcess
	used   string // the folder in which started stand-ins leave a file
}

func (s *stack) Env() []string { return s.env }

// Notes returns the engine's notes, and one for each stand-in that was started so far.
func (s *stack) Notes() []string {
	notes := slices.Clone(s.engine.notes)
	for _, name := range standIns {
		if _, err := os.Stat(filepath.Join(s.used, name)); err == nil {
			notes = append(notes, name+" is not installed here: a bundled one stands in for it")
		}
	}
	return notes
}

func (s *stack) Close() error {
	if s.engine.close == nil {
		return nil
	}
	return s.engine.close()
}

// alwaysOurs are the bundled commands that come before all others on the exercise shell's PATH.
// standIns come first only if the machine lacks the program.
var (
	alwaysOurs = []string{"workshop", "docker-compose", "docker", "measure"}
	standIns   = []string{"httping"}
)

// ourCommands are the bundled commands at the front of the shell's PATH.
func ourCommands() []string {
	names := alwaysOurs
	for _, name := range standIns {
		if _, err := exec.LookPath(name); err != nil {
			names = append(names[:len(names):len(names)], name)
		}
	}
	return names
}

// usedFolder is the name of a folder beside the folder of the links. A stand-in leaves an empty
// file with its name there when it is started; the run reports it.
const usedFolder = "stand-ins"

// standInStarted leaves the file of a stand-in that was called as argv0. Outside a session the
// folder does not exist, and nothing is written.
func standInStarted(argv0 string) {
	link, err := exec.LookPath(argv0)
	if err != nil {
		return
	}
	f, err := os.Create(filepath.Join(filepath.Dir(filepath.Dir(link)), usedFolder, filepath.Base(link)))
	if err == nil {
		_ = f.Close()
	}
}

// maxSocket is the longest path of a unix socket, in bytes (unix(7); macOS has 103).
const maxSocket = 103

// startStack puts the bundled commands on the shell's PATH and starts the engine. The socket
// listens before the engine starts, so nobody has to wait for it.
func startStack(ctx context.Context, exe string, kind engineKind, look string, args []string, h runner.Host) (_ runner.Stack, err error) {
	path := filepath.Join(h.Dir, "docker.sock")
	s := &stack{env: []string{"DOCKER_HOST=unix://" + h.Sandbox.Inside(path), "DOCKER_BUILDKIT=0"}, used: filepath.Join(h.Dir, usedFolder)}
	if looks[look] != 0 {
		s.env = append(s.env, lookVariable+"="+look)
	}
	if err := os.Mkdir(s.used, 0o700); err != nil {
		return nil, err
	}
	for _, name := range ourCommands() {
		if err := os.Symlink(exe, filepath.Join(h.Bin, name)); err != nil {
			return nil, err
		}
	}
	if len(path) > maxSocket {
		return nil, fmt.Errorf("the path of the engine's socket is too long (%d bytes, at most %d): set TMPDIR to a shorter one", len(path),
			maxSocket)
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
	s.engine, err = kind.start(ctx, exe, h, socket, args)
	if err != nil {
		return nil, fmt.Errorf("the %s engine: %w", kind.name, err)
	}
	return s, nil
}
