package present

import (
	"strings"
	"testing"
	"time"

	"workshop/runner"
	"workshop/runner/ledger"
)

// claim is a deck whose visible command is judged by a hidden wait, which fails.
const claim = "# A claim\n\n.exercise[\n```bash\nread x; echo starting; [ $x = y ]\n```\n<!-- ```wait READY``` -->\n]\n\n---\n\n" +
	"# Next\n\n.exercise[\n```bash\ntrue\n```\n]\n"

// marked are the marks of all steps, in one line, with what the log says of its last command.
func marked(s *State) string {
	word := func(m Mark) string {
		w := string(m.State)
		if w == "" {
			w = "-"
		}
		if m.Skipped {
			w += " skipped"
		}
		return w
	}
	var all []string
	for _, step := range s.Deck.Steps {
		all = append(all, word(s.Mark(step)))
	}
	if e := s.LastEntry(); e != nil {
		all = append(all, "log: "+word(e.Mark))
	}
	return strings.Join(all, ", ")
}

func (h *hall) expect(what, want string) {
	h.t.Helper()
	if got := marked(h.State()); got != want {
		h.t.Fatalf("%s: %s, want %s", what, got, want)
	}
}

// TestMarkOfClaim follows the mark of a command that a hidden wait judges. One press runs both.
func TestMarkOfClaim(t *testing.T) {
	h := openHall(t, t.TempDir(), claim, Options{Yes: true})
	h.expect("before", "-, -, -")
	h.Do(Command{Do: VerbRun})
	h.until("the wait begins", waits)
	h.expect("while it runs", "running, running, -, log: running")
	h.do(Command{Do: VerbInput, Text: "x\r"})
	h.until("the wait has failed", func(s *State) bool { return idle(s) && s.Trouble != nil })
	h.expect("the wait has failed", "failed, failed, -, log: failed")
	h.do(Command{Do: VerbSkip})
	h.expect("the wait was skipped", "failed skipped, failed skipped, -, log: failed skipped")
	h.do(Command{Do: VerbSelect, N: 0})
	h.Do(Command{Do: VerbRun})
	h.until("the wait begins again", waits)
	h.expect("once more", "running, running, -, log: running")
	h.do(Command{Do: VerbGoto, Text: "2"})
	h.expect("on another slide", "running, running, -, log: running")
	h.Do(Command{Do: VerbStop})
	h.until("^C has stopped the program", func(s *State) bool {
		return idle(s) && strings.Contains(liveScreen(s), "^C\n$")
	})
	h.expect("stopped", "interrupted, interrupted, -, log: interrupted")
	h.run()
	h.expect("another command was run", "interrupted, interrupted, passed, log: passed")
	h.do(Command{Do: VerbGoto, Text: "1"})
	h.do(Command{Do: VerbSelect, N: 1})
	if s := h.do(Command{Do: VerbRun}); !s.Message.Error || !strings.Contains(s.Message.Text, `first: this belongs to it`) || !idle(s) {
		t.Errorf("the wait is judged by another command: %+v", s.Message)
	}
}

func waits(s *State) bool { return s.Running != nil && s.Running.Step.Kind() == runner.KindWaits }

// TestWaitAlone selects a wait whose command was not run: both are run.
func TestWaitAlone(t *testing.T) {
	h := openHall(t, t.TempDir(), "# A\n\n.exercise[\n```bash\necho a\n```\n```wait a```\n```bash\ntrue\n```\n]\n", Options{Yes: true})
	h.do(Command{Do: VerbSelect, N: 1})
	h.run()
	h.expect("both", "passed, passed, -, log: passed")
}

// TestMarkOfAbandoned brings the shell back to its prompt: a wait for the command cannot pass any more.
func TestMarkOfAbandoned(t *testing.T) {
	h := openHall(t, t.TempDir(), claim, Options{Yes: true})
	h.Do(Command{Do: VerbRun})
	h.until("the wait begins", waits)
	h.Do(Command{Do: VerbStop})
	h.until("it is stopped", idle)
	h.Do(Command{Do: VerbFresh})
	h.until("the prompt is back", idle)
	h.expect("it is gone", "interrupted, interrupted, -, log: interrupted")
}

// TestMarkOfRefused keeps the failure of a step that could not be run once more.
func TestMarkOfRefused(t *testing.T) {
	h := openHall(t, t.TempDir(), "# A\n\n.exercise[\n```bash\nfalse\n```\n```bash\ntrue\n```\n]\n", Options{Yes: true})
	h.run()
	h.expect("it fails", "failed, -, log: failed")
	h.do(Command{Do: VerbInput, Text: "read by_hand\r"})
	h.until("it is in the foreground", func(s *State) bool { return strings.Contains(liveScreen(s), "read by_hand\n") })
	h.do(Command{Do: VerbRun})
	if s := h.until("it is refused", func(s *State) bool { return idle(s) && s.Trouble != nil && s.Trouble.Refusal != nil }); len(s.Log) != 1 {
		t.Fatalf("%d steps were run", len(s.Log))
	}
	h.expect("it is refused", "failed, -, log: failed")
}

