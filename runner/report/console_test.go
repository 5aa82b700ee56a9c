package report_test

import (
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/screen"
)

// display is a terminal that reports are written to.
type display struct {
	mu sync.Mutex
	*screen.Screen
	raw strings.Builder
}

func newDisplay(cols, rows int) *display {
	return &display{Screen: screen.New(cols, rows, screen.Hooks{})}
}

// Write works like a terminal in its cooked mode: a line feed also returns.
func (s *display) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(b)
	_, err := io.WriteString(s.Screen, strings.ReplaceAll(string(b), "\n", "\r\n"))
	return len(b), err
}

// shown returns the drawn screen, without blank lines at its end.
func (s *display) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimRight(strings.Join(s.Lines(), "\n"), "\n") + "\n"
}

func (s *display) options(color bool) report.Options {
	cols, rows := s.Size()
	return report.Options{TTY: true, Color: color, Cols: cols, Rows: rows, RunID: "run"}
}

// playUntil gives a reporter the events up to one, each at its time. Call it in a bubble, where
// time passes when all goroutines are blocked.
func (r *recording) playUntil(t *testing.T, to report.Reporter, last func(runner.Event) bool) {
	t.Helper()
	for _, e := range r.events {
		<-time.After(time.Until(e.Time))
		if err := to.Event(e); err != nil {
			t.Fatalf("event %s: %v", e.Kind, err)
		}
		if last(e) {
			return
		}
	}
	t.Fatal("the recording has no such event")
}

func atStep(line int) func(runner.Event) bool {
	return func(e runner.Event) bool {
		return e.Kind == runner.StepStarted && e.Step.Pos.Line == line
	}
}

func TestConsoleLiveLine(t *testing.T) {
	for _, tc := range []struct {
		name       string
		cols, rows int
		line       int
		after      time.Duration
		want       string
	}{
		{"a step begins", 80, 24, 14, 0, "1/8  scaling/starting-in-the-background  bash docker-compose up -d         0:00"},
		{"time passes", 80, 24, 6, 61 * time.Second, "7/8  last/interrupted  bash sleep 1000                                     1:00"},
		{"narrow", 40, 10, 14, 2 * time.Second, "1/8  scaling/starting-in-the-ba…   0:02"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newDisplay(tc.cols, tc.rows)
				r, err := report.New("console", s, s.options(false))
				if err != nil {
					t.Fatal(err)
				}
				rec := mixed(t)
				rec.playUntil(t, r, atStep(tc.line))
				<-time.After(tc.after)
				synctest.Wait()
				_, y, _ := s.Cursor()
				if got := s.Lines()[y]; got != tc.want {
					t.Errorf("the last line is\n%q, want\n%q", got, tc.want)
				}
				if err := r.Finish(nil); err != nil {
					t.Fatal(err)
				}
				if got := s.Lines()[y]; got != "" {
					t.Errorf("the last line is not cleared: %q", got)
				}
			})
		})
	}
}

// TestConsoleOnTerminal compares the final contents of a terminal with the output to a pipe.
func TestConsoleOnTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newDisplay(100, 200)
		r, err := report.New("console", s, s.options(false))
		if err != nil {
			t.Fatal(err)
		}
		rec := passed(t)
		rec.playUntil(t, r, func(e runner.Event) bool { return e.Kind == runner.RunFinished })
		if err := r.Finish(rec.result); err != nil {
			t.Fatal(err)
		}
		if piped := written(t, rec, "console", report.Options{}); s.shown() != piped {
			t.Errorf("on a terminal:\n%s\nin a pipe:\n%s", s.shown(), piped)
		}
	})
}

// perform plays the mixed run on a screen, up to an event or to its end.
func perform(t *testing.T, s *display, format string, until func(runner.Event) bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r, err := report.New(format, s, s.options(true))
		if err != nil {
			t.Fatal(err)
		}
		rec := mixed(t)
		if until == nil {
			rec.play(t, r)
			return
		}
		rec.playUntil(t, r, until)
		<-time.After(500 * time.Millisecond)
		synctest.Wait()
		shown := s.raw.String()
		if err := r.Finish(nil); err != nil {
			t.Fatal(err)
		}
		// The clone shows the state before the end.
		clone := newDisplay(s.Size())
		if _, err := io.WriteString(clone, shown); err != nil {
			t.Fatal(err)
		}
		s.Screen, s.raw = clone.Screen, strings.Builder{}
		s.raw.WriteString(shown)
	})
}
