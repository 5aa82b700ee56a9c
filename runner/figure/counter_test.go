package figure_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"workshop/runner/figure"
)

var runs = flag.Int("runs", 100, "simulated measurements for each ratio")

// worker is one worker of the sample application: it does units of work one after another, and adds
// them to a counter once a second has passed since it last did.
type worker struct {
	next, reported float64 // the ends of the next unit, and of the last report
	units          float64
	unit           float64 // the time of a unit
}

// farm is the counter that workers write to.
type farm struct {
	random  *rand.Rand
	workers []*worker
	count   float64
	late    float64 // the mean lateness of a timer, in seconds; there are three in a unit
}

func (f *farm) start(at, rate float64) {
	if rate > 0 {
		f.workers = append(f.workers, &worker{next: at + 1/rate, reported: at, unit: 1/rate - 3*f.late})
	}
}

// read is the counter at a time.
func (f *farm) read(at float64) float64 {
	for _, w := range f.workers {
		for w.next <= at {
			w.units++
			if w.next-w.reported >= 1 {
				f.count, w.units, w.reported = f.count+w.units, 0, w.next
			}
			w.next += w.unit
			for range 3 {
				w.next += f.lateness()
			}
		}
	}
	return f.count
}

func (f *farm) lateness() float64 {
	if f.late == 0 {
		return 0
	}
	return f.random.ExpFloat64() * f.late
}

// fixed is a rate as it was measured before: 5 s of warm-up, then the slope of a reading each second
// for 15 s. It is exact, as far as it knows.
func (f *farm) fixed(at float64) (figure.Reading, float64) {
	var n, sumT, sumC, sumTT, sumTC float64
	at += 5
	for i := range 16 {
		t := float64(i) + f.lateness()
		c := f.read(at + t)
		n, sumT, sumC, sumTT, sumTC = n+1, sumT+t, sumC+c, sumTT+t*t, sumTC+t*c
	}
	return figure.Reading{Value: (n*sumTC - sumT*sumC) / (n*sumTT - sumT*sumT)}, at + 15
}

// sampled is a rate as it is measured now, until done, or the limit.
func (f *farm) sampled(at float64, s figure.Sampling) (figure.Reading, float64) {
	r, took, _ := sample(s, 0.2, f.lateness, func(t float64) float64 { return f.read(at + t) })
	return r, at + took
}

// sample reads a number again and again until enough is known of its rate, or the limit.
func sample(s figure.Sampling, every float64, late func() float64, read func(at float64) float64) (
	r figure.Reading, took float64, ok bool,
) {
	var c figure.Counter
	for t := 0.0; ; t += every + late() {
		c.Add(t, read(t))
		r, ok = c.Reading()
		if t >= s.Limit || ok && s.Enough(t, r) {
			return r, t, ok
		}
	}
}

// TestWrongVerdicts simulates the claim that two workers are twice as fast as one, at different true
// ratios, as it was measured before and as it is measured now. With -runs=4000 -v it prints the table of
// the decision record.
func TestWrongVerdicts(t *testing.T) {
	claim, err := figure.Parse("two / one in 1.7..2.3")
	if err != nil {
		t.Fatal(err)
	}
	if err := claim.Check(func(string) (figure.Unit, bool) { return figure.Unit{}, true }, nil); err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "| true ratio | jitter | before: holds | fails | now: holds | fails | inconclusive | mean time "+
		"|\n|--|--|--|--|--|--|--|--|\n")
	for _, late := range []float64{0, 0.005} {
		for _, ratio := range []float64{1.0, 1.5, 1.7, 2.0, 2.3, 2.6} {
			before, now, took := [3]int{}, [3]int{}, 0.0
			for i := range *runs {
				begin := func() (*farm, float64) {
					f := &farm{random: rand.New(rand.NewPCG(uint64(i), math.Float64bits(ratio+late))), late: late}
					f.start(0, 10/3.)
					return f, 1 + f.random.Float64()
				}
				readings := map[string]figure.Reading{}
				f, at := begin()
				readings["one"], at = f.fixed(at)
				f.start(at, (ratio-1)*10/3.)
				readings["two"], _ = f.fixed(at)
				before[claim.Judge(readings).Decision]++

				f, at = begin()
				begun := at
				readings["one"], at = f.sampled(at, figure.Sampling{Limit: 60})
				f.start(at, (ratio-1)*10/3.)
				readings["two"], at = f.sampled(at, figure.Sampling{Limit: 60, Decide: func(r figure.Reading) figure.Decision {
					readings["two"] = r
					return claim.Judge(readings).Decision
				}})
				took += at - begun
				now[claim.Judge(readings).Decision]++
			}
			share := func(n int) float64 { return 100 * float64(n) / float64(*runs) }
			fmt.Fprintf(&table, "| %.1f | %.0f ms | %.2f %% | %.2f %% | %.2f %% | %.2f %% | %.2f %% | %.1f s |\n", ratio, late*1000,
				share(before[figure.Holds]), share(before[figure.Fails]), share(now[figure.Holds]), share(now[figure.Fails]),
				share(now[figure.Undecided]), took/float64(*runs))
			wrong := 0
			switch ratio {
			case 1.0, 1.5, 2.6:
				wrong = now[figure.Holds]
			case 2.0:
				wrong = now[figure.Fails]
			}
			if share(wrong) > 1 {
				t.Errorf("ratio %.1f, jitter %v s: %.2f %% of the verdicts are wrong", ratio, late, share(wrong))
			}
		}
	}
	t.Log("\n" + table.String())
}

