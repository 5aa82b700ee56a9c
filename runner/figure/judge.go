package figure

import (
	"math"
	"slices"
	"strings"
)

// Reading is a measured figure, in base units.
type Reading struct {
	Value float64
	Error float64 // its standard error; 0: it was read once, and is exact
}

// Decision says whether a claim holds.
type Decision uint8

// The decisions.
const (
	Undecided Decision = iota // the readings are not certain enough
	Holds
	Fails
)

// Outcome is what readings say about a claim.
type Outcome struct {
	Decision Decision
	Measured string // the left side, and the right one where it is measured, too
	Narrow   bool   // it holds, but is within a tenth of a bound
}

// Certainty is the number of standard errors that a value must be away from a bound to be on one side
// of it: a normal value is beyond it in 0.27 % of all cases. As a claim is looked at several times
// while it is measured, this keeps wrong decisions below 1 %.
const Certainty = 3

// nearBound is the part of a bound within which a claim holds only just.
const nearBound = 0.1

// condition is an inequality: over must be positive.
type condition struct {
	over   func(value func(*term) float64) float64
	sum    func(value func(*term) float64) float64 // of both sides
	bound  func(value func(*term) float64) float64
	strict bool
}

// conditions are the inequalities that must all hold; nil for == and !=.
func (c *Claim) conditions() []condition {
	type evaluate = func(*term) float64
	left := func(v evaluate) float64 { return v(c.left) }
	right := func(v evaluate) float64 { return v(c.right) }
	above := func(a, b func(evaluate) float64, bound func(evaluate) float64, strict bool) condition {
		return condition{
			func(v evaluate) float64 { return a(v) - b(v) }, func(v evaluate) float64 { return math.Abs(a(v)) + math.Abs(b(v)) }, bound, strict,
		}
	}
	switch c.relation {
	case "<", "<=":
		return []condition{above(right, left, right, c.relation == "<")}
	case ">", ">=":
		return []condition{above(left, right, right, c.relation == ">")}
	case "in":
		upper := func(v evaluate) float64 { return v(c.upper) }
		return []condition{above(left, right, right, false), above(upper, left, upper, false)}
	case "≈":
		tolerance := func(v evaluate) float64 {
			if c.relative() {
				return math.Abs(v(c.right)) * v(c.upper)
			}
			return math.Abs(v(c.upper))
		}
		low := func(v evaluate) float64 { return v(c.right) - tolerance(v) }
		high := func(v evaluate) float64 { return v(c.right) + tolerance(v) }
		return []condition{above(left, low, low, false), above(high, left, high, false)}
	}
	return nil
}

// evaluate is the value of an expression.
func evaluate(t *term, figures func(name string) float64) float64 {
	switch {
	case t.op == 'n':
		return t.value
	case t.op == 'v':
		return figures(t.name)
	}
	l := evaluate(t.left, figures)
	if t.right == nil {
		return -l
	}
	r := evaluate(t.right, figures)
	switch t.op {
	case '+':
		return l + r
	case '-':
		return l - r
	case '*':
		return l * r
	}
	return l / r
}

// magnitude bounds the numbers in the arithmetic of an expression.
func magnitude(t *term, readings map[string]Reading) float64 {
	switch {
	case t.op == 'n' || t.op == 'v':
		return math.Abs(evaluate(t, func(name string) float64 { return readings[name].Value }))
	case t.right == nil:
		return magnitude(t.left, readings)
	}
	l, r := magnitude(t.left, readings), magnitude(t.right, readings)
	switch t.op {
	case '*':
		return l * r
	case '/':
		return l / r
	}
	return l + r
}

// rounding is the error of the arithmetic, as a share of its numbers. Whole numbers differ beyond it up
// to 10^14.
const rounding = 4e-15

