package audit

import (
	"strconv"
	"strings"

	"workshop/markdown/lazy"
)

var number = Operator{
	Code: "number", Group: "steps", Summary: "a number in a snippet is one larger",
	step: func(s *site) (all []*Mutant) {
		if !s.shown() {
			return nil
		}
		text := s.step.Text
		for _, at := range numbers().FindAllStringSubmatchIndex(text, -1) {
			from, to := at[2], at[3]
			n, err := strconv.Atoi(text[from:to])
			if err != nil || !begins().MatchString(text[:from]) || isPort(text, from) || strings.HasSuffix(text[:from], "sleep ") {
				continue // a pause says nothing
			}
			all = append(all, s.replaced(from, to, strconv.Itoa(n+1)))
		}
		return all
	},
}

// numbers matches digits up to the end of a word, with or without a unit, and begins the text before a
// number: digits in the middle of a name or of a path say nothing.
var (
	numbers = lazy.Regexp(`([0-9]+)(?:ms|[smhkKMGiB]{1,3}|\b)`)
	begins  = lazy.Regexp(`(?:^|[^\w.\-/]|\s-[A-Za-z]?)$`)
)
