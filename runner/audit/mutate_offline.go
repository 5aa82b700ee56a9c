package audit

var offline = Operator{
	Code: "offline", Group: "world", Summary: "there is no network, if the session has that of the machine",
	world: func(s *site) []*Mutant {
		if !s.Network {
			return nil
		}
		return []*Mutant{s.around(World{Offline: true}, "there is no network")}
	},
}
