package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"workshop/markdown/lazy"
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
	Cases      cases       `xml:"testcase"`

	special map[runner.Verdict]int // cases with verdicts for which the format has no word
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

// cases are those of a suite. They are made again, with their output, one by one when they are written:
// a run may have many.
type cases struct {
	all  []plannedCase
	made func(p plannedCase) testcase
}

// plannedCase is a case that is made of the result of an exercise, or one that is made already.
type plannedCase struct {
	name     string
	exercise *runner.ExerciseResult
	fails    bool // see [failsRun]
	other    *testcase
}

// MarshalXML writes the cases.
func (c cases) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	for _, p := range c.all {
		if err := e.EncodeElement(c.made(p), start); err != nil {
			return err
		}
	}
	return nil
}

type testcase struct {
	Classname string  `xml:"classname,attr"`
	Name      string  `xml:"name,attr"`
	File      string  `xml:"file,attr,omitempty"` // GitLab reads it
	Time      seconds `xml:"time,attr"`
	Skipped   *reason `xml:"skipped"`
	Failure   *reason `xml:"failure"`
	Error     *reason `xml:"error"`
	Flaky     []rerun `xml:"flakyFailure"` // attempts that failed, where another one passed
	Rerun     []rerun `xml:"rerunFailure"` // attempts that failed after the first one that did
	SystemOut string  `xml:"system-out,omitempty"`
}

type reason struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Body    string `xml:",chardata"`
}

// rerun is an attempt that failed, in the form of Maven's Surefire.
type rerun struct {
	Message    string `xml:"message,attr,omitempty"`
	Type       string `xml:"type,attr"`
	StackTrace string `xml:"stackTrace,omitempty"`
	SystemOut  string `xml:"system-out,omitempty"`
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
	w := &powerlessWriter{w: j.w}
	w.pending = append(w.pending, xml.Header...)
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(j.document(r)); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	w.pending = append(w.pending, '\n')
	return w.flush(len(w.pending))
}

// powerlessWriter writes an XML document through [powerless], in pieces of whole lines.
type powerlessWriter struct {
	w       io.Writer
	pending []byte
	whole   int // bytes of the whole lines that wait
}

func (p *powerlessWriter) Write(b []byte) (int, error) {
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		p.whole = len(p.pending) + i + 1
	}
	p.pending = append(p.pending, b...)
	if p.whole >= junitPiece {
		return len(b), p.flush(p.whole)
	}
	return len(b), nil
}

// flush writes the first bytes that wait.
func (p *powerlessWriter) flush(n int) error {
	_, err := p.w.Write(powerless(p.pending[:n]))
	p.pending, p.whole = append(p.pending[:0], p.pending[n:]...), 0
	return err
}

// junitPiece is the size of a piece, in bytes.
const junitPiece = 32 << 10

// commands matches commands in a document that a CI service would execute if the report were
// printed in its log, see [guard].
var commands = lazy.Regexp(`(?m)^\s*::|##\w*\[`)

// powerless replaces characters of these commands by references, and keeps the lines readable. The
// commands can occur only in text and attributes.
func powerless(b []byte) []byte {
	// The encoder escapes line feeds where that is not necessary.
	b = replaced(b, "&#xA;", "\n")
	b = replaced(b, "[[ATTACHMENT|", `[\[ATTACHMENT|`) // GitLab would take a file for a picture
	if !bytes.Contains(b, []byte("::")) && !bytes.Contains(b, []byte("##")) {
		return b
	}
	return commands().ReplaceAllFunc(b, func(m []byte) []byte {
		if blank, ok := bytes.CutSuffix(m, []byte("::")); ok {
			return append(bytes.Clone(blank), "&#58;:"...)
		}
		return append([]byte("&#35;"), m[1:]...)
	})
}

// replaced is a text with others in it replaced, copied only if there are such.
func replaced(b []byte, old, by string) []byte {
	if !bytes.Contains(b, []byte(old)) {
		return b
	}
	return bytes.ReplaceAll(b, []byte(old), []byte(by))
}

