package present

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"workshop/runner"
	"workshop/runner/ledger"
)

// agreed is the content of a deck that somebody has agreed to run, so that after an edit only the new parts have to
// be read again.
type agreed struct {
	Rest  string `json:"rest"` // a digest of the content that belongs to no item
	Items []item `json:"items"`
}

// item is a part that is typed, waited for or run: a step, or a script around a session.
type item struct {
	Key  string `json:"key"`
	Text string `json:"text"`

	step   *runner.Step
	script *runner.Script
}

// contentOf is the content of a plan. Together its parts cover all that [digest] does.
func contentOf(plan *runner.Plan) agreed {
	var a agreed
	rest := sha256.New()
	add := func(i item, text string, parts ...any) {
		sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
		i.Key, i.Text = hex.EncodeToString(sum[:12]), text
		a.Items = append(a.Items, i)
	}
	for _, s := range plan.Sessions {
		fmt.Fprintf(rest, "%q %q %q\n", s.Name, s.Workdir, s.Env)
		for _, script := range slices.Concat(s.Setup, s.Teardown, s.Applications) {
			add(item{script: &script}, script.Name, s.Name, script.Name, script.Text)
		}
		for _, e := range s.Exercises {
			if e.Setup || len(e.Terms) > 0 {
				fmt.Fprintf(rest, "%q %q %v\n", e.ID, e.Terms, e.Setup)
			}
			if e.Setup { // its steps stand elsewhere
				continue
			}
			for _, step := range e.Steps {
				add(item{step: step}, step.Directive+" "+step.Args+" "+step.Text, s.Name, step.Directive, step.Args, step.Text, fmt.Sprint(step.Hidden))
			}
		}
	}
	a.Rest = hex.EncodeToString(rest.Sum(nil))
	return a
}

// since are the items of a that an earlier content does not have, and those of the earlier one that a does not have.
// It is not ok if more has changed than that, such as their order.
func (a agreed) since(old agreed) (added, removed []item, ok bool) {
	added, kept := without(a.Items, old.Items)
	removed, was := without(old.Items, a.Items)
	return added, removed, a.Rest == old.Rest && slices.Equal(kept, was)
}

// without are the items that others do not have, and the keys of the rest.
func without(items, others []item) (only []item, kept []string) {
	count := map[string]int{}
	for _, o := range others {
		count[o.Key]++
	}
	for _, i := range items {
		if count[i.Key]--; count[i.Key] < 0 {
			only = append(only, i)
		} else {
			kept = append(kept, i.Key)
		}
	}
	return only, kept
}

// agree remembers the content that may be run. If that fails, all of the deck is asked for again after an edit.
func (m *Memory) agree(plan *runner.Plan) {
	if data, err := json.Marshal(contentOf(plan)); err == nil {
		_ = ledger.WriteFile(m.file+".agreed", data)
	}
}

// question asks for consent to run a deck: after an edit to run its new parts.
func (t *Talk) question() *Consent {
	deck := t.s.Deck
	all := &Consent{Steps: deck.Steps, Scripts: deck.scripts(), All: len(deck.Steps)}
	if t.opts.Memory == nil {
		return all
	}
	var old agreed
	data, err := os.ReadFile(t.opts.Memory.file + ".agreed")
	if err != nil || json.Unmarshal(data, &old) != nil {
		return all
	}
	added, removed, ok := contentOf(deck.Plan).since(old)
	if !ok {
		return all
	}
	c := &Consent{All: len(deck.Steps), Edited: true}
	for _, i := range added {
		switch step := deck.planned[i.step]; {
		case i.script != nil:
			c.Scripts = append(c.Scripts, *i.script)
		case step == nil:
			return all
		default:
			c.Steps = append(c.Steps, step)
		}
	}
	slices.SortStableFunc(c.Steps, func(a, b *Step) int { return a.Index - b.Index })
	for _, i := range removed {
		c.Removed = append(c.Removed, i.Text)
	}
	return c
}
