package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tools for the workflows of GitHub, as `make actions` builds them.
const (
	actionlint = "actionlint-v1.7.12"
	act        = "act-v0.2.89"
)

// actionTool returns the path of a tool. It skips the test where the tool is missing, or fails it
// when the variable says that it must be there.
func actionTool(t *testing.T, name, variable string) string {
	t.Helper()
	path, err := filepath.Abs("../../.cache/bin/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv(variable) != "" {
			t.Fatalf("%s is set, but: %v", variable, err)
		}
		t.Skipf("no %s: make actions builds it (%s=1 makes this a failure)", name, variable)
	}
	return path
}

// newCourse makes a repository with the deck and the workflow that init writes.
func newCourse(t *testing.T) (dir, workflow string) {
	t.Helper()
	dir = t.TempDir()
	run(t, dir, "git", "init", "-q", "-b", "main", ".")
	run(t, dir, named(t), "init", "--ci", "github")
	return dir, filepath.Join(dir, ".github/workflows/workshop.yml")
}

// run runs a program that must succeed.
func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// edit replaces a text in a file.
func edit(t *testing.T, name, from, to string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err == nil && !strings.Contains(string(b), from) {
		err = errors.New(name + " does not contain " + from)
	}
	if err == nil {
		err = os.WriteFile(name, []byte(strings.Replace(string(b), from, to, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestActionlint checks the workflow with a program that others use.
func TestActionlint(t *testing.T) {
	tool := actionTool(t, actionlint, "REQUIRE_ACTIONLINT")
	dir, workflow := newCourse(t)
	run(t, dir, named(t), "init", "--ci", "github-shards")
	run(t, dir, tool, "-no-color", workflow, filepath.Join(dir, ".github/workflows/workshop-shards.yml"))
}

// uses matches an action in a workflow: its name and the commit to which it is pinned.
var uses = regexp.MustCompile(`uses: actions/([\w-]+)@([0-9a-f]{40}) # v\d`)

// TestAct runs the workflow on this machine with act, which takes the place of GitHub. The actions
// of others cannot be fetched here: stand-ins take theirs.
func TestAct(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the race detector sees nothing of the binary that the workflow builds")
	}
	tool := actionTool(t, act, "REQUIRE_ACT")
	dir, workflow := newCourse(t)
	edit(t, workflow, "WORKSHOP_REPOSITORY: OWNER/NAME", "WORKSHOP_REPOSITORY: workshop/workshop")
	edit(t, filepath.Join(dir, "slides/files.md"), "  wc -l names.txt", "  wc -l nosuch.txt")
	run(t, dir, "git", "add", "-A")
	run(t, dir, "git", "-c", "user.name=A", "-c", "user.email=a@localhost", "commit", "-q", "-m", "a broken slide")

	text, err := os.ReadFile(workflow)
	if err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	home, artifacts := t.TempDir(), t.TempDir()
	args := []string{
		"push", "-P", "ubuntu-latest=-self-hosted", "--action-offline-mode", "--env", "STAND_IN_SOURCE=" + top, "--env",
		"STAND_IN_ARTIFACTS=" + artifacts,
	}
	all := uses.FindAllStringSubmatch(string(text), -1)
	if len(all) != strings.Count(string(text), "uses:") {
		t.Fatalf("an action is not pinned to a commit:\n%s", text)
	}
	for _, m := range all {
		args = append(args, "--local-repository", "actions/"+m[1]+"@"+m[2]+"="+filepath.Join(top, "testdata/actions", m[1]))
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} { // the build needs no network, and little time
		ask := exec.CommandContext(t.Context(), "go", "env", name)
		ask.Env = append(os.Environ(), "XDG_CACHE_HOME=") // TestMain sets another one
		value, err := ask.Output()
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "--env", name+"="+strings.TrimSpace(string(value)))
	}
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("act: %v\n%s", err, out)
	}
	for _, want := range []string{
		"::error file=slides/files.md,line=20,col=3,title=files/writing-a-file::", // the annotation
		"3 passed, 1 failed in", // the summary
		"Failure - Main Check the deck",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	for _, name := range []string{"report.html", "junit.xml", "run.jsonl", "recordings/files/writing-a-file.cast"} {
		if _, err := os.Stat(filepath.Join(artifacts, "workshop-report", name)); err != nil {
			t.Error(err)
		}
	}
}
