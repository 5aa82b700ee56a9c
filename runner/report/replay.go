package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/screen"
)

// maxLine is the limit of a line of a report that is read, in bytes. The longest is that of the
// plan.
const maxLine = 64 << 20

// replay gives the records of a run to reports: as records to those that read them, as events to
// the others. It makes the result of the run of the records alone.
type replay struct {
	to     []*once
	result *runner.Result
	live   *runner.Plan // of the run under way; nil: the plan is in the records only
	begun  bool         // a record has been read
	ended  bool         // the record of the run's end has been read
	last   *record
	time   time.Time
	screen *screen.Screen // of the session; nil: no report watches it
	jobs   int            // sessions that ran side by side

	chapters map[[2]string]*markdown.Chapter // by deck and name
	session  *runner.SessionResult
	attempt  int // of the session, from 1
	exercise *runner.ExerciseResult
	step     *runner.StepResult
	earlier  *runner.SessionResult // of the attempt before this one; nil: this is the first, or its exercises follow already
	resume   func()                // goes back to the exercise and the step under way behind a correction
	known    []*runner.Failure     // of the session: equal failures are the same one
}

// newReplay makes a replay. The plan is that of a run under way, which the run and its reports share.
// It is nil if there are the records alone.
func newReplay(to []*once, plan *runner.Plan) *replay {
	return &replay{
		to: to, result: &runner.Result{Plan: &runner.Plan{}, Verdict: runner.Interrupted}, live: plan,
		chapters: map[[2]string]*markdown.Chapter{},
	}
}

// feed takes a line, and gives it to the reports.
func (p *replay) feed(line []byte) error {
	r := &record{}
	if err := json.Unmarshal(line, r); err != nil {
		return fmt.Errorf("not a record of a run: %w", err)
	}
	return p.feedRecord(line, r)
}

// feedOwn is feed with the line of a record that this process has just made. The line need not be
// decoded: JSON alters nothing but bytes that are not UTF-8.
func (p *replay) feedOwn(line []byte, r *record) error {
	if !bytes.Contains(line, altered) {
		return p.feedRecord(line, r)
	}
	if r.Kind == runner.RunStarted {
		p.live = nil
	}
	return p.feed(line)
}

