package lint

import "workshop/markdown"

var tooLarge = Rule{
	Code: markdown.CodeTooLarge, Severity: Error,
	Summary: "a file, chapter or deck beyond the limits of what is read",
	Doc: `Files have at most 4 MiB, manifests 256 KiB, chapters 8 MiB with what they include, decks
16 MiB and 100,000 slides. Part the deck.`,
}
