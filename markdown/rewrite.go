package markdown

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Body is the new body of a fence or one-liner.
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
// same byte for byte: indentation, line ends, the text around the fences. Fences get
// longer if a body holds a line that would end them.
//
// The steps must have been read from src, and from this file itself: the text of an include
// or a substitution cannot be rewritten. A mistake is an [ErrorList] with the place of each
// step that cannot be rewritten; then there is no new file.
func Rewrite(src []byte, bodies []Body) ([]byte, error) {
	bodies = slices.Clone(bodies)
	slices.SortFunc(bodies, func(a, b Body) int { return a.Step.Pos.Compare(b.Step.Pos) })
	var errs ErrorList
	bare := bytes.TrimPrefix(src, []byte("\ufeff"))
	lines := bytes.SplitAfter(bare, []byte("\n"))
	out := slices.Clone(src[:len(src)-len(bare)])
	next := 0 // the first line that has not been copied
	for i := 0; i < len(bodies); i++ {
		b := bodies[i]
		first := b.first()
		if at, _ := b.within(first, 0); at < next && first >= 0 && i > 0 && len(errs) == 0 && bodies[i-1].Step.Pos == b.Step.Pos {
			continue
		}
		text, n, err := b.rewrite(lines[min(max(0, first), len(lines)):])
		first, n = b.within(first, n)
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

var errElsewhere = errors.New("what stands in the file is not what was read: it has changed, or comes from a substitution or an include")

// rewrite is the new text of the step's lines, the first of lines, and how many they were.
func (b *Body) rewrite(lines [][]byte) (text []byte, n int, err error) {
	src, t := b.Step.origin.src, b.Step.token.unpack()
	if src == nil || t.unclosed() {
		return nil, 0, errElsewhere
	}
	if err := b.check(); err != nil {
		return nil, 0, err
	}
	if t.kind == commentToken {
		return nil, 0, errors.New("it stands in a comment of one line")
	}
	at, n, err := b.verify(lines)
	switch {
	case err != nil:
		return nil, 0, err
	case t.kind != fenceToken:
		text, err = b.oneLiner(lines[0], at+b.Step.origin.marks[0].src-t.start)
	case b.Step.lines != nil:
		text, err = b.part(lines[:n], at)
	default:
		text = b.fence(lines[:n], at)
	}
	return text, n, err
}

// within are the lines that a new text replaces, of the n lines of a token that begins at first.
func (b *Body) within(first, n int) (from, count int) {
	if part := b.Step.lines; part != nil {
		return first + 1 + part.from, part.to - part.from
	}
	return first, n
}

// first is the number of the first line of the step's fence or one-liner, from 0.
func (b *Body) first() int {
	if b.Step.lines != nil && b.Step.origin.src != nil {
		return b.Step.origin.src.pos(int(b.Step.token.start)).Line - 1
	}
	return b.Step.Pos.Line - 1
}

// verify compares the lines of a file with the step's token: the token must stand there, n lines
// long, from a column of the first line on.
func (b *Body) verify(lines [][]byte) (column, n int, err error) {
	src, t := b.Step.origin.src, b.Step.token.unpack()
	f, at := src.origin(t.start)
	end := at + t.end - t.start
	if end > len(f.text) || f.text[at:end] != src.text[t.start:t.end] {
		return 0, 0, errElsewhere
	}
	start := strings.LastIndexByte(f.text[:at], '\n') + 1
	rest, _, _ := strings.Cut(f.text[end:], "\n")
	for line := range strings.SplitSeq(f.text[start:end]+rest, "\n") {
		if n >= len(lines) {
			return 0, 0, errElsewhere
		}
		content := bytes.TrimSuffix(bytes.TrimSuffix(lines[n], []byte("\n")), []byte("\r"))
		if string(content) != line {
			return 0, 0, errElsewhere
		}
		n++
	}
	return at - start, n, nil
}

// check finds forbidden text in a body.
func (b *Body) check() error {
	for _, l := range b.Lines {
		switch {
		case l.Kept >= 0:
			continue
		case b.Step.Hidden && strings.Contains(l.Text, "-->"):
			return errors.New("--> in it would end the comment that it stands in")
		case strings.Contains(l.Text, "@@"):
			return errors.New("@@ in it may be taken for a substitution")
		}
		if !utf8.ValidString(l.Text) {
			return errors.New("it holds what is not UTF-8")
		}
		for i, c := range l.Text {
			if what := misleading(l.Text, i, c); what != "" || c == 0 || c == '\n' {
				return fmt.Errorf("it holds a character that is not what is seen, U+%04X", c)
			}
		}
	}
	return nil
}

// oneLiner replaces the data of a one-liner, which begins at an offset of its line.
func (b *Body) oneLiner(line []byte, at int) ([]byte, error) {
	text := ""
	switch {
	case len(b.Lines) > 1:
		return nil, errors.New("it is a one-liner, and what was output has several lines: make it a fence")
	case len(b.Lines) == 1:
		text = b.Lines[0].Text
	}
	if strings.Contains(text, "`") || strings.Trim(text, " \t") != text {
		return nil, errors.New("it is a one-liner, and cannot hold that: make it a fence")
	}
	if text != "" && !isBlank(line[at-1]) {
		text = " " + text
	}
	return slices.Concat(line[:at], []byte(text), line[at+len(cmp.Or(b.Step.Raw, b.Step.Text)):]), nil
}

// fence replaces the body of a fence that begins at an offset of the first of its lines.
func (b *Body) fence(lines [][]byte, at int) []byte {
	opening, body, closing := lines[0], lines[1:len(lines)-1], lines[len(lines)-1]
	mark := opening[at]
	old := prefix(string(opening[at:]), func(c byte) bool { return c == mark })
	size := b.size(old, mark)
	text := slices.Concat(opening[:at], bytes.Repeat([]byte{mark}, size), opening[at+old:])
	text = append(text, b.written(opening, lines[1:], body)...)
	blanks, behind := prefix(string(closing), isBlank), int(b.Step.token.end-b.Step.token.tail)
	size = max(size, behind-blanks)
	return slices.Concat(text, closing[:blanks], bytes.Repeat([]byte{mark}, size), closing[behind:])
}

// part is the new text for the lines of a step in a fence of several steps.
func (b *Body) part(lines [][]byte, at int) ([]byte, error) {
	opening := lines[0]
	if old := prefix(string(opening[at:]), func(c byte) bool { return c == opening[at] }); b.size(old, opening[at]) > old {
		return nil, errors.New("a line of it would end the fence")
	}
	from, to := 1+b.Step.lines.from, 1+b.Step.lines.to
	if to > len(lines)-1 {
		return nil, errElsewhere
	}
	if !b.Step.Fills() && strings.Count(b.Step.Text, "\n")+1 != to-from {
		return nil, errors.New("a ^C stands in it")
	}
	return b.written(opening, lines[1:], lines[from:to]), nil
}

// written are the new lines, with the end of lines and the indentation of the fence.
func (b *Body) written(opening []byte, lines, old [][]byte) (text []byte) {
	end := "\n"
	if bytes.HasSuffix(opening, []byte("\r\n")) {
		end = "\r\n"
	}
	indent := b.indent(lines)
	for _, l := range b.Lines {
		switch {
		case l.Kept >= 0:
			text = append(text, old[l.Kept]...)
		case l.Text == "":
			text = append(text, end...)
		default:
			text = append(append(append(text, indent...), l.Text...), end...)
		}
	}
	return text
}

// indent is the indentation of the fence, taken from one of its other lines.
func (b *Body) indent(lines [][]byte) []byte {
	want := int(b.Step.token.indent)
	for _, line := range lines {
		for n := range 1 + prefix(string(line), isBlank) {
			if columns(string(line[:n])) == want {
				return line[:n]
			}
		}
	}
	return bytes.Repeat([]byte(" "), want)
}

// size is the length that the fence needs for the new lines.
func (b *Body) size(size int, mark byte) int {
	for _, l := range b.Lines {
		line := strings.TrimLeft(l.Text, " \t")
		if n := prefix(line, func(c byte) bool { return c == mark }); n >= size {
			size = n + 1
		}
	}
	return size
}

// Addition is a hidden step for a deck of slides, behind a step that stands in it.
type Addition struct {
	After           *Step
	Directive, Text string // of a step that is written on one line, or an output
}

// Add is a file with further hidden steps. Everything else stays the same byte for byte. What holds for the
// steps of [Rewrite] holds for the steps before the new ones.
func Add(src []byte, additions []Addition) ([]byte, error) {
	bare := bytes.TrimPrefix(src, []byte("\ufeff"))
	lines := bytes.SplitAfter(bare, []byte("\n"))
	var errs ErrorList
	behind := map[int][]byte{} // the index of a line
	for _, a := range additions {
		b := Body{Step: a.After}
		first := b.first()
		t := a.After.token.unpack()
		if a.After.origin.src == nil || t.unclosed() || a.After.Rule != "" || t.kind == commentToken || first >= len(lines) {
			errs.Add(CodeRewrite, a.After.Head(), "write it by hand", "nothing can be added here")
			continue
		}
		_, n, err := b.verify(lines[first:])
		if err != nil {
			errs.Add(CodeRewrite, a.After.Head(), "write it by hand", "nothing can be added here: %v", err)
			continue
		}
		last := first + n - 1
		end := "\n"
		if bytes.HasSuffix(lines[last], []byte("\r\n")) {
			end = "\r\n"
		}
		text := "```" + a.Directive + " " + a.Text + "```"
		if a.Directive == "output" {
			text = "```output\n" + a.Text + "\n```"
		}
		if !a.After.Hidden {
			text += "\n-->"
			if before, more := bytes.CutSuffix(behind[last], []byte("-->"+end)); more {
				behind[last] = before
			} else {
				text = "\n<!--\n" + text
			}
		}
		behind[last] = append(behind[last], strings.ReplaceAll(text+"\n", "\n", end)...)
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	out := slices.Clone(src[:len(src)-len(bare)])
	for i, line := range lines {
		out = append(append(out, line...), behind[i]...)
	}
	return out, nil
}
