package runner

import (
	"errors"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var rejectDirective = directive{
	name:  "reject",
	usage: "```reject TEXT```\n```reject /REGEX/```",
	summary: "TEXT must not appear in the output of the snippet before it, from its beginning to the next snippet " +
		"or the end of the exercise, wherever among its steps this one stands",
	follows: ownSnippet,
	links:   func(l *linker, step *Step) { l.typed[0].rejects = append(l.typed[0].rejects, step) },
	compile: func(step *markdown.Step) (operation, error) {
		pattern, err := parsePattern(step.Text)
		return operation{kind: KindAlters, condition: Condition{Lacks: pattern}}, err
	},
}

// rejected turns the error of a step into a failure if a rejected text has appeared by now.
// If the text is from a command of an exercise that is over, that exercise fails, and not
// the step.
func (s *session) rejected(err error) error {
	var rejected *terminal.RejectedError
	if err != nil && !errors.As(err, &rejected) {
		return err
	}
	for _, p := range s.inOrder() {
		if p.command == nil || !errors.As(p.shell.Rejected(), &rejected) {
			continue
		}
		hint := ""
		if rejected.Typed {
			hint = "it was typed, too, and is no longer shown where it was typed: reject a text that no key step types"
		}
		f := p.failf(p.command.step.rejects[rejected.Index], hint, "%q appeared, which must not", rejected.Text)
		f.Tail = p.shell.Since(p.began)
		if failure := p.command.blame(f); failure != nil {
			return failure
		}
		p.shell.Unwatch()
		err = nil
	}
	return err
}

// unwatch ends the watch for rejected texts at the end of an exercise, except in panes whose
// command is not yet judged.
func (s *session) unwatch() {
	for _, p := range s.panes {
		if p.command == nil || p.command.judged {
			p.shell.Unwatch()
		}
	}
}
