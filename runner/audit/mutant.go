package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"workshop/markdown"
	"workshop/runner"
)

// Subject is a session that has passed, with the known facts of its surroundings.
type Subject struct {
	Session *runner.Session
	Result  *runner.SessionResult
	Surroundings
}

// Surroundings are the properties of a session's machine that mutants change.
type Surroundings struct {
	Installed func(program string) bool // outside the bundled commands
	Network   bool                      // the session has the machine's network
	Locale    string                    // in force
	Look      string                    // of the Compose commands; "": the session uses none
	Services  []Service                 // that have run
}

// Service is a service that has run in a session.
type Service struct {
	Name  string
	Calls []Call // to its ports
}

// Call is a way on which connections to a service have come.
type Call struct {
	Port int
	From string // the service that called; "": the published port
	HTTP bool
}

// Mutant is a session with one thing broken.
type Mutant struct {
	*Operator
	*Subject
	Exercise *runner.Exercise // of the changed step; the first one for a change outside the steps
	Step     *runner.Step     // the changed one, or the first snippet of the session
	Pos      markdown.Pos     // of the change
	What     string           // in words
	Changes  []runner.Alteration
	World    World
	nth      int // of its operator at its step
}

// World is what differs around a session. The zero value is no difference.
type World struct {
	Missing    string // a program that is not there
	Offline    bool   // without the machine's network
	Env        []string
	Cols, Rows int
	Look       string
	Fault      string // of the engine
}

// ID names the mutant: the same in every audit of the same deck.
func (m *Mutant) ID() string {
	return fmt.Sprintf("%s %s %d %s", m.Code, m.Exercise.ID, m.nth, m.What)
}

// Limits of a step in a mutant: a multiple of its time in the run that passed, and never less than the floor. A wait
// whose text was altered waits for what never comes: the time that the real text took is enough, with a margin.
const (
	times        = 10
	floor        = 2 * time.Second
	timesAltered = 2
	floorAltered = time.Second
)

// Limit gives the limits for the steps of a session: from the times that they took, and never above those of
// the run.
func (s *Subject) Limit(run runner.Limits) func(*runner.Step) time.Duration {
	took := s.took()
	return func(step *runner.Step) time.Duration {
		own := step.Limit(run)
		if own == 0 || step.OwnLimit() {
			return own
		}
		return min(own, max(floor, times*took[step]))
	}
}

func (s *Subject) took() map[*runner.Step]time.Duration {
	took := map[*runner.Step]time.Duration{}
	for _, e := range s.Result.Exercises {
		for _, st := range e.Steps {
			took[st.Step] = st.Duration
		}
	}
	return took
}

// Limit gives the limits for the steps of a mutant: those of its session, and less for an altered wait.
func (m *Mutant) Limit(run runner.Limits) func(*runner.Step) time.Duration {
	usual := m.Subject.Limit(run)
	if m.Operator != &waitText {
		return usual
	}
	took := m.took()
	return func(step *runner.Step) time.Duration {
		if step != m.Step {
			return usual(step)
		}
		return min(usual(step), max(floorAltered, timesAltered*took[step]))
	}
}

// Altered is the session to run.
func (m *Mutant) Altered(run runner.Limits) (*runner.Session, error) {
	return m.Session.Altered(m.Limit(run), m.Changes...)
}

// Estimate is about the time that the mutant takes at most: that of its session, and where a wait has
// another text, the limit of that.
func (m *Mutant) Estimate(run runner.Limits) time.Duration {
	d := m.Result.Duration
	if m.Operator == &waitText {
		d += m.Limit(run)(m.Step)
	}
	return d
}

// Mutants are the mutants of a session that can matter, in the order of the deck, by the operators with the
// given codes; nil: all.
func (s *Subject) Mutants(codes []string) (all []*Mutant) {
	place := s.start()
	if place == nil {
		return nil
	}
	for _, op := range Operators() {
		if codes != nil && !slices.Contains(codes, op.Code) {
			continue
		}
		for _, e := range s.Session.Exercises {
			if e.Setup || op.step == nil || len(e.Mistakes) > 0 {
				continue
			}
			for _, step := range e.Steps {
				if step.LeftOut() {
					continue
				}
				all = append(all, numbered(op.step(&site{Subject: s, op: op, exercise: e, step: step}))...)
			}
		}
		if op.world != nil {
			all = append(all, numbered(op.world(place.of(op)))...)
		}
	}
	slices.SortStableFunc(all, func(a, b *Mutant) int {
		return cmp.Or(s.index(a.Exercise)-s.index(b.Exercise), slices.Index(a.Exercise.Steps, a.Step)-slices.Index(b.Exercise.Steps, b.Step))
	})
	return all
}

