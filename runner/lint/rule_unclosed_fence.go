package lint

import "workshop/markdown"

var unclosedFence = Rule{
	Code: markdown.CodeUnclosedFence, Severity: Error,
	Summary: "a fence or a one-liner without its end",
	Doc: `A fence is closed by a line of its own with as many backticks; a one-liner ends on the
line where it began. Without its end a fence would swallow the rest of the deck.`,
	Bad:  ".exercise[\n```bash\nls\n]\n",
	Good: ".exercise[\n```bash\nls\n```\n]\n",
}
