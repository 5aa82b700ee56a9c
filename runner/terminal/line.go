package terminal

import (
	"regexp"
	"unicode/utf8"
)

// line is a row of the screen with those that it is wrapped onto. Its cells are
// numbered through.
type line struct {
	row  int // of its first cell
	cols int
	rows [][]Cell

	buf []byte // its text, when that is needed
	at  []int  // where in buf each cell's begins
}

// finder calls found with the cells [first, last) of each match on a line, until it
// returns false.
type finder func(l *line, found func(first, last int) bool)

func (l *line) len() int        { return len(l.rows) * l.cols }
func (l *line) cell(i int) Cell { return l.rows[i/l.cols][i%l.cols] }

// place is the row and column of a cell.
func (l *line) place(i int) (row, col int) { return l.row + i/l.cols, i % l.cols }

// visible is the character that a cell shows. ok is false for the right half of a
// wide one, and for the cell that one left empty when it was wrapped onto the next row.
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
	for y, cells := range l.rows {
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

// match is the end of a text that begins at a cell; 0 if it does not.
func (l *line) match(i int, want []rune) int {
	for n := l.len(); i < n && len(want) > 0; i++ {
		r, ok := l.visible(i)
		switch {
		case !ok:
		case r != want[0]:
			return 0
		default:
			want = want[1:]
		}
	}
	if len(want) > 0 {
		return 0
	}
	return i
}

// findRegexp finds what a regular expression matches, if it is not empty.
func (l *line) findRegexp(want *regexp.Regexp, found func(first, last int) bool) {
	if len(l.at) == 0 {
		for i := range l.len() {
			l.at = append(l.at, len(l.buf))
			if r, ok := l.visible(i); ok {
				l.buf = utf8.AppendRune(l.buf, r)
			}
		}
	}
	for _, loc := range want.FindAllIndex(l.buf, -1) {
		if loc[0] < loc[1] && !found(l.behind(loc[0]), l.behind(loc[1])) {
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

// text is what cells show.
func (l *line) text(first, last int) string {
	var b []byte
	for i := first; i < last; i++ {
		if r, ok := l.visible(i); ok {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}
