package lsp

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"workshop/markdown"
)

// document is a text whose places have three forms: offsets in bytes, the protocol's lines and
// UTF-16 code units, and the lines and characters of a [markdown.Pos]. It does not change.
type document struct {
	uri     string // in the client's spelling
	path    string // absolute; or the URI, if it is not a file's
	version int
	open    bool // in the editor
	text    string
	lines   []int // the offset of each line in the protocol: \n, \r\n and \r end one
	rows    []int // the offset of each line in a deck: \n ends one
}

func newDocument(uri, path string, version int, text string) *document {
	d := &document{uri: uri, path: path, version: version, text: text}
	d.lines, d.rows = []int{0}, []int{0}
	for i := range len(text) {
		switch {
		case text[i] == '\n':
			d.lines, d.rows = append(d.lines, i+1), append(d.rows, i+1)
		case text[i] == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			d.lines = append(d.lines, i+1)
		}
	}
	return d
}

// eol returns the number of bytes that end a line.
func eol(line string) int {
	switch {
	case strings.HasSuffix(line, "\r\n"):
		return 2
	case strings.HasSuffix(line, "\n"), strings.HasSuffix(line, "\r"):
		return 1
	}
	return 0
}

// line returns the line that begins at an index of lines, with its end.
func (d *document) line(n int) string {
	end := len(d.text)
	if n+1 < len(d.lines) {
		end = d.lines[n+1]
	}
	return d.text[d.lines[n]:end]
}

// offset returns the offset of a position. A position past the end of its line or of the text is
// moved there.
func (d *document) offset(p position) int {
	switch {
	case p.Line < 0:
		return 0
	case p.Line >= len(d.lines):
		return len(d.text)
	}
	return d.lines[p.Line] + inLine(d.line(p.Line), p.Character)
}

// inLine returns the offset in a line of a number of UTF-16 code units. A position within a
// character is moved to its beginning.
func inLine(line string, units int) int {
	line = line[:len(line)-eol(line)]
	for i, r := range line {
		n := units16(r)
		if units < n {
			return i
		}
		units -= n
	}
	return len(line)
}

// units16 returns the number of UTF-16 code units of a character.
func units16(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// position returns the position of an offset.
func (d *document) position(off int) position {
	off = min(max(off, 0), len(d.text))
	n := sort.SearchInts(d.lines, off+1) - 1
	p := position{Line: n}
	for _, r := range d.text[d.lines[n]:off] {
		p.Character += units16(r)
	}
	return p
}

// place returns the offset of a deck's position, moved into the text.
func (d *document) place(p markdown.Pos) int {
	if p.Line < 1 {
		return 0
	}
	if p.Line > len(d.rows) {
		return len(d.text)
	}
	off := d.rows[p.Line-1]
	if p.Line == 1 && strings.HasPrefix(d.text, "\ufeff") {
		off += len("\ufeff")
	}
	for n := 1; n < p.Col && off < len(d.text) && d.text[off] != '\n' && !strings.HasPrefix(d.text[off:], "\r\n"); n++ {
		_, size := utf8.DecodeRuneInString(d.text[off:])
		off += size
	}
	return off
}

// span returns the range from one offset to another.
func (d *document) span(from, to int) span { return span{d.position(from), d.position(max(from, to))} }

// word returns the offset of the end of the word that begins at an offset.
func (d *document) word(off int) int {
	n := strings.IndexAny(d.text[off:], " \t\r\n")
	switch {
	case n < 0:
		return len(d.text)
	case n == 0 && d.text[off] != '\r' && d.text[off] != '\n':
		return off + 1
	}
	return off + n
}

// edit returns the document after changes. Each change applies to the text after the one before it.
func (d *document) edit(version int, changes []change) *document {
	var lines []string
	for n := range d.lines {
		lines = append(lines, d.line(n))
	}
	for _, c := range changes {
		if c.Range == nil {
			lines = splitLines(c.Text)
			continue
		}
		lines = splice(lines, c.Range.Start, c.Range.End, c.Text)
	}
	n := newDocument(d.uri, d.path, version, strings.Join(lines, ""))
	n.open = d.open
	return n
}

// splitLines splits a text after the ends of lines; the last line has none.
func splitLines(text string) []string {
	var lines []string
	from := 0
	for i := range len(text) {
		if text[i] == '\n' || text[i] == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			lines, from = append(lines, text[from:i+1]), i+1
		}
	}
	return append(lines, text[from:])
}

// splice replaces the text between two positions. Its cost depends on the lines between them, not
// on the whole text.
func splice(lines []string, from, to position, text string) []string {
	last := len(lines) - 1
	clamp := func(p position) (line, off int) {
		switch {
		case p.Line < 0:
			return 0, 0
		case p.Line > last:
			return last, len(lines[last])
		}
		return p.Line, inLine(lines[p.Line], p.Character)
	}
	l1, o1 := clamp(from)
	l2, o2 := clamp(to)
	if l2 < l1 || l2 == l1 && o2 < o1 {
		l2, o2 = l1, o1
	}
	text = lines[l1][:o1] + text + lines[l2][o2:]
	if l1 > 0 && strings.HasPrefix(text, "\n") && strings.HasSuffix(lines[l1-1], "\r") {
		l1-- // the two characters become one end of a line
		text = lines[l1] + text
	}
	parts := splitLines(text)
	if l2 < last { // the part after the end of the line is the next line
		parts = parts[:len(parts)-1]
	}
	return slices.Replace(lines, l1, l2+1, parts...)
}
