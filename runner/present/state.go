package present

import (
	"slices"
	"strconv"
	"time"

	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/terminal"
)

// State is all that is shown of a talk at one moment. It is never changed: whoever has
// one may keep it, and compare it with the next.
type State struct {
	Gen   uint64 // rises with each state
	Deck  *Deck
	Slide int // that is shown, in Deck.Slides
	Step  int // that is selected, in the slide's steps; their number when there is none left

	Outcomes []*Outcome    // of Deck.Steps: nil where nothing was run
	Checks   []ledger.Last // of Deck.Steps: what a check said, the last time
	Log      []*Outcome    // every step that was run, in the order in which they ended
	Running  *Outcome      // the step that runs now
	Busy     string        // what goes on besides: a shell that starts; "" for nothing
	Trouble  *Trouble      // what has to be decided
	Consent  *Consent      // what has to be allowed before anything runs

	Terminal *terminal.View // nil as long as there is no shell
	Session  string         // whose shell it is
	shell    int            // how many shells there were before it
	Notes    []string       // remarks on the session

	Typing bool // commands appear as if they were typed
	Verify bool // outcomes are judged
	Hidden bool // hidden steps are shown
	Talk   bool // speaker's notes are shown
	Blank  bool // nothing is shown
	Search string

	Started time.Time
	Message Message
}

// Outcome is how a step came out in this room, or that it is under way.
type Outcome struct {
	Step       *Step
	Started    time.Time
	Result     *runner.StepResult // nil while it runs
	Unverified bool               // it was not judged
	shell      int                // which of the shells of the talk it ran in
}

// Verdict is the verdict, "" while the step runs or if it was not judged.
func (o *Outcome) Verdict() runner.Verdict {
	if o == nil || o.Result == nil || o.Unverified {
		return ""
	}
	return o.Result.Verdict
}

// Trouble is a step that did not pass, or could not be run: do it again, skip it, or
// take the shell.
type Trouble struct {
	Step    *Step
	Failure *runner.Failure // what was expected, and what came
	Refusal *runner.Refusal // or why it was not run
}

// Consent is the question whether the deck may be run on this machine.
type Consent struct {
	Steps []*Step // all that would be typed and waited for, in order
}

// Message is a remark for whoever presents.
type Message struct {
	Text  string
	Error bool
	At    time.Time
}

// Current is the slide that is shown; nil in a deck without slides.
func (s *State) Current() *Slide {
	if s.Slide >= len(s.Deck.Slides) {
		return nil
	}
	return s.Deck.Slides[s.Slide]
}

// Selected is the selected step; nil if there is none.
func (s *State) Selected() *Step {
	c := s.Current()
	if c == nil || s.Step >= len(c.Steps) {
		return nil
	}
	return c.Steps[s.Step]
}

// Outcome is how a step came out; nil if it was not run.
func (s *State) Outcome(step *Step) *Outcome { return s.Outcomes[step.Index] }

// Verb is what a command does.
type Verb string

// The verbs, with what they take.
const (
	Next    Verb = "next"   // the next slide
	Prev    Verb = "prev"   // the slide before
	Goto    Verb = "goto"   // Text: a number, the name of a slide or chapter, or the id of an exercise
	Search  Verb = "search" // Text; "" for the last one again. N: -1 for backwards
	Select  Verb = "select" // N: the step of the slide, from 0
	Move    Verb = "move"   // N: the selection by so many steps
	Run     Verb = "run"    // the selected step
	Forward Verb = "forward"
	// Forward runs what comes before the selected step in its session and was not run.
	Continue Verb = "continue" // run on, over slides, until something does not pass
	Stop     Verb = "stop"     // give up the step that runs
	Again    Verb = "again"    // the step in trouble, with its command where that has ended
	Skip     Verb = "skip"     // the selected step, or the one in trouble
	Dismiss  Verb = "dismiss"  // the trouble, for now
	Fresh    Verb = "fresh"    // bring the shell back to its prompt, or get another one
	Shell    Verb = "shell"    // open the shell of the slide, if there is none
	Input    Verb = "input"    // Text: typed by hand
	Key      Verb = "key"      // Text: a key pressed by hand, in tmux's notation
	Paste    Verb = "paste"    // Text: pasted by hand
	Resize   Verb = "resize"   // Cols, Rows: of the terminal
	Toggle   Verb = "toggle"   // Text: typing, verify, hidden, notes, blank
	Allow    Verb = "allow"    // what was asked
	Refuse   Verb = "refuse"
	Link     Verb = "link" // Text: open a page
	Clock    Verb = "clock"
	// Clock starts the clock anew.
	Reload Verb = "reload" // the deck
)

// Command is what a face asks of a talk.
type Command struct {
	Do   Verb   `json:"do"`
	Text string `json:"text,omitempty"`
	N    int    `json:"n,omitempty"`
	Cols int    `json:"cols,omitempty"`
	Rows int    `json:"rows,omitempty"`

	// If is what the one who sent it has seen: where it does not hold any more when its
	// turn comes, nothing is done. nil: always.
	If func(*State) bool `json:"-"`
}

// effect is what has to be done because of a command, besides the new state.
type effect struct {
	kind  effectKind
	steps []*Step // to be run
	walk  bool    // the slide goes along
	again bool    // what it left in the foreground is ended first
	step  *Step   // whose shell
	text  string
	cols  int
	rows  int
}

type effectKind int

