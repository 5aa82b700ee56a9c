package lint

import "workshop/markdown"

var unreadableDeck = Rule{
	Code: markdown.CodeUnreadableDeck, Severity: Error,
	Summary: "no deck where one was named",
	Doc: `A deck is a directory with a workshop.yml or with *.md files, a manifest (.yml), or one
document (.md, .markdown, .mdx, .Rmd, .qmd), inside the repository. Nothing else is read.`,
}
