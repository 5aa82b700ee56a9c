package lint

import "workshop/markdown"

var invisibleChar = Rule{
	Code: markdown.CodeInvisible, Severity: Error, Fixable: true,
	Summary: "an invisible, bidirectional or control character in a step",
	Doc: `The visible text differs from the typed text: a zero-width character is part of a word,
and a bidirectional one changes the visible order. If one is needed, write an escape such
as $'\u202e'. Joiners between emoji, and in scripts that need them, are allowed. --fix
removes zero-width characters.`,
	Bad:  ".exercise[\n```bash\nls\u200b /tmp\n```\n]\n",
	Good: ".exercise[\n```bash\nls /tmp\n```\n]\n",
}
