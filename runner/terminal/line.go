package terminal

import (
	"bytes"
	"unicode/utf8"

	"workshop/runner/screen"
)

// line is a row of the screen with the rows that it is wrapped onto. Its cells are numbered
// consecutively.
type line struct {
	row  int // of its first cell
	cols int
	rows []*screen.Row

	continued bool // its beginning has left the screen

	buf []byte // its text, set on demand
	at  []int  // the offset in buf of each cell's text
}

func (l *line) len() int               { return len(l.rows) * l.cols }
func (l *line) cell(i int) screen.Cell { return l.rows[i/l.cols].Cells()[i%l.cols] }

// place is the row and column of a cell.
func (l *line) place(i int) (row, col int) { return l.row + i/l.cols, i % l.cols }

// visible is the character that a cell shows. ok is false for the right half of a wide
// character, and for the cell that one left empty when it was wrapped onto the next row.
func (l *line) visible(i int) (r rune, ok bool) {
	switch c := l.cell(i); {
	case c.Rune < 0:
		return 0, false
	case c.Rune > 0:
		return c.Rune, true
	case (i+1)%l.cols == 0 && i+2 < l.len() && l.cell(i+2).Rune < 0:
		return 0, false
	}
	return ' ', true
}

// findRunes finds a text.
func (l *line) findRunes(want []rune, found func(first, last int) bool) {
	for y, row := range l.rows {
		cells := row.Cells()
		for x := range cells {
			if r := cells[x].Rune; r != want[0] && (r != 0 || want[0] != ' ') {
				continue
			}
			first := y*l.cols + x
			if last := l.match(first, want); last > 0 && !found(first, last) {
				return
			}
		}
	}
}

// match is the end of a text that begins at a cell; 0 if no such text begins there.
func (l *line) match(i int, want []rune) int {
	for n := l.len(); i < n && len(want) > 0; i++ {
		r, ok := l.visible(i)
		switch {
		case !ok:
		case r != want[0]:
			return 0
		default:
			want = want[1:]
			for _, mark := range l.marks(i) {
				if len(want) == 0 || mark != want[0] { // another character
					return 0
				}
				want = want[1:]
			}
		}
	}
	if len(want) > 0 {
		return 0
	}
	return i
}

// marks are the combining marks of a visible cell.
func (l *line) marks(i int) string {
	row := l.rows[i/l.cols]
	if !row.Marked() {
		return ""
	}
	cell := string(row.AppendCell(nil, i%l.cols))
	_, size := utf8.DecodeRuneInString(cell)
	return cell[size:]
}

// append appends the text of a cell.
func (l *line) append(b []byte, i int) []byte {
	if _, ok := l.visible(i); !ok {
		return b
	}
	return l.rows[i/l.cols].AppendCell(b, i%l.cols)
}

// findRegexp finds the matches of a regular expression that are not empty. The blanks
// at the end of the line do not count.
func (l *line) findRegexp(want *lineRegexp, found func(first, last int) bool) {
	if len(l.at) == 0 {
		if l.continued {
			l.buf = append(l.buf, 'x') // so that ^ does not match
		}
		used := len(l.buf)
		for i := range l.len() {
			l.at = append(l.at, len(l.buf))
			l.buf = l.append(l.buf, i)
			if l.cell(i).Rune != 0 {
				used = len(l.buf)
			}
		}
		l.buf = bytes.TrimRight(l.buf[:used], " ")
	}
	at := 0
	if l.continued {
		at = 1
	}
	for {
		first, last, ok := want.index(l.buf, at)
		if !ok || first < last && !found(l.behind(first), l.behind(last)) {
			return
		}
		at = max(last, first+1)
		if at > len(l.buf) {
			return
		}
	}
}

// behind is the first cell whose text begins at or behind an offset.
func (l *line) behind(off int) int {
	for i, at := range l.at {
		if at >= off {
			return i
		}
	}
	return len(l.at)
}

// text is the text of the cells from first up to last.
func (l *line) text(first, last int) string {
	var b []byte
	for i := first; i < last; i++ {
		b = l.append(b, i)
	}
	return string(b)
}
