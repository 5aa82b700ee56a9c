package runner

import (
	"errors"
	"strings"

	"workshop/markdown"
)

var statusesDirective = directive{
	name:  "statuses",
	usage: "```statuses last```",
	summary: "of each snippet of this exercise only the last command is judged; " +
		"the manifest's statuses: last does the same for a deck or a chapter",
	follows: anything,
	compile: func(step *markdown.Step) (operation, error) {
		if strings.TrimSpace(step.Text) != "last" {
			return operation{}, errors.New("it takes the word last")
		}
		return operation{kind: KindAlters, lastOnly: true}, nil
	},
}
