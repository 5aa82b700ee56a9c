package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"workshop/runner"
	"workshop/runner/report/github"
)

// junit writes JUnit XML in a form that Jenkins, GitLab and the actions of GitHub read alike
// (https://github.com/testmoapp/junitxml): a suite for each chapter, a case for each exercise. A
// failed exercise is a failure; broken and interrupted ones are errors.
type junit struct {
	w         io.Writer
	strict    bool   // as the schema junit-10 of Jenkins' xunit plugin wants it: a case has no file
	workspace string // see [github.Relative]
}

func newJUnit(w io.Writer, opts Options) Reporter { return junit{w, false, opts.Workspace} }

func newStrictJUnit(w io.Writer, opts Options) Reporter { return junit{w, true, opts.Workspace} }

// Event has nothing to do: the result contains everything.
func (junit) Event(runner.Event) error { return nil }

type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	counts
	Suites []*suite `xml:"testsuite"`
}

type suite struct {
	Name      string `xml:"name,attr"`
	Timestamp string `xml:"timestamp,attr"`
	File      string `xml:"file,attr,omitempty"`
	Skipped   int    `xml:"skipped,attr"` // strict readers reject it in testsuites
	counts
	Properties *[]property `xml:"properties>property"`
	Cases      []testcase  `xml:"testcase"`

	blocked int // of those that are skipped
}

type counts struct {
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Errors   int     `xml:"errors,attr"`
	Time     seconds `xml:"time,attr"`
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type testcase struct {
	Classname string  `xml:"classname,attr"`
	Name      string  `xml:"name,attr"`
	File      string  `xml:"file,attr,omitempty"` // GitLab reads it
	Time      seconds `xml:"time,attr"`
	Skipped   *reason `xml:"skipped"`
	Failure   *reason `xml:"failure"`
	Error     *reason `xml:"error"`
	SystemOut string  `xml:"system-out,omitempty"`
}

type reason struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Body    string `xml:",chardata"`
}

// seconds is a duration in the only form that all schemas allow: decimal, without an exponent.
type seconds time.Duration

func (s seconds) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(s).Seconds()), nil
}

func (c *counts) add(tc testcase) {
	c.Tests++
	c.Time += tc.Time
	switch {
	case tc.Failure != nil:
		c.Failures++
	case tc.Error != nil:
		c.Errors++
	}
}

func (j junit) Finish(r *runner.Result) error {
	if r == nil {
		return nil
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", "  ")
	if err := enc.Encode(j.document(r)); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	b.WriteByte('\n')
	_, err := j.w.Write(powerless(b.Bytes()))
	return err
}

// commands matches commands in a document that a CI service would execute if the report were
// printed in its log, see [guard].
var commands = regexp.MustCompile(`(?m)^\s*::|##\w*\[`)

// powerless replaces characters of these commands by references, and keeps the lines readable. The
// commands can occur only in text and attributes.
func powerless(b []byte) []byte {
	// The encoder escapes line feeds where that is not necessary.
	b = bytes.ReplaceAll(b, []byte("&#xA;"), []byte("\n"))
	b = bytes.ReplaceAll(b, []byte("[[ATTACHMENT|"), []byte(`[\[ATTACHMENT|`)) // GitLab would take a file for a picture
	return commands.ReplaceAllFunc(b, func(m []byte) []byte {
		if blank, ok := bytes.CutSuffix(m, []byte("::")); ok {
			return append(bytes.Clone(blank), "&#58;:"...)
		}
		return append([]byte("&#35;"), m[1:]...)
	})
}

func (j junit) document(r *runner.Result) *suites {
	doc := &suites{Name: "workshop"}
	var notes []property
	for _, n := range r.Notes {
		notes = append(notes, property{"note", clean(n)})
	}
	byName, used := map[string]*suite{}, map[[2]string]bool{}
	add := func(name, file string, started time.Time, tc testcase) {
		s := byName[name]
		if s == nil {
			s = &suite{Name: name, File: github.Relative(j.workspace, clean(file)), Timestamp: timestamp(started)}
			if len(notes) > 0 {
				s.Properties = &notes
			}
			byName[name] = s
			doc.Suites = append(doc.Suites, s)
		}
		tc.Classname, tc.File = name, github.Relative(j.workspace, tc.File)
		if j.strict {
			tc.File = ""
		}
		for n, id := 2, tc.Name; used[[2]string{name, tc.Name}]; n++ { // GitLab drops a case that it has seen
			tc.Name = fmt.Sprintf("%s (%d)", id, n)
		}
		used[[2]string{name, tc.Name}] = true
		s.add(tc)
		doc.add(tc)
		if tc.Skipped != nil {
			s.Skipped++
		}
		if tc.blocked() {
			s.blocked++
		}
		s.Cases = append(s.Cases, tc)
	}
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			name, file := suiteOf(s, e)
			add(name, file, e.Started, caseOf(e))
		}
		if unreported(s) {
			tc := testcase{Name: "session " + clean(s.Name), File: clean(s.Failure.Pos.File)}
			tc.judge(s.Verdict, s.Failure)
			add(deckName(s)+clean(s.Name), "", r.Started, tc)
		}
	}
	for _, f := range r.Problems {
		tc := testcase{Name: says(f), File: clean(f.Pos.File)}
		tc.judge(r.Verdict, f)
		add("deck", f.Pos.File, r.Started, tc)
	}
	for _, s := range doc.Suites {
		if s.blocked > 0 {
			all := append(slices.Clone(notes), property{"blocked", strconv.Itoa(s.blocked)})
			s.Properties = &all
		}
	}
	doc.Time = seconds(r.Duration)
	return doc
}

