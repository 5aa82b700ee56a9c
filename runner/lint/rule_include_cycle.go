package lint

import "workshop/markdown"

var includeCycle = Rule{
	Code: markdown.CodeIncludeCycle, Severity: Error,
	Summary: "files that include each other",
	Doc:     `An include that leads back to itself has no end. Includes may be nested up to 16 levels.`,
	Bad:     "-- deck.md --\n@@INCLUDE[deck.md]\n",
	Good:    "-- deck.md --\n@@INCLUDE[part.txt]\n-- part.txt --\nPart\n",
}
