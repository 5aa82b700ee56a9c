package audit

import (
	"fmt"
	"slices"

	"workshop/runner"
)

var replacedByTrue = Operator{
	Code: "true", Group: "steps", Summary: "`true` is typed in place of a snippet that a step acts on",
	step: func(s *site) []*Mutant {
		// Without a step about the snippet, the mutant is the one in which it is left out.
		if !s.shown() || !s.judged() {
			return nil
		}
		return []*Mutant{s.mutant(runner.Alteration{Text: "true"}, fmt.Sprintf("`true` in place of `%s`", firstLine(s.step.Text)))}
	},
}

// judged reports whether a step behind the snippet is about it.
func (s *site) judged() bool {
	rest := s.exercise.Steps[slices.Index(s.exercise.Steps, s.step)+1:]
	return len(rest) > 0 && !rest[0].Snippet()
}
