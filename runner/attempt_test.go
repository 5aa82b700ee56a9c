package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
)

// turn is a snippet that passes or fails by the number of its run, which a file counts: p passes,
// f fails, the last letter holds from there on. It leaves nothing behind in the session.
func turn(id, outcomes string) string {
	return fmt.Sprintf("bash -c 'echo >>$0; n=$(wc -l <$0); o=$1; test ${o:$((n>${#o}?${#o}-1:n-1)):1} = p' $DIR/%s %s", id, outcomes)
}

// turns is a chapter with an exercise for each snippet of turn.
func turns(name string, outcomes ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", name)
	for i, o := range outcomes {
		fmt.Fprintf(&b, "\n---\n\n## Number %d\n\n.exercise[\n```bash\n%s\n```\n]\n", i, turn(fmt.Sprintf("%s-%d", name, i), o))
	}
	return b.String()
}

// runTurns runs chapters of turns.
func runTurns(t *testing.T, files map[string]string, opts Options) (*Result, []Event) {
	t.Helper()
	opts.Env = append(opts.Env, "DIR="+t.TempDir())
	return runFiles(t, files, opts)
}

// verdictsOf are the verdicts of a run's exercises, in order, and its own.
func verdictsOf(r *Result) string {
	var all []string
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			all = append(all, string(e.Verdict))
		}
	}
	verdict := string(r.Verdict)
	if r.Accepted {
		verdict += ", accepted"
	}
	return strings.Join(all, " ") + ": " + verdict
}

func TestRetries(t *testing.T) {
	allow := Options{Retries: 1, AllowFlaky: true}
	twice, stop := allow, allow
	twice.Retries, stop.StopAtFail = 2, true
	for name, test := range map[string]struct {
		chapters [][]string // of outcomes
		opts     Options
		want     string
	}{
		"no retries":                {[][]string{{"fp"}}, Options{}, "failed: failed"},
		"passes on a retry":         {[][]string{{"fp", "p"}}, Options{Retries: 1}, "flaky passed: flaky"},
		"allowed":                   {[][]string{{"fp", "p"}}, allow, "flaky passed: flaky, accepted"},
		"fails always":              {[][]string{{"f"}}, twice, "failed: failed"},
		"passes in the third":       {[][]string{{"ffp"}}, twice, "flaky: flaky, accepted"},
		"fails in the retry only":   {[][]string{{"fp", "pf"}}, allow, "flaky flaky: failed"},
		"and passes in the next":    {[][]string{{"fp", "pfp"}}, twice, "flaky flaky: flaky, accepted"},
		"other sessions run once":   {[][]string{{"fp"}, {"pf"}}, allow, "flaky passed: flaky, accepted"},
		"stops, and tries it again": {[][]string{{"fp", "p"}, {"p"}}, stop, "flaky passed passed: flaky, accepted"},
		"stops again":               {[][]string{{"f"}, {"p"}}, stop, "failed skipped: failed"},
		"repeated":                  {[][]string{{"pppf", "p"}}, Options{Repeat: 5}, "flaky passed: failed"},
		"repeated, until a failure": {[][]string{{"ppfp", "p"}}, Options{Repeat: 5, StopAtFail: true}, "flaky skipped: failed"},
	} {
		for _, jobs := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d jobs", name, jobs), func(t *testing.T) {
				t.Parallel()
				opts := test.opts
				opts.Jobs = jobs
				files := map[string]string{}
				for i, outcomes := range test.chapters {
					files[fmt.Sprintf("%d.md", i)] = turns(string(rune('a'+i)), outcomes...)
				}
				result, _ := runTurns(t, files, opts)
				if got := verdictsOf(result); got != test.want {
					t.Errorf("%s, want %s", got, test.want)
				}
			})
		}
	}
}

