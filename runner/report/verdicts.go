package report

import (
	"fmt"
	"strings"

	"workshop/markdown"
	"workshop/runner"
)

// verdictForm is the form of a verdict in the reports.
type verdictForm struct {
	verdict runner.Verdict
	label   string // in the left column of a text
	mark    string // on a page; the marks differ by form, not only by colour
	style   string // the colour of the label, see [printer.paint]
	meaning string // for the legend of the page
}

// verdictForms are the verdicts in the order of counts, in which those that passed come first, and of
// the page, in which they come last.
var verdictForms = []verdictForm{
	{runner.Failed, "FAIL", "✗", red, "the exercise is wrong"},
	{runner.Flaky, "FLAKY", "↻", yellow, "it failed in one attempt and passed in another"},
	{runner.Blocked, "BLOCK", "⊘", yellow, "it needs something that an earlier exercise did not leave behind"},
	{runner.Broken, "BROKEN", "⚠", purple, "the environment is wrong, or the deck cannot be read"},
	{runner.Interrupted, "stop", "■", purple, "the run ended before it did"},
	{runner.Quarantined, "quar", "⚑", yellow, "it did not pass, and is in quarantine: it does not fail the run"},
	{runner.Inconclusive, "unsure", "≈", yellow, "the machine was too busy for its measurement"},
	{runner.Skipped, "skip", "–", yellow, "it did not run"},
	{runner.Passed, "ok", "✓", green, "all its steps passed"},
	{runner.Invalid, "BAD", "✗", red, "the run has not begun"},
}

// VerdictForm describes a verdict for people: its word in a log, and its meaning.
type VerdictForm struct {
	Verdict        runner.Verdict
	Label, Meaning string
}

// VerdictForms returns all verdicts.
func VerdictForms() (all []VerdictForm) {
	for _, f := range verdictForms {
		all = append(all, VerdictForm{f.verdict, f.label, f.meaning})
	}
	return all
}

// formOf is the form of a verdict, also of one that is not known.
func formOf(v runner.Verdict) verdictForm {
	for _, f := range verdictForms {
		if f.verdict == v {
			return f
		}
	}
	return verdictForm{v, clean(string(v)), "…", yellow, ""}
}

// label is a verdict for the left column.
func label(v runner.Verdict) string { return formOf(v).label }

func style(v runner.Verdict) string { return formOf(v).style }

func markOf(v runner.Verdict) string { return formOf(v).mark }

// brief reports whether the reason of a verdict stands in the line of the exercise, and is all.
func brief(v runner.Verdict) bool {
	switch v {
	case runner.Skipped, runner.Blocked, runner.Inconclusive, runner.Quarantined:
		return true
	}
	return false
}

// wanting reports whether an exercise is shown first and open.
func wanting(v runner.Verdict) bool { return v != runner.Passed && !brief(v) }

// failsRun reports whether an exercise that is flaky, inconclusive or blocked is what fails the run. One
// that failed in its last attempt is never accepted. In a run that failed for another reason it is not
// known, and does not matter. What blocks the exercises of a run that is blocked is in quarantine.
func failsRun(r *runner.Result, e *runner.ExerciseResult) bool {
	switch e.Verdict {
	case runner.Flaky:
		return e.OfAttempt() != runner.Passed || r.Verdict == runner.Flaky && !r.Accepted
	case runner.Inconclusive, runner.Blocked:
		return r.Verdict == e.Verdict && !r.Accepted
	}
	return false
}

// tally counts verdicts.
type tally map[runner.Verdict]int

// tallyOf counts the exercises of a run, each once: one that also runs as set-up of another session is
// no second exercise.
func tallyOf(r *runner.Result) tally { return tallied(r, false) }

// setupsOf counts the exercises that ran as set-up and did not pass.
func setupsOf(r *runner.Result) tally {
	t := tallied(r, true)
	delete(t, runner.Passed)
	delete(t, runner.Skipped)
	return t
}

func tallied(r *runner.Result, setup bool) tally {
	t := tally{}
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			if e.Setup == setup {
				t[e.Verdict]++
			}
		}
	}
	return t
}

// countsText names the numbers of a run's verdicts, and of the set-ups that did not pass.
func countsText(r *runner.Result) string {
	text := tallyOf(r).String()
	if setups := setupsOf(r).String(); setups != "" {
		text = strings.TrimLeft(text+" (set-up: "+setups+")", " ")
	}
	return text
}

// told are the exercises of a run that a list of results names: not a set-up that passed or has its
// cause elsewhere, unless it fails the run, and not one that did not pass in its own session either.
func told(r *runner.Result) func(*runner.SessionResult, *runner.ExerciseResult) bool {
	type id struct {
		deck     *markdown.Deck
		exercise string
	}
	known := map[id]bool{}
	wanting := func(e *runner.ExerciseResult) bool { return wanting(e.Verdict) || failsRun(r, e) }
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			if !e.Setup && wanting(e) {
				known[id{s.Deck, e.ID}] = true
			}
		}
	}
	return func(s *runner.SessionResult, e *runner.ExerciseResult) bool {
		return !e.Setup || wanting(e) && !known[id{s.Deck, e.ID}]
	}
}

func (t tally) total() (n int) {
	for _, count := range t {
		n += count
	}
	return n
}

// String names the numbers that are not zero.
func (t tally) String() string {
	var parts []string
	add := func(v runner.Verdict) {
		if n := t[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	add(runner.Passed)
	for _, f := range verdictForms {
		if f.verdict != runner.Passed {
			add(f.verdict)
		}
	}
	return strings.Join(parts, ", ")
}
