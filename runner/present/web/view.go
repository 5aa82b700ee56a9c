package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/present"
)

// deckView is what a page knows of the deck as a whole.
type deckView struct {
	Title  string      `json:"title"`
	Total  int         `json:"total"`
	Slides []slideLine `json:"slides,omitempty"` // of the overview
}

type slideLine struct {
	Title   string `json:"title"`
	Chapter string `json:"chapter"`
	Steps   []int  `json:"steps,omitempty"` // those that are new on it
}

func deckOf(d *present.Deck, overview bool) *deckView {
	v := &deckView{Title: printable(d.Title), Total: len(d.Slides)}
	if overview {
		for _, s := range d.Slides {
			line := slideLine{Title: printable(s.Title()), Chapter: printable(s.Chapter.Title)}
			for _, step := range s.Steps[s.Own:] {
				line.Steps = append(line.Steps, step.Index)
			}
			v.Slides = append(v.Slides, line)
		}
	}
	return v
}

// slideView is a slide.
type slideView struct {
	Index   int    `json:"index"`
	Title   string `json:"title"`
	Chapter string `json:"chapter"`
	Class   string `json:"class,omitempty"`
	HTML    string `json:"html"`
	Notes   string `json:"notes,omitempty"` // HTML
}

func (s *Server) slideOf(state *present.State, at int, notes bool) *slideView {
	if at >= len(state.Deck.Slides) {
		return nil
	}
	slide := state.Deck.Slides[at]
	v := &slideView{Index: at, Title: printable(slide.Title()), Chapter: printable(slide.Chapter.Title), HTML: s.slides.of(slide)}
	v.Class = classList(slide.Slide().Classes)
	if notes {
		v.Notes = textHTML(slide.Notes())
	}
	return v
}

// slideCache keeps the last slides that were made into HTML: all pages show the same ones.
type slideCache struct {
	mu    sync.Mutex
	slide [4]*present.Slide
	html  [4]string
	next  int
}

