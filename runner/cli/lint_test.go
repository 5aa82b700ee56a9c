package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/runner/lint"
)

// TestReadmeRules compares the table of rules in the README with the program's.
func TestReadmeRules(t *testing.T) {
	var want strings.Builder
	for _, r := range lint.Rules() {
		severity := string(r.Severity)
		if r.Fixable {
			severity += " +"
		}
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", r.Code, severity, r.Summary)
	}
	_, got, _ := strings.Cut(between(t, readme(t), "<!-- rules", "\n\nPrograms are known by"), "|---|---|---|\n")
	if diff := cmp.Diff(want.String(), got+"\n"); diff != "" {
		t.Error(diff)
	}
}
