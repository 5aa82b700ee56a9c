package cli

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"workshop/runner/screen"
	"workshop/slides"
)

// startEngine runs `workshop engine` until the end of the test, and returns the
// environment of its clients.
func startEngine(t *testing.T, exe string) (cmd *exec.Cmd, env []string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ws") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return engineIn(t, exe, dir)
}

// engineIn runs an engine in a directory and leaves the directory unchanged.
func engineIn(t *testing.T, exe, dir string) (cmd *exec.Cmd, env []string) {
	t.Helper()
	socket := filepath.Join(dir, "s")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, exe, "engine", "--socket", socket, "--state", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		_ = cmd.Wait()
		if killed := cmd.ProcessState.ExitCode() < 0; !killed {
			left, err := os.ReadDir(dir)
			if err != nil || len(left) > 0 {
				t.Errorf("the engine left %v, %v", left, err)
			}
		}
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "DOCKER_HOST=unix://"+socket+"\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return cmd, append(os.Environ(), "DOCKER_HOST=unix://"+socket)
}

// sample is a copy of the sample application, with ports that the system chooses.
func sample(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dockercoins")
	if err := os.CopyFS(filepath.Dir(dir), slides.FS()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "docker-compose.yml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b = regexp.MustCompile(`"\d+:80"`).ReplaceAll(b, []byte(`"80"`))
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRedraw compares the contents of a terminal of 80×24 after scaling with the recorded contents
// after the original commands.
func TestRedraw(t *testing.T) {
	exe := named(t)
	for _, look := range []string{"v1", "v5"} {
		t.Run(look, func(t *testing.T) {
			_, env := startEngine(t, exe)
			dir := sample(t)
			up := exec.CommandContext(t.Context(), exe, "compose", "--look="+look, "up", "-d")
			up.Dir, up.Env = dir, env
			if out, err := up.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			original, err := os.ReadFile("../../testdata/compose/redraw/" + look + ".bytes")
			if err != nil {
				t.Fatal(err)
			}
			scale := exec.CommandContext(t.Context(), exe, "compose", "--look="+look, "up", "-d", "--scale", "worker=10")
			scale.Dir, scale.Env = dir, env
			if diff := cmp.Diff(finalScreen(t, original), finalScreen(t, onTerminal(t, pty.Winsize{Cols: 80, Rows: 24}, scale))); diff != "" {
				t.Errorf("-original +ours:\n%s", diff)
			}
		})
	}
}

// onTerminal runs a command on a terminal of a given size and returns the terminal's input.
func onTerminal(t *testing.T, size pty.Winsize, cmd *exec.Cmd) []byte {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if err := pty.Setsize(tty, &size); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(master) // it fails when the other side is closed
		read <- b
	}()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	err = cmd.Run()
	tty.Close()
	b := <-read
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return b
}

var howLong = regexp.MustCompile(`\d+\.\ds`)

// finalScreen returns the contents of the screen at the end, with its colours. Lines from parallel
// operations come in any order, so they are sorted.
func finalScreen(t *testing.T, b []byte) string {
	t.Helper()
	s := screen.New(80, 24, screen.Hooks{})
	if _, err := s.Write(b); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for y := range 24 {
		lines = append(lines, howLong.ReplaceAllString(string(s.AppendANSI(nil, y)), "0.0s"))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
