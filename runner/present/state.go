package present

import (
	"time"

	"workshop/runner"
	"workshop/runner/figure"
	"workshop/runner/ledger"
	"workshop/runner/screen"
)

// State is a talk at one moment, as far as faces see it. It is never changed: a face may
// keep a state and compare it with the next.
type State struct {
	Gen   uint64 // rises with each state
	Deck  *Deck
	Slide int // that is shown, in Deck.Slides
	Step  int // that is selected, in the slide's steps; their number when there is none left

	Outcomes   []*Outcome    // of Deck.Steps: nil where nothing was run
	Remarks    []string      // that reading the deck has made: mistakes and warnings
	Checks     []ledger.Last // of Deck.Steps: the results of the last check
	Recordings []bool        // of Deck.Steps: whether it is a command whose last check was recorded
	Log        []*Outcome    // every step that was run, in the order in which they ended
	Revision   int           // rises when an entry of the log is replaced
	Running    *Outcome      // the step that runs now
	Busy       string        // another job, such as the start of a shell; "" for none
	Trouble    *Trouble      // a step that a person has to decide about
	Consent    *Consent      // a question to be answered before anything runs

	Shell
	Switches
	Search string

	Started time.Time
	Message Message
}

// Shell is the live session.
type Shell struct {
	Terminal *screen.View // nil as long as there is no shell
	Session  string       // the name of its session
	Notes    []string     // remarks on the session
	shell    int          // the number of shells before it
	Recorded *Recording   // what Terminal shows in place of the live session; nil: that one
	byHand   bool         // somebody has typed into it since the slide was turned to
	latest   place        // of the step that was run last in the shell, as long as its command may still be there
}

// Switches are the presenter's choices.
type Switches struct {
	Typing bool // commands appear as if they were typed
	Verify bool // outcomes are judged
	Hidden bool // hidden steps are shown
	Talk   bool // speaker's notes are shown
	Blank  bool // nothing is shown

	Figures bool // what was measured stands beside the sentences that say it

	Staged  Stage // what pages for the room are to show; StageAuto: see [State.Stage]
	Columns int   // of the terminal, where pages decide about its size: fewer make larger letters
}

// Stage is what a page for the room shows.
type Stage string

// The stages.
const (
	StageAuto     Stage = "" // the terminal as well, where it has to do with the slide
	StageSlide    Stage = "slide"
	StageTerminal Stage = "terminal"
	StageBoth     Stage = "both"
)

// stages are all of them, in the order in which a key goes through them.
var stages = []Stage{StageAuto, StageSlide, StageTerminal, StageBoth}

// Stage is what pages for the room show now. By itself a slide without steps has all the place, unless
// a step runs or somebody has typed into the shell since the slide was turned to.
func (s *State) Stage() Stage {
	slide := s.Current()
	switch {
	case s.Terminal == nil:
		return StageSlide
	case s.Staged != StageAuto:
		return s.Staged
	case slide == nil, len(slide.Steps) > 0, s.Running != nil, s.byHand, s.Recorded != nil:
		return StageBoth
	}
	return StageSlide
}

// Outcome is how a step came out in this room, or that it is under way.
type Outcome struct {
	Step       *Step
	Started    time.Time
	Result     *runner.StepResult // nil while it runs
	Unverified bool               // it was not judged
	Skipped    bool               // it did not pass, and somebody has skipped it since
	shell      int                // which of the shells of the talk it ran in
	sampled    *figure.Reading    // of a figure, while it runs
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
	Failure *runner.Failure // with the expected output and the actual one
	Refusal *runner.Refusal // or why it was not run
	Late    bool            // the command failed when its exercise was over
}

// Consent is the question whether the deck may be run on this machine.
type Consent struct {
	Scripts []runner.Script // around the sessions
	Steps   []*Step         // all that would be typed and waited for, in order
	All     int             // how many steps the deck has
	Number  int             // of the question in this talk

	// Edited: somebody has agreed to an earlier version; Scripts and Steps are those that are new since, Removed
	// are texts of those that are gone.
	Edited  bool
	Removed []string
}

// Message is a remark for the presenter.
type Message struct {
	Text  string
	Error bool
	At    time.Time
	late  bool // about a late failure
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
