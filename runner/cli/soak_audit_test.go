//go:build soak && linux

package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSoakAudit audits decks again and again beside busy loops: each time the same changes survive, and nothing is
// left behind, neither a file nor a process.
func TestSoakAudit(t *testing.T) {
	needsPrograms(t, "sqlite3", "git")
	loops := figure(t, "SOAK_LOOPS", 8)
	busy(t, loops)
	temp := public(t)
	t.Setenv("TMPDIR", temp)
	for _, deck := range []string{"library", "history"} {
		var first []string
		changes, begun := 0, time.Now()
		rounds := figure(t, "SOAK_COUNT", 3)
		for round := range rounds {
			a := auditOf(t.Context(), t, "../../testdata/decks/"+deck+".md")
			changes += len(a.Results)
			survived := slices.Concat(a.of("survived"), a.of("undecided"))
			if round == 0 {
				first = survived
			} else if diff := cmp.Diff(first, survived); diff != "" {
				t.Errorf("%s, round %d: %s", deck, round+1, diff)
			}
		}
		fmt.Printf("audit: %s, %d times beside %d busy loops, %d changes tried, %d survive, in %v\n",
			deck, rounds, loops, changes, len(first), time.Since(begun).Round(time.Second))
	}
	if left, err := filepath.Glob(filepath.Join(temp, "workshop-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range environments {
		if env, err := os.ReadFile(file); err == nil && bytes.Contains(env, []byte("TMPDIR="+temp)) &&
			filepath.Base(filepath.Dir(file)) != fmt.Sprint(os.Getpid()) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			t.Errorf("left behind: process %q", line)
		}
	}
}
