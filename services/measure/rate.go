package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const defaultRateURL = "http://localhost:8000/json"

// rate is "measure rate".
func (m *meter) rate(ctx context.Context, args []string) error {
	fs := newFlags("rate")
	var bounds, ratios limits[float64]
	warmup := fs.Duration("warmup", 5*time.Second, "wait this `time` first, for a change to take effect")
	window := fs.Duration("window", 15*time.Second, "measure for this `time`")
	fs.Float64Var(&bounds.min, "min", 0, "expect at least `N` units per second")
	fs.Float64Var(&bounds.max, "max", 0, "expect at most `N` units per second")
	save := fs.String("save", "", "keep the rate under this `name`")
	base := fs.String("ratio-of", "", "compare with the rate that was saved under this `name`")
	fs.Float64Var(&ratios.min, "min-ratio", 0, "expect at least `N` times the saved rate")
	fs.Float64Var(&ratios.max, "max-ratio", 0, "expect at most `N` times the saved rate")
	url, err := m.parse(fs, args)
	if err != nil {
		return err
	}
	if url == "" {
		url = defaultRateURL
	}
	switch {
	case *window <= 0 || *warmup < 0:
		err = &usageError{"--window must be positive and --warmup not negative"}
	case *save != "" && !validName().MatchString(*save):
		err = &usageError{fmt.Sprintf("--save %q: a name consists of letters, digits, dots and dashes", *save)}
	case *base != "" && !validName().MatchString(*base):
		err = &usageError{fmt.Sprintf("--ratio-of %q: a name consists of letters, digits, dots and dashes", *base)}
	case *base == "" && ratios != limits[float64]{}:
		err = &usageError{"--min-ratio and --max-ratio need --ratio-of"}
	default:
		err = errors.Join(bounds.valid("--min", "--max"), ratios.valid("--min-ratio", "--max-ratio"))
	}
	if err != nil {
		return err
	}
	var before saved
	if *base != "" { // fail before the long wait, not after it
		if before, err = m.load(*base); err != nil {
			return err
		}
	}

	if err := wait(ctx, *warmup); err != nil {
		return err
	}
	var now saved
	now.Overslept, err = m.watched(ctx, func() (err error) {
		now.Rate, err = m.slope(ctx, url, *window)
		return err
	})
	if err != nil {
		return err
	}
	if *save != "" {
		if err := m.save(*save, now); err != nil {
			return err
		}
	}

	figure := fmt.Sprintf("%.2f units/s in %v", now.Rate, *window)
	missed := ""
	if !bounds.contain(now.Rate) {
		missed = fmt.Sprintf("%v units/s", bounds)
	}
	if *base != "" {
		ratio := now.Rate / before.Rate
		figure += fmt.Sprintf(", %.2f times the %.2f of %s", ratio, before.Rate, *base)
		if missed == "" && !ratios.contain(ratio) {
			missed = fmt.Sprintf("%v times", ratios)
		}
	}
	// A ratio is as unreliable as the worse of its two rates.
	return m.report(figure, missed, max(now.Overslept, before.Overslept))
}

// reading is the answer of the web page's server: the counter and the server's clock.
type reading struct {
	// Hashes is a string, or null before the first unit of work.
	Hashes json.Number `json:"hashes"`
	Now    float64     `json:"now"` // seconds
}

// slope returns the speed of the counter over a window, in units per second. It takes a reading
// each second and fits a straight line (least squares). The workers count in batches, once a
// second; more than two readings average that out.
func (m *meter) slope(ctx context.Context, url string, window time.Duration) (float64, error) {
	intervals := max(2, int(window/time.Second))
	var first, last, n, sumT, sumC, sumTT, sumTC float64
	var start float64
	for i := range intervals + 1 {
		if i > 0 {
			if err := wait(ctx, window/time.Duration(intervals)); err != nil {
				return 0, err
			}
		}
		count, now, err := m.read(ctx, url)
		if err != nil {
			return 0, fmt.Errorf("read the counter: %w", err)
		}
		if i == 0 {
			first, last, start = count, count, now
		}
		if count < last {
			return 0, fmt.Errorf("the counter went back from %.0f to %.0f: has redis been restarted?", last, count)
		}
		last = count
		t, c := now-start, count-first // small numbers: no digits are lost in the squares
		n, sumT, sumC, sumTT, sumTC = n+1, sumT+t, sumC+c, sumTT+t*t, sumTC+t*c
	}
	spread := n*sumTT - sumT*sumT
	if spread <= 0 {
		return 0, errors.New("the clock of the server stands still")
	}
	return (n*sumTC - sumT*sumC) / spread, nil
}

func (m *meter) read(ctx context.Context, url string) (count, now float64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, 0, err
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, 0, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	var r reading
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&r); err != nil {
		return 0, 0, fmt.Errorf("%s does not answer as the web page's server does: %w", url, err)
	}
	if r.Hashes == "" {
		return 0, r.Now, nil
	}
	count, err = r.Hashes.Float64()
	return count, r.Now, err
}
