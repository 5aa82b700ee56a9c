package figure_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

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
// ratios, as it was measured before and as it is measured now. With -runs=10000 -v it prints the table of
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

// TestBursts measures a number that rises by turns: programs that wait for the same service write it
// down one after another, and pause together. A measurement begins anywhere in that.
func TestBursts(t *testing.T) {
	t.Parallel()
	const step, truth = 0.1, 10. // seconds between two changes of a burst; per second
	for _, tt := range []struct{ burst, pause float64 }{{1, 1}, {0.5, 0.5}, {0.5, 1.5}, {1, 0.5}, {1, 2}, {2, 1}, {0.1, 2.9}} {
		rise := truth * (tt.burst + tt.pause) / math.Round(tt.burst/step) // of a change
		var wrong, undecided int
		var took, worst float64
		for i := range *runs {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			phase, period := random.Float64()*(tt.burst+tt.pause), tt.burst+tt.pause
			late := func() float64 { return random.ExpFloat64() * 0.005 }
			read := func(at float64) float64 {
				at += phase - late()
				whole := math.Floor(at / period)
				within := min(math.Floor((at-whole*period)/step+1), math.Round(tt.burst/step))
				return max(0, rise*(whole*math.Round(tt.burst/step)+within))
			}
			last := 0.
			rising := func(at float64) float64 { last = max(last, read(at)); return last }
			r, at, ok := sample(figure.Sampling{Limit: 60}, step, late, rising)
			took += at
			switch off := math.Abs(r.Value-truth) / truth; {
			case !ok:
				undecided++
			case off > figure.Precision:
				wrong++
				worst = max(worst, off)
			}
		}
		t.Logf("%v s of changes, %v s without: %d of %d wrong, by up to %.0f %%; %d undecided, %.1f s", tt.burst, tt.pause, wrong,
			*runs, 100*worst, undecided, took/float64(*runs))
		if 100*wrong > *runs || undecided > 0 {
			t.Errorf("%v s of changes, %v s without: %d wrong, %d undecided", tt.burst, tt.pause, wrong, undecided)
		}
	}
}