// number is a simulated number at a time, and its true rate.
type number func(random *rand.Rand) (read func(at float64) float64, rate float64)

// turns are programs that wait for the same service: they write their number down one after another,
// ten a second for some seconds, and then pause together. They began anywhere in that.
func turns(seconds, pause float64) number {
	return func(random *rand.Rand) (func(float64) float64, float64) {
		const rate = 10
		period, each := seconds+pause, math.Round(10*seconds)
		phase, last := random.Float64()*period, 0.
		return func(at float64) float64 {
			at += phase - random.ExpFloat64()*0.005
			whole := math.Floor(at / period)
			last = max(last, rate*period/each*(whole*each+min(math.Floor(10*(at-whole*period)+1), each)))
			return last
		}, rate
	}
}

// events come at random, some a second, and each adds to the number.
func events(perSecond, each float64) number {
	return func(random *rand.Rand) (func(float64) float64, float64) {
		next, value := random.ExpFloat64()/perSecond, 0.
		return func(at float64) float64 {
			for ; next <= at; next += random.ExpFloat64() / perSecond {
				value += each
			}
			return value
		}, perSecond * each
	}
}

// bursts are programs that work, and pause, for a second or so at a time, at random.
func bursts(random *rand.Rand) (func(float64) float64, float64) {
	value, now, next, works := 0., 0., random.ExpFloat64()*1.5, true
	return func(at float64) float64 {
		for now < at {
			until := min(at, next)
			if works {
				value += 50 * (until - now)
			}
			if now = until; now == next {
				if works = !works; works {
					next += random.ExpFloat64() * 1.5
				} else {
					next += random.ExpFloat64() * 0.7
				}
			}
		}
		return math.Floor(value)
	}, 50 * 1.5 / 2.2
}

// waves are a rate that rises and falls by half of it.
func waves(period float64) number {
	return func(random *rand.Rand) (func(float64) float64, float64) {
		phase := 2 * math.Pi * random.Float64()
		return func(at float64) float64 {
			return math.Floor(1000 + 40*at + 20*period/(2*math.Pi)*math.Sin(2*math.Pi*at/period+phase))
		}, 40
	}
}

