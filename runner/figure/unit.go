package figure

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"workshop/markdown/lazy"
)

// dimension holds the exponents of base units: "s" and "B" for time and data, and the singular of
// any other word, such as "pod", for things that are counted.
type dimension map[string]int

// base units of the dimensions that have several units.
const (
	second = "s"
	octet  = "B"
)

func (d dimension) equal(o dimension) bool { return maps.Equal(d, o) }

// times is the dimension of a product; of a quotient with sign -1.
func (d dimension) times(o dimension, sign int) dimension {
	product := maps.Clone(d)
	if product == nil {
		product = dimension{}
	}
	for base, n := range o {
		if product[base] += sign * n; product[base] == 0 {
			delete(product, base)
		}
	}
	return product
}

// counts reports whether only things are counted: then a bare number is such a count.
func (d dimension) counts() bool { return d[second] == 0 && d[octet] == 0 }

// String names the dimension by its base units, such as "units/s"; "" for a plain number.
func (d dimension) String() string {
	var above, below []string
	for _, base := range slices.Sorted(maps.Keys(d)) {
		n, name := d[base], base
		list := &above
		if n < 0 {
			list, n = &below, -n
		} else if base != second && base != octet {
			name += "s"
		}
		if n > 1 {
			name += "^" + strconv.Itoa(n)
		}
		*list = append(*list, name)
	}
	text := strings.Join(above, "·")
	if len(below) > 0 {
		text += "/" + strings.Join(below, "/")
	}
	return text
}

// kind is the dimension in words, for messages.
func (d dimension) kind() string {
	switch {
	case len(d) == 0:
		return "a plain number"
	case d.equal(dimension{second: 1}):
		return "a time"
	case d.equal(dimension{octet: 1}):
		return "an amount of data"
	}
	if len(d) == 1 && d[second] == 0 && d.String()[0] != '/' {
		return "a number of " + d.String()
	}
	return "in " + d.String()
}

// Unit is a unit of measurement. The zero value is that of plain numbers.
type Unit struct {
	name   string
	factor float64 // in base units; 0 stands for 1
	dim    dimension
}

// String is the unit as it was written.
func (u Unit) String() string { return u.name }

// Timed reports whether figures in this unit depend on the clock of the machine.
func (u Unit) Timed() bool { return u.dim[second] != 0 }

// Per is the unit of a rate per second.
func (u Unit) Per() Unit {
	name := u.name + "/s"
	if u.name == "" {
		name = "1/s"
	}
	return Unit{name, u.scale(), u.dim.times(dimension{second: 1}, -1)}
}

func (u Unit) scale() float64 {
	if u.factor == 0 {
		return 1
	}
	return u.factor
}

// Seconds is the unit of a duration.
func Seconds() Unit { return Unit{"s", 1, dimension{second: 1}} }

// Lines is the unit of a number of lines.
func Lines() Unit { return Unit{"lines", 1, dimension{"line": 1}} }

// Bytes is the unit of a length.
func Bytes() Unit { return Unit{"B", 1, dimension{octet: 1}} }

// prefixes of SI and of IEC 80000-13. K is what many programs write for either k.
var prefixes = map[string]float64{
	"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50,
}

var times = map[string]float64{
	"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86400,
}

// atom is a unit of one word.
func atom(word string) (factor float64, dim dimension) {
	if f, ok := times[word]; ok {
		return f, dimension{second: 1}
	}
	if p, ok := strings.CutSuffix(word, "B"); ok {
		if f, ok := prefixes[p]; ok {
			return f, dimension{octet: 1}
		}
	}
	if p, ok := strings.CutSuffix(word, "bit"); ok {
		if f, ok := prefixes[p]; ok {
			return f / 8, dimension{octet: 1}
		}
	}
	switch word {
	case "%":
		return 0.01, dimension{}
	case "Hz":
		return 1, dimension{second: -1}
	}
	if f, ok := prefixes[word]; ok && word != "" {
		return f, dimension{}
	}
	return 1, dimension{strings.TrimSuffix(word, "s"): 1}
}

// unitForm is the form of a unit: a word or a percent sign, or two with a slash between them.
const unitForm = `(?:%|[\pL]+)(?:/[\pL]+)?`

var unitPattern = lazy.Regexp(`^` + unitForm + `$`)

// ParseUnit reads a unit such as ms, MiB, pods or units/s. A word that is no unit of time or data
// counts things of that name.
func ParseUnit(text string) (Unit, error) {
	if !unitPattern().MatchString(text) {
		return Unit{}, fmt.Errorf("%q is no unit: ms, MB, GiB, pods and units/s are some", text)
	}
	above, below, per := strings.Cut(text, "/")
	factor, dim := atom(above)
	if per {
		f, d := atom(below)
		factor, dim = factor/f, dim.times(d, -1)
	}
	return Unit{text, factor, dim}, nil
}

// quantity is a number as programs print it, perhaps with a unit behind it.
var quantity = lazy.Regexp(`^([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(` + unitForm + `)?$`)

// Read reads a number that a program printed, in base units. A unit that stands behind it must be
// of the figure's kind, and counts instead of it.
func (u Unit) Read(text string) (float64, error) {
	text = strings.TrimSpace(text)
	m := quantity().FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is no number", text)
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is no number", text)
	}
	if m[2] == "" {
		return v * u.scale(), nil
	}
	printed, err := ParseUnit(m[2])
	if err != nil {
		return 0, err
	}
	if !printed.dim.equal(u.dim) {
		return 0, fmt.Errorf("%q is %s, and the figure is %s", text, printed.dim.kind(), u.dim.kind())
	}
	return v * printed.scale(), nil
}

// format is a value in base units for people: with so many digits, and the unit that suits it.
func format(v float64, d dimension, digits int) string {
	number := func(v float64) string {
		digits := digits
		if a := math.Abs(v); a >= 1000 && a < 1e6 { // a count is not rounded to thousands
			digits = max(digits, 6)
		}
		return strconv.FormatFloat(round(v, digits), 'f', -1, 64)
	}
	scaled := func(names []string, sizes []float64) string {
		i := 0
		for i+1 < len(sizes) && round(math.Abs(v)/sizes[i+1], digits) >= 1 {
			i++
		}
		return number(v/sizes[i]) + " " + names[i]
	}
	switch {
	case d.equal(dimension{second: 1}):
		if v == 0 {
			return "0 s"
		}
		return scaled([]string{"ns", "µs", "ms", "s"}, []float64{1e-9, 1e-6, 1e-3, 1})
	case d[octet] == 1:
		rest := d.times(dimension{octet: 1}, -1).String()
		return scaled([]string{"B", "kB", "MB", "GB", "TB"}, []float64{1, 1e3, 1e6, 1e9, 1e12}) + rest
	}
	unit := d.String()
	if v == 1 && len(d) == 1 && d.counts() {
		unit = strings.TrimSuffix(unit, "s")
	}
	if unit != "" && !strings.HasPrefix(unit, "/") {
		unit = " " + unit
	}
	return number(v) + unit
}

// round rounds to significant digits.
func round(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return v
	}
	return r
}
