package lint_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
	"workshop/runner/lint"
)

// repair applies the fixes of a deck of one file, once.
func repair(t *testing.T, text string) (string, int) {
	t.Helper()
	in := input(t, fstest.MapFS{"deck.md": {Data: []byte(text)}}, "deck.md")
	fixed, n := lint.Apply([]byte(text), lint.Run(in, lint.Options{}).Fixes()["deck.md"])
	return string(fixed), n
}

func TestFix(t *testing.T) {
	const zero, nbsp, joiner = "\u200b", "\u00a0", "\u200d"
	tests := []struct{ name, before, after string }{
		{"separators", "# A\n\n--- \n\n# B\n\n--\t\n\nC\n\n??? \n\nD  \n", "# A\n\n---\n\n# B\n\n--\n\nC\n\n???\n\nD  \n"},
		{"line ends", "\ufeff# A\r\n\r\n--- \r\n\r\n# B  \r\n", "\ufeff# A\r\n\r\n---\r\n\r\n# B  \r\n"},
		{"no end of the last line", "# Ä\n\n-- ", "# Ä\n\n--"},
		{
			"invisible", ".exercise[\n- é:\n  ```bash\n  l" + zero + "s " + zero + "é" + zero + "\n  ```\n]\n",
			".exercise[\n- é:\n  ```bash\n  ls é\n  ```\n]\n",
		},
		{
			"a joiner that is seen", ".exercise[ ```bash ls" + joiner + " 👩" + joiner + "💻``` ]\n",
			".exercise[ ```bash ls 👩" + joiner + "💻``` ]\n",
		},
		{
			"elsewhere", "zero" + zero + "width, no" + nbsp + "break, \u202ebidi\u202c, a\u200db\n",
			"zerowidth, no" + nbsp + "break, \u202ebidi\u202c, a\u200db\n",
		},
		{"no-break", ".exercise[ ```bash ls" + nbsp + "-l" + nbsp + "x``` ]\n", ".exercise[ ```bash ls -l x``` ]\n"},
		{"prompts", ".exercise[\n  ```bash\n  $ ls\n  $ ls \\\n    -l\n  ```\n]\n", ".exercise[\n  ```bash\n  ls\n  ls \\\n    -l\n  ```\n]\n"},
		{"a prompt with backticks", ".exercise[ ```bash\n$ kubectl get `pods`\n```\n]\n", ".exercise[ ```bash\nkubectl get `pods`\n```\n]\n"},
		{"prompts and output", ".exercise[\n```bash\n$ ls\na b\n```\n]\n", ".exercise[\n```bash\n$ ls\na b\n```\n]\n"},
		{"a block", ".exercise [\n```bash\nls\n```\n]\n", ".exercise[\n```bash\nls\n```\n]\n"},
		{"quotes", ".exercise[\n```bash\necho “a” ‘b’\n```\n]\n", ".exercise[\n```bash\necho \"a\" 'b'\n```\n]\n"},
		{"a dash", ".exercise[\n```bash\nls –l\n```\n]\n", ".exercise[\n```bash\nls –l\n```\n]\n"},
		{"continuations", ".exercise[\n```bash\nls \\ \t\n  -l\n```\n]\n", ".exercise[\n```bash\nls \\\n  -l\n```\n]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := repair(t, tt.before)
			if diff := cmp.Diff(tt.after, got); diff != "" {
				t.Errorf("(- wanted, + got):\n%s", diff)
			}
			if again, n := repair(t, got); n > 0 {
				t.Errorf("repaired again: %q", again)
			}
		})
	}
}

// TestApplyElsewhere shows that edits of another text change nothing.
func TestApplyElsewhere(t *testing.T) {
	at := func(line, col int, old string) markdown.Edit {
		pos := markdown.Pos{File: "a", Line: line, Col: col}
		return markdown.Edit{Span: markdown.Span{Pos: pos, End: markdown.Pos{File: "a", Line: line, Col: col + len(old)}}, Old: old, New: "x"}
	}
	text := "one\ntwo\nthree"
	for _, e := range []markdown.Edit{at(1, 1, "two"), at(1, 9, "o"), at(9, 1, "o"), at(3, 6, "e"), at(1, 3, "e\ntwo"), at(2, 4, "t")} {
		if got, n := lint.Apply([]byte(text), []markdown.Edit{e}); n != 0 || string(got) != text {
			t.Errorf("%v: %q", e, got)
		}
	}
	edits := []markdown.Edit{at(1, 9, "o"), at(2, 1, "two"), at(3, 5, "e")}
	if got, n := lint.Apply([]byte(text), edits); n != 2 || string(got) != "one\nx\nthrex" {
		t.Errorf("%q", got)
	}
}

func TestDiff(t *testing.T) {
	got := lint.Diff("a.md", []byte("1\n2\n3\n4\n5"), []byte("1\nzwei\ndrei\n4\nfünf"))
	want := "--- a.md\n+++ a.md\n@@ -2,2 +2,2 @@\n-2\n-3\n+zwei\n+drei\n" +
		"@@ -5,1 +5,1 @@\n-5\n\\ No newline at end of file\n+fünf\n\\ No newline at end of file\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzFix shows that repairs change nothing but the mistake: they only remove
// or replace single characters, and the second time there is nothing left to do.
func FuzzFix(f *testing.F) {
	for _, r := range lint.Rules() {
		if r.Bad != "" && !strings.HasPrefix(r.Bad, "-- ") {
			f.Add(r.Bad)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := text
		for range 20 {
			next, n := repair(t, got)
			if n == 0 {
				return
			}
			if len(next) > len(got) || strings.Count(next, "\n") != strings.Count(got, "\n") {
				t.Fatalf("%q became %q", got, next)
			}
			got = next
		}
		t.Errorf("no end of repairs: %q, %q", text, got)
	})
}