func (j junit) document(r *runner.Result) *suites {
	doc := &suites{Name: "workshop"}
	var notes []property
	for _, n := range r.Notes {
		notes = append(notes, property{"note", clean(n)})
	}
	byName, used := map[string]*suite{}, map[[2]string]bool{}
	add := func(name, file string, started time.Time, p plannedCase) {
		s := byName[name]
		if s == nil {
			s = &suite{special: map[runner.Verdict]int{}, Name: name, File: github.Relative(j.workspace, clean(file)), Timestamp: timestamp(started)}
			s.Cases.made = func(p plannedCase) testcase { return j.made(name, p) }
			if len(notes) > 0 {
				s.Properties = &notes
			}
			byName[name] = s
			doc.Suites = append(doc.Suites, s)
		}
		tc := p.testcase()
		p.name = tc.Name
		for n := 2; used[[2]string{name, p.name}]; n++ { // GitLab drops a case that it has seen
			p.name = fmt.Sprintf("%s (%d)", tc.Name, n)
		}
		used[[2]string{name, p.name}] = true
		s.add(tc)
		doc.add(tc)
		if tc.Skipped != nil {
			s.Skipped++
		}
		if v := tc.special(); v != "" {
			s.special[v]++
		}
		s.Cases.all = append(s.Cases.all, p)
	}
	claims, told := map[string][]property{}, told(r)
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			if !told(s, e) {
				continue
			}
			name, file := suiteOf(s, e)
			add(name, file, e.Started, plannedCase{exercise: e, fails: failsRun(r, e)})
			for _, c := range claimsIn(e) {
				claims[name] = append(claims[name], property{"claim", c.String()})
			}
		}
		if unreported(s) {
			tc := testcase{Name: "session " + clean(s.Name), File: clean(s.Failure.Pos.File)}
			tc.judge(s.Verdict, s.Failure)
			add(deckName(s)+clean(s.Name), "", r.Started, plannedCase{other: &tc})
		}
	}
	for _, f := range r.Problems {
		tc := testcase{Name: says(f), File: clean(f.Pos.File)}
		tc.judge(r.Verdict, f)
		add("deck", f.Pos.File, r.Started, plannedCase{other: &tc})
	}
	for _, s := range doc.Suites {
		all := append(slices.Clone(notes), claims[s.Name]...)
		for _, f := range verdictForms {
			if n := s.special[f.verdict]; n > 0 {
				all = append(all, property{string(f.verdict), strconv.Itoa(n)})
			}
		}
		if len(all) > 0 {
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

// made is a case as the document holds it.
func (j junit) made(suite string, p plannedCase) testcase {
	tc := p.testcase()
	tc.Name, tc.Classname, tc.File = p.name, suite, github.Relative(j.workspace, tc.File)
	if j.strict {
		tc.File = ""
	}
	if p.exercise != nil {
		tc.SystemOut = transcriptOf(p.exercise)
	}
	return tc
}

// testcase is the case without its output and its final name.
func (p plannedCase) testcase() testcase {
	if p.other != nil {
		return *p.other
	}
	e := p.exercise
	tc := testcase{Name: clean(e.ID), File: clean(e.Pos.File), Time: seconds(e.Duration)}
	tc.judge(e.Verdict, e.Failure)
	if e.Counts != nil {
		tc.attempts(e, p.fails)
	}
	if p.fails && tc.Skipped != nil {
		tc.Failure, tc.Skipped = tc.Skipped, nil
	}
	return tc
}

// attempts adds the attempts of an exercise that failed. A case that failed in the first of them fails
// with its reason. A flaky case that fails the run has a failure, too: many readers know no others.
func (tc *testcase) attempts(e *runner.ExerciseResult, fails bool) {
	all := append(slices.Clone(e.Earlier), e)
	var failed []rerun
	for i, a := range all {
		if v := a.OfAttempt(); v == runner.Failed || v == runner.Broken {
			f := a.OwnFailure()
			r := rerun{Type: string(v), SystemOut: transcriptOf(a)}
			if f != nil {
				r.Message, r.StackTrace = says(f), story(f)
			}
			if i == len(all)-1 { // its output is the case's
				r.SystemOut = ""
			}
			failed = append(failed, r)
		}
	}
	switch {
	case len(failed) == 0:
	case e.Verdict == runner.Flaky:
		tc.Failure, tc.Flaky = nil, failed
		if fails {
			tc.Failure = &reason{Message: "flaky: " + failed[0].Message, Type: string(runner.Flaky), Body: failed[0].StackTrace}
			if told := e.Story(); told != "" {
				tc.Failure.Body = told + "\n" + tc.Failure.Body
			}
		}
	case tc.Failure != nil || tc.Error != nil:
		first := &reason{Message: failed[0].Message, Type: failed[0].Type, Body: failed[0].StackTrace}
		tc.Failure, tc.Error, tc.Rerun = nil, nil, failed[1:]
		if failed[0].Type == string(runner.Broken) {
			tc.Error = first
		} else {
			tc.Failure = first
		}
	}
}

// transcriptOf are the steps of an exercise that ran, with their output.
func transcriptOf(e *runner.ExerciseResult) string {
	var b strings.Builder
	for i, s := range e.Steps {
		if s.Verdict == runner.Skipped {
			continue
		}
		fmt.Fprintf(&b, "%s:%d: %s: %s%s\n", clean(s.Pos.File), s.Pos.Line, doing(s.Step), s.Verdict, commandTook(e.Steps[i:]))
		if s.Measured != "" {
			b.WriteString("    measured: " + clean(s.Measured) + "\n")
		}
		for _, line := range cleanLines(s.Output) {
			b.WriteString("    " + line + "\n")
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return title(e.Exercise) + "\n" + b.String()
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
	switch {
	case f != nil:
		why.Message, why.Body = says(f), story(f)
	case v == runner.Skipped:
		why.Message = "not run"
	default:
		why.Message = formOf(v).meaning
	}
	switch v {
	case runner.Passed:
	case runner.Skipped:
		tc.Skipped = why
	case runner.Blocked, runner.Quarantined, runner.Inconclusive: // the format has no such words
		why.Type = string(v)
		tc.Skipped = why
	case runner.Failed, runner.Flaky:
		why.Type = string(v)
		tc.Failure = why
	default:
		why.Type = string(v)
		tc.Error = why
	}
}

// special is the verdict of the case if the format has no word for it.
func (tc *testcase) special() runner.Verdict {
	switch {
	case len(tc.Flaky) > 0:
		return runner.Flaky
	case tc.Skipped != nil:
		return runner.Verdict(tc.Skipped.Type)
	case tc.Failure != nil && tc.Failure.Type != string(runner.Failed) && tc.Failure.Type != string(runner.Broken):
		return runner.Verdict(tc.Failure.Type)
	}
	return ""
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