// feedRecord is feed with the record of the line.
func (p *replay) feedRecord(line []byte, r *record) error {
	at, err := r.at, error(nil)
	if at.IsZero() {
		at, err = time.Parse(time.RFC3339Nano, r.Time)
	}
	switch {
	case err != nil:
		return fmt.Errorf("not a record of a run: %w", err)
	case r.V != version:
		return fmt.Errorf("a record of version %d; this program reads version %d", r.V, version)
	case p.ended || p.begun && (r.Kind == runner.RunStarted || r.Run != p.last.Run):
		return errors.New("a second run begins here: a report holds one")
	case p.begun && r.Seq != p.last.Seq+1:
		return fmt.Errorf("record %d follows record %d: lines are missing, or have been moved", r.Seq, p.last.Seq)
	case !p.begun && r.Kind != runner.RunStarted:
		return errors.New("the report does not begin with the beginning of a run")
	}
	p.begun, p.last, p.time, r.at = true, r, at, at
	ev, err := p.event(r)
	if err == nil {
		err = p.draw(r)
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, to := range p.to {
		if err := to.deliver(line, r, ev); err != nil {
			errs = append(errs, err)
		}
	}
	p.after(r)
	return errors.Join(errs...)
}

// draw draws what a record has drawn, once for all reports that watch the screen.
func (p *replay) draw(r *record) error {
	switch r.Kind {
	case runner.SessionStarted:
		p.screen = nil
		for _, to := range p.to {
			if w, ok := to.to.(watcher); ok {
				if p.screen == nil {
					p.screen = screen.New(r.Cols, r.Rows, screen.Hooks{})
				}
				w.watch(p.screen)
			}
		}
	case runner.EventResized:
		if p.screen != nil {
			p.screen.Resize(r.Cols, r.Rows)
		}
	case runner.EventOutput:
		if p.screen != nil && r.Draw != "" {
			_, err := p.screen.Write([]byte(r.Draw))
			return err
		}
	}
	return nil
}

// event is the event of a record. It enters the record into the result.
func (p *replay) event(r *record) (runner.Event, error) {
	ev := runner.Event{
		Kind: r.Kind, Time: p.time, Verdict: r.Verdict, Failure: p.failure(r.Failure), Data: []byte(r.Draw),
		Rows: r.Rows, Cols: r.Cols, Note: r.Note, Output: r.Output, Measured: r.Measured, Narrow: r.Narrow,
	}
	if r.Seconds != nil {
		ev.Duration = time.Duration(math.Round(*r.Seconds * float64(time.Second)))
	}
	if err := p.enter(r, ev); err != nil {
		return ev, err
	}
	ev.Attempt, ev.Repeat, ev.Accepted, ev.Empty = r.Attempt, r.Repeat, r.Accepted, r.Empty
	if r.Kind == runner.ExerciseRetried {
		ev.Failure = p.exercise.Failure
	}
	ev.Plan = p.result.Plan
	if p.session != nil {
		ev.Session = p.session.Session
	}
	if p.exercise != nil && r.Exercise != "" {
		ev.Exercise = p.exercise.Exercise
	}
	if p.step != nil && r.Step > 0 {
		ev.Step = p.step.Step
	}
	switch r.Kind {
	case runner.StepStarted, runner.StepFinished:
		if ev.Step == nil || ev.Exercise == nil {
			return ev, fmt.Errorf("%s without its step or its exercise", r.Kind)
		}
	case runner.ExerciseStarted, runner.ExerciseFinished, runner.ExerciseCorrected, runner.ExerciseRetried:
		if ev.Exercise == nil {
			return ev, fmt.Errorf("%s without its exercise", r.Kind)
		}
	}
	return ev, nil
}

// enter enters a record into the result.
func (p *replay) enter(r *record, ev runner.Event) error {
	switch r.Kind {
	case runner.RunStarted:
		p.result.Started, p.result.Repeat, p.jobs = p.time, r.Repeat, r.Jobs
		return p.plan(r.Plan)
	case runner.EventNote:
		p.result.Notes = append(p.result.Notes, r.Note)
	case runner.EventProblem:
		p.result.Problems = append(p.result.Problems, ev.Failure)
	case runner.SessionStarted:
		return p.startSession(r)
	case runner.EventOutput, runner.EventResized:
		if p.session == nil {
			return fmt.Errorf("%s outside any session", r.Kind)
		}
	case runner.ExerciseStarted:
		return p.startExercise(r)
	case runner.StepStarted:
		return p.startStep(r)
	case runner.StepFinished:
		if p.step == nil {
			return errors.New("a step ends that has not begun")
		}
		p.step.Verdict, p.step.Duration, p.step.Failure, p.step.Output = r.Verdict, ev.Duration, ev.Failure, r.Output
		p.step.Measured, p.step.Narrow = r.Measured, r.Narrow
	case runner.ExerciseFinished:
		if p.exercise == nil {
			return errors.New("an exercise ends that has not begun")
		}
		p.exercise.Verdict, p.exercise.Duration, p.exercise.Failure = r.Verdict, ev.Duration, ev.Failure
	case runner.ExerciseCorrected:
		return p.correct(r, ev)
	case runner.ExerciseRetried:
		return p.settle(r)
	case runner.SessionFinished:
		if p.session == nil {
			return errors.New("a session ends that has not begun")
		}
		if err := p.follow(); err != nil {
			return err
		}
		p.session.Verdict, p.session.Duration, p.session.Failure = r.Verdict, ev.Duration, ev.Failure
	case runner.RunFinished:
		p.ended = true
		p.result.Verdict, p.result.Duration, p.result.Accepted, p.result.Empty = r.Verdict, ev.Duration, r.Accepted, r.Empty
	}
	return nil
}

// after ends the session, exercise or step that a record ends.
func (p *replay) after(r *record) {
	switch r.Kind {
	case runner.StepFinished:
		p.step = nil
	case runner.ExerciseFinished:
		p.exercise, p.step = nil, nil
	case runner.ExerciseCorrected, runner.ExerciseRetried:
		p.resume()
	case runner.SessionFinished:
		p.session, p.known = nil, nil
	}
}

// failure decodes a failure. In the run one failure can be that of a step, of its exercise and of
// the session; equal ones are the same one here, too.
func (p *replay) failure(r *failureRecord) *runner.Failure {
	f := r.decoded()
	if f == nil {
		return nil
	}
	for _, k := range p.known {
		if equalFailures(k, f) {
			return k
		}
	}
	p.known = append(p.known, f)
	return f
}

func equalFailures(a, b *runner.Failure) bool {
	return a.Pos == b.Pos && a.Message == b.Message && a.Hint == b.Hint && a.Command == b.Command && a.Want == b.Want &&
		a.Nearest == b.Nearest && (a.Status == nil) == (b.Status == nil) && (a.Status == nil || *a.Status == *b.Status) &&
		slices.Equal(a.Screen, b.Screen) && a.Tail == b.Tail && a.Diff == b.Diff && a.Blocker == b.Blocker
}

// plan makes the plan of its record.
func (p *replay) plan(r *planRecord) error {
	if r == nil {
		return nil
	}
	if p.live != nil {
		p.result.Plan = p.live
		return nil
	}
	plan, decks := p.result.Plan, map[string]*markdown.Deck{}
	for _, d := range r.Decks {
		deck := &markdown.Deck{Name: d.Name, Title: d.Title, File: d.File}
		for _, c := range d.Chapters {
			chapter := &markdown.Chapter{Name: c.Name, Title: c.Title, File: c.File}
			deck.Chapters = append(deck.Chapters, chapter)
			p.chapters[[2]string{d.Name, c.Name}] = chapter
		}
		decks[d.Name] = deck
		plan.Decks = append(plan.Decks, deck)
	}
	for _, s := range r.Sessions {
		session := &runner.Session{Name: s.Name, Deck: decks[s.Deck]}
		for _, e := range s.Exercises {
			if e.ID == "" {
				return fmt.Errorf("an exercise of the session %q has no id", s.Name)
			}
			x := &runner.Exercise{
				Exercise: &markdown.Exercise{ID: e.ID, Pos: markdown.Pos(e.Pos)}, Title: e.Title, Setup: e.Setup,
				Chapter: p.chapters[[2]string{s.Deck, e.Chapter}],
			}
			if e.Slide != 0 {
				x.Slide = &markdown.Slide{Number: e.Slide, Title: e.Title}
			}
			for _, m := range e.Mistakes {
				x.Mistakes = append(x.Mistakes, &markdown.Error{Pos: markdown.Pos(m.Pos), Message: m.Message, Hint: m.Hint})
			}
			session.Exercises = append(session.Exercises, x)
		}
		plan.Sessions = append(plan.Sessions, session)
	}
	return nil
}

// startSession begins the next planned session of a record's name, or another attempt of one.
func (p *replay) startSession(r *record) error {
	if r.Attempt > 1 {
		if r.Number < 1 || r.Number > len(p.result.Sessions) {
			return fmt.Errorf("the session %q is tried again, but has not begun", r.Session)
		}
		p.earlier = p.result.Sessions[r.Number-1]
		p.session = &runner.SessionResult{Session: p.earlier.Session, Verdict: runner.Interrupted}
		p.result.Sessions[r.Number-1], p.attempt = p.session, r.Attempt
		return nil
	}
	for i, s := range p.result.Plan.Sessions {
		deck := ""
		if s.Deck != nil {
			deck = s.Deck.Name
		}
		begun := func(o *runner.SessionResult) bool { return o.Session == s }
		if s.Name == r.Session && deck == r.Deck && !slices.ContainsFunc(p.result.Sessions, begun) {
			r.Number = i + 1
			p.session = &runner.SessionResult{Session: s, Verdict: runner.Interrupted}
			p.result.Sessions, p.attempt = append(p.result.Sessions, p.session), 1
			return nil
		}
	}
	return fmt.Errorf("the session %q is not in the plan", r.Session)
}

// startExercise begins the next planned exercise of the session.
func (p *replay) startExercise(r *record) error {
	if p.session == nil {
		return fmt.Errorf("the exercise %q begins outside any session", r.Exercise)
	}
	next := p.left()
	if len(next) == 0 || next[0].ID != r.Exercise || next[0].Setup != r.Setup {
		return fmt.Errorf("the exercise %q is not the next one in the plan", r.Exercise)
	}
	e := next[0]
	p.step = nil
	p.exercise = &runner.ExerciseResult{Exercise: e, Verdict: runner.Interrupted, Started: p.time, Attempt: p.attempt}
	p.session.Exercises = append(p.session.Exercises, p.exercise)
	if len(e.Steps) > 0 { // those of the plan, or of another attempt
		for _, s := range e.Steps {
			p.exercise.Steps = append(p.exercise.Steps, &runner.StepResult{Step: s, Verdict: runner.Skipped})
		}
		return nil
	}
	for _, s := range r.Steps {
		var claim *runner.Claim
		if s.Claim != nil {
			claim = &runner.Claim{Sentence: s.Claim.Sentence, Text: s.Claim.Text}
		}
		step := runner.Restore(&markdown.Step{Pos: markdown.Pos(s.Pos), Directive: s.Directive, Text: s.Input, Hidden: s.Hidden}, s.Kind, claim)
		e.Steps = append(e.Steps, step)
		p.exercise.Steps = append(p.exercise.Steps, &runner.StepResult{Step: step, Verdict: runner.Skipped})
	}
	return nil
}

// left are the exercises of the session that have not begun.
func (p *replay) left() []*runner.Exercise {
	return p.session.Session.Exercises[len(p.session.Exercises):]
}

func (p *replay) startStep(r *record) error {
	if p.exercise == nil || r.Step < 1 || r.Step > len(p.exercise.Steps) {
		return fmt.Errorf("step %d is not in the plan", r.Step)
	}
	p.step = p.exercise.Steps[r.Step-1]
	return nil
}

// follow makes the results of this attempt those of all attempts.
func (p *replay) follow() error {
	if p.earlier == nil {
		return nil
	}
	if len(p.earlier.Exercises) != len(p.session.Exercises) {
		return errors.New("an attempt has other exercises than the one before it")
	}
	for i, e := range p.session.Exercises {
		e.Follow(p.earlier.Exercises[i], p.result.Repeat > 1)
	}
	p.earlier = nil
	return nil
}

// settle gives an exercise the verdict of all attempts.
func (p *replay) settle(r *record) error {
	if p.session == nil || p.attempt < 2 {
		return errors.New("an exercise has the verdict of several attempts, but there was one")
	}
	if err := p.follow(); err != nil {
		return err
	}
	for _, e := range p.session.Exercises {
		if e.ID == r.Exercise && e.Setup == r.Setup {
			e.Settle(r.Verdict)
			p.resume = func() { p.exercise = nil }
			p.exercise = e
			return nil
		}
	}
	return fmt.Errorf("the exercise %q has a verdict, but has not begun", r.Exercise)
}

// correct changes the verdict of an exercise that is over.
func (p *replay) correct(r *record, ev runner.Event) error {
	if p.session == nil {
		return errors.New("an exercise is corrected outside any session")
	}
	for _, e := range slices.Backward(p.session.Exercises) {
		if e.ID != r.Exercise || e.Setup != r.Setup {
			continue
		}
		e.Verdict, e.Failure, e.Late = r.Verdict, ev.Failure, true
		exercise, step := p.exercise, p.step
		p.resume = func() { p.exercise, p.step = exercise, step }
		p.exercise, p.step = e, nil
		if r.Step > 0 && r.Step <= len(e.Steps) {
			p.step = e.Steps[r.Step-1]
			p.step.Verdict, p.step.Failure = r.Verdict, ev.Failure
		}
		return nil
	}
	return fmt.Errorf("the exercise %q is corrected, but has not begun", r.Exercise)
}

// Read gives a run that was written in the format jsonl to reports, and returns its result. The
// run may have been cut off at any byte: then it was interrupted where the last whole line ends.
// Errors name the line in the file.
func Read(file io.Reader, name string, out *Files) (*runner.Result, error) {
	p := newReplay(slices.Concat(out.direct, out.made), nil)
	lines, foreign := bufio.NewReader(file), false
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			break // without its end the last line is not whole
		}
		if err == nil {
			err = p.feed(line)
		}
		if err == nil && !foreign {
			if field := unknownField(line); field != "" {
				foreign = true
				err = p.remark(fmt.Sprintf("%s:%d: the field %s is unknown: a newer version wrote the report, and a part of it is not shown",
					name, n, field))
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := p.cutOff(); err != nil {
		return nil, err
	}
	return p.result, out.Finish(p.result)
}

// unknownField is the quoted name of a field that no record has; "" if there is none.
func unknownField(line []byte) string {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&record{}); err != nil {
		_, field, _ := strings.Cut(err.Error(), "unknown field ")
		return field
	}
	return ""
}

// remark adds a remark to the reports.
func (p *replay) remark(text string) error {
	if p.ended { // no record comes behind that of the end
		p.result.Notes = append(p.result.Notes, text)
		return nil
	}
	c, last := &ending{replay: p}, p.last
	c.write(&record{Kind: runner.EventNote, Note: text})
	p.last = last // the next line of the file has the next number
	return c.err
}

// readLine returns a line with its end. The error is io.EOF at the end of the last whole line.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > maxLine:
			return nil, errors.New("the line is too long for a record of a run")
		}
	}
}

