package report_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/joshdk/go-junit"
	"golang.org/x/net/html"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
)

var recordings = []struct {
	name   string
	record func(testing.TB) *recording
}{{"mixed", mixed}, {"passed", passed}, {"empty", empty}, {"retried", retried}}

func TestGolden(t *testing.T) {
	opts := report.Options{RunID: "run", Cols: 80, Rows: 24}
	for _, r := range recordings {
		for _, format := range report.FileFormats() {
			t.Run(r.name+"/"+format, func(t *testing.T) {
				golden(t, r.name+"."+format, withoutAssets(written(t, r.record(t), format, opts)))
			})
		}
	}
	t.Run("wide, in colour", func(t *testing.T) {
		golden(t, "mixed-200.console", written(t, mixed(t), "console", report.Options{Color: true, Cols: 200, Rows: 50}))
	})
}

// withoutAssets returns a page without its styles, its script and the digest of the script.
func withoutAssets(text string) string {
	for _, a := range assets {
		text = a.ReplaceAllString(text, "…")
	}
	return text
}

var assets = []*regexp.Regexp{
	regexp.MustCompile(`(?s)<style>.*?</style>`), regexp.MustCompile(`(?s)<script type="module">.*?</script>`),
	regexp.MustCompile(`sha256-(?:[^&]|&#43;)*`),
}

// TestGivenUp abandons a run: no format returns an error, and later calls change nothing.
func TestGivenUp(t *testing.T) {
	rec := mixed(t)
	for _, f := range report.Formats() {
		for _, n := range []int{0, 1, 7, len(rec.events)} {
			t.Run(fmt.Sprintf("%s after %d events", f.Name, n), func(t *testing.T) {
				s := newDisplay(80, 24)
				r, err := report.New(f.Name, s, s.options(false))
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range rec.events[:n] {
					if err := r.Event(e); err != nil {
						t.Fatal(err)
					}
				}
				if err := r.Finish(nil); err != nil {
					t.Fatal(err)
				}
				before := s.raw.String()
				if err := errors.Join(r.Event(rec.events[0]), r.Finish(rec.result)); err != nil {
					t.Fatal(err)
				}
				if after := s.raw.String(); after != before {
					t.Errorf("written after the end: %q", after[len(before):])
				}
			})
		}
	}
}

func TestFullDisk(t *testing.T) {
	for _, format := range report.FileFormats() {
		t.Run(format, func(t *testing.T) {
			r, err := report.New(format, &gone{}, report.Options{})
			if err != nil {
				t.Fatal(err)
			}
			reported := 0
			count := func(err error) {
				if errors.Is(err, errGone) {
					reported++
				}
			}
			rec := passed(t)
			for _, e := range rec.events {
				count(r.Event(e))
			}
			count(r.Finish(rec.result))
			if reported != 1 {
				t.Errorf("the error was reported %d times, want once", reported)
			}
		})
	}
}

func TestNew(t *testing.T) {
	for _, tc := range []struct{ name, want string }{
		{
			"junitt",
			`there is no report "junitt" (did you mean "junit"?); there are: console, progress, live, junit, junit-strict, github, html, jsonl`,
		},
		{"", `there is no report ""; there are: console, progress, live, junit, junit-strict, github, html, jsonl`},
		{"live", `the report "live" needs a terminal`},
	} {
		if _, err := report.New(tc.name, io.Discard, report.Options{}); err == nil || err.Error() != tc.want {
			t.Errorf("New(%q): %v, want %s", tc.name, err, tc.want)
		}
	}
}

