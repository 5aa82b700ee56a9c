package report_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
)

// epoch is the beginning of a run, and the beginning of time in a synctest bubble.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// recording is a run as reporters see it.
type recording struct {
	events []runner.Event
	result *runner.Result
	now    time.Time
}

// event adds an event after some time.
func (r *recording) event(after time.Duration, e runner.Event) {
	r.now = r.now.Add(after)
	e.Time = r.now
	r.events = append(r.events, e)
}

// outcome is the result of a step.
type outcome struct {
	verdict runner.Verdict
	takes   time.Duration
	output  string
	failure *runner.Failure
}

// record plays a script of outcomes, by step, over a plan. A step without an outcome passes within
// a second. Sessions in broken cannot be started.
func record(plan *runner.Plan, notes []string, broken map[string]string, script map[string]outcome) *recording {
	r := &recording{now: epoch, result: &runner.Result{Plan: plan, Verdict: runner.Passed, Started: epoch, Notes: notes}}
	r.event(0, runner.Event{Kind: runner.RunStarted, Plan: plan})
	for _, n := range notes {
		r.event(0, runner.Event{Kind: runner.EventNote, Note: n})
	}
	interrupted := false
	for _, s := range plan.Sessions {
		begun := r.now
		sr := &runner.SessionResult{Session: s, Verdict: runner.Passed}
		r.event(0, runner.Event{Kind: runner.SessionStarted, Session: s, Cols: 80, Rows: 21})
		if why := broken[s.Name]; why != "" {
			sr.Verdict, sr.Failure = runner.Broken, &runner.Failure{Pos: s.Exercises[0].Pos, Message: "the session cannot be started: " + why}
		}
		for _, e := range s.Exercises {
			er := &runner.ExerciseResult{Exercise: e, Verdict: runner.Passed, Started: r.now}
			sr.Exercises = append(sr.Exercises, er)
			r.event(0, runner.Event{Kind: runner.ExerciseStarted, Session: s, Exercise: e})
			switch {
			case sr.Failure != nil:
				er.Verdict, er.Failure = sr.Verdict, sr.Failure
			case interrupted:
				er.Verdict = runner.Skipped
			}
			for _, step := range e.Steps {
				st := &runner.StepResult{Step: step, Verdict: runner.Skipped}
				er.Steps = append(er.Steps, st)
				if er.Verdict != runner.Passed && er.Verdict != runner.Inconclusive {
					continue
				}
				o, ok := script[fmt.Sprintf("%s:%d", step.Pos.File, step.Pos.Line)]
				if !ok {
					o = outcome{verdict: runner.Passed, takes: 300 * time.Millisecond, output: step.Text + "\r\ndone\r\n$ "}
				}
				at := runner.Event{Kind: runner.StepStarted, Session: s, Exercise: e, Step: step}
				r.event(0, at)
				// Reporters must accept output in pieces of any size.
				for piece := range piecesOf(o.output, 7) {
					at.Kind, at.Data = runner.EventOutput, []byte(piece)
					r.event(0, at)
				}
				at.Kind, at.Data, at.Verdict, at.Duration, at.Failure = runner.StepFinished, nil, o.verdict, o.takes, o.failure
				at.Output = plain(o.output)
				r.event(o.takes, at)
				st.Verdict, st.Duration, st.Failure, st.Output = o.verdict, o.takes, o.failure, plain(o.output)
				er.Verdict, er.Failure = o.verdict, o.failure
				interrupted = interrupted || o.verdict == runner.Interrupted
			}
			if er.Verdict == runner.Failed && strings.HasSuffix(e.ID, "/known") {
				er.Verdict = runner.Quarantined
			}
			er.Duration = r.now.Sub(er.Started)
			r.event(0, runner.Event{
				Kind: runner.ExerciseFinished, Session: s, Exercise: e, Verdict: er.Verdict, Duration: er.Duration,
				Failure: er.Failure,
			})
			sr.Verdict = worst(sr.Verdict, er.Verdict)
		}
		sr.Duration = r.now.Sub(begun)
		r.event(0, runner.Event{Kind: runner.SessionFinished, Session: s, Verdict: sr.Verdict, Duration: sr.Duration, Failure: sr.Failure})
		r.result.Sessions = append(r.result.Sessions, sr)
		r.result.Verdict = worst(r.result.Verdict, sr.Verdict)
	}
	r.result.Duration = r.now.Sub(epoch)
	r.event(0, runner.Event{Kind: runner.RunFinished, Plan: plan, Verdict: r.result.Verdict, Duration: r.result.Duration})
	return r
}

