package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"workshop/runner"
	"workshop/runner/sandbox"
)

// stack is the embedded engine of one session, and the commands on its shell's PATH.
type stack struct {
	socket string
	notes  []string
}

func (s *stack) Env() []string   { return []string{"DOCKER_HOST=unix://" + s.socket} }
func (s *stack) Notes() []string { return s.notes }
func (s *stack) Close() error    { return nil } // the sandbox ends it

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
func startStack(_ context.Context, exe string, h runner.Host) (_ runner.Stack, err error) {
	s := &stack{socket: filepath.Join(h.Dir, "docker.sock")}
	names, notes := ourCommands()
	s.notes = notes
	for _, name := range names {
		if err := os.Symlink(exe, filepath.Join(h.Bin, name)); err != nil {
			return nil, err
		}
	}
	if len(s.socket) > maxSocket {
		return nil, fmt.Errorf("the path of the engine's socket is too long (%d bytes, at most %d): set TMPDIR to a shorter one", len(s.socket), maxSocket)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.socket, Net: "unix"})
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
	log, err := os.Create(filepath.Join(h.Dir, "engine.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	state := filepath.Join(h.Dir, "engine")
	if err := os.Mkdir(state, 0o700); err != nil {
		return nil, err
	}
	_, err = h.Sandbox.Start(sandbox.Cmd{
		Argv:  []string{exe, "engine", "--state", state},
		Env:   []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.Dir, "TMPDIR=" + state, "LISTEN_FDS=1", "LISTEN_FDNAMES=docker"},
		Dir:   h.Dir,
		Files: []*os.File{nil, log, log, socket},
	})
	if err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	return s, nil
}