func (c *slideCache) of(s *present.Slide) string {
	c.mu.Lock()
	for i, o := range c.slide {
		if o == s {
			defer c.mu.Unlock()
			return c.html[i]
		}
	}
	c.mu.Unlock()
	made := slideHTML(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slide[c.next], c.html[c.next] = s, made
	c.next = (c.next + 1) % len(c.slide)
	return made
}

// stepsView is how the steps of the slide came out.
type stepsView struct {
	Selected int        `json:"selected"` // index in the deck, -1: none
	Steps    []stepView `json:"steps"`
}

type stepView struct {
	Index   int     `json:"index"`
	ID      string  `json:"id,omitempty"`
	Kind    string  `json:"kind,omitempty"`
	Name    string  `json:"name,omitempty"` // of the directive
	Text    string  `json:"text,omitempty"`
	Hidden  bool    `json:"hidden,omitempty"`
	State   string  `json:"state"` // running, a verdict, done (not judged) or ""
	Seconds float64 `json:"seconds,omitempty"`
	ByHand  bool    `json:"byHand,omitempty"`
	Check   *check  `json:"check,omitempty"`
}

// check is what a check last said of a step.
type check struct {
	Standing ledger.Standing `json:"standing"`
	Verdict  runner.Verdict  `json:"verdict,omitempty"`
	At       int64           `json:"at,omitempty"` // milliseconds
	Seconds  float64         `json:"seconds,omitempty"`
}

func stepsOf(s *present.State, role Role) *stepsView {
	v := &stepsView{Selected: -1, Steps: []stepView{}}
	slide := s.Current()
	if slide == nil {
		return v
	}
	selected := s.Selected()
	if selected != nil && (role != Audience || !selected.Hidden) {
		v.Selected = selected.Index
	}
	for _, step := range slide.Steps {
		if role == Audience && step.Hidden {
			continue
		}
		one := stepView{Index: step.Index}
		if o := s.Outcome(step); o != nil {
			switch {
			case o.Result == nil:
				one.State = "running"
			case o.Unverified:
				one.State = "done"
			default:
				one.State = string(o.Result.Verdict)
			}
			if o.Result != nil {
				one.Seconds, one.ByHand = o.Result.Duration.Round(time.Millisecond).Seconds(), o.Result.ByHand
			}
		}
		if role != Audience {
			one.ID, one.Kind, one.Name, one.Hidden = stepID(step), string(step.Kind()), step.Directive, step.Hidden
			one.Text = printable(strings.TrimSpace(step.Text))
			if step.Args != "" {
				one.Text = strings.TrimSpace(printable(step.Args) + "\n" + one.Text)
			}
			last := s.Checks[step.Index]
			one.Check = &check{Standing: last.Standing, Verdict: last.Verdict, Seconds: last.Duration.Seconds()}
			if !last.At.IsZero() {
				one.Check.At = last.At.UnixMilli()
			}
		}
		v.Steps = append(v.Steps, one)
	}
	return v
}

// stepID names a step by its place and all that it holds: after an edit it is another one.
func stepID(s *present.Step) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %q %d %q %q %q", s.Index, s.Exercise.ID, s.Number, s.Directive, s.Args, s.Text)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// talkView is what else there is to know.
type talkView struct {
	Started int64  `json:"started,omitempty"` // milliseconds
	Length  int64  `json:"length,omitempty"`  // of the talk, as planned, in milliseconds
	Busy    string `json:"busy,omitempty"`
	Running string `json:"running,omitempty"` // what runs
	Blank   bool   `json:"blank,omitempty"`
	Typing  bool   `json:"typing,omitempty"`
	Verify  bool   `json:"verify,omitempty"`
	Hidden  bool   `json:"hidden,omitempty"`
	Message string `json:"message,omitempty"`
	Error   bool   `json:"error,omitempty"`
	Session string `json:"session,omitempty"`
	Shell   bool   `json:"shell,omitempty"`
	Notes   string `json:"notes,omitempty"` // remarks on the session
	Pace    []int  `json:"pace,omitempty"`  // steps that were run, and all
}

func talkOf(s *present.State, role Role, length time.Duration) *talkView {
	v := &talkView{Blank: s.Blank, Shell: s.Terminal != nil}
	if role == Audience {
		return v
	}
	v.Started, v.Length = s.Started.UnixMilli(), length.Milliseconds()
	v.Busy, v.Typing, v.Verify, v.Hidden = printable(s.Busy), s.Typing, s.Verify, s.Hidden
	if s.Running != nil {
		v.Running = printable(s.Running.Step.Summary())
	}
	v.Message, v.Error = printable(s.Message.Text), s.Message.Error
	v.Session, v.Notes = printable(s.Session), printable(strings.Join(s.Notes, "\n"))
	ran := 0
	for _, o := range s.Outcomes {
		if o != nil && o.Result != nil {
			ran++
		}
	}
	v.Pace = []int{ran, len(s.Outcomes)}
	return v
}

// troubleView is why a step did not pass, or was not run.
type troubleView struct {
	ID      string `json:"id"`
	Index   int    `json:"index"`
	Step    string `json:"step"`
	Refused bool   `json:"refused,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Command string `json:"command,omitempty"`
	Want    string `json:"want,omitempty"`
	Nearest string `json:"nearest,omitempty"`
	Status  *int   `json:"status,omitempty"`
	Tail    string `json:"tail,omitempty"`
}

// maxTail is how much of the output is shown beside a failure, in bytes.
const maxTail = 1500

func troubleOf(s *present.State) *troubleView {
	t := s.Trouble
	if t == nil {
		return nil
	}
	v := &troubleView{ID: stepID(t.Step), Index: t.Step.Index, Step: printable(t.Step.Summary())}
	switch {
	case t.Failure != nil:
		f := t.Failure
		v.Message, v.Hint, v.Command = printable(f.Message), printable(f.Hint), printable(f.Command)
		v.Want, v.Nearest, v.Status = printable(f.Want), printable(f.Nearest), f.Status
		tail := strings.TrimSpace(f.Tail)
		if o := s.Outcome(t.Step); tail == "" && o != nil && o.Result != nil {
			tail = strings.TrimSpace(o.Result.Output)
		}
		v.Tail = printable(strings.ToValidUTF8(tail[max(len(tail)-maxTail, 0):], ""))
	case t.Refusal != nil:
		v.Refused, v.Message, v.Hint = true, printable(t.Refusal.Reason), printable(t.Refusal.Hint)
	}
	return v
}

// consentView is what would be run, all of it.
type consentView struct {
	ID    string        `json:"id"`
	Steps []consentLine `json:"steps"`
}

type consentLine struct {
	Exercise string `json:"exercise"`
	Name     string `json:"name"`
	Text     string `json:"text"`
	Hidden   bool   `json:"hidden,omitempty"`
}

func consentOf(c *present.Consent) *consentView {
	if c == nil {
		return nil
	}
	v := &consentView{ID: consentID(c), Steps: []consentLine{}}
	for _, s := range c.Steps {
		line := consentLine{Exercise: printable(s.Exercise.ID), Name: s.Directive, Text: printable(s.Text), Hidden: s.Hidden}
		if s.Args != "" {
			line.Name += " " + printable(s.Args)
		}
		v.Steps = append(v.Steps, line)
	}
	return v
}

// consentID names the list that was shown.
func consentID(c *present.Consent) string {
	h := sha256.New()
	for _, s := range c.Steps {
		h.Write([]byte(stepID(s)))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// logEntry is a command that was run, with what came of it.
type logEntry struct {
	ID      int64    `json:"id"` // when it began, in microseconds: they follow one another
	Slide   int      `json:"slide"`
	Title   string   `json:"title"`
	Command string   `json:"command"`
	Keys    []string `json:"keys,omitempty"` // that were pressed while it ran
	Output  string   `json:"output,omitempty"`
	State   string   `json:"state"`
}

// logMark changes whenever the log has.
func logMark(log []*present.Outcome) int64 {
	if len(log) == 0 {
		return 0
	}
	return log[len(log)-1].Started.UnixMicro()
}

// logFrom are up to n commands from one on. What the steps behind a command do, such as
// waiting for something, belongs to it. A command that learners are not shown is left out.
func logFrom(log []*present.Outcome, from int64, n int) (entries []logEntry, more bool) {
	entries = []logEntry{}
	var now *logEntry
	for _, o := range log {
		if o.Result == nil || o.Result.Verdict == runner.Skipped && !o.Unverified {
			continue
		}
		step := o.Step
		if step.Snippet() {
			now = nil
			id := o.Started.UnixMicro()
			if step.Hidden || id < from {
				continue
			}
			if len(entries) == n {
				return entries, true
			}
			entries = append(entries, logEntry{
				ID: id, Slide: step.Slide + 1, Title: printable(step.Exercise.Title), Command: printable(strings.TrimRight(step.Text, "\n")),
				State: "passed",
			})
			now = &entries[len(entries)-1]
		}
		if now == nil {
			continue
		}
		now.Output += printable(o.Result.Output)
		if step.Kind() == runner.Presses {
			now.Keys = append(now.Keys, printable(step.Text))
		}
		switch verdict := o.Verdict(); {
		case o.Unverified:
			now.State = "done"
		case verdict != runner.Passed:
			now.State = string(verdict)
		}
	}
	return entries, false
}
