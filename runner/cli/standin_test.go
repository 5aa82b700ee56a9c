package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestStandIn checks that a run announces a stand-in once, and only if a snippet starts it.
func TestStandIn(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir() // without httping, even if this machine has it
	if err := os.Symlink(bash, filepath.Join(bin, "bash")); err != nil {
		t.Fatal(err)
	}
	for snippet, want := range map[string]int{
		"httping -V; httping -V": 1,
		"(exec httping -V) | :":  1,
		"type httping":           0,
		"workshop httping -V":    0, // it does not pretend to be the real one
	} {
		t.Run(snippet, func(t *testing.T) {
			dir := t.TempDir()
			deck := "## One\n\n.exercise[\n```bash\n" + snippet + "\n```\n]\n\n---\n\n## Two\n\n.exercise[\n```bash\ntrue\n```\n]\n"
			if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte(deck), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), named(t), "check", "--no-ledger", "deck.md")
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+bin)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if n := strings.Count(string(out), "httping is not installed here: a bundled one stands in for it"); n != want {
				t.Errorf("announced %d times, want %d\n%s", n, want, out)
			}
		})
	}
}
