package figure

import "math"

// Series are the samples of a figure.
type Series struct {
	rate    bool
	counter Counter
	values  []float64 // of a figure that is no rate: the means of batches
	batch   int       // samples in each
	sum     float64   // of the samples behind the last batch
	rest    int       // their number
	seen    int
	fell    bool

	first, at float64 // times of the first and the last sample
	due       float64 // the time of the next estimate
	best      Reading // the last one
	ok        bool
}

// A program may print without a pause. So that the work for each sample stays small, an estimate is made
// after a hundredth of the time only, and there are so many batches at most.
const (
	estimates  = 100
	maxBatches = 1 << 14
)

// NewSeries begins a series, of the rate of a number or of the number itself.
func NewSeries(rate bool) *Series { return &Series{rate: rate, batch: 1} }

// Add takes a sample at a time in seconds.
func (s *Series) Add(at, value float64) {
	if s.seen++; s.seen == 1 {
		s.first = at
	}
	s.at = at
	if s.rate {
		s.fell = !s.counter.Add(at, value) || s.fell
		return
	}
	s.sum += value
	if s.rest++; s.rest < s.batch {
		return
	}
	s.values = append(s.values, s.sum/float64(s.batch))
	s.sum, s.rest = 0, 0
	if len(s.values) == maxBatches {
		for i := range maxBatches / 2 {
			s.values[i] = (s.values[2*i] + s.values[2*i+1]) / 2
		}
		s.values, s.batch = s.values[:maxBatches/2], 2*s.batch
	}
}

// Seen is the number of samples.
func (s *Series) Seen() int { return s.seen }

// Fell reports whether the number of a rate fell.
func (s *Series) Fell() bool { return s.fell }

// Changes is the number of times that the number of a rate rose.
func (s *Series) Changes() int { return len(s.counter.edges) }

// Reading is the estimate so far; it is not ok before there are enough samples.
func (s *Series) Reading() (best Reading, ok bool) {
	if s.at >= s.due {
		s.best, s.ok = s.estimate()
		s.due = s.at + (s.at-s.first)/estimates
	}
	return s.best, s.ok
}

func (s *Series) estimate() (best Reading, ok bool) {
	if s.rate {
		return s.counter.Reading()
	}
	if s.at-s.first < minTime { // a value that is written down once a second looks constant
		return best, false
	}
	n, share := len(s.values), independence(s.values)
	for i := range beginnings + 1 {
		r, enough := mean(s.values[i*n/(2*beginnings):], share)
		if enough && (!ok || r.Error*muchBetter < best.Error) {
			best, ok = r, true
		}
	}
	return best, ok
}

// What a mean needs: independent samples, and seconds.
const (
	minValues = 10
	minTime   = 2.
)

// mean is the mean of samples, of which a share counts. It is not ok if they are too few.
func mean(values []float64, share float64) (Reading, bool) {
	n := float64(len(values))
	independent := n * share
	if independent < minValues {
		return Reading{}, false
	}
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	for _, v := range values {
		squares += (v - sum/n) * (v - sum/n)
	}
	return Reading{sum / n, math.Sqrt(squares/(n-1)/independent) * student(independent-1)}, true
}

// independence is the share of some samples that say something new: a value that changes slowly says
// little at each. It follows from the correlation of neighbours (for a process of first order: Bayley and
// Hammersley, 1946).
func independence(values []float64) float64 {
	var sum, squares, products float64
	n := float64(len(values))
	for _, v := range values {
		sum += v
	}
	for i, v := range values {
		squares += (v - sum/n) * (v - sum/n)
		if i > 0 {
			products += (v - sum/n) * (values[i-1] - sum/n)
		}
	}
	if squares == 0 {
		return 1
	}
	correlation := products / squares
	correlation += (1 + 4*correlation) / n // few samples look too independent (Kendall, 1954)
	correlation = min(max(correlation, 0), 1)
	return (1 - correlation) / (1 + correlation)
}

// Counter estimates the rate of a number that rises in steps, such as a total that a program
// writes down once a second.
//
// Between its steps the number says nothing new, so it is read at their edges. Several programs may
// write it down one after another and then pause together. So only the edges behind a long pause
// count: they divide the time into blocks that begin alike. The rate is the gain of the number from
// the first of these edges to the last one, and its error follows from the differences between the
// blocks (the method of batch means, Conway, 1963).
//
// The edges before a change of the rate are left out: of the possible beginnings, in the first half
// of the edges, one with a much smaller error is taken (the rule MSER of White, 1997).
type Counter struct {
	begun      bool
	last       float64 // value of the last reading
	highest    float64 // value so far, also between two readings
	first, now float64 // times of the first and the last reading, in seconds
	edges      []edge
}

