package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/page"
	"workshop/runner/present"
)

// deckView is the deck as a whole, for a page.
type deckView struct {
	Title  string      `json:"title"`
	Total  int         `json:"total"`
	Slides []slideLine `json:"slides,omitempty"` // of the overview

	Remarks []string `json:"remarks,omitempty"` // that reading it has made
}

type slideLine struct {
	Title   string `json:"title"`
	Chapter string `json:"chapter"`
	Steps   []int  `json:"steps,omitempty"` // those that are new on it
}

func deckOf(s *present.State, overview bool) *deckView {
	d := s.Deck
	v := &deckView{Title: page.Printable(d.Title), Total: len(d.Slides)}
	if overview {
		for _, text := range s.Remarks {
			v.Remarks = append(v.Remarks, page.Printable(text))
		}
		for _, s := range d.Slides {
			line := slideLine{Title: page.Printable(s.Title()), Chapter: page.Printable(s.Chapter.Title)}
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
	made := s.slides.of(state.Deck, slide)
	v := &slideView{Index: at, Title: page.Printable(slide.Title()), Chapter: page.Printable(slide.Chapter.Title), HTML: made.html()}
	v.Class = page.ClassList(slide.Slide().Classes)
	if notes {
		v.Notes = made.notes()
	}
	return v
}

// slideHTML is a slide as HTML, with that of a function behind each step; nil: none.
func slideHTML(s *present.Slide, behind func(step int) string) string {
	steps := map[*markdown.Step]int{}
	for _, step := range s.Steps {
		steps[step.Step.Step] = step.Index
	}
	return page.Slide(s.Parts, steps, behind)
}

// slideCache keeps the slides of the deck that were made into HTML: a slide is made once for all
// pages, and those that want it meanwhile wait for it.
type slideCache struct {
	mu    sync.Mutex
	deck  *present.Deck
	slide map[*present.Slide]madeSlide
}

// madeSlide is a slide as HTML.
type madeSlide struct {
	html, notes func() string
}

func (c *slideCache) of(d *present.Deck, s *present.Slide) madeSlide {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deck != d {
		c.deck, c.slide = d, map[*present.Slide]madeSlide{}
	}
	made, ok := c.slide[s]
	if !ok {
		made.html = sync.OnceValue(func() string { return slideHTML(s, nil) })
		made.notes = sync.OnceValue(func() string { return page.Text(s.Notes()) })
		c.slide[s] = made
	}
	return made
}

// stepsView is how the steps of the slide came out.
type stepsView struct {
	Selected int         `json:"selected"` // index in the deck, -1: none
	Steps    []stepView  `json:"steps"`
	Claims   []claimView `json:"claims,omitempty"` // if figures are shown
}

// claimView is the measurement of a claim.
type claimView struct {
	Index  int               `json:"index"`
	Text   string            `json:"text"`
	State  present.MarkState `json:"state"`
	Narrow bool              `json:"narrow,omitempty"`
}

type stepView struct {
	Index  int    `json:"index"`
	ID     string `json:"id,omitempty"`
	Kind   string `json:"kind,omitempty"`
	Name   string `json:"name,omitempty"` // of the directive
	Text   string `json:"text,omitempty"`
	Hidden bool   `json:"hidden,omitempty"`
	stepMark
	Seconds float64 `json:"seconds,omitempty"`
	ByHand  bool    `json:"byHand,omitempty"`
	Check   *check  `json:"check,omitempty"`
}

// stepMark is a step's mark, as pages show it.
type stepMark struct {
	State   present.MarkState `json:"state"`
	Skipped bool              `json:"skipped,omitempty"`
}

// check is the result of the last check of a step.
type check struct {
	Standing ledger.Standing `json:"standing"`
	Verdict  runner.Verdict  `json:"verdict,omitempty"`
	At       int64           `json:"at,omitempty"` // milliseconds
	Seconds  float64         `json:"seconds,omitempty"`
}

func stepsOf(s *present.State, role Role) *stepsView { return stepsAt(s, s.Slide, role) }

// stepsAt are those of one of the slides.
func stepsAt(s *present.State, at int, role Role) *stepsView {
	v := &stepsView{Selected: -1, Steps: []stepView{}}
	if at >= len(s.Deck.Slides) {
		return v
	}
	slide := s.Deck.Slides[at]
	if selected := s.Selected(); selected != nil && at == s.Slide && (role != Audience || !selected.Hidden) {
		v.Selected = selected.Index
	}
	for _, step := range slide.Steps {
		if c := s.Claimed(step); c != nil && s.Figures {
			v.Claims = append(v.Claims, claimView{step.Index, page.Printable(c.String()), c.State, c.Narrow})
		}
		if role == Audience && step.Hidden {
			continue
		}
		mark := s.Mark(step)
		one := stepView{Index: step.Index, stepMark: stepMark{mark.State, mark.Skipped}, ByHand: mark.ByHand}
		one.Seconds = mark.Duration.Round(time.Millisecond).Seconds()
		if role != Audience {
			one.ID, one.Kind, one.Name, one.Hidden = stepID(step), string(step.Kind()), step.Directive, step.Hidden
			one.Text = page.Printable(strings.TrimSpace(step.Text))
			if step.Args != "" {
				one.Text = strings.TrimSpace(page.Printable(step.Args) + "\n" + one.Text)
			}
			last := s.Check(step)
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

// talkView is the rest of the talk.
type talkView struct {
	Started int64  `json:"started,omitempty"` // milliseconds
	Length  int64  `json:"length,omitempty"`  // of the talk, as planned, in milliseconds
	Busy    string `json:"busy,omitempty"`
	Running string `json:"running,omitempty"` // the step that runs
	Blank   bool   `json:"blank,omitempty"`
	Typing  bool   `json:"typing,omitempty"`
	Verify  bool   `json:"verify,omitempty"`
	Hidden  bool   `json:"hidden,omitempty"`
	Figures bool   `json:"figures,omitempty"`
	Message string `json:"message,omitempty"`
	Asks    bool   `json:"asks,omitempty"` // the presenter is asked whether the deck may run
	Error   bool   `json:"error,omitempty"`
	Session string `json:"session,omitempty"`
	Shell   bool   `json:"shell,omitempty"`
	Notes   string `json:"notes,omitempty"` // remarks on the session
	Pace    []int  `json:"pace,omitempty"`  // steps that were run, and all

	Before int `json:"before,omitempty"` // steps that were not run in this shell, and come before the place in the talk

	Commands int64 `json:"commands,omitempty"` // of the steps that are left, as measured, in milliseconds
	Unknown  int   `json:"unknown,omitempty"`  // commands among them that were not

	Recorded string `json:"recorded,omitempty"` // the terminal is a recording: what it is of

	Stage   present.Stage `json:"stage"`             // what the room is shown
	Staged  present.Stage `json:"staged,omitempty"`  // what the presenter has chosen
	Columns int           `json:"columns,omitempty"` // of the terminal, where pages decide about its size
	Fits    bool          `json:"fits,omitempty"`    // this page does
}

func talkOf(s *present.State, role Role, length time.Duration) *talkView {
	v := &talkView{Blank: s.Blank, Shell: s.Terminal != nil, Stage: s.Stage()}
	if s.Recorded != nil {
		v.Recorded = page.Printable(s.Recorded.Label())
	}
	if role == Audience {
		return v
	}
	v.Staged = s.Staged
	v.Started, v.Length = s.Started.UnixMilli(), length.Milliseconds()
	v.Busy, v.Typing, v.Verify, v.Hidden, v.Figures = page.Printable(s.Busy), s.Typing, s.Verify, s.Hidden, s.Figures
	if s.Running != nil {
		v.Running = page.Printable(s.Running.Step.Summary())
	}
	v.Asks = s.Consent != nil
	v.Message, v.Error = page.Printable(s.Message.Text), s.Message.Error
	v.Session, v.Notes = page.Printable(s.Session), page.Printable(strings.Join(s.Notes, "\n"))
	ran := 0
	for _, o := range s.Outcomes {
		if o != nil && o.Result != nil {
			ran++
		}
	}
	v.Pace = []int{ran, len(s.Outcomes)}
	v.Before = len(s.Before())
	left := s.Left()
	v.Commands, v.Unknown = left.Commands.Milliseconds(), left.Unknown
	return v
}

// troubleView is why a step did not pass, or was not run.
type troubleView struct {
	ID      string `json:"id"`
	Index   int    `json:"index"`
	Step    string `json:"step"`
	Refused bool   `json:"refused,omitempty"`
	Late    bool   `json:"late,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Command string `json:"command,omitempty"`
	Want    string `json:"want,omitempty"`
	Nearest string `json:"nearest,omitempty"`
	Status  *int   `json:"status,omitempty"`
	Tail    string `json:"tail,omitempty"`
	Slide   string `json:"slide,omitempty"`  // of the step, if another one is shown
	Replay  bool   `json:"replay,omitempty"` // there is a recording to show instead
}

// maxTail is how much of the output is shown beside a failure, in bytes.
const maxTail = 1500

func troubleOf(s *present.State) *troubleView {
	t := s.Trouble
	if t == nil {
		return nil
	}
	v := &troubleView{ID: stepID(t.Step), Index: t.Step.Index, Step: page.Printable(t.Step.Summary()), Replay: s.CanReplay()}
	if slide := s.Current(); slide != nil && !slices.Contains(slide.Steps, t.Step) {
		v.Slide = fmt.Sprintf("%d · %s", t.Step.Slide+1, page.Printable(s.Deck.Slides[t.Step.Slide].Title()))
	}
	switch {
	case t.Failure != nil:
		f := t.Failure
		v.Late = t.Late
		v.Message, v.Hint, v.Command = page.Printable(f.Message), page.Printable(f.Hint), page.Printable(f.Command)
		v.Want, v.Nearest, v.Status = page.Printable(f.Want), page.Printable(f.Nearest), f.Status
		tail := strings.TrimSpace(f.Tail)
		if o := s.Outcome(t.Step); tail == "" && o != nil && o.Result != nil {
			tail = strings.TrimSpace(o.Result.Output)
		}
		v.Tail = page.Printable(strings.ToValidUTF8(tail[max(len(tail)-maxTail, 0):], ""))
	case t.Refusal != nil:
		v.Refused, v.Message, v.Hint = true, page.Printable(t.Refusal.Reason), page.Printable(t.Refusal.Hint)
	}
	return v
}

// consentView is the list of all steps that would run.
type consentView struct {
	ID      string   `json:"id"`
	All     int      `json:"all"`               // steps of the deck
	Edited  bool     `json:"edited,omitempty"`  // these are new since somebody has agreed
	Removed []string `json:"removed,omitempty"` // since then

	Steps []consentLine `json:"steps"`
}

type consentLine struct {
	Exercise string `json:"exercise"`
	Name     string `json:"name"`
	Text     string `json:"text"`
	Hidden   bool   `json:"hidden,omitempty"`
	Slide    string `json:"slide,omitempty"` // its number and title
	Risk     string `json:"risk,omitempty"`  // what deserves a second look
}

func consentOf(c *present.Consent) *consentView {
	if c == nil {
		return nil
	}
	v := &consentView{ID: consentID(c), All: c.All, Edited: c.Edited, Steps: []consentLine{}}
	for _, text := range c.Removed {
		v.Removed = append(v.Removed, page.Printable(text))
	}
	for _, script := range c.Scripts {
		v.Steps = append(v.Steps, consentLine{
			Name: page.Printable(script.Name), Text: page.Printable(script.Text), Hidden: true,
			Risk: strings.Join(runner.Risks(script.Text), ", "),
		})
	}
	for _, s := range c.Steps {
		line := consentLine{Exercise: page.Printable(s.Exercise.ID), Name: s.Directive, Text: page.Printable(s.Text), Hidden: s.Hidden}
		if s.Args != "" {
			line.Name += " " + page.Printable(s.Args)
		}
		line.Slide = fmt.Sprintf("%d · %s", s.Slide+1, page.Printable(s.Exercise.Title))
		if s.Snippet() {
			line.Risk = strings.Join(runner.Risks(s.Text), ", ")
		}
		if s.Skip != "" {
			line.Name += " (skipped)"
		}
		v.Steps = append(v.Steps, line)
	}
	return v
}

// consentID names the list that was shown.
func consentID(c *present.Consent) string {
	h := sha256.New()
	for _, script := range c.Scripts {
		fmt.Fprintf(h, "%q", script.Text)
	}
	fmt.Fprintf(h, "%d %v %q", c.Number, c.Edited, c.Removed)
	for _, s := range c.Steps {
		h.Write([]byte(stepID(s)))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// logEntry is a command that was run, with its output and its mark.
type logEntry struct {
	ID      int64    `json:"id"` // when it began, in microseconds: they follow one another
	Slide   int      `json:"slide"`
	Title   string   `json:"title"`
	Command string   `json:"command"`
	Keys    []string `json:"keys,omitempty"` // that were pressed while it ran
	Output  string   `json:"output,omitempty"`
	stepMark
}

// logMark changes whenever the log has, or the mark of its last command, or that of a visible step of a slide
// before the one that is shown: whoever has paged back sees it.
type logMark struct {
	Before   string `json:"before,omitempty"` // a digest of these marks
	Last     int64  `json:"last"`
	Revision int    `json:"revision,omitempty"` // rises when an entry is another one
	stepMark
}

func (s *Server) logMarkOf(state *present.State) logMark {
	m := logMark{Revision: state.Revision, Before: s.before.of(state)}
	if n := len(state.Log); n > 0 {
		m.Last = state.Log[n-1].Started.UnixMicro()
	}
	if e := state.LastEntry(); e != nil {
		m.stepMark = stepMark{e.Mark.State, e.Mark.Skipped}
	}
	return m
}

// marksBefore is a digest of the marks before a slide, made once for all pages.
type marksBefore struct {
	mu       sync.Mutex
	deck     *present.Deck
	slide    int
	outcomes **present.Outcome // the first one: they are replaced as a whole
	digest   string
}

func (m *marksBefore) of(s *present.State) string {
	var outcomes **present.Outcome
	if len(s.Outcomes) > 0 {
		outcomes = &s.Outcomes[0]
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.digest != "" && m.deck == s.Deck && m.slide == s.Slide && m.outcomes == outcomes {
		return m.digest
	}
	h := fnv.New64a()
	for _, step := range s.Deck.Steps {
		if step.Slide < s.Slide && !step.Hidden {
			mark := s.Mark(step)
			fmt.Fprint(h, mark.State, mark.Skipped, " ")
		}
	}
	m.deck, m.slide, m.outcomes, m.digest = s.Deck, s.Slide, outcomes, strconv.FormatUint(h.Sum64(), 36)
	return m.digest
}

// logFrom are up to n commands from one on. The output of the steps behind a command, such
// as keys, belongs to the command. A command that learners are not shown is left out.
func logFrom(s *present.State, from int64, n int) (entries []logEntry, more bool) {
	all, more := s.Entries(time.UnixMicro(from), n)
	entries = []logEntry{}
	for _, e := range all {
		step := e.Step
		one := logEntry{
			ID: e.Started.UnixMicro(), Slide: step.Slide + 1, Title: page.Printable(step.Exercise.Title),
			Command: page.Printable(strings.TrimRight(step.Text, "\n")), Output: page.Printable(e.Result.Output),
			stepMark: stepMark{e.Mark.State, e.Mark.Skipped},
		}
		for _, o := range e.Behind {
			if o.Step.Snippet() {
				break // a hidden command
			}
			one.Output += page.Printable(o.Result.Output)
			if o.Step.Kind() == runner.KindPresses {
				one.Keys = append(one.Keys, page.Printable(o.Step.Text))
			}
		}
		entries = append(entries, one)
	}
	return entries, more
}
