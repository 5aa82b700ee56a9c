package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"workshop/runner"
)

// junit writes JUnit XML in the form that Jenkins, GitLab and the actions of GitHub
// read alike (https://github.com/testmoapp/junitxml): a suite for each chapter, a case
// for each exercise. Failed is a failure; broken and interrupted are errors.
type junit struct{ w io.Writer }

func newJUnit(w io.Writer, _ Options) Reporter { return junit{w} }

// Event has nothing to do: the result says everything.
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
	Skipped   int    `xml:"skipped,attr"` // strict readers refuse it in testsuites
	counts
	Properties *[]property `xml:"properties>property"`
	Cases      []testcase  `xml:"testcase"`
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
	File      string  `xml:"file,attr"`
	Line      int     `xml:"line,attr,omitempty"`
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

// seconds is a duration in the only form that all schemas have: decimal, no exponent.
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
	if err := enc.Encode(document(r)); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	b.WriteByte('\n')
	_, err := j.w.Write(powerless(b.Bytes()))
	return err
}

// commands matches, in a document, what a CI service would obey if it saw the report in
// a log, see [guard].
var commands = regexp.MustCompile(`(?m)^\s*::|##\w*\[`)

// powerless is the same document, its lines readable, with references to characters at those places. Text
// and attributes are the only places where there can be any.
func powerless(b []byte) []byte {
	// The encoder escapes line feeds also where they may stand as they are.
	b = bytes.ReplaceAll(b, []byte("&#xA;"), []byte("\n"))
	return commands.ReplaceAllFunc(b, func(m []byte) []byte {
		if blank, ok := bytes.CutSuffix(m, []byte("::")); ok {
			return append(bytes.Clone(blank), "&#58;:"...)
		}
		return append([]byte("&#35;"), m[1:]...)
	})
}

func document(r *runner.Result) *suites {
	doc := &suites{Name: "workshop"}
	var notes []property
	for _, n := range r.Notes {
		notes = append(notes, property{"note", clean(n)})
	}
	byName := map[string]*suite{}
	add := func(name, file string, started time.Time, tc testcase) {
		s := byName[name]
		if s == nil {
			s = &suite{Name: name, File: clean(file), Timestamp: timestamp(started)}
			if len(notes) > 0 {
				s.Properties = &notes
			}
			byName[name] = s
			doc.Suites = append(doc.Suites, s)
		}
		tc.Classname = name
		s.add(tc)
		doc.add(tc)
		if tc.Skipped != nil {
			s.Skipped++
		}
		s.Cases = append(s.Cases, tc)
	}
	for _, s := range r.Sessions {
		told := s.Failure == nil
		for _, e := range s.Exercises {
			told = told || e.Failure == s.Failure
			name, file := suiteOf(s, e)
			add(name, file, e.Started, caseOf(e))
		}
		if !told {
			tc := testcase{Name: "session " + clean(s.Name), File: clean(s.Failure.Pos.File), Line: s.Failure.Pos.Line}
			tc.judge(s.Verdict, s.Failure)
			add(deckName(s)+clean(s.Name), "", r.Started, tc)
		}
	}
	doc.Time = seconds(r.Duration)
	return doc
}

// suiteOf is DECK.CHAPTER. What runs for the sake of another chapter is apart, so that
// no two cases have the same name.
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
	tc := testcase{Name: clean(e.ID), File: clean(e.Pos.File), Line: e.Pos.Line, Time: seconds(e.Duration)}
	tc.judge(e.Verdict, e.Failure)
	var b strings.Builder
	for _, s := range e.Steps {
		if s.Verdict == runner.Skipped {
			continue
		}
		fmt.Fprintf(&b, "%s:%d: %s: %s in %s\n", clean(s.Pos.File), s.Pos.Line, doing(s.Step), s.Verdict, span(s.Duration))
		for _, line := range cleanLines(s.Output) {
			b.WriteString("    " + line + "\n")
		}
	}
	if b.Len() > 0 {
		tc.SystemOut = title(e.Exercise) + "\n" + b.String()
	}
	return tc
}

func (tc *testcase) judge(v runner.Verdict, f *runner.Failure) {
	why := &reason{}
	if f != nil {
		why.Message, why.Body = clean(f.Pos.String()+": "+f.Message), story(f)
	}
	switch v {
	case runner.Passed:
	case runner.Skipped:
		if f == nil {
			why.Message = "not run"
		}
		tc.Skipped = why
	case runner.Failed:
		why.Type = string(v)
		tc.Failure = why
	default:
		why.Type = string(v)
		tc.Error = why
	}
}

// story is all that is known about a failure.
func story(f *runner.Failure) string {
	var b strings.Builder
	b.WriteString(clean(f.Pos.String()+": "+f.Message) + "\n")
	for _, d := range details(f) {
		b.WriteString(d.name + ": " + strings.Join(d.lines, "\n    ") + "\n")
	}
	if name, lines := picture(f); len(lines) > 0 {
		b.WriteString(name + ":\n    " + strings.Join(lines, "\n    ") + "\n")
	}
	return b.String()
}
