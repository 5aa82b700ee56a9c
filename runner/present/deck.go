package present

import (
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner"
)

// Deck is a deck as it is presented: the slides that are shown, in order, and their
// steps. It is never changed; a deck that was edited is another one.
type Deck struct {
	Title   string
	Slides  []*Slide
	Steps   []*Step // of all slides, in order
	Plan    *runner.Plan
	digest  string // of all that would be typed
	places  map[place]*Step
	planned map[*runner.Step]*Step
}

// place is where a step stands: an exercise, and the number in it.
type place struct {
	exercise string
	number   int
}

// Slide is a slide that is shown. An increment is a slide of its own, which also shows
// the content of the increments before it.
type Slide struct {
	Index   int // in the deck, from 0; its number is one more
	Chapter *markdown.Chapter
	Parts   []*markdown.Slide // from the first of its increments to its own
	Steps   []*Step           // of all its parts
	Own     int               // the first step that is new on it
}

// Slide is the part that is its own.
func (s *Slide) Slide() *markdown.Slide { return s.Parts[len(s.Parts)-1] }

// Title is the title of the slide, or of its chapter.
func (s *Slide) Title() string {
	if t := s.Slide().Title; t != "" {
		return t
	}
	return s.Chapter.Title
}

// Notes are the speaker's notes of all parts.
func (s *Slide) Notes() string {
	var notes []string
	for _, p := range s.Parts {
		if p.Notes != "" {
			notes = append(notes, p.Notes)
		}
	}
	return strings.Join(notes, "\n\n")
}

// Source is the Markdown of all parts.
func (s *Slide) Source() string {
	if len(s.Parts) == 1 {
		return s.Parts[0].Source
	}
	var parts []string
	for _, p := range s.Parts {
		parts = append(parts, p.Source)
	}
	return strings.Join(parts, "\n\n")
}

// Step is a step of a slide.
type Step struct {
	*runner.Step
	Index    int // in the deck, from 0
	Exercise *runner.Exercise
	Session  *runner.Session
	Number   int // in its exercise, from 0
	Slide    int // the first slide that shows it
}

// Summary is the step on one line.
func (s *Step) Summary() string {
	first, rest, _ := strings.Cut(strings.TrimSpace(s.Text), "\n")
	if strings.TrimSpace(rest) != "" {
		first += " …"
	}
	switch {
	case s.Mistake() != nil:
		return "(cannot be run) " + s.Directive + " " + first
	case s.Snippet() && !s.Hidden:
		return first
	case s.Snippet():
		return "(hidden) " + first
	}
	return s.Directive + " " + first
}

// NewDeck makes the deck of a plan of which nothing has been selected away.
func NewDeck(plan *runner.Plan) *Deck {
	d := &Deck{Plan: plan, places: map[place]*Step{}, planned: map[*runner.Step]*Step{}}
	type home struct {
		exercise *runner.Exercise
		session  *runner.Session
	}
	planned := map[*markdown.Exercise]home{}
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			if !e.Setup {
				planned[e.Exercise] = home{e, s}
			}
		}
	}
	for _, deck := range plan.Decks {
		if d.Title == "" {
			d.Title = deck.Title
		}
		for _, c := range deck.Chapters {
			var before *Slide
			for _, s := range c.Slides {
				if s.Excluded {
					continue
				}
				slide := &Slide{Index: len(d.Slides), Chapter: c}
				if s.Increment && before != nil {
					slide.Parts = append(slide.Parts, before.Parts...)
					slide.Steps = append(slide.Steps, before.Steps...)
				}
				slide.Parts = append(slide.Parts, s)
				slide.Own = len(slide.Steps)
				for _, e := range s.Exercises {
					h, ok := planned[e]
					if !ok {
						continue
					}
					for i, step := range h.exercise.Steps {
						st := &Step{Step: step, Index: len(d.Steps), Exercise: h.exercise, Session: h.session, Number: i, Slide: slide.Index}
						slide.Steps = append(slide.Steps, st)
						d.Steps = append(d.Steps, st)
						d.places[place{h.exercise.ID, i}] = st
						d.planned[step] = st
					}
				}
				d.Slides = append(d.Slides, slide)
				before = slide
			}
		}
	}
	d.digest = digest(plan)
	return d
}

// scripts are those around the sessions of the deck, and the commands of the applications of the sessions.
func (d *Deck) scripts() (all []runner.Script) {
	for _, s := range d.Plan.Sessions {
		all = append(append(all, s.Setup...), s.Teardown...)
		for _, a := range s.Applications {
			if !slices.Contains(all, a) { // sessions may share a directory
				all = append(all, a)
			}
		}
	}
	return all
}

// Find is the slide that a number, a slide's name, the id of an exercise, or the name of
// a chapter or part means; -1 if there is none.
func (d *Deck) Find(what string) int {
	what = strings.TrimPrefix(strings.TrimSpace(what), "#")
	if n, ok := number(what); ok {
		if n < 1 || len(d.Slides) == 0 {
			return -1
		}
		return min(n, len(d.Slides)) - 1
	}
	for _, s := range d.Steps {
		if s.Exercise.ID == what {
			return s.Slide
		}
	}
	for _, s := range d.Slides {
		m := s.Slide()
		if m.Name == what || s.Chapter.Name == what || m.Part != "" && markdown.Slug(m.Part) == what ||
			m.Title != "" && markdown.Slug(m.Title) == what || s.Chapter.Name+"/"+markdown.Slug(m.Title) == what {
			return s.Index
		}
	}
	return -1
}

func number(s string) (n int, ok bool) {
	if s == "" || len(s) > 7 {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// search is the next slide from one on, in a direction, that holds a text, in any case;
// -1 if there is none. It goes round once.
func (d *Deck) search(text string, from, step int) int {
	text = strings.ToLower(text)
	n := len(d.Slides)
	for i, at := 0, from; i < n; i++ {
		at = ((at+step)%n + n) % n
		s := d.Slides[at].Slide()
		has := func(part string) bool { return strings.Contains(strings.ToLower(part), text) }
		if has(s.Title) && !s.Increment || has(s.Source) || has(s.Notes) {
			return at
		}
	}
	return -1
}

// mark says which slide it is in a manner that survives edits elsewhere in the deck.
type mark struct {
	Chapter string `json:"chapter"`
	Name    string `json:"name,omitempty"`
	Title   string `json:"title"`
	Nth     int    `json:"nth,omitempty"` // among those that are alike, from 0
}

func (d *Deck) mark(at int) mark {
	m, nth := d.Slides[at].mark(), 0
	for _, s := range d.Slides[:at] {
		if s.mark() == m {
			nth++
		}
	}
	m.Nth = nth
	return m
}

func (s *Slide) mark() mark {
	return mark{Chapter: s.Chapter.Name, Name: s.Slide().Name, Title: s.Title()}
}

// marked is the slide with a mark, else the last one that is alike, else the one that
// stood at a place.
func (d *Deck) marked(m mark, at int) int {
	last, nth := min(at, len(d.Slides)-1), m.Nth
	m.Nth = 0
	for _, s := range d.Slides {
		if s.mark() == m {
			if last = s.Index; nth == 0 {
				break
			}
			nth--
		}
	}
	return max(last, 0)
}
