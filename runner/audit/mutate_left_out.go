package audit

import (
	"fmt"

	"workshop/runner"
)

var leftOut = Operator{
	Code: "left-out", Group: "steps", Summary: "a snippet is not typed",
	step: func(s *site) []*Mutant {
		if !s.shown() {
			return nil
		}
		return []*Mutant{s.mutant(runner.Alteration{Omit: true}, fmt.Sprintf("`%s` is not typed", firstLine(s.step.Text)))}
	},
}
