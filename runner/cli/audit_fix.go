package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/audit"
)

// maxTries is the number of proposals that are tried for a survivor.
const maxTries = 4

// suggest gives survivors the first proposal for each; with --fix they are tried, and those that hold and notice
// are written into the deck.
func (e *examination) suggest(ctx context.Context, outcomes []*audit.Outcome, controls map[*audit.Subject]*runner.SessionResult) error {
	var good []*audit.Proposal
	of := map[*audit.Subject][]*audit.Proposal{}
	for _, o := range outcomes {
		if o.Verdict != audit.Survived {
			continue
		}
		all := o.Propose(controls[o.Subject])
		if len(all) > 0 {
			o.Suggest = all[0].String()
		}
		if !e.fix {
			continue
		}
		done, found, err := e.prove(ctx, o, all, of[o.Subject])
		if err != nil {
			return err
		}
		switch {
		case done == nil && len(all) > 0:
			o.Proved = "tried: it does not hold, or does not notice"
			o.Suggest = ""
		case done != nil:
			o.Suggest, o.Proved = done.String(), fmt.Sprintf("tried: behind the step at %v the deck passes, and the change is noticed",
				done.Behind.Pos)
		}
		if found {
			of[o.Subject] = append(of[o.Subject], done)
			good = append(good, done)
		}
	}
	if !e.fix {
		return nil
	}
	return e.write(good)
}

// prove finds a proposal that notices a survivor: one of those that hold already, or a new one that holds and
// notices. Found says that it is a new one.
func (e *examination) prove(ctx context.Context, o *audit.Outcome, all, held []*audit.Proposal) (_ *audit.Proposal, found bool, err error) {
	for _, p := range held {
		if noticed, err := e.notices(ctx, o, p); noticed || err != nil {
			return p, false, err
		}
	}
	for _, p := range all[:min(len(all), maxTries)] {
		var together []runner.Alteration
		for _, h := range append(slices.Clone(held), p) {
			together = append(together, h.Alteration())
		}
		r, err := e.try(ctx, o.Subject, nil, together)
		if err != nil {
			return nil, false, err
		}
		if r.Verdict != runner.Passed {
			continue
		}
		if noticed, err := e.notices(ctx, o, p); noticed || err != nil {
			return p, err == nil, err
		}
	}
	return nil, false, ctx.Err()
}

// notices reports whether a mutant is noticed with a proposal.
func (e *examination) notices(ctx context.Context, o *audit.Outcome, p *audit.Proposal) (bool, error) {
	r, err := e.try(ctx, o.Subject, o.Mutant, []runner.Alteration{p.Alteration()})
	if err != nil || ctx.Err() != nil {
		return false, errors.Join(err, ctx.Err())
	}
	return audit.Judge(o.Mutant, r).Verdict == audit.Noticed, nil
}

// write writes proposals into the files of the decks.
func (e *examination) write(proposals []*audit.Proposal) error {
	additions := map[string][]markdown.Addition{}
	for _, p := range proposals {
		if e.sources[0].root == "" {
			return errors.New("--fix: the deck is built in, and cannot be written")
		}
		file := p.Behind.Pos.File
		for _, c := range p.Checks {
			additions[file] = append(additions[file], markdown.Addition{After: p.Behind.Step, Directive: c.Directive, Text: c.Text})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(additions)) {
		old, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text, err := markdown.Add(old, additions[name])
		if err != nil {
			return err
		}
		if err := e.onlyMore(name, old, text, len(additions[name])); err != nil {
			return err
		}
		if err := replaceFile(name, text); err != nil {
			return &codeError{exitBroken, fmt.Errorf("write %s: %w", name, err)}
		}
		for _, a := range additions[name] {
			fmt.Fprintf(e.said, "written  behind %v: %s\n", a.After.Pos, a.Directive)
		}
	}
	return nil
}

// onlyMore checks that a new text of a file has further steps, and is read as before otherwise.
func (e *examination) onlyMore(name string, before, after []byte, more int) error {
	opts := markdown.Options{Style: styleOf(e.sources, name)}
	was, is := stepsIn(name, before, opts), stepsIn(name, after, opts)
	if len(is) == len(was)+more {
		i := 0
		for _, step := range is { // the old ones, in order
			if i < len(was) && step.Directive == was[i].Directive && step.Text == was[i].Text && step.Hidden == was[i].Hidden {
				i++
			}
		}
		if i == len(was) {
			return nil
		}
	}
	return fmt.Errorf("%s: nothing is written: the new steps would change how the file is read", name)
}
