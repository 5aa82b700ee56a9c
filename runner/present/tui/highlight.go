package tui

import (
	"strings"

	"workshop/runner/present/code"
	"workshop/runner/screen"
)

// highlight makes lines of code.
func (p *painter) highlight(text, lang string) []line {
	text = strings.ReplaceAll(text, "\t", "    ")
	lines := []line{nil}
	for _, run := range p.codeBlocks.runs(lang, text) {
		for i, part := range strings.Split(run.Text, "\n") {
			if i > 0 {
				lines = append(lines, nil)
			}
			if part != "" {
				lines[len(lines)-1] = append(lines[len(lines)-1], screen.NewRun(part, p.look(run.Class)))
			}
		}
	}
	for len(lines) > 1 && len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// look is the look of a class of code.
func (t *theme) look(c code.Class) style {
	switch c {
	case code.Comment:
		return t.comment
	case code.Keyword:
		return t.keyword
	case code.String, code.Number:
		return t.literal
	case code.Function, code.Type, code.Tag, code.Attribute:
		return t.name
	case code.Variable, code.Operator:
		return t.operator
	}
	return 0
}

// codeBlocks are the blocks of code of a slide, which may be laid out twice.
type codeBlocks struct {
	budget code.Budget
	known  map[[2]string][]code.Run // by language and text
}

func (b *codeBlocks) runs(lang, text string) []code.Run {
	key := [2]string{lang, text}
	runs, ok := b.known[key]
	if !ok {
		runs = b.budget.Runs(lang, text)
		if b.known == nil {
			b.known = map[[2]string][]code.Run{}
		}
		b.known[key] = runs
	}
	return runs
}
