package compose_test

import (
	"fmt"
	"os/exec"
	"testing"
	"time"

	"workshop/services/compose"
)

// BenchmarkHundred starts a hundred containers by one up, in each kind of network. The floor is a
// hundred processes of the same program.
func BenchmarkHundred(b *testing.B) {
	for _, network := range []bool{true, false} {
		b.Run(fmt.Sprintf("network=%t", network), func(b *testing.B) {
			s := newStage(b, startEngine(b, network), "services:\n  it:\n    x-workshop: {command: [sleep, '1000']}\n    stop_signal: SIGKILL\n")
			var floor time.Duration
			for b.Loop() {
				s.ok(compose.V1, "up", "-d", "--scale", "it=100")
				b.StopTimer()
				s.ok(compose.V1, "down")
				begin := time.Now()
				for range 100 {
					cmd := exec.Command("sleep", "1000")
					if err := cmd.Start(); err != nil {
						b.Fatal(err)
					}
					defer func() {
						_ = cmd.Process.Kill()
						_ = cmd.Wait()
					}()
				}
				floor += time.Since(begin)
				b.StartTimer()
			}
			report(b, b.Elapsed(), floor)
		})
	}
}

// BenchmarkStart starts one container after the other, and waits for the end of its program. The floor
// is the program alone.
func BenchmarkStart(b *testing.B) {
	for _, network := range []bool{true, false} {
		b.Run(fmt.Sprintf("network=%t", network), func(b *testing.B) {
			s := newStage(b, startEngine(b, network), "services:\n  it:\n    x-workshop: {command: ['true']}\n")
			s.ok(compose.V1, "up", "--no-start")
			name := "/containers/" + s.name + "_it_1"
			var floor time.Duration
			for b.Loop() {
				for _, request := range []string{"/start", "/wait"} {
					if err := s.api("POST", name+request, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				begin := time.Now()
				if err := exec.Command("true").Run(); err != nil {
					b.Fatal(err)
				}
				floor += time.Since(begin)
				b.StartTimer()
			}
			report(b, b.Elapsed(), floor)
		})
	}
}

// report shows the floor, and what comes on top of it.
func report(b *testing.B, took, floor time.Duration) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(ms(took), "ms")
	b.ReportMetric(ms(floor), "floor-ms")
	b.ReportMetric(ms(took-floor), "more-ms")
	b.ReportMetric(0, "ns/op")
}
