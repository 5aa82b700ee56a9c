package lint

import (
	"fmt"
	"strings"

	"workshop/markdown"
	"workshop/markdown/lazy"
)

// endMark is the line that was to end a here-document and does not, for the blanks around its
// word.
type endMark struct {
	word           string
	at             int    // the line's offset in the snippet
	before, behind string // the blanks
	document       int    // the offset of the document's first line
}

var unclosedDocument = lazy.Regexp("^unclosed here-document `(.+)`$")

// endMark finds the end mark of the here-document that the snippet's mistake is about; nil if
// there is none.
func (s *snippet) endMark() *endMark {
	m := unclosedDocument().FindStringSubmatch(s.mistake.message)
	if m == nil {
		return nil
	}
	e := &endMark{word: m[1]}
	for line := range strings.Lines(s.step.Text) {
		text := strings.TrimSuffix(line, "\n")
		switch before, behind, found := strings.Cut(text, e.word); {
		case e.at <= s.mistake.at:
			e.document = e.at + len(line)
		case found && strings.Trim(before+behind, " \t") == "":
			e.before, e.behind = before, behind
			return e
		}
		e.at += len(line)
	}
	return nil
}

// describe is the mistake, with the line in the deck.
func (e *endMark) describe(s *snippet) (message, hint string) {
	at := fmt.Sprintf("%s at line %d", e.word, s.step.At(e.at, e.at+1).Pos.Line)
	hint = "the end mark of a here-document is alone on its line"
	if e.before == "" {
		return at + " has a blank behind it: it does not end the here-document", hint
	}
	return fmt.Sprintf("%s is indented by %d: it does not end the here-document", at, len(e.before)), hint + ", without indentation"
}

// repair removes the indentation of the end mark from the snippet, or if the snippet has less, from
// the document, or if a line of that is indented less than its end, from the end mark only; and the
// blanks behind the mark.
func (e *endMark) repair(s *snippet) []markdown.Edit {
	end := e.at + len(e.before) + len(e.word)
	var edits []markdown.Edit
	for _, part := range [][2]int{{0, len(s.step.Text)}, {e.document, end}, {e.at, end}} {
		var ok bool
		if edits, ok = s.dedent(part[0], part[1], e.before); ok {
			break
		}
	}
	if e.behind != "" {
		from := e.at + len(e.before) + len(e.word)
		edits = append(edits, markdown.Edit{Span: s.step.At(from, from+len(e.behind)), Old: e.behind})
	}
	return edits
}

// dedent removes an indentation from a part of the snippet. It reports whether each line there that
// is not blank has it.
func (s *snippet) dedent(from, to int, indent string) (edits []markdown.Edit, ok bool) {
	if indent == "" {
		return nil, true
	}
	for line := range strings.Lines(s.step.Text[from:to]) {
		switch {
		case strings.HasPrefix(line, indent):
			edits = append(edits, markdown.Edit{Span: s.step.At(from, from+len(indent)), Old: indent})
		case strings.TrimSpace(line) != "":
			return nil, false
		}
		from += len(line)
	}
	return edits, true
}
