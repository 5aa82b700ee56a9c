package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// interruptedAt matches the place at which the report of a killed run ends.
var interruptedAt = regexp.MustCompile(`deck\.md:\d+:\d+: interrupted: the report ends here`)

// TestKilledReports kills runs at random moments. Each line of their JSON lines is whole, but for
// the last, and the reports made of them say that the run was interrupted, and where.
func TestKilledReports(t *testing.T) {
	t.Parallel()
	moments := 30
	if testing.Short() {
		moments = 5
	}
	dir := t.TempDir()
	var deck strings.Builder
	for i := range 100 {
		fmt.Fprintf(&deck, "## Step %d\n\n.exercise[\n```bash\necho line-%d; seq 40\n```\n]\n\n---\n\n", i, i)
	}
	if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte(deck.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("KILL_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("KILL_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range moments {
		name := filepath.Join(dir, fmt.Sprintf("%d.jsonl", i))
		cmd := exec.CommandContext(t.Context(), exe, "check", "--no-ledger", "deck.md", "--report", "jsonl="+name,
			"--report", "junit="+name+".xml", "--report", "html="+name+".html")
		cmd.Args[0], cmd.Dir = "workshop", dir
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// A moment is a number of bytes of the console report.
		if _, err := io.CopyN(io.Discard, out, 1+random.Int64N(2500)); err != nil {
			t.Fatalf("the run says too little: %v", err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		lines, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
			t.Errorf("moment %d: the run left %v behind: %v", i, left, err)
		}
		whole := bytes.SplitAfter(lines, []byte("\n"))
		for n, line := range whole {
			if n < len(whole)-1 && !json.Valid(line) {
				t.Errorf("moment %d: line %d is cut: %q", i, n+1, line)
			}
		}
		render := exec.CommandContext(t.Context(), exe, "report", "render", name)
		render.Args[0], render.Dir = "workshop", dir
		said, _ := render.CombinedOutput()
		if code := render.ProcessState.ExitCode(); code != exitInterrupted || !interruptedAt.Match(said) {
			t.Errorf("moment %d, %d lines: exit status %d\n%s", i, len(whole)-1, code, said)
		}
	}
}

// TestKilledLedger kills a run after one that passed: check --failed does not say that nothing failed.
func TestKilledLedger(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	workshop := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), exe, args...)
		cmd.Args[0], cmd.Dir, cmd.Env = "workshop", dir, append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
		return cmd
	}
	write := func(first, second string) {
		t.Helper()
		deck := "## First\n\n.exercise[\n```bash\n" + first + "\n```\n]\n\n---\n\n## Second\n\n.exercise[\n```bash\n" + second + "\n```\n]\n"
		if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte(deck), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("true", "true")
	if out, err := workshop("check", "deck.md").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write("false", "sleep 60")
	cmd := workshop("check", "deck.md")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, out, 1); err != nil { // the first exercise has failed
		t.Fatalf("the run says nothing: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	said, err := workshop("check", "--failed", "--dry-run", "deck.md").CombinedOutput()
	if err != nil || !bytes.Contains(said, []byte("deck/first")) {
		t.Errorf("check --failed after a run that was killed: %v\n%s", err, said)
	}
}
