package audit

import (
	"fmt"
	"strings"

	"workshop/runner"
)

var outputText = Operator{
	Code: "output", Group: "steps", Summary: "an expected output has another letter",
	step: func(s *site) []*Mutant {
		want := s.step.Condition().Output
		if want == nil {
			return nil
		}
		lines := strings.Split(s.step.Text, "\n")
		for i, line := range lines {
			if changed := otherLetter(line); changed != "" {
				lines[i] = changed
				return []*Mutant{s.mutant(runner.Alteration{Text: strings.Join(lines, "\n")},
					fmt.Sprintf("output `%s` in place of `%s`", strings.TrimSpace(changed), strings.TrimSpace(line)))}
			}
		}
		return nil
	},
}
