package screen

import "slices"

// page is one of the two sets of rows that a terminal has.
type page struct {
	// rows is a window of ring, which holds more places than there are rows: to
	// scroll, the window slides by one, and only now and then moves back.
	rows  []*Row
	ring  []*Row
	at    int
	saved cursorState // by DECSC
	// continued says that the row above the top one, which has left, was wrapped onto it.
	continued bool
}

func newPage(cols, rows int) page {
	p := page{ring: make([]*Row, 2*rows+64)}
	p.rows = p.ring[:rows]
	cells := make([]Cell, cols*rows)
	for y := range p.rows {
		p.rows[y] = &Row{cells: cells[y*cols : (y+1)*cols : (y+1)*cols]}
	}
	return p
}

// slide moves all rows up by one and the first one, which it returns, to the end.
func (p *page) slide() *Row {
	n := len(p.rows)
	if p.at+n == len(p.ring) {
		copy(p.ring, p.rows)
		p.at, p.rows = 0, p.ring[:n]
	}
	first := p.rows[0]
	p.at++
	p.rows = p.ring[p.at : p.at+n]
	p.rows[n-1] = first
	return first
}

// resize drops rows at the top, and cuts or fills at the other ends.
func (p *page) resize(cols, rows, drop int, gen uint64) {
	fresh := newPage(cols, rows)
	copy(fresh.rows, p.rows[drop:])
	fresh.saved = p.saved
	*p = fresh
	for _, r := range p.rows {
		r.resize(cols)
		r.gen = gen
	}
}

// row is the row of the cursor, about to be changed.
func (s *Screen) row() *Row {
	r := s.page.rows[s.cur.y]
	r.gen = s.gen
	return r
}

// column is the column of the cursor when no wrap is pending.
func (s *Screen) column() int { return min(s.cur.x, s.cols-1) }

// eraseRows empties whole rows.
func (s *Screen) eraseRows(y0, y1 int) {
	s.unwrapAbove(y0)
	for _, r := range s.page.rows[y0:y1] {
		s.eraseRow(r)
	}
}

func (s *Screen) eraseRow(r *Row) {
	style := s.cur.style.blank()
	r.marks = r.marks[:0]
	r.wrapped = false
	r.ended = 0
	r.gen = s.gen
	r.fill(0, len(r.cells), style)
}

// eraseIn empties columns of the row of the cursor.
func (s *Screen) eraseIn(x0, x1 int) {
	if x0 == 0 {
		s.unwrapAbove(s.cur.y)
	}
	if x0 < x1 {
		s.row().erase(x0, x1, s.cur.style.blank())
	}
}

// index moves the cursor down, or the scrolling region up. It reports whether
// anything moved.
func (s *Screen) index() bool {
	switch s.cur.y {
	case s.bottom:
		if s.tall != nil && s.top == 0 && s.page == &s.main {
			s.grow()
		} else if s.tall == nil && s.top == 0 && s.bottom == s.rows-1 {
			r := s.page.slide()
			if s.page == &s.main {
				s.past.add(r)
			}
			s.page.continued = r.wrapped
			s.eraseRow(r)
		} else {
			s.scroll(max(s.top, s.base()), s.bottom, 1)
		}
	case s.rows - 1:
		return false
	default:
		s.cur.y++
	}
	return true
}

// reverseIndex moves the cursor up, or the scrolling region down.
func (s *Screen) reverseIndex() {
	switch s.cur.y {
	case s.top:
		s.scroll(s.top, s.bottom, -1)
	case 0:
	default:
		s.cur.y--
	}
}

// scroll moves the rows from top to bottom up by n, or down by -n, and empties those
// that come free.
func (s *Screen) scroll(top, bottom, n int) {
	rows := s.page.rows[top : bottom+1]
	n = min(max(n, -len(rows)), len(rows))
	// No soft wrap leads across an end of the moved rows any more.
	s.unwrapAbove(top)
	s.unwrap(bottom)
	up := n
	if n < 0 {
		up = len(rows) + n
	}
	slices.Reverse(rows[:up])
	slices.Reverse(rows[up:])
	slices.Reverse(rows)
	if n < 0 {
		s.eraseRows(top, top-n)
		s.unwrap(bottom)
	} else {
		s.eraseRows(bottom+1-n, bottom+1)
	}
}

// unwrapAbove ends a soft wrap onto row y, whose text it was.
func (s *Screen) unwrapAbove(y int) {
	if y > 0 {
		s.unwrap(y - 1)
	} else {
		s.page.continued = false
	}
}

func (s *Screen) unwrap(y int) {
	if r := s.page.rows[y]; r.wrapped {
		r.wrapped = false
		r.gen = s.gen
	}
}

// wrap moves the cursor to the beginning of the next row, for want of room.
func (s *Screen) wrap() {
	if s.index() && s.cur.y > 0 {
		r := s.page.rows[s.cur.y-1]
		r.wrapped = true
		r.gen = s.gen
	}
	s.cur.x = 0
}

// printASCII writes printable ASCII.
func (s *Screen) printASCII(p []byte) {
	if s.modes.insert || s.cur.charsets[s.cur.shift] == '0' {
		for _, b := range p {
			s.print(rune(b))
		}
		return
	}
	s.emit(p)
	s.last = rune(p[len(p)-1])
	for {
		if s.cur.x == s.cols && s.modes.autowrap {
			s.wrap()
		}
		x := s.cur.x
		room := s.cols - x
		if room >= len(p) {
			s.row().ascii(x, p, s.cur.style, s.epoch)
			s.cur.x += len(p)
			break
		}
		s.row().ascii(x, p[:room], s.cur.style, s.epoch)
		s.cur.x = s.cols
		p = p[room:]
		if !s.modes.autowrap { // all the rest is written over the last column
			s.row().ascii(s.cols-1, p[len(p)-1:], s.cur.style, s.epoch)
			break
		}
	}
	if !s.modes.autowrap {
		s.cur.x = s.column()
	}
}

// decGraphics are the characters from ` to ~ of DEC's special graphics (the VT100's
// line drawing).
var decGraphics = [...]rune{
	'◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺',
	'⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
}

// print writes one character.
func (s *Screen) print(r rune) {
	if r >= '`' && r <= '~' && s.cur.charsets[s.cur.shift] == '0' {
		r = decGraphics[r-'`']
	}
	width := runeWidth(r)
	if width < 0 {
		return
	}
	s.emitRune(r)
	if width == 0 {
		if s.cur.x > 0 {
			s.row().combine(s.cur.x-1, r, s.epoch)
		}
		return
	}
	s.last = r
	if width > s.cols {
		return // no row has room for it
	}
	if s.cur.x+width > s.cols {
		if !s.modes.autowrap {
			return
		}
		s.wrap()
	}
	row := s.row()
	if s.modes.insert {
		row.insert(s.cur.x, width, s.cur.style.blank())
	}
	row.put(s.cur.x, r, width, s.cur.style, s.epoch)
	s.cur.x += width
	if !s.modes.autowrap {
		s.cur.x = s.column()
	}
}
