package present

import (
	"slices"
	"strconv"
	"time"

	"workshop/runner"
	"workshop/runner/screen"
	"workshop/runner/terminal"
)

// Verb names the act of a command.
type Verb string

// The verbs, with the fields of the command that they use.
const (
	VerbNext     Verb = "next"     // the next slide
	VerbPrev     Verb = "prev"     // the slide before
	VerbGoto     Verb = "goto"     // Text: a number, the name of a slide or chapter, or the id of an exercise
	VerbSearch   Verb = "search"   // Text; "" for the last one again. N: -1 for backwards
	VerbSelect   Verb = "select"   // N: the step of the slide, from 0
	VerbMove     Verb = "move"     // N: the selection by so many steps
	VerbRun      Verb = "run"      // the selected step and the hidden ones behind it
	VerbForward  Verb = "forward"  // the steps of the session before the selected one, or near the slide, that were not run
	VerbContinue Verb = "continue" // run on, over slides, until a step does not pass
	VerbStop     Verb = "stop"     // give up the step that runs
	VerbAgain    Verb = "again"    // the step in trouble, with its command if that has ended
	VerbSkip     Verb = "skip"     // the selected step, or the one in trouble
	VerbDismiss  Verb = "dismiss"  // the trouble, for now
	VerbReplay   Verb = "replay"   // show the recording of the step's last check
	VerbFresh    Verb = "fresh"    // bring the shell back to its prompt, or get another one
	VerbShell    Verb = "shell"    // open the shell of the slide, if there is none
	VerbInput    Verb = "input"    // Text: typed by hand
	VerbKey      Verb = "key"      // Text: a key pressed by hand, in tmux's notation
	VerbPaste    Verb = "paste"    // Text: pasted by hand
	VerbResize   Verb = "resize"   // Cols, Rows: of the terminal
	VerbFont     Verb = "font"     // N: larger letters in the room's terminal, by so many steps, or smaller ones
	VerbToggle   Verb = "toggle"   // Text: typing, verify, hidden, figures, notes, blank; stage: the next [Stage]
	VerbAllow    Verb = "allow"    // the deck may run
	VerbRefuse   Verb = "refuse"   // it may not
	VerbLink     Verb = "link"     // Text: open a page
	VerbClock    Verb = "clock"    // start the clock anew
	VerbReload   Verb = "reload"   // the deck
)

// Command is a request of a face to a talk.
type Command struct {
	Do   Verb   `json:"do"`
	Text string `json:"text,omitempty"`
	N    int    `json:"n,omitempty"`
	Cols int    `json:"cols,omitempty"`
	Rows int    `json:"rows,omitempty"`

	// If holds in the state that the sender has seen. If it no longer holds when the
	// command's turn comes, nothing is done. nil: it always holds.
	If func(*State) bool `json:"-"`

	at time.Time // when its turn came
}

// effect is an act that a command causes, besides the new state.
type effect struct {
	kind  effectKind
	steps []*Step // to be run
	walk  bool    // the slide goes along
	again bool    // the program that an earlier run left in the foreground is ended first
	step  *Step   // whose shell
	text  string
	cols  int
	rows  int
}

type effectKind int

const (
	runSteps effectKind = iota
	playRecording
	openShell
	freshShell
	stopJob
	typeText
	resizeShell
	pace
	openLink
	reload
	remember
)

// maxInput is how much text one command may type, in bytes.
const maxInput = 64 << 10

// remembered is the effect of most commands: the place is remembered.
func remembered() []effect { return []effect{{kind: remember}} }

