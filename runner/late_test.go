package runner

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"workshop/runner/sandbox"
)

// TestLateVerdicts runs exercises whose commands fail when the exercise is over. Texts are
// typed in another form than they are printed in.
func TestLateVerdicts(t *testing.T) {
	const ready = "echo re''ady; sleep 0.6; "
	short := Limits{Wait: 3 * time.Second, Step: 20 * time.Second}
	for _, tt := range []struct {
		name      string
		exercises []string
		want      []string
	}{
		{
			"the next one starts clean",
			[]string{steps("bash "+ready+"(exit 3)", "wait ready"), steps("bash true")},
			[]string{"failed d.md:4:1: the command ended with status 3", "passed"},
		},
		{"the last one", []string{steps("bash "+ready+"(exit 3)", "wait ready")}, []string{"failed d.md:4:1: the command ended with status 3"}},
		{
			"the end of the shell",
			[]string{steps("bash "+ready+"exit 5", "wait ready"), steps("bash true")},
			[]string{"failed d.md:4:1: the shell ended: the snippet ended or replaced it, with status 5", "passed"},
		},
		{
			"a key behind the end",
			[]string{steps("bash "+ready+"(exit 3)", "wait ready"), steps("bash true", "key ^C")},
			[]string{"failed d.md:4:1: the command ended with status 3", "passed"},
		},
		{
			"a key that ends it",
			[]string{steps("bash echo re''ady; sleep 1000; (exit 3)", "wait ready"), steps("key ^C", "bash true")},
			[]string{"passed", "passed"},
		},
		{
			"a key that it ignores",
			[]string{steps("bash trap '' INT; "+ready+"trap - INT; (exit 3)", "wait ready"), steps("key ^C", "bash true")},
			[]string{"failed d.md:4:1: the command ended with status 3", "passed"},
		},
		{
			"a rejected text, and a wait that is not met",
			[]string{steps("bash "+ready+"echo er''ror; sleep 1000", "wait ready", "reject error"), steps("wait never", "timeout 900ms")},
			[]string{`failed d.md:8:6: "error" appeared, which must not`, `failed d.md:17:6: "never" did not appear within 900ms`},
		},
		{
			"a rejected text, and a wait that is met behind it",
			[]string{
				steps("bash "+ready+"echo er''ror; sleep 0.4; echo mo''re; sleep 1000", "wait ready", "reject error"),
				steps("wait more", "key ^C"),
			},
			[]string{`failed d.md:8:6: "error" appeared, which must not`, "passed"},
		},
		{
			"a status behind a wait of the next one",
			[]string{steps("bash "+ready+"(exit 3)", "wait ready"), steps("wait never")},
			[]string{
				"failed d.md:4:1: the command ended with status 3 before \"never\" appeared",
				`failed d.md:16:6: "never" did not appear within 3s; the command had ended with status 3`,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, verdicts(t, short, tt.exercises...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUnknownStatus takes the marks out of the prompt of a shell inside: the status of that
// line is unknown, which fails unless any status passes, and the next ones are judged.
func TestUnknownStatus(t *testing.T) {
	want := []string{
		"passed",
		"failed d.md:32:1: the exit status is unknown: the snippet changed the prompt of its shell " +
			"(set the prompt in a snippet of its own, with status any behind it)",
	}
	got := verdicts(t, Limits{Step: 20 * time.Second},
		steps("bash bash --norc", "bash unset PROMPT_COMMAND; PS1='x$ '", "status any", "bash true", "bash (exit 4)", "status 4", "bash exit"),
		steps("bash bash --norc", "bash unset PROMPT_COMMAND; PS1='y$ '; false"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// An exercise that fails late stops a run that stops at the first failure.
func TestStopAtLateFailure(t *testing.T) {
	text := chapter("D", steps("bash echo re''ady; sleep 0.6; false", "wait ready"), steps("bash true"), steps("bash true"))
	result, events := runDeck(t, context.Background(), text, Options{StopAtFail: true, Sandbox: sandbox.Options{PrivateNetwork: true}})
	var got []Verdict
	for _, e := range result.Sessions[0].Exercises {
		got = append(got, e.Verdict)
	}
	if diff := cmp.Diff([]Verdict{Failed, Passed, Skipped}, got); diff != "" {
		t.Error(diff)
	}
	corrected := 0
	for _, e := range events {
		if e.Kind == ExerciseCorrected {
			corrected++
		}
	}
	if corrected != 1 || !result.Sessions[0].Exercises[0].Late || result.Verdict != Failed {
		t.Errorf("%d corrections, %+v", corrected, result.Sessions[0].Exercises[0])
	}
}

// TestInterruptBeforeJudgement ends the run when all exercises have passed, and one of their commands is
// still awaited: it is not judged, so the run has not passed.
func TestInterruptBeforeJudgement(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	text, finished := chapter("D", steps("bash true"), steps("bash echo re''ady; sleep 2; false", "wait ready")), 0
	result, _ := runDeck(t, ctx, text, Options{Event: func(e Event) {
		if e.Kind == ExerciseFinished {
			if finished++; finished == 2 {
				cancel()
			}
		}
	}})
	want := "d.md:15:1: interrupted: `echo re''ady; sleep 2; false` still ran, and its status was not judged"
	if sr := result.Sessions[0]; result.Verdict != Interrupted || sr.Failure == nil || sr.Failure.Error() != want {
		t.Errorf("%s, %v, want %s", result.Verdict, sr.Failure, want)
	}
}

// TestLimitOfRun ends the run by its limit within a command, which is the failure of its exercise alone.
func TestLimitOfRun(t *testing.T) {
	text := chapter("D", steps("bash true"), steps("bash sleep 60"))
	result, _ := runDeck(t, t.Context(), text, Options{Limits: Limits{Run: time.Second}})
	if sr := result.Sessions[0]; sr.Exercises[1].Verdict != Failed || sr.Failure != nil {
		t.Errorf("%s, and the session: %v", sr.Exercises[1].Verdict, sr.Failure)
	}
}