// TestRetriesEvents checks that the events of attempts are the same side by side.
func TestRetriesEvents(t *testing.T) {
	var want []string
	for _, jobs := range []int{1, 3} {
		files := map[string]string{"1.md": turns("a", "fp"), "2.md": turns("b", "p"), "3.md": turns("c", "ff", "p")}
		_, events := runTurns(t, files, Options{Jobs: jobs, Retries: 1})
		got := eventLines(events)
		if want == nil {
			want = got
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, line := range []string{"exercise-retried 1 1/number-0 flaky", "run-finished - - failed"} {
		if n := strings.Count(strings.Join(want, "\n"), line); n != 1 {
			t.Errorf("%d times %q in:\n%s", n, line, strings.Join(want, "\n"))
		}
	}
}

// TestRetriesKept checks the attempts in the result.
func TestRetriesKept(t *testing.T) {
	result, _ := runTurns(t, map[string]string{"1.md": turns("a", "ffp")}, Options{Retries: 5})
	e := result.Sessions[0].Exercises[0]
	if got, want := e.Story(), "attempt 1: failed, attempt 2: failed, attempt 3: passed"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if e.Failure == nil || e.Failure != e.Earlier[0].Failure || e.OwnFailure() != nil {
		t.Errorf("the failure is %v", e.Failure)
	}
}

// TestManyFailures checks that nothing is tried again if too many exercises fail.
func TestManyFailures(t *testing.T) {
	for n, attempts := range map[int]int{MaxFailures: 2, MaxFailures + 1: 1} {
		outcomes := make([]string, n)
		for i := range outcomes {
			outcomes[i] = "fp"
		}
		result, _ := runTurns(t, map[string]string{"1.md": turns("a", outcomes...)}, Options{Retries: 3})
		note := strings.Contains(strings.Join(result.Notes, "\n"), "nothing is tried again: 11 exercises failed, more than 10")
		if e := result.Sessions[0].Exercises[0]; e.Attempt != attempts || note != (attempts == 1) {
			t.Errorf("%d failures: %d attempts; notes: %q", n, e.Attempt, result.Notes)
		}
	}
}

// TestRepeated checks the counts, and the number of results that are kept.
func TestRepeated(t *testing.T) {
	result, _ := runTurns(t, map[string]string{"1.md": turns("a", "fpp"+strings.Repeat("f", 15)+"p")}, Options{Repeat: 20})
	e := result.Sessions[0].Exercises[0]
	if diff := cmp.Diff(map[Verdict]int{Failed: 16, Passed: 4}, e.Counts); diff != "" || len(e.Earlier) != keptAttempts {
		t.Errorf("%d kept; %s", len(e.Earlier), diff)
	}
}

// TestSettled checks the verdict of two attempts, for every pair of verdicts.
func TestSettled(t *testing.T) {
	all := []Verdict{Passed, Skipped, Quarantined, Inconclusive, Blocked, Failed, Broken, Interrupted}
	for _, first := range all {
		for _, second := range all {
			e := &ExerciseResult{Exercise: &Exercise{}, Verdict: second}
			e.Follow(&ExerciseResult{Exercise: &Exercise{}, Verdict: first}, false)
			got := e.Settled()
			fault := first == Failed || first == Broken || second == Failed || second == Broken
			switch {
			case got == Passed && (second != Passed || first == Failed || first == Broken || first == Quarantined):
				t.Errorf("%s, then %s: passed", first, second)
			case second == Interrupted:
				if got != Interrupted {
					t.Errorf("%s, then %s: %s", first, second, got)
				}
			case fault != (got == Failed || got == Broken || got == Flaky):
				t.Errorf("%s, then %s: %s", first, second, got)
			case (got == Flaky) != (fault && (first == Passed || second == Passed)):
				t.Errorf("%s, then %s: %s", first, second, got)
			}
			r := &run{opts: Options{AllowFlaky: true}}
			e.Settle(got)
			if s := (&Session{Exercises: []*Exercise{{}, {}}}); second != Passed && fault && r.accepts(r.counted(e, s)) {
				t.Errorf("%s, then %s: accepted", first, second)
			}
		}
	}
}

func TestQuarantined(t *testing.T) {
	const late = "# Late\n\n.exercise[\n```bash\necho RE\"ADY\"; sleep 0.3; (exit 3)\n```\n<!-- ```wait READY``` -->\n]\n" +
		"\n---\n\n.exercise[\n```bash\ntrue\n```\n]\n"
	held := func(ids ...string) func(*Exercise) string {
		return func(e *Exercise) string {
			for _, id := range ids {
				if e.ID == id {
					return id + " is in quarantine"
				}
			}
			return ""
		}
	}
	for name, test := range map[string]struct {
		chapter string
		opts    Options
		want    string
	}{
		"fails":             {turns("a", "f", "p"), Options{}, "quarantined passed: passed"},
		"passes":            {turns("a", "p", "p"), Options{}, "passed passed: passed"},
		"is alone":          {turns("a", "f"), Options{}, "quarantined: quarantined, accepted"},
		"another one fails": {turns("a", "f", "f"), Options{}, "quarantined failed: failed"},
		"does not stop":     {turns("a", "f", "p"), Options{StopAtFail: true}, "quarantined passed: passed"},
		"is tried again":    {turns("a", "fp", "fp"), Options{Retries: 1, AllowFlaky: true}, "quarantined flaky: flaky, accepted"},
		"is not the cause":  {turns("a", "fp", "p"), Options{Retries: 1}, "quarantined passed: passed"},
		"fails later":       {late, Options{}, "quarantined passed: passed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.opts.Quarantined = held("1/number-0", "1/late")
			result, _ := runTurns(t, map[string]string{"1.md": test.chapter}, test.opts)
			if got := verdictsOf(result); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			e := result.Sessions[0].Exercises[0]
			if want := e.ID + " is in quarantine: " + string(e.Verdict); !strings.Contains(strings.Join(result.Notes, "\n"), want) {
				t.Errorf("no note %q in %q", want, result.Notes)
			}
		})
	}
}

func TestInconclusive(t *testing.T) {
	const busy = "```bash\necho 'inconclusive: too busy'; touch thing\n```\n"
	const right = "```bash\ntrue\n```\n"
	exercise := func(steps string) string { return "\n---\n\n## Ex\n\n.exercise[\n" + steps + "]\n" }
	for name, test := range map[string]struct {
		chapter string
		opts    Options
		want    string
	}{
		"alone":           {exercise(busy), Options{}, "inconclusive: inconclusive, accepted"},
		"strict":          {exercise(busy), Options{Strict: true}, "inconclusive: inconclusive"},
		"and more passes": {exercise(busy + "```bash\ntrue\n```\n"), Options{}, "inconclusive: inconclusive, accepted"},
		"and more fails":  {exercise(busy + "```bash\nfalse\n```\n"), Options{}, "failed: failed"},
		"and fails":       {exercise("```bash\necho 'inconclusive: too busy'; false\n```\n"), Options{}, "failed: failed"},
		"leaves things": {
			exercise(busy) + exercise("```bash\nls thing\n```\n"), Options{}, "inconclusive passed: inconclusive, accepted",
		},
		"does not stop": {
			exercise(busy) + exercise(right), Options{StopAtFail: true}, "inconclusive passed: inconclusive, accepted",
		},
		"stops if strict": {
			exercise(busy) + exercise(right), Options{StopAtFail: true, Strict: true}, "inconclusive skipped: inconclusive",
		},
		"strict with a flake": {
			exercise(busy) + exercise("```bash\n"+turn("x", "fp")+"\n```\n"),
			Options{Strict: true, Retries: 1, AllowFlaky: true},
			"inconclusive flaky: inconclusive",
		},
		"not a line": {exercise("```bash\necho ' inconclusive: no measurement'\n```\n"), Options{}, "passed: passed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, _ := runTurns(t, map[string]string{"1.md": "# A\n" + test.chapter}, test.opts)
			if got := verdictsOf(result); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestRetriesFresh checks that an attempt has another home and another directory.
func TestRetriesFresh(t *testing.T) {
	dir := t.TempDir()
	deck, err := markdown.Parse("a.md", []byte("# A\n\n.exercise[\n```bash\n"+
		"test ! -e ~/mark -a ! -e mark && touch ~/mark mark && pwd >>$DIR/dirs && test $(wc -l <$DIR/dirs) -gt 1\n```\n]\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Compile(deck)
	if err != nil {
		t.Fatal(err)
	}
	result, err := Run(context.Background(), plan, Options{Path: os.Getenv("PATH"), Env: []string{"DIR=" + dir}, Retries: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got := verdictsOf(result); got != "flaky: flaky" {
		t.Errorf("%s: %v", got, result.Sessions[0].Exercises[0].Failure)
	}
	if _, err := os.ReadFile(filepath.Join(dir, "dirs")); err != nil {
		t.Error(err)
	}
}
