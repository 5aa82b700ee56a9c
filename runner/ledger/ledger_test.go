package ledger_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/report"
	"workshop/runner/sandbox"
)

func TestMain(m *testing.M) {
	if code, ok := sandbox.Main(); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func compile(t *testing.T, snippets ...string) *runner.Plan {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Deck\n")
	for _, s := range snippets {
		b.WriteString("\n.exercise[\n```bash\n" + s + "\n```\n]\n")
	}
	d, err := markdown.Parse("deck.md", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := runner.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// known returns a ledger's results for the steps of a plan.
func known(l *ledger.Ledger, plan *runner.Plan) string {
	l.Know(plan)
	var all []string
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			for _, step := range e.Steps {
				last := l.Last(step)
				all = append(all, strings.TrimSpace(fmt.Sprint(last.Standing, " ", last.Verdict)))
			}
		}
	}
	return strings.Join(all, ", ")
}

// TestLast edits a deck after a check and compares the standing of each step, with a ledger and
// with a report.
func TestLast(t *testing.T) {
	dir := t.TempDir()
	plan := compile(t, "true", "false", "echo 3")
	written, err := ledger.Open(dir, "deck")
	if err != nil {
		t.Fatal(err)
	}
	written.Know(plan)
	var lines bytes.Buffer
	jsonl, err := report.New("jsonl", &lines, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := runner.Run(t.Context(), plan, runner.Options{Path: os.Getenv("PATH"), Event: func(e runner.Event) {
		if err := jsonl.Event(e); err != nil {
			t.Error(err)
		}
		if err := written.Event(e); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := written.Finish(result); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		plan *runner.Plan
		want string
	}{
		{"the same", plan, "same passed, same failed, same passed"},
		{"read again", compile(t, "true", "false", "echo 3"), "same passed, same failed, same passed"},
		{"edited at the end", compile(t, "true", "false", "echo three"), "same passed, same failed, edited passed"},
		{"edited at the beginning", compile(t, "true 1", "false", "echo 3"), "edited passed, before failed, before passed"},
		{"more", compile(t, "true", "false", "echo 3", "echo 4"), "same passed, same failed, same passed, never"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read, err := ledger.Open(dir, "deck")
			if err != nil {
				t.Fatal(err)
			}
			if got := known(read, tt.plan); got != tt.want {
				t.Errorf("the ledger: %s; want %s", got, tt.want)
			}
			reported, err := ledger.FromReport(bytes.NewReader(lines.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if got := known(reported, tt.plan); got != tt.want {
				t.Errorf("the report: %s; want %s", got, tt.want)
			}
		})
	}
	if other, err := ledger.Open(dir, "another deck"); err != nil || known(other, plan) != "never, never, never" {
		t.Error("another deck has its own ledger")
	}
}

// TestDamage reads damaged ledgers: they have no results, and cause no error.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Open(dir, "deck")
	if err != nil {
		t.Fatal(err)
	}
	plan := compile(t, "true")
	l.Know(plan)
	step := plan.Sessions[0].Exercises[0].Steps[0]
	for _, e := range []runner.Event{{Kind: runner.StepStarted, Step: step}, {Kind: runner.StepFinished, Step: step, Verdict: runner.Passed}} {
		if err := l.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Finish(nil); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("\x00{\n{\"place\":1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err = ledger.Open(dir, "deck"); err != nil || known(l, plan) != "never" {
		t.Error(err)
	}
	if _, err := ledger.FromReport(strings.NewReader("no report\n")); err == nil {
		t.Error("no report is read as one")
	}
}

// TestWorse combines the results of two steps.
func TestWorse(t *testing.T) {
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	last := func(s ledger.Standing, v runner.Verdict, at time.Time) ledger.Last {
		return ledger.Last{Standing: s, Verdict: v, At: at, Duration: time.Second}
	}
	never := ledger.Last{Standing: ledger.Never}
	passed, failed := last(ledger.Same, runner.Passed, late), last(ledger.Same, runner.Failed, late)
	for _, tt := range []struct {
		name       string
		a, b, want ledger.Last
	}{
		{"one is not known", passed, never, never},
		{"one has failed, the other was not reached", failed, never, failed},
		{"the older time", passed, last(ledger.Same, runner.Passed, early), ledger.Last{ledger.Same, runner.Passed, early, 2 * time.Second}},
		{"the worse verdict", passed, failed, ledger.Last{ledger.Same, runner.Failed, late, 2 * time.Second}},
		{
			"not decided", passed, last(ledger.Same, runner.Inconclusive, late),
			ledger.Last{ledger.Same, runner.Inconclusive, late, 2 * time.Second},
		},
		{"edited", passed, last(ledger.Edited, runner.Passed, late), ledger.Last{ledger.Edited, runner.Passed, late, 2 * time.Second}},
		{"edited before", last(ledger.Before, runner.Passed, late), passed, ledger.Last{ledger.Before, runner.Passed, late, 2 * time.Second}},
	} {
		if got := tt.a.Worse(tt.b); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		if got := tt.b.Worse(tt.a); got != tt.want {
			t.Errorf("%s, the other way: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestAttempts checks the verdicts of steps that ran several times, with a ledger and with a report. A
// step that failed and passed is flaky; a measurement that could not decide has not passed.
func TestAttempts(t *testing.T) {
	plan := compile(t, "echo >>$COUNT; test $(wc -l <$COUNT) -gt 1", "true", "echo inconclusive: too busy")
	written, err := ledger.Open(t.TempDir(), "deck")
	if err != nil {
		t.Fatal(err)
	}
	written.Know(plan)
	var lines bytes.Buffer
	jsonl, err := report.New("jsonl", &lines, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = runner.Run(t.Context(), plan, runner.Options{
		Path: os.Getenv("PATH"), Env: []string{"COUNT=" + filepath.Join(t.TempDir(), "count")}, Retries: 1,
		Event: func(e runner.Event) {
			for _, r := range []report.Reporter{jsonl, written} {
				if err := r.Event(e); err != nil {
					t.Error(err)
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := ledger.FromReport(&lines)
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]*ledger.Ledger{"ledger": written, "report": read} {
		if got, want := known(l, plan), "same flaky, same passed, same inconclusive"; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestBegin checks what is left of an earlier run when another one has begun and was killed: its verdicts
// are not the last ones. A ledger that cannot be written is removed.
func TestBegin(t *testing.T) {
	plan, dir := compile(t, "true", "true"), t.TempDir()
	open := func() *ledger.Ledger {
		t.Helper()
		l, err := ledger.Open(dir, "deck")
		if err != nil {
			t.Fatal(err)
		}
		l.Know(plan)
		return l
	}
	first := open()
	result, err := runner.Run(t.Context(), plan, runner.Options{Path: os.Getenv("PATH"), Event: func(e runner.Event) {
		if err := first.Event(e); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Finish(result); err != nil {
		t.Fatal(err)
	}
	last := plan.Sessions[0].Exercises[1]
	before, _ := open().LastRun(last.ID)
	if got := open().Failed(); len(got) > 0 || before.Duration <= 0 {
		t.Fatalf("a run that passed: %v did not, %v", got, before)
	}
	if err := open().Begin(plan.Sessions); err != nil {
		t.Fatal(err)
	}
	if got := open().Failed(); len(got) != 2 {
		t.Errorf("a run that was killed: %v did not pass, want both", got)
	}
	if got, _ := open().LastRun(last.ID); got.Duration != before.Duration {
		t.Errorf("the duration of the run before was %v, now %v", before.Duration, got.Duration)
	}

	stale := open()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // no file can be made there
		t.Fatal(err)
	}
	if err := stale.Begin(plan.Sessions); err == nil {
		t.Error("a ledger that is neither written nor removed is no error")
	}
}

// TestLate checks the verdict of a step whose command failed when its exercise was over, with a ledger and
// with a report.
func TestLate(t *testing.T) {
	d, err := markdown.Parse("deck.md", []byte("# Deck\n\n.exercise[\n```bash\nsh -c 'echo READY; sleep 0.5; exit 3'\n```\n"+
		"```wait READY```\n]\n\n.exercise[\n```bash\ntrue\n```\n]\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := runner.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	written, err := ledger.Open(t.TempDir(), "deck")
	if err != nil {
		t.Fatal(err)
	}
	written.Know(plan)
	var lines bytes.Buffer
	jsonl, err := report.New("jsonl", &lines, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = runner.Run(t.Context(), plan, runner.Options{Path: os.Getenv("PATH"), Event: func(e runner.Event) {
		for _, r := range []report.Reporter{jsonl, written} {
			if err := r.Event(e); err != nil {
				t.Error(err)
			}
		}
	}}); err != nil {
		t.Fatal(err)
	}
	read, err := ledger.FromReport(&lines)
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]*ledger.Ledger{"ledger": written, "report": read} {
		if got, want := known(l, plan), "same failed, same passed, same passed"; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
