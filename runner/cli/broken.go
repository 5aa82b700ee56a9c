package cli

import (
	"errors"
	"fmt"
	"io"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/lint"
)

// broken holds the mistakes of decks that break exercises, and the wish not to count these.
type broken struct {
	keep     bool
	mistakes markdown.ErrorList // of the selection
}

// find breaks the exercises with mistakes. The error holds all mistakes if one of them allows no
// run.
func (b *broken) find(plan *runner.Plan, parts lint.Parts) error {
	stop := append(parts.Deck, parts.Slides...)
	stop = append(stop, plan.Break(parts.Steps)...)
	_ = plan.Break(parts.Beyond) // they may be needed as set-up
	b.mistakes = parts.Steps
	if len(stop) == 0 {
		return nil
	}
	stop = append(stop, parts.Steps...)
	stop.Sort()
	return stop.Err()
}

// print prints the mistakes before a run.
func (b *broken) print(w io.Writer) {
	if len(b.mistakes) > 0 {
		fmt.Fprintln(w, b.mistakes)
	}
}

// shown reads and compiles decks to be shown: mistakes are printed and break their exercises. The
// error holds those that leave nothing to show.
func (d *dialect) shown(args []string, w io.Writer) (*runner.Plan, []*source, error) {
	plan, sources, err := d.load(args, w)
	var errs markdown.ErrorList
	if err == nil || !errors.As(err, &errs) {
		return plan, sources, err
	}
	parts := lintPlan(plan, sources, errs, runner.Selection{}).Part(false)
	local := append(parts.Slides, parts.Steps...)
	local.Sort()
	if stop := append(parts.Deck, plan.Break(local)...); len(stop) > 0 {
		return nil, nil, errs
	}
	if len(local) > 0 {
		fmt.Fprintln(w, local)
	}
	return plan, sources, nil
}

// resultCode is the exit status for a run.
func resultCode(r *runner.Result) int {
	switch {
	case r.Accepted:
		return exitPassed
	case r.Verdict == runner.Broken && len(r.Problems) == 0 && r.Misread():
		return exitUsage
	case r.Verdict == runner.Skipped && !r.Verified():
		return exitNothing
	}
	return verdictCode(r.Verdict)
}

func verdictCode(v runner.Verdict) int {
	switch v {
	case runner.Passed:
		return exitPassed
	case runner.Broken:
		return exitBroken
	case runner.Interrupted:
		return exitInterrupted
	case runner.Invalid:
		return exitUsage
	default:
		return exitFailed
	}
}
