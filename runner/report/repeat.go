package report

import (
	"fmt"
	"math"
	"strings"

	"workshop/runner"
)

// repeated is what the attempts of an exercise say about it.
type repeated struct {
	deck, session, id string
	setup             bool
	counts            tally
	failed, decided   int     // attempts: with a failure, and with that or without one
	low, high         float64 // bounds of the share of failures, at 95 %; from 0 to 1
}

// repeats are the exercises of a repeated run, in order; nil if the run was not repeated.
func repeats(r *runner.Result) []repeated {
	if r.Repeat < 2 {
		return nil
	}
	var all []repeated
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			x := repeated{session: s.Name, id: e.ID, setup: e.Setup, counts: e.Counts}
			if s.Deck != nil {
				x.deck = s.Deck.Name
			}
			if x.counts == nil {
				x.counts = tally{e.OfAttempt(): 1}
			}
			x.failed = x.counts[runner.Failed] + x.counts[runner.Quarantined]
			x.decided = x.failed + x.counts[runner.Passed]
			x.low, x.high = bounds(x.failed, x.decided)
			all = append(all, x)
		}
	}
	return all
}

// bounds are those of the share of failures that some of n runs show, at 95 %: without a failure the
// exact one-sided bound, 1-0.05^(1/n), else the interval of Wilson
// (https://doi.org/10.1080/01621459.1927.10502953). Without a run nothing is known.
func bounds(failed, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	runs := float64(n)
	if failed == 0 {
		return 0, 1 - math.Pow(0.05, 1/runs)
	}
	const z = 1.959964 // of the normal distribution, two-sided
	share := float64(failed) / runs
	middle := (share + z*z/(2*runs)) / (1 + z*z/runs)
	half := z / (1 + z*z/runs) * math.Sqrt(share*(1-share)/runs+z*z/(4*runs*runs))
	return max(0, middle-half), min(1, middle+half)
}

// said are the bounds for people.
func (x repeated) said() string {
	switch {
	case x.decided == 0:
		return "nothing was decided"
	case x.failed == 0:
		return "fails in at most " + percent(x.high)
	}
	return "fails in " + percent(x.low) + " to " + percent(x.high)
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

// repeats writes the table of a repeated run.
func (p *printer) repeats(r *runner.Result) {
	all := repeats(r)
	if len(all) == 0 {
		return
	}
	counts := 0
	for _, x := range all {
		counts = max(counts, widths.StringWidth(x.counts.String()))
	}
	p.line(p.paint(bold, fmt.Sprintf("%d attempts of each session, with the bounds that they allow at 95 %%:", r.Repeat)))
	for _, x := range all {
		look := green
		if x.counts[runner.Passed] != x.counts.total() {
			look = yellow
		}
		p.line(gap + strings.Join([]string{pad(clean(x.id), p.id), p.paint(look, pad(x.counts.String(), counts)), x.said()}, gap))
	}
	p.line("")
}

// repeatRecord is an exercise of a repeated run, in its last record.
type repeatRecord struct {
	Deck     string                 `json:"deck,omitempty"`
	Session  string                 `json:"session"`
	Exercise string                 `json:"exercise"`
	Setup    bool                   `json:"setup,omitempty"`
	Counts   map[runner.Verdict]int `json:"counts"`
	Failed   int                    `json:"failed"`
	Decided  int                    `json:"decided"`
	Low      float64                `json:"low"`
	High     float64                `json:"high"`
}

// recordRepeats are the exercises of a repeated run.
func recordRepeats(r *runner.Result) (all []repeatRecord) {
	for _, x := range repeats(r) {
		all = append(all, repeatRecord{x.deck, x.session, x.id, x.setup, x.counts, x.failed, x.decided, x.low, x.high})
	}
	return all
}
