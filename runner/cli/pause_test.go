package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const paused = `## First
.exercise[
` + "```bash" + `
vari=able; cat fixed
` + "```" + `
]
---
## Hangs
.exercise[
` + "```bash" + `
echo he''re; sleep 1000
` + "```" + `
<!-- ` + "```wait never comes```" + ` -->
]
---
## Last
.exercise[
` + "```bash" + `
true la''st
` + "```" + `
]
`

// TestPause looks around in the shells of exercises that did not pass.
func TestPause(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	deck := filepath.Join(dir, "deck.md")
	write(t, deck, paused)
	records := filepath.Join(dir, "run.jsonl")
	console, cmd := onConsole(t, "check", "--no-ledger", "--wait", "2s", "--pause-on-failure", "--report", "jsonl="+records, deck)
	send := func(s string) {
		t.Helper()
		if _, err := console.Send(s); err != nil {
			t.Fatal(err)
		}
	}
	// The shell has its variables, and the bytes go through; ^C is one of them.
	see(t, console, "FAIL", "deck/first", "paused at deck/first", "^] comes back", "q: quit")
	send("l")
	see(t, console, "\x1b[?1049h", "fixed")
	send("echo found-$vari-$((6*7)); sleep 1000\r")
	see(t, console, "found-able-42")
	send("\x03")
	send("touch fixed && echo ma''de\r")
	see(t, console, "made")
	send("half a li''ne")
	see(t, console, "half a li''ne")
	send("\x1d")
	see(t, console, "\x1b[?1049l", "paused at deck/first", "q: quit")
	send("a")
	see(t, console, "again")

	// The program that hangs is still there.
	see(t, console, "FAIL", "deck/hangs", "paused at deck/hangs", "q: quit")
	send("l")
	see(t, console, "\x1b[?1049h", "here")
	send("typed to the program\r")
	see(t, console, "typed to the program")
	send("\x1d")
	see(t, console, "\x1b[?1049l", "q: quit")
	send("s")
	see(t, console, "skip", "ok", "deck/last",
		"note: a person typed in the shell of session deck after deck/first", "note: deck/first was run again by hand: passed",
		"3 exercises: 1 passed, 2 failed")
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("exit status %d, want %d", code, exitFailed)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	// The report can be read again, and says the same.
	again, cmd := onConsole(t, "report", "render", records)
	see(t, again, "was run again by hand: passed", "3 exercises: 1 passed, 2 failed")
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("render: exit status %d, want %d", code, exitFailed)
	}
}

// TestPauseQuit leaves a run by its keys and by a signal.
func TestPauseQuit(t *testing.T) {
	deck := filepath.Join(t.TempDir(), "deck.md")
	write(t, deck, strings.Replace(paused, "cat fixed", "false", 1))
	for name, end := range map[string]struct {
		keys string
		code int
	}{"q": {"q", exitFailed}, "interrupt": {"\x03", exitFailed}, "signal": {"", exitInterrupted}} {
		t.Run(name, func(t *testing.T) {
			console, cmd := onConsole(t, "check", "--no-ledger", "--pause-on-failure", deck)
			see(t, console, "paused at deck/first", "q: quit")
			if end.keys == "" {
				if err := cmd.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
			} else if _, err := console.Send(end.keys); err != nil {
				t.Fatal(err)
			}
			see(t, console, "quit", "1 failed")
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != end.code {
				t.Errorf("exit status %d, want %d", code, end.code)
			}
		})
	}
}
