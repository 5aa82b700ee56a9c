package audit

var size = Operator{
	Code: "size", Group: "world", Summary: "the terminal has 132×43 cells", Varies: true,
	world: func(s *site) []*Mutant {
		return []*Mutant{s.around(World{Cols: 132, Rows: 43}, "the terminal has 132×43 cells")}
	},
}
