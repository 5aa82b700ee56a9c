package runner

import (
	"errors"
	"strings"

	"workshop/markdown"
)

var checkDirective = directive{
	name:    "check",
	usage:   "```check```",
	summary: "wait for the prompt; the command before it must have ended with status 0",
	compile: func(step *markdown.Step) (operation, error) {
		if strings.TrimSpace(step.Text) != "" {
			return operation{}, errors.New("it takes no text")
		}
		return operation{kind: KindJudges, condition: Condition{Ends: true}, act: judgeStatus}, nil
	},
}
