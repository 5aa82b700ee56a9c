package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// TestTerminalSizes runs a deck in terminals of an unknown size, which is 0, and of a few cells.
// The size must not affect a verdict.
func TestTerminalSizes(t *testing.T) {
	dir := t.TempDir()
	deck := "## Size\n\n.exercise[\n```bash\necho \"$(stty size)\"; true\n```\n```wait %s```\n]\n"
	for _, tc := range []struct {
		cols, rows uint16
		want       string // the size of the shell
	}{
		{0, 0, "21 80"},
		{0, 30, "27 80"},
		{100, 0, "21 100"},
		{1, 1, "5 20"},
		{3, 3, "5 20"},
		{40, 12, "9 40"},
	} {
		t.Run(fmt.Sprintf("%dx%d", tc.cols, tc.rows), func(t *testing.T) {
			name := fmt.Sprintf("%dx%d.md", tc.cols, tc.rows)
			if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, deck, tc.want), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), named(t), "run", "--no-ledger", name)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERM=xterm-256color")
			out := string(onTerminal(t, pty.Winsize{Cols: tc.cols, Rows: tc.rows}, cmd))
			if !strings.Contains(out, "1 exercise: 1 passed") {
				t.Errorf("%q", out)
			}
		})
	}
}
