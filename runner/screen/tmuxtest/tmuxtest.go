// Package tmuxtest runs a tmux of a test's own, the oracle of screens, layouts and keys.
package tmuxtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const configuration = `
set -g status off
set -g history-limit 0
set -g default-terminal xterm-256color
set -s escape-time 0
`

// Server is a tmux server with one session, and ends with its test.
type Server struct {
	Socket string
	t      testing.TB
}

// Start starts a server whose window has this size in cells and runs a shell command.
// Without tmux the test is skipped, or fails where REQUIRE_TMUX is set.
func Start(t testing.TB, cols, rows int, command string) *Server {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("REQUIRE_TMUX") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s := &Server{filepath.Join(t.TempDir(), "s"), t}
	conf := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(conf, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Must("-f", conf, "new-session", "-d", "-x", fmt.Sprint(cols), "-y", fmt.Sprint(rows), command)
	t.Cleanup(func() { _, _ = s.Run("kill-server") })
	return s
}

// Run runs a tmux command and returns its output.
func (s *Server) Run(args ...string) (string, error) {
	ctx := context.WithoutCancel(s.t.Context()) // it ends before the cleanup
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-u", "-S", s.Socket}, args...)...)
	cmd.Env = []string{"LC_ALL=C.UTF-8", "TERM=xterm-256color", "SHELL=/bin/sh", "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Must is Run of a command that has to succeed.
func (s *Server) Must(args ...string) string {
	s.t.Helper()
	out, err := s.Run(args...)
	if err != nil {
		s.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return out
}

// TTY is a terminal of tmux as a program in it sees it, in raw mode.
type TTY struct {
	*Server
	File *os.File
}

// StartTTY starts a server of 80×24 whose terminal nothing but the test reads and writes.
func StartTTY(t testing.TB) *TTY {
	t.Helper()
	s := Start(t, 80, 24, `stty raw -echo; tmux wait-for -S raw; exec sleep infinity`)
	s.Must("wait-for", "raw")
	name := strings.TrimSpace(s.Must("display-message", "-p", "#{pane_tty}"))
	tty, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return &TTY{s, tty}
}
