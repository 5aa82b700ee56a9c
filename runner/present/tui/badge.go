package tui

import (
	"fmt"
	"time"

	"workshop/runner"
	"workshop/runner/ledger"
)

// badge says how a step came out: here, or when it was checked.
func (p *painter) badge(i int) line {
	step := p.slide.Steps[i]
	if o := p.state.Outcome(step); o != nil {
		switch {
		case o.Result == nil:
			return say("running", p.busy)
		case o.Unverified:
			return say("not verified", p.dim)
		}
		switch o.Result.Verdict {
		case runner.Passed:
			return say("✓ "+short(o.Result.Duration), p.good)
		case runner.Skipped:
			return say("skipped", p.dim)
		case runner.Interrupted:
			return say("stopped", p.dim)
		default:
			return say("✗ failed", p.bad)
		}
	}
	return p.checked(p.state.Checks[step.Index])
}

// checked says what a check said, and when.
func (p *painter) checked(c ledger.Last) line {
	ago := since(time.Since(c.At))
	switch {
	case c.Standing == ledger.Never:
		return say("never checked", p.dim)
	case c.Standing == ledger.Edited:
		return say("edited since checked", p.warning)
	case c.Verdict != runner.Passed:
		return say("✗ failed "+ago, p.bad)
	case c.Standing == ledger.Before:
		return say("✓ checked "+ago+", edited before it since", p.dim)
	}
	return say("✓ checked "+ago, p.dim)
}

// since is how long ago something was, as people say it.
func since(d time.Duration) string {
	ago := func(n int, noun string) string { return count(n, noun) + " ago" }
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return ago(int(d/time.Minute), "minute")
	case d < 24*time.Hour:
		return ago(int(d/time.Hour), "hour")
	case d < 14*24*time.Hour:
		return ago(int(d/(24*time.Hour)), "day")
	case d < 70*24*time.Hour:
		return ago(int(d/(7*24*time.Hour)), "week")
	}
	return ago(int(d/(30*24*time.Hour)), "month")
}

// short is a duration in few characters.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d:%02d min", int(d.Minutes()), int(d.Seconds())%60)
}

// clock is a duration as a clock shows it.
func clock(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// count is a number of things.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
