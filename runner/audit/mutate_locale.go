package audit

var locale = Operator{
	Code: "locale", Group: "world", Summary: "the locale is C, or C.UTF-8 if it is C", Varies: true,
	world: func(s *site) []*Mutant {
		other := "C"
		if s.Locale == "C" || s.Locale == "POSIX" {
			other = "C.UTF-8"
		}
		return []*Mutant{s.around(World{Env: []string{"LC_ALL=" + other, "LANG=" + other}}, "the locale is "+other)}
	},
}
