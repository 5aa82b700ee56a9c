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
	cmd := exec.CommandContext(ctx, named(t), slices.Concat([]string{"audit", "--json", "--wait", "2s", "--step-timeout", "5s"}, args)...)
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
	want := []string{"20 number", "20 number", "20 number", "40 number"}
	if diff := cmp.Diff(want, a.of("survived")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"100 left-out"}, a.of("excused")); diff != "" {
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

// plant is a weakness: an old text of a deck is replaced by a new one, and then nobody notices the survivor.
type plant struct{ name, only, old, new, survivor string }

// plantedWeak are weaknesses of the deck planted.
var plantedWeak = []plant{
	{"no output", "number", "```output\n5\n```\n", "", "5 → 6 in `echo 5 > five`"},
	{"any output", "number", "```output\n5\n```\n", "```output\n...\n```\n", "5 → 6 in `echo 5 > five`"},
	{"any line", "number", "```output\n5\n```\n", "```output\n[..]\n```\n", "5 → 6 in `echo 5 > five`"},
	{"any digit", "number", "```output\n5\n```\n", "```wait /[0-9]/```\n", "5 → 6 in `echo 5 > five`"},
	{"a masked failure", "left-out", "ls made", "ls made || true", "`touch made` is not typed"},
	{"no reader", "left-out", "```bash\nls made\n```\n", "", "`touch made` is not typed"},
	{"a masked cd", "left-out", "cd folder", "cd folder || true", "`mkdir folder` is not typed"},
	{"no cd", "left-out", "```bash\ncd folder\n```\n", "", "`mkdir folder` is not typed"},
	{"any status", "number", "```status 3```", "```status any```", "3 → 4 in `(exit 3)`"},
	{"any failure", "number", "```status 3```", "```status nonzero```", "3 → 4 in `(exit 3)`"},
	{"no wait", "left-out", "```wait two words```\n", "", "`printf 'two %s\\n' words` is not typed"},
}

// libraryWeak are weaknesses of the deck library.md.
var libraryWeak = []plant{
	{
		"no count", "left-out", "  ```output\n  3\n  ```\n\n<!-- ```figure books /^(\\d+)$/``` -->\n",
		"<!-- ```hide echo 3``` ```figure books /^(\\d+)$/``` -->\n",
		"`sqlite3 books.db 'SELECT count(*) FROM books'` is not typed",
	},
	{"any size", "left-out", "```figure size /^(\\d+)/ B```\n```claim size <= 16 KiB```", "", "`wc -c books.db` is not typed"},
	{
		"no rows", "left-out", "```figure rows /^(\\d+) books.csv/```\n```claim rows / books in 1..1```\n```claim lines == 3```\n", "",
		"`head -n 2 books.csv …` is not typed",
	},
	{"any number of lines", "number", "```claim lines == 3```", "```claim lines in 1..9```", "2 → 3 in `head -n 2 books.csv`"},
	{"no number of lines", "number", "```claim lines == 3```\n", "", "2 → 3 in `head -n 2 books.csv`"},
	{"no status of git", "left-out", "  ```output\n  A  books.csv\n  ?? books.db\n  ```\n", "", "`git status --short` is not typed"},
	{
		"any status of git", "left-out", "  ```output\n  A  books.csv\n  ?? books.db\n  ```\n", "<!-- ```wait b``` -->\n",
		"`mkdir library …` is not typed",
	},
	{
		"a masked status of git", "left-out", "git status --short\n  ```\n  ```output\n  A  books.csv\n  ?? books.db\n  ```\n",
		"git status --short || true\n  ```\n", "`git init --quiet …` is not typed",
	},
	{
		"a size from elsewhere", "left-out", "```figure size /^(\\d+)/ B```",
		"```hide echo 8192``` ```figure size /^(\\d+)/ B```", "`wc -c books.db` is not typed",
	},
	{
		"no older books", "left-out", "```wait Emma```\n```wait Dracula```\n```figure older lines```\n-->\n\n- That is two in three:\n\n" +
			"<!-- ```claim older / books in 0.6..0.7``` -->\n", "-->\n",
		"`sqlite3 books.db 'SELECT title FROM books WHERE year < 1900 ORDER BY year'` is not typed",
	},
}

// historyWeak are weaknesses of the deck history.md.
var historyWeak = []plant{
	{"no number of lines", "number", "```output\n10\n```\n", "", "10 → 11 in `seq 10 > numbers`"},
	{"any number of lines", "number", "```output\n10\n```\n", "```output\n[..]\n```\n", "10 → 11 in `seq 10 > numbers`"},
	{"any last line", "number", "```output\n20\n```\n", "```output\n...\n```\n", "1 → 2 in `tail -n 1 numbers`"},
	{
		"no inserted lines", "number", "```figure inserted /(\\d+) insertions/```\n```claim inserted == 10```\n", "",
		"11 → 12 in `seq 11 20 >> numbers`",
	},
	{
		"about the inserted lines", "number", "```claim inserted == 10```", "```claim inserted in 5..15```",
		"11 → 12 in `seq 11 20 >> numbers`",
	},
	{"no look at the tag", "left-out", "```bash\ngit describe\n```\n```output\nv1\n```\n", "", "`git tag -m one v1` is not typed"},
	{
		"a masked look at the tag", "left-out", "git describe\n```\n```output\nv1\n```\n", "git describe || true\n```\n",
		"`git tag -m one v1` is not typed",
	},
	{"no result of the merge", "left-out", "```output\n20\n```\n", "", "`git switch -q main …` is not typed"},
	{"no name", "left-out", "```output\nAda\n```\n", "", "`git config user.name` is not typed"},
	{"no subject", "left-out", "```output\nTen more\n```\n", "", "`git log -1 --format=%s` is not typed"},
	{
		"no number of commits", "left-out", "```figure commits /^(\\d+)$/```\n```claim commits == 2```\n", "",
		"`git rev-list --count HEAD` is not typed",
	},
}

// TestPlanted plants weaknesses in copies of decks: a check is removed, or passes whatever comes, or a claim's bound
// is widened. Each lowers the score, and the audit names the change that nobody notices any more. Only the kind of
// change that the weakness lets through is tried. It audits with every third weakness, since each audit runs
// the deck many times, and with all of them if PLANTED is "all".
func TestPlanted(t *testing.T) {
	t.Parallel()
	needsPrograms(t, "sqlite3", "git")
	t.Run("planted", func(t *testing.T) { weaken(t, planted, plantedWeak) })
	t.Run("library", func(t *testing.T) { weaken(t, deckText(t, "library"), libraryWeak) })
	t.Run("history", func(t *testing.T) { weaken(t, deckText(t, "history"), historyWeak) })
}

func deckText(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../testdata/decks/" + name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// weaken audits a document as it is, and with each of the weaknesses.
func weaken(t *testing.T, text string, plants []plant) {
	t.Parallel()
	dir := t.TempDir()
	weakened(t, text, plants, func(t *testing.T, name, only, text string) *audited {
		file := filepath.Join(dir, name+".md")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return auditOf(t.Context(), t, "-j", "2", "--only", only, file)
	})
}

// weakened compares what audits of a text say without and with each of the weaknesses.
func weakened(t *testing.T, text string, plants []plant, audit func(t *testing.T, name, only, text string) *audited) {
	whole := map[string]*audited{}
	all := os.Getenv("PLANTED") == "all"
	for i, p := range plants {
		if strings.Count(text, p.old) != 1 {
			t.Fatalf("%s: %q is not once in the deck", p.name, p.old)
		}
		if !all && i%3 != 0 {
			continue
		}
		if whole[p.only] == nil {
			whole[p.only] = audit(t, fmt.Sprintf("whole-%d", i), p.only, text)
		}
		before := whole[p.only]
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			a := audit(t, fmt.Sprintf("weak-%d", i), p.only, strings.Replace(text, p.old, p.new, 1))
			found := slices.ContainsFunc(a.Results, func(r auditedChange) bool {
				return r.Verdict == "survived" && r.Change == p.survivor
			})
			if !found || a.Score >= before.Score {
				t.Errorf("score %d, was %d; survived: %v, before: %v", a.Score, before.Score, a.of("survived"), before.of("survived"))
			}
		})
	}
}
