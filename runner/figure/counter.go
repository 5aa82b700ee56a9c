package figure

import "math"

// Series are the samples of a figure.
type Series struct {
	rate    bool
	counter Counter
	values  []float64 // of a figure that is no rate
	seen    int
	fell    bool
}

// NewSeries begins a series, of the rate of a number or of the number itself.
func NewSeries(rate bool) *Series { return &Series{rate: rate} }

// Add takes a sample at a time in seconds.
func (s *Series) Add(at, value float64) {
	s.seen++
	if s.rate {
		s.fell = !s.counter.Add(at, value) || s.fell
		return
	}
	s.values = append(s.values, value)
}

// Seen is the number of samples.
func (s *Series) Seen() int { return s.seen }

// Fell reports whether the number of a rate fell.
func (s *Series) Fell() bool { return s.fell }

// Changes is the number of times that the number of a rate rose.
func (s *Series) Changes() int { return len(s.counter.at) }

// Reading is the estimate so far; it is not ok before there are enough samples.
func (s *Series) Reading() (best Reading, ok bool) {
	if s.rate {
		return s.counter.Reading()
	}
	n := len(s.values)
	for i := range beginning + 1 {
		r, enough := mean(s.values[i*n/(2*beginning):])
		if enough && (!ok || r.Error < best.Error) {
			best, ok = r, true
		}
	}
	return best, ok
}

// mean is the mean of samples.
func mean(values []float64) (Reading, bool) {
	n := float64(len(values))
	if n < minEdges {
		return Reading{}, false
	}
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	for _, v := range values {
		squares += (v - sum/n) * (v - sum/n)
	}
	return Reading{sum / n, math.Sqrt(squares / (n - 1) / n)}, true
}

// Counter estimates the rate of a number that rises in steps, such as a total that a program
// writes down once a second. Between its steps the number says nothing new, so it is read at their
// edges: the rate is the slope of the straight line through them.
//
// The edges before a change of the rate are left out: of the possible beginnings, in the first half
// of the edges, the one with the smallest error is taken (the rule MSER of White, 1997).
type Counter struct {
	last   float64 // value
	begun  bool
	first  float64   // time of the first reading, in seconds
	now    float64   // time of the last reading
	at     []float64 // of the edges, in seconds
	values []float64 // behind them
}

// Add takes a reading of the number at a time in seconds. It returns false if the number fell.
func (c *Counter) Add(at, value float64) bool {
	if c.begun && value < c.last {
		return false
	}
	if !c.begun {
		c.first = at
	}
	if c.begun && value > c.last {
		c.at, c.values = append(c.at, at), append(c.values, value)
	}
	c.last, c.begun, c.now = value, true, at
	return true
}

// What an estimate needs: a number of edges, and a time of several gaps. Several programs may write
// the number down one after another and then pause together, so a stretch without a pause says
// nothing before it is longer than a pause may be.
const (
	minEdges  = 5
	minGaps   = 4  // of the longest within the edges that count
	minPauses = 2  // of the longest of all readings, also of those that are left out
	minPause  = 1  // second
	beginning = 16 // possible beginnings
)

// Reading is the rate per second with its standard error. It is not ok before there are enough edges.
func (c *Counter) Reading() (best Reading, ok bool) {
	n := len(c.at)
	least := minPauses * c.pause()
	for i := range beginning + 1 {
		from := i * n / (2 * beginning)
		r, enough := slope(c.at[from:], c.values[from:], least)
		if enough && (!ok || r.Error < best.Error) {
			best, ok = r, true
		}
	}
	return best, ok
}

// pause is the longest time in which the number did not change, at least minPause.
func (c *Counter) pause() float64 {
	longest, last := float64(minPause), c.first
	for _, at := range c.at {
		longest, last = max(longest, at-last), at
	}
	return max(longest, c.now-last)
}

// slope fits a straight line (least squares) through edges that cover at least some time in seconds.
// Neighbouring edges are not independent: several programs may write the number down, each at its
// own moments. So only one of them counts for each of the longest gap between two edges.
func slope(at, values []float64, least float64) (Reading, bool) {
	n := float64(len(at))
	if n < minEdges {
		return Reading{}, false
	}
	var sumT, sumV, sumTT, sumTV, gap float64
	for i := range at {
		t, v := at[i]-at[0], values[i]-values[0]
		sumT, sumV, sumTT, sumTV = sumT+t, sumV+v, sumTT+t*t, sumTV+t*v
		if i > 0 {
			gap = max(gap, at[i]-at[i-1])
		}
	}
	whole := at[len(at)-1] - at[0]
	spread := sumTT - sumT*sumT/n
	if spread <= 0 || whole < max(minGaps*gap, least) {
		return Reading{}, false
	}
	rate := (sumTV - sumT*sumV/n) / spread
	var squares float64
	for i := range at {
		rest := values[i] - values[0] - sumV/n - rate*(at[i]-at[0]-sumT/n)
		squares += rest * rest
	}
	independent := whole / gap
	variance := squares / n * independent / (independent - 2) / (whole * whole / 12) / independent
	return Reading{rate, math.Sqrt(variance)}, true
}