// updates are the acts of the verbs: each returns the state after its command and the effects
// that the talk has to carry out. Allow and Refuse have none, as every command ends the question
// but those that type; the talk does the rest.
var updates = map[Verb]func(State, Command) (State, []effect){
	VerbNext:     func(s State, c Command) (State, []effect) { return s.turn(c, 1) },
	VerbPrev:     func(s State, c Command) (State, []effect) { return s.turn(c, -1) },
	VerbGoto:     State.goTo,
	VerbSearch:   State.searchOn,
	VerbSelect:   func(s State, c Command) (State, []effect) { return s.pick(c.N) },
	VerbMove:     func(s State, c Command) (State, []effect) { return s.pick(s.Step + c.N) },
	VerbRun:      State.runSelected,
	VerbForward:  State.runUpTo,
	VerbContinue: State.runOn,
	VerbStop:     State.stop,
	VerbAgain:    State.runAgain,
	VerbSkip:     State.skip,
	VerbDismiss:  State.dismiss,
	VerbReplay:   State.replay,
	VerbFresh:    State.fresh,
	VerbShell:    State.open,
	VerbInput:    State.typeIn,
	VerbKey:      State.typeIn,
	VerbPaste:    State.typeIn,
	VerbResize:   State.resize,
	VerbFont:     State.font,
	VerbToggle:   State.toggle,
	VerbLink:     func(s State, c Command) (State, []effect) { return s, []effect{{kind: openLink, text: c.Text}} },
	VerbClock:    State.restartClock,
	VerbReload:   func(s State, _ Command) (State, []effect) { return s, []effect{{kind: reload}} },
}

// update returns the state after a command, and its effects. It carries out none of them.
func (s State) update(c Command, now time.Time) (State, []effect) {
	c.at = now
	switch c.Do {
	case VerbResize, VerbInput, VerbKey, VerbPaste:
	default:
		s.Message = Message{}
		s.Consent = nil // another command is no consent
	}
	if f := updates[c.Do]; f != nil {
		return f(s, c)
	}
	return s, remembered()
}

// say answers a command with a remark, and does nothing else.
func (s State) say(c Command, text string) (State, []effect) {
	s.Message = Message{Text: text, At: c.at}
	return s, nil
}

// refuse answers a command with the reason why it cannot be carried out.
func (s State) refuse(c Command, why string) (State, []effect) {
	s.Message = Message{Text: why, Error: true, At: c.at}
	return s, nil
}

// busy reports whether a step or another job has to end before a step is run.
func (s *State) busy() bool { return s.Running != nil || s.Busy != "" }

// isBusy is the answer to a command that has to wait.
const isBusy = "a step is running: stop it first"

const noneLeft = "no step is left on this slide"

func (s State) goTo(c Command) (State, []effect) {
	at := s.Deck.Find(c.Text)
	if at < 0 {
		return s.refuse(c, "there is no slide "+strconv.Quote(c.Text))
	}
	return s.show(at)
}

func (s State) searchOn(c Command) (State, []effect) {
	if c.Text != "" {
		s.Search = c.Text
	}
	if s.Search == "" {
		return s, nil
	}
	direction := 1
	if c.N < 0 {
		direction = -1
	}
	at := s.Deck.search(s.Search, s.Slide, direction)
	if at < 0 {
		return s.refuse(c, strconv.Quote(s.Search)+" is on no slide")
	}
	return s.show(at)
}

// pick selects a step of the slide.
func (s State) pick(step int) (State, []effect) {
	if slide := s.Current(); slide != nil {
		s.Step = min(max(step, 0), len(slide.Steps))
	}
	return s, remembered()
}

func (s State) runSelected(c Command) (State, []effect) {
	step := s.Selected()
	switch {
	case step == nil:
		return s.say(c, noneLeft)
	case s.busy():
		return s.refuse(c, isBusy)
	}
	steps, why := s.press(step)
	if why != "" {
		return s.refuse(c, why)
	}
	s.Trouble = nil
	return s, []effect{{kind: runSteps, steps: steps}}
}

