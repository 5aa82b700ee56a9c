package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
)

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// between returns the text between two markers.
func between(t *testing.T, s, begin, end string) string {
	t.Helper()
	_, s, ok := strings.Cut(s, begin)
	if !ok {
		t.Fatalf("%q does not occur", begin)
	}
	s, _, ok = strings.Cut(s, end)
	if !ok {
		t.Fatalf("%q does not occur", end)
	}
	return s
}

// TestReadme checks the README by the program: every command in it, with the shown output.
func TestReadme(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("REQUIRE_PYTHON") != "" {
			t.Fatalf("REQUIRE_PYTHON is set, but %v", err)
		}
		t.Skipf("an application in it is in Python: %v (REQUIRE_PYTHON=1 makes this a failure)", err)
	}
	cmd := exec.CommandContext(t.Context(), named(t), "check", "--no-ledger", "README.md")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), " passed, 1 skipped") {
		t.Errorf("%v\n%s", err, out)
	}
}

// named is a link to this test binary with the product's name. Processes that the program starts by
// its path are the program, too.
func named(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "workshop")
	if os.Link(exe, path) == nil {
		return path
	}
	b, err := os.ReadFile(exe)
	if err == nil {
		err = os.WriteFile(path, b, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReadmeDirectives compares the table of directives in the README with the program's.
func TestReadmeDirectives(t *testing.T) {
	var want strings.Builder
	for _, d := range runner.Directives() {
		want.WriteString("| `" + d.Name + "` | " + d.Summary + " |\n")
	}
	_, got, _ := strings.Cut(between(t, readme(t), "<!-- directives", "\n\nA fence"), "|---|---|\n")
	if diff := cmp.Diff(want.String(), got+"\n"); diff != "" {
		t.Error(diff)
	}
}

// TestReadmeVerdicts compares the table of verdicts in the README with the program's.
func TestReadmeVerdicts(t *testing.T) {
	var want strings.Builder
	for _, f := range report.VerdictForms() {
		want.WriteString("| `" + f.Label + "` | " + string(f.Verdict) + " | " + f.Meaning + " |\n")
	}
	_, got, _ := strings.Cut(between(t, readme(t), "<!-- verdicts", "\n\n**Retries"), "|---|---|---|\n")
	if diff := cmp.Diff(want.String(), got+"\n"); diff != "" {
		t.Error(diff)
	}
}

// TestReadmeStyles compares the table of styles in the README with the program's.
func TestReadmeStyles(t *testing.T) {
	var want strings.Builder
	for _, st := range markdown.Styles() {
		want.WriteString("| `" + st.Name + "` | " + st.Summary + " |\n")
	}
	_, got, _ := strings.Cut(between(t, readme(t), "<!-- styles", "\n\n**Commands and outputs**"), "|---|---|\n")
	if diff := cmp.Diff(want.String(), got+"\n"); diff != "" {
		t.Error(diff)
	}
}
