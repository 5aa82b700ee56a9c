package lint

import "workshop/markdown"

var tooManyErrors = Rule{
	Code: markdown.CodeTooManyErrors, Severity: Error,
	Summary: "more than 100 errors in a chapter",
	Doc:     `No more than 100 errors of a chapter are reported: repair these, and look again.`,
}
