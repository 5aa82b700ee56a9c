//go:build linux || darwin

package report_test

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"workshop/runner/report"
)

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestDetect(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer tty.Close()
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 90, Rows: 30}); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, tc := range []struct {
		name       string
		file       *os.File
		env        map[string]string
		tty, color bool
	}{
		{"terminal", tty, nil, true, true},
		{"NO_COLOR", tty, map[string]string{"NO_COLOR": "1"}, true, false},
		{"dumb", tty, map[string]string{"TERM": "dumb"}, false, false},
		{"file", file, nil, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := report.Detect(tc.file, environment(tc.env)); got.TTY != tc.tty || got.Color != tc.color {
				t.Errorf("TTY %t, colour %t, want %t, %t", got.TTY, got.Color, tc.tty, tc.color)
			}
		})
	}
	opts := report.Detect(tty, environment(nil))
	if opts.Cols != 90 || opts.Rows != 30 {
		t.Errorf("%d×%d, want 90×30", opts.Cols, opts.Rows)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 40, Rows: 10}); err != nil {
		t.Fatal(err)
	}
	if cols, rows := opts.Size(); cols != 40 || rows != 10 {
		t.Errorf("then %d×%d, want 40×10", cols, rows)
	}
}

// TestLiveModes: while the view is shown, keys are not; afterwards the terminal is as
// it was, and what was typed meanwhile is not left to others.
func TestLiveModes(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	seen := make(chan []byte, 1)
	go func() {
		b, err := io.ReadAll(master)
		if err != nil && !errors.Is(err, os.ErrClosed) {
			b = append(b, err.Error()...) // EIO: nobody has the terminal open any more
		}
		seen <- b
	}()
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.New("live", tty, report.Detect(tty, environment(nil)))
	if err != nil {
		t.Fatal(err)
	}
	rec := passed(t)
	if err := r.Event(rec.events[0]); err != nil {
		t.Fatal(err)
	}
	during, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if *during == *before {
		t.Error("keys are shown")
	}
	if _, err := master.WriteString("rm -rf x\r"); err != nil {
		t.Fatal(err)
	}
	typed := []unix.PollFd{{Fd: int32(tty.Fd()), Events: unix.POLLIN}}
	if _, err := unix.Poll(typed, -1); err != nil {
		t.Fatal(err)
	}
	if err := r.Finish(nil); err != nil {
		t.Fatal(err)
	}
	after, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if *after != *before {
		t.Errorf("the terminal is %+v, was %+v", after, before)
	}
	if n, err := unix.Poll(typed, 0); err != nil || n != 0 {
		t.Errorf("what was typed is still there: %d, %v", n, err)
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	<-seen
	if err := master.Close(); err != nil {
		t.Fatal(err)
	}
}
