package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"workshop/markdown"
	"workshop/runner/figure"
)

var figureDirective = directive{
	name: "figure",
	usage: "```figure NAME /REGEX/ [UNIT]```\n```figure NAME [rate] /REGEX/ [UNIT] every TIME```\n```figure NAME " +
		"duration```\n```figure NAME lines```\n```figure NAME bytes```",
	summary: "a number for claims, kept for the session: what the first group of REGEX matches in the output of the snippet before it, " +
		"the median if it matches several times; or how long that snippet took, or the number of lines or bytes of its output. With " +
		"every it is sampled until the claims about it are " +
		"decided: each match counts, and the snippet is typed again, TIME after it began, if it has ended; rate is what the number " +
		"gains in a second",
	follows: ownSnippet,
	links: func(l *linker, step *Step) {
		l.typed[0].captured = true
		if sampled := step.op.figure.Every > 0; sampled {
			l.typed[0].watched = l.typed[0].watched || l.open
		} else {
			l.typed[0].timed = l.typed[0].timed || step.op.figure.Unit.Timed()
		}
		l.figures[step.op.figure.Name] = step
	},
	compile: func(step *markdown.Step) (operation, error) {
		f, err := parseFigure(step.Text)
		if err == nil && f.Every > 0 {
			return operation{kind: KindWaits, condition: Condition{Reads: f}, figure: f, waits: 1, act: sampleFigure}, nil
		}
		return operation{kind: KindJudges, condition: Condition{Ends: true, Reads: f}, figure: f, act: readFigure}, err
	},
}

// Figure is a number that a step reads out of the snippet before it.
type Figure struct {
	Name   string
	Source string         // duration, lines or bytes; "" for an expression
	Regexp *regexp.Regexp // its first group is the number
	Unit   figure.Unit
	Rate   bool          // it is the rate of that number
	Every  time.Duration // its snippet is typed again; 0: it is read once

	number figure.Unit // of a rate: that of the number
}

// reads is the unit of the printed number.
func (f *Figure) reads() figure.Unit {
	if f.Rate {
		return f.number
	}
	return f.Unit
}

// String is the source of the figure in words.
func (f *Figure) String() string {
	from := f.Source
	if f.Regexp != nil {
		from = "/" + strings.TrimSuffix(strings.TrimPrefix(f.Regexp.String(), "(?m:"), ")") + "/"
	}
	if unit := f.reads().String(); f.Source == "" && unit != "" {
		from += " " + unit
	}
	if f.Rate {
		from = "the rate of " + from
	}
	if f.Every > 0 {
		from += ", sampled every " + f.Every.String()
	}
	return f.Name + " is " + from
}

// sources are the figures that every snippet has. A claim names them without a figure step.
func sources() []string { return []string{"duration", "lines", "bytes"} }

// ofSnippet is a figure that every snippet has; nil for another name.
func ofSnippet(source string) *Figure {
	f := &Figure{Name: source, Source: source}
	switch source {
	case "duration":
		f.Unit = figure.Seconds()
	case "lines":
		f.Unit = figure.Lines()
	case "bytes":
		f.Unit = figure.Bytes()
	default:
		return nil
	}
	return f
}

// parseFigure reads the data of a figure step.
func parseFigure(text string) (*Figure, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	rest = strings.TrimSpace(rest)
	if err := figure.CheckName(name); err != nil {
		return nil, err
	}
	rise, rate := strings.CutPrefix(rest, "rate ")
	if rate {
		rest = strings.TrimSpace(rise)
	}
	if !strings.HasPrefix(rest, "/") {
		f := ofSnippet(rest)
		if f == nil {
			return nil, fmt.Errorf("%q is no source of a figure: it is /REGEX/, duration, lines or bytes", rest)
		}
		f.Name = name
		return f, nil
	}
	if slices.Contains(sources(), name) {
		return nil, fmt.Errorf("%s is the snippet's own: give this figure another name", name)
	}
	end := expressionEnd(rest)
	if end < 0 {
		return nil, errors.New(`the expression has no end: a slash, with nothing or a blank behind it (\/ stands for a slash within it)`)
	}
	p, err := parsePattern(rest[:end])
	if err != nil {
		return nil, err
	}
	if p.Regexp == nil || p.Regexp.NumSubexp() == 0 {
		return nil, errors.New("the expression has no group: put brackets around the number, as in /took (\\d+) ms/")
	}
	f := &Figure{Name: name, Regexp: p.Regexp, Rate: rate}
	unit, every, sampled := strings.Cut(" "+rest[end:], " every ")
	if unit = strings.TrimSpace(unit); unit != "" {
		if f.Unit, err = figure.ParseUnit(unit); err != nil {
			return nil, err
		}
	}
	if sampled {
		if f.Every, err = time.ParseDuration(strings.TrimSpace(every)); err != nil || f.Every < minEvery {
			return nil, fmt.Errorf("every takes a time of at least %v, such as 500ms", minEvery)
		}
	}
	if rate {
		if !sampled {
			return nil, errors.New("a rate needs samples: write every and a time behind it, such as every 500ms")
		}
		f.number, f.Unit = f.Unit, f.Unit.Per()
	}
	return f, nil
}