// press lists the steps that one press on a step runs: the step and the hidden steps up to the next visible
// one. Hidden steps that stand before the first visible one run together with it. A step about a
// command that was not run, or a step that was stopped, is run together with its command; if another command was
// run since, it is refused, for it would be judged on that one.
func (s *State) press(step *Step) (steps []*Step, why string) {
	exercise := s.Deck.Steps[step.Index-step.Number:][:len(step.Exercise.Steps)]
	from, to := step.Number, step.Number+1
	if about := commandOf(exercise, step); about != nil {
		switch o := s.Outcome(about); {
		case o == nil || o.Result != nil && o.Result.Verdict == runner.Skipped && !o.Unverified:
			from = about.Number
		case !s.lastRan(about, exercise) && (!about.answersFor(step.place()) || !s.current(about)):
			return nil, "run " + strconv.Quote(about.Summary()) + " first: this belongs to it, and it is no longer the last command"
		case s.Outcome(step).Verdict() == runner.Interrupted: // ^C has ended the command, too
			from = about.Number
		}
	}
	for begun := !step.Hidden || s.lead(step) != nil; to < len(exercise) && (exercise[to].Hidden || !begun); to++ {
		begun = begun || !exercise[to].Hidden
	}
	return exercise[from:to], ""
}

// commandOf is the command that a step of an exercise belongs to: the last one before a wait or a
// key, and the visible one that answers for a hidden step; nil if there is none.
func commandOf(exercise []*Step, step *Step) *Step {
	about := judges(step) || step.Kind() == runner.KindPresses
	for _, o := range slices.Backward(exercise[:step.Number]) {
		if o.Snippet() && (about || o.answersFor(step.place())) {
			return o
		}
	}
	return nil
}

// judges reports whether a step is about the output of the last command.
func judges(step *Step) bool {
	return slices.Contains([]runner.Kind{runner.KindWaits, runner.KindJudges, runner.KindClaims}, step.Kind())
}

// lastRan reports whether a command is the last one that was run in the shell. The steps behind it
// count as its own, up to the next command.
func (s *State) lastRan(command *Step, exercise []*Step) bool {
	behind := exercise[command.Number+1:]
	if next := slices.IndexFunc(behind, func(o *Step) bool { return o.Snippet() }); next >= 0 {
		behind = behind[:next]
	}
	return s.latest.exercise == command.Exercise.ID && s.latest.number >= command.Number && s.latest.number <= command.Number+len(behind)
}

func (s State) runAgain(c Command) (State, []effect) {
	if s.Trouble == nil {
		s, effects := s.runSelected(c)
		for i := range effects {
			effects[i].again = true
		}
		return s, effects
	}
	if s.busy() {
		return s.refuse(c, isBusy)
	}
	steps := s.redo(s.Trouble)
	s.Trouble = nil
	return s, []effect{{kind: runSteps, steps: steps, again: true}}
}

func (s State) runUpTo(c Command) (State, []effect) {
	step := s.destination()
	if slide := s.Current(); step != nil && slide != nil {
		if i := slices.Index(slide.Steps, step); i >= 0 {
			s.Step = i
		}
	}
	switch {
	case s.busy():
		return s.refuse(c, isBusy)
	case step == nil:
		return s.say(c, "there are no steps to run")
	}
	steps := s.before(step)
	if len(steps) == 0 {
		return s.say(c, "everything before this step has been run")
	}
	s.Trouble = nil
	return s, []effect{{kind: runSteps, steps: steps}}
}

// runOn runs from the selected step on, else from the next slide on.
func (s State) runOn(c Command) (State, []effect) {
	if s.busy() {
		return s.refuse(c, isBusy)
	}
	var steps []*Step
	if step := s.Selected(); step != nil {
		steps = s.Deck.Steps[step.Index:]
	} else {
		for i, step := range s.Deck.Steps {
			if step.Slide > s.Slide {
				steps = s.Deck.Steps[i:]
				break
			}
		}
	}
	if len(steps) == 0 {
		return s.say(c, "no step is left")
	}
	s.Trouble = nil
	return s, []effect{{kind: runSteps, steps: steps, walk: true}}
}

func (s State) stop(Command) (State, []effect) {
	if s.busy() {
		return s, []effect{{kind: stopJob}}
	}
	return s, remembered()
}

