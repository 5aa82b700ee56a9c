package audit

import (
	"slices"
	"strconv"

	"workshop/markdown/lazy"
)

var port = Operator{
	Code: "port", Group: "steps", Summary: "a port in a snippet is another one of the session, or one larger",
	step: func(s *site) (all []*Mutant) {
		if !s.shown() {
			return nil
		}
		text := s.step.Text
		for _, at := range ports().FindAllStringSubmatchIndex(text, -1) {
			all = append(all, s.replaced(at[2], at[3], s.otherPort(text[at[2]:at[3]])))
		}
		return all
	},
}

// ports matches the port behind a host, or one that an option gives.
var ports = lazy.Regexp(`(?:[\w\]]:|--port[= ]|\s-p ?|http\.server )([0-9]{2,5})\b`)

func isPort(text string, from int) bool {
	return slices.ContainsFunc(ports().FindAllStringSubmatchIndex(text, -1), func(at []int) bool { return at[2] == from })
}

// otherPort is the next port, by number, of those that snippets of the session name.
func (s *site) otherPort(this string) string {
	var all []int
	for _, e := range s.Session.Exercises {
		for _, step := range e.Steps {
			for _, m := range ports().FindAllStringSubmatch(step.Text, -1) {
				n, _ := strconv.Atoi(m[1]) // it is digits
				all = append(all, n)
			}
		}
	}
	n, _ := strconv.Atoi(this) // likewise
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) < 2 {
		return strconv.Itoa(n + 1)
	}
	return strconv.Itoa(all[(slices.Index(all, n)+1)%len(all)])
}
