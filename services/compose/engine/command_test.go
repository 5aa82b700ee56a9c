package engine

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCommandErrors(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := startEngine(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(filepath.Dir(c.socket), "other")
	defer os.Remove(socket)
	for name, test := range map[string]struct {
		args    []string
		opts    Options
		status  int
		message string
	}{
		"no socket": {nil, Options{Executable: executable}, 2, "engine: no place to listen on: give --socket PATH\n"},
		"argument":  {[]string{"up"}, Options{Executable: executable}, 2, "engine: unexpected argument \"up\"\n"},
		"taken socket": {[]string{"--socket", c.socket}, Options{Executable: executable}, 2, "engine: an engine listens on " + c.socket +
			" already\n"},
		"a file": {
			[]string{"--socket", file},
			Options{Executable: executable},
			2,
			"engine: listen unix " + file + ": bind: address already in use\n",
		},
		"no executable": {[]string{"--socket", socket}, Options{}, 4, "engine: the engine needs an executable for its base image\n"},
		"lost binary": {[]string{"--socket", socket}, Options{Executable: file + "x"}, 4, "engine: the executable of the base image: stat " +
			file + "x: no such file or directory\n"},
		"wrong name": {
			[]string{"--socket", socket},
			Options{Executable: executable, Commands: []string{"a/b"}},
			4,
			"engine: the executable cannot be called \"a/b\"\n",
		},
		"state": {[]string{"--socket", socket, "--state", file}, Options{Executable: executable}, 4, "engine: state directory: mkdir " + file +
			": not a directory\n"},
		"help": {
			[]string{"--help"},
			Options{},
			0,
			"Usage of engine:\n  -fault KIND:SERVICE\n    \tlet something go wrong: KIND:SERVICE, or KIND:SERVICE:PORT:FROM\n" +
				"  -network NETWORK\n    \tNETWORK of the containers: private (an address and a port 80 for each, and names for every program, " +
				"where the system\n    \tallows it), or host (the machine's, with names through a proxy) (default \"private\")\n" +
				"  -observe\n    \twrite the services and calls that are seen to a file in the state directory\n" +
				"  -socket PATH\n    \tlisten on the unix socket at PATH\n  -state DIR\n" +
				"    \tkeep logs and images below the directory DIR while it runs\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			ctx, cancel := context.WithTimeout(context.Background(), patience) // for one that starts after all
			defer cancel()
			status := Main(ctx, test.args, test.opts, &out, &errs, func(string) string { return "" })
			if status != test.status || errs.String() != test.message || out.Len() > 0 {
				t.Errorf("got %d %q %q, want %d %q", status, errs.String(), out.String(), test.status, test.message)
			}
		})
	}
}

// A listener that is handed over can be connected to before the engine is there.
func TestHandedOverListener(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /_ping HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(executable, "--state", dir)
	cmd.Args[0] = "engine"
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=docker")
	cmd.ExtraFiles = []*os.File{f}
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if answer, err := bufio.NewReader(conn).ReadString('\n'); answer != "HTTP/1.0 200 OK\r\n" {
		t.Errorf("answer %q %v", answer, err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil || errs.String() != "" || out.String() != "DOCKER_HOST=unix://"+socket+"\n" {
		t.Errorf("%v, %q, %q", err, out.String(), errs.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 1 {
		t.Errorf("left: %v %v", left, err)
	}
}