// skip skips the step in trouble, or the selected one.
func (s State) skip(c Command) (State, []effect) {
	step, late := s.Selected(), false
	if s.Trouble != nil {
		step, late = s.Trouble.Step, s.Trouble.Late
	}
	switch {
	case step == nil:
		return s.say(c, noneLeft)
	case s.busy():
		return s.refuse(c, isBusy)
	}
	s.Trouble = nil
	steps := []*Step{step}
	if s.Outcome(step) == nil { // all that one press would run from here on
		for _, o := range s.Deck.Steps[step.Index+1 : step.Index-step.Number+len(step.Exercise.Steps)] {
			if !o.Hidden {
				break
			}
			steps = append(steps, o)
		}
	}
	for _, o := range steps {
		if slide := s.Current(); slide != nil && !late {
			if i := slices.Index(slide.Steps, o); i >= 0 {
				s.Step = i + 1
			}
		}
		s.noteSkipped(o, c.at)
	}
	return s, remembered()
}

func (s State) dismiss(Command) (State, []effect) {
	s.Trouble = nil
	return s, remembered()
}

func (s State) fresh(c Command) (State, []effect) {
	switch {
	case s.busy():
		return s.refuse(c, isBusy)
	case s.Terminal == nil:
		return s, remembered()
	}
	s.Trouble = nil
	return s, []effect{{kind: freshShell}}
}

func (s State) open(c Command) (State, []effect) {
	switch {
	case s.busy():
		return s.refuse(c, isBusy)
	case s.Terminal != nil:
		return s, remembered()
	}
	return s, []effect{{kind: openShell, step: s.near()}}
}

func (s State) typeIn(c Command) (State, []effect) {
	if s.Terminal == nil || len(c.Text) > maxInput {
		return s, nil
	}
	s.byHand = true
	return s, []effect{{kind: typeText, text: c.Text}}
}

func (s State) resize(c Command) (State, []effect) {
	if c.Cols <= 0 || c.Rows <= 0 {
		return s, remembered()
	}
	return s, []effect{{kind: resizeShell, cols: min(c.Cols, screen.MaxSize), rows: min(c.Rows, screen.MaxSize)}}
}

// columns are the widths that a terminal of pages can have.
var columns = []int{50, 60, 70, 80, 90, 100, 120, 140, 160}

func (s State) font(c Command) (State, []effect) {
	at, ok := slices.BinarySearch(columns, s.Columns)
	if !ok {
		at = slices.Index(columns, terminal.DefaultCols)
	}
	to := at - c.N
	s.Columns = columns[min(max(to, 0), len(columns)-1)]
	switch {
	case to < 0:
		return s.say(c, "the letters of the terminal cannot be larger")
	case to >= len(columns):
		return s.say(c, "the letters of the terminal cannot be smaller")
	}
	return s, remembered()
}

func (s State) restartClock(c Command) (State, []effect) {
	s.Started = c.at
	return s, remembered()
}

// noteSkipped notes that somebody has skipped a step. A verdict that there is stays.
func (s *State) noteSkipped(step *Step, now time.Time) {
	o := s.Outcome(step)
	skipped := &Outcome{Step: step, Started: now, shell: s.shell, Result: &runner.StepResult{Step: step.Step, Verdict: runner.Skipped}}
	if o != nil {
		if !o.mark().Bad() {
			return
		}
		again := *o
		again.Skipped = true
		skipped = &again
		if i := slices.IndexFunc(s.Log, o.same); i >= 0 {
			s.reviseLog(i, skipped)
		}
	}
	s.Outcomes = slices.Clone(s.Outcomes)
	s.Outcomes[step.Index] = skipped
}

func (s State) toggle(c Command) (State, []effect) {
	switch c.Text {
	case "typing":
		s.Typing = !s.Typing
		return s, []effect{{kind: pace}, {kind: remember}}
	case "verify":
		s.Verify = !s.Verify
	case "hidden":
		s.Hidden = !s.Hidden
	case "figures":
		s.Figures = !s.Figures
	case "notes":
		s.Talk = !s.Talk
	case "blank":
		s.Blank = !s.Blank
	case "stage":
		s.Staged = stages[(slices.Index(stages, s.Staged)+1)%len(stages)]
	}
	return s, remembered()
}

// turn goes to the next slide, or to the one before.
func (s State) turn(c Command, by int) (State, []effect) {
	switch at := s.Slide + by; {
	case at < 0:
		return s.say(c, "this is the first slide")
	case at >= len(s.Deck.Slides):
		return s.say(c, "this is the last slide")
	default:
		return s.show(at)
	}
}

