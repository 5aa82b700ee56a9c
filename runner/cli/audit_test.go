package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// audited is the part of the document of an audit that tests read.
type audited struct {
	Score   int
	Results []struct {
		Verdict, Code, Change, Why, Suggestion string
		Line                                   int
		Noticed                                *struct {
			Line      int
			Directive string
		} `json:"noticed_by"`
	}
}

// of are the changes with a verdict: their lines and codes.
func (a *audited) of(verdict string) (all []string) {
	for _, r := range a.Results {
		if r.Verdict == verdict {
			all = append(all, fmt.Sprintf("%d %s", r.Line, r.Code))
		}
	}
	return all
}

// auditOf audits a deck by the program.
func auditOf(ctx context.Context, t *testing.T, args ...string) *audited {
	t.Helper()
	cmd := exec.CommandContext(ctx, named(t), slices.Concat([]string{"audit", "--json"}, args)...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	a := &audited{}
	if jsonErr := json.Unmarshal(out, a); jsonErr != nil {
		t.Fatalf("%v: %v\n%s\n%s", err, jsonErr, out, said.String())
	}
	return a
}

// needsPrograms skips a test where programs are missing.
func needsPrograms(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("REQUIRE_PROGRAMS") != "" {
				t.Fatal(err)
			}
			t.Skipf("%v (REQUIRE_PROGRAMS=1 makes this a failure)", err)
		}
	}
}

// TestAuditLibrary audits a deck that has nothing to do with containers. The survivors are what nobody
// checks in it.
func TestAuditLibrary(t *testing.T) {
	t.Parallel()
	needsPrograms(t, "sqlite3", "git")
	a := auditOf(t.Context(), t, "../../testdata/decks/library.md")
	want := []string{"20 number", "20 number", "20 number", "35 number", "67 left-out", "68 number"}
	if diff := cmp.Diff(want, a.of("survived")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"73 left-out"}, a.of("excused")); diff != "" {
		t.Error(diff)
	}
	for _, r := range a.Results {
		if r.Verdict == "noticed" && (r.Noticed == nil || r.Noticed.Directive == "") {
			t.Errorf("%d %s: the step that noticed it is not named", r.Line, r.Change)
		}
	}
	if len(a.of("undecided")) > 0 {
		t.Errorf("undecided: %v", a.of("undecided"))
	}
}
