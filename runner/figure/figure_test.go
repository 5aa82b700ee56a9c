package figure_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"workshop/runner/figure"
)

// A claim is checked before anything runs, and judged when its figures are measured.
func Example() {
	perSecond, _ := figure.ParseUnit("units/s")
	units := func(name string) (figure.Unit, bool) { return perSecond, name == "one" || name == "two" }
	none := func(string) string { return "" }

	c, _ := figure.Parse("two / one in 1.7..2.3")
	fmt.Println(c.Check(units, none))
	o := c.Judge(map[string]figure.Reading{"one": {Value: 3.2, Error: 0.02}, "two": {Value: 6.4, Error: 0.05}})
	fmt.Println(o.Decision == figure.Holds, o.Measured)

	c, _ = figure.Parse("two < 5 MB")
	fmt.Println(c.Check(units, none))
	// Output:
	// <nil>
	// true 2 ± 3.02 %
	// 5 MB is an amount of data, and two is in units/s
}

// known are the figures of the tests.
func known(name string) (figure.Unit, bool) {
	u, ok := map[string]string{"took": "ms", "wait": "s", "size": "MB", "pods": "pods", "rate": "units/s", "n": "%"}[name]
	if !ok {
		return figure.Unit{}, false
	}
	unit, err := figure.ParseUnit(u)
	return unit, err == nil
}

