package report

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/screen"
	"workshop/runner/secret"
)

// version is the version of the JSON lines. It changes when readers must be changed.
const version = 1

// textPerStep is the limit of the output that is kept of one step, in bytes.
const textPerStep = 64 << 10

// record is one line of the format jsonl. It holds everything that any report about a run shows:
// all of them are made of records, during the run or from the file.
type record struct {
	V         int              `json:"v"`
	Run       string           `json:"run"`
	Part      string           `json:"part,omitempty"` // of a shard: the attempt that wrote the record
	Seq       int              `json:"seq"`
	Time      string           `json:"time"`
	Kind      runner.EventKind `json:"kind"`
	Deck      string           `json:"deck,omitempty"`
	Session   string           `json:"session,omitempty"`
	Exercise  string           `json:"exercise,omitempty"`
	Setup     bool             `json:"setup,omitempty"`
	Step      int              `json:"step,omitempty"`
	Plan      *planRecord      `json:"plan,omitempty"`
	Shard     *shardRecord     `json:"shard,omitempty"`
	Jobs      int              `json:"jobs,omitempty"`
	Cols      int              `json:"cols,omitempty"`
	Rows      int              `json:"rows,omitempty"`
	Number    int              `json:"number,omitempty"`
	Attempt   int              `json:"attempt,omitempty"`
	Repeat    int              `json:"repeat,omitempty"`
	Slide     *slideRecord     `json:"slide,omitempty"`
	Steps     []stepRecord     `json:"steps,omitempty"`
	Directive string           `json:"directive,omitempty"`
	Input     *string          `json:"input,omitempty"`
	Hidden    bool             `json:"hidden,omitempty"`
	Pos       *posRecord       `json:"pos,omitempty"`
	Text      string           `json:"text,omitempty"`
	Draw      string           `json:"draw,omitempty"`
	Note      string           `json:"note,omitempty"`
	Verdict   runner.Verdict   `json:"verdict,omitempty"`
	Seconds   *float64         `json:"seconds,omitempty"`
	Output    string           `json:"output,omitempty"`
	Omitted   int              `json:"omitted,omitempty"`
	Measured  string           `json:"measured,omitempty"`
	Narrow    bool             `json:"narrow,omitempty"`
	Frames    int              `json:"frames,omitempty"`
	Failure   *failureRecord   `json:"failure,omitempty"`
	Counts    *countsRecord    `json:"counts,omitempty"`
	Accepted  bool             `json:"accepted,omitempty"`
	Empty     bool             `json:"empty,omitempty"`
	Repeats   []repeatRecord   `json:"repeats,omitempty"`

	at time.Time // Time, if it is known already
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
	Name     string          `json:"name"`
	Title    string          `json:"title"`
	File     string          `json:"file,omitempty"`
	Chapters []chapterRecord `json:"chapters,omitempty"`
}

type chapterRecord struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	File  string `json:"file,omitempty"`
}

type sessionRecord struct {
	Deck      string           `json:"deck,omitempty"`
	Name      string           `json:"name"`
	Exercises []exerciseRecord `json:"exercises"`
	Shard     int              `json:"shard,omitempty"` // in a plan of all shards
}

type exerciseRecord struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Chapter string    `json:"chapter,omitempty"`
	Slide   int       `json:"slide,omitempty"`
	Setup   bool      `json:"setup,omitempty"`
	Steps   int       `json:"steps"`
	Pos     posRecord `json:"pos"`
	// Mistakes are those of reading, for which the exercise does not run.
	Mistakes []mistakeRecord `json:"mistakes,omitempty"`
}

type mistakeRecord struct {
	Pos     posRecord `json:"pos"`
	Message string    `json:"message"`
	Hint    string    `json:"hint,omitempty"`
}

// slideRecord is the text of an exercise's slide, with the increments before it.
type slideRecord struct {
	Number int    `json:"number,omitempty"`
	Source string `json:"source,omitempty"`
}

// stepRecord is a step before it runs.
type stepRecord struct {
	Directive string      `json:"directive"`
	Kind      runner.Kind `json:"kind,omitempty"`
	Input     string      `json:"input,omitempty"`
	Expects   string      `json:"expects,omitempty"`
	Hidden    bool        `json:"hidden,omitempty"`
	Pos       posRecord   `json:"pos"`
	// Claim is the statement that a claim step judges.
	Claim *claimRecord `json:"claim,omitempty"`
}

type claimRecord struct {
	Sentence string `json:"sentence,omitempty"`
	Text     string `json:"text"`
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
	Blocker string    `json:"blocked_by,omitempty"`
}

type countsRecord struct {
	Passed       int `json:"passed"`
	Skipped      int `json:"skipped"`
	Failed       int `json:"failed"`
	Broken       int `json:"broken"`
	Interrupted  int `json:"interrupted"`
	Blocked      int `json:"blocked"`
	Flaky        int `json:"flaky"`
	Quarantined  int `json:"quarantined"`
	Inconclusive int `json:"inconclusive"`
}

// encoder turns the events of a run into records.
type encoder struct {
	run     string
	part    string // of a shard
	shard   *Shard
	seq     int
	records [4]record // the last ones: an event has up to two, and the replay reads the one before
	plan    *runner.Plan
	state   state
	text    stripped
	drawing drawing
	step    int    // number in its exercise
	pending []byte // text of this event
	kept    int    // text of this step
	omitted int
	secrets *secret.Masker
}

func newEncoder(run string, shard *Shard, secrets *secret.Masker) *encoder {
	if run == "" {
		run = rand.Text()
	}
	e := &encoder{run: run, shard: shard, secrets: secrets}
	if shard != nil {
		e.part = rand.Text()
	}
	e.drawing.secrets = secrets
	e.text.text = e.keep
	return e
}

// keep takes text of the terminal, up to the limit of a step.
func (e *encoder) keep(b []byte) {
	n := min(len(b), textPerStep-e.kept)
	for n > 0 && n < len(b) && b[n]&0xc0 == 0x80 { // not within a character
		n--
	}
	e.pending = append(e.pending, b[:n]...)
	e.kept += n
	e.omitted += len(b) - n
}

// encode returns the records of an event, in order: none, one, or two, since a change of the
// screen may still be undrawn. They are valid during this event and the next one.
func (e *encoder) encode(ev runner.Event) ([]*record, error) {
	var all []*record
	if ev.Kind != runner.EventOutput {
		if draw, at := e.drawing.flush(e.text.screen); draw != "" {
			r := e.next(runner.Event{Kind: runner.EventOutput, Time: at, Session: e.state.session, Exercise: e.state.exercise, Step: e.state.step})
			r.Draw = draw
			all = append(all, r)
		}
	}
	e.state.observe(ev)
	if err := e.text.observe(ev); err != nil {
		return all, err
	}
	draw := ""
	switch ev.Kind {
	case runner.SessionStarted:
		e.drawing = drawing{secrets: e.secrets}
	case runner.ExerciseStarted:
		e.step = 0
	case runner.StepStarted:
		e.step++
		e.kept, e.omitted = 0, 0
		e.drawing.begin()
	case runner.EventOutput:
		draw = e.drawing.changed(e.text.screen, ev.Time)
		if len(e.pending) == 0 && draw == "" {
			return all, nil
		}
	}
	r := e.next(ev)
	r.Text, r.Draw = string(e.pending), draw
	e.pending = e.pending[:0]
	e.fill(r, ev)
	return append(all, r), nil
}

// next begins a record.
func (e *encoder) next(ev runner.Event) *record {
	e.seq++
	r := &e.records[e.seq%len(e.records)]
	*r = record{
		V: version, Run: e.run, Part: e.part, Seq: e.seq, Time: ev.Time.UTC().Format(time.RFC3339Nano), Kind: ev.Kind, at: ev.Time.UTC().Round(0),
		Verdict: ev.Verdict, Note: ev.Note, Failure: recordFailure(ev.Failure), Output: ev.Output,
	}
	e.place(r, ev)
	return r
}

// fill adds the data of one kind of event.
func (e *encoder) fill(r *record, ev runner.Event) {
	switch ev.Kind {
	case runner.RunStarted:
		r.Plan, r.Repeat, r.Jobs, r.Shard = recordPlan(ev.Plan), ev.Repeat, ev.Jobs, e.shard.record()
		e.plan = ev.Plan
	case runner.SessionStarted, runner.EventResized:
		r.Cols, r.Rows, r.Attempt = ev.Cols, ev.Rows, ev.Attempt
		if ev.Attempt > 0 {
			r.Number = slices.Index(e.plan.Sessions, ev.Session) + 1
		}
	case runner.ExerciseStarted:
		r.Slide, r.Steps = recordSlide(ev.Exercise), recordSteps(ev.Exercise)
	case runner.StepStarted:
		pos := posRecord(ev.Step.Pos)
		r.Directive, r.Input, r.Hidden, r.Pos = ev.Step.Directive, &ev.Step.Text, ev.Step.Hidden, &pos
	case runner.StepFinished, runner.ExerciseFinished, runner.ExerciseCorrected, runner.ExerciseRetried,
		runner.SessionFinished, runner.RunFinished:
		seconds := ev.Duration.Seconds()
		r.Seconds = &seconds
	}
	switch ev.Kind {
	case runner.StepFinished:
		r.Omitted, r.Frames = e.omitted, e.drawing.skipped
		r.Measured, r.Narrow = ev.Measured, ev.Narrow
	case runner.RunFinished:
		counts := countsOf(e.state.verdicts)
		r.Counts, r.Accepted, r.Empty = &counts, ev.Accepted, ev.Empty
		if ev.Result != nil {
			r.Repeats = recordRepeats(ev.Result)
		}
	}
}

func countsOf(v tally) countsRecord {
	return countsRecord{
		v[runner.Passed], v[runner.Skipped], v[runner.Failed], v[runner.Broken], v[runner.Interrupted], v[runner.Blocked],
		v[runner.Flaky], v[runner.Quarantined], v[runner.Inconclusive],
	}
}

// place sets the current deck, session, exercise and step of an event.
func (e *encoder) place(r *record, ev runner.Event) {
	if ev.Session != nil {
		r.Session = ev.Session.Name
		if ev.Session.Deck != nil {
			r.Deck = ev.Session.Deck.Name
		}
	}
	if ev.Exercise != nil {
		r.Exercise, r.Setup = ev.Exercise.ID, ev.Exercise.Setup
	}
	if ev.Step != nil {
		r.Step = e.step
		if ev.Kind == runner.ExerciseCorrected {
			r.Step = slices.Index(ev.Exercise.Steps, ev.Step) + 1
		}
	}
}

// line is the record as a line.
func (r *record) line() ([]byte, error) { return r.appendTo(&bytes.Buffer{}) }

// appendTo is line in an empty buffer, valid until the buffer changes.
func (r *record) appendTo(b *bytes.Buffer) ([]byte, error) {
	written := r
	if r.Plan != nil {
		one := *r
		one.Plan, written = &planRecord{}, &one
	}
	err := encodeLine(b, written)
	line := b.Bytes()
	if err == nil && r.Plan != nil {
		line, err = r.Plan.within(line)
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Kind, err)
	}
	return harmless(line), nil
}

// within puts the plan into a line that has an empty one. Exercises are encoded one by one: there may be
// thousands, and the encoder keeps its longest buffer for ever.
func (p *planRecord) within(line []byte) ([]byte, error) {
	all := []byte(`{"decks":`)
	var part bytes.Buffer
	var err error
	one := func(v any) []byte {
		part.Reset()
		err = errors.Join(err, encodeLine(&part, v))
		return bytes.TrimSuffix(part.Bytes(), []byte("\n"))
	}
	all = append(append(all, one(p.Decks)...), `,"sessions":[`...)
	for i, s := range p.Sessions {
		exercises := s.Exercises
		s.Exercises = []exerciseRecord{}
		before, after, _ := bytes.Cut(one(s), []byte(`"exercises":[`)) // no text holds a bare quotation mark
		after = bytes.Clone(after)
		all = append(append(comma(all, i), before...), `"exercises":[`...)
		for j, e := range exercises {
			all = append(comma(all, j), one(e)...)
		}
		all = append(all, after...)
	}
	before, after, _ := bytes.Cut(line, []byte(`{"decks":null,"sessions":null}`))
	return slices.Concat(before, all, []byte("]}"), after), err
}

// altered stands in a line for each byte that was not UTF-8.
var altered = []byte(`\ufffd`)

// risky reports whether JSON allows a character in strings although it affects terminals or CI
// logs: DEL, C1 and format characters. They occur only in strings.
func risky(r rune) bool { return r >= 0x7f && r <= 0x9f || unicode.Is(unicode.Cf, r) }

// commandAt reports whether a text begins with that of a CI command, "##[" or "##WORD[".
func commandAt(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("##"))
	if !ok {
		return false
	}
	rest = bytes.TrimLeftFunc(rest, func(r rune) bool {
		return r == '_' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
	})
	return bytes.HasPrefix(rest, []byte("["))
}

// harmless escapes risky characters and CI commands in a JSON text. Every byte of a run's output
// comes along here: a regular expression took three quarters of the time for a record.
func harmless(b []byte) []byte {
	if !slices.ContainsFunc(b, func(c byte) bool { return c == '#' || c >= 0x7f }) {
		return b
	}
	var out []byte
	kept := 0 // the bytes before are in out
	for i := 0; i < len(b); {
		r, size := rune(b[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(b[i:])
		}
		if r == '#' && commandAt(b[i:]) || r >= 0x7f && risky(r) {
			out = append(out, b[kept:i]...)
			for _, u := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, u)
			}
			kept = i + size
		}
		i += size
	}
	if kept == 0 {
		return b
	}
	return append(out, b[kept:]...)
}

func recordFailure(f *runner.Failure) *failureRecord {
	if f == nil {
		return nil
	}
	return &failureRecord{
		Pos: posRecord(f.Pos), Message: f.Message, Hint: f.Hint, Command: f.Command, Want: f.Want,
		Nearest: f.Nearest, Status: f.Status, Screen: f.Screen, Tail: f.Tail, Diff: f.Diff, Blocker: f.Blocker,
	}
}

func recordPlan(p *runner.Plan) *planRecord {
	if p == nil {
		return nil
	}
	r := &planRecord{Decks: []deckRecord{}, Sessions: []sessionRecord{}}
	for _, d := range p.Decks {
		dr := deckRecord{Name: d.Name, Title: d.Title, File: d.File}
		for _, c := range d.Chapters {
			dr.Chapters = append(dr.Chapters, chapterRecord{c.Name, c.Title, c.File})
		}
		r.Decks = append(r.Decks, dr)
	}
	for _, s := range p.Sessions {
		sr := sessionRecord{Name: s.Name, Exercises: []exerciseRecord{}}
		if s.Deck != nil {
			sr.Deck = s.Deck.Name
		}
		for _, e := range s.Exercises {
			er := exerciseRecord{ID: e.ID, Title: e.Title, Setup: e.Setup, Steps: len(e.Steps), Pos: posRecord(e.Pos)}
			if e.Chapter != nil {
				er.Chapter = e.Chapter.Name
			}
			if e.Slide != nil {
				er.Slide = e.Slide.Number
			}
			for _, m := range e.Mistakes {
				er.Mistakes = append(er.Mistakes, mistakeRecord{posRecord(m.Pos), m.Message, m.Hint})
			}
			sr.Exercises = append(sr.Exercises, er)
		}
		r.Sessions = append(r.Sessions, sr)
	}
	return r
}