// defined reports whether a value is a number: a division by 0 has none.
func defined(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Judge compares a claim with readings of all its figures.
func (c *Claim) Judge(readings map[string]Reading) Outcome {
	outcome := Outcome{Decision: Holds}
	fits := []func(v func(*term) float64) bool{} // conditions that decided
	sized := func(t *term) float64 { return magnitude(t, readings) }
	if c.relation == "==" || c.relation == "!=" {
		difference := func(v func(*term) float64) float64 { return v(c.left) - v(c.right) }
		over, err := propagate(readings, difference)
		slack := rounding * (sized(c.left) + sized(c.right))
		switch {
		case !defined(over):
			outcome.Decision = Fails
		case err > 0 && math.Abs(over) <= Certainty*err:
			outcome.Decision = Undecided
		case (math.Abs(over) <= slack) != (c.relation == "=="):
			outcome.Decision = Fails
		}
		if err == 0 { // all digits count
			fits = append(fits, func(v func(*term) float64) bool { return math.Abs(difference(v)-over) <= slack })
		}
	}
	for _, cond := range c.conditions() {
		over, err := propagate(readings, cond.over)
		bound, _ := propagate(readings, cond.bound)
		slack := rounding * cond.sum(sized)
		switch {
		case !defined(over):
			outcome.Decision = Fails
		case over < -Certainty*err-slack, cond.strict && err == 0 && over <= slack:
			outcome.Decision = Fails
		case over < Certainty*err-slack && outcome.Decision == Holds:
			outcome.Decision = Undecided
		}
		if defined(bound) && over <= nearBound*math.Abs(bound) && bound != 0 {
			outcome.Narrow = true
		}
		fits = append(fits, func(v func(*term) float64) bool {
			return cond.over(v) > slack || !cond.strict && cond.over(v) >= -slack
		})
	}
	outcome.Narrow = outcome.Narrow && outcome.Decision == Holds
	digits := leastDigits
	if outcome.Decision != Undecided {
		digits = c.digits(readings, fits)
	}
	outcome.Measured = c.measured(readings, digits)
	return outcome
}

// leastDigits are those of a measured number.
const leastDigits = 3

// digits is how many digits of the measured numbers show on which side of its bounds each is: of two that
// look alike, nobody could say which is the greater.
func (c *Claim) digits(readings map[string]Reading, fits []func(v func(*term) float64) bool) int {
	exact := func(t *term) float64 {
		return evaluate(t, func(name string) float64 { return readings[name].Value })
	}
	for digits := leastDigits; digits < 17; digits++ {
		shown := func(t *term) float64 {
			if len(t.names()) == 0 {
				return exact(t)
			}
			return round(exact(t), digits)
		}
		if !slices.ContainsFunc(fits, func(fits func(v func(*term) float64) bool) bool { return fits(exact) != fits(shown) }) {
			return digits
		}
	}
	return leastDigits
}

// propagate is the value of a function of figures, and its standard error: the sum, in quadrature, of
// the changes that each figure's own error causes. The figures are measured one after another, so
// their errors are independent. The larger change counts of both ends of the figure's interval: a quotient
// changes more with a smaller divisor.
func propagate(readings map[string]Reading, f func(func(*term) float64) float64) (value, err float64) {
	at := func(shifted string, by float64) float64 {
		return f(func(t *term) float64 {
			return evaluate(t, func(name string) float64 {
				r := readings[name]
				if name == shifted {
					return r.Value + by
				}
				return r.Value
			})
		})
	}
	value = at("", 0)
	if !defined(value) {
		return value, 0
	}
	for name, r := range readings {
		if r.Error == 0 {
			continue
		}
		change := max(math.Abs(at(name, Certainty*r.Error)-value), math.Abs(at(name, -Certainty*r.Error)-value)) / Certainty
		err = math.Hypot(err, change)
	}
	if math.IsNaN(err) {
		err = math.Inf(1)
	}
	return value, err
}

// measured is the measured side in words.
func (c *Claim) measured(readings map[string]Reading, digits int) string {
	side := func(t *term) string {
		v, err := propagate(readings, func(value func(*term) float64) float64 { return value(t) })
		dim := t.dim
		if t.bare() {
			dim = c.left.dim
		}
		switch {
		case !defined(v):
			return "no number"
		case math.Abs(v) <= rounding*magnitude(t, readings):
			v = 0
		}
		return Reading{v, err}.format(dim, digits)
	}
	text := side(c.left)
	var others []string
	for _, t := range []*term{c.right, c.upper} {
		if len(t.names()) > 0 {
			others = append(others, side(t))
		}
	}
	if len(others) > 0 {
		text += " against " + strings.Join(others, " and ")
	}
	return text
}

// format is the reading with the width of its uncertainty.
func (r Reading) format(d dimension, digits int) string {
	text := format(r.Value, d, digits)
	if r.Error == 0 {
		return text
	}
	switch {
	case math.IsInf(r.Error, 1):
		return text + " ± ∞"
	case r.Value == 0:
		return text + " ± " + format(Certainty*r.Error, d, leastDigits)
	}
	return text + " ± " + format(math.Abs(Certainty*r.Error/r.Value)*100, nil, leastDigits) + " %"
}

// Format is a reading of the unit, for people.
func (u Unit) Format(r Reading) string { return r.format(u.dim, leastDigits) }

// Range is a stretch of values that a figure can have.
type Range struct{ Low, High float64 }

// Anything is the range of a figure of which nothing is known.
func Anything() Range { return Range{math.Inf(-1), math.Inf(1)} }

// Sure reports whether a claim holds, or fails, for all values of its figures in their ranges. A
// figure that occurs twice is taken for two: an uncertain claim is Undecided.
func (c *Claim) Sure(ranges func(name string) Range) Decision {
	left, right := extent(c.left, ranges), extent(c.right, ranges)
	low, high := right, right
	below, above := true, true // the bounds that count
	switch c.relation {
	case "in":
		high = extent(c.upper, ranges)
	case "≈":
		by := extent(c.upper, ranges)
		if c.relative() {
			by = multiply(right, by)
		}
		low, high = add(right, by, -1), add(right, by, 1)
	case "<", "<=":
		below = false
	case ">", ">=":
		above = false
	default:
		return Undecided
	}
	strict := c.relation == "<" || c.relation == ">"
	reaches := func(a, b float64) bool { return a < b || a == b && !strict }
	switch {
	case (!below || reaches(low.High, left.Low)) && (!above || reaches(left.High, high.Low)):
		return Holds
	case below && left.High < low.Low || above && left.Low > high.High:
		return Fails
	}
	return Undecided
}

func add(a, b Range, sign float64) Range {
	x, y := sign*b.Low, sign*b.High
	return Range{a.Low + min(x, y), a.High + max(x, y)}
}

func multiply(a, b Range) Range {
	r := Range{math.Inf(1), math.Inf(-1)}
	for _, x := range []float64{a.Low, a.High} {
		for _, y := range []float64{b.Low, b.High} {
			v := x * y
			if math.IsNaN(v) { // 0 times infinity
				v = 0
			}
			r.Low, r.High = min(r.Low, v), max(r.High, v)
		}
	}
	return r
}

// extent is the range of an expression.
func extent(t *term, ranges func(string) Range) Range {
	switch {
	case t.op == 'n':
		return Range{t.value, t.value}
	case t.op == 'v':
		return ranges(t.name)
	}
	l := extent(t.left, ranges)
	if t.right == nil {
		return Range{-l.High, -l.Low}
	}
	r := extent(t.right, ranges)
	switch t.op {
	case '+':
		return add(l, r, 1)
	case '-':
		return add(l, r, -1)
	case '*':
		return multiply(l, r)
	}
	if r.Low <= 0 && r.High >= 0 {
		if r.Low == 0 && l.Low >= 0 {
			return Range{0, math.Inf(1)}
		}
		return Anything()
	}
	return multiply(l, Range{1 / r.High, 1 / r.Low})
}