// minEvery is the shortest time between the samples of a figure.
const minEvery = 50 * time.Millisecond

// expressionEnd is the offset behind the slash that ends an expression, -1 if there is none.
func expressionEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '/' && i > 1 && (i+1 == len(text) || text[i+1] == ' '):
			return i + 1
		}
	}
	return -1
}

// Range is the range of the figure's values, as far as it is known without measuring.
func (f *Figure) Range() figure.Range {
	r := figure.Anything()
	switch {
	case f.Source == "duration":
		r.Low = math.SmallestNonzeroFloat64
	case f.Regexp == nil, !mayBeNegative(f.Regexp):
		r.Low = 0
	}
	return r
}

// mayBeNegative reports whether the first group of an expression may match a minus.
func mayBeNegative(re *regexp.Regexp) bool {
	parsed, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return true
	}
	var group func(r *syntax.Regexp) *syntax.Regexp
	group = func(r *syntax.Regexp) *syntax.Regexp {
		if r.Op == syntax.OpCapture && r.Cap == 1 {
			return r
		}
		for _, sub := range r.Sub {
			if g := group(sub); g != nil {
				return g
			}
		}
		return nil
	}
	var minus func(r *syntax.Regexp) bool
	minus = func(r *syntax.Regexp) bool {
		switch r.Op {
		case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
			return true
		case syntax.OpLiteral:
			return slices.Contains(r.Rune, '-')
		case syntax.OpCharClass:
			for i := 0; i+1 < len(r.Rune); i += 2 {
				if r.Rune[i] <= '-' && '-' <= r.Rune[i+1] {
					return true
				}
			}
		}
		return slices.ContainsFunc(r.Sub, minus)
	}
	g := group(parsed)
	return g == nil || minus(g)
}

// measurement is a measured figure of a session.
type measurement struct {
	figure.Reading
	unit figure.Unit
	step *Step         // that measured it
	late time.Duration // of this machine's timers meanwhile, if the figure depends on them
}

// readFigure waits for the end of the snippet and reads a figure.
func readFigure(ctx context.Context, p *pane, step *Step) error {
	f := step.op.figure
	m, err := p.measure(ctx, step, f)
	if err != nil {
		return err
	}
	m.step = step
	p.session.know(m)
	return nil
}

// know keeps a measured figure for the claims of the session.
func (s *session) know(m measurement) {
	f := m.step.op.figure
	s.figures[f.Name] = m
	s.result.Measured, s.result.Reading = f.Name+" = "+f.Unit.Format(m.Reading), &m.Reading
}

// measure reads a figure out of the last snippet.
func (p *pane) measure(ctx context.Context, step *Step, f *Figure) (m measurement, err error) {
	m.unit = f.Unit
	c := p.command
	if c == nil {
		return m, p.failf(step, "", "there is no snippet to measure")
	}
	if f.Unit.Timed() {
		stop := figure.Watch(ctx)
		defer func() { m.late = max(c.lateness, stop()) }()
	}
	if err := p.awaitPrompt(ctx, step); err != nil {
		return m, err
	}
	if err := p.awaitPipes(ctx, step); err != nil {
		return m, err
	}
	if f.Source == "duration" {
		m.Value = c.took.Seconds()
		return m, nil
	}
	text, whole := p.shell.Output()
	if !whole {
		return m, p.failf(step, "print less", "the output is too long to be measured")
	}
	switch f.Source {
	case "lines":
		m.Value = float64(len(OutputLines(text)))
	case "bytes":
		m.Value = float64(len(text))
	default:
		var values []float64
		for _, found := range f.Regexp.FindAllStringSubmatch(text, -1) {
			v, err := f.Unit.Read(found[1])
			if err != nil {
				return m, p.failf(step, "", "%s: %v", f.Name, err)
			}
			values = append(values, v)
		}
		if len(values) == 0 {
			fail := p.failf(step, "", "%s cannot be read: nothing in the output matches it", f)
			fail.Tail = text
			return m, fail
		}
		slices.Sort(values)
		n := len(values)
		m.Value = (values[(n-1)/2] + values[n/2]) / 2
	}
	return m, nil
}
