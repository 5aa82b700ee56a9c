// Package runner runs decks: it compiles decks into a plan, types the plan into
// shells, emits events and gives verdicts.
package runner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"workshop/markdown"
)

// Plan is what will run, in order: every byte to be typed, every condition.
type Plan struct {
	Decks    []*markdown.Deck
	Sessions []*Session
	Warnings markdown.ErrorList // steps that are skipped, see [Compiler]
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
	linked
}

// linked is what the steps around a step say of it, in its session.
type linked struct {
	watched bool          // by a step that has to do with its command while it runs
	status  *Status       // with which its command must end; nil: 0
	orZero  bool          // or 0, as keys follow that may be the command which status is about
	timeout time.Duration // instead of the run's limit
	rejects []*Step       // say what its command must not output
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
func Compile(decks ...*markdown.Deck) (*Plan, error) { return Compiler{}.Compile(decks...) }

// Compiler compiles decks. The zero value is as strict as it should be.
type Compiler struct {
	// Lenient skips steps whose directive does not exist, as the script did that decks of
	// this kind were written for, but says so: in Plan.Warnings and in the result.
	Lenient bool
}

// Compile is the function of this name, for this compiler.
func (c Compiler) Compile(decks ...*markdown.Deck) (*Plan, error) {
	p := &Plan{Decks: decks}
	var errs markdown.ErrorList
	all := compilation{Compiler: c, errs: &errs, warnings: &p.Warnings}
	for _, d := range decks {
		p.Sessions = append(p.Sessions, sessions(d, all.deck(d))...)
	}
	for _, s := range p.Sessions {
		s.link(&errs)
	}
	errs.Sort()
	p.Warnings.Sort()
	return p, errs.Err()
}

// compilation is what has been found while compiling.
type compilation struct {
	Compiler
	errs, warnings *markdown.ErrorList
}

// deck compiles the exercises that are not excluded, by chapter.
func (c *compilation) deck(d *markdown.Deck) map[*markdown.Chapter][]*Exercise {
	compiled := map[*markdown.Chapter][]*Exercise{}
	for _, ch := range d.Chapters {
		for _, slide := range ch.Slides {
			if slide.Excluded {
				continue
			}
			for _, e := range slide.Exercises {
				x := &Exercise{Exercise: e, Title: slide.Title, Chapter: ch, Slide: slide}
				for _, step := range e.Steps {
					if s := c.step(step); s != nil {
						x.Steps = append(x.Steps, s)
					}
				}
				if len(e.Steps) > 0 { // else it is for reading, and nothing is verified
					compiled[ch] = append(compiled[ch], x)
				}
			}
		}
	}
	return compiled
}

func (c *compilation) step(step *markdown.Step) *Step {
	d := findDirective(step.Directive)
	if d == nil {
		hint := "the directives are " + strings.Join(DirectiveNames(), ", ")
		if near := markdown.Suggest(step.Directive, DirectiveNames()); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		if c.Lenient {
			c.warnings.Add(CodeSkippedStep, step.Head(), hint, "unknown directive %q: the step is skipped", step.Directive)
			return &Step{Step: step, directive: &unknownDirective, op: operation{kind: Ignored}}
		}
		c.errs.Add(CodeUnknownDirective, step.Head(), hint, "unknown directive %q", step.Directive)
		return nil
	}
	op, err := d.compile(step)
	if err != nil {
		c.errs.Add(CodeBadStep, step.Head(), d.hint(), "%s: %v", d.name, err)
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
		c.Steps = make([]*Step, len(e.Steps)) // another session has other steps around them
		for j, step := range e.Steps {
			s := *step
			c.Steps[j] = &s
		}
		copies[i] = &c
	}
	return copies
}

// link tells each step of a session what the steps around it say of it, and finds those
// that stand where they cannot.
func (s *Session) link(errs *markdown.ErrorList) {
	var l linker
	for _, e := range s.Exercises {
		l.begin()
		for _, step := range e.Steps {
			step.linked = linked{}
			if ok, hint, message := l.place(step); !ok {
				errs.Add(CodeNoSnippet, step.Head(), hint, "%s %s", step.Directive, message)
				continue
			}
			l.add(step)
		}
	}
}

// linker goes through the steps of a session.
type linker struct {
	typed  []*Step // the last snippet, and the keys since then
	own    bool    // the snippet is of this exercise
	open   bool    // nothing but what alters it has come since then
	last   *Step   // of this exercise, but for those that alter one
	copied bool    // something
}

func (l *linker) begin() { l.own, l.last = false, nil }

// place reports whether a step may stand where it does.
func (l *linker) place(step *Step) (ok bool, hint, message string) {
	hint = "put a bash step before it"
	switch f := step.directive.follows; {
	case step.Snippet() || f == anything:
	case f == aCopy && !l.copied:
		return false, "put a copy step before it", "comes before any copy of its session"
	case f == anyStep && l.last == nil:
		return false, "it is about the step before it", "comes before any step of its exercise"
	case f == anyStep && l.last.timeout > 0:
		return false, "one is enough", "comes after another one: the step before it has a limit"
	case f == anyStep:
	case (f == ownSnippet || f == justBehind) && !l.own:
		return false, hint, "comes before any snippet of its exercise"
	case len(l.typed) == 0:
		return false, hint, "comes before any snippet of its session"
	case f == justBehind && !l.open:
		return false, "put it right behind the snippet", "is about a snippet, and other steps stand between them"
	}
	return true, "", ""
}

// snippet is the last one, if it is of this exercise.
func (l *linker) snippet() *Step {
	if !l.own {
		return nil
	}
	return l.typed[0]
}

func (l *linker) add(step *Step) {
	d, op := step.directive, &step.op
	if op.kind == Ignored {
		return
	}
	switch {
	case d.snippet:
		l.typed, l.own, l.open = []*Step{step}, true, true
	case op.timeout > 0:
		l.last.timeout = op.timeout
		if s := l.snippet(); s != nil && l.last.op.condition.Ends && !s.watched && s.timeout == 0 {
			s.timeout = op.timeout // it is the snippet that waits for the end
		}
	case op.condition.Lacks != nil:
		l.typed[0].rejects = append(l.typed[0].rejects, step)
	case op.kind == Judges && op.condition.Status != nil:
		// Whichever of them the command comes from.
		for i, t := range l.typed {
			t.status, t.orZero = op.condition.Status, i < len(l.typed)-1
		}
	case (op.kind == Presses || op.pastes) && len(l.typed) > 0:
		l.typed = append(l.typed, step)
	}
	l.copied = l.copied || op.kind == Copies
	if l.open && d.watches {
		l.typed[0].watched = true
	}
	if op.kind != Alters {
		l.open = d.snippet
		l.last = step
	}
}
