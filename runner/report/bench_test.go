package report_test

import (
	"io"
	"strings"
	"testing"

	"workshop/runner"
	"workshop/runner/report"
)

// BenchmarkOutput measures the cost of a program's output in each format.
func BenchmarkOutput(b *testing.B) {
	data := []byte(strings.Repeat("worker_1  | \x1b[32mINFO\x1b[m:__main__:4 units of work done, updating hash counter\r\n", 50))
	for _, f := range report.Formats() {
		b.Run(f.Name, func(b *testing.B) {
			r, err := report.New(f.Name, io.Discard, report.Options{TTY: f.Name == "live"})
			if err != nil {
				b.Fatal(err)
			}
			rec := passed(b)
			for _, e := range rec.events[:4] { // to the first step
				if err := r.Event(e); err != nil {
					b.Fatal(err)
				}
			}
			e := rec.events[3]
			e.Kind, e.Data = runner.EventOutput, data
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Event(e); err != nil {
					b.Fatal(err)
				}
			}
			if err := r.Finish(nil); err != nil {
				b.Fatal(err)
			}
		})
	}
}
