package runner

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"workshop/markdown"
)

// ErrNothingSelected says that a selection is valid but holds no exercise.
var ErrNothingSelected = errors.New("no exercise is selected")

// Selection selects a part of a plan. Every given kind must match, by one of its values. The
// zero value selects everything.
type Selection struct {
	Chapters  []string // file stem, manifest name, or slug of a `# Title`
	Slides    []Range
	Exercises []string                    // ids
	Picked    map[*markdown.Exercise]bool // nil: all
	FromStart bool                        // run the exercises before them in the session, as set-up
}

// Range is a range of slide numbers, inclusive.
type Range struct{ First, Last int }

// ParseRange reads N or N-M.
func ParseRange(s string) (Range, error) {
	first, last, ranged := strings.Cut(s, "-")
	if !ranged {
		last = first
	}
	a, err1 := strconv.Atoi(strings.TrimSpace(first))
	b, err2 := strconv.Atoi(strings.TrimSpace(last))
	if err1 != nil || err2 != nil || a < 1 || b < a {
		return Range{}, fmt.Errorf("%q is no slide number N nor range N-M", s)
	}
	return Range{a, b}, nil
}

// Empty reports whether the selection selects everything.
func (sel Selection) Empty() bool {
	return len(sel.Chapters) == 0 && len(sel.Slides) == 0 && len(sel.Exercises) == 0 && sel.Picked == nil
}

// chapter reports whether the selected chapters include this slide of this chapter.
func (sel Selection) chapter(c *markdown.Chapter, s *markdown.Slide) bool {
	return len(sel.Chapters) == 0 || slices.ContainsFunc(sel.Chapters, func(name string) bool {
		return name == c.Name || s != nil && s.Part != "" && name == markdown.Slug(s.Part) || name == markdown.Slug(c.Title)
	})
}

func (sel Selection) slide(n int) bool {
	return len(sel.Slides) == 0 || slices.ContainsFunc(sel.Slides, func(r Range) bool { return r.First <= n && n <= r.Last })
}

// Includes reports whether a slide is selected, and its exercise e unless that is nil.
func (sel Selection) Includes(c *markdown.Chapter, s *markdown.Slide, e *markdown.Exercise) bool {
	return sel.chapter(c, s) && sel.slide(s.Number) &&
		(len(sel.Exercises) == 0 || e != nil && slices.Contains(sel.Exercises, e.ID)) &&
		(sel.Picked == nil || e != nil && sel.Picked[e])
}

// Check finds unknown names; the error lists the names in the decks.
func (sel Selection) Check(decks []*markdown.Deck) error {
	if len(sel.Chapters) == 0 && len(sel.Exercises) == 0 {
		return nil
	}
	var chapters, parts, ids []string
	for _, d := range decks {
		for _, c := range d.Chapters {
			chapters = append(chapters, c.Name)
			parts = append(parts, markdown.Slug(c.Title))
			for _, s := range c.Slides {
				if s.Part != "" {
					parts = append(parts, markdown.Slug(s.Part))
				}
				for _, e := range s.Exercises {
					ids = append(ids, e.ID)
				}
			}
		}
	}
	known := map[string]bool{}
	for _, c := range chapters {
		known[c] = true
	}
	for _, p := range parts {
		if !known[p] {
			known[p] = true
			chapters = append(chapters, p)
		}
	}
	return errors.Join(unknown("chapter", sel.Chapters, chapters), unknown("exercise", sel.Exercises, ids))
}

func unknown(kind string, wanted, known []string) error {
	for _, w := range wanted {
		if slices.Contains(known, w) {
			continue
		}
		hint := ""
		if near := markdown.Suggest(w, known); near != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", near)
		}
		return fmt.Errorf("there is no %s %q%s; there are: %s", kind, w, hint, strings.Join(known, ", "))
	}
	return nil
}

// Select narrows the plan to a selection and the exercises that it needs. The error is
// [ErrNothingSelected], a [markdown.ErrorList] if a selected exercise would begin in the
// middle of another's program, or names the unknown name.
func (p *Plan) Select(sel Selection) error {
	if err := sel.Check(p.Decks); err != nil {
		return err
	}
	var errs markdown.ErrorList
	var kept []*Session
	for _, s := range p.Sessions {
		if s.narrow(sel.exercise, sel.FromStart, &errs) {
			kept = append(kept, s)
		}
	}
	p.Sessions = kept
	if len(kept) == 0 {
		return ErrNothingSelected
	}
	for _, s := range kept {
		s.link(nil) // misplaced steps are reported by Compile, or better above
	}
	errs.Sort()
	return errs.Err()
}

// exercise reports whether an exercise of a plan is selected.
func (sel Selection) exercise(e *Exercise) bool { return sel.Includes(e.Chapter, e.Slide, e.Exercise) }

// narrow keeps the selected exercises of a session and those that they need, or all before them.
func (s *Session) narrow(selected func(*Exercise) bool, fromStart bool, errs *markdown.ErrorList) bool {
	chosen := func(e *Exercise) bool { return !e.Setup && selected(e) }
	last := -1
	needed := map[*markdown.Chapter]bool{}
	for i, e := range s.Exercises {
		if !chosen(e) {
			continue
		}
		last = i
		for _, n := range needs(s.Deck, e.Chapter) {
			needed[n] = true
		}
	}
	if last < 0 {
		return false
	}
	var kept []*Exercise
	follows := true // the exercise before is kept as well
	for i, e := range s.Exercises {
		switch {
		case chosen(e):
		case i < last && (fromStart || needed[e.Chapter]):
			e = setup([]*Exercise{e})[0]
		default:
			follows = false
			continue
		}
		// A chapter with needs begins after the chapters that it needs.
		if needing := len(kept) > 0 && len(e.Chapter.Needs) > 0 && s.Exercises[i-1].Chapter != e.Chapter; !follows && !needing {
			e.checkBeginning(errs)
		}
		kept, follows = append(kept, e), true
	}
	s.Exercises = kept
	return true
}

// Verifies reports whether the exercise has a step that is carried out.
func (e *Exercise) Verifies() bool { return e.last() != nil }

// checkBeginning finds steps that need a command of an earlier exercise.
func (e *Exercise) checkBeginning(errs *markdown.ErrorList) {
	if len(e.Mistakes) > 0 { // it does not begin at all
		return
	}
	if step := e.beginning(); step != nil {
		errs.Add(CodeSelection, step.Head(), "add --from-start, or select what comes before as well",
			"the selection begins here in the middle of what an exercise before it started")
	}
}
