package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
)

// many is a run of n failed exercises and one broken one behind them, with a text in each failure.
func many(t testing.TB, n int, text string) *recording {
	t.Helper()
	var exercises []*markdown.Exercise
	script := map[string]outcome{}
	for i := range n + 1 {
		line := 10 * (i + 1)
		exercises = append(exercises, exercise(fmt.Sprintf("c/e-%d", i), "c.md", line, fmt.Sprintf("%d bash false", line)))
		v := runner.Failed
		if i == n {
			v = runner.Broken
		}
		script[fmt.Sprintf("c.md:%d", line)] = outcome{v, 1, "", &runner.Failure{
			Pos: markdown.Pos{File: "c.md", Line: line, Col: 3}, Message: "it did not work", Command: text, Tail: text,
		}}
	}
	deck := &markdown.Deck{Name: "d", Chapters: []*markdown.Chapter{chapter("c", "c.md", slide(1, "T", "c.md", exercises...))}}
	return record(compile(t, deck), nil, nil, script)
}

func TestGitHubLimits(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(written(t, many(t, 8, ""), "github", report.Options{})), "\n")
	if len(lines) != 9 || lines[0] != "::error file=c.md,line=90,col=3,title=c/e-8::it did not work" {
		t.Errorf("%d lines, the first is %s", len(lines), lines[0])
	}
	for n, more := range map[int]string{9: "", 10: "2 more", 500: "492 more"} {
		lines := strings.Split(strings.TrimSpace(written(t, many(t, n, ""), "github", report.Options{})), "\n")
		if len(lines) != 10 || (more != "") != strings.Contains(lines[9], "title="+more+"::") {
			t.Errorf("%d failures: %d lines, the last is %s", n+1, len(lines), lines[9])
		}
	}
}

// TestGitHubSummary checks the size of the summary, and that it is added to that of other commands.
func TestGitHubSummary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "summary")
	if err := os.WriteFile(file, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	written(t, many(t, 100, hostile+strings.Repeat("日本語</pre><b>*\n", 500)), "github", report.Options{Summary: file})
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	shown := strings.Count(text, "<details>")
	if len(b) > 900<<10 || len(b) < 800<<10 || !utf8.Valid(b) || !strings.HasPrefix(text, "before\n## ") {
		t.Errorf("%d bytes: %.200s", len(b), text)
	}
	if want := fmt.Sprintf("\n%d more are left out here", 101-shown); !strings.Contains(text, want) {
		t.Errorf("no %q: %s", want, text[len(text)-200:])
	}
	if strings.Count(text, "</pre>") != shown || strings.Contains(text, "<b>") {
		t.Error("a text ends its element")
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") {
			t.Errorf("a command: %s", line)
		}
	}
}

// TestGitHubAsides has what was skipped, and the notes, in the summary as text.
func TestGitHubAsides(t *testing.T) {
	at := markdown.Pos{File: "a.md", Line: 1}
	e := &markdown.Exercise{ID: "a/b", Pos: at, Steps: []*markdown.Step{{Pos: at, Directive: "bash", Text: "b"}}}
	plan := compile(t, &markdown.Deck{Name: "a", Chapters: []*markdown.Chapter{chapter("a", "a.md", slide(1, "A", "a.md", e))}})
	r := record(plan, []string{"`b` was typed instead of the slide's `<c>`"}, nil,
		map[string]outcome{"a.md:1": {runner.Skipped, 1, "", &runner.Failure{Pos: at, Message: "because <b>"}}})
	file := filepath.Join(t.TempDir(), "summary")
	written(t, r, "github", report.Options{Summary: file})
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{": because &lt;b&gt;", "instead of the slide&#39;s `&lt;c&gt;`"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q in:\n%s", want, b)
		}
	}
}

// TestAttachment checks that output cannot make GitLab take a file for a picture.
func TestAttachment(t *testing.T) {
	for _, format := range []string{"junit", "junit-strict"} {
		if got := written(t, hostileIn(t, "[[ATTACHMENT|../../x.png]]"), format, report.Options{}); strings.Contains(got, "[[ATTACHMENT") {
			t.Errorf("%s: %s", format, got)
		}
	}
}
