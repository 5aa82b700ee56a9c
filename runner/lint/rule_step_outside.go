package lint

import "workshop/markdown"

var stepOutside = Rule{
	Code: markdown.CodeStepOutside, Severity: Warning,
	Summary: "a hidden directive that stands in no exercise",
	Doc:     `Only the steps in .exercise[ … ] and .lab[ … ] run. Move it there.`,
	Bad:     "<!-- ```wait Tasks``` -->\n",
	Good:    ".exercise[\n```bash\ntop\n```\n<!--\n```wait Tasks```\n```key q```\n-->\n]\n",
}
