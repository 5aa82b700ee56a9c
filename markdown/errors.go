package markdown

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a source file. Line and Col are 1-based, Col counts
// characters (Unicode code points), not bytes; 0 means unknown.
type Pos struct {
	File string
	Line int
	Col  int
}

// String is file:line:col, without the parts that are unknown.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Seen names the place in a message about another place: its line, with the file if that
// differs.
func (p Pos) Seen(from Pos) string {
	if p.File == from.File {
		return fmt.Sprintf("line %d", p.Line)
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Compare orders positions by file, line and column.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}

// Span is a stretch of a source file. End is the position behind its last character;
// it is the zero Pos where only the beginning is known.
type Span struct{ Pos, End Pos }

// Point is the span of which only the beginning is known.
func (p Pos) Point() Span { return Span{Pos: p} }

// Edit replaces a stretch of a source file. It is for the text Old only: where another
// one stands there, the file has changed, or the place stands for something else.
type Edit struct {
	Span
	Old, New string
}

// Error is a mistake in a deck.
type Error struct {
	Code    Code
	Pos     Pos
	End     Pos    // behind its last character; the zero Pos if unknown
	Message string // lower case, complete on one line
	Hint    string // a way to repair it; may be empty
	Fix     []Edit // the repair, if it needs no judgement
}

func (e *Error) Error() string {
	s := e.Pos.String() + ": " + e.Message
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// ErrorList is every mistake of a deck.
type ErrorList []*Error

// Add appends an error.
func (l *ErrorList) Add(code Code, at Span, hint, format string, args ...any) {
	*l = append(*l, &Error{Code: code, Pos: at.Pos, End: at.End, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Sort orders the list by position and drops repeated entries.
func (l *ErrorList) Sort() {
	slices.SortStableFunc(*l, func(a, b *Error) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Message, b.Message))
	})
	*l = slices.CompactFunc(*l, func(a, b *Error) bool {
		return a.Pos == b.Pos && a.End == b.End && a.Code == b.Code && a.Message == b.Message && a.Hint == b.Hint
	})
}

// Err is the list as an error: nil when it is empty.
func (l ErrorList) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Error is one line for each entry.
func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}
