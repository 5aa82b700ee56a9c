package lint

import "workshop/runner"

var claimUnits = Rule{
	Code: runner.CodeUnits, Severity: Error,
	Summary: "a claim that compares what cannot be compared",
	Doc: `Times can be compared with times, in any units, and data with data; a word that is no unit
of either, such as pods, counts things of that name. A number that is compared with a time
or with data needs a unit; 0 has every unit. A claim must be about a figure, and its range
must not be empty.`,
	Bad:  ".exercise[\n```bash\nls\n```\n<!-- ```claim duration < 3``` -->\n]\n",
	Good: ".exercise[\n```bash\nls\n```\n<!-- ```claim duration < 3 s``` -->\n]\n",
}
