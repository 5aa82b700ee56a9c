package lint

import "workshop/markdown"

var unreadableDeck = Rule{
	Code: markdown.CodeUnreadableDeck, Severity: Error,
	Summary: "no deck where one was named",
	Doc: `A deck is a directory with a workshop.yml or with *.md files, a manifest (.yml), or one
.md file, inside the repository. Nothing else is read.`,
}
