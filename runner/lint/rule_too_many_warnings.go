package lint

import "workshop/markdown"

var tooManyWarnings = Rule{
	Code: markdown.CodeTooManyWarnings, Severity: Warning,
	Summary: "more than 100 warnings of reading in a chapter",
	Doc:     `No more than 100 warnings of reading a chapter are reported: repair these, and look again.`,
}
