package runner

import "workshop/markdown"

var skipDirective = directive{
	name:  "skip",
	usage: "```skip REASON```",
	summary: "the exercise does not run, and every report gives the reason; the manifest's skip: does the same for a deck or a chapter. " +
		"In a document of another style, a comment workshop: skip REASON is for the next fence only",
	follows: anything,
	compile: func(step *markdown.Step) (operation, error) {
		return compileTerm(step, TermSkip, "the reason is missing")
	},
}
