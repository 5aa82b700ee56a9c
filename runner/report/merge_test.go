package report_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
)

// unknownTook is of a run without an earlier one.
func unknownTook(*runner.Session, *runner.Exercise) (time.Duration, bool) { return 0, false }

// divided returns a recording as one run, and as the recordings of its shards: each has the events of
// its sessions.
func divided(r *recording, total int) (*runner.Division, []*recording) {
	d := r.result.Plan.Divide(total, unknownTook)
	for i := range r.events {
		if e := &r.events[i]; e.Kind == runner.SessionStarted {
			e.Attempt = max(e.Attempt, 1)
		}
	}
	var shards []*recording
	for index := 1; index <= total; index++ {
		plan := d.Shard(index)
		part := &recording{result: &runner.Result{Plan: plan, Verdict: runner.Passed, Started: epoch}}
		for _, s := range r.result.Sessions {
			if slices.Contains(plan.Sessions, s.Session) {
				part.result.Sessions = append(part.result.Sessions, s)
				part.result.Verdict = worst(part.result.Verdict, s.Verdict)
			}
		}
		for _, e := range r.events {
			switch {
			case e.Kind == runner.RunStarted:
				e.Plan = plan
			case e.Kind == runner.RunFinished:
				e.Plan, e.Verdict = plan, part.result.Verdict
			case e.Session != nil && !slices.Contains(plan.Sessions, e.Session):
				continue
			}
			part.events = append(part.events, e)
		}
		shards = append(shards, part)
	}
	return d, shards
}

// shardReport is the report of a shard, as a file, or as a log.
func shardReport(t testing.TB, r *recording, d *runner.Division, index int, run string, log bool) string {
	t.Helper()
	files := &report.Files{Run: run, Shard: &report.Shard{Index: index, Total: d.Total, Division: d}}
	var b bytes.Buffer
	file := filepath.Join(t.TempDir(), "run.jsonl")
	specs := []string{"jsonl=" + file}
	if log {
		specs = []string{"console=-", "jsonl=-"}
	}
	for _, spec := range specs {
		if err := files.Add(spec, &b); err != nil {
			t.Fatal(err)
		}
	}
	r.play(t, files)
	if log {
		return b.String()
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// merged merges reports, and returns the reports and the result.
func merged(t testing.TB, expect int, reports ...string) (map[string]string, *runner.Result) {
	t.Helper()
	var result *runner.Result
	texts := inFiles(t, func(files *report.Files) {
		m := report.NewMerge()
		for i, text := range reports {
			if err := m.Add(strings.NewReader(text), fmt.Sprintf("%d.log", i+1)); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if result, err = m.Finish(expect, files); err != nil {
			t.Fatal(err)
		}
	})
	return texts, result
}

// suite is a run of many chapters with verdicts of all kinds.
func suite(t testing.TB) *recording {
	t.Helper()
	deck := &markdown.Deck{Name: "suite", Title: "A suite", Session: markdown.SessionChapter}
	script, one := map[string]outcome{}, 1
	for i := range 12 {
		name := fmt.Sprintf("c%02d", i)
		file := name + ".md"
		deck.Chapters = append(deck.Chapters, chapter(name, file, slide(i+1, "Chapter "+name, file,
			exercise(name+"/one", file, 3, "4 bash echo one"), exercise(name+"/two", file, 8, "9 bash echo two"))))
		why := &runner.Failure{Pos: markdown.Pos{File: file, Line: 9, Col: 1}, Message: "the command ended with status 1", Status: &one}
		switch i % 4 {
		case 1:
			script[file+":9"] = outcome{runner.Failed, time.Second, "$ echo two\r\n" + strings.Repeat("\x1b[31mno\x1b[m 日本語\r\n", 400), why}
		case 2:
			script[file+":9"] = outcome{runner.Inconclusive, time.Second, "busy\r\n", why}
		}
	}
	return record(compile(t, deck), []string{"a note"}, map[string]string{"c04": "no space left on device"}, script)
}

// TestMerge checks that the reports of merged shards are those of one run, byte for byte.
func TestMerge(t *testing.T) {
	for name, rec := range map[string]func(testing.TB) *recording{"suite": suite, "retried": retried} {
		for _, total := range []int{1, 3, 20} {
			for _, log := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %d shards, log %v", name, total, log), func(t *testing.T) {
					r := rec(t)
					d, parts := divided(r, total)
					want := inFiles(t, func(files *report.Files) { r.play(t, files) })
					var reports []string
					for i, part := range parts {
						text := shardReport(t, part, d, i+1, "run", log)
						for line := range strings.Lines(text) {
							if log && len(line) > 16<<10 {
								t.Errorf("a line of %d bytes", len(line))
							}
						}
						reports = append(reports, text)
					}
					rand.Shuffle(len(reports), func(i, j int) { reports[i], reports[j] = reports[j], reports[i] })
					got, result := merged(t, total, reports...)
					if len(result.Problems) > 0 {
						t.Fatal(result.Problems)
					}
					for _, texts := range []map[string]string{want, got} { // both are the same text in JSON
						texts["jsonl"] = strings.ReplaceAll(texts["jsonl"], `\ufffd`, "\ufffd")
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("(-one run +merged):\n%s", diff)
					}
				})
			}
		}
	}
}

