// Package httping replaces httping 2.5 on machines without it. It measures the time that a
// web server takes to answer, over a new connection each time.
//
// Output and exit statuses are those of httping 2.5 as Debian and Ubuntu ship it, for the
// common options. Its other options are refused by name. One difference is intended:
// httping 2.5 accepts a port with -p but does not use it; here it is used.
package httping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// The exit statuses of [Main].
const (
	statusOK    = 0   // at least one answer
	statusUsage = 1   // also for a host without an address
	statusNone  = 127 // no answer
)

// Main runs httping with args (without the program's name) and returns its exit
// status. A cancelled ctx means that the user pressed ^C: the statistics follow.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := parse(args)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return statusUsage
	}
	switch {
	case cfg.help:
		io.WriteString(stdout, help())
		return statusOK
	case cfg.version:
		io.WriteString(stderr, "HTTPing v2.5 look-alike, bundled with workshop\n")
		return statusOK
	}
	out := stdout
	if cfg.quiet {
		out = io.Discard
	}
	return run(ctx, cfg, out, stderr)
}

// run pings until it is done or interrupted and prints the statistics.
func run(ctx context.Context, cfg *config, out, stderr io.Writer) int {
	t := cfg.target
	fmt.Fprintf(out, "PING %s:%s (%s):\n", t.host, t.port, t.path)
	var (
		sum       stats
		start     = time.Now()
		p         = pinger{config: cfg}
		unlimited = cfg.count < 0
	)
	for ctx.Err() == nil && (unlimited || sum.connects < cfg.count) {
		sum.connects++
		r, err := p.ping(ctx)
		var unknown *unknownHostError
		switch {
		case errors.As(err, &unknown):
			fmt.Fprintln(out, err)
			fmt.Fprintf(stderr, "Resolving %s failed: Name or service not known\n", t.host)
			return statusUsage
		case errors.Is(err, errInterrupted):
			// It is not an answer, but not a failure of the server either.
		case err != nil:
			sum.failed++
			fmt.Fprintln(out, err)
		default:
			sum.add(r.total, cfg.okStatus(r.code))
			fmt.Fprintf(out, "connected to %s (%d bytes), seq=%d time=%s ms %s\n",
				r.addr, r.bytes, sum.connects-1, cfg.time(r), cfg.status(r))
		}
		pause(ctx, cfg.interval)
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "Got signal 2")
	}
	sum.print(out, t.url, time.Since(start))
	if sum.ok == 0 {
		return statusNone
	}
	return statusOK
}

// pause waits for d or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// time formats the measured time: one figure, or its parts with -S.
func (c *config) time(r result) string {
	if !c.split {
		return fmt.Sprintf("%6.2f", ms(r.total))
	}
	return fmt.Sprintf("%6.2f+%6.2f+%6.2f+%6.2f+%6.2f=%6.2f",
		ms(r.resolve), ms(r.connect), ms(r.write), ms(r.request), ms(r.close), ms(r.total))
}

// status is the end of a ping's line: the status of the answer, with -s.
func (c *config) status(r result) string {
	if !c.showStatus {
		return ""
	}
	return r.status
}

// okStatus reports whether a response counts as an answer. Its status matters only with -s.
func (c *config) okStatus(code string) bool {
	if !c.showStatus {
		return true
	}
	for _, ok := range c.okCodes {
		if code == ok {
			return true
		}
	}
	return false
}

// stats is the summary of the pings of a run.
type stats struct {
	connects, ok, failed int
	answers              int // answers of any status
	min, max, total      time.Duration
}

func (s *stats) add(d time.Duration, ok bool) {
	if s.answers == 0 || d < s.min {
		s.min = d
	}
	s.max = max(s.max, d)
	s.total += d
	s.answers++
	if ok {
		s.ok++
	} else {
		s.failed++
	}
}

func (s *stats) print(w io.Writer, url string, elapsed time.Duration) {
	fmt.Fprintf(w, "--- %s ping statistics ---\n", url)
	failed := "-nan" // C prints this for 0/0
	if s.connects > 0 {
		failed = fmt.Sprintf("%.2f", 100*float64(s.failed)/float64(s.connects))
	}
	fmt.Fprintf(w, "%d connects, %d ok, %s%% failed, time %dms\n",
		s.connects, s.ok, failed, int(math.Round(ms(elapsed))))
	if s.ok > 0 {
		fmt.Fprintf(w, "round-trip min/avg/max = %.1f/%.1f/%.1f ms\n",
			ms(s.min), ms(s.total)/float64(s.answers), ms(s.max))
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
