package lint

import (
	"cmp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/runner"
)

// flow is the course of a session, step by step. It holds what a later step needs of the ones
// before it: the syntax trees of all snippets of a long deck would be most of the program's memory.
type flow struct {
	steps    []member // of the session
	now      state
	command  *command // the last one, nil if there is none
	pressed  bool     // keys were pressed since then
	pager    bool     // a snippet has chosen a pager
	pipefail bool     // the shell judges each command of a pipeline
	builds   bool     // the session may build images
	chosen   *editors
}

// command is a step that types a snippet, with the program that the snippet leaves in the
// foreground.
type command struct {
	step    *runner.Step
	program program
}

// member is a step of a session.
type member struct {
	exercise *runner.Exercise
	step     *runner.Step
}

// visit is a step with the state before it.
type visit struct {
	member
	*flow
	snippet *snippet // of a step that types one
	before  state
	command *command // the last one, nil if there is none; keys since then make it another command
	pressed bool     // keys were pressed since that snippet
	edits   []edit   // the commands of the snippet that open an editor
	program program
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

// walk follows a session, and gives each step to the rules.
func (p *pass) walk(s *runner.Session, rules []*Rule) {
	f := &flow{chosen: newEditors(s.Env), pipefail: s.Deck.Pipefail, builds: Builds(s)}
	for _, e := range s.Exercises {
		for _, step := range e.Steps {
			f.steps = append(f.steps, member{e, step})
		}
	}
	for _, p.rule = range rules {
		if p.rule.session != nil {
			p.rule.session(p, f)
		}
	}
	for i := range f.steps {
		v := p.visit(f, i)
		for _, r := range rules {
			p.rule = r
			if r.visit != nil {
				r.visit(p, v)
			}
			if r.snippet != nil && v.snippet != nil && !v.exercise.Setup && v.step.Instead() == nil {
				r.snippet(p, v.snippet)
			}
		}
	}
}

// visit makes the next step.
func (p *pass) visit(f *flow, i int) *visit {
	v := &visit{member: f.steps[i], flow: f, before: f.now, command: f.command, pressed: f.pressed}
	switch v.step.Kind() {
	case runner.KindTypes:
		v.snippet = f.snippet(p.parser, i)
		other := v.step.Instead() // typed in place of what the slide shows
		v.snippet.foreign = other != nil || f.now.lost || f.now.program.nature == dialog || f.now.program.nature == screen
		v.program = p.catalogue.ofStmts(v.snippet.stmts)
		v.edits = p.catalogue.edits(v.snippet.stmts, f.chosen)
		v.program = v.program.edited(v.edits)
		if other != nil {
			v.program, v.edits = p.catalogue.ofStmts(parse(p.parser, other).stmts), nil
		}
		f.pager = f.pager || choosesPager(v.step.Text)
		if v.snippet.mistake != nil && !stays(v.program) || f.pager && v.program.pages() {
			v.program = program{nature: unknown}
		}
		f.command, f.pressed = &command{v.step, v.program}, false
	case runner.KindPresses:
		f.pressed = true
	}
	f.now = f.now.after(v)
	return v
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

// snippet parses the snippet of a step, and finds the steps that follow it.
func (f *flow) snippet(parser *syntax.Parser, i int) *snippet {
	s := parse(parser, f.steps[i].step)
	for _, behind := range f.steps[i+1:] {
		kind := behind.step.Kind()
		if kind == runner.KindAlters || kind == runner.KindIgnored || kind == runner.KindBroken {
			continue
		}
		if s.next == nil {
			s.next = behind.step
		}
		if kind == runner.KindTypes {
			break
		}
		s.looks = append(s.looks, behind.step)
	}
	return s
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
	case runner.KindWaits:
		if v.step.Figure() != nil { // when there are enough samples, the program is ended
			s.program = program{}
		}
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
