package cli

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// BenchmarkSteps runs a deck of 601 steps of true and one of a single step as processes. It gives the
// time and the processor time of a step over start-up, children included, beside a loop of the same
// run that types true to a bash and reads until its prompt:
// go test ./runner/cli -run - -bench Steps -benchtime 5x
func BenchmarkSteps(b *testing.B) {
	const steps = 600
	dir := b.TempDir()
	deck := func(name string, n int) string {
		file := filepath.Join(dir, name)
		text := "## One\n\n.exercise[\n" + strings.Repeat("```bash\ntrue\n```\n", n) + "]\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		return file
	}
	one, many := deck("one.md", 1), deck("many.md", steps+1)
	check := func(deck string) (took, worked time.Duration) {
		begun := time.Now()
		cmd := asWorkshop(b, b.Context(), "check", "--no-ledger", deck)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		return time.Since(begun), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	var all, start, plain least
	for b.Loop() {
		all.add(check(many))
		start.add(check(one))
		plain.add(plainSteps(b, steps), 0)
	}
	took := all.took - start.took
	perStep := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / steps }
	b.ReportMetric(perStep(took), "µs/step")
	b.ReportMetric(perStep(all.worked-start.worked), "cpu-µs/step")
	b.ReportMetric(perStep(plain.took), "floor-µs/step")
	b.ReportMetric(took.Seconds()/plain.took.Seconds(), "×floor")
}

// least are the least times of some runs: other processes only add to them.
type least struct{ took, worked time.Duration }

func (l *least) add(took, worked time.Duration) {
	if *l == (least{}) {
		*l = least{took, worked}
	}
	l.took, l.worked = min(l.took, took), min(l.worked, worked)
}

// plainSteps is the time of true, n times, in a bash on a pseudo-terminal.
func plainSteps(b *testing.B, n int) time.Duration {
	cmd := exec.CommandContext(b.Context(), "bash", "--noprofile", "--norc", "-i")
	cmd.Env = append(os.Environ(), "PS1=<$?>", "TERM=xterm-256color")
	f, err := pty.Start(cmd)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = f.Close()
	}()
	buf := make([]byte, 4096)
	until := func(prompt string) {
		for seen := []byte(nil); !bytes.Contains(seen, []byte(prompt)); {
			n, err := f.Read(buf)
			if err != nil {
				b.Fatal(err)
			}
			seen = append(seen, buf[:n]...)
		}
	}
	until("<0>")
	begun := time.Now()
	for range n {
		if _, err := io.WriteString(f, "true\r"); err != nil {
			b.Fatal(err)
		}
		until("<0>")
	}
	return time.Since(begun)
}
