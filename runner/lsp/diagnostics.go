package lsp

import (
	"slices"

	"workshop/markdown"
	"workshop/runner/lint"
)

// diagnostics returns the mistakes in the decks of an analysis, by the path of the file. Every
// known file of them has an entry.
func (a *analysis) diagnostics() map[string][]diagnostic {
	all := map[string][]diagnostic{}
	for path := range a.open {
		all[path] = []diagnostic{}
	}
	for _, d := range a.decks {
		for _, f := range d.findings {
			a.add(all, d, f)
		}
	}
	return all
}

func (a *analysis) add(all map[string][]diagnostic, d *deck, e *lint.Finding) {
	severity := severityWarning
	if e.Severity == lint.Error {
		severity = severityError
	}
	path := e.Pos.File
	if a.texts[path] == nil { // a variable of the environment, or a missing file
		path = d.path
	}
	diag := diagnostic{Severity: severity, Code: string(e.Code), Source: "workshop", Message: e.Message}
	if path != e.Pos.File {
		diag.Message = e.Pos.File + ": " + diag.Message
	}
	if e.Hint != "" {
		diag.Message += " (" + e.Hint + ")"
	}
	if doc := a.texts[path]; doc != nil && path == e.Pos.File {
		diag.Range = doc.stretch(e.Pos, e.End)
	}
	// A file of several decks has most of its mistakes in each of them.
	if !slices.Contains(all[path], diag) {
		all[path] = append(all[path], diag)
	}
}

// stretch returns the range between two positions of a deck. Without an end it is a word, and
// without a column the line.
func (d *document) stretch(from, to markdown.Pos) span {
	start := d.place(from)
	end := start
	switch {
	case from.Line == 0:
	case to.Line > 0 && to.File == from.File:
		end = d.place(to)
	case from.Col == 0:
		if n := d.position(start).Line; n < len(d.lines) {
			line := d.line(n)
			end = d.lines[n] + len(line) - eol(line)
		}
	default:
		end = d.word(start)
	}
	return d.span(start, end)
}