// recordSlide is the slide of an exercise, with the slides whose increment it is.
func recordSlide(e *runner.Exercise) *slideRecord {
	if e.Slide == nil || e.Chapter == nil {
		return nil
	}
	if !e.Slide.Increment { // a chapter may have thousands of slides
		return &slideRecord{Number: e.Slide.Number, Source: e.Slide.Source}
	}
	var parts []string
	at := slices.Index(e.Chapter.Slides, e.Slide)
	for i := at; i >= 0; i-- {
		parts = append([]string{e.Chapter.Slides[i].Source}, parts...)
		if !e.Chapter.Slides[i].Increment {
			break
		}
	}
	return &slideRecord{Number: e.Slide.Number, Source: strings.Join(parts, "\n\n")}
}

func recordSteps(e *runner.Exercise) []stepRecord {
	var all []stepRecord
	for _, s := range e.Steps {
		r := stepRecord{
			Directive: s.Directive, Kind: s.Kind(), Input: s.Text, Expects: s.Condition().String(), Hidden: s.Hidden, Pos: posRecord(s.Pos),
		}
		if c := s.Claim(); c != nil {
			r.Claim = &claimRecord{c.Sentence, c.Text}
		}
		all = append(all, r)
	}
	return all
}

// decoded returns the failure of a record.
func (f *failureRecord) decoded() *runner.Failure {
	if f == nil {
		return nil
	}
	return &runner.Failure{
		Pos: markdown.Pos(f.Pos), Message: f.Message, Hint: f.Hint, Command: f.Command, Want: f.Want,
		Nearest: f.Nearest, Status: f.Status, Screen: f.Screen, Tail: f.Tail, Diff: f.Diff, Blocker: f.Blocker,
	}
}

// The intervals of a drawing. The first bytes of a step are drawn in fine steps; from then on the
// interval is doubled after each further share, so that an endless output fills no disk.
const (
	drawEvery = 40 * time.Millisecond
	drawFine  = 64 << 10
	drawShare = 16 << 10
)

// drawing follows the changes of a screen as bytes for another terminal. At the beginning and the
// end of each step the other terminal shows exactly the same.
type drawing struct {
	secrets *secret.Masker
	painter screen.Painter
	buf     []byte    // of the painter
	last    time.Time // of the last drawn change
	changes time.Time // of the last change that is not drawn; zero: everything is
	bytes   int       // drawn in this step
	skipped int       // changes of this step that were not drawn by themselves, at the longer intervals
}

func (d *drawing) begin() { d.bytes, d.skipped, d.last = 0, 0, time.Time{} }

// changed returns the bytes for a change of the screen, or "" if they come with a later change.
func (d *drawing) changed(s *screen.Screen, at time.Time) string {
	if s == nil {
		return ""
	}
	every := drawEvery
	for n := drawFine; n <= d.bytes && every < time.Hour; n += drawShare {
		every *= 2
	}
	d.changes = at
	if !d.last.IsZero() && at.Sub(d.last) < every {
		if d.bytes >= drawFine {
			d.skipped++
		}
		return ""
	}
	draw, _ := d.flush(s)
	return draw
}

// flush returns the bytes for all changes so far, and the time of the last one.
func (d *drawing) flush(s *screen.Screen) (string, time.Time) {
	at := d.changes
	if s == nil || at.IsZero() {
		return "", at
	}
	d.buf = d.painter.Append(d.buf[:0], maskView(s.View(), d.secrets))
	d.bytes += len(d.buf)
	d.last, d.changes = at, time.Time{}
	return string(d.buf), at
}