// TestMarkOf combines outcomes.
func TestMarkOf(t *testing.T) {
	deck := "# A\n\n.exercise[\n```bash\ncat\n```\n<!--\n```wait a```\n```timeout 9s```\n```key ^C```\n-->\n```bash\ntrue\n```\n]\n"
	h := openHall(t, t.TempDir(), deck, Options{})
	steps := h.State().Deck.Steps
	if n := len(steps[0].followers()); n != 3 || len(steps[1].followers()) != 0 || len(steps[4].followers()) != 0 {
		t.Fatalf("it answers for %d steps", n)
	}
	at := func(seconds int, o Outcome) *Outcome {
		o.Started = time.Unix(int64(seconds), 0)
		return &o
	}
	ended := func(v runner.Verdict) Outcome {
		return Outcome{Result: &runner.StepResult{Verdict: v, Duration: time.Second}}
	}
	passed, failed, skipped, broken := ended(runner.Passed), ended(runner.Failed), ended(runner.Skipped), ended(runner.Broken)
	running, unverified := Outcome{}, Outcome{Result: passed.Result, Unverified: true}
	failedSkipped := Outcome{Result: failed.Result, Skipped: true}
	for _, tt := range []struct {
		name            string
		own, wait, keys *Outcome
		current         bool
		want            Mark
	}{
		{"nothing", nil, nil, nil, true, Mark{}},
		{"it runs", at(5, running), nil, nil, true, Mark{State: MarkRunning}},
		{"typed", at(5, passed), nil, nil, true, Mark{State: MarkRunning, Duration: time.Second}},
		{"typed, and left", at(5, passed), nil, nil, false, Mark{State: MarkUnchecked, Duration: time.Second}},
		{"the wait runs", at(5, passed), at(6, running), nil, true, Mark{State: MarkRunning, Duration: time.Second}},
		{"waited", at(5, passed), at(6, passed), nil, true, Mark{State: MarkRunning, Duration: 2 * time.Second}},
		{"through", at(5, passed), at(6, passed), at(7, passed), true, Mark{State: MarkPassed, Duration: 3 * time.Second}},
		{"through, and left", at(5, passed), at(6, passed), at(7, passed), false, Mark{State: MarkPassed, Duration: 3 * time.Second}},
		{"of an earlier run", at(8, passed), at(6, failed), at(7, passed), true, Mark{State: MarkRunning, Duration: time.Second}},
		{"the wait fails", at(5, passed), at(6, failed), nil, true, Mark{State: MarkFailed, Duration: 2 * time.Second}},
		{"and is skipped", at(5, passed), at(6, failedSkipped), nil, true, Mark{State: MarkFailed, Skipped: true, Duration: 2 * time.Second}},
		{
			"and the rest passes", at(5, passed), at(6, failedSkipped), at(7, passed), true,
			Mark{State: MarkFailed, Skipped: true, Duration: 3 * time.Second},
		},
		{"and the rest fails", at(5, passed), at(6, failedSkipped), at(7, broken), true, Mark{State: MarkBroken, Duration: 3 * time.Second}},
		{"the wait is not run", at(5, passed), at(6, skipped), at(7, passed), true, Mark{State: MarkUnchecked, Duration: 3 * time.Second}},
		{"nor are the keys", at(5, passed), at(6, skipped), nil, true, Mark{State: MarkRunning, Duration: 2 * time.Second}},
		{"not verified", at(5, unverified), nil, nil, true, Mark{State: MarkUnchecked, Duration: time.Second}},
		{"skipped", at(5, skipped), nil, nil, true, Mark{State: MarkSkipped, Duration: time.Second}},
		{"skipped, and waited for", at(5, skipped), at(6, failed), nil, true, Mark{State: MarkFailed, Duration: 2 * time.Second}},
		{"only waited for", nil, at(6, passed), at(7, passed), true, Mark{Duration: 2 * time.Second}},
	} {
		outcomes := []*Outcome{tt.wait, nil, tt.keys}
		if got := markOf(tt.own, steps[0].followers(), outcomes, tt.current); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestVisibleWait has a command answer for the visible wait that judges it, and for no more.
func TestVisibleWait(t *testing.T) {
	deck := "# A\n\n.exercise[\n```bash\necho a\n```\n```wait a```\n```bash\ntrue\n```\n]\n"
	h := openHall(t, t.TempDir(), deck, Options{Yes: true})
	h.run()
	h.expect("typed", "running, -, -, log: running")
	h.run()
	h.expect("waited", "passed, passed, -, log: passed")
}

// TestCheckOfClaim tells of a command what a check found of the wait behind it.
func TestCheckOfClaim(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	h := openHall(t, dir, strings.Replace(claim, "read x; ", "x=x; ", 1), Options{})
	plan := h.State().Deck.Plan
	l, err := ledger.Open(cache, dir)
	if err != nil {
		t.Fatal(err)
	}
	l.Know(plan)
	opts := h.source.Run
	opts.Event = func(e runner.Event) { _ = l.Event(e) }
	result, err := runner.Run(t.Context(), plan, opts)
	if err != nil || result.Verdict != runner.Failed {
		t.Fatalf("%+v %v", result, err)
	}
	h = openHall(t, dir, "", Options{Ledger: l})
	s := h.State()
	own, all := s.Checks[0], s.Check(s.Deck.Steps[0])
	if own.Verdict != runner.Passed || all.Verdict != runner.Failed || all.Standing != ledger.Same {
		t.Errorf("by itself %+v, with its wait %+v", own, all)
	}
	if c := s.Check(s.Deck.Steps[2]); c.Verdict != runner.Passed {
		t.Errorf("%+v", c)
	}
}

// TestMarkOfMeasurement shows a hidden measurement that could not decide on the command before it, and
// goes on.
func TestMarkOfMeasurement(t *testing.T) {
	h := openHall(t, t.TempDir(), "# A claim\n\n.exercise[\n```bash\necho begun\n```\n<!-- ```bash echo inconclusive: too busy``` "+
		"-->\n]\n\n---\n\n"+
		"# Next\n\n.exercise[\n```bash\ntrue\n```\n]\n", Options{Yes: true})
	h.run()
	h.expect("not decided", "inconclusive, inconclusive, -, log: inconclusive")
	if trouble := h.State().Trouble; trouble != nil {
		t.Errorf("trouble: %+v", trouble)
	}
}
