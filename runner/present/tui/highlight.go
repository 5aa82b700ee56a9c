package tui

import (
	"strings"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"

	"workshop/runner/terminal"
)

// Highlighting is bounded: its expressions look back, and a deck may be made to have
// them do so for long. What is over is shown as it is.
const (
	maxHighlight  = 8 << 10 // bytes of a block
	highlightTime = 20 * time.Millisecond
)

// highlight makes lines of code.
func (p *painter) highlight(code, lang string) []line {
	code = strings.ReplaceAll(code, "\t", "    ")
	if len(code) > maxHighlight || lang == "" {
		return plainLines(code)
	}
	lexer := lexers.Get(lang)
	if lexer == nil {
		return plainLines(code)
	}
	tokens, err := lexer.Tokenise(nil, code)
	if err != nil {
		return plainLines(code)
	}
	lines := []line{nil}
	begun, read := time.Now(), 0
	add := func(text string, look style) {
		for i, part := range strings.Split(text, "\n") {
			if i > 0 {
				lines = append(lines, nil)
			}
			if part != "" {
				lines[len(lines)-1] = append(lines[len(lines)-1], terminal.NewRun(part, look))
			}
		}
	}
	for t := range tokens.Stdlib() {
		read += len(t.Value)
		add(t.Value, p.token(t.Type))
		if time.Since(begun) > highlightTime && read <= len(code) {
			add(code[min(read, len(code)):], 0)
			break
		}
	}
	for len(lines) > 1 && len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func plainLines(code string) []line {
	var lines []line
	for l := range strings.SplitSeq(strings.TrimRight(code, "\n"), "\n") {
		lines = append(lines, say(l, 0))
	}
	return lines
}

// token is the look of a kind of token.
func (p *painter) token(t chroma.TokenType) style {
	switch {
	case t.InCategory(chroma.Comment):
		return p.comment
	case t.InCategory(chroma.Keyword):
		return p.keyword
	case t.InSubCategory(chroma.LiteralString), t.InSubCategory(chroma.LiteralNumber):
		return p.literal
	case t == chroma.NameBuiltin, t == chroma.NameFunction, t == chroma.NameTag, t == chroma.NameAttribute, t == chroma.NameClass:
		return p.name
	case t == chroma.NameVariable, t.InCategory(chroma.Operator):
		return p.operator
	}
	return 0
}
