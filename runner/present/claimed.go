package present

import "workshop/runner/figure"

// Claimed is the knowledge of the talk about a claim.
type Claimed struct {
	Subject  string    // the side of the expression that is measured, or the sentence that the claim brings along
	Measured string    // "" if nothing was measured yet
	State    MarkState // running while a figure of it is measured; none: it was not measured
	Narrow   bool      // it holds, but is within a tenth of its bound
}

// Claimed is the measurement of a claim's step, or the verdict by the figures if that is newer. It is nil
// if the step makes no claim.
func (s *State) Claimed(step *Step) *Claimed {
	claim := step.Claim()
	if claim == nil {
		return nil
	}
	c := &Claimed{Subject: claim.Expression.Subject()}
	if claim.Sentence != step.Sentence {
		c.Subject = claim.Sentence
	}
	own, readings := s.Outcome(step), map[string]figure.Reading{}
	for _, m := range step.Measures() {
		of := s.Deck.planned[m]
		if of == nil {
			continue // it is of an exercise that ran as set-up
		}
		o := s.Outcome(of)
		if o != nil && o.Result == nil {
			c.State = MarkRunning
		}
		if r := o.reading(); r != nil {
			readings[m.Figure().Name] = *r
		}
		if own.before(o) {
			own = nil
		}
	}
	if own != nil && own.Result != nil && own.Result.Measured != "" {
		c.Measured, c.State, c.Narrow = own.Result.Measured, own.mark().State, own.Result.Narrow
		return c
	}
	if len(readings) < len(claim.Expression.Names()) {
		return c
	}
	o := claim.Expression.Judge(readings)
	c.Measured, c.Narrow = o.Measured, o.Narrow
	if c.State == MarkNone {
		c.State = map[figure.Decision]MarkState{
			figure.Holds: MarkPassed, figure.Fails: MarkFailed, figure.Undecided: MarkInconclusive,
		}[o.Decision]
	}
	return c
}

// reading is the measurement of a figure's step, so far if it runs; nil if there is none.
func (o *Outcome) reading() *figure.Reading {
	switch {
	case o == nil:
		return nil
	case o.Result == nil:
		return o.sampled
	}
	return o.Result.Reading
}

// String is the figure on one line, without its state.
func (c *Claimed) String() string {
	switch {
	case c.Measured == "" && c.State == MarkRunning:
		return c.Subject + ": is measured"
	case c.Measured == "":
		return c.Subject + ": not measured"
	case c.Narrow && c.State == MarkPassed:
		return c.Subject + ": " + c.Measured + ", narrowly"
	}
	return c.Subject + ": " + c.Measured
}
