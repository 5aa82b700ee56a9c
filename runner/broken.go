package runner

import (
	"cmp"
	"slices"
	"strconv"

	"workshop/markdown"
)

// Break gives the mistakes of decks to the exercises in which they stand: these are broken, and
// the others run. A mistake on a slide, outside of its exercises, becomes a broken exercise of its
// own. The result holds the other mistakes, which stand on no slide; those on slides that are
// excluded are dropped.
func (p *Plan) Break(mistakes markdown.ErrorList) (others markdown.ErrorList) {
	if len(mistakes) == 0 {
		return nil
	}
	b := newBreaker(p)
	for _, m := range mistakes {
		owners := b.places.at(m.Pos)
		if owners == nil {
			others = append(others, m)
			continue
		}
		for _, at := range owners {
			b.add(at, m)
		}
	}
	return others
}

// Readable reports whether an exercise of the plan can run.
func (p *Plan) Readable() bool { return slices.ContainsFunc(p.Sessions, (*Session).readable) }

func (s *Session) readable() bool {
	return slices.ContainsFunc(s.Exercises, func(e *Exercise) bool { return len(e.Mistakes) == 0 })
}

// runs reports whether an exercise of the session may run.
func (s *Session) runs() bool {
	return slices.ContainsFunc(s.Exercises, func(e *Exercise) bool { return len(e.Mistakes) == 0 && e.skipped() == nil })
}

// Mistake is the mistake because of which the step cannot be carried out; nil if there is none.
func (s *Step) Mistake() *markdown.Error { return s.mistake }

// Template reports whether the step opens a URL with a placeholder: a presenter sees it, and a run
// skips it.
func (s *Step) Template() bool { return s.op.template }

// leftOut reports whether the step does nothing: its directive is unknown, or it cannot be read.
func (s *Step) leftOut() bool { return s.op.kind == KindIgnored || s.op.kind == KindBroken }

// place is the beginning of a stretch of a file that belongs to a slide, an exercise or a step.
type place struct {
	pos      markdown.Pos
	deck     *markdown.Deck
	chapter  *markdown.Chapter
	slide    *markdown.Slide
	exercise *markdown.Exercise // nil outside of exercises
	step     *markdown.Step     // nil before its first step
}

// places are the places of decks, in the order of their positions.
type places []place

func (p *Plan) places() (all places) {
	for _, d := range p.Decks {
		for _, c := range d.Chapters {
			for _, s := range c.Slides {
				here := place{pos: s.Pos, deck: d, chapter: c, slide: s}
				all = append(all, here)
				for _, e := range s.Exercises {
					inside := here
					inside.pos, inside.exercise = e.Pos, e
					all = append(all, inside)
					for _, step := range e.Steps {
						inside.pos, inside.step = step.Pos, step
						all = append(all, inside)
					}
					here.pos = e.End
					all = append(all, here)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b place) int { return a.pos.Compare(b.pos) })
	return all
}

// at are the places that a position belongs to; several if the file is read several times.
func (all places) at(pos markdown.Pos) []place {
	n, _ := slices.BinarySearchFunc(all, pos, func(p place, pos markdown.Pos) int { return cmp.Or(p.pos.Compare(pos), -1) })
	if n == 0 || all[n-1].pos.File != pos.File {
		return nil
	}
	last := all[n-1]
	var found []place
	for i := n - 1; i >= 0 && all[i].pos == last.pos; i-- {
		// An exercise may end where the next slide begins: the slide is the later one.
		if p := all[i]; !slices.ContainsFunc(found, func(o place) bool { return o.chapter == p.chapter }) {
			found = append(found, p)
		}
	}
	return found
}

// breaker gives mistakes to the exercises of a plan.
type breaker struct {
	*Plan
	places places
	of     map[*markdown.Exercise][]*Exercise // set-up included
	order  map[*markdown.Slide]int
	ids    map[string]int // exercises by the id without its number
}

func newBreaker(p *Plan) *breaker {
	b := &breaker{
		Plan: p, places: p.places(), of: map[*markdown.Exercise][]*Exercise{}, order: map[*markdown.Slide]int{}, ids: map[string]int{},
	}
	for _, s := range p.Sessions {
		for _, e := range s.Exercises {
			b.of[e.Exercise] = append(b.of[e.Exercise], e)
		}
	}
	for _, d := range p.Decks {
		for _, c := range d.Chapters {
			for _, s := range c.Slides {
				b.order[s] = len(b.order)
			}
		}
	}
	return b
}

// add gives a mistake to the exercise at a place.
func (b *breaker) add(at place, m *markdown.Error) {
	if at.slide.Excluded {
		return
	}
	planned := b.of[at.exercise]
	for _, e := range planned {
		e.Mistakes = append(e.Mistakes, m)
		for _, step := range e.Steps {
			if step.Step == at.step && step.mistake == nil {
				step.mistake = m
			}
		}
	}
	if len(planned) == 0 {
		b.insert(b.sessionOf(at.deck, at.chapter), b.unreadable(at, m))
	}
}

// unreadable is the exercise for a mistake on a slide.
func (b *breaker) unreadable(at place, m *markdown.Error) *Exercise {
	id := at.chapter.Name + "/" + cmp.Or(markdown.Slug(at.slide.Title), "slide-"+strconv.Itoa(at.slide.Number))
	if at.exercise != nil { // it has no steps
		id = at.exercise.ID
	}
	if b.ids[id]++; b.ids[id] > 1 || at.exercise == nil && len(at.slide.Exercises) > 0 {
		id += "-unread-" + strconv.Itoa(b.ids[id])
	}
	return &Exercise{
		Exercise: &markdown.Exercise{ID: id, Pos: m.Pos, End: m.Pos},
		Title:    at.slide.Title, Chapter: at.chapter, Slide: at.slide, Mistakes: markdown.ErrorList{m},
	}
}

// sessionOf is the session of a chapter's own exercises.
func (b *breaker) sessionOf(d *markdown.Deck, c *markdown.Chapter) *Session {
	fresh := newSession(d, c)
	for _, s := range b.Sessions {
		if s.Deck == d && s.Name == fresh.Name {
			return s
		}
	}
	b.Sessions = append(b.Sessions, fresh)
	return fresh
}

// insert puts an exercise before those of later slides.
func (b *breaker) insert(s *Session, e *Exercise) {
	at := slices.IndexFunc(s.Exercises, func(o *Exercise) bool { return !o.Setup && b.order[o.Slide] > b.order[e.Slide] })
	if at < 0 {
		at = len(s.Exercises)
	}
	s.Exercises = slices.Insert(s.Exercises, at, e)
}

// unreadable is the result of an exercise with mistakes.
func (r *run) unreadable(e *Exercise) *ExerciseResult {
	m := e.Mistakes[0]
	return r.notRun(e, Broken, &Failure{Pos: m.Pos, Message: m.Message, Hint: m.Hint})
}

// Misread reports whether the plan is broken by mistakes of its decks alone: the environment is not.
func (r *Result) Misread() bool {
	misread := false
	for _, s := range r.Sessions {
		if s.Failure != nil && s.Verdict == Broken {
			return false
		}
		for _, e := range s.Exercises {
			if e.Verdict == Broken && len(e.Mistakes) == 0 {
				return false
			}
			misread = misread || e.Verdict == Broken
		}
	}
	return misread
}
