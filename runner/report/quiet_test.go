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
		{"CI", tty, map[string]string{"CI": "true"}, false, true},
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
	for _, tc := range []struct {
		size       pty.Winsize
		cols, rows int
	}{
		{pty.Winsize{}, 80, 24},
		{pty.Winsize{Cols: 100}, 100, 24},
		{pty.Winsize{Rows: 50}, 80, 50},
	} {
		if err := pty.Setsize(tty, &tc.size); err != nil {
			t.Fatal(err)
		}
		if cols, rows := opts.Size(); cols != tc.cols || rows != tc.rows {
			t.Errorf("of %d×%d: %d×%d, want %d×%d", tc.size.Cols, tc.size.Rows, cols, rows, tc.cols, tc.rows)
		}
	}
}

func TestLiveSize(t *testing.T) {
	for _, tc := range []struct{ cols, rows, wantCols, wantRows int }{
		{80, 24, 80, 21},
		{20, 8, 20, 5},
		{19, 7, 20, 5},
		{3, 3, 20, 5},
	} {
		if cols, rows := report.LiveSize(tc.cols, tc.rows); cols != tc.wantCols || rows != tc.wantRows {
			t.Errorf("LiveSize(%d, %d) = %d×%d, want %d×%d", tc.cols, tc.rows, cols, rows, tc.wantCols, tc.wantRows)
		}
	}
}

// TestLiveModes checks that keys are not echoed while the view is shown. At the end the terminal
// has its old modes, and keys typed meanwhile have been discarded.
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
			b = append(b, err.Error()...) // EIO: the terminal is closed
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
		t.Errorf("the typed text is still there: %d, %v", n, err)
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	<-seen
	if err := master.Close(); err != nil {
		t.Fatal(err)
	}
}