// show goes to a slide, and selects its first step that is to be run. Nothing runs.
func (s State) show(at int) (State, []effect) {
	at = min(max(at, 0), max(len(s.Deck.Slides)-1, 0))
	if at == s.Slide {
		return s, nil
	}
	s.Slide, s.byHand = at, false
	s.Step = s.due()
	return s, remembered()
}

// due is the first step of the slide that was not run.
func (s *State) due() int {
	slide := s.Current()
	if slide == nil {
		return 0
	}
	for i, step := range slide.Steps {
		if s.Outcomes[step.Index] == nil {
			return i
		}
	}
	return len(slide.Steps)
}

// destination is the step that [VerbForward] runs up to: the selected one; where none is left, the last one of
// the slide; on a slide without steps the one whose shell belongs to it. nil if there is none.
func (s *State) destination() *Step {
	if slide := s.Current(); s.Selected() == nil && slide != nil && len(slide.Steps) > 0 {
		return slide.Steps[len(slide.Steps)-1]
	}
	return s.near()
}

// Before are the steps that [VerbForward] would run; none where it would end the shell and start that of an earlier
// session anew: nobody who looks back is offered that.
func (s *State) Before() []*Step {
	if step := s.destination(); step != nil && !s.over(step.Session) {
		return s.before(step)
	}
	return nil
}

// over reports whether a session comes before the one whose shell is there.
func (s *State) over(session *runner.Session) bool {
	at := func(name string) int {
		return slices.IndexFunc(s.Deck.Plan.Sessions, func(o *runner.Session) bool { return o.Name == name })
	}
	return s.Session != "" && at(session.Name) < at(s.Session)
}

// before are the steps of a session that come before one, in the plan's order, and
// were not run in its present shell.
func (s *State) before(step *Step) []*Step {
	var steps []*Step
	for _, o := range s.Deck.Steps[:step.Index] {
		if o.Session != step.Session {
			continue
		}
		if ran := s.Outcome(o); ran == nil || ran.shell != s.shell || s.Session != step.Session.Name {
			steps = append(steps, o)
		}
	}
	return steps
}

// redo are the steps that repeat the step in trouble. A wait whose command still runs
// waits on. Any other step that judges a command needs the command to be run again. A
// command that failed late is run with the steps behind it. The hidden steps behind the step follow.
func (s *State) redo(t *Trouble) []*Step {
	from := t.Step.Index
	if t.Late {
		to := from + 1
		for to < len(s.Deck.Steps) && s.Deck.Steps[to].Exercise == t.Step.Exercise && !s.Deck.Steps[to].Snippet() {
			to++
		}
		return s.Deck.Steps[from:to]
	}
	if kind := t.Step.Kind(); t.Failure != nil && (kind == runner.KindJudges || kind == runner.KindClaims ||
		kind == runner.KindWaits && t.Failure.Status != nil) {
		for i := from; i >= 0 && s.Deck.Steps[i].Exercise == t.Step.Exercise; i-- {
			if s.Deck.Steps[i].Snippet() {
				from = i
				break
			}
		}
	}
	exercise := s.Deck.Steps[t.Step.Index-t.Step.Number:][:len(t.Step.Exercise.Steps)]
	to := t.Step.Number + 1
	for to < len(exercise) && exercise[to].Hidden {
		to++
	}
	return s.Deck.Steps[from : t.Step.Index-t.Step.Number+to]
}

// near is the step whose shell belongs to the slide: the selected one, or the next one of
// its chapter, or the one before.
func (s *State) near() *Step {
	if step := s.Selected(); step != nil {
		return step
	}
	var last *Step
	for _, step := range s.Deck.Steps {
		if step.Slide >= s.Slide && last != nil && last.Session == step.Session {
			return step
		}
		if step.Slide > s.Slide {
			if last == nil || s.Current() != nil && step.Exercise.Chapter == s.Current().Chapter {
				return step
			}
			return last
		}
		last = step
	}
	return last
}
