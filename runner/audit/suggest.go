package audit

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"workshop/markdown"
	"workshop/runner"
)

// Proposal is a hidden step that would notice a mutant, or several, behind a step of the deck.
type Proposal struct {
	Behind *runner.Step
	Checks []Check
}

// Check is a proposed step.
type Check struct{ Directive, Text string }

// String is the steps as they stand in a deck.
func (p *Proposal) String() string {
	var all []string
	for _, c := range p.Checks {
		if c.Directive == "output" {
			all = append(all, "```output\n"+c.Text+"\n```")
			continue
		}
		all = append(all, "```"+c.Directive+" "+c.Text+"```")
	}
	return strings.Join(all, " ")
}

// Alteration adds the steps to a session.
func (p *Proposal) Alteration() runner.Alteration {
	a := runner.Alteration{Step: p.Behind}
	for _, c := range p.Checks {
		a.Added = append(a.Added, &markdown.Step{Pos: p.Behind.Pos, Directive: c.Directive, Text: c.Text, Hidden: true})
	}
	return a
}

// printed is the output of a snippet up to the next one, in a session that passed twice and in a mutant.
type printed struct {
	last                     *runner.Step // about the snippet
	snippet                  *runner.Step
	passed, unchanged, other []string
	compared                 bool     // a step compares the whole output
	blank                    bool     // there are blank lines in it, which are not in passed
	said                     []string // the numbers in the text of the slide
	names                    []string // of the session's figures
}

// suggestions is the table of the checks that can be suggested, the best first. Each gives steps that hold where the
// session passed and not in the mutant; nil: there are none.
var suggestions = []func(*printed) []Check{
	numberThatIsSaid,
	one("wait", lineThatIsMissing),
	one("output", wholeOutput),
	one("claim", numberOfLines), // the same both times: more than a number that varies can say
	numberThatIsFar,
}

// one is a check of one step, by its text; "": there is none.
func one(directive string, text func(*printed) string) func(*printed) []Check {
	return func(p *printed) []Check {
		if t := text(p); t != "" {
			return []Check{{directive, t}}
		}
		return nil
	}
}

// Propose suggests steps that would notice a survivor, from the real output of the session: when it passed,
// when it ran unchanged once more, and in the mutant. The nearest to the change comes first.
func (o *Outcome) Propose(unchanged *runner.SessionResult) (all []*Proposal) {
	if unchanged == nil || unchanged.Verdict != runner.Passed {
		return nil
	}
	for _, p := range o.outputs(unchanged) {
		for _, s := range suggestions {
			checks := s(p)
			if checks == nil {
				continue
			}
			all = append(all, &Proposal{p.snippet, checks})
			if p.last != p.snippet {
				all = append(all, &Proposal{p.last, checks})
			}
		}
	}
	return all
}

// outputs are the outputs of snippets from the change on.
func (o *Outcome) outputs(unchanged *runner.SessionResult) (all []*printed) {
	begun, names := false, o.Subject.figures()
	for i, e := range o.Subject.Result.Exercises {
		if e.Setup || i >= len(unchanged.Exercises) || i >= len(o.Result.Exercises) {
			continue
		}
		var now *printed
		for j, st := range e.Steps {
			begun = begun || st.Step == o.Mutant.Step
			if st.Snippet() && !st.LeftOut() {
				now = &printed{snippet: st.Step, said: numbersIn(e.Slide), names: names}
				if begun {
					all = append(all, now)
				}
			}
			if now == nil || j >= len(unchanged.Exercises[i].Steps) || j >= len(o.Result.Exercises[i].Steps) {
				continue
			}
			now.last = st.Step
			now.compared = now.compared || st.Condition().Output != nil
			if now.snippet == st.Step {
				now.passed, now.unchanged = linesOf(st), linesOf(unchanged.Exercises[i].Steps[j])
				now.blank = len(now.passed) != len(runner.OutputLines(st.Printed))
				now.other = linesOf(o.Result.Exercises[i].Steps[j])
			}
		}
	}
	return all
}

// linesOf are the lines that a snippet printed.
func linesOf(st *runner.StepResult) (lines []string) {
	for _, line := range runner.OutputLines(st.Printed) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// lineThatIsMissing is a line that came both times, and in no line of the mutant.
func lineThatIsMissing(p *printed) string {
	best := ""
	for _, line := range p.passed {
		if !usable(line) || !strings.ContainsFunc(line, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) ||
			!slices.Contains(p.unchanged, line) ||
			slices.ContainsFunc(p.other, func(other string) bool { return strings.Contains(other, line) }) {
			continue
		}
		if best == "" || clear(line) && !clear(best) {
			best = line
		}
	}
	return best
}

// clear reports whether a line is short and begins with a letter or a digit.
func clear(line string) bool {
	return len(line) <= 60 && (unicode.IsLetter(rune(line[0])) || unicode.IsDigit(rune(line[0])))
}

// mostLines is the number of lines of an output that is suggested as a whole.
const mostLines = 8

// wholeOutput is the whole output, if it was the same both times and is another one in the mutant.
func wholeOutput(p *printed) string {
	if p.compared || p.last != p.snippet || len(p.passed) == 0 || len(p.passed) > mostLines || !slices.Equal(p.passed, p.unchanged) ||
		slices.Equal(p.passed, p.other) || !slices.ContainsFunc(p.passed, usable) {
		return ""
	}
	for _, line := range p.passed {
		if !usable(line) || line == "..." || strings.Contains(line, "[..]") || strings.Contains(line, `\`) {
			return ""
		}
	}
	return strings.Join(p.passed, "\n")
}

// numberOfLines is a claim about the number of lines, if it was the same both times and is another one in the mutant.
func numberOfLines(p *printed) string {
	n := len(p.passed)
	if p.compared || n == 0 || n != len(p.unchanged) || n == len(p.other) || p.blank {
		return ""
	}
	return fmt.Sprintf("lines == %d", n)
}

// usable reports whether a line can stand in a step.
func usable(line string) bool {
	return len(line) <= 200 && !strings.HasPrefix(line, "/") && !strings.Contains(line, "`") && !strings.Contains(line, "-->") &&
		!strings.Contains(line, "@@") && !strings.ContainsFunc(line, unreadable)
}

// unreadable reports whether a character would not be seen in a step.
func unreadable(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }
