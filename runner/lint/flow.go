package lint

import (
	"strings"

	"workshop/runner"
)

// flow is what happens in a session, step by step.
type flow struct {
	session *runner.Session
	visits  []visit
}

// visit is a step with what it meets.
type visit struct {
	exercise *runner.Exercise
	step     *runner.Step
	snippet  *snippet // of a step that types one
	before   state
	command  *visit // the last snippet, nil if there is none; keys since then make another one of it
	pressed  bool   // keys since that snippet
	program  program
}

// state is what is known of a session at some moment.
type state struct {
	program   program      // in the foreground, if its nature is not ends and not unknown
	by        *runner.Step // that started it
	idle      bool         // the shell surely reads a line
	nested    int          // shells within the shell
	lost      bool         // snippets are typed into another program, which has been reported
	uncertain bool         // something has run that may have opened or closed a shell
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
	pressed := false
	for i := range f.visits {
		v := &f.visits[i]
		v.before, v.pressed = now, pressed
		if last >= 0 {
			v.command = &f.visits[last]
		}
		if v.snippet != nil {
			v.snippet.foreign = v.snippet.foreign || now.lost || now.program.nature == dialog || now.program.nature == screen
			v.program = p.catalogue.ofStmts(v.snippet.stmts)
			if v.snippet.mistake != nil && !stays(v.program) {
				v.program = program{nature: unknown}
			}
			last, pressed = i, false
		}
		if v.step.Kind() == runner.Presses {
			pressed = true
		}
		now = now.after(v)
	}
	return f
}

// link gives each snippet what follows it.
func (p *pass) link(f *flow) {
	var next *runner.Step
	var looks []*runner.Step
	for i := len(f.visits) - 1; i >= 0; i-- {
		v := &f.visits[i]
		switch v.step.Kind() {
		case runner.Alters, runner.Ignored:
			continue
		case runner.Types:
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

// watched reports whether a step looks at, or talks to, what runs in the foreground,
// instead of waiting for its end.
func watched(next *runner.Step) bool {
	if next == nil {
		return false
	}
	switch next.Kind() {
	case runner.Waits, runner.Presses, runner.Copies, runner.Opens, runner.Arranges:
		return true
	}
	return false
}

// after is the state when the step has been carried out.
func (s state) after(v *visit) state {
	switch v.step.Kind() {
	case runner.Types:
		return s.typed(v)
	case runner.Presses:
		keys := v.step.Sends()
		if keys == "" { // what was copied, whatever it is
			return state{uncertain: true}
		}
		return s.pressed(keys)
	case runner.Arranges: // another shell, perhaps
		return state{uncertain: true}
	case runner.Judges:
		s.program = program{}
	}
	return s
}

func (s state) typed(v *visit) state {
	if v.snippet.foreign {
		told := strings.Contains(v.step.Text, "exit") || strings.Contains(v.step.Text, "quit")
		return state{uncertain: true, lost: s.lost && !told}
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
			// It needs no more than this, save those that ask before they go.
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
	return strings.ContainsAny(keys, "\x03\x04\x1a\x1cqQ") || strings.Contains(keys, "exit") ||
		strings.Contains(keys, "ZZ") || strings.Contains(keys, ":x") || keys == "\x1b[21~"
}
