package report_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/joshdk/go-junit"
	"go.uber.org/goleak"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/sandbox"
)

func TestMain(m *testing.M) {
	if code, ok := sandbox.Main(); ok {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock")) // ends by itself
}

const deck = `# Two exercises

.exercise[

- Print a text in colour:
  ` + "```bash" + `
  printf '\033[31m%s\033[m\n' 'a text'
  ` + "```" + `

]

---

## The wrong text

.exercise[

` + "```bash echo colour```" + `
` + "```wait colours```" + `

]
`

// realRun runs a deck and gives the run to a reporter of each format.
func realRun(t *testing.T, ctx context.Context, plan *runner.Plan, opts runner.Options) (map[string]string, *runner.Result) {
	t.Helper()
	written := map[string]*bytes.Buffer{}
	var reporters []report.Reporter
	for _, f := range report.Formats() {
		b := &bytes.Buffer{}
		r, err := report.New(f.Name, b, report.Options{TTY: f.Name == "live", Cols: 80, Rows: 24})
		if err != nil {
			t.Fatal(err)
		}
		written[f.Name], reporters = b, append(reporters, r)
	}
	before := opts.Event
	opts.Event = func(e runner.Event) {
		for _, r := range reporters {
			if err := r.Event(e); err != nil {
				t.Errorf("event %s: %v", e.Kind, err)
			}
		}
		if before != nil {
			before(e)
		}
	}
	opts.Path = os.Getenv("PATH")
	opts.Limits.Wait = 200 * time.Millisecond
	result, err := runner.Run(ctx, plan, opts)
	if err != nil && !errors.Is(err, runner.ErrNothingSelected) {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for i, f := range report.Formats() {
		if err := reporters[i].Finish(result); err != nil {
			t.Errorf("finish %s: %v", f.Name, err)
		}
		texts[f.Name] = written[f.Name].String()
	}
	return texts, result
}

func planOf(t *testing.T) *runner.Plan {
	t.Helper()
	d, err := markdown.Parse("two.md", []byte(deck))
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, d)
}

// durations differ from run to run.
var durations = regexp.MustCompile(` +\d+\.\ds`)

func TestRealRun(t *testing.T) {
	texts, result := realRun(t, t.Context(), planOf(t), runner.Options{})
	if result.Verdict != runner.Failed {
		t.Errorf("the run is %s", result.Verdict)
	}
	for format, wants := range map[string][]string{
		"console": {
			"ok      two/two-exercises", "FAIL    two/the-wrong-text", `two.md:19:1: "colours" did not appear within 200ms`,
			"nearest     colour", "┌ last screen", "FAIL    2 exercises: 1 passed, 1 failed in",
		},
		"live": {"\x1b[?1049l", "a text", "FAIL    2 exercises: 1 passed, 1 failed in"},
		"progress": {
			"[1/2] two/two-exercises  Two exercises  two.md:3", "\n  bash printf", "\n  │ a text\n", "\n  ok", "\n  wait colours\n",
			"\n  FAIL", "2 exercises: 1 passed, 1 failed in",
		},
		"jsonl": {`"kind":"run-finished"`, `"counts":{"passed":1,"skipped":0,"failed":1,"broken":0,"interrupted":0,"blocked":0,`},
	} {
		for _, want := range wants {
			if !strings.Contains(texts[format], want) {
				t.Errorf("%s has no %q:\n%s", format, want, texts[format])
			}
		}
	}
	var text strings.Builder
	for _, r := range records(t, texts["jsonl"]) {
		if s, ok := r["text"].(string); ok {
			text.WriteString(s)
		}
	}
	if !strings.Contains(text.String(), "\na text\n") {
		t.Errorf("the text of the terminal is %q", text.String())
	}
	if strings.Contains(texts["jsonl"], "]133;") {
		t.Error("marks of the shell are in the report")
	}
}

func TestRealRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	texts, _ := realRun(t, ctx, planOf(t), runner.Options{Event: func(e runner.Event) {
		if e.Kind == runner.StepStarted && e.Step.Directive == "wait" {
			cancel()
		}
	}})
	want := "stop    2 exercises: 1 passed, 1 interrupted in"
	for _, format := range []string{"console", "progress", "live"} {
		if !strings.Contains(texts[format], want) {
			t.Errorf("%s has no %q:\n%s", format, want, texts[format])
		}
	}
	checkTotals(t, texts["junit"], junit.Totals{Tests: 2, Passed: 1, Error: 1})
}

func TestRealRunBroken(t *testing.T) {
	texts, _ := realRun(t, t.Context(), planOf(t), runner.Options{Workdir: func(*runner.Session) (runner.Workdir, error) {
		return runner.Workdir{}, errors.New("there is no such directory")
	}})
	for _, format := range []string{"console", "progress", "live"} {
		got := durations.ReplaceAllString(texts[format], "")
		if n := strings.Count(got, "two.md:3:1: the session cannot be started: there is no such directory"); n < 1 {
			t.Errorf("%s does not say why:\n%s", format, got)
		}
		if want := "BROKEN  2 exercises: 2 broken in"; !strings.Contains(got, want) {
			t.Errorf("%s has no %q:\n%s", format, want, got)
		}
	}
	checkTotals(t, texts["junit"], junit.Totals{Tests: 2, Error: 2})
}

func TestRealRunOfNothing(t *testing.T) {
	texts, result := realRun(t, t.Context(), &runner.Plan{}, runner.Options{})
	if result != nil {
		t.Errorf("there is a result: %+v", result)
	}
	for format, text := range texts {
		if text != "" {
			t.Errorf("%s says %q", format, text)
		}
	}
}

func checkTotals(t *testing.T, text string, want junit.Totals) {
	t.Helper()
	suites, err := junit.Ingest([]byte(text))
	if err != nil || len(suites) != 1 {
		t.Fatalf("%d suites, %v", len(suites), err)
	}
	got := suites[0].Totals
	got.Duration = 0
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
