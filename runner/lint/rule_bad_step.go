package lint

import "workshop/runner"

var badStep = Rule{
	Code: runner.CodeBadStep, Severity: Error,
	Summary: "a directive with data that it cannot use",
	Doc:     `Examples are a key that does not exist, a wait without a text, and a snippet without commands.`,
	Bad:     ".exercise[\n```bash\ntop\n```\n<!-- ```key Contrl-C``` -->\n]\n",
	Good:    ".exercise[\n```bash\ntop\n```\n<!-- ```key C-c``` -->\n]\n",
}
