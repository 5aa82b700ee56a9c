package runner

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"workshop/runner/sandbox"
)

func TestMain(m *testing.M) {
	if code, ok := sandbox.Main(); ok {
		os.Exit(code)
	}
	if filepath.Base(os.Args[0]) == OpenTool {
		os.Exit(OpenMain(context.Background(), os.Args[1:], os.Stdout))
	}
	goleak.VerifyTestMain(m)
}

// runDeck runs a deck of one file and records its events.
func runDeck(t *testing.T, ctx context.Context, text string, opts Options) (*Result, []Event) {
	t.Helper()
	p, err := Compile(load(t, "d.md", map[string]string{"d.md": text}))
	if err != nil {
		t.Fatal(err)
	}
	var events []Event
	opts.Path = os.Getenv("PATH")
	report := opts.Event
	opts.Event = func(e Event) {
		events = append(events, e)
		if report != nil {
			report(e)
		}
	}
	result, err := Run(ctx, p, opts)
	if err != nil {
		t.Fatal(err)
	}
	return result, events
}

func TestEvents(t *testing.T) {
	result, events := runDeck(t, context.Background(), chapter("D", snippet, "```bash\nfalse\n```", snippet), Options{StopAtFail: true})
	if result.Verdict != Failed {
		t.Errorf("verdict %s", result.Verdict)
	}
	var got []string
	for _, e := range events {
		if e.Kind == EventOutput || e.Kind == EventNote {
			continue
		}
		line := string(e.Kind)
		if e.Step != nil {
			line += " " + e.Step.Pos.String()
		} else if e.Exercise != nil {
			line += " " + e.Exercise.ID
		}
		if e.Verdict != "" {
			line += " " + string(e.Verdict)
		}
		got = append(got, line)
	}
	want := strings.Split(strings.TrimSpace(`
run-started
session-started
exercise-started d/d-1
step-started d.md:4:1
step-finished d.md:4:1 passed
exercise-finished d/d-1 passed
exercise-started d/d-2
step-started d.md:14:1
step-finished d.md:14:1 failed
exercise-finished d/d-2 failed
exercise-started d/d-3
exercise-finished d/d-3 skipped
session-finished failed
run-finished failed`), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestInterrupt cancels a run in the middle of a step: the result is whole, and the
// end comes at once.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var begun time.Time
	result, _ := runDeck(t, ctx, chapter("D", "```bash\necho U''P; trap '' INT; sleep 100\n```", snippet), Options{Event: func(e Event) {
		if e.Kind == EventOutput && strings.Contains(string(e.Data), "UP") {
			begun = time.Now()
			cancel()
		}
	}})
	if d := time.Since(begun); d > time.Minute {
		t.Errorf("the end took %v", d)
	}
	var got []Verdict
	for _, e := range result.Sessions[0].Exercises {
		got = append(got, e.Verdict)
	}
	if diff := cmp.Diff([]Verdict{Interrupted, Skipped}, got); diff != "" || result.Verdict != Interrupted {
		t.Errorf("%s %s", result.Verdict, diff)
	}
}

// TestBroken runs where the environment is at fault, not the deck.
func TestBroken(t *testing.T) {
	result, _ := runDeck(t, context.Background(), chapter("D", snippet), Options{Shell: "/nonexistent/bash"})
	s := result.Sessions[0]
	if result.Verdict != Broken || s.Failure == nil || !strings.Contains(s.Failure.Message, "the session cannot be started") {
		t.Errorf("%s %+v", result.Verdict, s.Failure)
	}
}

// TestFlood runs a command that never stops writing: it fails at its limit, and the
// next exercise has its prompt.
func TestFlood(t *testing.T) {
	result, _ := runDeck(t, context.Background(), chapter("D", "```bash\nyes\n```", snippet), Options{Limits: Limits{Step: time.Second}})
	e := result.Sessions[0].Exercises
	if e[0].Verdict != Failed || e[1].Verdict != Passed {
		t.Errorf("%s %s", e[0].Verdict, e[1].Verdict)
	}
	if out := len(e[0].Steps[0].Output); out > 10_000 {
		t.Errorf("%d bytes of output are kept", out)
	}
}
