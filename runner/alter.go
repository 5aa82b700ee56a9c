package runner

import (
	"fmt"
	"time"

	"workshop/markdown"
)

// Alteration is a change of one step of a session. Places stay those of the deck.
type Alteration struct {
	Step  *Step
	Omit  bool             // nothing of it is carried out
	Text  string           // its new data; "": as they are
	Added []*markdown.Step // steps right behind it
}

// Altered is a copy of a session with some of its steps changed, and with a limit of the given length for
// each step to which the deck gives none.
func (s *Session) Altered(limit func(*Step) time.Duration, changes ...Alteration) (*Session, error) {
	of := map[*Step]Alteration{}
	for _, c := range changes {
		a := of[c.Step]
		a.Omit, a.Added = a.Omit || c.Omit, append(a.Added, c.Added...)
		if c.Text != "" {
			a.Text = c.Text
		}
		of[c.Step] = a
	}
	altered := *s
	altered.Exercises = nil
	for _, e := range s.Exercises {
		x := *e
		x.Steps = nil
		for _, step := range e.Steps {
			change := of[step]
			fresh, err := step.altered(change)
			if err != nil {
				return nil, err
			}
			fresh.budget = limit(step)
			x.Steps = append(x.Steps, fresh)
			for _, added := range change.Added {
				more, err := compiled(added)
				if err != nil {
					return nil, err
				}
				more.budget = fresh.budget
				x.Steps = append(x.Steps, more)
			}
		}
		altered.Exercises = append(altered.Exercises, &x)
	}
	altered.link(nil)
	return &altered, nil
}

// leftOutByAudit is the reason why an omitted step does nothing.
const leftOutByAudit = "it is left out on purpose"

// altered is a copy of the step with a change.
func (s *Step) altered(change Alteration) (*Step, error) {
	fresh := *s
	if !change.Omit && change.Text == "" {
		return &fresh, nil
	}
	data := *s.Step
	if change.Omit {
		data.Skip = leftOutByAudit
		return &Step{Step: &data, directive: &skippedDirective, op: operation{kind: KindIgnored}}, nil
	}
	data.Text, data.Raw = change.Text, ""
	return compiled(&data)
}

// compiled is a single step that is ready to run.
func compiled(step *markdown.Step) (*Step, error) {
	d := findDirective(step.Directive)
	if d == nil {
		return nil, fmt.Errorf("there is no directive %q", step.Directive)
	}
	op, err := d.compile(step)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, err)
	}
	return &Step{Step: step, directive: d, op: op}, nil
}

// OwnLimit reports whether the deck itself gives the step a limit.
func (s *Step) OwnLimit() bool { return s.timeout > 0 }

// Watched reports whether the next step acts on the running command.
func (s *Step) Watched() bool { return s.watched }

// Alters reports whether the step only changes the meaning of another one.
func (s *Step) Alters() bool { return s.op.kind == KindAlters }

// LeftOut reports whether nothing of the step is carried out.
func (s *Step) LeftOut() bool { return s.leftOut() || s.op.template }
