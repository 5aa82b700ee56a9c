package present

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/watch"
)

// take makes a deck the one that is presented.
func (t *Talk) take(src *Source) {
	old := t.s.Deck
	deck := NewDeck(src.Plan)
	outcomes := make([]*Outcome, len(deck.Steps))
	if old != nil {
		for _, o := range append(slices.Clip(t.missing.outcomes), t.s.Outcomes...) {
			if o == nil {
				continue
			}
			if step := deck.same(o.Step); step != nil {
				moved := *o
				moved.Step = step
				outcomes[step.Index] = &moved
			}
		}
		t.missing.collect(deck, t.s.Outcomes)
		t.s.Slide = t.missing.slide(old, deck, t.s.Slide)
		t.s.Trouble, t.s.Consent = nil, nil
	}
	t.source, t.s.Deck, t.s.Outcomes, t.s.Remarks = src, deck, outcomes, src.Remarks
	if t.opts.Ledger != nil {
		t.opts.Ledger.Know(src.Plan)
	}
	t.s.Checks, t.s.Recordings = checks(deck, t.opts.Ledger), recordings(deck, t.opts.Ledger)
	t.s.Step = t.s.due()
	t.allowed = t.opts.Yes || t.opts.Memory != nil && t.opts.Memory.allowed(deck.digest)
}

// missing holds the parts of earlier versions that the present one does not have. A file that is
// read while an editor saves it lacks its end, and gets it back at once.
type missing struct {
	outcomes []*Outcome // one for each place
	shown    *mark      // the slide that was shown
	instead  int        // the slide that was shown in its place
}

// collect takes the outcomes of the steps that a deck does not have.
func (m *missing) collect(deck *Deck, outcomes []*Outcome) {
	for _, o := range outcomes {
		if o == nil || deck.same(o.Step) != nil {
			continue
		}
		at := place{o.Step.Exercise.ID, o.Step.Number}
		m.outcomes = slices.DeleteFunc(m.outcomes, func(earlier *Outcome) bool {
			return place{earlier.Step.Exercise.ID, earlier.Step.Number} == at
		})
		m.outcomes = append(m.outcomes, o)
	}
}

// slide is the slide of a new deck that continues the one at a place of the old deck.
func (m *missing) slide(old, deck *Deck, at int) int {
	if m.shown == nil || m.instead != at { // somebody has moved on
		m.shown = nil
		if at >= len(old.Slides) {
			return at
		}
		shown := old.mark(at)
		m.shown = &shown
	}
	m.instead = deck.marked(*m.shown, at)
	if m.instead < len(deck.Slides) && deck.mark(m.instead) == *m.shown {
		m.shown = nil
	}
	return m.instead
}

// same is the step of this deck that a step of another version of it is; nil if it was
// edited.
func (d *Deck) same(step *Step) *Step {
	if step.Index < len(d.Steps) && d.Steps[step.Index] == step {
		return step
	}
	s := d.places[place{step.Exercise.ID, step.Number}]
	if s == nil || s.Directive != step.Directive || s.Text != step.Text || s.Args != step.Args {
		return nil
	}
	return s
}

// reloads is the reading of an edited deck.
type reloads struct {
	running bool
	again   bool // another one was asked for meanwhile
}

// reload reads the deck again. The one that is there stays until the new one is good.
func (t *Talk) reload(ctx context.Context) {
	if t.opts.Load == nil {
		return
	}
	if t.reloads.running {
		t.reloads.again = true
		return
	}
	t.reloads.running = true
	t.work.Go(func() {
		src, err := t.opts.Load()
		t.post(func() {
			t.reloads.running = false
			switch {
			case err != nil:
				t.fail(err)
			case ctx.Err() == nil:
				t.take(src)
				t.watch.add(src.Files)
				t.say("the deck was read again")
				if src.Warning != "" {
					t.fail(errors.New(src.Warning))
				}
			}
			if t.reloads.again && ctx.Err() == nil {
				t.reloads.again = false
				t.reload(ctx)
			}
		})
	})
}

// deckWatch notices changes of a deck's files.
type deckWatch struct {
	changed <-chan []string // nil without files
	watcher *watch.Watcher
	dirs    []string
}

func newWatch(files []string) (*deckWatch, error) {
	w := &deckWatch{}
	if len(files) == 0 {
		return w, nil
	}
	watcher, err := watch.New(func(name string) bool {
		return markdown.IsDocument(name) || slices.Contains([]string{".yml", ".yaml"}, filepath.Ext(name))
	})
	if err != nil {
		return nil, err
	}
	w.watcher, w.changed = watcher, watcher.Changed
	w.add(files)
	return w, nil
}

// add adds files. A folder that cannot be watched is one whose changes are not noticed.
func (w *deckWatch) add(files []string) {
	if w.watcher == nil {
		return
	}
	for _, f := range files {
		if dir := filepath.Dir(f); !slices.Contains(w.dirs, dir) && w.watcher.Folder(dir) == nil {
			w.dirs = append(w.dirs, dir)
		}
	}
}

// Close ends the watching.
func (w *deckWatch) Close() {
	if w.watcher != nil {
		_ = w.watcher.Close()
	}
}

// checks are the results of the last checks of a deck's steps; a book that is nil knows nothing.
func checks(deck *Deck, book *ledger.Ledger) []ledger.Last {
	all := make([]ledger.Last, len(deck.Steps))
	for i, s := range deck.Steps {
		all[i] = ledger.Last{Standing: ledger.Never}
		if book != nil {
			all[i] = book.Last(s.Step)
		}
	}
	return all
}

// Checked is the state of a deck that nobody presents, after a run of it.
func Checked(plan *runner.Plan, result *runner.Result) *State {
	s := Unpresented(NewDeck(plan), nil)
	at := map[*runner.Step]*Step{}
	for _, step := range s.Deck.Steps {
		at[step.Step] = step
	}
	for _, sr := range result.Sessions {
		for _, er := range sr.Exercises {
			for _, r := range er.Steps {
				if step := at[r.Step]; step != nil && (r.Verdict != runner.Skipped || r.Step.LeftOut()) && r.Verdict != runner.Blocked {
					s.Outcomes[step.Index] = &Outcome{Step: step, Result: r}
				}
			}
		}
	}
	return s
}

// Unpresented is the state of a deck that nobody presents, with the results of its last checks.
func Unpresented(deck *Deck, book *ledger.Ledger) *State {
	return &State{
		Deck: deck, Outcomes: make([]*Outcome, len(deck.Steps)), Checks: checks(deck, book), Recordings: recordings(deck, book),
	}
}
