package cli

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killable is a deck whose exercises have output all the time.
const killable = `## One

.exercise[
` + "```bash for i in $(seq 200); do echo line $i; sleep 0.001; done```" + `
` + "```wait line 200```" + `
]

---

## Two

.exercise[
` + "```bash seq 3000```" + `
` + "```bash sleep 100```" + `
]
`

// TestKilledRun kills runs at random moments, after so many bytes of their report. What is left of
// it tells of an interrupted run, and where.
func TestKilledRun(t *testing.T) {
	t.Parallel()
	rounds := 30
	if testing.Short() {
		rounds = 3
	}
	dir := t.TempDir()
	deck := filepath.Join(dir, "deck.md")
	if err := os.WriteFile(deck, []byte(killable), 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, file := filepath.Join(dir, "pipe"), filepath.Join(dir, "run.jsonl")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for range rounds {
		size := rand.IntN(40_000)
		lines := killedAfter(t, size, pipe, "check", "--no-ledger", "--report", "jsonl="+pipe, deck)
		if err := os.WriteFile(file, lines, 0o600); err != nil {
			t.Fatal(err)
		}
		out, code := workshop(t, "report", "render", file)
		if code != exitInterrupted || !strings.Contains(out, "\nstop ") || !strings.Contains(out, "the report ends before the end of the run") {
			t.Fatalf("after %d bytes: status %d\n%s", len(lines), code, out)
		}
		if bytes.Contains(lines, []byte("\n")) && !strings.Contains(out, "deck.md:") {
			t.Errorf("after %d bytes no place is named:\n%s", len(lines), out)
		}
	}
}

// killedAfter runs the program, kills it when it has written some bytes to a pipe, and returns all
// that it has written.
func killedAfter(t *testing.T, size int, pipe string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := asWorkshop(t, ctx, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := openPipe(t, pipe)
	lines := make([]byte, size)
	n, err := io.ReadFull(r, lines)
	if err != nil {
		t.Fatalf("after %d of %d bytes: %v", n, size, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	rest, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return append(lines, rest...)
}

// asWorkshop is the program as a command.
func asWorkshop(t testing.TB, ctx context.Context, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Args[0] = "workshop"
	return cmd
}

// workshop runs the program, and returns its output and its exit status.
func workshop(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := asWorkshop(t, t.Context(), args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