func parse(t testing.TB, text string) *figure.Claim {
	t.Helper()
	c, err := figure.Parse(text)
	if err == nil {
		err = c.Check(known, func(string) string { return "" })
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

// TestMistakes gives the place of each mistake.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, at, want string }{
		{"took < 3", "3", "3 is a plain number, and took is a time"},
		{"took < 3 MB", "3 MB", "3 MB is an amount of data, and took is a time"},
		{"size < pods", "pods", "pods is a number of pods, and size is an amount of data"},
		{"took + size < 3 s", "size", "size is an amount of data, and took is a time"},
		{"took / wait < 3 s", "3 s", "3 s is a time, and took / wait is a plain number"},
		{"rate <= 10.5", "10.5", "10.5 is a plain number, and rate is in units/s"},
		{"tock < 3 s", "tock", `there is no figure "tock" before this claim`},
		{"1 < 2", "1 < 2", "the claim is about no figure"},
		{"took", "k", "the claim ends where a comparison should come"},
		{"took < 3 s 4", "4", `"4" stands where the end of the claim should come`},
		{"took in 3 s", "s", `the claim ends where the ".." of a range should come`},
		{"took ≈ 3 s", "s", `the claim ends where the "±" of a tolerance should come`},
		{"took in 3 s..2 s", "3 s..2 s", "the range is empty: its first end is above its second"},
		{"(took < 3 s", "<", `"<" stands where ")" should come`},
		{"took < 2 wait", "2 wait", "wait is a figure, and stands where the unit of 2 should"},
		{"took / 0 < 3 s", "0", "nothing can be divided by 0"},
		{"took & 3", "&", `"&" means nothing in a claim`},
		{"took < ", " ", "the claim ends where a figure or a number should come"},
		{"", "", "the claim ends where a figure or a number should come"},
		{"in < 3", "in", `"in" stands where a figure or a number should come`},
		{strings.Repeat("(", 60) + "took", "(", "too many brackets"},
	} {
		c, err := figure.Parse(tt.text)
		if err == nil {
			err = c.Check(known, func(string) string { return "" })
		}
		var mistake *figure.Error
		if !errors.As(err, &mistake) {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if at := tt.text[mistake.Start:mistake.End]; mistake.Message != tt.want || at != tt.at {
			t.Errorf("%s: at %q: %s\nwant at %q: %s", tt.text, at, mistake.Message, tt.at, tt.want)
		}
	}
}

// TestJudge judges exact figures.
func TestJudge(t *testing.T) {
	t.Parallel()
	readings := map[string]figure.Reading{
		"took": {Value: 0.25}, "wait": {Value: 2}, "size": {Value: 12e6}, "pods": {Value: 3}, "rate": {Value: 9.8}, "n": {Value: 0.5},
	}
	for text, want := range map[string]string{
		"took < 3 s":                   "holds 250 ms",
		"took < 240ms":                 "fails 250 ms",
		"took < 260 ms":                "holds 250 ms narrowly",
		"took < 250 ms":                "fails 250 ms",
		"took <= 250 ms":               "holds 250 ms narrowly",
		"took >= 0.25 s":               "holds 250 ms narrowly",
		"took > 0.25 s":                "fails 250 ms",
		"took in 200..300 ms":          "holds 250 ms",
		"took in 200..260 ms":          "holds 250 ms narrowly",
		"took ≈ 0.3 s ± 20%":           "holds 250 ms narrowly",
		"took ~ 0.3 s +- 10 %":         "fails 250 ms",
		"took ≈ 0.3 s ± 60 ms":         "holds 250 ms narrowly",
		"wait > 5 * took":              "holds 2 s against 1.25 s",
		"wait / took == 8":             "holds 8",
		"wait / took != 8":             "fails 8",
		"size <= 12 MB":                "holds 12 MB narrowly",
		"size < 11 MiB":                "fails 12 MB",
		"size <= 96 Mbit":              "holds 12 MB narrowly",
		"size / wait > 5 MB/s":         "holds 6 MB/s",
		"pods == 3":                    "holds 3 pods",
		"pods == 3 pods":               "holds 3 pods",
		"2 * pods - 1 == 5":            "holds 5 pods",
		"-pods < 0":                    "holds -3 pods",
		"rate <= 10.5 units/s":         "holds 9.8 units/s narrowly",
		"rate * wait > 19 units":       "holds 19.6 units narrowly",
		"n > 49 %":                     "holds 0.5 narrowly",
		"wait - took * 8 > 0":          "fails 0 s",
		"took / (wait - 8 * took) < 1": "fails no number",
		"wait in took..10 * took":      "holds 2 s against 250 ms and 2.5 s",
	} {
		o := parse(t, text).Judge(readings)
		got := map[figure.Decision]string{figure.Holds: "holds ", figure.Fails: "fails ", figure.Undecided: "undecided "}[o.Decision] + o.Measured
		if o.Narrow {
			got += " narrowly"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestExact judges numbers that differ by little, and those that do not exist.
func TestExact(t *testing.T) {
	t.Parallel()
	units := func(string) (figure.Unit, bool) { return figure.Unit{}, true }
	readings := map[string]figure.Reading{
		"n": {Value: 1000000000}, "big": {Value: 1000000000000}, "z": {}, "one": {Value: 1}, "a": {Value: 0.3}, "b": {Value: 0.1},
		"c": {Value: 0.2}, "near": {Value: 10.004}, "unsure": {Value: 2, Error: 0.5}, "around": {Error: 0.5},
		"nan": {Value: 1, Error: math.NaN()},
	}
	for text, want := range map[string]string{
		"n == 1000000001":        "fails 1000000000",
		"n != 1000000001":        "holds 1000000000",
		"big <= 999999999999":    "fails 1000000000000",
		"big == 999999999999":    "fails 1000000000000",
		"big + 0.5 > big":        "holds 1000000000000.5 against 1000000000000",
		"one / z > 3":            "fails no number",
		"one / z != 3":           "fails no number",
		"one < one / z":          "fails 1 against no number",
		"a - b - c == 0":         "holds 0",
		"a - b - c >= 0":         "holds 0",
		"a - b - c < 0":          "fails 0",
		"b + c == a":             "holds 0.3 against 0.3",
		"near <= 10":             "fails 10.004",
		"near == 10":             "fails 10.004",
		"near < 10.1":            "holds 10",
		"near in 9..9.9":         "fails 10",
		"one / unsure < 1.5":     "undecided 0.5 ± 300 %", // 2, with a divisor of 0.5
		"around * around < 0.01": "undecided 0 ± 2.25",
		"nan > 0":                "undecided 1 ± ∞",
	} {
		c, err := figure.Parse(text)
		if err == nil {
			err = c.Check(units, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		o := c.Judge(readings)
		got := map[figure.Decision]string{figure.Holds: "holds ", figure.Fails: "fails ", figure.Undecided: "undecided "}[o.Decision] + o.Measured
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestUncertain judges figures with errors: a ratio has those of both.
func TestUncertain(t *testing.T) {
	t.Parallel()
	c := parse(t, "took / wait in 1.7..2.3")
	for _, tt := range []struct {
		took, wait figure.Reading
		want       figure.Decision
	}{
		{figure.Reading{Value: 2}, figure.Reading{Value: 1}, figure.Holds},
		{figure.Reading{Value: 2, Error: 0.09}, figure.Reading{Value: 1}, figure.Holds},
		{figure.Reading{Value: 2, Error: 0.11}, figure.Reading{Value: 1}, figure.Undecided},
		{figure.Reading{Value: 2}, figure.Reading{Value: 1, Error: 0.055}, figure.Undecided},
		{figure.Reading{Value: 2, Error: 0.08}, figure.Reading{Value: 1, Error: 0.04}, figure.Undecided},
		{figure.Reading{Value: 1.5, Error: 0.05}, figure.Reading{Value: 1}, figure.Fails},
		{figure.Reading{Value: 1.5, Error: 0.09}, figure.Reading{Value: 1}, figure.Undecided},
		{figure.Reading{Value: 2, Error: 1}, figure.Reading{Value: 0}, figure.Fails},
	} {
		if o := c.Judge(map[string]figure.Reading{"took": tt.took, "wait": tt.wait}); o.Decision != tt.want {
			t.Errorf("%v / %v: %v, want %v", tt.took, tt.wait, o.Decision, tt.want)
		}
	}
}

// TestSure finds the claims that no measurement can change.
func TestSure(t *testing.T) {
	t.Parallel()
	above := figure.Range{Low: math.SmallestNonzeroFloat64, High: math.Inf(1)}
	for text, want := range map[string]figure.Decision{
		"took > 0":                 figure.Holds,
		"took >= 0":                figure.Holds,
		"0 < took":                 figure.Holds,
		"took + wait > 0 s":        figure.Holds,
		"took * wait > 0":          figure.Undecided, // it may be too small for a number
		"took / wait > 0":          figure.Undecided, // it may be too small for a number
		"took / wait >= 0":         figure.Holds,
		"took < 0":                 figure.Fails,
		"took in -2 s..-1 s":       figure.Fails,
		"took > -5 s":              figure.Holds,
		"took < 3 s":               figure.Undecided,
		"took - wait > 0":          figure.Undecided,
		"took ≈ 3 s ± 20%":         figure.Undecided,
		"took ≈ -3 s ± 20%":        figure.Fails,
		"took == wait":             figure.Undecided,
		"took / (took - wait) > 0": figure.Undecided,
	} {
		if got := parse(t, text).Sure(func(string) figure.Range { return above }); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if got := parse(t, "took > 0").Sure(func(string) figure.Range { return figure.Anything() }); got != figure.Undecided {
		t.Errorf("of any number: %v", got)
	}
}

// TestRead reads numbers as programs print them.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		unit, text string
		want       float64
	}{
		{"ms", "687.91", 0.68791},
		{"ms", "2 s", 2},
		{"s", "1.5ms", 0.0015},
		{"MB", "12", 12e6},
		{"MB", "11.2GB", 11.2e9},
		{"B", "1Ki", -1},
		{"", "1,234", 1234},
		{"", "10k", 10000},
		{"", "-3", -3},
		{"", "1e3", 1000},
		{"pods", "3", 3},
		{"", "12 MB", -1},
		{"", "x", -1},
		{"", "", -1},
		{"", "1e999", -1},
		{"s", "3 MB", -1},
		{"min", "2", 120},
		{"bit", "8", 1},
	} {
		u := figure.Unit{}
		if tt.unit != "" {
			var err error
			if u, err = figure.ParseUnit(tt.unit); err != nil {
				t.Fatal(err)
			}
		}
		got, err := u.Read(tt.text)
		if wrong := tt.want == -1; wrong != (err != nil) || !wrong && math.Abs(got-tt.want) > 1e-9*math.Abs(tt.want) {
			t.Errorf("%q in %q: %v, %v, want %v", tt.text, tt.unit, got, err, tt.want)
		}
	}
}

// FuzzParse shows that a mistake has a place, and that what is checked can be judged.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"took < 3 s", "took / wait in 1.7..2.3", "size ≈ 3 MB ± 20%", "((took)) > -(wait)", "é < 3",
		"took<3µs/", "\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := figure.Parse(text)
		if err == nil {
			err = c.Check(known, func(string) string { return "" })
		}
		var mistake *figure.Error
		switch {
		case err == nil:
			c.Judge(map[string]figure.Reading{"took": {Value: 1, Error: 0.1}, "wait": {}})
			c.Sure(func(string) figure.Range { return figure.Anything() })
			_, _ = c.Subject(), c.Bound()
		case !errors.As(err, &mistake):
			t.Fatal(err)
		case mistake.Start < 0 || mistake.End < mistake.Start || mistake.End > len(text):
			t.Fatalf("%q: %d to %d", text, mistake.Start, mistake.End)
		}
	})
}