// edge is a reading that is higher than the one before. The number rose somewhere between the two.
type edge struct {
	value     float64
	since, at float64 // times of the two, in seconds
	sharp     bool    // it rose before since as well: value is that of the time at
}

// The needs of an estimate, and its bounds.
const (
	minReading = 0.01 // seconds between two readings: the work for each grows with their number
	minBlocks  = 5
	minPauses  = 2    // an estimate covers so many of the longest pauses, also of those that are left out
	minPause   = 4.   // seconds
	longPause  = 0.5  // of the longest, for an edge to begin a block
	maxBatch   = 3    // blocks that are taken together, for they may take turns
	surePart   = 0.25 // of the variance of the blocks, which the distance of the readings cannot explain
	beginnings = 4
	muchBetter = 3. // so many times smaller: of several parts, one looks quiet by chance
)

// Add takes a reading of the number at a time in seconds. It returns false if the number fell.
func (c *Counter) Add(at, value float64) bool {
	if c.begun && value < c.highest {
		return false
	}
	c.highest = value
	switch n := len(c.edges); {
	case !c.begun:
		c.begun, c.first = true, at
	case at < c.now+minReading:
		return true
	case value > c.last:
		c.edges = append(c.edges, edge{value, c.now, at, n > 0 && c.edges[n-1].at == c.now})
	}
	c.last, c.now = value, at
	return true
}

// Reading is the rate per second with its standard error. It is not ok before there are enough edges.
func (c *Counter) Reading() (best Reading, ok bool) {
	n, least := len(c.edges), minPauses*c.pause()
	for i := range beginnings + 1 {
		r, enough := rate(c.edges[i*n/(2*beginnings):], least)
		if enough && (!ok || r.Error*muchBetter < best.Error) {
			best, ok = r, true
		}
	}
	return best, ok
}

// pause is the longest time in which the number did not change, at least minPause: a program may
// have paused before it was looked at.
func (c *Counter) pause() float64 {
	longest, last := minPause, c.first
	for _, e := range c.edges {
		longest, last = max(longest, e.at-last), e.at
	}
	return max(longest, c.now-last)
}

// rate is the rate between edges that cover at least some time in seconds.
func rate(edges []edge, least float64) (Reading, bool) {
	starts := blocks(edges)
	n := len(starts) - 1
	if n < minBlocks {
		return Reading{}, false
	}
	whole := starts[n].at - starts[0].at
	if whole < least {
		return Reading{}, false
	}
	value := (starts[n].value - starts[0].value) / whole
	variance := math.Inf(1) // of the gain of the number in the whole time
	for size := 1; size <= maxBatch && n >= minBlocks*size; size++ {
		variance = min(variance, scatter(starts, size, value))
	}
	// Both ends are known to the distance of two readings, or to a step of the number.
	step, unsharp := smallestStep(edges), 0.
	for _, s := range starts {
		unsharp = max(unsharp, min(s.at-s.since, step/value))
	}
	return Reading{value, math.Hypot(math.Sqrt(variance), value*unsharp/math.Sqrt(6)) / whole}, true
}

// blocks are the edges behind a long pause, at which the blocks begin.
func blocks(edges []edge) (starts []edge) {
	longest := 0.
	for i := 1; i < len(edges); i++ {
		longest = max(longest, edges[i].at-edges[i-1].at)
	}
	for i := 1; i < len(edges); i++ {
		if edges[i].at-edges[i-1].at >= longPause*longest {
			starts = append(starts, edges[i])
		}
	}
	return starts
}

// scatter is the variance of the gain of a number from the first edge to the last one: that of batches
// of some blocks, times their number. Part of it is no property of the number, as an edge is anywhere
// between two readings (a twelfth of the square of their distance).
func scatter(starts []edge, size int, rate float64) float64 {
	var squares, readings, batches float64
	for i := (len(starts) - 1) % size; i+size < len(starts); i += size {
		from, to := starts[i], starts[i+size]
		rest := to.value - from.value - rate*(to.at-from.at)
		squares += rest * rest
		for _, e := range []edge{from, to} {
			if !e.sharp {
				readings += math.Pow(rate*(e.at-e.since), 2) / 12
			}
		}
		batches++
	}
	squares = max(squares-readings, surePart*squares)
	return squares / (batches - 1) * float64(len(starts)-1) / float64(size) * math.Pow(student(batches-1), 2)
}

// student is how many times wider the interval of a normal value's [Certainty] is if its variance is
// estimated with some degrees of freedom (the expansion of Student's t by Fisher, 1925).
func student(freedom float64) float64 {
	return 1 + (2.5+(5.75+10/freedom)/freedom)/freedom
}

func smallestStep(edges []edge) float64 {
	step := math.Inf(1)
	for i := 1; i < len(edges); i++ {
		step = min(step, edges[i].value-edges[i-1].value)
	}
	return step
}
