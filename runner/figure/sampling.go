package figure

import "math"

// Sampling says when a figure has been sampled enough.
type Sampling struct {
	Limit  float64                // in seconds
	Decide func(Reading) Decision // all claims that can be judged with it; nil: there are none
	Open   bool                   // claims about it can be judged later only
}

// Precision is the uncertainty, as a share of the value, to which a figure is measured if claims about
// it can be judged later only.
const Precision = 0.05

// Enough reports whether a reading, some seconds after the first sample, needs no more samples. A
// value that a change has not reached yet looks like a claim that fails: failure is believed in the
// second half of the time only.
func (s Sampling) Enough(at float64, r Reading) bool {
	if (s.Decide == nil || s.Open) && !(Certainty*r.Error <= Precision*math.Abs(r.Value)) {
		return false
	}
	if s.Decide == nil {
		return true
	}
	switch s.Decide(r) {
	case Holds:
		return true
	case Fails:
		return at >= s.Limit/2
	}
	return false
}
