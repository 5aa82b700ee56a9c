package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
)

// later returns the reports that are made of JSON lines, and the verdict.
func later(t testing.TB, lines string) (map[string]string, runner.Verdict) {
	t.Helper()
	var verdict runner.Verdict
	texts := inFiles(t, func(files *report.Files) {
		result, err := report.Read(strings.NewReader(lines), "run.jsonl", files)
		if err != nil {
			t.Fatal(err)
		}
		verdict = result.Verdict
	})
	return texts, verdict
}

// inFiles returns the reports that a function writes.
func inFiles(t testing.TB, write func(*report.Files)) map[string]string {
	t.Helper()
	dir, files := t.TempDir(), &report.Files{Run: "run"}
	for _, name := range report.LaterFormats() {
		if err := files.Add(name+"="+filepath.Join(dir, name), nil); err != nil {
			t.Fatal(err)
		}
	}
	write(files)
	texts := map[string]string{}
	for _, name := range report.LaterFormats() {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(b)
	}
	return texts
}

// TestLater checks that a report made of the JSON lines is the one that was made during the run.
func TestLater(t *testing.T) {
	for _, rec := range recordings {
		t.Run(rec.name, func(t *testing.T) {
			r := rec.record(t)
			live := inFiles(t, func(files *report.Files) { r.play(t, files) })
			after, verdict := later(t, live["jsonl"])
			if verdict != r.result.Verdict {
				t.Errorf("the run is %s, its lines say %s", r.result.Verdict, verdict)
			}
			if diff := cmp.Diff(live, after); diff != "" {
				t.Errorf("(-live +later):\n%s", diff)
			}
		})
	}
}

// TestCutAnywhere checks that a file that was cut off at any byte tells of an interrupted run, in
// every report, and never of one that passed.
func TestCutAnywhere(t *testing.T) {
	whole := written(t, passed(t), "jsonl", report.Options{RunID: "run"})
	for n := range len(whole) {
		var console bytes.Buffer
		files := &report.Files{}
		if err := files.Add("console=-", &console); err != nil {
			t.Fatal(err)
		}
		result, err := report.Read(strings.NewReader(whole[:n]), "run.jsonl", files)
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		planned := 0
		if n > strings.Index(whole, "\n") {
			planned = 2
		}
		if result.Verdict != runner.Interrupted || result.Plan.Exercises() != planned {
			t.Fatalf("cut at %d: %s with %d exercises", n, result.Verdict, result.Plan.Exercises())
		}
		if got := console.String(); !strings.Contains(got, "\nstop ") || strings.Contains(got, "\nok      2 exercises") {
			t.Fatalf("cut at %d:\n%s", n, got)
		}
	}
}

// TestCutInStep checks the place that the reports name.
func TestCutInStep(t *testing.T) {
	whole := written(t, mixed(t), "jsonl", report.Options{RunID: "run"})
	i := strings.Index(whole, `"kind":"step-finished","deck":"slides","session":"scaling","exercise":"scaling/viewing-logs","step":2`)
	texts, _ := later(t, whole[:i])
	for _, name := range []string{"console", "junit"} {
		if want := "slides/scaling.md:40:3: interrupted: the report ends here"; !strings.Contains(texts[name], want) {
			t.Errorf("%s does not say %q:\n%s", name, want, texts[name])
		}
	}
}

