package lint

import "workshop/markdown"

var unknownBlock = Rule{
	Code: markdown.CodeUnknownBlock, Severity: Error, Fixable: true,
	Summary: "a block that is nearly an exercise",
	Doc: `Its steps would never run, and nobody would notice. --fix removes a blank before the
bracket.`,
	Bad:  ".exercice[\n```bash\nls\n```\n]\n",
	Good: ".exercise[\n```bash\nls\n```\n]\n",
}
