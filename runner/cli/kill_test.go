package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stubborn is a deck whose step starts processes that ignore signals, and reports them on the named
// pipe. A process that holds the pipe open is a survivor.
const stubborn = `## Stubborn

.exercise[
` + "```bash" + `
exec 9>PIPE
(trap '' INT TERM HUP QUIT; sleep 1000; sleep 1000) &
nohup sleep 1000 >/dev/null 2>&1 &
setsid sleep 1000 &
(setsid sh -c 'trap "" INT TERM HUP; sleep 1000 & sleep 1000' &)
echo up >&9; sleep 1000
` + "```" + `
]
`

// TestNothingSurvives ends the runner in the middle of a step, in each possible way. No process of
// its tree may live on, and its folder must be gone.
func TestNothingSurvives(t *testing.T) {
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	for _, isolation := range []string{"", "guardian"} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
			t.Run(fmt.Sprintf("%v %s", sig, isolation), func(t *testing.T) {
				for range rounds {
					killInTheMiddle(t, isolation, sig)
				}
			})
		}
	}
}

// openPipe opens a named pipe for reading as soon as a program has opened it for writing. If none
// does so in time, reading the pipe returns its end at once.
func openPipe(t *testing.T, name string) *os.File {
	t.Helper()
	limit := time.AfterFunc(40*time.Second, func() {
		if w, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			w.Close()
		}
	})
	defer limit.Stop()
	r, err := os.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func killInTheMiddle(t *testing.T, isolation string, sig syscall.Signal) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	deck := filepath.Join(dir, "deck.md")
	if err := os.WriteFile(deck, []byte(strings.Replace(stubborn, "PIPE", pipe, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	temp, err := os.MkdirTemp("/tmp", "ws") // a short path, or the session's folder would be elsewhere
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(temp)
	args := []string{"check", deck, "--report", "jsonl=" + filepath.Join(dir, "log.jsonl")}
	if isolation != "" {
		args = append(args, "--isolation", isolation)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Args[0] = "workshop"
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := openPipe(t, pipe)
	lines := bufio.NewReader(r)
	if line, err := lines.ReadString('\n'); err != nil || line != "up\n" {
		cancel()
		_ = cmd.Wait() // for its output
		t.Fatalf("the pipe says %q, %v; the run:\n%s", line, err, &said)
	}
	killed := time.Now()
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	if err := r.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := lines.ReadByte(); err != io.EOF {
		t.Fatalf("a process still holds the pipe: %v", err)
	}
	t.Logf("all gone after %v", time.Since(killed).Round(time.Millisecond))
	err = cmd.Wait()
	if sig != syscall.SIGKILL && cmd.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("%v, want exit status %d", err, exitInterrupted)
	}
	// After a SIGKILL the supervisor removes the folder last, and nobody waits for the supervisor.
	for begun := time.Now(); ; {
		left, err := os.ReadDir(temp)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			break
		}
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("%s is left behind", left[0].Name())
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "log.jsonl"))
	// SIGKILL may cut a write at the end of a page of the file.
	cut := sig == syscall.SIGKILL && len(log) > 0 && len(log)%os.Getpagesize() == 0
	if err != nil || len(log) == 0 || log[len(log)-1] != '\n' && !cut {
		t.Errorf("the report does not end with a whole line: %v, %q", err, log)
	}
}
