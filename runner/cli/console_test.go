package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	expect "github.com/Netflix/go-expect"
	"github.com/creack/pty"
)

const twoSteps = `## Two steps

.exercise[
` + "```bash" + `
echo fir''st
` + "```" + `
` + "```bash" + `
sleep 1000
` + "```" + `
]
`

// onConsole starts the program on a terminal of its own.
func onConsole(t *testing.T, args ...string) (*expect.Console, *exec.Cmd) {
	t.Helper()
	console, err := expect.NewConsole(expect.WithDefaultTimeout(30 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := console.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := pty.Setsize(console.Tty(), &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Args[0] = "workshop"
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = console.Tty(), console.Tty(), console.Tty()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return console, cmd
}

// see waits for texts on the console, one after the other.
func see(t *testing.T, console *expect.Console, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if out, err := console.ExpectString(text); err != nil {
			t.Fatalf("%q: %v; the output: %q", text, err, out)
		}
	}
}

// TestConsole drives the commands on a terminal. `run` shows the shell live on the alternate
// screen, `check` shows a progress line, and ^C ends both in order.
func TestConsole(t *testing.T) {
	deck := filepath.Join(t.TempDir(), "deck.md")
	if err := os.WriteFile(deck, []byte(twoSteps), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		command       string
		before, after []string // the interrupt
	}{
		{"run", []string{"\x1b[?1049h", "deck/two-steps", "first", "sleep 1000"}, []string{"\x1b[?1049l", "stop", "interrupted"}},
		{"check", []string{"sleep 1000"}, []string{"stop", "interrupted"}},
	}
	for _, tt := range tests {
		t.Run(tt.command, func(t *testing.T) {
			console, cmd := onConsole(t, tt.command, deck)
			see(t, console, tt.before...)
			if _, err := console.Send("\x03"); err != nil {
				t.Fatal(err)
			}
			see(t, console, tt.after...)
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
				t.Errorf("exit status %d, want %d", code, exitInterrupted)
			}
		})
	}
}