// unreported reports whether a session has a failure that none of its exercises has.
func unreported(s *runner.SessionResult) bool {
	return s.Failure != nil && !slices.ContainsFunc(s.Exercises, func(e *runner.ExerciseResult) bool { return e.Failure == s.Failure })
}

// suiteOf returns DECK.CHAPTER. An exercise that another chapter needs has a suite of its own, so
// that no two cases have the same name.
func suiteOf(s *runner.SessionResult, e *runner.ExerciseResult) (name, file string) {
	name, file = s.Name, e.Pos.File
	if e.Chapter != nil {
		name, file = e.Chapter.Name, e.Chapter.File
	}
	if e.Setup {
		name += " (set-up of " + s.Name + ")"
	}
	return deckName(s) + clean(name), file
}

func deckName(s *runner.SessionResult) string {
	if s.Deck == nil {
		return ""
	}
	return clean(s.Deck.Name) + "."
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

func caseOf(e *runner.ExerciseResult) testcase {
	tc := testcase{Name: clean(e.ID), File: clean(e.Pos.File), Time: seconds(e.Duration)}
	tc.judge(e.Verdict, e.Failure)
	var b strings.Builder
	for i, s := range e.Steps {
		if s.Verdict == runner.Skipped {
			continue
		}
		fmt.Fprintf(&b, "%s:%d: %s: %s%s\n", clean(s.Pos.File), s.Pos.Line, doing(s.Step), s.Verdict, commandTook(e.Steps[i:]))
		for _, line := range cleanLines(s.Output) {
			b.WriteString("    " + line + "\n")
		}
	}
	if b.Len() > 0 {
		tc.SystemOut = title(e.Exercise) + "\n" + b.String()
	}
	return tc
}

// commandTook is the time of the first of some steps, if it is a command, with that of the steps
// that wait for it or act on it: a wait takes no time of its own.
func commandTook(steps []*runner.StepResult) string {
	if !steps[0].Snippet() {
		return ""
	}
	took := steps[0].Duration
	for _, s := range steps[1:] {
		if s.Snippet() {
			break
		}
		took += s.Duration
	}
	return " in " + span(took)
}

func (tc *testcase) judge(v runner.Verdict, f *runner.Failure) {
	why := &reason{}
	if f != nil {
		why.Message, why.Body = says(f), story(f)
	}
	switch v {
	case runner.Passed:
	case runner.Skipped:
		if f == nil {
			why.Message = "not run"
		}
		tc.Skipped = why
	case runner.Blocked: // the format has no such word; its cause is a failure of the same run
		why.Type = string(v)
		tc.Skipped = why
	case runner.Failed:
		why.Type = string(v)
		tc.Failure = why
	default:
		why.Type = string(v)
		tc.Error = why
	}
}

func (tc *testcase) blocked() bool {
	return tc.Skipped != nil && tc.Skipped.Type == string(runner.Blocked)
}

// story returns all details of a failure.
func story(f *runner.Failure) string {
	var b strings.Builder
	b.WriteString(says(f) + "\n")
	for _, d := range details(f) {
		b.WriteString(d.name + ": " + strings.Join(d.lines, "\n    ") + "\n")
	}
	if name, lines := picture(f); len(lines) > 0 {
		b.WriteString(name + ":\n    " + strings.Join(lines, "\n    ") + "\n")
	}
	return b.String()
}
