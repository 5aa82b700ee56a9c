package runner

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"workshop/markdown"
	"workshop/runner/figure"
)

// Plan holds the sessions of a run, in order: every typed byte, every condition.
type Plan struct {
	Decks    []*markdown.Deck
	Sessions []*Session
	Warnings markdown.ErrorList // skipped steps, see [Compiler]
}

// Session is a shell with its directory and stack, and the exercises that share it.
type Session struct {
	Name      string // of its chapter, or of the deck
	Deck      *markdown.Deck
	Workdir   string // inside the deck's file system; "" means the default
	Exercises []*Exercise
	Setup     []Script // before the first exercise, and behind the last one
	Teardown  []Script
	Env       []string // "name=value": variables of its shells
	// Applications are the Compose projects in its directory, by file: what they would run and use.
	// They are shown to those who are asked for consent, and not run here.
	Applications []Script
	Exclusive    bool // it runs alone: it measures this machine

	lastOnly bool // of snippets only the last commands are judged
}

// Exercise is a planned exercise of the deck.
type Exercise struct {
	*markdown.Exercise
	Title   string // of its slide
	Chapter *markdown.Chapter
	Slide   *markdown.Slide
	Setup   bool // it runs only because a selected exercise needs it
	Steps   []*Step
	Terms   []Term // under which it runs: the deck's, its chapter's and its own
	// Mistakes are the mistakes because of which it cannot run, see [Plan.Break].
	Mistakes markdown.ErrorList
}

// Step is a compiled directive.
type Step struct {
	*markdown.Step
	directive *directive
	op        operation
	mistake   *markdown.Error // because of which it cannot be carried out
	budget    time.Duration   // its limit, if the deck gives it none; 0: that of the run
	linked
}

// linked holds the properties of a step that the steps around it define, in its session.
type linked struct {
	watched  bool // the next step acts on the running command
	mayPass  bool // a status step follows keys, which it may be about: this command may end with 0, too
	captured bool // the output of its command is kept whole: a step reads it
	repeated bool // an until repeats it: only the last run is judged
	lastOnly bool // of its commands only the last is judged
	timed    bool // a step measures it by the clock

	status  *Status       // the required status of its command; nil: 0
	timeout time.Duration // the limit, instead of the run's
	rejects []*Step       // the steps with the rejected texts of its command
	instead *Step         // the step with the commands that are typed in its place

	measures []*Step // the figures of its claim
	claims   []*Step // about its figure
}

// Snippet reports whether the step types a command.
func (s *Step) Snippet() bool { return s.directive.snippet }

// Restore is a step as a report names it, for reading: it has neither a condition nor an action. It
// may have made a claim.
func Restore(step *markdown.Step, kind Kind, claim *Claim) *Step {
	d := findDirective(step.Directive)
	switch {
	case kind == KindIgnored:
		d = &skippedDirective
	case d == nil:
		d = &unknownDirective
	}
	return &Step{Step: step, directive: d, op: operation{kind: KindIgnored, claim: claim}}
}

// Exercises counts the exercises of the plan.
func (p *Plan) Exercises() (n int) {
	for _, s := range p.Sessions {
		n += len(s.Exercises)
	}
	return n
}

// Own counts the exercises that do not run merely as set-up.
func (p *Plan) Own() (n int) {
	for _, s := range p.Sessions {
		for _, e := range s.Exercises {
			if !e.Setup {
				n++
			}
		}
	}
	return n
}

// Compile turns decks into the plan that runs all of them. Every mistake of every
// step is found here, before anything runs: the error is a [markdown.ErrorList].
func Compile(decks ...*markdown.Deck) (*Plan, error) { return Compiler{}.Compile(decks...) }

// Compiler compiles decks. The zero value is as strict as it should be.
type Compiler struct {
	// Lenient skips steps with an unknown directive, and presses the key of keys ^C, as the
	// script did for which such decks were written. Plan.Warnings and the result name the
	// skipped steps.
	Lenient bool
	// LastOnly judges the last command of each snippet only, as that script did.
	LastOnly bool
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
		s.lastOnly = c.LastOnly
		s.prepare()
		s.link(&errs)
	}
	errs.Sort()
	p.Warnings.Sort()
	return p, errs.Err()
}

// compilation collects the mistakes of the decks.
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
					x.Steps = append(x.Steps, c.step(step))
				}
				x.Terms = x.terms(d)
				if len(e.Steps) > 0 { // else it is for reading only
					compiled[ch] = append(compiled[ch], x)
				}
			}
		}
	}
	return compiled
}

func (c *compilation) step(step *markdown.Step) *Step {
	if step.Skip != "" {
		return &Step{Step: step, directive: &skippedDirective, op: operation{kind: KindIgnored}}
	}
	d := findDirective(step.Directive)
	if d == nil {
		hint := "the directives are " + strings.Join(DirectiveNames(), ", ")
		if near := markdown.Suggest(step.Directive, DirectiveNames()); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		if c.Lenient {
			c.warnings.Add(CodeSkippedStep, step.Head(), hint, "unknown directive %q: the step is skipped", step.Directive)
			return &Step{Step: step, directive: &unknownDirective, op: operation{kind: KindIgnored}}
		}
		c.errs.Add(CodeUnknownDirective, step.Head(), hint, "unknown directive %q", step.Directive)
		return &Step{Step: step, directive: &unknownDirective, op: operation{kind: KindBroken}}
	}
	compile := d.compile
	if c.Lenient && d.lenient != nil {
		compile = d.lenient
	}
	op, err := compile(step)
	if err != nil {
		at, hint := step.Head(), d.hint()
		if part := (*figure.Error)(nil); errors.As(err, &part) {
			at, hint = step.At(part.Start, part.End), cmp.Or(part.Hint, hint)
		}
		c.errs.Add(CodeBadStep, at, hint, "%s: %v", d.name, err)
		op = operation{kind: KindBroken}
	}
	return &Step{Step: step, directive: d, op: op}
}

