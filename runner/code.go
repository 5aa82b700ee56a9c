package runner

import "workshop/markdown"

// The mistakes that are found while compiling and selecting, beside those of reading.
const (
	CodeUnknownDirective markdown.Code = "unknown-directive" // a step that nothing can carry out
	CodeSkippedStep      markdown.Code = "skipped-step"      // the same, where a lenient compiler skips it: a warning
	CodeBadStep          markdown.Code = "bad-step"          // a directive with data that it cannot use
	CodeNoSnippet        markdown.Code = "no-snippet"        // a step about a snippet or another step that is not before it
	CodeSelection        markdown.Code = "selection"         // a selection that begins within an exercise's program
)
