package audit

import (
	"slices"

	"workshop/markdown/lazy"
)

var service = Operator{
	Code: "service", Group: "steps", Summary: "the name of a service in a snippet is that of another one",
	step: func(s *site) (all []*Mutant) {
		if !s.shown() || len(s.Services) < 2 {
			return nil
		}
		for _, at := range names().FindAllStringIndex(s.step.Text, -1) {
			name := s.step.Text[at[0]:at[1]]
			if i := slices.IndexFunc(s.Services, func(v Service) bool { return v.Name == name }); i >= 0 {
				all = append(all, s.replaced(at[0], at[1], s.Services[(i+1)%len(s.Services)].Name))
			}
		}
		return all
	},
}

// names matches words that may be the names of services.
var names = lazy.Regexp(`[A-Za-z][\w.-]*`)

func (s *Subject) serves(name string) bool {
	return slices.ContainsFunc(s.Services, func(v Service) bool { return v.Name == name })
}
