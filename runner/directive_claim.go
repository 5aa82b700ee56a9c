package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"workshop/markdown"
	"workshop/runner/figure"
)

var claimDirective = directive{
	name:  "claim",
	usage: "```claim EXPRESSION```\n```claim \"SENTENCE\": EXPRESSION```",
	summary: "a comparison of figures must hold, such as two / one in 1.7..2.3, size <= 20 MB, or ten / one ≈ 3 ± 20%; " +
		"it stands under the sentence that says so. duration, lines and bytes are those of the snippet before it. " +
		"check prints a table of claims",
	follows: anything,
	links:   linkClaim,
	compile: func(step *markdown.Step) (operation, error) {
		sentence, rest := figure.Sentence(step.Text)
		c, err := figure.Parse(step.Text[rest:])
		if err != nil {
			return operation{}, shifted(err, rest)
		}
		if sentence == "" {
			sentence = step.Sentence
		}
		return operation{
			kind: KindClaims, condition: Condition{Holds: c},
			claim: &Claim{Sentence: sentence, Text: c.String(), Expression: c, at: rest}, act: judgeClaim,
		}, nil
	},
}

// Claim is a statement of the deck that is measured.
type Claim struct {
	Sentence   string        // of the deck, that says it; "" if it stands under none
	Text       string        // the expression as written
	Expression *figure.Claim // nil if it was read from a report

	at int // of the expression in the step's text
}

// shifted is a mistake in the expression, by its place in the step's text.
func shifted(err error, by int) error {
	var mistake *figure.Error
	if !errors.As(err, &mistake) {
		return err
	}
	moved := *mistake
	moved.Start, moved.End = moved.Start+by, moved.End+by
	return &moved
}

// Claim is the claim of the step; nil if it makes none.
func (s *Step) Claim() *Claim { return s.op.claim }

// Figure is the figure that the step defines; nil if it defines none.
func (s *Step) Figure() *Figure { return s.op.figure }

// Measures are the steps that define the figures of a claim, in the session. Those of the snippet
// before it have none.
func (s *Step) Measures() []*Step { return s.measures }

// measuredBy is the step that defines a figure of the step's claim; nil if that is one of its snippet.
func (s *Step) measuredBy(name string) *Step {
	for _, m := range s.measures {
		if m.op.figure.Name == name {
			return m
		}
	}
	return nil
}

// RangeOf is the range of a figure that the step's claim names.
func (s *Step) RangeOf(name string) figure.Range {
	if m := s.measuredBy(name); m != nil {
		return m.op.figure.Range()
	}
	if f := ofSnippet(name); f != nil {
		return f.Range()
	}
	return figure.Anything()
}

// linkClaim finds the figures of a claim, and checks its units.
func linkClaim(l *linker, step *Step) {
	own := *step.op.claim // in another session, its figures may have other units
	own.Expression = own.Expression.Clone()
	step.op.claim = &own
	c := own.Expression
	defines := func(name string) *Figure {
		if s := l.figures[name]; s != nil {
			return s.op.figure
		}
		return ofSnippet(name)
	}
	for _, name := range c.Names() {
		switch s := l.figures[name]; {
		case s != nil:
			step.measures = append(step.measures, s)
			s.claims = append(s.claims, step)
		case ofSnippet(name) == nil:
		case !l.own:
			l.fail(CodeNoSnippet, step, step.Head(), "put a bash step before it",
				"claim is about the %s of a snippet, and comes before any of its exercise", name)
			return
		default:
			step.op.condition.Ends = true // of that snippet
			l.typed[0].captured = true
			l.typed[0].timed = l.typed[0].timed || ofSnippet(name).Unit.Timed()
		}
	}
	known := func(name string) (figure.Unit, bool) {
		f := defines(name)
		if f == nil {
			return figure.Unit{}, false
		}
		return f.Unit, true
	}
	code := CodeUnits
	err := c.Check(known, func(name string) string {
		code = CodeUnknownFigure
		return suggestFigure(name, slices.Sorted(maps.Keys(l.figures)))
	})
	var mistake *figure.Error
	if errors.As(err, &mistake) {
		at := step.op.claim.at
		l.fail(code, step, step.At(at+mistake.Start, at+mistake.End), mistake.Hint, "claim: %s", mistake.Message)
	}
}

// suggestFigure is a hint at the figures that a claim may name.
func suggestFigure(name string, known []string) string {
	if near := markdown.Suggest(name, slices.Concat(known, sources())); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 0 {
		return "a figure step before it, in its session, defines one"
	}
	return "its session has " + strings.Join(known, ", ")
}

// judgeClaim compares a claim with the figures measured so far.
func judgeClaim(ctx context.Context, p *pane, step *Step) error {
	c, st := step.op.claim.Expression, p.session.result
	readings, late := map[string]figure.Reading{}, time.Duration(0)
	for _, name := range c.Names() {
		m, ok := p.session.figures[name]
		by := step.measuredBy(name)
		ok = ok && m.step == by // an earlier step may have measured another one of this name
		if p.session.unsteady[by] {
			return &undecidedError{p.failf(step, "", "the figure %s has too few samples for an estimate", name)}
		}
		if f := ofSnippet(name); by == nil && f != nil {
			var err error
			if m, err = p.measure(ctx, step, f); err != nil {
				return err
			}
			ok = true
		}
		if !ok {
			f := p.failf(step, "", "the figure %s was not measured: the exercise with its step did not get so far", name)
			if by == nil { // the plan was narrowed
				f.Message = fmt.Sprintf("the figure %s was not measured: no step of the selection does", name)
				f.Hint = "add --from-start, or select what comes before as well"
			}
			f.figure = name
			return f
		}
		readings[name], late = m.Reading, max(late, m.late)
	}
	o := c.Judge(readings)
	st.Measured, st.Narrow = o.Measured, o.Narrow
	f := &Failure{Pos: step.Pos, Message: fmt.Sprintf("%s is %s, and must be %s", c.Subject(), o.Measured, c.Bound())}
	switch {
	case o.Decision == figure.Holds:
		return nil
	case o.Decision == figure.Undecided:
		f.Message += ": the figures are not certain enough to tell"
		return &undecidedError{f}
	case late > figure.Tolerance:
		f.Message += fmt.Sprintf(", but this machine was too busy to tell: its timers were %v late on average", late.Round(100*time.Microsecond))
		return &undecidedError{f}
	}
	return f
}

// undecidedError is the outcome of a claim that could not be decided.
type undecidedError struct{ failure *Failure }

func (e *undecidedError) Error() string { return e.failure.Error() }