// TestFalseClaims claims that a rate is a quarter higher, or a fifth lower, than it is, of numbers whose rate
// changes while they are looked at. With -runs=4000 -v it prints the table of the decision record.
func TestFalseClaims(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	fmt.Fprintf(&table, "| number | false claims that hold | inconclusive |\n|--|--|--|\n")
	for _, tt := range []struct {
		name   string
		number number
		most   float64 // per cent
	}{
		{"30 events a second", events(30, 1), 2},
		{"bursts", bursts, 15},
		{"waves of 4 s", waves(4), 2},
		{"waves of 10 s", waves(10), 2},
	} {
		wrong, open := 0, 0
		for i := range 2 * *runs {
			random := rand.New(rand.NewPCG(uint64(i), 9))
			read, rate := tt.number(random)
			bound, sign := 1.25*rate, 1.
			if i%2 == 0 {
				bound, sign = 0.8*rate, -1
			}
			decide := func(r figure.Reading) figure.Decision {
				switch over := sign * (r.Value - bound); {
				case over >= figure.Certainty*r.Error:
					return figure.Holds
				case over < -figure.Certainty*r.Error:
					return figure.Fails
				}
				return figure.Undecided
			}
			late := func() float64 { return random.ExpFloat64() * 0.003 }
			r, _, ok := sample(figure.Sampling{Limit: 60, Decide: decide}, 0.1, late, read)
			switch {
			case !ok || decide(r) == figure.Undecided:
				open++
			case decide(r) == figure.Holds:
				wrong++
			}
		}
		share := func(n int) float64 { return 50 * float64(n) / float64(*runs) }
		fmt.Fprintf(&table, "| %s | %.2f %% | %.2f %% |\n", tt.name, share(wrong), share(open))
		if share(wrong) > tt.most {
			t.Errorf("%s: %.1f %% of the false claims hold", tt.name, share(wrong))
		}
	}
	t.Log("\n" + table.String())
}

// workers are several, at moments of their own.
func workers(n int, rate float64) number {
	return func(random *rand.Rand) (func(float64) float64, float64) {
		f := &farm{random: random, late: 0.005}
		for range n {
			f.start(random.Float64(), rate)
		}
		return func(at float64) float64 { return f.read(at + 3) }, float64(n) * rate
	}
}

// TestErrors measures simulated numbers to ±5 % and counts how often the rate is further from the true
// one than it says: with three standard errors, a normal value would be in 0.27 % of all cases. With
// -runs=4000 -v it prints the table of the decision record.
func TestErrors(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	fmt.Fprintf(&table, "| number | read every | further off than it says | mean time |\n|--|--|--|--|\n")
	for _, tt := range []struct {
		name   string
		number number
	}{
		{"1 worker", workers(1, 10/3.)},
		{"2 workers", workers(2, 10/3.)},
		{"3 workers", workers(3, 3.1)},
		{"10 workers", workers(10, 1.03)},
		{"10 slower workers", workers(10, 0.97)},
		{"turns: 1 s, pause: 1 s", turns(1, 1)},
		{"turns: 0.5 s, pause: 1 s", turns(0.5, 1)},
		{"turns: 1 s, pause: 0.5 s", turns(1, 0.5)},
		{"turns: 2 s, pause: 1 s", turns(2, 1)},
		{"turns: 0.9 s, pause: 0.1 s", turns(0.9, 0.1)},
		{"1000 events a second", events(1000, 1)},
		{"100 events a second", events(100, 1)},
		{"10 events a second", events(10, 1)},
		{"2 events a second", events(2, 5)},
	} {
		for _, every := range []float64{0.1, 0.2} {
			off, took := 0, 0.0
			for i := range *runs {
				random := rand.New(rand.NewPCG(uint64(i), 7))
				read, rate := tt.number(random)
				late := func() float64 { return random.ExpFloat64() * 0.005 }
				r, at, ok := sample(figure.Sampling{Limit: 60}, every, late, read)
				took += at
				if ok && math.Abs(r.Value-rate) > figure.Certainty*r.Error {
					off++
				}
			}
			share := 100 * float64(off) / float64(*runs)
			fmt.Fprintf(&table, "| %s | %.1f s | %.2f %% | %.1f s |\n", tt.name, every, share, took/float64(*runs))
			if share > 5 {
				t.Errorf("%s, read every %v s: %.1f %% are further off than they say", tt.name, every, share)
			}
		}
	}
	t.Log("\n" + table.String())
}

// TestNoEstimate gives numbers of which too little is known.
func TestNoEstimate(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(at float64) float64{
		"no change":                        func(float64) float64 { return 7 },
		"one change":                       func(at float64) float64 { return math.Min(math.Floor(at), 1) },
		"many changes, and a pause":        func(at float64) float64 { return math.Min(at, 5) },
		"a long pause, then a few changes": func(at float64) float64 { return math.Max(at-6, 0) },
	} {
		var c figure.Counter
		for t := 0.0; t < 10; t += 0.1 {
			c.Add(t, read(t))
		}
		if r, ok := c.Reading(); ok {
			t.Errorf("%s: %v", name, r)
		}
	}
}

