package markdown

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Body is what a fence or one-liner is to hold instead of what it holds.
type Body struct {
	Step *Step
	// Lines are the new lines. One that is kept says which of the old ones it is, and stays
	// as it is to the last blank.
	Lines []BodyLine
}

// BodyLine is a line of a [Body].
type BodyLine struct {
	Text string
	Kept int // the old line, from 0; -1 for a new one
}

// Rewrite is a file with other bodies in some of its steps. Everything else stays the
// same byte for byte: indentation, line ends, what stands around the fences. Fences get
// longer where a body holds what would end them.
//
// The steps are those that were read from src, and from this file itself: what stands
// for something else, such as an include, cannot be rewritten. A mistake is an
// [ErrorList] with the place of each step that cannot; then there is no new file.
func Rewrite(src []byte, bodies []Body) ([]byte, error) {
	bodies = slices.Clone(bodies)
	slices.SortFunc(bodies, func(a, b Body) int { return a.Step.Pos.Compare(b.Step.Pos) })
	var errs ErrorList
	lines := bytes.SplitAfter(src, []byte("\n"))
	var out []byte
	next := 0 // the first line that has not been copied
	for i := 0; i < len(bodies); i++ {
		b := bodies[i]
		first := b.Step.Pos.Line - 1
		if first < next && first >= 0 && i > 0 && len(errs) == 0 && bodies[i-1].Step.Pos == b.Step.Pos {
			continue
		}
		r := rewriter{Body: b, lines: lines, first: first}
		text, n, err := r.rewrite()
		if err == nil && first < next {
			err = errors.New("another one stands on the same line")
		}
		if err != nil {
			errs.Add(CodeRewrite, b.Step.Head(), "write it by hand", "cannot be rewritten: %v", err)
			continue
		}
		for ; next < first; next++ {
			out = append(out, lines[next]...)
		}
		out = append(out, text...)
		next = first + n
	}
	for ; next < len(lines); next++ {
		out = append(out, lines[next]...)
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// rewriter rewrites one step.
type rewriter struct {
	Body
	lines [][]byte
	first int // the line of the step's opening backticks
}

var errElsewhere = errors.New("what stands in the file is not what was read: it has changed, or comes from a substitution or an include")

// rewrite is the new text of the step's lines, and how many they were.
func (r *rewriter) rewrite() (text []byte, n int, err error) {
	if r.first < 0 || r.first >= len(r.lines) {
		return nil, 0, errElsewhere
	}
	if err := r.check(); err != nil {
		return nil, 0, err
	}
	opening := r.lines[r.first]
	at := offset(opening, r.Step.Pos.Col, r.first == 0)
	if at < 0 || at >= len(opening) || opening[at] != '`' && opening[at] != '~' {
		return nil, 0, errElsewhere
	}
	mark := opening[at]
	size := prefix(string(opening[at:]), func(c byte) bool { return c == mark })
	if size < 3 {
		return nil, 0, errElsewhere
	}
	if closing := bytes.Index(opening[at+size:], bytes.Repeat([]byte{mark}, size)); mark == '`' && closing >= 0 {
		text, err := r.oneLiner(opening, at+size, at+size+closing)
		return text, 1, err
	}
	return r.fence(opening, at, size, mark)
}

// check finds what a body must not hold.
func (r *rewriter) check() error {
	for _, l := range r.Lines {
		switch {
		case l.Kept >= 0:
			continue
		case r.Step.Hidden && strings.Contains(l.Text, "-->"):
			return errors.New("--> in it would end the comment that it stands in")
		case strings.Contains(l.Text, "@@"):
			return errors.New("@@ in it may be taken for a substitution")
		}
		if !utf8.ValidString(l.Text) {
			return errors.New("it holds what is not UTF-8")
		}
		for _, c := range l.Text {
			if what := misleading(c); what != "" || c == 0 || c == '\n' {
				return fmt.Errorf("it holds a character that is not what is seen, U+%04X", c)
			}
		}
	}
	return nil
}

// oneLiner replaces the data of a one-liner, which stands between two offsets together
// with the directive.
func (r *rewriter) oneLiner(line []byte, from, to int) ([]byte, error) {
	inside := string(line[from:to])
	if !strings.HasSuffix(strings.TrimRight(inside, " \t"), r.Step.Text) {
		return nil, errElsewhere
	}
	text := ""
	switch {
	case len(r.Lines) > 1:
		return nil, errors.New("it is a one-liner, and what was output has several lines: make it a fence")
	case len(r.Lines) == 1:
		text = r.Lines[0].Text
	}
	if strings.Contains(text, "`") || strings.Trim(text, " \t") != text {
		return nil, errors.New("it is a one-liner, and cannot hold that: make it a fence")
	}
	end := strings.LastIndex(inside, r.Step.Text)
	if r.Step.Text == "" {
		end = len(strings.TrimRight(inside, " \t"))
		if text != "" {
			text = " " + text
		}
	}
	return slices.Concat(line[:from], []byte(inside[:end]+text+inside[end+len(r.Step.Text):]), line[to:]), nil
}

// fence replaces the body of a fence.
func (r *rewriter) fence(opening []byte, at, size int, mark byte) (text []byte, n int, err error) {
	body, closing := r.old(size, mark)
	if closing == nil {
		return nil, 0, errElsewhere
	}
	end := "\n"
	if bytes.HasSuffix(opening, []byte("\r\n")) {
		end = "\r\n"
	}
	run := string(bytes.Repeat([]byte{mark}, r.size(size, mark)))
	text = slices.Concat(opening[:at], []byte(run), opening[at+size:])
	blanks := prefix(string(closing), isBlank)
	indent := closing[:blanks]
	for i, line := range r.oldLines() {
		if before := body[i][:len(content(body[i]))-len(line)]; line != "" && columns(string(before)) == r.Step.indent {
			indent = before
			break
		}
	}
	if columns(string(indent)) != r.Step.indent {
		indent = bytes.Repeat([]byte(" "), r.Step.indent)
	}
	for _, l := range r.Lines {
		switch {
		case l.Kept >= 0:
			text = append(text, body[l.Kept]...)
		case l.Text == "":
			text = append(text, end...)
		default:
			text = append(append(append(text, indent...), l.Text...), end...)
		}
	}
	rest := bytes.TrimLeft(closing[blanks:], string(mark))
	if old := len(closing) - blanks - len(rest); old > len(run) {
		run = strings.Repeat(string(mark), old)
	}
	return append(append(append(text, closing[:blanks]...), run...), rest...), 2 + len(body), nil
}

// oldLines are the lines of the step's text.
func (r *rewriter) oldLines() []string {
	if r.Step.Text == "" {
		return nil
	}
	return strings.Split(r.Step.Text, "\n")
}

// old finds the lines of the body, which must be what was read, and the closing line.
func (r *rewriter) old(size int, mark byte) (body [][]byte, closing []byte) {
	rest := r.lines[r.first+1:]
	want := r.oldLines()
	for i, line := range want {
		if i >= len(rest) || !bytes.HasSuffix(content(rest[i]), []byte(line)) ||
			strings.Trim(string(content(rest[i])[:len(content(rest[i]))-len(line)]), " \t") != "" {
			return nil, nil
		}
	}
	body = rest[:len(want)]
	if rest = rest[len(want):]; len(want) == 0 && len(rest) > 0 && len(bytes.TrimSpace(rest[0])) == 0 {
		body, rest = rest[:1], rest[1:] // an empty line
	}
	if len(rest) == 0 {
		return nil, nil
	}
	line := string(content(rest[0]))
	line = line[prefix(line, isBlank):]
	n := prefix(line, func(c byte) bool { return c == mark })
	if behind := strings.Trim(line[n:], " \t"); n < size || behind != "" && !strings.HasPrefix(behind, "-->") {
		return nil, nil
	}
	return body, rest[0]
}

// size is how long the fence has to be for the new lines to stand in it.
func (r *rewriter) size(size int, mark byte) int {
	for _, l := range r.Lines {
		line := strings.TrimLeft(l.Text, " \t")
		if n := prefix(line, func(c byte) bool { return c == mark }); n >= size {
			size = n + 1
		}
	}
	return size
}

// content is a line without its end.
func content(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

// offset is where the character of a column begins in a line, -1 if there is none. A
// byte order mark at the beginning of a file is no character.
func offset(line []byte, col int, first bool) int {
	at := 0
	if first {
		at = len(line) - len(bytes.TrimPrefix(line, []byte("\ufeff")))
	}
	for ; col > 1 && at < len(line); col-- {
		_, n := utf8.DecodeRune(line[at:])
		at += n
	}
	if at >= len(line) {
		return -1
	}
	return at
}
