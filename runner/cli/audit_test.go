package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// audited is the part of the document of an audit that tests read.
type audited struct {
	Score   int
	Results []auditedChange
}

type auditedChange struct {
	Verdict, Code, Change string
	Line                  int
	Noticed               *struct {
		Line      int
		Directive string
	} `json:"noticed_by"`
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

// planted is a deck in which every change of these kinds is noticed.
const planted = "# Checks\n\n.exercise[\n" +
	"```bash\necho 5 > five\n```\n```bash\ncat five\n```\n```output\n5\n```\n" +
	"```bash\ntouch made\n```\n```bash\nls made\n```\n" +
	"```bash\nmkdir folder\n```\n```bash\ncd folder\n```\n" +
	"```bash\n(exit 3)\n```\n```status 3```\n" +
	"```bash\nprintf 'two %s\\n' words\n```\n```wait two words```\n]\n"

// TestPlanted plants weaknesses in copies of a deck: a check is removed, or passes whatever comes. Each lowers the
// score, and the audit names the change that nobody notices any more.
func TestPlanted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	audit := func(t *testing.T, name, text string) *audited {
		file := filepath.Join(dir, name+".md")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return auditOf(t.Context(), t, "--only", "left-out,number", file)
	}
	whole := audit(t, "whole", planted)
	base := whole.of("survived")
	for i, tc := range []struct{ name, old, new, survivor string }{
		{"no output", "```output\n5\n```\n", "", "5 → 6 in `echo 5 > five`"},
		{"any output", "```output\n5\n```\n", "```output\n...\n```\n", "5 → 6 in `echo 5 > five`"},
		{"any line", "```output\n5\n```\n", "```output\n[..]\n```\n", "5 → 6 in `echo 5 > five`"},
		{"any digit", "```output\n5\n```\n", "```wait /[0-9]/```\n", "5 → 6 in `echo 5 > five`"},
		{"a masked failure", "ls made", "ls made || true", "`touch made` is not typed"},
		{"no reader", "```bash\nls made\n```\n", "", "`touch made` is not typed"},
		{"a masked cd", "cd folder", "cd folder || true", "`mkdir folder` is not typed"},
		{"no cd", "```bash\ncd folder\n```\n", "", "`mkdir folder` is not typed"},
		{"any status", "```status 3```", "```status any```", "3 → 4 in `(exit 3)`"},
		{"any failure", "```status 3```", "```status nonzero```", "3 → 4 in `(exit 3)`"},
		{"no wait", "```wait two words```\n", "", "`printf 'two %s\\n' words` is not typed"},
	} {
		if !strings.Contains(planted, tc.old) {
			t.Fatalf("%s: %q is not in the deck", tc.name, tc.old)
		}
		a := audit(t, fmt.Sprintf("weak-%d", i), strings.Replace(planted, tc.old, tc.new, 1))
		found := slices.ContainsFunc(a.Results, func(r auditedChange) bool {
			return r.Verdict == "survived" && r.Change == tc.survivor
		})
		if !found || a.Score >= whole.Score {
			t.Errorf("%s: score %d, was %d; survived: %v, before: %v", tc.name, a.Score, whole.Score, a.of("survived"), base)
		}
	}
}