// FuzzRead checks that no file makes a report panic: it is an error, or a run.
func FuzzRead(f *testing.F) {
	for _, rec := range recordings {
		whole := written(f, rec.record(f), "jsonl", report.Options{RunID: "run"})
		lines := strings.SplitAfter(whole, "\n")
		f.Add(whole)
		for i := range min(len(lines), 40) { // each line left out, or twice
			f.Add(strings.Join(lines[:i], "") + strings.Join(lines[i+1:], ""))
			f.Add(strings.Join(lines[:i+1], "") + strings.Join(lines[i:], ""))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := &report.Files{}
		for _, name := range report.LaterFormats() {
			if err := files.Add(name+"=-", io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		files.Record(t.TempDir(), false)
		if _, err := report.Read(strings.NewReader(text), "run.jsonl", files); err != nil {
			_ = files.Finish(nil)
			return
		}
		// Cut off within its last whole line, it is a run that was interrupted.
		cut := strings.LastIndexByte(text, '\n')
		if cut < 0 {
			return
		}
		for _, prefix := range []string{text[:cut], text[:(strings.LastIndexByte(text[:cut], '\n')+1+cut)/2]} {
			result, err := report.Read(strings.NewReader(prefix), "run.jsonl", &report.Files{})
			if err != nil || result.Verdict != runner.Interrupted {
				t.Errorf("cut at %d of %d: %+v, %v", len(prefix), len(text), result, err)
			}
		}
	})
}

// TestUnknownField checks that a field of a newer version is named, once.
func TestUnknownField(t *testing.T) {
	whole := written(t, passed(t), "jsonl", report.Options{RunID: "run"})
	texts, verdict := later(t, strings.ReplaceAll(whole, `"kind":"step-`, `"novel":1,"kind":"step-`))
	if verdict != runner.Passed || strings.Count(texts["console"], `the field "novel" is unknown`) != 1 {
		t.Errorf("%s\n%s", verdict, texts["console"])
	}
}

func TestReadErrors(t *testing.T) {
	whole := written(t, passed(t), "jsonl", report.Options{RunID: "run"})
	first, rest, _ := strings.Cut(whole, "\n")
	for _, tc := range []struct{ text, want string }{
		{"hello\n", "run.jsonl:1: not a record of a run: "},
		{"{}\n", "run.jsonl:1: not a record of a run: "},
		{strings.Replace(whole, `"v":1`, `"v":2`, 1), "run.jsonl:1: a record of version 2; this program reads version 1"},
		{rest, "run.jsonl:1: the report does not begin with the beginning of a run"},
		{strings.Replace(whole, strings.SplitAfter(whole, "\n")[4], "", 1), "run.jsonl:5: record 6 follows record 4: lines are missing"},
		{whole + whole, fmt.Sprintf("run.jsonl:%d: a second run begins here: a report holds one", strings.Count(whole, "\n")+1)},
		{
			first + "\n" + strings.ReplaceAll(rest, `"intro/hello"`, `"intro/other"`),
			`run.jsonl:3: the exercise "intro/other" is not the next one in the plan`,
		},
	} {
		_, err := report.Read(strings.NewReader(tc.text), "run.jsonl", &report.Files{})
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("got  %v\nwant %s", err, tc.want)
		}
	}
}

// TestLaterCorrection runs an exercise whose command fails during the next one: read back, both have
// their own verdicts, and each report is the same as that of the run.
func TestLaterCorrection(t *testing.T) {
	deck, err := markdown.Parse("late.md", []byte("# Late\n\n.exercise[\n```bash\necho RE\"ADY\"; sleep 0.5; (exit 3)\n```\n"+
		"<!-- ```wait READY``` -->\n]\n\n---\n\n## Next\n\n.exercise[\n```bash\ntrue\n```\n]\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := runner.Compile(deck)
	if err != nil {
		t.Fatal(err)
	}
	live := inFiles(t, func(files *report.Files) {
		result, err := runner.Run(t.Context(), plan, runner.Options{Path: os.Getenv("PATH"), Event: func(e runner.Event) {
			if err := files.Event(e); err != nil {
				t.Error(err)
			}
		}})
		if err := errors.Join(err, files.Finish(result)); err != nil {
			t.Fatal(err)
		}
	})
	after, verdict := later(t, live["jsonl"])
	if verdict != runner.Failed {
		t.Errorf("the run is %s", verdict)
	}
	if diff := cmp.Diff(live, after); diff != "" {
		t.Errorf("(-live +later):\n%s", diff)
	}
	result, err := report.Read(strings.NewReader(live["jsonl"]), "run.jsonl", &report.Files{})
	if err != nil {
		t.Fatal(err)
	}
	e := result.Sessions[0].Exercises
	if e[0].Verdict != runner.Failed || !e[0].Late || e[1].Verdict != runner.Passed {
		t.Errorf("%s (late: %v), %s; want failed (late: true), passed", e[0].Verdict, e[0].Late, e[1].Verdict)
	}
}

// TestCutRetried checks that a run that was cut off behind any line of another attempt is interrupted,
// and that no exercise that has failed is shown as passed.
func TestCutRetried(t *testing.T) {
	lines := strings.SplitAfter(written(t, retried(t), "jsonl", report.Options{RunID: "run"}), "\n")
	again := false
	for i := range lines[:len(lines)-2] {
		again = again || strings.Contains(lines[i], `"attempt":2`)
		if !again {
			continue
		}
		result, err := report.Read(strings.NewReader(strings.Join(lines[:i+1], "")), "run.jsonl", &report.Files{})
		if err != nil {
			t.Fatalf("cut behind line %d: %v", i+1, err)
		}
		e := result.Sessions[0].Exercises
		if result.Verdict != runner.Interrupted || result.Accepted || e[1].Verdict == runner.Passed || e[2].Verdict == runner.Passed {
			t.Errorf("cut behind line %d: %s; %s, %s", i+1, result.Verdict, e[1].Verdict, e[2].Verdict)
		}
		if len(e[1].Earlier) != 1 || e[1].Earlier[0].Verdict != runner.Failed {
			t.Errorf("cut behind line %d: the first attempt is lost", i+1)
		}
	}
	if !again {
		t.Error("there is no second attempt")
	}
}

// TestDisordered checks that lines that are missing, doubled, swapped or changed make no report panic.
func TestDisordered(t *testing.T) {
	lines := strings.SplitAfter(written(t, retried(t), "jsonl", report.Options{RunID: "run"}), "\n")
	read := func(text string) {
		files := &report.Files{}
		for _, name := range report.LaterFormats() {
			if err := files.Add(name+"=-", io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := report.Read(strings.NewReader(text), "run.jsonl", files); err != nil {
			_ = files.Finish(nil)
		}
	}
	for i := range lines[:len(lines)-1] {
		before, line, after := strings.Join(lines[:i], ""), lines[i], strings.Join(lines[i+1:], "")
		read(before + after)
		read(before + line + line + after)
		read(before + lines[i+1] + line + strings.Join(lines[i+2:], ""))
		read(before + strings.Replace(line, `"number":1`, `"number":2`, 1) + after)
		read(before + strings.Replace(line, `"attempt":2`, `"attempt":1`, 1) + after)
	}
}

// TestCutSideBySide checks that a cut-off run whose sessions ran side by side says which of them may
// have results that are not in the file.
func TestCutSideBySide(t *testing.T) {
	text := func(jobs int) string {
		files := map[string]string{}
		var names []string
		for i := range 3 {
			name := fmt.Sprintf("c%d.md", i)
			files[name] = fmt.Sprintf("# C%d\n\n.exercise[\n```bash\ntrue\n```\n]\n", i)
			names = append(names, name)
		}
		var decks []*markdown.Deck
		for _, name := range names {
			d, err := markdown.Parse(name, []byte(files[name]))
			if err != nil {
				t.Fatal(err)
			}
			decks = append(decks, d)
		}
		plan, err := runner.Compile(decks...)
		if err != nil {
			t.Fatal(err)
		}
		return inFiles(t, func(files *report.Files) {
			result, err := runner.Run(t.Context(), plan, runner.Options{Path: os.Getenv("PATH"), Jobs: jobs, Event: func(e runner.Event) {
				if err := files.Event(e); err != nil {
					t.Error(err)
				}
			}})
			if err := errors.Join(err, files.Finish(result)); err != nil {
				t.Fatal(err)
			}
		})["jsonl"]
	}
	for jobs, want := range map[int]int{1: 0, 2: 2} {
		whole := text(jobs)
		texts, verdict := later(t, whole[:strings.Index(whole, `"kind":"step-finished"`)])
		got := strings.Count(texts["console"], "are not known")
		if verdict != runner.Interrupted || (got > 0) != (want > 0) {
			t.Errorf("%d jobs: %s, %d sessions are not known:\n%s", jobs, verdict, got, texts["console"])
		}
		for i := range 3 {
			if says := strings.Contains(texts["console"], fmt.Sprintf("session c%d are not known", i)); says != (jobs > 1 && i > 0) {
				t.Errorf("%d jobs, session c%d: %v\n%s", jobs, i, says, texts["console"])
			}
		}
	}
}