func worst(a, b runner.Verdict) runner.Verdict {
	order := []runner.Verdict{
		runner.Passed, runner.Quarantined, runner.Skipped, runner.Inconclusive, runner.Failed, runner.Broken,
		runner.Interrupted,
	}
	for i := len(order) - 1; i >= 0; i-- {
		if a == order[i] || b == order[i] {
			return order[i]
		}
	}
	return a
}

// plain returns output as in a result: enough of the escape sequences are removed.
func plain(s string) string {
	return strings.NewReplacer("\x1b[31m", "", "\x1b[m", "", "\x1b[H", "\r", "\r\n", "\n").Replace(s)
}

func piecesOf(s string, n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for ; len(s) > n; s = s[n:] {
			if !yield(s[:n]) {
				return
			}
		}
		if s != "" {
			yield(s)
		}
	}
}

// play gives a recording to a reporter.
func (r *recording) play(t testing.TB, to report.Reporter) {
	t.Helper()
	for _, e := range r.events {
		if err := to.Event(e); err != nil {
			t.Fatalf("event %s: %v", e.Kind, err)
		}
	}
	if err := to.Finish(r.result); err != nil {
		t.Fatalf("finish: %v", err)
	}
}

// written returns a format's report of a recording.
func written(t testing.TB, r *recording, format string, opts report.Options) string {
	t.Helper()
	var b bytes.Buffer
	rep, err := report.New(format, &b, opts)
	if err != nil {
		t.Fatal(err)
	}
	r.play(t, rep)
	return b.String()
}

// steps returns steps from lines of the form "LINE DIRECTIVE TEXT".
func steps(file string, lines ...string) []*markdown.Step {
	var all []*markdown.Step
	for _, l := range lines {
		var line int
		var directive string
		if _, err := fmt.Sscanf(l, "%d %s", &line, &directive); err != nil {
			panic(err)
		}
		_, text, _ := strings.Cut(l, directive)
		all = append(all, &markdown.Step{
			Pos: markdown.Pos{File: file, Line: line, Col: 3}, Directive: directive,
			Text: strings.TrimPrefix(text, " "),
		})
	}
	return all
}

func slide(n int, title, file string, exercises ...*markdown.Exercise) *markdown.Slide {
	return &markdown.Slide{
		Number: n, Title: title, Pos: markdown.Pos{File: file, Line: 1}, Exercises: exercises,
		Source: "## " + title + "\n\nSome text.\n\n![a picture](x.png)\n",
	}
}

func exercise(id, file string, line int, lines ...string) *markdown.Exercise {
	return &markdown.Exercise{ID: id, Pos: markdown.Pos{File: file, Line: line, Col: 1}, Steps: steps(file, lines...)}
}

func chapter(name, file string, slides ...*markdown.Slide) *markdown.Chapter {
	return &markdown.Chapter{Name: name, Title: name, File: file, Slides: slides}
}

// hostile is text that reports must not contain literally: sequences for the terminal, commands for
// CI logs, the ends of other notations, invalid characters.
const hostile = "::error file=x::pwned\r\n  ::set-output name=a::b\r\n##[error]no ##vso[task.complete]\r\n" +
	"\x1b[31mred\x1b[m \x1b]52;c;cm0gLXJm\x07\x1b]0;title\x07\x1bP+q544e\x1b\\\x9b31m\u009b31m\u202egnp.exe\u202c\ufeff\x00\x07\xff\r\n" +
	"]]></system-out><!-- & \"quotes\" 'too' \\u0041 \ufffe\r\n日本語 🐳 é👩‍👩‍👧\r\n"

