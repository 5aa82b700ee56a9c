// Package runner runs decks: it compiles decks into a plan, types the plan into
// shells, emits events and gives verdicts.
package runner

import (
	"fmt"
	"slices"
	"strings"

	"workshop/markdown"
)

// Plan is what will run, in order: every byte to be typed, every condition.
type Plan struct {
	Decks    []*markdown.Deck
	Sessions []*Session
}

// Session is a shell with its directory and stack, and the exercises that share it.
type Session struct {
	Name      string // of its chapter, or of the deck
	Deck      *markdown.Deck
	Workdir   string // inside the deck's file system; "" means the default
	Exercises []*Exercise
}

// Exercise is a planned exercise of the deck.
type Exercise struct {
	*markdown.Exercise
	Title   string // of its slide
	Chapter *markdown.Chapter
	Slide   *markdown.Slide
	Setup   bool // runs only because something selected needs it
	Steps   []*Step
}

// Step is a compiled directive.
type Step struct {
	*markdown.Step
	directive *directive
	op        operation
}

// Snippet reports whether the step types a command.
func (s *Step) Snippet() bool { return s.directive.snippet }

// Exercises counts the exercises of the plan.
func (p *Plan) Exercises() (n int) {
	for _, s := range p.Sessions {
		n += len(s.Exercises)
	}
	return n
}

// Compile turns decks into the plan that runs all of them. Every mistake of every
// step is found here, before anything runs: the error is a [markdown.ErrorList].
func Compile(decks ...*markdown.Deck) (*Plan, error) {
	var errs markdown.ErrorList
	p := &Plan{Decks: decks}
	for _, d := range decks {
		p.Sessions = append(p.Sessions, sessions(d, compileDeck(d, &errs))...)
	}
	for _, s := range p.Sessions {
		s.checkOrder(&errs)
	}
	errs.Sort()
	return p, errs.Err()
}

// compileDeck compiles the exercises that are not excluded, by chapter.
func compileDeck(d *markdown.Deck, errs *markdown.ErrorList) map[*markdown.Chapter][]*Exercise {
	compiled := map[*markdown.Chapter][]*Exercise{}
	for _, c := range d.Chapters {
		for _, slide := range c.Slides {
			if slide.Excluded {
				continue
			}
			for _, e := range slide.Exercises {
				x := &Exercise{Exercise: e, Title: slide.Title, Chapter: c, Slide: slide}
				for _, step := range e.Steps {
					if s := compileStep(step, errs); s != nil {
						x.Steps = append(x.Steps, s)
					}
				}
				if len(e.Steps) > 0 { // else it is for reading, and nothing is verified
					compiled[c] = append(compiled[c], x)
				}
			}
		}
	}
	return compiled
}

func compileStep(step *markdown.Step, errs *markdown.ErrorList) *Step {
	d := findDirective(step.Directive)
	if d == nil {
		hint := "the directives are " + strings.Join(DirectiveNames(), ", ")
		if near := markdown.Suggest(step.Directive, DirectiveNames()); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		errs.Add(CodeUnknownDirective, step.Head(), hint, "unknown directive %q", step.Directive)
		return nil
	}
	op, err := d.compile(step)
	if err != nil {
		errs.Add(CodeBadStep, step.Head(), d.usage, "%s: %v", d.name, err)
		return nil
	}
	return &Step{Step: step, directive: d, op: op}
}

// sessions groups a deck's exercises by what they share. A chapter with a session of
// its own begins with those that it needs.
func sessions(d *markdown.Deck, compiled map[*markdown.Chapter][]*Exercise) []*Session {
	var all []*Session
	var shared *Session
	for _, c := range d.Chapters {
		if mode(d, c) == markdown.SessionDeck {
			if shared == nil {
				shared = &Session{Name: d.Name, Deck: d, Workdir: d.Workdir}
				all = append(all, shared)
			}
			for _, need := range needs(d, c) {
				if mode(d, need) != markdown.SessionDeck { // it runs elsewhere, too
					shared.Exercises = append(shared.Exercises, setup(compiled[need])...)
				}
			}
			shared.Exercises = append(shared.Exercises, compiled[c]...)
			continue
		}
		s := &Session{Name: c.Name, Deck: d, Workdir: c.Workdir}
		if s.Workdir == "" {
			s.Workdir = d.Workdir
		}
		for _, need := range needs(d, c) {
			s.Exercises = append(s.Exercises, setup(compiled[need])...)
		}
		s.Exercises = append(s.Exercises, compiled[c]...)
		all = append(all, s)
	}
	return slices.DeleteFunc(all, func(s *Session) bool { return len(s.Exercises) == 0 })
}

// mode is the session mode of a chapter.
func mode(d *markdown.Deck, c *markdown.Chapter) markdown.SessionMode {
	if c.Session != "" {
		return c.Session
	}
	return d.Session
}

// needs are the chapters that one needs, directly or not, in the deck's order.
func needs(d *markdown.Deck, c *markdown.Chapter) []*markdown.Chapter {
	wanted := map[string]bool{}
	var want func(c *markdown.Chapter)
	want = func(c *markdown.Chapter) {
		for _, o := range d.Chapters {
			if slices.Contains(c.Needs, o.Name) && !wanted[o.Name] {
				wanted[o.Name] = true
				want(o)
			}
		}
	}
	want(c)
	var found []*markdown.Chapter
	for _, o := range d.Chapters {
		if wanted[o.Name] && o != c {
			found = append(found, o)
		}
	}
	return found
}

// setup are copies of exercises that run because something else needs them.
func setup(exercises []*Exercise) []*Exercise {
	copies := make([]*Exercise, len(exercises))
	for i, e := range exercises {
		c := *e
		c.Setup = true
		copies[i] = &c
	}
	return copies
}

// checkOrder finds steps that look at a snippet where there is none before them.
func (s *Session) checkOrder(errs *markdown.ErrorList) {
	for _, e := range s.Exercises {
		for _, step := range e.Steps {
			if step.Snippet() {
				return
			}
			errs.Add(CodeNoSnippet, step.Head(), "put a bash step before it", "%s comes before any snippet of its session", step.Directive)
		}
	}
}
