package lsp

import (
	"fmt"
	"strings"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/terminal"
)

// hover describes a step: on the word of the directive its meaning, elsewhere the typed bytes and
// the condition that must hold.
func (a *analysis) hover(doc *document, off int) *hoverResult {
	d := a.deckOf(doc.path)
	for _, e := range d.exercisesOf(doc.path) {
		for _, s := range e.Steps {
			if s.Pos.File != doc.path {
				continue
			}
			from, to := doc.place(s.Pos), doc.stepEnd(s)
			if off < from || off > to {
				continue
			}
			word := doc.stretch(s.Word.Pos, s.Word.End)
			onWord := off <= doc.place(s.Word.End)
			var b strings.Builder
			at := doc.span(from, to)
			if onWord {
				at = word
				describe(&b, s.Directive)
			}
			step := d.steps[s]
			if step != nil {
				explain(&b, step)
			}
			if b.Len() == 0 {
				return nil
			}
			return &hoverResult{Contents: markup{"markdown", strings.TrimRight(b.String(), "\n")}, Range: at}
		}
	}
	return nil
}

// stepEnd returns the offset after a step, including its data and the closing backticks.
func (d *document) stepEnd(s *markdown.Step) int {
	data := s.Text
	if s.Raw != "" {
		data = s.Raw
	}
	row := s.TextPos.Line + strings.Count(data, "\n")
	if s.TextPos.Line > s.Pos.Line {
		row++ // the closing fence
	}
	if row >= len(d.rows) {
		return len(d.text)
	}
	return d.rows[row] - 1
}

// describe writes the description of a directive.
func describe(b *strings.Builder, name string) {
	for _, h := range runner.Directives() {
		if h.Name == name {
			fmt.Fprintf(b, "**%s**: %s\n\n%s\n", h.Name, h.Summary, fenced(h.Usage))
		}
	}
}

// explain writes the bytes that a step types and its condition.
func explain(b *strings.Builder, s *runner.Step) {
	if sends := s.Sends(); sends != "" {
		lines := strings.SplitAfter(sends, "\r")
		for i, line := range lines {
			lines[i] = terminal.Caret(line)
		}
		fmt.Fprintf(b, "Types\n\n%s\n", fenced(strings.TrimRight(strings.Join(lines, "\n"), "\n")))
	}
	if s.Pastes() {
		b.WriteString("Types the copied text.\n\n")
	}
	if s.Repeats() {
		b.WriteString("Types the snippet before it again, each second until the condition holds.\n\n")
	}
	if c := s.Condition().String(); c != "" {
		fmt.Fprintf(b, "Condition: %s, within %v\n", code(c), s.Limit(runner.Limits{}))
	}
}

// fenced returns a code block with any text.
func fenced(text string) string {
	fence := strings.Repeat("`", max(3, longestRun(text)+1))
	return fence + "\n" + text + "\n" + fence + "\n"
}

// code returns a code span with any text.
func code(text string) string {
	n := longestRun(text)
	if n == 0 {
		return "`" + text + "`"
	}
	quotes := strings.Repeat("`", n+1)
	return quotes + " " + text + " " + quotes
}

// longestRun returns the length of the longest run of backticks.
func longestRun(text string) int {
	longest, n := 0, 0
	for i := range len(text) {
		if text[i] != '`' {
			n = 0
			continue
		}
		n++
		longest = max(longest, n)
	}
	return longest
}
