//go:build unix

package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLibrary builds programs that use the package. A program that does not call Main first gets an
// error, and is not started again.
func TestLibrary(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err) // the tests run again as an ordinary user, whose PATH lacks it
	}
	for first, want := range map[string]struct {
		out    string
		starts int
	}{
		"Main":    {"started <nil>", 2},
		"nothing": {"sandbox: Start needs a supervisor: call sandbox.Main first thing in main, or in TestMain", 1},
	} {
		t.Run(first, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "library")
			build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X main.first="+first, "-o", exe, "./testdata/library")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			out, err := exec.CommandContext(t.Context(), exe).CombinedOutput()
			if got := strings.TrimSpace(string(out)); got != want.out {
				t.Errorf("%v: %q, want %q", err, got, want.out)
			}
			starts, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "starts"))
			if n := strings.Count(string(starts), "\n"); err != nil || n < want.starts || want.starts == 1 && n != 1 {
				t.Errorf("started %d times, want %d: %v\n%s", n, want.starts, err, starts)
			}
		})
	}
}