const (
	runSteps effectKind = iota
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

// update is the state after a command and what else it causes. It does nothing itself.
func (s State) update(c Command, now time.Time) (State, []effect) {
	switch c.Do {
	case Resize, Input, Key, Paste:
	default:
		s.Message = Message{}
	}
	say := func(text string, bad bool) (State, []effect) {
		s.Message = Message{Text: text, Error: bad, At: now}
		return s, nil
	}
	busy := func() bool { return s.Running != nil || s.Busy != "" }
	if s.Consent != nil {
		switch c.Do {
		case Allow, Refuse, Resize, Input, Key, Paste:
		default:
			s.Consent = nil // whoever does something else has not allowed it
		}
	}
	switch c.Do {
	case Next:
		return s.show(s.Slide + 1)
	case Prev:
		return s.show(s.Slide - 1)
	case Goto:
		at := s.Deck.find(c.Text)
		if at < 0 {
			return say("there is no slide "+strconv.Quote(c.Text), true)
		}
		return s.show(at)
	case Search:
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
			return say(strconv.Quote(s.Search)+" is on no slide", true)
		}
		return s.show(at)
	case Select, Move:
		if slide := s.Current(); slide != nil {
			if c.Do == Move {
				c.N += s.Step
			}
			s.Step = min(max(c.N, 0), len(slide.Steps))
		}
	case Run, Again:
		step := s.Selected()
		if c.Do == Again && s.Trouble != nil {
			step = s.Trouble.Step
		}
		switch {
		case step == nil:
			return say("no step is left on this slide", false)
		case busy():
			return say("a step is running: stop it first", true)
		}
		steps := []*Step{step}
		if c.Do == Again && s.Trouble != nil {
			steps = s.redo(s.Trouble)
		}
		s.Trouble = nil
		return s, []effect{{kind: runSteps, steps: steps, again: c.Do == Again}}
	case Forward, Continue:
		step := s.Selected()
		switch {
		case busy():
			return say("a step is running: stop it first", true)
		case c.Do == Continue:
			return s.goOn(say)
		case step == nil:
			return say("select a step to run up to", false)
		}
		steps := s.before(step)
		if len(steps) == 0 {
			return say("everything before this step has been run", false)
		}
		s.Trouble = nil
		return s, []effect{{kind: runSteps, steps: steps}}
	case Stop:
		if busy() {
			return s, []effect{{kind: stopJob}}
		}
	case Skip:
		step := s.Selected()
		if s.Trouble != nil {
			step = s.Trouble.Step
		}
		if step == nil || busy() {
			return s, nil
		}
		s.Trouble = nil
		if slide := s.Current(); slide != nil {
			if i := slices.Index(slide.Steps, step); i >= 0 {
				s.Step = i + 1
			}
		}
		if s.Outcome(step) == nil || s.Outcome(step).Verdict() != runner.Passed {
			s.Outcomes = slices.Clone(s.Outcomes)
			s.Outcomes[step.Index] = &Outcome{Step: step, Started: now, shell: s.shell, Result: &runner.StepResult{Step: step.Step, Verdict: runner.Skipped}}
		}
	case Dismiss:
		s.Trouble = nil
	case Fresh:
		if !busy() && s.Terminal != nil {
			s.Trouble = nil
			return s, []effect{{kind: freshShell}}
		}
	case Shell:
		if s.Terminal == nil && !busy() {
			return s, []effect{{kind: openShell, step: s.near()}}
		}
	case Input, Key, Paste:
		if s.Terminal != nil && len(c.Text) <= maxInput {
			return s, []effect{{kind: typeText, text: c.Text}}
		}
		return s, nil
	case Resize:
		if c.Cols > 0 && c.Rows > 0 {
			return s, []effect{{kind: resizeShell, cols: min(c.Cols, terminal.MaxSize), rows: min(c.Rows, terminal.MaxSize)}}
		}
	case Toggle:
		return s.toggle(c.Text)
	case Allow, Refuse: // whoever asked does the rest
		s.Consent = nil
	case Link:
		return s, []effect{{kind: openLink, text: c.Text}}
	case Clock:
		s.Started = now
		return s, []effect{{kind: remember}}
	case Reload:
		return s, []effect{{kind: reload}}
	}
	return s, []effect{{kind: remember}}
}

func (s State) toggle(what string) (State, []effect) {
	switch what {
	case "typing":
		s.Typing = !s.Typing
		return s, []effect{{kind: pace}, {kind: remember}}
	case "verify":
		s.Verify = !s.Verify
	case "hidden":
		s.Hidden = !s.Hidden
	case "notes":
		s.Talk = !s.Talk
	case "blank":
		s.Blank = !s.Blank
	}
	return s, []effect{{kind: remember}}
}

// show goes to a slide, and selects its first step that is to be run. Nothing runs.
func (s State) show(at int) (State, []effect) {
	at = min(max(at, 0), max(len(s.Deck.Slides)-1, 0))
	if at == s.Slide {
		return s, nil
	}
	s.Slide = at
	s.Step = s.due()
	return s, []effect{{kind: remember}}
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

// redo are the steps that do once more what is in trouble. A wait whose command still
// runs waits on; otherwise what judges a command needs it to be run again.
func (s *State) redo(t *Trouble) []*Step {
	from := t.Step.Index
	if kind := t.Step.Kind(); t.Failure != nil && (kind == runner.Judges || kind == runner.Waits && t.Failure.Status != nil) {
		for i := from; i >= 0 && s.Deck.Steps[i].Exercise == t.Step.Exercise; i-- {
			if s.Deck.Steps[i].Snippet() {
				from = i
				break
			}
		}
	}
	return s.Deck.Steps[from : t.Step.Index+1]
}

// goOn is what continuing runs: from the selected step on, else from the next slide's.
func (s State) goOn(say func(string, bool) (State, []effect)) (State, []effect) {
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
		return say("no step is left", false)
	}
	s.Trouble = nil
	return s, []effect{{kind: runSteps, steps: steps, walk: true}}
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
