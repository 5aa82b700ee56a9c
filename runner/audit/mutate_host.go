package audit

import "workshop/markdown/lazy"

var host = Operator{
	Code: "host", Group: "steps", Summary: "a host in a snippet is one that does not exist",
	step: func(s *site) (all []*Mutant) {
		if !s.shown() {
			return nil
		}
		for _, at := range hosts().FindAllStringSubmatchIndex(s.step.Text, -1) {
			for i := 2; i < len(at); i += 2 {
				if at[i] >= 0 && !s.serves(s.step.Text[at[i]:at[i+1]]) {
					all = append(all, s.replaced(at[i], at[i+1], "absent.invalid"))
				}
			}
		}
		return all
	},
}

// hosts matches this machine's names, and the host of a URL.
var hosts = lazy.Regexp(`https?://([\w.-]+)|(?:^|[\s'"@=])(localhost|127\.0\.0\.1)\b`)
