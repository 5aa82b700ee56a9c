package report_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"workshop/runner"
	"workshop/runner/report"
)

func TestLive(t *testing.T) {
	for _, size := range []struct{ cols, rows int }{{80, 24}, {200, 50}, {30, 8}} {
		for _, at := range []struct {
			name  string
			event func(runner.Event) bool
			after time.Duration
		}{
			{"start", func(e runner.Event) bool { return e.Kind == runner.SessionStarted }, 3 * time.Second},
			{"wait", atStep(40), 12 * time.Second},
			{"hostile", atStep(10), 500 * time.Millisecond},
			{"end", atStep(6), time.Minute},
		} {
			name := fmt.Sprintf("live-%s-%d", at.name, size.cols)
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newDisplay(size.cols, size.rows)
					r, err := report.New("live", s, s.options(true))
					if err != nil {
						t.Fatal(err)
					}
					rec := mixed(t)
					rec.playUntil(t, r, at.event)
					<-time.After(at.after)
					synctest.Wait()
					x, y, visible := s.Cursor()
					golden(t, name+".screen", s.shown()+fmt.Sprintf("-- cursor %d,%d %t\n", x, y, visible))
					if err := r.Finish(nil); err != nil {
						t.Fatal(err)
					}
					if s.AltScreen() || s.shown() != "\n" {
						t.Errorf("the screen has not been restored:\n%s", s.shown())
					}
					if strings.ContainsAny(s.raw.String(), "\a\u009b\u202e") || strings.Contains(s.raw.String(), "\x1b]") {
						t.Errorf("bytes of the run reached the terminal: %q", s.raw.String())
					}
				})
			})
		}
	}
}

// TestLiveSummary compares the main screen at the end with the console report.
func TestLiveSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newDisplay(200, 100)
		r, err := report.New("live", s, s.options(false))
		if err != nil {
			t.Fatal(err)
		}
		rec := mixed(t)
		rec.play(t, r)
		if got, want := s.shown(), written(t, rec, "console", report.Options{Cols: 200, Rows: 100}); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if x, y, visible := s.Cursor(); !visible || x != 0 {
			t.Errorf("the cursor is at %d,%d, visible: %t", x, y, visible)
		}
	})
}

// TestLiveFrames checks that a program which prints endlessly does not make the terminal draw
// endlessly.
func TestLiveFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &counter{}
		r, err := report.New("live", w, report.Options{TTY: true, Cols: 80, Rows: 24})
		if err != nil {
			t.Fatal(err)
		}
		rec := passed(t)
		rec.playUntil(t, r, atStep(4))
		before := w.writes.Load()
		for i := range 10_000 {
			<-time.After(100 * time.Microsecond)
			if err := r.Event(runner.Event{Kind: runner.EventOutput, Time: time.Now(), Data: fmt.Appendf(nil, "line %d\r\n", i)}); err != nil {
				t.Fatal(err)
			}
		}
		if frames := w.writes.Load() - before; frames < 50 || frames > 61 {
			t.Errorf("%d frames in a second, want 60", frames)
		}
		if err := r.Finish(rec.result); err != nil {
			t.Fatal(err)
		}
	})
}

type counter struct{ writes atomic.Int64 }

func (c *counter) Write(b []byte) (int, error) { c.writes.Add(1); return len(b), nil }

// TestLiveIdle checks that only the clock is drawn between events.
func TestLiveIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &counter{}
		r, err := report.New("live", w, report.Options{TTY: true, Cols: 80, Rows: 24})
		if err != nil {
			t.Fatal(err)
		}
		passed(t).playUntil(t, r, atStep(4))
		<-time.After(100 * time.Millisecond)
		before := w.writes.Load()
		<-time.After(10 * time.Second)
		if frames := w.writes.Load() - before; frames != 10 {
			t.Errorf("%d frames in ten idle seconds, want 10", frames)
		}
		if err := r.Finish(nil); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLiveResize resizes: the view follows the terminal, the model follows the run.
func TestLiveResize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newDisplay(80, 24)
		opts := s.options(false)
		opts.Size = s.Size
		r, err := report.New("live", s, opts)
		if err != nil {
			t.Fatal(err)
		}
		passed(t).playUntil(t, r, atStep(4))
		<-time.After(time.Second)
		synctest.Wait()
		s.Resize(60, 10)
		cols, rows := report.LiveSize(60, 10)
		if cols != 60 || rows != 7 {
			t.Errorf("LiveSize = %d×%d, want 60×7", cols, rows)
		}
		for _, e := range []runner.Event{
			{Kind: runner.EventResized, Time: time.Now(), Cols: cols, Rows: rows},
			{Kind: runner.EventOutput, Time: time.Now(), Data: []byte("\x1b[7;1Hthe last row")},
		} {
			if err := r.Event(e); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(100 * time.Millisecond)
		synctest.Wait()
		lines := s.Lines()
		if len(lines) != 10 || lines[8] != "the last row" || !strings.HasPrefix(lines[0], " 1/2  Hello") ||
			!strings.Contains(lines[9], "intro.md:4") {
			t.Errorf("the view is\n%s", s.shown())
		}
		if err := r.Finish(nil); err != nil {
			t.Fatal(err)
		}
	})
}

var errGone = errors.New("the terminal is gone")

// gone is a terminal that fails after some writes.
type gone struct{ left int }

func (g *gone) Write(b []byte) (int, error) {
	if g.left--; g.left < 0 {
		return 0, errGone
	}
	return len(b), nil
}

func TestLiveTerminalGone(t *testing.T) {
	for left := range 3 {
		t.Run(fmt.Sprint(left), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := report.New("live", &gone{left}, report.Options{TTY: true})
				if err != nil {
					t.Fatal(err)
				}
				var errs []error
				rec := passed(t)
				for _, e := range rec.events {
					<-time.After(time.Until(e.Time))
					errs = append(errs, r.Event(e))
				}
				errs = append(errs, r.Finish(rec.result))
				var reported int
				for _, err := range errs {
					if errors.Is(err, errGone) {
						reported++
					}
				}
				if reported != 1 {
					t.Errorf("the error was reported %d times: %v", reported, errs)
				}
			})
		})
	}
}
