package report

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"time"
	"unicode/utf16"

	"workshop/markdown"
	"workshop/runner"
)

// version is that of the JSON lines. It changes when a reader would have to.
const version = 1

// textPerStep is how much of the output of one step is kept, in bytes.
const textPerStep = 64 << 10

// jsonl writes an object a line for each event, as the package's documentation has it.
// Each is written at once: whoever follows the file, or finds it after a crash, has
// whole lines.
type jsonl struct {
	w       io.Writer
	run     string
	seq     int
	state   state
	text    stripped
	step    int    // in its exercise
	pending []byte // text of this event
	kept    int    // text of this step
	omitted int
}

func newJSONL(w io.Writer, opts Options) Reporter {
	j := &jsonl{w: w, run: opts.RunID}
	if j.run == "" {
		j.run = rand.Text()
	}
	j.text.text = func(b []byte) {
		n := min(len(b), textPerStep-j.kept)
		for n > 0 && n < len(b) && b[n]&0xc0 == 0x80 { // not within a character
			n--
		}
		j.pending = append(j.pending, b[:n]...)
		j.kept += n
		j.omitted += len(b) - n
	}
	return j
}

type record struct {
	V         int              `json:"v"`
	Run       string           `json:"run"`
	Seq       int              `json:"seq"`
	Time      string           `json:"time"`
	Kind      runner.EventKind `json:"kind"`
	Deck      string           `json:"deck,omitempty"`
	Session   string           `json:"session,omitempty"`
	Exercise  string           `json:"exercise,omitempty"`
	Setup     bool             `json:"setup,omitempty"`
	Step      int              `json:"step,omitempty"`
	Plan      *planRecord      `json:"plan,omitempty"`
	Cols      int              `json:"cols,omitempty"`
	Rows      int              `json:"rows,omitempty"`
	Directive string           `json:"directive,omitempty"`
	Input     *string          `json:"input,omitempty"`
	Hidden    bool             `json:"hidden,omitempty"`
	Pos       *posRecord       `json:"pos,omitempty"`
	Text      string           `json:"text,omitempty"`
	Note      string           `json:"note,omitempty"`
	Verdict   runner.Verdict   `json:"verdict,omitempty"`
	Seconds   *float64         `json:"seconds,omitempty"`
	Omitted   int              `json:"omitted,omitempty"`
	Failure   *failureRecord   `json:"failure,omitempty"`
	Counts    *countsRecord    `json:"counts,omitempty"`
}

type posRecord struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
}

type planRecord struct {
	Decks    []deckRecord    `json:"decks"`
	Sessions []sessionRecord `json:"sessions"`
}

type deckRecord struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	File  string `json:"file,omitempty"`
}

type sessionRecord struct {
	Deck      string           `json:"deck,omitempty"`
	Name      string           `json:"name"`
	Exercises []exerciseRecord `json:"exercises"`
}

type exerciseRecord struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Chapter string    `json:"chapter,omitempty"`
	Slide   int       `json:"slide,omitempty"`
	Setup   bool      `json:"setup,omitempty"`
	Steps   int       `json:"steps"`
	Pos     posRecord `json:"pos"`
}

type failureRecord struct {
	Pos     posRecord `json:"pos"`
	Message string    `json:"message"`
	Hint    string    `json:"hint,omitempty"`
	Command string    `json:"command,omitempty"`
	Want    string    `json:"want,omitempty"`
	Nearest string    `json:"nearest,omitempty"`
	Status  *int      `json:"status,omitempty"`
	Screen  []string  `json:"screen,omitempty"`
	Tail    string    `json:"tail,omitempty"`
	Diff    string    `json:"diff,omitempty"`
}

type countsRecord struct {
	Passed      int `json:"passed"`
	Skipped     int `json:"skipped"`
	Failed      int `json:"failed"`
	Broken      int `json:"broken"`
	Interrupted int `json:"interrupted"`
}

