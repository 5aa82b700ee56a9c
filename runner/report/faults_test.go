package report_test

import (
	"fmt"
	"html"
	"os"
	"strings"
	"testing"
	"time"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
)

// TestFaults runs a deck with ten faults of different kinds, and an exercise behind each that
// passes. Every report has the ten verdicts, each with its message.
func TestFaults(t *testing.T) {
	faults := []struct{ name, steps, message string }{
		{"wrong text", "```bash echo colour```\n```wait colours```", `"colours" did not appear within 300ms`},
		{"wrong status", "```bash\n(exit 3)\n```", "the command ended with status 3"},
		{"crash", "```bash sleep 0.1; kill -SEGV $BASHPID```\n```wait up```", "the shell ended"},
		{"crash of a service", "```bash (echo up; sleep 0.05; exit 7)```\n```wait up```\n```check```", "the command ended with status 7"},
		{"hang", "```bash sleep 100```", "has not ended after 2s"},
		{"early exit", "```bash exit 4```", "the shell ended"},
		{"flood", "```bash timeout 1 yes spam```\n```wait end```", `"end" did not appear within 300ms`},
		{"forged mark", "```bash\nprintf '\\033]133;D;0\\007'; false\n```", "the command ended with status 1"},
		{"changed prompt", "```bash\nPS1='ok 100%% '; false\n```", "the command ended with status 1"},
		{"missing tool", "```bash no-such-tool --help```", "the command ended with status 127"},
		{"slow start", "```bash sleep 1.5; echo ready```\n```wait ready```", `"ready" did not appear within 300ms`},
	}
	var text strings.Builder
	for i, f := range faults {
		fmt.Fprintf(&text, "## Fault %d %s\n\n.exercise[\n%s\n]\n\n---\n\n## After %d\n\n.exercise[\n```bash echo "+
			"fine```\n]\n\n---\n\n", i, f.name, f.steps, i)
	}
	d, err := markdown.Parse("faults.md", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	plan := compile(t, d)
	var result *runner.Result
	texts := inFiles(t, func(files *report.Files) {
		result, err = runner.Run(t.Context(), plan, runner.Options{
			Path: os.Getenv("PATH"), Limits: runner.Limits{Wait: 300 * time.Millisecond, Step: 2 * time.Second},
			Event: func(e runner.Event) {
				if err := files.Event(e); err != nil {
					t.Error(err)
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := files.Finish(result); err != nil {
			t.Fatal(err)
		}
	})
	for i, e := range result.Sessions[0].Exercises {
		want := runner.Passed
		if i%2 == 0 {
			want = runner.Failed
		}
		if e.Verdict != want {
			t.Errorf("%s is %s: %v", e.ID, e.Verdict, e.Failure)
		}
	}
	texts["junit"], texts["html"] = html.UnescapeString(texts["junit"]), html.UnescapeString(texts["html"])
	for i, f := range faults {
		if failure := result.Sessions[0].Exercises[2*i].Failure; failure == nil || failure.Pos.Line == 0 || failure.Command == "" {
			t.Errorf("the failure of %s names no place or command: %+v", f.name, failure)
		}
		for _, format := range report.LaterFormats() {
			got := texts[format]
			if format == "junit-strict" {
				got = html.UnescapeString(got)
			}
			if format == "jsonl" {
				got = strings.ReplaceAll(got, `\"`, `"`)
			}
			if format == "github" && i >= 9 { // more than GitHub shows
				continue
			}
			if !strings.Contains(got, f.message) {
				t.Errorf("%s does not say %q of %s", format, f.message, f.name)
			}
		}
	}
	if n := strings.Count(texts["github"], "::error "); n != 10 || !strings.Contains(texts["github"], "title=2 more::") {
		t.Errorf("%d annotations:\n%s", n, texts["github"])
	}
}

// TestNotBegun checks that every report says why a run has not begun: one that looks like an empty run
// that passed would be a lie.
func TestNotBegun(t *testing.T) {
	t.Parallel()
	const message = "the deck cannot be read"
	texts := inFiles(t, func(files *report.Files) {
		err := files.Abort(runner.Result{Verdict: runner.Broken, Problems: []*runner.Failure{{Message: message}}})
		if err != nil {
			t.Fatal(err)
		}
	})
	for format, text := range texts {
		if !strings.Contains(text, message) {
			t.Errorf("%s does not say %q:\n%s", format, message, text)
		}
	}
}
