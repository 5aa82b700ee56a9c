package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"

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
	plan, sources, errs, err := d.toShow(args, w)
	if err != nil || len(errs) == 0 {
		return plan, sources, err
	}
	_, err = breakShown(plan, lintPlan(plan, sources, errs, runner.Selection{}), errs, false, w)
	return plan, sources, err
}

// presented reads decks as shown does. As in a check, the errors of lint break their steps as well; one line
// tells of its warnings, in remarks; listed gets them one by one, if they are few. broken is the number of mistakes.
func (d *dialect) presented(args []string, w, remarks, listed io.Writer) (plan *runner.Plan, sources []*source, broken int, err error) {
	plan, sources, errs, err := d.toShow(args, w)
	if err != nil {
		return nil, nil, 0, err
	}
	found := lintPlan(plan, sources, errs, runner.Selection{})
	if broken, err = breakShown(plan, found, errs, true, w); err != nil {
		return nil, nil, 0, err
	}
	leadNowhere(plan, found)
	groupOf(remarks, found.Part(true).Rest)
	warnOf(listed, found.Part(true).Rest)
	return plan, sources, broken, nil
}

// leadNowhere tells slides of their links that lead nowhere.
func leadNowhere(plan *runner.Plan, found *lint.Report) {
	at := map[markdown.Pos]bool{}
	for _, f := range found.Findings {
		if f.Code == markdown.CodeMissingTarget {
			at[f.Pos] = true
		}
	}
	if len(at) == 0 {
		return
	}
	for _, deck := range plan.Decks {
		for _, c := range deck.Chapters {
			for _, s := range c.Slides {
				for _, l := range s.Links() {
					if !l.Image && at[l.Pos] {
						s.Nowhere = append(s.Nowhere, l.Target)
					}
				}
			}
		}
	}
}

// toShow reads and compiles decks, and returns their mistakes.
func (d *dialect) toShow(args []string, w io.Writer) (*runner.Plan, []*source, markdown.ErrorList, error) {
	plan, sources, err := d.load(args, w)
	var errs markdown.ErrorList
	if err != nil && !errors.As(err, &errs) {
		return nil, nil, nil, err
	}
	return plan, sources, errs, nil
}

// breakShown breaks the exercises with mistakes, prints these, and returns their number. What lint alone finds
// counts if linted is set, but never leaves nothing to show.
func breakShown(plan *runner.Plan, found *lint.Report, errs markdown.ErrorList, linted bool, w io.Writer) (int, error) {
	parts := found.Part(false)
	local := append(parts.Slides, parts.Steps...)
	local.Sort()
	if stop := append(parts.Deck, plan.Break(local)...); len(stop) > 0 {
		return 0, errs
	}
	if linted {
		for _, e := range found.Part(true).Steps {
			if !slices.ContainsFunc(local, func(o *markdown.Error) bool { return o.Pos == e.Pos && o.Message == e.Message }) {
				_ = plan.Break(markdown.ErrorList{e})
				local = append(local, e)
			}
		}
		local.Sort()
	}
	if len(local) > 0 {
		fmt.Fprintln(w, local)
	}
	return len(local), nil
}

// resultCode is the exit status for a run.
func resultCode(r *runner.Result) int {
	switch {
	case r.Accepted:
		return exitPassed
	case r.Empty:
		return exitNothing
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
