package audit

var user = Operator{
	Code: "user", Group: "world", Summary: "the variables USER and LOGNAME name another user", Varies: true,
	world: func(s *site) []*Mutant {
		return []*Mutant{s.around(World{Env: []string{"USER=learner", "LOGNAME=learner"}}, "USER and LOGNAME are learner")}
	},
}