func (j *jsonl) Event(e runner.Event) error {
	j.state.observe(e)
	if err := j.text.observe(e); err != nil {
		return err
	}
	switch e.Kind {
	case runner.ExerciseStarted:
		j.step = 0
	case runner.StepStarted:
		j.step++
		j.kept, j.omitted = 0, 0
	case runner.Output:
		if len(j.pending) == 0 {
			return nil
		}
	}
	j.seq++
	r := record{
		V: version, Run: j.run, Seq: j.seq, Time: e.Time.UTC().Format(time.RFC3339Nano), Kind: e.Kind,
		Verdict: e.Verdict, Note: e.Note, Failure: recordFailure(e.Failure), Text: string(j.pending),
	}
	j.pending = j.pending[:0]
	j.place(&r, e)
	switch e.Kind {
	case runner.RunStarted:
		r.Plan = recordPlan(e.Plan)
	case runner.SessionStarted, runner.Resized:
		r.Cols, r.Rows = e.Cols, e.Rows
	case runner.StepStarted:
		pos := recordPos(e.Step.Pos)
		r.Directive, r.Input, r.Hidden, r.Pos = e.Step.Directive, &e.Step.Text, e.Step.Hidden, &pos
	case runner.StepFinished, runner.ExerciseFinished, runner.SessionFinished, runner.RunFinished:
		seconds := e.Duration.Seconds()
		r.Seconds = &seconds
	}
	if e.Kind == runner.StepFinished {
		r.Omitted = j.omitted
	}
	if e.Kind == runner.RunFinished {
		v := j.state.verdicts
		r.Counts = &countsRecord{v.passed, v.skipped, v.failed, v.broken, v.interrupted}
	}
	return j.write(r)
}

// place says what lasts at an event.
func (j *jsonl) place(r *record, e runner.Event) {
	if e.Session != nil {
		r.Session = e.Session.Name
		if e.Session.Deck != nil {
			r.Deck = e.Session.Deck.Name
		}
	}
	if e.Exercise != nil {
		r.Exercise, r.Setup = e.Exercise.ID, e.Exercise.Setup
	}
	if e.Step != nil {
		r.Step = j.step
	}
}

func (j *jsonl) write(r record) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it is no HTML, and people read it
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("encode %s: %w", r.Kind, err)
	}
	_, err := j.w.Write(harmless(b.Bytes()))
	return err
}

// Finish has nothing to add: the last event ends the report.
func (j *jsonl) Finish(*runner.Result) error { return nil }

// risky is what JSON allows in strings though it acts on terminals or CI logs: DEL, C1,
// format characters and the "##[" of a CI command. Outside of strings there is none.
var risky = regexp.MustCompile(`[\x{7f}-\x{9f}\p{Cf}]|##\w*\[`)

// harmless is the same JSON with what is risky in escapes.
func harmless(b []byte) []byte {
	return risky.ReplaceAllFunc(b, func(m []byte) []byte {
		if m[0] == '#' {
			return append([]byte(`\u0023`), m[1:]...)
		}
		var out []byte
		for _, u := range utf16.Encode([]rune(string(m))) {
			out = fmt.Appendf(out, `\u%04x`, u)
		}
		return out
	})
}

func recordPos(p markdown.Pos) posRecord { return posRecord(p) }

func recordFailure(f *runner.Failure) *failureRecord {
	if f == nil {
		return nil
	}
	return &failureRecord{
		Pos: recordPos(f.Pos), Message: f.Message, Hint: f.Hint, Command: f.Command, Want: f.Want,
		Nearest: f.Nearest, Status: f.Status, Screen: f.Screen, Tail: f.Tail, Diff: f.Diff,
	}
}

func recordPlan(p *runner.Plan) *planRecord {
	if p == nil {
		return nil
	}
	r := &planRecord{Decks: []deckRecord{}, Sessions: []sessionRecord{}}
	for _, d := range p.Decks {
		r.Decks = append(r.Decks, deckRecord{d.Name, d.Title, d.File})
	}
	for _, s := range p.Sessions {
		sr := sessionRecord{Name: s.Name, Exercises: []exerciseRecord{}}
		if s.Deck != nil {
			sr.Deck = s.Deck.Name
		}
		for _, e := range s.Exercises {
			er := exerciseRecord{ID: e.ID, Title: e.Title, Setup: e.Setup, Steps: len(e.Steps), Pos: recordPos(e.Pos)}
			if e.Chapter != nil {
				er.Chapter = e.Chapter.Name
			}
			if e.Slide != nil {
				er.Slide = e.Slide.Number
			}
			sr.Exercises = append(sr.Exercises, er)
		}
		r.Sessions = append(r.Sessions, sr)
	}
	return r
}
