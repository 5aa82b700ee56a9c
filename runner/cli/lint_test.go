package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/runner/lint"
)

// TestReadmeLint runs the example of the README.
func TestReadmeLint(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "lint", "draft.md")
	cmd.Args[0], cmd.Dir = "workshop", t.TempDir()
	deck := "# Draft\n\n.exercise[\n  ```bash\n  top\n  ```\n\n  ```bash\n  $ ls\n  ```\n]\n"
	if err := os.WriteFile(filepath.Join(cmd.Dir, "draft.md"), []byte(deck), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := cmd.Output() // it exits with 1
	if diff := cmp.Diff(between(t, readme(t), "$ workshop lint draft.md\n", "```\n"), string(out)); diff != "" {
		t.Error(diff)
	}
}

// TestReadmeRules compares the README's table with the program's.
func TestReadmeRules(t *testing.T) {
	var want strings.Builder
	for _, r := range lint.Rules() {
		severity := string(r.Severity)
		if r.Fixable {
			severity += " +"
		}
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", r.Code, severity, r.Summary)
	}
	_, got, _ := strings.Cut(between(t, readme(t), "<!-- rules", "\n\nWhat a program does"), "|---|---|---|\n")
	if diff := cmp.Diff(want.String(), got+"\n"); diff != "" {
		t.Error(diff)
	}
}
