package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"workshop/runner/report"
)

// BenchmarkMemory runs 10,000 exercises of one true, without a report and with all of them, and gives
// the largest resident memory of the process and the processor time, with that of the shell:
// go test ./runner/cli -run - -bench Memory -benchtime 1x
func BenchmarkMemory(b *testing.B) {
	const exercises = 10_000
	dir := b.TempDir()
	deck := filepath.Join(dir, "deck.md")
	text := strings.Repeat("## One\n\n.exercise[\n```bash\ntrue\n```\n]\n\n---\n\n", exercises) + "The end\n"
	if err := os.WriteFile(deck, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	every := []string{"--record", filepath.Join(dir, "casts")}
	for _, name := range report.FileFormats() {
		every = append(every, "--report", name+"="+filepath.Join(dir, name))
	}
	for _, tc := range []struct {
		name  string
		flags []string
	}{{"without a report", nil}, {"every report", every}} {
		b.Run(tc.name, func(b *testing.B) {
			var spent time.Duration
			for b.Loop() {
				cmd := asWorkshop(b, b.Context(), append([]string{"check", "--no-ledger", deck}, tc.flags...)...)
				cmd.Stdout = io.Discard
				if err := cmd.Run(); err != nil {
					b.Fatal(err)
				}
				usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
				if !ok {
					b.Fatal(fmt.Errorf("no resource usage: %T", cmd.ProcessState.SysUsage()))
				}
				b.ReportMetric(float64(usage.Maxrss)/1024, "MiB-resident") // Linux counts KiB
				spent += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/exercises, "µs/exercise")
			b.ReportMetric(float64(spent.Microseconds())/float64(b.N)/exercises, "µs-processor/exercise")
		})
	}
}