// TestMergeLog merges one log in which the records of all shards stand among each other, behind times
// and names, and among foreign lines.
func TestMergeLog(t *testing.T) {
	r := suite(t)
	d, parts := divided(r, 3)
	want := inFiles(t, func(files *report.Files) { r.play(t, files) })
	var queues [][]string
	for i, part := range parts {
		queues = append(queues, slices.Collect(strings.Lines(shardReport(t, part, d, i+1, "run", true))))
	}
	var log strings.Builder
	for n := 0; len(queues[0])+len(queues[1])+len(queues[2]) > 0; n++ {
		if q := queues[n%3]; len(q) > 0 {
			fmt.Fprintf(&log, "\x1b[32m[pod/deck-%d-x/check]\x1b[0m 2026-11-28T20:41:23.66Z %s\x1b[0m\r\n", n%3, strings.TrimSuffix(q[0], "\n"))
			queues[n%3] = q[1:]
		}
		if n%5 == 0 {
			log.WriteString("a foreign line {\"v\":2}\n{\"v\":\n")
		}
	}
	got, result := merged(t, 3, log.String())
	if diff := cmp.Diff(want, got); diff != "" || len(result.Problems) > 0 {
		t.Errorf("%v (-one run +merged):\n%s", result.Problems, diff)
	}
}

