package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	expect "github.com/Netflix/go-expect"

	"workshop/markdown/lazy"
	"workshop/runner/figure"
	"workshop/runner/terminal"
)

// sampleFigure measures a figure again and again, until the claims about it are decided: it reads
// each match in the output of the snippet, and types the snippet again when that has ended.
func sampleFigure(ctx context.Context, p *pane, step *Step) error {
	f := step.op.figure
	if p.command == nil {
		return p.failf(step, "", "there is no snippet to measure")
	}
	allowed := p.limit(step)
	limited, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	defer p.session.run.sampled.Store(nil)
	stop := figure.Watch(limited)
	series, begun := figure.NewSeries(f.Rate), time.Now()
	err := p.sample(limited, step, func(v float64) bool {
		at := time.Since(begun).Seconds()
		series.Add(at, v)
		r, ok := series.Reading()
		if ok {
			p.session.run.sampled.Store(&Sampled{step, r})
		}
		return series.Fell() || ok && p.session.sampling(step, allowed).Enough(at, r)
	})
	m := measurement{unit: f.Unit, step: step, late: stop()}
	if err != nil && (limited.Err() == nil || ctx.Err() != nil) {
		return err
	}
	if err := p.endSamples(ctx, step); err != nil {
		return err
	}
	var ok bool
	if m.Reading, ok = series.Reading(); !ok || series.Fell() {
		return p.unsteady(step, series, allowed)
	}
	p.session.know(m)
	return nil
}

// sample passes the numbers in the output on, until one is enough. A program writes a long output in
// pieces, and one may end within a number. So if a match ends with its number, the output is read by
// lines from there on, or by words if the program ends no line.
func (p *pane) sample(ctx context.Context, step *Step, enough func(v float64) bool) error {
	f := step.op.figure
	var pieces *regexp.Regexp // the output is read by these; nil: by matches
	for next := time.Now().Add(f.Every); ; {
		if ctx.Err() != nil { // a program that prints without a pause always has a match
			return ctx.Err()
		}
		want := cmp.Or(pieces, f.Regexp)
		found, err := p.shell.ExpectWhile(ctx, nil, expect.Regexp(want))
		var timeout *terminal.TimeoutError
		switch {
		case err == nil:
			p.waited++
			text := found.Text
			if m := f.Regexp.FindStringSubmatchIndex(text); pieces == nil && !found.OnScreen && m != nil && m[3] == len(text) {
				rest, err := p.restOfLine(ctx)
				if err != nil {
					return err
				}
				text += rest
				if pieces = wholeLines(); rest == "" {
					pieces = wholeWords()
				}
			}
			if done, err := p.readSamples(step, text, pieces != nil, enough); done || err != nil {
				return err
			}
		case errors.As(err, &timeout) && timeout.Ended && ctx.Err() == nil:
			if err := p.awaitPrompt(ctx, step); err != nil { // with its status
				return err
			}
			if err := pause(ctx, time.Until(next)); err != nil {
				return err
			}
			next, pieces = time.Now().Add(f.Every), nil
			if err := p.enter(ctx, p.command.step); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// readSamples passes the numbers in a text on, until one is enough. They have arrived together, so of a
// rising number only the last one counts.
func (p *pane) readSamples(step *Step, text string, inPieces bool, enough func(v float64) bool) (bool, error) {
	f := step.op.figure
	all := f.Regexp.FindAllStringSubmatch(strings.ReplaceAll(text, "\r", "\n"), -1)
	if len(all) == 0 && !inPieces { // it needs the text before it, as \B does
		return false, p.failf(step, "let the expression match the text before the number, too",
			"%s: the expression matches %q in the output, but not by itself", f.Name, text)
	}
	values := make([]float64, len(all))
	for i, m := range all {
		var err error
		if values[i], err = f.reads().Read(m[1]); err != nil {
			return false, p.failf(step, "", "%s: %v", f.Name, err)
		}
	}
	if f.Rate && slices.IsSorted(values) {
		values = values[max(0, len(values)-1):]
	}
	return slices.ContainsFunc(values, enough), nil
}

// restOfLine is what the output has behind a match, up to its last end of a line; nothing if the snippet
// ends without one, or does not go on.
func (p *pane) restOfLine(ctx context.Context) (string, error) {
	moment, cancel := context.WithTimeout(ctx, lineGrace)
	defer cancel()
	found, err := p.shell.ExpectWhile(moment, nil, expect.Regexp(wholeLines()))
	if errors.Is(err, context.DeadlineExceeded) {
		return "", ctx.Err()
	}
	return found.Text, err
}

// lineGrace is how long a line with a sample may take to be written.
const lineGrace = time.Second

var (
	wholeLines = lazy.Regexp(`(?s:.*[\r\n])`)
	wholeWords = lazy.Regexp(`(?s:.*[^0-9A-Za-z.,])`) // a number with its unit is one
)

// pause waits for some time, or for the end of the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// endSamples ends a snippet that goes on printing.
func (p *pane) endSamples(ctx context.Context, step *Step) error {
	moment, cancel := context.WithTimeout(ctx, exerciseGrace)
	defer cancel()
	if _, err := p.shell.AwaitPrompt(moment); err != nil && ctx.Err() == nil {
		key, err := terminal.ParseKey("^C")
		if err != nil {
			return err
		}
		if err := p.press(ctx, step, key); err != nil {
			return err
		}
	}
	return p.awaitPrompt(ctx, step)
}

// unsteady is the outcome of a figure that could not be measured within its limit.
func (p *pane) unsteady(step *Step, series *figure.Series, allowed time.Duration) error {
	f, name := p.failf(step, "", ""), step.op.figure.Name
	switch {
	case series.Fell():
		f.Message, f.Hint = name+" is the rate of a number that fell", "a rate is measured of a total that only rises"
	case series.Seen() == 0:
		f.Message = fmt.Sprintf("%s cannot be read: nothing in the output matches it within %v", step.op.figure, allowed)
	case series.Changes() == 0 && step.op.figure.Rate:
		f.Message = fmt.Sprintf("%s is 0: the number has not risen within %v", name, allowed)
	default:
		f.Message = fmt.Sprintf("%s has too few samples for an estimate after %v", name, allowed)
		p.session.unsteady[step] = true
		return &undecidedError{f}
	}
	return f
}

// sampling says when the figure of a step has enough samples: when all claims are decided that can be
// judged with it. Claims that need figures of later steps ask for a precision.
func (s *session) sampling(step *Step, allowed time.Duration) figure.Sampling {
	var decidable []*Step
	plan := figure.Sampling{Limit: allowed.Seconds()}
	for _, claim := range step.claims {
		known := len(claim.op.claim.Expression.Names()) == len(claim.measures) // none of a snippet of its own
		for _, m := range claim.measures {
			known = known && (m == step || s.figures[m.op.figure.Name].step == m)
		}
		if known {
			decidable = append(decidable, claim)
		}
		plan.Open = plan.Open || !known
	}
	if len(decidable) == 0 {
		return plan
	}
	plan.Decide = func(r figure.Reading) figure.Decision {
		all := figure.Holds
		for _, claim := range decidable {
			readings := map[string]figure.Reading{step.op.figure.Name: r}
			for _, m := range claim.measures {
				if m != step {
					readings[m.op.figure.Name] = s.figures[m.op.figure.Name].Reading
				}
			}
			switch d := claim.op.claim.Expression.Judge(readings).Decision; {
			case d == figure.Undecided:
				return d
			case d == figure.Fails:
				all = d
			}
		}
		return all
	}
	return plan
}
