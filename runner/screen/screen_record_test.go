package screen

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A recording is the output of a program on a terminal of 80x24: NAME.bytes. Beside it
// NAME.txt says how it was made: the command behind "$ ", then lines of "expect TEXT"
// (until the screen shows it) and "type STRING" (in Go's syntax).
const recordings = "../../testdata/terminal"

// TestRecord makes the recordings anew that UPDATE_RECORDINGS matches ("*" for all).
func TestRecord(t *testing.T) {
	pattern := os.Getenv("UPDATE_RECORDINGS")
	if pattern == "" {
		t.Skip("UPDATE_RECORDINGS is not set")
	}
	files, err := filepath.Glob(filepath.Join(recordings, pattern+".txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recording is called %q: %v", pattern, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			script, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			b, err := record(t.Context(), string(script))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(strings.TrimSuffix(name, ".txt")+".bytes", b, 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// record runs a script and returns its output.
func record(ctx context.Context, script string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	lines := bufio.NewScanner(strings.NewReader(script))
	lines.Scan()
	command, ok := strings.CutPrefix(lines.Text(), "$ ")
	if !ok {
		return nil, fmt.Errorf("no command: %q", lines.Text())
	}
	cmd := exec.CommandContext(ctx, "unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--mount-proc",
		"sh", filepath.Join(recordings, "setup.sh"), command)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tty.Close(); _ = cmd.Wait() }()
	var all []byte
	s := New(80, 24, Hooks{Reply: func(b []byte) { _, _ = tty.Write(b) }})
	buf := make([]byte, 64<<10)
	more := func() bool {
		n, err := tty.Read(buf)
		all = append(all, buf[:n]...)
		_, _ = s.Write(buf[:n])
		return err == nil
	}
	for lines.Scan() {
		do, what, _ := strings.Cut(lines.Text(), " ")
		switch do {
		case "expect":
			for !strings.Contains(strings.Join(s.Lines(), "\n"), what) {
				if !more() {
					return nil, fmt.Errorf("the end came before %q:\n%s", what, strings.Join(s.Lines(), "\n"))
				}
			}
		case "type":
			keys, err := strconv.Unquote(what)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", lines.Text(), err)
			}
			if _, err := tty.WriteString(keys); err != nil {
				return nil, err
			}
			more() // its effect; to type faster than a program reads is no use
		default:
			return nil, fmt.Errorf("unknown line %q", lines.Text())
		}
	}
	for more() {
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("the program did not end:\n%s", strings.Join(s.Lines(), "\n"))
	}
	return all, nil
}

// readRecordings returns the recordings by their names.
func readRecordings(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recordings, "*.bytes"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	all := make(map[string][]byte)
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".bytes")] = b
	}
	return all
}

// checkpoints are places in a recording, each before an escape sequence or a control
// character; the last one is its end.
func checkpoints(b []byte, n int) (at []int) {
	r := rand.New(rand.NewPCG(uint64(len(b)), 1))
	for range n - 1 {
		i := r.IntN(len(b))
		if j := bytes.IndexAny(b[i:], "\x1b\r\n\b"); j > 0 {
			at = append(at, i+j)
		}
	}
	return append(at, len(b))
}

// What real programs write looks the same in tmux, in the middle and at the end.
func TestTmuxRecordings(t *testing.T) {
	o := newOracle(t)
	total, same := 0, 0
	for name, b := range readRecordings(t) {
		for _, at := range checkpoints(b, 12) {
			total++
			s := New(80, 24, Hooks{})
			_, _ = s.Write(b[:at])
			if diff := differences(o.show(b[:at]), screenLook(s)); diff != "" {
				t.Errorf("%s, the first %d of %d bytes:\n%s", name, at, len(b), diff)
				continue
			}
			same++
		}
	}
	t.Logf("%d of %d checkpoints are the same", same, total)
}
