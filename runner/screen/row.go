package screen

import "unicode/utf8"

// Cell is one place on the screen.
type Cell struct {
	// Rune is the character there: 0 if there is none (never written, or erased), -1 in
	// the right half of a wide character.
	Rune rune
	// Epoch is the epoch in which it was written, 0 if there is no character.
	Epoch uint32
	Style Style
}

// rightHalf is the Rune of the second cell of a wide character.
const rightHalf = -1

// maxMarks bounds the combining marks that a cell keeps; more are dropped.
const maxMarks = 8

// combining is a combining mark on a cell.
type combining struct {
	x int
	r rune
}

// Row is one row of a Screen. It is valid until the screen is written to or resized:
// rows move by pointer and are used again.
type Row struct {
	cells   []Cell
	used    int         // the cells from here on are all zero
	marks   []combining // in the order in which they came
	wrapped bool
	gen     uint64
	ended   uint32 // 1 + the epoch of the last line feed on it since it was erased; 0 for none

	drawn     Line // the row at some generation, for views
	drawnGen  uint64
	drawnCols int
}

// Cells returns the cells from left to right, to be read only. Combining marks are
// not among them: see AppendCell.
func (r *Row) Cells() []Cell { return r.cells }

// Wrapped reports whether the text continues in the next row for want of room: a soft wrap.
func (r *Row) Wrapped() bool { return r.wrapped }

// Ended is the epoch of the last line feed on the row since the row was erased. ok is false if
// there was none.
func (r *Row) Ended() (epoch uint32, ok bool) { return r.ended - 1, r.ended > 0 }

// Gen is the generation of the screen at the last change of the content. A row that
// only moved has not changed.
func (r *Row) Gen() uint64 { return r.gen }

// AppendCell appends the text of a cell with its combining marks: a space for an
// empty cell, nothing for the right half of a wide character.
func (r *Row) AppendCell(dst []byte, x int) []byte {
	switch c := r.cells[x].Rune; {
	case c == rightHalf:
		return dst
	case c == 0:
		dst = append(dst, ' ')
	case c < utf8.RuneSelf:
		dst = append(dst, byte(c))
	default:
		dst = utf8.AppendRune(dst, c)
	}
	for _, m := range r.marks {
		if m.x == x {
			dst = utf8.AppendRune(dst, m.r)
		}
	}
	return dst
}

// Marked reports whether a cell of the row holds combining marks.
func (r *Row) Marked() bool { return len(r.marks) > 0 }

// text is the row as drawn, trailing blanks removed.
func (r *Row) text() string {
	end := r.used
	for end > 0 && (r.cells[end-1].Rune == 0 || r.cells[end-1].Rune == ' ') && !r.marked(end-1) {
		end--
	}
	b := make([]byte, 0, end)
	for x := range end {
		b = r.AppendCell(b, x)
	}
	return string(b)
}

// cut makes x a border between characters: a wide one that lies across is blanked.
// Every edit cuts at both of its ends first, so that no half is ever left alone.
func (r *Row) cut(x int) {
	if x < r.used && r.cells[x].Rune == rightHalf {
		r.cells[x-1], r.cells[x] = Cell{}, Cell{}
		r.unmark(x-1, x+1)
	}
}

// ascii writes printable ASCII from column x on; it must fit.
func (r *Row) ascii(x int, p []byte, style Style, epoch uint32) {
	end := x + len(p)
	r.cut(x)
	r.cut(end)
	r.unmark(x, end)
	cells := r.cells[x:end]
	p = p[:len(cells)]
	for i := range cells {
		cells[i] = Cell{Rune: rune(p[i]), Epoch: epoch, Style: style}
	}
	r.wrote(end)
}

// put writes a character of one or two cells at column x; it must fit.
func (r *Row) put(x int, c rune, width int, style Style, epoch uint32) {
	r.cut(x)
	r.cut(x + width)
	r.unmark(x, x+width)
	r.cells[x] = Cell{Rune: c, Epoch: epoch, Style: style}
	if width == 2 {
		r.cells[x+1] = Cell{Rune: rightHalf, Epoch: epoch, Style: style}
	}
	r.wrote(x + width)
}

// wrote notes that the cells before end are in use.
func (r *Row) wrote(end int) {
	r.used = max(r.used, end)
	if end == len(r.cells) {
		r.wrapped = false // until written text wraps again
	}
}

// combine puts a combining mark on the character at x, or on the one whose right
// half x is, unless there are too many.
func (r *Row) combine(x int, c rune, epoch uint32) {
	switch r.cells[x].Rune {
	case rightHalf:
		x--
	case 0:
		r.put(x, ' ', 1, r.cells[x].Style, epoch)
	}
	n := 0
	for _, m := range r.marks {
		if m.x == x {
			n++
		}
	}
	if n < maxMarks {
		r.marks = append(r.marks, combining{x, c})
	}
}

func (r *Row) marked(x int) bool {
	for _, m := range r.marks {
		if m.x == x {
			return true
		}
	}
	return false
}

// unmark removes the combining marks of the cells in [x0, x1).
func (r *Row) unmark(x0, x1 int) {
	if len(r.marks) == 0 {
		return
	}
	kept := r.marks[:0]
	for _, m := range r.marks {
		if m.x < x0 || m.x >= x1 {
			kept = append(kept, m)
		}
	}
	r.marks = kept
}

// shift moves the combining marks of the cells from x on by d columns.
func (r *Row) shift(x, d int) {
	for i := range r.marks {
		if r.marks[i].x >= x {
			r.marks[i].x += d
		}
	}
}

// erase empties the cells in [x0, x1) and gives them a style.
func (r *Row) erase(x0, x1 int, style Style) {
	r.cut(x0)
	r.cut(x1)
	r.unmark(x0, x1)
	r.fill(x0, x1, style)
	if x1 == len(r.cells) {
		r.wrapped = false
	}
}

// fill empties cells without regard to wide characters at its ends.
func (r *Row) fill(x0, x1 int, style Style) {
	if style == 0 {
		if x0 < r.used {
			clear(r.cells[x0:min(x1, r.used)])
			if x1 >= r.used {
				r.used = x0
			}
		}
		return
	}
	cells := r.cells[x0:x1]
	for i := range cells {
		cells[i] = Cell{Style: style}
	}
	r.used = max(r.used, x1)
}

// insert opens a gap of n cells at x; cells pushed over the end are lost.
func (r *Row) insert(x, n int, style Style) {
	end := len(r.cells) - n
	r.cut(x)
	r.cut(end)
	r.unmark(end, len(r.cells))
	r.shift(x, n)
	copy(r.cells[x+n:], r.cells[x:end])
	r.used = min(max(r.used, x)+n, len(r.cells))
	r.fill(x, x+n, style)
	r.wrapped = false
}

// remove removes n cells at x; the cells right of them move left.
func (r *Row) remove(x, n int, style Style) {
	end := len(r.cells) - n
	r.cut(x)
	r.cut(x + n)
	r.unmark(x, x+n)
	r.shift(x, -n)
	copy(r.cells[x:], r.cells[x+n:])
	r.fill(end, len(r.cells), style)
	r.wrapped = false
}

// resize truncates the row or adds empty cells.
func (r *Row) resize(cols int) {
	r.wrapped = false
	if cols <= len(r.cells) {
		r.erase(cols, len(r.cells), 0)
		r.cells = r.cells[:cols]
		return
	}
	cells := make([]Cell, cols)
	copy(cells, r.cells)
	r.cells = cells
}