func compile(t testing.TB, decks ...*markdown.Deck) *runner.Plan {
	t.Helper()
	plan, err := runner.Compile(decks...)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// mixed is a run with events of every kind.
func mixed(t testing.TB) *recording {
	t.Helper()
	const a, b, c, d = "slides/scaling.md", "slides/größe.md", "slides/broken.md", "slides/last.md"
	deck := &markdown.Deck{
		Name: "slides", Title: "DockerCoins, from one machine to many", Session: markdown.SessionChapter,
		Chapters: []*markdown.Chapter{
			chapter("scaling", a,
				slide(3, "Starting in the background", a,
					exercise("scaling/starting-in-the-background", a, 12, "14 bash docker-compose up -d", "19 bash docker-compose ps")),
				slide(4, "Viewing logs", a, exercise("scaling/viewing-logs", a, 31, "34 bash docker-compose logs --tail 10 --follow",
					"40 wait units of work done", "41 key ^C")),
				slide(5, "Using everything that an ordinary machine with more than one processor has to offer", a,
					exercise("scaling/using-everything", a, 55, "57 bash cat <<EOF\nfirst\nsecond\nEOF\nfalse", "63 wait hashes"))),
			chapter("größe", b, slide(6, "Größe – 日本語 🐳 \x1b[2J\u202e", b,
				exercise("größe/日本語", b, 7, "9 bash cat hostile", "10 wait never::"))),
			chapter("broken", c,
				slide(7, "One", c, exercise("broken/one", c, 3, "4 bash true")),
				slide(8, "Two", c, exercise("broken/two", c, 23, "24 bash true"))),
			chapter("last", d,
				slide(9, "Interrupted", d, exercise("last/interrupted", d, 5, "6 bash sleep 1000")),
				slide(10, "Never begun", d, exercise("last/never-begun", d, 15, "16 bash true"))),
		},
	}
	deck.Chapters[3].Needs = []string{"scaling"}
	plan := compile(t, deck)
	// Only the beginning of the set-up is kept, for a short recording.
	last := plan.Sessions[3]
	last.Exercises = append(last.Exercises[:1:1], last.Exercises[3:]...)
	one, many := 1, strings.Repeat("0123456789", 8)
	pos := func(file string, line int) markdown.Pos { return markdown.Pos{File: file, Line: line, Col: 3} }
	return record(plan,
		[]string{"sessions are isolated by a pid namespace with a network of its own", "httping is not installed: a bundled one stands in"},
		map[string]string{"broken": "mkdir /tmp/x: no space left on device"},
		map[string]outcome{
			a + ":14": {
				runner.Passed, 2300 * time.Millisecond,
				"$ docker-compose up -d\r\nCreating net ... \x1b[32mdone\x1b[m\r\n 10%\r 50%\r100%\r\n$ ", nil,
			},
			a + ":40": {runner.Failed, time.Minute, "worker_1  | INFO: 3 units of worx done\r\n", &runner.Failure{
				Pos: pos(a, 40), Message: `"units of work done" did not appear within 1m0s`, Hint: "is the worker up?",
				Command: "docker-compose logs --tail 10 --follow", Want: "units of work done", Nearest: "worker_1  | INFO: 3 units of worx done",
				Screen: []string{"$ docker-compose logs --tail 10 --follow", "", "worker_1  | INFO: 3 units of worx done", many, "", ""},
			}},
			a + ":57": {runner.Failed, 4 * time.Second, strings.Repeat("spam\r\n", 250), &runner.Failure{
				Pos: pos(a, 57), Message: "the command ended with status 1", Command: "cat <<EOF\nfirst\nsecond\nEOF\nfalse", Status: &one,
			}},
			b + ":9": {runner.Passed, time.Second, hostile, nil},
			b + ":10": {runner.Failed, time.Second, "", &runner.Failure{
				Pos: pos(b, 10), Message: `"never::" did not appear within 1s`, Want: hostile, Command: "::error::\n" + hostile, Nearest: "::error::",
				Tail: hostile,
			}},
			d + ":6": {runner.Interrupted, 65 * time.Second, "", &runner.Failure{Pos: pos(d, 6), Message: "interrupted"}},
		})
}

// passed is a run that passes.
func passed(t testing.TB) *recording {
	t.Helper()
	const a = "intro.md"
	return record(compile(t, &markdown.Deck{Name: "intro", Title: "Introduction", Chapters: []*markdown.Chapter{
		chapter("intro", a, slide(1, "Hello", a, exercise("intro/hello", a, 3, "4 bash echo hello"),
			exercise("intro/hello-2", a, 8, "9 bash echo again"))),
	}}), nil, nil, nil)
}

// empty is a run without exercises.
func empty(t testing.TB) *recording {
	t.Helper()
	return record(&runner.Plan{}, nil, nil, nil)
}

// golden compares with testdata/NAME; UPDATE_GOLDEN=1 writes it.
func golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// retried is a run whose first session was tried again: an exercise passed in one attempt only, one
// failed in both, one is in quarantine, and a measurement could not decide.
func retried(t testing.TB) *recording {
	t.Helper()
	const a, b = "flaky.md", "other.md"
	deck := &markdown.Deck{
		Name: "flaky", Title: "Exercises that do not always pass", Session: markdown.SessionChapter,
		Chapters: []*markdown.Chapter{
			chapter("flaky", a, slide(1, "Attempts", a,
				exercise("flaky/first", a, 3, "4 bash true"),
				exercise("flaky/at-times", a, 8, "9 bash at-times"),
				exercise("flaky/never", a, 13, "14 bash never"),
				exercise("flaky/known", a, 18, "19 bash known"))),
			chapter("other", b, slide(2, "Once", b,
				exercise("other/measured", b, 3, "4 bash measure rate"),
				exercise("other/last", b, 8, "9 bash true"))),
		},
	}
	plan, one := compile(t, deck), 1
	failure := func(file string, line int, message string) *runner.Failure {
		return &runner.Failure{
			Pos: markdown.Pos{File: file, Line: line, Col: 3}, Message: message, Command: "::error::", Tail: hostile, Status: &one,
		}
	}
	failed := func(line int) outcome {
		return outcome{runner.Failed, time.Second, "$ \r\nno\r\n", failure(a, line, "the command ended with status 1")}
	}
	known := outcome{runner.Failed, time.Second, "", failure(a, 19, "the command ended with status 1")}
	busy := outcome{runner.Inconclusive, time.Second, "", failure(b, 4, "3 units/s, but this machine is too busy to tell")}
	r := record(plan, nil, nil, map[string]outcome{a + ":9": failed(9), a + ":14": failed(14), a + ":19": known, b + ":4": busy})
	again := *plan
	again.Sessions = plan.Sessions[:1]
	r.follow(record(&again, nil, nil, map[string]outcome{a + ":14": failed(14), a + ":19": known}))
	return r
}

// follow adds another attempt of a run's first session.
func (r *recording) follow(next *recording) {
	r.events = r.events[:len(r.events)-1] // its end comes later
	later := r.now.Sub(epoch)
	sr, earlier := next.result.Sessions[0], r.result.Sessions[0]
	for _, e := range next.events[1 : len(next.events)-1] {
		e.Time = e.Time.Add(later)
		r.now = e.Time
		switch e.Kind {
		case runner.SessionStarted:
			e.Attempt = 2
		case runner.SessionFinished:
			for i, er := range sr.Exercises {
				earlier.Exercises[i].Attempt, er.Attempt, er.Started = 1, 2, er.Started.Add(later)
				er.Follow(earlier.Exercises[i], false)
				if er.Settle(er.Settled()); er.Verdict != er.Own {
					r.event(0, runner.Event{
						Kind: runner.ExerciseRetried, Session: sr.Session, Exercise: er.Exercise, Verdict: er.Verdict, Failure: er.Failure,
						Duration: er.Duration, Note: er.Story(),
					})
				}
			}
		}
		r.events = append(r.events, e)
	}
	r.result.Sessions[0], r.result.Verdict = sr, runner.Failed
	r.result.Duration = r.now.Sub(epoch)
	r.event(0, runner.Event{Kind: runner.RunFinished, Plan: r.result.Plan, Verdict: runner.Failed, Duration: r.result.Duration})
}
