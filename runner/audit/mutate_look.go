package audit

var look = Operator{
	Code: "look", Group: "world", Summary: "Compose has its other look, if the session uses it", Varies: true,
	world: func(s *site) []*Mutant {
		if s.Look == "" {
			return nil
		}
		other := "v5"
		if s.Look == other {
			other = "v1"
		}
		return []*Mutant{s.around(World{Look: other}, "Compose has the look "+other)}
	},
}
