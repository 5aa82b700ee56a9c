package audit

import (
	"strings"
	"testing"

	"workshop/markdown"
	"workshop/runner"
)

// TestJudge gives mutants their verdicts.
func TestJudge(t *testing.T) {
	t.Parallel()
	failed := func(r *runner.SessionResult, at int, f *runner.Failure) {
		e := r.Exercises[0]
		e.Verdict, e.Failure = runner.Failed, f
		e.Steps[at].Verdict, e.Steps[at].Failure = runner.Failed, f
	}
	f := func() *runner.Failure { return &runner.Failure{Message: "why"} }
	for _, tc := range []struct {
		name, code string
		result     func(*runner.SessionResult)
		want       Verdict
		why        string
	}{
		{"every step passed", "number", func(*runner.SessionResult) {}, Survived, ""},
		{"a step failed", "number", func(r *runner.SessionResult) { failed(r, 1, f()) }, Noticed, "why"},
		{"the changed step failed", "number", func(r *runner.SessionResult) { failed(r, 1, f()) }, Noticed, "why"},
		{"an earlier step failed", "number", func(r *runner.SessionResult) { failed(r, 0, f()) }, Undecided, "before the change"},
		{"an earlier step failed late", "number", func(r *runner.SessionResult) {
			failed(r, 0, f())
			r.Exercises[0].Late = true
		}, Noticed, "why"},
		{"an earlier step failed in another world", "missing", func(r *runner.SessionResult) { failed(r, 0, f()) }, Noticed, "why"},
		{"a command hung", "number", func(r *runner.SessionResult) {
			failed(r, 1, &runner.Failure{Message: "has not ended", Hung: true})
		}, Undecided, "hung"},
		{"the environment broke", "number", func(r *runner.SessionResult) {
			r.Verdict, r.Failure = runner.Broken, &runner.Failure{Message: "no disk"}
		}, Undecided, "no disk"},
		{"a broken step", "number", func(r *runner.SessionResult) {
			r.Exercises[0].Verdict, r.Exercises[0].Failure = runner.Broken, &runner.Failure{Message: "no shell"}
		}, Undecided, "no shell"},
		{
			"a measurement could not decide", "number", func(r *runner.SessionResult) { r.Exercises[0].Verdict = runner.Inconclusive },
			Undecided, "inconclusive",
		},
		{"an exercise was skipped", "missing", func(r *runner.SessionResult) {
			r.Exercises[0].Verdict, r.Exercises[0].Failure = runner.Skipped, &runner.Failure{Message: "requires x"}
		}, Undecided, "requires x"},
		{"another machine", "size", func(*runner.SessionResult) {}, Holds, ""},
		{"another machine, and a step failed", "size", func(r *runner.SessionResult) { failed(r, 1, f()) }, Differs, "why"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := subject(t, snippet("pwd")+"\n"+snippet("head -n 2 x"))
			result := *s.Result
			result.Exercises = nil
			for _, e := range s.Result.Exercises {
				x := *e
				x.Steps = nil
				for _, st := range e.Steps {
					y := *st
					x.Steps = append(x.Steps, &y)
				}
				result.Exercises = append(result.Exercises, &x)
			}
			tc.result(&result)
			o := Judge(s.Mutants([]string{tc.code})[0], &result)
			if o.Verdict != tc.want || !strings.Contains(o.Why, tc.why) {
				t.Errorf("%s: %q", o.Verdict, o.Why)
			}
		})
	}
}

// TestExcuses reads comments that excuse survivors.
func TestExcuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, comment string
		want          Verdict
		why           string
		idle          string
	}{
		{"a reason", "<!-- audit-ignore any file will do -->", Excused, "any file will do", ""},
		{"a colon", "<!-- audit-ignore: any file will do -->", Excused, "any file will do", ""},
		{"this code", "<!-- audit-ignore number, port: any will do -->", Excused, "any will do", ""},
		{"another code", "<!-- audit-ignore port: any will do -->", Survived, "", "nothing that survives"},
		{"a colon in the reason", "<!-- audit-ignore see below: any will do -->", Excused, "below", ""},
		{"no reason", "<!-- audit-ignore -->", Survived, "", "no reason"},
		{"a code and no reason", "<!-- audit-ignore number: -->", Survived, "", "no reason"},
		{"apart", "<!-- audit-ignore far away -->\n\nText.\n", Survived, "", "nothing that survives"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := subject(t, tc.comment+"\n"+snippet("head -n 2 x"))
			o := Judge(s.Mutants([]string{"number"})[0], s.Result)
			if o.Verdict != tc.want || !strings.Contains(o.Why, tc.why) {
				t.Errorf("%s: %q", o.Verdict, o.Why)
			}
			plan := &runner.Plan{Decks: []*markdown.Deck{s.Session.Deck}, Sessions: []*runner.Session{s.Session}}
			idle := Idle(plan, []*Outcome{o})
			if said := idle.Error(); len(idle) == 0 && tc.idle != "" || !strings.Contains(said, tc.idle) || tc.idle == "" && len(idle) > 0 {
				t.Errorf("%q", said)
			}
			if idle := Idle(&runner.Plan{Decks: plan.Decks}, nil); len(idle) > 0 {
				t.Errorf("nothing of its chapter was selected: %v", idle)
			}
		})
	}
}

// TestScore counts.
func TestScore(t *testing.T) {
	t.Parallel()
	var c Count
	for v, n := range map[Verdict]int{Noticed: 2, Survived: 1, Excused: 4, Undecided: 5, Holds: 6, Differs: 7} {
		for range n {
			c.Add(v)
		}
	}
	if got, want := c.String(), "score 66%: 2 of 3 noticed, 1 survived, 4 excused, 5 undecided"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if (Count{}).Score() != 100 {
		t.Error("nothing survives where nothing is counted")
	}
}
