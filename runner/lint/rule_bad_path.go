package lint

import "workshop/markdown"

var badPath = Rule{
	Code: markdown.CodeBadPath, Severity: Error,
	Summary: "a name of a file that is empty, absolute or leaves the repository",
	Doc: `Reading a deck must not open other files of the machine: names are relative and stay
inside the repository, or the deck's folder if there is no repository.`,
	Bad:  "@@INCLUDE[../secret.md]\n",
	Good: "-- deck.md --\n@@INCLUDE[part.txt]\n-- part.txt --\nPart\n",
}
