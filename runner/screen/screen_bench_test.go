package screen

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// benchStreams are outputs of programs, a megabyte or so each.
func benchStreams() map[string][]byte {
	words := []string{"the", "worker", "increments", "hasher", "counter", "by", "forty-two", "units", "of", "work"}
	var plain, coloured, redraw, wide bytes.Buffer
	for i := 0; plain.Len() < 1<<20; i++ {
		for j := range 6 + i%9 {
			plain.WriteString(words[(i*7+j*3)%len(words)])
			plain.WriteByte(' ')
		}
		plain.WriteString("\r\n")
	}
	for i := 0; coloured.Len() < 1<<20; i++ {
		for j := range 8 {
			fmt.Fprintf(&coloured, "\x1b[%d;%dm%s\x1b[0m ", j%2, 31+(i+j)%7, words[(i*7+j*3)%len(words)])
		}
		coloured.WriteString("\r\n")
	}
	for i := 0; redraw.Len() < 1<<20; i++ { // as top does
		redraw.WriteString("\x1b[H")
		for y := range 24 {
			fmt.Fprintf(&redraw, "\x1b[%d;1H%5d root      20   0 %7d %6d \x1b[1m%s\x1b[m\x1b[K", y+1, 1000+y, i*y, i, words[(i+y)%len(words)])
		}
	}
	for i := 0; wide.Len() < 1<<20; i++ {
		fmt.Fprintf(&wide, "│ 日本語のテキスト %d ─── naïve café ✓ │\r\n", i)
	}
	return map[string][]byte{
		"plain":    plain.Bytes(),
		"coloured": coloured.Bytes(),
		"redraw":   redraw.Bytes(),
		"unicode":  wide.Bytes(),
		"yes":      bytes.Repeat([]byte("y\r\n"), 1<<18),
		"oneline":  bytes.Repeat([]byte("abcdefghijklmnop"), 1<<16),
	}
}

func BenchmarkScreen(b *testing.B) {
	for name, data := range benchStreams() {
		b.Run(name, func(b *testing.B) {
			n := 0
			s := New(80, 24, Hooks{Text: func(p []byte) { n += len(p) }})
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			begun, loops := cpuTime(), 0
			for b.Loop() {
				loops++
				for p := data; len(p) > 0; {
					chunk := p[:min(len(p), 64<<10)]
					_, _ = s.Write(chunk)
					p = p[len(chunk):]
				}
			}
			b.ReportMetric(float64(loops*len(data))/1e6/(cpuTime()-begun).Seconds(), "MB/cpu-s")
		})
	}
}

// cpuTime is the processor time of the process; other processes do not count.
func cpuTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
