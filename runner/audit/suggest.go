package audit

import (
	"slices"
	"strings"
	"unicode"

	"workshop/markdown"
	"workshop/runner"
)

// Proposal is a hidden step that would notice a mutant, behind a step of the deck.
type Proposal struct {
	Behind    *runner.Step
	Directive string
	Text      string
}

// String is the step as it stands in a deck.
func (p *Proposal) String() string {
	if p.Directive == "output" {
		return "```output\n" + p.Text + "\n```"
	}
	return "```" + p.Directive + " " + p.Text + "```"
}

// Alteration adds the step to a session.
func (p *Proposal) Alteration() runner.Alteration {
	step := &markdown.Step{Pos: p.Behind.Pos, Directive: p.Directive, Text: p.Text, Hidden: true}
	return runner.Alteration{Step: p.Behind, Added: []*markdown.Step{step}}
}

// printed is the output of a snippet up to the next one, in a session that passed twice and in a mutant.
type printed struct {
	last                     *runner.Step // about the snippet
	snippet                  *runner.Step
	passed, unchanged, other []string
	compared                 bool // a step compares the whole output
}

// suggestions is the table of the checks that can be suggested, the best first. Each gives the text of one that
// holds where the session passed and not in the mutant; "": there is none.
var suggestions = []struct {
	directive string
	text      func(*printed) string
}{
	{"wait", lineThatIsMissing},
	{"output", wholeOutput},
}

// Propose suggests steps that would notice a survivor, from what the session really printed: when it passed,
// when it ran unchanged once more, and in the mutant. The nearest to the change comes first.
func (o *Outcome) Propose(unchanged *runner.SessionResult) (all []*Proposal) {
	if unchanged == nil || unchanged.Verdict != runner.Passed {
		return nil
	}
	for _, p := range o.outputs(unchanged) {
		for _, s := range suggestions {
			text := s.text(p)
			if text == "" {
				continue
			}
			all = append(all, &Proposal{p.snippet, s.directive, text})
			if p.last != p.snippet {
				all = append(all, &Proposal{p.last, s.directive, text})
			}
		}
	}
	return all
}

// outputs are the outputs of snippets from the change on.
func (o *Outcome) outputs(unchanged *runner.SessionResult) (all []*printed) {
	begun := false
	for i, e := range o.Subject.Result.Exercises {
		if e.Setup || i >= len(unchanged.Exercises) || i >= len(o.Result.Exercises) {
			continue
		}
		var now *printed
		for j, st := range e.Steps {
			begun = begun || st.Step == o.Mutant.Step
			if st.Snippet() && !st.LeftOut() {
				now = &printed{snippet: st.Step}
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

// usable reports whether a line can stand in a step.
func usable(line string) bool {
	return len(line) <= 200 && !strings.HasPrefix(line, "/") && !strings.Contains(line, "`") && !strings.Contains(line, "-->") &&
		!strings.Contains(line, "@@") && !strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}