func TestParseSpec(t *testing.T) {
	for _, tc := range []struct{ spec, name, file, err string }{
		{spec: "junit=out/report.xml", name: "junit", file: "out/report.xml"},
		{spec: "jsonl=a=b", name: "jsonl", file: "a=b"},
		{spec: "jsonl=-", name: "jsonl", file: "-"},
		{spec: "junit", err: `"junit" is not of the form NAME=FILE, such as junit=FILE or jsonl=- for standard output`},
		{spec: "junit=", err: `"junit=" is not of the form NAME=FILE, such as junit=FILE or jsonl=- for standard output`},
		{spec: "=x", err: `"=x" is not of the form NAME=FILE, such as junit=FILE or jsonl=- for standard output`},
		{
			spec: "json=x",
			err:  `there is no report "json" (did you mean "jsonl"?); there are: console, progress, live, junit, junit-strict, github, html, jsonl`,
		},
	} {
		name, file, err := report.ParseSpec(tc.spec)
		if tc.err != "" {
			if err == nil || err.Error() != tc.err {
				t.Errorf("ParseSpec(%q): %v, want %s", tc.spec, err, tc.err)
			}
			continue
		}
		if err != nil || name != tc.name || file != tc.file {
			t.Errorf("ParseSpec(%q) = %q, %q, %v, want %q, %q", tc.spec, name, file, err, tc.name, tc.file)
		}
	}
}

func open(t *testing.T, spec string) report.Reporter {
	t.Helper()
	r, err := report.Open(spec, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestOpenWhole checks that a file written as a whole is never visible in part, and that an older
// file is not mistaken for it.
func TestOpenWhole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "junit.xml")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := open(t, "junit="+file)
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the old report is still there: %v", err)
	}
	rec := passed(t)
	rec.play(t, r)
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := written(t, rec, "junit", report.Options{}); string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("left behind: %q", left)
	}

	if err := open(t, "junit="+file).Finish(nil); err != nil {
		t.Fatal(err)
	}
	if left := names(t, dir); len(left) != 0 {
		t.Errorf("left behind by a run that was given up: %q", left)
	}
}

// TestOpenLines checks that a file of lines can be followed and has whole lines at any time.
func TestOpenLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.jsonl")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := open(t, "jsonl="+file)
	size := 0
	for _, e := range mixed(t).events {
		if err := r.Event(e); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind != runner.EventOutput && len(got) == size {
			t.Errorf("%s: no line", e.Kind)
		}
		if size = len(got); got[size-1] != '\n' {
			t.Errorf("%s: the last line is not whole", e.Kind)
		}
	}
	if err := r.Finish(nil); err != nil {
		t.Fatal(err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	for _, format := range report.FileFormats() {
		if _, err := report.Open(format+"="+filepath.Join(dir, "none", "file"), io.Discard); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s into a folder that is not there: %v", format, err)
		}
	}
	if _, err := report.Open("live="+filepath.Join(dir, "file"), io.Discard); err == nil {
		t.Error("a file was taken for a terminal")
	}
	// A file that is not a plain file is written to, not replaced.
	r := open(t, "junit=/dev/null")
	passed(t).play(t, r)
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Errorf("/dev/null: %v, %v", info, err)
	}
}