// TestMeans samples values until their mean is known to ±5 %, and counts how often it is further from the
// true one, 10, than it says. With -runs=4000 -v it prints the table of the decision record.
func TestMeans(t *testing.T) {
	t.Parallel()
	// slow is a value of which some share is the value before, and the rest is at random.
	slow := func(share float64) func(random *rand.Rand) func() float64 {
		return func(random *rand.Rand) func() float64 {
			off := random.NormFloat64()
			return func() float64 {
				off = share*off + math.Sqrt(1-share*share)*random.NormFloat64()
				return 10 + 2*off
			}
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "| value | further off than it says | samples | undecided |\n|--|--|--|--|\n")
	for _, tt := range []struct {
		name string
		next func(random *rand.Rand) func() float64
		most float64 // per cent of wrong ones
	}{
		{"independent", slow(0), 2},
		{"exponential", func(random *rand.Rand) func() float64 { return func() float64 { return 10 * random.ExpFloat64() } }, 2},
		{"half of it is the value before", slow(0.5), 3},
		{"nine tenths of it", slow(0.9), 5},
		{"99 hundredths of it", slow(0.99), 15}, // 300 samples are a few turns of it
	} {
		off, samples, undecided := 0, 0, 0
		for i := range *runs {
			next, series := tt.next(rand.New(rand.NewPCG(uint64(i), 3))), figure.NewSeries(false)
			var r figure.Reading
			ok := false
			for i := range 300 {
				series.Add(float64(i), next())
				samples++
				if r, ok = series.Reading(); ok && figure.Certainty*r.Error <= figure.Precision*r.Value {
					break
				}
			}
			if !ok {
				undecided++
			} else if math.Abs(r.Value-10) > figure.Certainty*r.Error {
				off++
			}
		}
		share := func(n int) float64 { return 100 * float64(n) / float64(*runs) }
		fmt.Fprintf(&table, "| %s | %.2f %% | %d | %.2f %% |\n", tt.name, share(off), samples / *runs, share(undecided))
		if share(off) > tt.most {
			t.Errorf("%s: %.1f %% are further off than they say", tt.name, share(off))
		}
	}
	t.Log("\n" + table.String())
}

// TestGauge samples a value that is written down once a second: it looks constant for a while.
func TestGauge(t *testing.T) {
	t.Parallel()
	series := figure.NewSeries(false)
	for i := range 60 {
		at := float64(i) * 0.05
		series.Add(at, 100*float64(int(at)%2))
		if r, ok := series.Reading(); ok {
			t.Fatalf("after %v s: %v", at, r)
		}
	}
}

// TestManySamples gives a million samples in a few seconds: each costs little.
func TestManySamples(t *testing.T) {
	t.Parallel()
	for _, rate := range []bool{false, true} {
		series := figure.NewSeries(rate)
		begun, sum := time.Now(), 0.
		const samples = 1_000_000
		for i := range samples {
			v := float64(i % 10)
			if sum += v; rate {
				v = float64(i)
			}
			series.Add(float64(i)*60/samples, v)
			series.Reading()
		}
		r, ok := series.Reading()
		want := sum / samples
		if rate {
			want = samples / 60
		}
		if !ok || math.Abs(r.Value-want) > 0.02*want {
			t.Errorf("rate: %v: %v %v, want %v", rate, r, ok, want)
		}
		if took := time.Since(begun); took > 30*time.Second { // quadratic work takes hours
			t.Errorf("rate: %v: it took %v", rate, took)
		}
	}
}

// TestBelowZero measures a value below zero to a precision.
func TestBelowZero(t *testing.T) {
	t.Parallel()
	s := figure.Sampling{Limit: 60}
	if !s.Enough(5, figure.Reading{Value: -10, Error: 0.1}) || s.Enough(5, figure.Reading{Value: -10, Error: 1}) {
		t.Error("the precision of a negative value is that of a positive one")
	}
}
