package report

import (
	"fmt"
	"io"

	"workshop/runner"
)

// Before writes the results that sessions had in an earlier run: a line for each session, and one
// for each exercise that did not pass.
func Before(w io.Writer, opts Options, sessions []*runner.SessionResult) {
	p := newPrinter(opts)
	for _, s := range sessions {
		verdicts := tally{}
		for _, e := range s.Exercises {
			verdicts[e.Verdict]++
		}
		p.line(p.paint(faint, fmt.Sprintf("from before: %s%s%s: %s", clean(s.Name), gap, plural(verdicts.total(), "exercise"), verdicts)))
		for _, e := range s.Exercises {
			if e.Verdict == runner.Passed {
				continue
			}
			why := at(e.Exercise)
			if e.Failure != nil {
				why = says(e.Failure)
			}
			p.line(p.paint(faint, pad(label(e.Verdict), labelCells)+gap+clean(e.ID)+gap+why))
		}
		if s.Failure != nil && s.Verdict != runner.Passed {
			p.line(p.paint(faint, pad(label(s.Verdict), labelCells)+gap+says(s.Failure)))
		}
	}
	_, _ = io.WriteString(w, p.flush()) // the next run finds out that nobody reads
}