// TestJUnitReader compares the report in a reader of JUnit files with the run.
func TestJUnitReader(t *testing.T) {
	for _, rec := range recordings {
		t.Run(rec.name, func(t *testing.T) {
			r := rec.record(t)
			got, err := junit.Ingest([]byte(written(t, r, "junit", report.Options{})))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, s := range r.result.Sessions {
				for _, e := range s.Exercises {
					id := e.ID
					if e.Setup && e.Verdict == runner.Passed {
						continue // it is no case
					}
					if e.Setup {
						id += " set-up"
					}
					want[id] = string(map[runner.Verdict]junit.Status{
						runner.Passed: junit.StatusPassed, runner.Failed: junit.StatusFailed, runner.Skipped: junit.StatusSkipped,
						runner.Broken: junit.StatusError, runner.Interrupted: junit.StatusError, runner.Flaky: junit.StatusPassed,
						runner.Quarantined: junit.StatusSkipped, runner.Inconclusive: junit.StatusSkipped,
					}[e.Verdict]) + " " + e.Duration.String()
				}
			}
			found := map[string]string{}
			for _, s := range got {
				for _, c := range s.Tests {
					id := c.Name
					if strings.Contains(c.Classname, "set-up") {
						id += " set-up"
					}
					found[id] = string(c.Status) + " " + c.Duration.String()
				}
				for _, n := range r.result.Notes {
					if !slices.Contains(r.result.Notes, s.Properties["note"]) {
						t.Errorf("suite %s has no note like %q", s.Name, n)
					}
				}
			}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestJUnitSchema validates the report with xmllint, also for a session that was broken at its end.
// REQUIRE_XMLLINT=1 makes the absence of xmllint a failure.
func TestJUnitSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("REQUIRE_XMLLINT") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	schema, err := os.ReadFile(filepath.Join("testdata", "junit.xsd"))
	if err != nil {
		t.Fatal(err)
	}
	strict := filepath.Join(t.TempDir(), "strict.xsd") // the same without the file of a case
	file := `<xs:attribute name="file" type="xs:string"/>`
	before, after, found := strings.Cut(string(schema), file)
	if !found {
		t.Fatal("the schema has changed")
	}
	if err := os.WriteFile(strict, []byte(before+after), 0o600); err != nil {
		t.Fatal(err)
	}
	validate := func(t *testing.T, r *recording) {
		t.Helper()
		for format, schema := range map[string]string{"junit": filepath.Join("testdata", "junit.xsd"), "junit-strict": strict} {
			cmd := exec.CommandContext(t.Context(), xmllint, "--huge", "--noout", "--schema", schema, "-")
			cmd.Stdin = strings.NewReader(written(t, r, format, report.Options{}))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%.2000s", format, err, out)
			}
		}
	}
	for _, rec := range recordings {
		t.Run(rec.name, func(t *testing.T) { validate(t, rec.record(t)) })
	}
	t.Run("broken at the end", func(t *testing.T) { validate(t, untidy(t)) })
	for name, text := range map[string]string{
		"control bytes": hostile, "long": strings.Repeat("0123456789abcde\n", 4<<10), "ends": "]]>]]&gt;<![CDATA[",
		"Unicode": "\ufffe\uffff\U0001f433 é\u0301\ud7ff",
	} {
		for _, v := range []runner.Verdict{
			runner.Passed, runner.Failed, runner.Broken, runner.Interrupted, runner.Skipped, runner.Invalid, runner.Flaky,
			runner.Quarantined, runner.Inconclusive, "another",
		} {
			t.Run(name+" "+string(v), func(t *testing.T) { validate(t, verdictIn(t, v, text)) })
		}
	}
}

// TestJUnitHuge checks that 10 MB in a failure, 1 MB with -short, are a report that others read.
func TestJUnitHuge(t *testing.T) {
	r := verdictIn(t, runner.Failed, "short")
	f := r.result.Sessions[0].Exercises[0].Failure
	size := 10 << 20
	if testing.Short() {
		size = 1 << 20
	}
	f.Tail = strings.Repeat("0123456789abcde\n", size/16)
	suites, err := junit.Ingest([]byte(written(t, r, "junit-strict", report.Options{})))
	if err != nil || len(suites) != 1 || suites[0].Totals.Failed != 1 {
		t.Errorf("read back: %d suites, %v", len(suites), err)
	}
}

// verdictIn is a run with a verdict, and a text in its output and its failure.
func verdictIn(t testing.TB, v runner.Verdict, text string) *recording {
	t.Helper()
	const file = "a.md"
	f := &runner.Failure{Pos: markdown.Pos{File: file, Line: 1}, Message: text, Command: text, Tail: text}
	if v == runner.Passed {
		f = nil
	}
	deck := &markdown.Deck{Name: "d", Chapters: []*markdown.Chapter{chapter("c", file,
		slide(1, "T", file, exercise("c/t", file, 1, "1 bash true")))}}
	return record(compile(t, deck), []string{text}, nil, map[string]outcome{file + ":1": {v, 1, text[:min(len(text), 1<<12)], f}})
}

// untidy is a run whose session passes, but whose cleanup fails.
func untidy(t testing.TB) *recording {
	t.Helper()
	r := passed(t)
	f := &runner.Failure{Pos: markdown.Pos{File: "intro.md", Line: 3}, Message: "the session cannot be cleaned up: device busy"}
	s := r.result.Sessions[0]
	s.Verdict, s.Failure, r.result.Verdict = runner.Broken, f, runner.Broken
	for i := range r.events {
		if e := &r.events[i]; e.Kind == runner.SessionFinished {
			e.Verdict, e.Failure = runner.Broken, f
		}
	}
	return r
}

// TestUntidy checks that every format reports a failure outside all exercises once.
func TestUntidy(t *testing.T) {
	for _, format := range []string{"console", "progress", "html", "jsonl"} {
		got := written(t, untidy(t), format, report.Options{})
		if n := strings.Count(got, "device busy"); n != 1 {
			t.Errorf("%s tells it %d times:\n%s", format, n, got)
		}
	}
	suites, err := junit.Ingest([]byte(written(t, untidy(t), "junit", report.Options{})))
	if err != nil {
		t.Fatal(err)
	}
	if last := suites[len(suites)-1]; last.Totals.Error != 1 {
		t.Errorf("the last suite has %d errors, want 1", last.Totals.Error)
	}
}

// records reads JSON lines back, strictly.
func records(t testing.TB, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var r map[string]any
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		all = append(all, r)
	}
	if !strings.HasSuffix(text, "\n") || lines.Err() != nil {
		t.Fatalf("not in whole lines: %v", lines.Err())
	}
	return all
}

// TestJSONLinesMerge checks that the lines alone are enough to merge shards: they hold the plan,
// the results, and the end of the run.
func TestJSONLinesMerge(t *testing.T) {
	all := records(t, written(t, mixed(t), "jsonl", report.Options{RunID: "4711"}))
	planned, finished := map[string]bool{}, map[string]bool{}
	for i, r := range all {
		if r["v"] != 1.0 || r["run"] != "4711" || r["seq"] != float64(i+1) {
			t.Fatalf("line %d begins %v %v %v", i+1, r["v"], r["run"], r["seq"])
		}
		if r["kind"] == "exercise-finished" {
			finished[fmt.Sprint(r["session"], " ", r["exercise"])] = true
		}
	}
	for _, s := range all[0]["plan"].(map[string]any)["sessions"].([]any) {
		s := s.(map[string]any)
		for _, e := range s["exercises"].([]any) {
			planned[fmt.Sprint(s["name"], " ", e.(map[string]any)["id"])] = true
		}
	}
	if diff := cmp.Diff(planned, finished); diff != "" {
		t.Error(diff)
	}
	last := all[len(all)-1]
	want := map[string]any{
		"passed": 1.0, "skipped": 1.0, "failed": 3.0, "broken": 2.0, "interrupted": 1.0, "blocked": 0.0,
		"flaky": 0.0, "quarantined": 0.0, "inconclusive": 0.0,
	}
	if diff := cmp.Diff(want, last["counts"]); last["kind"] != "run-finished" || diff != "" {
		t.Error(last["kind"], diff)
	}
}

// TestJSONLinesText checks that the text of a step is the text on the terminal, limited in size,
// for any division of the bytes.
func TestJSONLinesText(t *testing.T) {
	var text strings.Builder
	for _, r := range records(t, written(t, mixed(t), "jsonl", report.Options{})) {
		if s, ok := r["text"].(string); ok && r["exercise"] == "größe/日本語" {
			text.WriteString(s)
		}
	}
	for _, want := range []string{
		"::error file=x::pwned\n", "##[error]no ##vso[task.complete]\n",
		"]]></system-out><!-- & \"quotes\" 'too' \\u0041", "日本語 🐳",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in %q", want, text.String())
		}
	}

	var b bytes.Buffer
	r, err := report.New("jsonl", &b, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rec := passed(t)
	const chunk = "日本語日本語日本語\r\n" // 28 bytes as text
	for _, e := range rec.events {
		if e.Kind == runner.EventOutput {
			continue
		}
		if err := r.Event(e); err != nil {
			t.Fatal(err)
		}
		for range 10_000 {
			if e.Kind != runner.StepStarted {
				break
			}
			if err := r.Event(runner.Event{Kind: runner.EventOutput, Time: e.Time, Step: e.Step, Data: []byte(chunk)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	kept := 0
	for _, r := range records(t, b.String()) {
		switch r["kind"] {
		case "output":
			text, _ := r["text"].(string)
			kept += len(text)
			if strings.Contains(text, "\ufffd") {
				t.Error("a character was cut in two")
			}
		case "step-finished":
			if omitted := int(r["omitted"].(float64)); kept > 64<<10 || kept < 60<<10 || kept+omitted != 280_000 {
				t.Errorf("%d bytes kept and %d omitted of 280000", kept, omitted)
			}
			kept = 0
		}
	}
}

// hostileIn is a recording with a text in every place that can hold unknown text.
func hostileIn(t testing.TB, text string) *recording {
	t.Helper()
	file := "a" + text
	line := &markdown.Step{Pos: markdown.Pos{File: file, Line: 1}, Directive: "bash", Text: "x" + text}
	claim := &markdown.Step{Pos: markdown.Pos{File: file, Line: 2}, Directive: "claim", Text: "duration < 1 s", Sentence: "s" + text}
	e := &markdown.Exercise{ID: "id" + text, Pos: markdown.Pos{File: file, Line: 1}, Steps: []*markdown.Step{line, claim}}
	c := chapter("c"+text, file, slide(1, text, file, e))
	f := &runner.Failure{
		Pos: line.Pos, Message: text, Hint: text, Command: text, Want: text, Nearest: text,
		Screen: strings.Split(text, "\n"), Tail: text,
	}
	return record(compile(t, &markdown.Deck{Name: text, Title: text, Chapters: []*markdown.Chapter{c}}), []string{text}, nil,
		map[string]outcome{file + ":1": {runner.Failed, 1, text, f}})
}

// inertPage checks that a page has one script, and nothing that a text could run or load.
func inertPage(t *testing.T, text string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	scripts := 0
	for n := range doc.Descendants() {
		switch {
		case n.Type != html.ElementNode:
			continue
		case n.Data == "script" && !slices.Contains(n.Attr, html.Attribute{Key: "type", Val: "application/json"}):
			scripts++
		case slices.Contains([]string{"img", "link", "iframe", "object", "embed", "base", "audio", "video"}, n.Data):
			t.Errorf("the page has an element %s", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "srcset" || strings.HasPrefix(a.Val, "javascript:") {
				t.Errorf("the page has an attribute %s=%q", a.Key, a.Val)
			}
		}
	}
	if scripts != 1 {
		t.Errorf("the page has %d scripts", scripts)
	}
}

// FuzzHostile checks that logs contain no control character and no command, for any text in decks
// or output, and that the other formats are valid.
func FuzzHostile(f *testing.F) {
	for _, s := range []string{
		hostile, "", "\n", "::error::", "##[a]", "##\n[x]", "\u2028::a", "&#xA;::x", "&#58;:", "\x1b[", "]]>", "<",
		"\xed\xa0\x80", "##\u009b[", "a\r::b\r\n::c\t##\t[",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		rec := hostileIn(t, text)
		for _, format := range report.FileFormats() {
			got := written(t, rec, format, report.Options{})
			for line := range strings.SplitSeq(got, "\n") {
				if i := strings.IndexFunc(line, func(r rune) bool {
					return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || unicode.Is(unicode.Bidi_Control, r)
				}); i >= 0 {
					t.Errorf("%s lets a control character through: %q", format, line)
				}
				if strings.HasPrefix(strings.TrimSpace(line), "::") && format != "github" || strings.Contains(line, "##[") ||
					strings.Contains(line, "##vso[") {
					t.Errorf("%s lets a command through: %q", format, line)
				}
			}
			switch format {
			case "jsonl":
				records(t, got)
			case "html":
				inertPage(t, got)
			case "github":
				if !strings.HasPrefix(got, "::error ") || strings.Count(got, "\n") != 1 {
					t.Errorf("github: %q", got)
				}
			case "junit":
				if err := xml.Unmarshal([]byte(got), new(struct{})); err != nil {
					t.Errorf("%v in %q", err, got)
				}
				suites, err := junit.Ingest([]byte(got))
				if err != nil || len(suites) != 1 || suites[0].Totals.Failed != 1 {
					t.Errorf("read back: %v, %v", suites, err)
				}
			}
		}
	})
}

// TestInTmux compares a real terminal with our model of one. REQUIRE_TMUX=1 makes the absence of
// tmux a failure.
func TestInTmux(t *testing.T) {
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		if os.Getenv("REQUIRE_TMUX") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	for _, size := range []struct{ cols, rows int }{{80, 24}, {200, 50}} {
		for _, format := range []string{"live", "console"} {
			for _, until := range []struct {
				name  string
				event func(runner.Event) bool
			}{{"in the middle", atStep(10)}, {"at the end", nil}} {
				t.Run(fmt.Sprintf("%s %s, %d×%d", format, until.name, size.cols, size.rows), func(t *testing.T) {
					s := newDisplay(size.cols, size.rows)
					perform(t, s, format, until.event)
					// One draws noncharacters, the other omits them.
					want := strings.ReplaceAll(s.shown(), " \ufffe", "")
					if got := inTmux(t, tmux, size.cols, size.rows, s.raw.String()); got != want {
						t.Errorf("tmux shows\n%s\nwe\n%s", got, want)
					}
				})
			}
		}
	}
}

// inTmux returns the screen of tmux after bytes were written to a terminal in cooked mode.
func inTmux(t *testing.T, tmux string, cols, rows int, raw string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "raw")
	if err := os.WriteFile(file, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), tmux, append([]string{"-u", "-f", "/dev/null", "-S", filepath.Join(dir, "s")}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TMUX=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run("new-session", "-d", "-x", fmt.Sprint(cols), "-y", fmt.Sprint(rows), "cat")
	t.Cleanup(func() {
		cmd := exec.CommandContext(context.Background(), tmux, "-S", filepath.Join(dir, "s"), "kill-server")
		if err := cmd.Run(); err != nil {
			t.Error(err)
		}
	})
	run("set-option", "-g", "status", "off")
	run("resize-window", "-x", fmt.Sprint(cols), "-y", fmt.Sprint(rows))
	// The device query at the end is answered when everything before it has been drawn.
	run("respawn-pane", "-k", `stty -echo -icanon min 1; cat `+file+`; printf '\033[6n'; dd bs=1 count=1 >/dev/null 2>&1; tmux -S `+
		filepath.Join(dir, "s")+` wait-for -S drawn; exec cat >/dev/null`)
	run("wait-for", "drawn")
	return strings.TrimRight(run("capture-pane", "-p"), "\n") + "\n"
}

// TestManyCases writes JUnit documents of many pieces: no command of a CI service gets through at the
// border of two.
func TestManyCases(t *testing.T) {
	const file, count = "many.md", 300
	var exercises []*markdown.Exercise
	script := map[string]outcome{}
	for n := range count {
		exercises = append(exercises, exercise("many/same", file, 10*n+1, fmt.Sprintf("%d bash cat hostile", 10*n+2)))
		script[fmt.Sprintf("%s:%d", file, 10*n+2)] = outcome{runner.Passed, time.Second, strings.Repeat("x", n) + hostile, nil}
	}
	deck := &markdown.Deck{Name: "many", Session: markdown.SessionChapter, Chapters: []*markdown.Chapter{
		chapter("many", file, slide(1, "Many", file, exercises...)),
	}}
	r := record(compile(t, deck), nil, nil, script)
	for _, name := range []string{"junit", "junit-strict"} {
		text := written(t, r, name, report.Options{})
		var doc struct {
			Cases []struct {
				Name string `xml:"name,attr"`
				Out  string `xml:"system-out"`
			} `xml:"testsuite>testcase"`
		}
		if err := xml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		if len(doc.Cases) != count || doc.Cases[count-1].Name != fmt.Sprintf("many/same (%d)", count) {
			t.Errorf("%s: %d cases, the last one of %v", name, len(doc.Cases), doc.Cases[len(doc.Cases)-1].Name)
		}
		for _, c := range doc.Cases {
			if strings.Count(c.Out, "::") != 4 {
				t.Fatalf("%s: %s says %q", name, c.Name, c.Out)
			}
		}
		if found := regexp.MustCompile(`(?m)^\s*::|##\w*\[`).FindString(text); found != "" || len(text) < 100<<10 {
			t.Errorf("%s: %d bytes, with the command %q", name, len(text), found)
		}
	}
}

// TestRemoved removes the file of a report during the run, as a deck may do: the report is lost, and says so.
func TestRemoved(t *testing.T) {
	for _, format := range []string{"jsonl", "console", "github"} {
		file := filepath.Join(t.TempDir(), "report")
		one, err := report.Open(format+"="+file, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := one.Finish(&runner.Result{Verdict: runner.Passed}); err == nil || !strings.Contains(err.Error(), "was removed") {
			t.Errorf("%s: %v, want an error", format, err)
		}
	}
}
