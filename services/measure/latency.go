package measure

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// latency is "measure latency".
func (m *meter) latency(ctx context.Context, args []string) error {
	fs := newFlags("latency")
	var bounds limits[time.Duration]
	count := fs.Int("count", 5, "ask `N` times")
	interval := fs.Duration("interval", 200*time.Millisecond, "wait this `time` after each answer")
	fs.DurationVar(&bounds.min, "min", 0, "expect a median of at least this `time`")
	fs.DurationVar(&bounds.max, "max", 0, "expect a median of at most this `time`")
	target, err := m.parse(fs, args)
	if err != nil {
		return err
	}
	switch {
	case target == "":
		err = &usageError{"latency needs the URL of a server"}
	case *count < 1 || *interval < 0:
		err = &usageError{"--count must be positive and --interval not negative"}
	default:
		err = bounds.valid("--min", "--max")
	}
	if err != nil {
		return err
	}
	url := target
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}

	times := make([]time.Duration, *count)
	overslept, err := m.watched(ctx, func() error {
		for i := range times {
			if i > 0 {
				if err := wait(ctx, *interval); err != nil {
					return err
				}
			}
			var err error
			if times[i], err = m.ask(ctx, url); err != nil {
				return fmt.Errorf("measure latency: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(times)
	middle := (times[(*count-1)/2] + times[*count/2]) / 2
	figure := fmt.Sprintf("%s: median %s of %d answers, %s to %s",
		target, milliseconds(middle), *count, milliseconds(times[0]), milliseconds(times[*count-1]))
	missed := ""
	if !bounds.contain(middle) {
		missed = bounds.String()
	}
	return m.report(figure, missed, overslept)
}

// ask returns the time from opening a connection to the answer's headers. An answer of any status
// counts.
func (m *meter) ask(ctx context.Context, url string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	resp, err := m.client.Do(req)
	if err != nil {
		return 0, err
	}
	took := time.Since(begin)
	return took, resp.Body.Close()
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
