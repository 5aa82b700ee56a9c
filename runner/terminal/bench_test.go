package terminal

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	expect "github.com/Netflix/go-expect"
	"github.com/creack/pty"
)

// The benchmarks report figures beside the floor that is measured in the same run:
// a loop that writes a line to a bash on a pseudo-terminal and reads until its prompt
// shows a number, and a reader that does nothing but read.

// plainBash is the floor: no screen, no marks, no matching.
type plainBash struct {
	f   *os.File
	cmd *exec.Cmd
	buf []byte
}

func newPlainBash(b *testing.B) *plainBash {
	cmd := exec.Command("bash", "--noprofile", "--norc", "-i")
	cmd.Env = append(os.Environ(), "PS1=<$?>", "TERM=xterm-256color")
	f, err := pty.Start(cmd)
	if err != nil {
		b.Fatal(err)
	}
	p := &plainBash{f: f, cmd: cmd, buf: make([]byte, 64<<10)}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = f.Close()
	})
	p.until(b, ">")
	return p
}

// until reads until the bytes contain a text.
func (p *plainBash) until(b *testing.B, text string) {
	var seen []byte
	for !bytes.Contains(seen, []byte(text)) {
		n, err := p.f.Read(p.buf)
		if err != nil {
			b.Fatal(err)
		}
		seen = append(seen, p.buf[:n]...)
	}
}

func (p *plainBash) run(b *testing.B, line string) {
	if _, err := io.WriteString(p.f, line+"\r"); err != nil {
		b.Fatal(err)
	}
	p.until(b, "<0>")
}

// percentiles reports the 50th and 99th percentile, in microseconds, with a prefix.
func percentiles(b *testing.B, prefix string, times []time.Duration) (p50 float64) {
	slices.Sort(times)
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	p50 = us(times[len(times)/2])
	b.ReportMetric(p50, prefix+"p50-µs")
	b.ReportMetric(us(times[len(times)*99/100]), prefix+"p99-µs")
	return p50
}

func benchmarkStep(b *testing.B, snippet string) {
	floor, s := newPlainBash(b), newSession(b)
	ctx := context.Background()
	var plain, ours []time.Duration
	for b.Loop() {
		begun := time.Now()
		floor.run(b, snippet)
		plain = append(plain, time.Since(begun))
		begun = time.Now()
		if err := s.Submit(ctx, snippet); err != nil {
			b.Fatal(err)
		}
		if status, err := s.AwaitPrompt(ctx); status != 0 || err != nil {
			b.Fatal(status, err)
		}
		ours = append(ours, time.Since(begun))
	}
	b.ReportMetric(percentiles(b, "", ours)/percentiles(b, "floor-", plain), "×floor")
}

func BenchmarkStepTrue(b *testing.B) { benchmarkStep(b, "true") }
func BenchmarkStepExec(b *testing.B) { benchmarkStep(b, "/bin/true") }

// benchmarkDrain compares how fast a command's output is taken in, screen and
// matching included, with a plain read of it.
func benchmarkDrain(b *testing.B, file string, size int) {
	command := "cat " + file + "; echo END''; (exit 0)"
	floor, s := newPlainBash(b), newSession(b)
	ctx := context.Background()
	var plain, ours time.Duration
	for b.Loop() {
		begun := time.Now()
		if _, err := io.WriteString(floor.f, command+"\r"); err != nil {
			b.Fatal(err)
		}
		for read, tail := 0, []byte(nil); ; {
			n, err := floor.f.Read(floor.buf)
			if err != nil {
				b.Fatal(err)
			}
			read += n
			tail = append(tail[max(0, len(tail)-8):], floor.buf[max(0, n-8):n]...)
			if read > size && bytes.Contains(tail, []byte("<0>")) {
				break
			}
		}
		plain += time.Since(begun)
		begun = time.Now()
		if err := s.Submit(ctx, command); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Expect(ctx, expect.String("END")); err != nil {
			b.Fatal(err)
		}
		if _, err := s.AwaitPrompt(ctx); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(begun)
	}
	mb := float64(size) * float64(b.N) / 1e6
	b.ReportMetric(mb/ours.Seconds(), "MB/s")
	b.ReportMetric(mb/plain.Seconds(), "floor-MB/s")
	b.ReportMetric(plain.Seconds()/ours.Seconds(), "×floor")
}

func benchmarkFile(b *testing.B, line string, size int) string {
	f := b.TempDir() + "/text"
	if err := os.WriteFile(f, bytes.Repeat([]byte(line), size/len(line)), 0o600); err != nil {
		b.Fatal(err)
	}
	return f
}

func BenchmarkDrainText(b *testing.B) {
	const size = 20_000_000
	line := ""
	for i := range 100 {
		line += "the quick brown fox jumps over the lazy dog " + strconv.Itoa(i) + " times and more\n"
	}
	benchmarkDrain(b, benchmarkFile(b, line, size), size/len(line)*len(line))
}

func BenchmarkDrainYes(b *testing.B) {
	const size = 4_000_000
	benchmarkDrain(b, benchmarkFile(b, "y\n", size), size)
}