// cutOff ends a run whose end is not in its records: the step under way was interrupted, and
// everything after it did not run.
func (p *replay) cutOff() error {
	if p.ended {
		return nil
	}
	c := &ending{replay: p}
	if !p.begun {
		c.write(&record{Kind: runner.RunStarted, Plan: &planRecord{}})
	}
	c.write(&record{Kind: runner.EventNote, Note: "the report ends before the end of the run: it was interrupted"})
	if p.session != nil {
		c.session(nil)
	}
	for i, s := range p.result.Plan.Sessions[len(p.result.Sessions):] {
		var unknown *failureRecord
		if p.jobs > 1 && (i > 0 || c.placed) && len(s.Exercises) > 0 {
			unknown = &failureRecord{
				Pos:     posRecord(s.Exercises[0].Pos),
				Message: "the results of session " + s.Name + " are not known",
				Hint:    "it may have run beside the session in which the report ends; its records would have come behind",
			}
		}
		r := record{Kind: runner.SessionStarted, Session: s.Name, Cols: 80, Rows: 24}
		if s.Deck != nil {
			r.Deck = s.Deck.Name
		}
		c.write(&r)
		c.session(unknown)
	}
	c.write(&record{Kind: runner.RunFinished, Verdict: runner.Interrupted, Seconds: seconds64(p.time.Sub(p.result.Started))})
	return c.err
}

func seconds64(d time.Duration) *float64 { s := d.Seconds(); return &s }

// ending writes the records that a run that was cut off lacks.
type ending struct {
	*replay
	err    error
	placed bool // a failure names the place
}

func (c *ending) write(r *record) {
	r.V, r.Seq, r.Time, r.Run = version, 1, c.time.UTC().Format(time.RFC3339Nano), "interrupted"
	if c.last != nil {
		r.Run, r.Seq = c.last.Run, c.last.Seq+1
	}
	if c.replay.session != nil && r.Session == "" && r.Kind != runner.RunFinished {
		r.Session = c.replay.session.Name
		if d := c.replay.session.Deck; d != nil {
			r.Deck = d.Name
		}
	}
	line, err := r.line()
	if c.err = errors.Join(c.err, err); c.err == nil {
		c.err = c.feed(line)
	}
}

// here is the failure at the place where the records end; nil if that place has been named.
func (c *ending) here(pos markdown.Pos) *failureRecord {
	if c.placed {
		return nil
	}
	c.placed = true
	return &failureRecord{
		Pos: posRecord(pos), Message: "interrupted: the report ends here",
		Hint: "the program was killed, or its machine stopped",
	}
}

// session ends the session under way. A failure says that its results are not known.
func (c *ending) session(unknown *failureRecord) {
	if e := c.exercise; e != nil {
		c.openExercise(e)
	}
	left := c.left()
	f := unknown
	if f == nil && len(left) > 0 {
		f = c.here(left[0].Pos)
	}
	for _, e := range left {
		c.write(&record{Kind: runner.ExerciseStarted, Exercise: e.ID, Setup: e.Setup})
		c.write(&record{Kind: runner.ExerciseFinished, Exercise: e.ID, Setup: e.Setup, Verdict: runner.Skipped, Seconds: seconds64(0)})
	}
	c.settle()
	c.write(&record{Kind: runner.SessionFinished, Verdict: runner.Interrupted, Failure: f, Seconds: seconds64(0)})
}

// settle writes the verdicts of all attempts of the session's exercises.
func (c *ending) settle() {
	if c.attempt < 2 || c.err != nil {
		return
	}
	if c.err = c.follow(); c.err != nil {
		return
	}
	for _, e := range c.replay.session.Exercises {
		if v := e.Settled(); v != e.Verdict {
			c.write(&record{
				Kind: runner.ExerciseRetried, Exercise: e.ID, Setup: e.Setup, Verdict: v, Seconds: seconds64(e.Duration), Note: e.Story(),
			})
		}
	}
}

// openExercise ends the exercise under way.
func (c *ending) openExercise(e *runner.ExerciseResult) {
	took := seconds64(c.time.Sub(e.Started))
	r := record{Exercise: e.ID, Setup: e.Setup, Verdict: runner.Interrupted, Seconds: took, Failure: c.here(e.Pos)}
	for _, s := range e.Steps {
		if s.Failure != nil { // it is worth more than the place
			r.Verdict, r.Failure = s.Verdict, recordFailure(s.Failure)
		}
	}
	if s := c.step; s != nil {
		r.Failure.Pos = posRecord(s.Pos)
		end := r
		end.Kind, end.Step = runner.StepFinished, slices.Index(e.Steps, s)+1
		c.write(&end)
	}
	r.Kind = runner.ExerciseFinished
	c.write(&r)
}
