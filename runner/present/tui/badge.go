package tui

import (
	"fmt"
	"time"

	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/present"
)

// badge is the mark of a step in words; if the step was not run, the result of the last check.
func (p *painter) badge(i int) line {
	m := p.state.Mark(p.slide.Steps[i])
	sign, look := p.sign(m)
	switch m.State {
	case present.MarkNone:
		return p.checked(p.state.Check(p.slide.Steps[i]))
	case present.MarkPassed:
		return say(sign+" "+short(m.Duration), look)
	case present.MarkFailed, present.MarkBroken, present.MarkInconclusive:
		return say(sign+" "+m.String(), look)
	}
	return say(m.String(), look)
}

// checked is the result of a check, with its time.
func (p *painter) checked(c ledger.Last) line {
	ago := since(time.Since(c.At))
	switch {
	case c.Standing == ledger.Never:
		return say("never checked", p.dim)
	case c.Standing == ledger.Edited:
		return say("edited since checked", p.warning)
	case c.Verdict == runner.Inconclusive:
		return say("≈ undecided "+ago, p.warning)
	case c.Verdict == runner.Flaky:
		return say("↻ flaky "+ago, p.warning)
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