// sessions groups a deck's exercises by session. A chapter with a session of its own begins
// with the chapters that it needs.
func sessions(d *markdown.Deck, compiled map[*markdown.Chapter][]*Exercise) []*Session {
	var all []*Session
	var shared *Session
	for _, c := range d.Chapters {
		if mode(d, c) == markdown.SessionDeck {
			if shared == nil {
				shared = newSession(d, c)
				all = append(all, shared)
			}
			for _, need := range needs(d, c) {
				if mode(d, need) != markdown.SessionDeck { // it also runs in its own session
					shared.Exercises = append(shared.Exercises, setup(compiled[need])...)
				}
			}
			shared.Exercises = append(shared.Exercises, compiled[c]...)
			shared.Exclusive = shared.Exclusive || c.Exclusive
			continue
		}
		s := newSession(d, c)
		for _, need := range needs(d, c) {
			s.Exercises = append(s.Exercises, setup(compiled[need])...)
		}
		s.Exercises = append(s.Exercises, compiled[c]...)
		all = append(all, s)
	}
	return slices.DeleteFunc(all, func(s *Session) bool { return len(s.Exercises) == 0 })
}

// newSession is the empty session of a chapter's exercises.
func newSession(d *markdown.Deck, c *markdown.Chapter) *Session {
	if mode(d, c) == markdown.SessionDeck {
		return &Session{Name: d.Name, Deck: d, Workdir: d.Workdir}
	}
	return &Session{Name: c.Name, Deck: d, Workdir: cmp.Or(c.Workdir, d.Workdir), Exclusive: c.Exclusive}
}

// lastOnly reports whether only the last command of each snippet of a chapter is judged.
func lastOnly(d *markdown.Deck, c *markdown.Chapter) bool {
	if c.Statuses != "" {
		return c.Statuses == markdown.StatusesLast
	}
	return d.Statuses == markdown.StatusesLast
}

// mode is the session mode of a chapter.
func mode(d *markdown.Deck, c *markdown.Chapter) markdown.SessionMode {
	if c.Session != "" {
		return c.Session
	}
	return d.Session
}

// needs are the chapters that a chapter needs, directly or not, in the deck's order.
func needs(d *markdown.Deck, c *markdown.Chapter) []*markdown.Chapter {
	if len(c.Needs) == 0 {
		return nil
	}
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

// setup are copies of exercises that run because another exercise needs them.
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

// link sets the linked properties of each step of a session, and finds misplaced steps, which
// can then not be carried out. Without a list for them nothing is found.
func (s *Session) link(errs *markdown.ErrorList) {
	l := linker{errs: errs, figures: map[string]*Step{}}
	for _, e := range s.Exercises {
		l.begin()
		lastOnly := s.lastOnly || lastOnly(s.Deck, e.Chapter) ||
			slices.ContainsFunc(e.Steps, func(step *Step) bool { return step.op.lastOnly })
		for _, step := range e.Steps {
			step.linked = linked{lastOnly: lastOnly}
			if ok, hint, message := l.place(step); !ok {
				l.fail(CodeNoSnippet, step, step.Head(), hint, "%s %s", step.Directive, message)
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
	open   bool    // only steps that alter the snippet have come since then
	last   *Step   // of this exercise, without those that alter one
	copied bool    // a copy has come

	figures map[string]*Step // the last step that defines each
	errs    *markdown.ErrorList
}

// fail reports a mistake of a step, which can then not be carried out. Without a list for them
// nothing is found.
func (l *linker) fail(code markdown.Code, step *Step, at markdown.Span, hint, format string, args ...any) {
	if l.errs != nil {
		l.errs.Add(code, at, hint, format, args...)
		step.op = operation{kind: KindBroken}
	}
}

func (l *linker) begin() { l.own, l.last = false, nil }

// place reports whether a step may stand in its place.
func (l *linker) place(step *Step) (ok bool, hint, message string) {
	hint = "put a bash step before it"
	switch f := step.directive.follows; {
	case step.Snippet() || step.leftOut() || f == anything:
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

// snippet is the last snippet, if it is of this exercise.
func (l *linker) snippet() *Step {
	if !l.own {
		return nil
	}
	return l.typed[0]
}

// add goes on to a step that stands in its place.
func (l *linker) add(step *Step) {
	d := step.directive
	if step.leftOut() && !d.snippet { // a snippet that cannot be read is one for the steps behind it
		return
	}
	if d.snippet {
		l.typed, l.own = []*Step{step}, true
	}
	if d.links != nil {
		d.links(l, step)
	}
	if l.open && d.watches && !step.op.template {
		l.typed[0].watched = true
	}
	if step.op.kind != KindAlters {
		l.open, l.last = d.snippet, step
	}
}

// addKeys adds a step that types keys, perhaps a command of their own.
func (l *linker) addKeys(step *Step) {
	if len(l.typed) > 0 {
		l.typed = append(l.typed, step)
	}
}
