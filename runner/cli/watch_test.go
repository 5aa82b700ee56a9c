package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// twoSessions is a deck with a session for each of its files.
func twoSessions(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "workshop.yml"), "session: chapter\nworkdir: app\ncontent:\n- a.md\n- b.md\n")
	write(t, filepath.Join(dir, "a.md"), oneCommand("One", "echo alpha"))
	write(t, filepath.Join(dir, "b.md"), oneCommand("Two", "echo beta"))
	write(t, filepath.Join(dir, "app", "data"), "1")
	return dir
}

func oneCommand(title, command string) string {
	return "## " + title + "\n\n.exercise[\n```bash\n" + command + "\n```\n]\n"
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// save saves a file as editors do: a new file takes the name of the old one.
func save(t *testing.T, name, text string) {
	t.Helper()
	write(t, name+".new", text)
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// TestWatch saves files of a deck that is watched: what they touch runs again, and nothing else.
func TestWatch(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	dir := twoSessions(t)
	console, cmd := onConsole(t, "check", "--watch", "-j", "1", dir)
	see(t, console, "a/one", "b/two", "2 passed", "watching; ^C ends")

	save(t, filepath.Join(dir, "a.md"), oneCommand("One", "false"))
	see(t, console, "a.md saved: a again", "FAIL", "status 1", "1 exercise: 1 failed", "from before", "b: passed", "watching")

	// A text that is no step touches nothing, so that the next line is about the next save.
	save(t, filepath.Join(dir, "a.md"), oneCommand("One", "false")+"\nWords.\n")
	save(t, filepath.Join(dir, "b.md"), oneCommand("Two", "echo gam''ma"))
	see(t, console, "b again", "1 exercise: 1 passed", "from before", "a: failed", "a/one: failed: ", "status 1", "watching")

	// The folder of the sessions, a new folder in it, and the manifest touch all sessions.
	write(t, filepath.Join(dir, "app", "sub", "data"), "2")
	see(t, console, "saved: a, b again", "1 passed, 1 failed", "watching")
	write(t, filepath.Join(dir, "app", "sub", "data"), "3")
	see(t, console, "data saved: a, b again", "1 passed, 1 failed", "watching")
	write(t, filepath.Join(dir, "workshop.yml"), "session: chapter\nworkdir: app\ncontent:\n- a.md\n- b.md\ntitle: New\n")
	see(t, console, "workshop.yml saved: a, b again", "1 passed, 1 failed", "watching")

	// So does a Compose context that lies elsewhere.
	write(t, filepath.Join(dir, "context", "Dockerfile"), "FROM scratch\n")
	write(t, filepath.Join(dir, "app", "docker-compose.yml"), "services:\n  one:\n    build: ../context\n")
	see(t, console, "docker-compose.yml saved: a, b again", "1 passed, 1 failed", "watching")
	write(t, filepath.Join(dir, "context", "Dockerfile"), "FROM scratch\n# new\n")
	see(t, console, "Dockerfile saved: a, b again", "1 passed, 1 failed", "watching")

	// A deck that cannot be read runs nothing.
	save(t, filepath.Join(dir, "workshop.yml"), "session: nonsense\ncontent:\n- a.md\n- b.md\n")
	see(t, console, "workshop.yml:1", "the verdicts are from before")
	save(t, filepath.Join(dir, "workshop.yml"), "session: chapter\nworkdir: app\ncontent:\n- a.md\n- b.md\n")
	see(t, console, "workshop.yml saved", "1 passed, 1 failed", "watching")

	// What was saved meanwhile is not forgotten: it touches all, not only the new chapter.
	save(t, filepath.Join(dir, "workshop.yml"), "session: chapter\nworkdir: app\ncontent:\n- a.md\n- b.md\n- c.md\n")
	see(t, console, "c.md: no such file", "the verdicts are from before")
	write(t, filepath.Join(dir, "c.md"), oneCommand("Three", "echo delta"))
	see(t, console, "saved: a, b, c again", "2 passed, 1 failed", "watching")

	// A save during a run ends the run; the session before it keeps its verdict.
	save(t, filepath.Join(dir, "b.md"), oneCommand("Two", "sleep 1000"))
	see(t, console, "b again", "sleep 1000")
	save(t, filepath.Join(dir, "b.md"), oneCommand("Two", "echo last"))
	see(t, console, "interrupted", "b.md saved: b again", "1 exercise: 1 passed", "from before", "a: failed", "watching")

	if _, err := console.Send("\x03"); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit status %d, want %d", code, exitInterrupted)
	}
	left, err := filepath.Glob(filepath.Join(temp, "workshop-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestPause looks around in the shell that a failed exercise has left, and lets the run go on.
func TestPause(t *testing.T) {
	deck := filepath.Join(t.TempDir(), "deck.md")
	write(t, deck, oneCommand("First", "mark=val''ue-$((6*7)); test -e there")+"\n---\n\n"+oneCommand("Second", "echo sec''ond"))
	lines := filepath.Join(t.TempDir(), "run.jsonl")
	console, cmd := onConsole(t, "check", "--pause-on-failure", "--report", "jsonl="+lines, deck)
	send := func(keys string) {
		t.Helper()
		if _, err := console.Send(keys); err != nil {
			t.Fatal(err)
		}
	}
	see(t, console, "FAIL", "status 1", "paused at deck/first: l look around (^] comes back)")
	send("a")
	see(t, console, "deck/first failed again", "paused at deck/first")
	send("l")
	see(t, console, "\x1b[?1049h", "test -e there")
	send("echo \"<$mark>\"; touch there\r")
	see(t, console, "<value-42>")
	send("echo run\"ning\"; sleep 1000\r") // a program that the person forgets
	see(t, console, "running")
	send("\x1d")
	see(t, console, "\x1b[?1049l", "paused at deck/first")
	send("a")
	see(t, console, "deck/first passed this time; the report keeps the failure", "paused at deck/first")
	send("s")
	see(t, console, "ok", "deck/second", "a person has used the shell of session deck after deck/first failed", "1 passed, 1 failed")
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("exit status %d, want %d", code, exitFailed)
	}
	console, cmd = onConsole(t, "report", "render", lines) // the attempts by hand are no part of it
	see(t, console, "FAIL", "deck/first", "status 1", "ok", "deck/second", "a person has used the shell", "1 passed, 1 failed")
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("report render: exit status %d, want %d", code, exitFailed)
	}
}

// TestPauseQuit ends a run in a pause.
func TestPauseQuit(t *testing.T) {
	deck := filepath.Join(t.TempDir(), "deck.md")
	write(t, deck, oneCommand("First", "false")+"\n---\n\n"+oneCommand("Second", "echo second"))
	for _, key := range []string{"q", "\x03"} {
		console, cmd := onConsole(t, "check", "--pause-on-failure", deck)
		see(t, console, "paused at deck/first")
		if _, err := console.Send(key); err != nil {
			t.Fatal(err)
		}
		see(t, console, "deck/second", "1 failed, 1 skipped")
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != exitFailed {
			t.Errorf("%q: exit status %d, want %d", key, code, exitFailed)
		}
	}
}

// TestPauseStanding looks at a program that still runs: the pause leaves it as it is.
func TestPauseStanding(t *testing.T) {
	deck := filepath.Join(t.TempDir(), "deck.md")
	write(t, deck, strings.Replace(oneCommand("First", "cat"), "]\n", "```wait\nnever\n```\n]\n", 1))
	console, cmd := onConsole(t, "check", "--pause-on-failure", "--wait", "1s", deck)
	see(t, console, "paused at deck/first")
	if _, err := console.Send("l"); err != nil {
		t.Fatal(err)
	}
	see(t, console, "\x1b[?1049h", "$ cat")
	if _, err := console.Send("to-" + "cat\r"); err != nil {
		t.Fatal(err)
	}
	see(t, console, "to-cat", "to-cat") // the echo, and what cat writes
	if _, err := console.Send("\x1dq"); err != nil {
		t.Fatal(err)
	}
	see(t, console, "1 failed")
	_ = cmd.Wait()
}
