package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"workshop/runner"
)

// claimed is a claim of the deck with what was measured, in words.
type claimed struct {
	exercise *runner.ExerciseResult
	step     *runner.StepResult
	sentence string // else the title of its slide
	text     string // the expression
	measured string // "–" if it was not measured
	verdict  runner.Verdict
	narrow   bool
}

// claimsOf are the claims of a run, in order. Exercises that ran as set-up count only if their claim
// did not hold: they are measured elsewhere.
func claimsOf(r *runner.Result) (all []claimed) {
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			all = append(all, claimsIn(e)...)
		}
	}
	return all
}

// claimsIn are the claims of an exercise.
func claimsIn(e *runner.ExerciseResult) (all []claimed) {
	for i, st := range e.Steps {
		c := st.Claim()
		if c == nil || e.Setup && done(st.Verdict) {
			continue
		}
		verdict := st.Verdict
		if verdict == runner.Failed && st.Measured == "" { // it failed for want of a figure
			verdict = e.Verdict
		}
		if verdict == runner.Passed && missedEarlier(e, i) {
			verdict = runner.Flaky
		}
		all = append(all, claimed{
			e, st, clean(cmp.Or(c.Sentence, e.Title, e.ID)), clean(c.Text), cmp.Or(clean(st.Measured), "–"), verdict, st.Narrow,
		})
	}
	return all
}

// missedEarlier reports whether the claim of a step did not hold in an earlier attempt of the exercise.
func missedEarlier(e *runner.ExerciseResult, step int) bool {
	return slices.ContainsFunc(e.Earlier, func(e *runner.ExerciseResult) bool {
		return step < len(e.Steps) && e.Steps[step].Verdict == runner.Failed && e.Steps[step].Measured != ""
	})
}

// done reports whether a step's verdict needs no words.
func done(v runner.Verdict) bool { return v == runner.Passed || v == runner.Skipped }

// said is the verdict in words.
func (c claimed) said() string {
	switch {
	case c.verdict == runner.Passed && c.narrow:
		return "holds narrowly"
	case c.verdict == runner.Passed:
		return "holds"
	case c.verdict == runner.Skipped, c.verdict == runner.Blocked, c.verdict == runner.Failed && c.step.Measured == "":
		return "not measured"
	case c.verdict == runner.Failed:
		return "does not hold"
	case c.verdict == runner.Flaky:
		return "does not always hold"
	}
	return string(c.verdict)
}

// claimSummary says how many claims there are, and how many came out how; "" without any.
func claimSummary(all []claimed) string {
	if len(all) == 0 {
		return ""
	}
	return plural(len(all), "claim") + ": " + claimCounts(all)
}

// String is the claim on one line.
func (c claimed) String() string {
	return fmt.Sprintf("%s: %s: %s, %s", c.sentence, c.text, c.measured, c.said())
}

// claimCounts says how many claims came out how.
func claimCounts(all []claimed) string {
	counts := map[string]int{}
	for _, c := range all {
		counts[c.said()]++
	}
	var parts []string
	for _, said := range []string{
		"holds", "holds narrowly", "does not hold", "does not always hold", string(runner.Inconclusive), string(runner.Broken),
		string(runner.Interrupted), "not measured",
	} {
		if n := counts[said]; n > 0 {
			if n > 1 {
				said = strings.Replace(strings.Replace(said, "holds", "hold", 1), "does", "do", 1)
			}
			parts = append(parts, fmt.Sprintf("%d %s", n, said))
		}
	}
	return strings.Join(parts, ", ")
}

// The narrowest column of sentences, and the widest one.
const (
	minSentence = 24
	maxSentence = 60
)

// claims writes the table of claims. Without room for the sentences beside them, the figures stand
// on lines of their own.
func (p *printer) claims(r *runner.Result) {
	all := claimsOf(r)
	if len(all) == 0 {
		return
	}
	text, measured, sentence, said := 0, 0, 0, 0
	for _, c := range all {
		text, measured = max(text, widths.StringWidth(c.text)), max(measured, widths.StringWidth(c.measured))
		sentence, said = max(sentence, widths.StringWidth(c.sentence)), max(said, widths.StringWidth(c.said()))
	}
	cols, _ := p.opts.size()
	room := min(sentence, maxSentence, cols-labelCells-text-measured-said-4*len(gap))
	p.line(p.paint(bold, claimSummary(all)))
	for _, c := range all {
		look := style(c.verdict)
		if c.narrow {
			look = yellow
		}
		mark := p.paint(look, pad(label(c.verdict), labelCells)) + gap
		figures := pad(c.text, text) + gap + pad(c.measured, measured) + gap + p.paint(look, c.said())
		switch {
		case room >= min(sentence, minSentence):
			p.line(mark + pad(cut(c.sentence, room), room) + gap + figures)
		default:
			p.line(mark + cut(c.sentence, max(cols-labelCells-len(gap), minSentence)))
			p.line(strings.Repeat(" ", labelCells) + gap + c.text + gap + c.measured + gap + p.paint(look, c.said()))
		}
	}
	p.line("")
}
