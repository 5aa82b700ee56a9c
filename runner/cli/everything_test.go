package cli

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"workshop/runner"
)

// TestEverything runs the deck that uses every directive.
func TestEverything(t *testing.T) {
	const deck = "../../testdata/decks/everything.md"
	b, err := os.ReadFile(deck)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range runner.DirectiveNames() {
		if !strings.Contains(string(b), "```"+name) {
			t.Errorf("%s does not stand in %s", name, deck)
		}
	}
	for _, program := range []string{"vim", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("REQUIRE_PROGRAMS") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "check", deck)
	cmd.Args[0] = "workshop"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
