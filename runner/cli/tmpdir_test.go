package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLongTMPDIR runs a deck with a TMPDIR whose path is too long for a socket in it. A guardian shows
// the real path.
func TestLongTMPDIR(t *testing.T) {
	dir := t.TempDir()
	temp := filepath.Join(dir, strings.Repeat("long/", 40))
	if err := os.MkdirAll(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	deck := "## One\n\n.exercise[\n```bash\ndocker-compose ps && echo \"folder $HOME\"\n```\n" +
		"```wait /folder \\/tmp\\/workshop-\\d+\\/home/```\n]\n"
	if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte(deck), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), named(t), "check", "--no-ledger", "--isolation", "guardian", "deck.md")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+temp)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("TMPDIR holds %v, %v", left, err)
	}
}
