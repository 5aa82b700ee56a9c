package lint

import (
	"cmp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/runner"
)

// flow is the course of a session, step by step.
type flow struct {
	session *runner.Session
	visits  []visit
}

// visit is a step with the state before it.
type visit struct {
	exercise *runner.Exercise
	step     *runner.Step
	snippet  *snippet // of a step that types one
	before   state
	command  *visit // the last snippet, nil if there is none; keys since then make it another command
	pressed  bool   // keys were pressed since that snippet
	edits    []edit // the commands of the snippet that open an editor
	program  program
}

// state is the knowledge of a session at some moment.
type state struct {
	program   program      // in the foreground, if its nature is not ends and not unknown
	by        *runner.Step // the step that started the program
	idle      bool         // the shell surely reads a line
	nested    int          // number of nested shells
	lost      bool         // snippets are typed into another program, which has been reported
	uncertain bool         // a program may have opened or closed a shell
}

// walk follows a session.
func (p *pass) walk(s *runner.Session) *flow {
	f := &flow{session: s}
	for _, e := range s.Exercises {
		for _, step := range e.Steps {
			f.visits = append(f.visits, visit{exercise: e, step: step})
		}
	}
	p.link(f)
	now := state{}
	last := -1 // the last snippet
	pressed, pager := false, false
	chosen := newEditors(s.Env)
	for i := range f.visits {
		v := &f.visits[i]
		v.before, v.pressed = now, pressed
		if last >= 0 {
			v.command = &f.visits[last]
		}
		if v.snippet != nil {
			v.snippet.foreign = v.snippet.foreign || now.lost || now.program.nature == dialog || now.program.nature == screen
			v.program = p.catalogue.ofStmts(v.snippet.stmts)
			v.edits = p.catalogue.edits(v.snippet.stmts, chosen)
			v.program = v.program.edited(v.edits)
			pager = pager || pagerChoice.MatchString(v.step.Text)
			if v.snippet.mistake != nil && !stays(v.program) || pager && v.program.pages() {
				v.program = program{nature: unknown}
			}
			last, pressed = i, false
		}
		if v.step.Kind() == runner.KindPresses {
			pressed = true
		}
		now = now.after(v)
	}
	return f
}

// edited is the program where a chosen editor does not stay.
func (p program) edited(edits []edit) program {
	for _, e := range edits {
		if e.node == p.node && e.editor != "" && e.nature != screen && e.nature != dialog {
			p.nature = e.nature
		}
	}
	return p
}

// unnamed reports whether a command opens an editor that the deck does not name.
func (v *visit) unnamed(n syntax.Node) bool {
	return slices.ContainsFunc(v.edits, func(e edit) bool { return e.node == n && e.editor == "" })
}

// link gives each snippet the steps that follow it.
func (p *pass) link(f *flow) {
	var next *runner.Step
	var looks []*runner.Step
	for i := len(f.visits) - 1; i >= 0; i-- {
		v := &f.visits[i]
		switch v.step.Kind() {
		case runner.KindAlters, runner.KindIgnored, runner.KindBroken:
			continue
		case runner.KindTypes:
			if v.snippet = p.snippets[v.step.Step]; v.snippet == nil {
				v.snippet = parse(v.step)
				v.snippet.exercise, v.snippet.next = v.exercise, next
				for j := len(looks) - 1; j >= 0; j-- {
					v.snippet.looks = append(v.snippet.looks, looks[j])
				}
				p.snippets[v.step.Step] = v.snippet
			}
			looks = nil
		default:
			looks = append(looks, v.step)
		}
		next = v.step
	}
}

// stays reports whether a program stays in the foreground.
func stays(p program) bool {
	switch p.nature {
	case endless, screen, dialog:
		return true
	}
	return false
}

// watched reports whether a step acts on the program in the foreground instead of waiting
// for its end.
func watched(next *runner.Step) bool {
	if next == nil {
		return false
	}
	switch next.Kind() {
	case runner.KindWaits, runner.KindPresses, runner.KindCopies, runner.KindOpens, runner.KindArranges:
		return true
	}
	return false
}

// after is the state after the step.
func (s state) after(v *visit) state {
	switch v.step.Kind() {
	case runner.KindTypes:
		return s.typed(v)
	case runner.KindPresses:
		// A key that is typed as a text is reported, and nothing that follows from it.
		keys := cmp.Or(v.step.TypedKey(), v.step.Sends())
		if keys == "" { // an unknown clipboard
			return state{uncertain: true}
		}
		return s.pressed(keys)
	case runner.KindArranges: // another shell, perhaps
		return state{uncertain: true}
	case runner.KindJudges:
		s.program = program{}
	case runner.KindClaims:
		if v.step.Condition().Ends {
			s.program = program{}
		}
	}
	return s
}

func (s state) typed(v *visit) state {
	if v.snippet.foreign {
		told := strings.Contains(v.step.Text, "exit") || strings.Contains(v.step.Text, "quit")
		return state{uncertain: true, lost: s.lost && !told}
	}
	if stays(s.program) { // it is typed into that program, which has been reported
		return state{uncertain: true}
	}
	s.idle, s.by, s.program = false, v.step, program{}
	switch v.program.nature {
	case shell:
		s.nested++
	case leaves:
		if s.nested > 0 {
			s.nested--
		} else {
			s.uncertain = true
		}
	case ends:
		s.idle = true
	case asks:
	case unknown:
		s.uncertain = true
	default:
		if watched(v.snippet.next) {
			s.program = v.program
		} else {
			s.lost = v.program.nature == dialog
		}
	}
	return s
}

func (s state) pressed(keys string) state {
	s.idle = false
	s.lost = s.lost && !quits(keys)
	switch {
	case stays(s.program):
		if quits(keys) {
			// One key is enough, except for programs that ask first.
			s.idle = s.program.nature == endless && !strings.Contains(s.program.name, "compose")
			s.program = program{}
		}
	case strings.Contains(keys, "\x04"):
		if s.nested > 0 {
			s.nested--
		} else {
			s.uncertain = true
		}
	case strings.Contains(keys, "\r"): // a command of its own
		s.uncertain = true
	}
	return s
}

// quits reports whether keys may end a program in the foreground.
func quits(keys string) bool {
	return strings.ContainsAny(keys, "\x03\x04\x18\x1a\x1cqQ") || strings.Contains(keys, "exit") ||
		strings.Contains(keys, "ZZ") || strings.Contains(keys, ":x") || keys == "\x1b[21~"
}
