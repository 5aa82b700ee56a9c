package runner

import "workshop/markdown"

// The mistakes that compiling and selecting find, beside those of reading.
const (
	CodeUnknownDirective markdown.Code = "unknown-directive" // a step without a known directive
	CodeSkippedStep      markdown.Code = "skipped-step"      // the same, skipped by a lenient compiler: a warning
	CodeBadStep          markdown.Code = "bad-step"          // a directive with data that it cannot use
	CodeNoSnippet        markdown.Code = "no-snippet"        // a step that needs a snippet or another step before it
	CodeUnknownFigure    markdown.Code = "unknown-figure"    // a claim about a figure that its session does not have
	CodeUnits            markdown.Code = "claim-units"       // a claim that compares what cannot be compared
	CodeSelection        markdown.Code = "selection"         // a selection that begins in the middle of a program
)
