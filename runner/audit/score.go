package audit

import "fmt"

// Count counts verdicts.
type Count struct {
	Noticed, Survived, Excused, Undecided, Holds, Differs int
}

// Add counts an outcome.
func (c *Count) Add(v Verdict) {
	*map[Verdict]*int{
		Noticed: &c.Noticed, Survived: &c.Survived, Excused: &c.Excused, Undecided: &c.Undecided, Holds: &c.Holds, Differs: &c.Differs,
	}[v]++
}

// Total counts the outcomes.
func Total(outcomes []*Outcome) (c Count) {
	for _, o := range outcomes {
		c.Add(o.Verdict)
	}
	return c
}

// Counted is the number of mutants that were decided and not excused.
func (c Count) Counted() int { return c.Noticed + c.Survived }

// Score is the share of the counted mutants that were noticed, in percent, rounded down; 100 if there are none.
func (c Count) Score() int {
	if c.Counted() == 0 {
		return 100
	}
	return 100 * c.Noticed / c.Counted()
}

// String is the score in words.
func (c Count) String() string {
	s := fmt.Sprintf("score %d%%: %d of %d noticed", c.Score(), c.Noticed, c.Counted())
	for _, part := range []struct {
		n    int
		word string
	}{{c.Survived, "survived"}, {c.Excused, "excused"}, {c.Undecided, "undecided"}} {
		if part.n > 0 {
			s += fmt.Sprintf(", %d %s", part.n, part.word)
		}
	}
	return s
}
