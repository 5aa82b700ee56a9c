package runner

import (
	"errors"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var keysDirective = directive{
	name:    "keys",
	usage:   "```keys TEXT```",
	summary: "type TEXT as it is, without Return",
	watches: true,
	compile: func(step *markdown.Step) (operation, error) {
		if step.Text == "" {
			return operation{}, errors.New("there is nothing to type")
		}
		return operation{kind: Presses, keys: terminal.Text(step.Text), act: pressKeys}, nil
	},
}
