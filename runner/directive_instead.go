package runner

import "workshop/markdown"

var insteadDirective = directive{
	name:  "instead",
	usage: "```instead\nCOMMANDS\n```",
	summary: "run and check type these commands in place of the snippet before it, and every report says so; " +
		"a presenter types what the slide shows",
	follows: justBehind,
	links:   func(l *linker, step *Step) { l.typed[0].instead = step },
	compile: func(step *markdown.Step) (operation, error) {
		op, err := compileSnippet(step)
		return operation{kind: KindAlters, instead: op.snippet}, err
	},
}

// snippet is the text that the step types in a check.
func (s *Step) snippet() string {
	if s.instead != nil {
		return s.instead.op.instead
	}
	return s.op.snippet
}

// Instead is the step whose commands are typed in place of this one's; nil if there is none.
func (s *Step) Instead() *Step { return s.instead }

// typed is the text that the step types here: a presenter's is that of the slide.
func (s *session) typed(step *Step) string {
	switch {
	case !step.Snippet():
		return step.Text
	case s.run.live:
		return step.op.snippet
	}
	return step.snippet()
}