func (s *Subject) index(e *runner.Exercise) int { return slices.Index(s.Session.Exercises, e) }

func numbered(mutants []*Mutant) []*Mutant {
	for i, m := range mutants {
		m.nth = i
	}
	return mutants
}

// Sample are n of the mutants, in their order. The choice depends on the seed and on each mutant alone.
func Sample(mutants []*Mutant, n int, seed uint64) []*Mutant {
	if n <= 0 || n >= len(mutants) {
		return mutants
	}
	rank := func(m *Mutant) string {
		b := binary.BigEndian.AppendUint64(nil, seed)
		sum := sha256.Sum256(append(b, m.ID()...))
		return string(sum[:])
	}
	chosen := map[*Mutant]bool{}
	for _, m := range slices.SortedFunc(slices.Values(mutants), func(a, b *Mutant) int {
		return cmp.Or(strings.Compare(rank(a), rank(b)), strings.Compare(a.ID(), b.ID()))
	})[:n] {
		chosen[m] = true
	}
	return slices.DeleteFunc(slices.Clone(mutants), func(m *Mutant) bool { return !chosen[m] })
}

// site is a place in a session where an operator looks for changes.
type site struct {
	*Subject
	op       *Operator
	exercise *runner.Exercise
	step     *runner.Step
}

// start is the place of a session's first snippet that is not set-up; nil if there is none.
func (s *Subject) start() *site {
	for _, e := range s.Session.Exercises {
		for _, step := range e.Steps {
			if !e.Setup && step.Snippet() && !step.LeftOut() && len(e.Mistakes) == 0 {
				return &site{Subject: s, exercise: e, step: step}
			}
		}
	}
	return nil
}

func (s *site) of(op *Operator) *site {
	copied := *s
	copied.op = op
	return &copied
}

// shown reports whether the step is a snippet that people read and that is typed as they read it. A
// hidden step is a check, or prepares one.
func (s *site) shown() bool {
	return s.step.Snippet() && !s.step.Hidden && !s.exercise.Hidden && s.step.Instead() == nil
}

// mutant is a mutant whose change is that of a step.
func (s *site) mutant(change runner.Alteration, what string) *Mutant {
	change.Step = s.step
	return &Mutant{
		Operator: s.op, Subject: s.Subject, Exercise: s.exercise, Step: s.step, Pos: s.step.Pos, What: what,
		Changes: []runner.Alteration{change},
	}
}

// around is a mutant whose change is around the session.
func (s *site) around(world World, what string) *Mutant {
	return &Mutant{
		Operator: s.op, Subject: s.Subject, Exercise: s.exercise, Step: s.step, Pos: s.step.Pos, What: what, World: world,
	}
}

// replaced is a mutant with other text in place of a stretch of the step's.
func (s *site) replaced(from, to int, with string) *Mutant {
	text := s.step.Text
	m := s.mutant(runner.Alteration{Text: text[:from] + with + text[to:]},
		fmt.Sprintf("%s → %s in `%s`", text[from:to], with, lineAt(text, from)))
	if line := strings.Count(text[:from], "\n"); line > 0 && s.step.TextPos.Line > 0 {
		m.Pos.Line, m.Pos.Col = s.step.TextPos.Line+line, 1
	} else if s.step.TextPos.Line > 0 {
		m.Pos = s.step.TextPos
	}
	return m
}

// lineAt is the line of a text that an offset is in.
func lineAt(text string, at int) string {
	from := strings.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := strings.Cut(text[from:], "\n")
	return strings.TrimSpace(line)
}

// firstLine is the first line of a text, with an ellipsis if there are more.
func firstLine(text string) string {
	first, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	if more {
		first += " …"
	}
	return first
}
