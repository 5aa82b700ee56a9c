package runner

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/runner/sandbox"
)

// TestClaims judges claims about what a real shell prints, and how long it takes.
func TestClaims(t *testing.T) {
	t.Parallel()
	result, _ := runDeck(t, context.Background(), chapter("D",
		"- Things are **small**:\n"+steps("bash echo size 12.5MB; printf 'in %s ms\\n' 30 10 20", "figure size /size (\\S+)/ MB",
			"figure took /in (\\d+)/ ms",
			"claim size <= 20 MB", "claim took == 20 ms", "claim lines == 4", "claim bytes in 30..50 B", "claim duration in 1 ns..1 h"),
		steps("bash sleep 0.3; seq 3", "figure nap duration", "figure n lines", "claim n < 2",
			"claim \"the others are judged\": nap > took", "claim size > 20 MB"),
		steps("bash echo nothing", "figure none /none: (\\d+)/"),
		steps("claim none < 3"),
		steps("bash echo 'x: 3 MB'", "figure x /x: (.+)/ ms"),
		steps("bash false", "status 1", "figure n lines", "claim n == 0", "claim nap > 250 ms"),
		steps("bash sleep 0.2; echo now", "wait now", "claim duration > 200 ms")), Options{Sandbox: sandbox.Options{PrivateNetwork: true}})
	var got []string
	for _, e := range result.Sessions[0].Exercises {
		got = append(got, string(e.Verdict))
		if e.Failure != nil {
			got = append(got, e.Failure.Message)
		}
		for _, st := range e.Steps {
			measured := st.Measured
			if strings.Contains(st.Text, "nap") || strings.Contains(st.Text, "duration") {
				measured = "" // it is never the same
			}
			if c := st.Claim(); c != nil {
				got = append(got, strings.TrimSpace(string(st.Verdict)+" "+c.Sentence+": "+c.Text+": "+measured))
			} else if measured != "" {
				got = append(got, measured)
			}
		}
	}
	want := []string{
		"passed", "size = 12.5 MB", "took = 20 ms",
		"passed Things are small: size <= 20 MB: 12.5 MB", "passed Things are small: took == 20 ms: 20 ms",
		"passed Things are small: lines == 4: 4 lines", "passed Things are small: bytes in 30..50 B: 39 B",
		"passed Things are small: duration in 1 ns..1 h:",
		"failed", "n is 3 lines, and must be < 2", "n = 3 lines",
		"failed D 2: n < 2: 3 lines", "passed the others are judged: nap > took:", "failed D 2: size > 20 MB: 12.5 MB",
		"failed", `none is /none: (\d+)/ cannot be read: nothing in the output matches it`,
		"blocked", "blocked by d/d-3, which did not leave the figure none: the figure none was not measured: the exercise with its " +
			"step did not get so far",
		"failed D 4: none < 3:",
		"failed", `x: "3 MB" is an amount of data, and the figure is a time`,
		"passed", "n = 0 lines", "passed D 6: n == 0: 0 lines", "passed D 6: nap > 250 ms:",
		"passed", "passed D 7: duration > 200 ms:",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestSampled samples figures of a real shell, from snippets that end and from one that does not.
func TestSampled(t *testing.T) {
	t.Parallel()
	result, _ := runDeck(t, context.Background(), chapter("D",
		steps("bash echo level 5", "figure level /level (\\d+)/ every 50ms", "claim level == 5"),
		steps("bash i=0; while read -t 0.1 -u 9 || true; do echo total $((i += 2)); done 9<> <(:)",
			"figure speed rate /total (\\d+)/ units every 50ms",
			"claim speed in 1..40 units/s"),
		steps("bash true", "status 0"),
		steps("bash echo total 5", "figure none rate /total (\\d+)/ every 50ms", "timeout 1s", "claim none > 1 Hz"),
		steps("bash n=$((${n:-9} - 1)); echo total $n", "figure fall rate /total (\\d+)/ every 50ms", "claim fall > 0"),
		steps("bash ls /nonexistent", "figure none /(\\d+)/ every 50ms", "claim none > 1")),
		Options{Sandbox: sandbox.Options{PrivateNetwork: true}})
	var got []string
	for _, e := range result.Sessions[0].Exercises {
		line := string(e.Verdict)
		if e.Failure != nil {
			line += " " + e.Failure.Message
		}
		got = append(got, line)
	}
	want := []string{
		"passed", "passed", "passed", "failed none is 0: the number has not risen within 1s",
		"failed fall is the rate of a number that fell", "failed the command ended with status 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestSampledOutput samples the output of programs that write in pieces, without a pause, and what an
// expression finds only behind other text.
func TestSampledOutput(t *testing.T) {
	t.Parallel()
	result, _ := runDeck(t, context.Background(), chapter("D",
		steps("bash while true; do printf 'total 12'; sleep 0.03; printf '34\\n'; sleep 0.03; done",
			"figure pieces /total (\\d+)/ every 50ms", "claim pieces == 1234"),
		steps("bash seq -f 'total %.0f' 1 1000000000", "figure fast rate /total (\\d+)$/ every 50ms", "claim fast > 10 Hz"),
		steps("bash i=0; while read -t 0.01 -u 9 || true; do printf 'total %d ' $((i += 2)); done 9<> <(:)",
			"figure words rate /total (\\d+)/ every 50ms", "claim words > 20 Hz"),
		steps("bash while true; do seq 0 9; done", "figure digit /^(\\d)$/ every 50ms", "timeout 4s", "claim digit >= 4.5"),
		steps("bash echo xtotal 12", "figure behind /\\Btotal (\\d+)/ every 50ms", "claim behind == 12")),
		Options{Sandbox: sandbox.Options{PrivateNetwork: true}})
	var got []string
	for _, e := range result.Sessions[0].Exercises {
		line := string(e.Verdict)
		if e.Failure != nil && e.Verdict == Failed {
			line += " " + e.Failure.Message
		}
		got = append(got, line)
	}
	want := []string{
		"passed", "passed", "passed", "inconclusive", `failed behind: the expression matches "total 12" in the output, but not by itself`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestStaleFigure defines a figure again, in steps that do not measure it: the one before must not be judged.
func TestStaleFigure(t *testing.T) {
	t.Parallel()
	result, _ := runDeck(t, context.Background(), chapter("D",
		steps("bash echo n 5", "figure n /n (\\d+)/", "claim n == 5"),
		steps("bash echo n 50; false", "figure n /n (\\d+)/"),
		steps("claim n < 10"),
		steps("bash echo n 50", "figure n /n (\\d+)/ every 50ms", "timeout 1s", "claim n < 10"),
		steps("claim n < 10")), Options{Sandbox: sandbox.Options{PrivateNetwork: true}})
	var got []string
	for _, e := range result.Sessions[0].Exercises {
		got = append(got, string(e.Verdict))
	}
	want := []string{"passed", "failed", "blocked", "inconclusive", "inconclusive"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