// TestMergeProblems checks each kind of incomplete reports: it is named, the result is broken, and all
// reports are written.
func TestMergeProblems(t *testing.T) {
	r := suite(t)
	d, parts := divided(r, 3)
	text := func(index int, run string) string { return shardReport(t, parts[index-1], d, index, run, false) }
	a, b, c := text(1, "run"), text(2, "run"), text(3, "run")
	other, others := divided(suite(t), 4)
	later := func(text string) string { return strings.ReplaceAll(text, `"time":"2000`, `"time":"2001`) }
	without := func(text, part string) string {
		var kept []string
		for line := range strings.Lines(text) {
			if !strings.Contains(line, part) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	unsharded := written(t, suite(t), "jsonl", report.Options{RunID: "run"})
	nowhere := strings.Replace(a, `"shard":1}`, `"shard":9}`, 1)
	for _, x := range []struct {
		name    string
		reports []string
		want    string
	}{
		{"missing", []string{a, c}, "missing: there is no report of shard 2 of 3"},
		{"the same twice", []string{a, b, c, b}, "4.log:1: doubled: the same report begins at 2.log:1"},
		{"another deck", []string{a, b, shardReport(t, others[2], other, 3, "run", false)}, "foreign: shard 3 of 4 has another plan"},
		{"another run", []string{a, b, text(3, "old")}, "3.log:1: foreign: shard 3 of 3 of the run old, not of run"},
		{"no shard", []string{a, b, c, unsharded}, "foreign: the report of a run without shards"},
		{"no report", []string{a, b, "hello\n"}, "3.log: holds no report of a shard"},
		{
			"no beginning",
			[]string{a, b, c, strings.ReplaceAll(without(a, `"kind":"run-started"`), `"part":"`, `"part":"x`)},
			"4.log:1: the report does not begin",
		},
		{"cut", []string{a, b[:len(b)-10], c}, "cut: shard 2 of 3 has no end"},
		{"cut early", []string{a, b[:len(b)/2], c}, "cut: shard 2 of 3 has no end"},
		{"a line is missing", []string{a, without(b, `"seq":9,`), c}, "lines are missing, or have been moved"},
		{"an end without verdicts", []string{a, b, without(c, `"kind":"exercise-finished"`)}, "cut: shard 3 of 3 has no end"},
		{"in no list", []string{nowhere}, "in no shard's list: "},
		{"nothing", []string{""}, "1.log: holds no report of a shard"},
	} {
		t.Run(x.name, func(t *testing.T) {
			texts, result := merged(t, 3, x.reports...)
			if result.Verdict != runner.Broken || result.Accepted {
				t.Errorf("the merge is %s, accepted %v", result.Verdict, result.Accepted)
			}
			all := ""
			for _, p := range result.Problems {
				all += p.Message + "\n"
			}
			if !strings.Contains(all, x.want) {
				t.Errorf("not named: %s\n%s", x.want, all)
			}
			for _, name := range report.LaterFormats() {
				if texts[name] == "" {
					t.Errorf("there is no %s", name)
				}
			}
			if !strings.Contains(texts["console"], "\nBROKEN ") || !strings.Contains(texts["junit"], "<error") {
				t.Errorf("not shown:\n%s\n%s", texts["console"], texts["junit"])
			}
			if again, verdict := later2(t, texts["jsonl"]); verdict != runner.Broken {
				t.Errorf("made again of its lines, the merge is %s:\n%s", verdict, again)
			}
		})
	}
	t.Run("another number", func(t *testing.T) {
		if _, result := merged(t, 4, a, b, c); result.Verdict != runner.Broken {
			t.Error(result.Verdict)
		}
	})
	t.Run("an attempt that did not begin", func(t *testing.T) {
		if _, result := merged(t, 3, a, b, c, "", b[:100]); len(result.Problems) > 0 {
			t.Error(result.Problems)
		}
	})
	t.Run("passed twice", func(t *testing.T) {
		first := passedShards(t)
		_, result := merged(t, 2, first[0], first[1], later(strings.ReplaceAll(first[0], `"part":"`, `"part":"x`)))
		if len(result.Problems) != 1 || !strings.Contains(result.Problems[0].Message, "doubled: shard 1 of 2 has passed already") {
			t.Error(result.Problems)
		}
	})
}

// later2 reads the lines of a merge again.
func later2(t testing.TB, lines string) (string, runner.Verdict) {
	texts, verdict := later(t, lines)
	return texts["console"], verdict
}

// short is a chapter of one exercise.
func short(name string, number int) *markdown.Chapter {
	file := name + ".md"
	return chapter(name, file, slide(number, name, file, exercise(name+"/x", file, 3, "4 bash true")))
}

// passedShards are the reports of two shards of a run that passes.
func passedShards(t testing.TB) []string {
	t.Helper()
	deck := &markdown.Deck{Name: "deck", Session: markdown.SessionChapter}
	for _, name := range []string{"a", "b", "c", "d"} {
		deck.Chapters = append(deck.Chapters, short(name, 1))
	}
	d, parts := divided(record(compile(t, deck), nil, nil, nil), 2)
	return []string{shardReport(t, parts[0], d, 1, "run", false), shardReport(t, parts[1], d, 2, "run", false)}
}

// TestMergeAttempts checks the verdicts of shards that were run again.
func TestMergeAttempts(t *testing.T) {
	deck := func() *runner.Plan {
		return compile(t, &markdown.Deck{Name: "deck", Title: "Deck", Chapters: []*markdown.Chapter{chapter("a", "a.md", slide(1, "A", "a.md",
			exercise("a/one", "a.md", 3, "4 bash one"), exercise("a/two", "a.md", 8, "9 bash two")))}})
	}
	one, year := 1, 1999
	attempt := func(two runner.Verdict, cut string) string {
		script := map[string]outcome{}
		if two != runner.Passed {
			script["a.md:9"] = outcome{two, time.Second, "no\r\n", &runner.Failure{Message: "why", Status: &one}}
		}
		d, parts := divided(record(deck(), nil, nil, script), 1)
		year++
		text := strings.ReplaceAll(shardReport(t, parts[0], d, 1, "run", false), `"time":"2000`, fmt.Sprintf(`"time":"%d`, year))
		if i := strings.Index(text, cut); cut != "" {
			text = text[:i]
		}
		return text
	}
	const passed, failed, broken = runner.Passed, runner.Failed, runner.Broken
	for _, x := range []struct {
		name     string
		attempts []string
		want     runner.Verdict // of the exercise two
		run      runner.Verdict
	}{
		{"evicted, passed", []string{attempt(passed, `"exercise":"a/two"`), attempt(passed, "")}, passed, passed},
		{"interrupted, passed", []string{attempt(runner.Interrupted, ""), attempt(passed, "")}, passed, passed},
		{"broken, passed", []string{attempt(broken, ""), attempt(passed, "")}, passed, passed},
		{"failed, passed", []string{attempt(failed, ""), attempt(passed, "")}, runner.Flaky, runner.Flaky},
		{"failed, evicted, passed", []string{attempt(failed, ""), attempt(passed, `"step":1`), attempt(passed, "")}, runner.Flaky, runner.Flaky},
		{"failed and evicted, passed", []string{attempt(failed, `"kind":"session-finished"`), attempt(passed, "")}, runner.Flaky, runner.Flaky},
		{"failed, failed", []string{attempt(failed, ""), attempt(failed, "")}, failed, failed},
		{"broken, failed", []string{attempt(broken, ""), attempt(failed, "")}, failed, failed},
		{"failed, inconclusive", []string{attempt(failed, ""), attempt(runner.Inconclusive, "")}, failed, failed},
		{"passed in part, failed", []string{attempt(passed, `"kind":"session-finished"`), attempt(failed, "")}, runner.Flaky, failed},
		{"failed, evicted", []string{attempt(failed, ""), attempt(passed, `"exercise":"a/two"`)}, failed, failed},
	} {
		t.Run(x.name, func(t *testing.T) {
			texts, result := merged(t, 1, x.attempts...)
			e := result.Sessions[0].Exercises[1]
			if e.Verdict != x.want || result.Verdict != x.run || len(result.Problems) > 0 {
				t.Errorf("the exercise is %s, the run %s, want %s and %s; problems: %v\n%s", e.Verdict, result.Verdict, x.want, x.run, result.Problems,
					texts["console"])
			}
			if first := result.Sessions[0].Exercises[0]; first.Verdict != passed {
				t.Errorf("the first exercise is %s", first.Verdict)
			}
			if _, verdict := later2(t, texts["jsonl"]); verdict != x.run {
				t.Errorf("made again of its lines, the run is %s", verdict)
			}
		})
	}
}

// TestMergeCrashes simulates a run of 1,000 sessions in 50 shards that crash, vanish, lose lines and
// run again at random. The merge is green only if each exercise has a verdict.
func TestMergeCrashes(t *testing.T) {
	const sessions, total = 1000, 50
	deck := &markdown.Deck{Name: "fleet", Session: markdown.SessionChapter}
	for i := range sessions {
		name := fmt.Sprintf("c%d", i)
		deck.Chapters = append(deck.Chapters, short(name, i+1))
	}
	d, parts := divided(record(compile(t, deck), nil, nil, nil), total)
	var texts []string
	for i, part := range parts {
		texts = append(texts, shardReport(t, part, d, i+1, "run", i%2 == 0))
	}
	rounds, green := 16, 0
	if testing.Short() {
		rounds = 6
	}
	for round := range rounds {
		r := rand.New(rand.NewPCG(50, uint64(round)))
		m, lost := report.NewMerge(), map[int]bool{}
		add := func(text string) {
			if err := m.Add(strings.NewReader(text), "log"); err != nil {
				t.Fatal(err)
			}
		}
		again := func(text string, n int) string { // another attempt of the shard
			text = strings.ReplaceAll(text, `"part":"`, fmt.Sprintf(`"part":"%d`, n))
			return strings.ReplaceAll(text, `"time":"2000`, fmt.Sprintf(`"time":"%d`, 2000+n))
		}
		harm := round % 4 // in a quarter of the rounds all shards end well
		for index, text := range texts {
			crash := text[:r.IntN(strings.LastIndex(text, `"kind":"run-finished"`))]
			switch fate := r.IntN(40); {
			case fate < 4: // evicted, and run again
				add(crash)
				add(again(text, 1))
			case harm == 0 || fate > 7:
				add(text)
			case fate == 4: // cut
				add(crash)
				lost[index] = true
			case fate == 5: // no log
				lost[index] = true
			case fate == 6: // a line is lost
				lines := slices.Collect(strings.Lines(text))
				at := r.IntN(len(lines))
				for !strings.Contains(lines[at], `{"v":1`) {
					at = r.IntN(len(lines))
				}
				add(strings.Join(slices.Delete(lines, at, at+1), ""))
				lost[index] = true
			default: // crashed twice
				add(crash)
				add(again(text, 1)[:len(crash)])
				lost[index] = true
			}
		}
		result, err := m.Finish(total, &report.Files{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		ok := result.Verdict == runner.Passed || result.Accepted
		if ok != (len(lost) == 0) {
			t.Fatalf("round %d: the merge is %s, and the shards %v have no report: %v", round, result.Verdict, lost, result.Problems)
		}
		if !ok {
			continue
		}
		green++
		seen := 0
		for _, s := range result.Sessions {
			for _, e := range s.Exercises {
				if e.Verdict != runner.Passed {
					t.Fatalf("round %d is green, but %s is %s", round, e.ID, e.Verdict)
				}
				seen++
			}
		}
		if seen != sessions {
			t.Fatalf("round %d is green with %d of %d exercises", round, seen, sessions)
		}
	}
	if green == 0 || green == rounds {
		t.Errorf("%d of %d rounds are green: too few, or too many, to say much", green, rounds)
	}
}

// FuzzMerge checks that no files make a merge panic, and that one that lacks something is not green.
func FuzzMerge(f *testing.F) {
	texts := passedShards(f)
	f.Add(texts[0], texts[1])
	for n := range 20 {
		lines := slices.Collect(strings.Lines(texts[1]))
		at := n % len(lines)
		f.Add(texts[0], strings.Join(slices.Concat(lines[:at], lines[at+1:]), ""))
		f.Add(texts[0], strings.Join(slices.Concat(lines[:at], lines[at:at+1], lines[at:]), ""))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		m := report.NewMerge()
		for _, text := range []string{a, b} {
			if err := m.Add(strings.NewReader(text), "log"); err != nil {
				return
			}
		}
		result, err := m.Finish(2, &report.Files{})
		if err != nil {
			return
		}
		ended := strings.Contains(b, `"kind":"run-finished"`) || strings.Contains(b, "packed")
		if (result.Verdict == runner.Passed || result.Accepted) && !ended {
			t.Errorf("green without the end of a shard")
		}
	})
}
