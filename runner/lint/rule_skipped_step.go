package lint

import "workshop/runner"

var skippedStep = Rule{
	Code: runner.CodeSkippedStep, Severity: Warning,
	Summary: "an unknown directive that is skipped, with --compat=autopilot",
	Doc: `The script that older decks were written for skipped what it did not know, and so does
this program with --compat=autopilot. Nothing is verified there.`,
}
