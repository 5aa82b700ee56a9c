package runner

import "workshop/markdown"

var requiresDirective = directive{
	name:  "requires",
	usage: "```requires PROGRAM…```\n```requires bash -c COMMAND```",
	summary: "the exercise is skipped unless the programs are there (docker-swarm, sudo, network: what these words say), " +
		"or the command ends with status 0. --require-all makes it broken; the manifest's requires: does the same for a deck or a chapter",
	follows: anything,
	compile: func(step *markdown.Step) (operation, error) {
		words, err := markdown.ParseRequires(step.Text)
		op := operation{kind: KindAlters}
		for _, word := range words {
			op.terms = append(op.terms, Term{Kind: TermRequires, Text: word, Pos: step.Pos, Own: true})
		}
		return op, err
	},
}
