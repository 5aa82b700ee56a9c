package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const watched = "## X\n.exercise[\n```bash\ntrue first\n```\n]\n"

// write writes a file of a deck.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWatch saves files as editors do, while a check waits and while it runs.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	write(t, filepath.Join(dir, "workshop.yml"), "session: chapter\nworkdir: work\ncontent: [a.md, {file: b.md, workdir: other}]\n")
	write(t, filepath.Join(dir, "a.md"), watched)
	write(t, filepath.Join(dir, "b.md"), "## Y\n.exercise[\n```bash\ntrue\n```\n]\n")
	write(t, filepath.Join(dir, "work", "x"), "")
	write(t, filepath.Join(dir, "other", "x"), "")
	const waiting = "waiting for a save"
	console, cmd := onConsole(t, "check", "--no-ledger", "--watch", dir)
	see(t, console, "a/x", "b/y", "2 passed", waiting)

	// A new file that takes the place of the old one.
	write(t, filepath.Join(dir, ".a.md.new"), strings.Replace(watched, "true first", "false", 1))
	if err := os.Rename(filepath.Join(dir, ".a.md.new"), filepath.Join(dir, "a.md")); err != nil {
		t.Fatal(err)
	}
	see(t, console, "a.md", "checking a again", "FAIL", "a/x", "1 failed", "from before: b", "1 passed", waiting)

	// A folder in a working directory: its files may be there before it is watched.
	write(t, filepath.Join(dir, "other", "deep", "deeper", "y"), "")
	see(t, console, "checking b again", "1 passed", "from before: a", "1 failed", waiting)
	write(t, filepath.Join(dir, "other", "deep", "deeper", "y"), "again")
	see(t, console, "checking b again", "from before: a", waiting)

	// A save during a run ends it.
	write(t, filepath.Join(dir, "a.md"), strings.Replace(watched, "true first", "sleep 1000", 1))
	see(t, console, "checking a again", "sleep 1000")
	write(t, filepath.Join(dir, "a.md"), watched)
	see(t, console, "stop", "interrupted", "checking a again", "1 passed", "from before: b", waiting)

	// A deck that cannot be read is not the end, and what was saved with it is not forgotten.
	write(t, filepath.Join(dir, "workshop.yml"), "session: chapter\ncontent: [a.md, c.md]\n")
	see(t, console, "c.md: no such file", waiting)
	write(t, filepath.Join(dir, "c.md"), strings.Replace(watched, "X", "Z", 1))
	see(t, console, "checking a, c again", "2 passed", waiting)

	if _, err := console.Send("\x03"); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit status %d, want %d", code, exitInterrupted)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
