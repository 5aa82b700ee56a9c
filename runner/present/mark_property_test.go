package present

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"workshop/markdown"
	"workshop/runner"
)

// randomDeck is a deck of exercises with visible and hidden commands, waits and keys.
func randomDeck(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(3) {
		b.WriteString("# A\n\n.exercise[\n")
		for i := range 1 + r.IntN(6) {
			step := []string{"```bash\ncat\n```", "```wait a```", "```key ^C```"}[r.IntN(3)]
			if i == 0 {
				step = "```bash\ncat\n```"
			}
			if r.IntN(2) == 0 {
				step = "<!-- " + step + " -->"
			}
			b.WriteString(step + "\n")
		}
		b.WriteString("]\n\n---\n\n")
	}
	return b.String() + "# End\n"
}

// TestMarkProperty presses random steps of random decks with random outcomes, and looks at every moment: a visible
// command has passed only if it and all hidden steps behind it have, it runs as long as one of them is to come, it is
// bad if one of them is, and the log says the same as the slide.
func TestMarkProperty(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	for range 150 {
		text := randomDeck(r)
		if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := load(dir)
		if err != nil {
			t.Fatal(err)
		}
		deck := NewDeck(src.Plan)
		s := State{Deck: deck, Outcomes: make([]*Outcome, len(deck.Steps))}
		now := time.Unix(1, 0)
		look := func(what string) {
			t.Helper()
			if problem := s.contradiction(); problem != "" {
				t.Fatalf("seed %d: %s: %s\n%s", seed, what, problem, text)
			}
		}
		for range 6 {
			steps, why := s.press(deck.Steps[r.IntN(len(deck.Steps))])
			if why != "" {
				continue
			}
			for i, step := range steps {
				if now = now.Add(time.Second); i == 0 && step.Snippet() != (steps[0].Kind() == runner.KindTypes) {
					t.Fatal("a press begins in the middle")
				}
				o := &Outcome{Step: step, Started: now}
				s.Running, s.Outcomes[step.Index] = o, o
				look("it runs")
				ended := *o
				verdicts := []runner.Verdict{runner.Passed, runner.Passed, runner.Passed, runner.Failed, runner.Interrupted, runner.Broken}
				ended.Result = &runner.StepResult{Step: step.Step, Verdict: verdicts[r.IntN(len(verdicts))]}
				s.Running, s.Outcomes[step.Index], s.latest = nil, &ended, step.place()
				s.Log = append(s.Log, &ended)
				look("it has ended")
				if ended.mark().Bad() {
					if r.IntN(2) == 0 {
						s.noteSkipped(step, now)
						look("it is skipped")
					}
					break
				}
			}
		}
	}
}

// contradiction is what the marks of a state say that is not so; "" if all is well.
func (s *State) contradiction() string {
	for _, lead := range s.Deck.Steps {
		own := s.Outcomes[lead.Index]
		if lead.Hidden || !lead.Snippet() || own == nil {
			continue
		}
		group := []*Outcome{own}
		for _, o := range s.Deck.Steps[lead.Index+1 : lead.Index-lead.Number+len(lead.Exercise.Steps)] {
			if !o.Hidden {
				break
			}
			of := s.Outcomes[o.Index]
			if of != nil && of.Started.Before(own.Started) {
				of = nil // of an earlier run
			}
			group = append(group, of)
		}
		mark := s.Mark(lead)
		bad := slices.ContainsFunc(group, func(o *Outcome) bool { return o.mark().Bad() })
		open := slices.ContainsFunc(group, func(o *Outcome) bool { return o == nil || o.Result == nil })
		switch {
		case bad && !mark.Bad() && mark.State != MarkRunning:
			return lead.Summary() + " is " + string(mark.State) + " though one of its steps is bad"
		case mark.State == MarkPassed && (open || bad):
			return lead.Summary() + " has passed before the last of its steps"
		case mark.State == MarkRunning && !open && lead.Condition().Ends:
			return lead.Summary() + " runs though all its steps are over"
		}
	}
	if e := s.LastEntry(); e != nil && s.Running == nil && s.Outcomes[e.Step.Index].same(e.Outcome) && s.Mark(e.Step).State != e.Mark.State {
		return "the log says " + string(e.Mark.State) + ", the slide " + string(s.Mark(e.Step).State)
	}
	return ""
}

// TestMistake shows a step that cannot be read as broken before it is run, and a command that passed as broken if the
// hidden step behind it cannot be read.
func TestMistake(t *testing.T) {
	dir := t.TempDir()
	text := "# A\n\n.exercise[\n```bash\ntrue\n```\n<!-- ```key Foo``` -->\n```bash\ntrue\n```\n]\n"
	if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	deck, err := markdown.Load(os.DirFS(dir), "deck.md", markdown.Options{Directives: runner.DirectiveNames()})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := runner.Compile(deck)
	var mistakes markdown.ErrorList
	if !errors.As(err, &mistakes) || len(plan.Break(mistakes)) > 0 {
		t.Fatal(err)
	}
	d := NewDeck(plan)
	s := State{Deck: d, Outcomes: make([]*Outcome, len(d.Steps))}
	if a, b := s.Mark(d.Steps[0]).State, s.Mark(d.Steps[1]).State; a != MarkNone || b != MarkBroken {
		t.Errorf("before: %q %q", a, b)
	}
	s.Outcomes[0] = &Outcome{
		Step: d.Steps[0], Started: time.Unix(1, 0),
		Result: &runner.StepResult{Step: d.Steps[0].Step, Verdict: runner.Passed},
	}
	if a := s.Mark(d.Steps[0]).State; a != MarkBroken {
		t.Errorf("run: %q", a)
	}
}
