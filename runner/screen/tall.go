package screen

import "slices"

// tall is the additional state of a screen of unbounded height. The rows at its end are the
// view: as many as the terminal has.
type tall struct {
	view    int
	limit   int               // rows above the view that the cursor can surely reach
	left    func(rows []*Row) // gets the rows that the cursor can no longer reach
	cleared func()            // is called after the erasure of everything
	spare   []*Row            // for reuse
	hidden  *Row              // stands for all rows above the view of the alternate page
}

// tallCells bounds the cells that a screen of unbounded height keeps within the cursor's
// reach; there may be twice as many for a while.
const tallCells = 1 << 18

// Tall returns a screen that continues from the state of this one, and has no upper end: a row
// that would leave at the top stays, and the cursor can be moved up to it. Absolute positions
// count from the top of the view, which is as large as the screen is now. A screen that is
// erased as a whole (ED 2, ED 3, RIS) loses all its rows above the view. The alternate page
// is as large as the view.
//
// Rows that are more than a few thousand rows above the view are given to left, from the
// top on, and are valid until it returns; cleared is called when those are erased as well.
func (s *Screen) Tall(hooks Hooks, left func(rows []*Row), cleared func()) *Screen {
	t := *s
	t.hooks, t.past, t.stripped = hooks, nil, nil
	t.data, t.tabs = slices.Clone(s.data), slices.Clone(s.tabs)
	t.main, t.alt = s.main.clone(), s.alt.clone()
	t.page = &t.main
	if s.page == &s.alt {
		t.page = &t.alt
	}
	t.tall = &tall{view: s.rows, limit: max(2*s.rows, tallCells/s.cols), left: left, cleared: cleared}
	return &t
}

// clone is a page with rows of its own.
func (p *page) clone() page {
	c := page{saved: p.saved, rows: make([]*Row, len(p.rows))}
	for y, r := range p.rows {
		c.rows[y] = &Row{cells: slices.Clone(r.cells), used: r.used, marks: slices.Clone(r.marks), wrapped: r.wrapped, gen: r.gen, ended: r.ended}
	}
	c.ring = c.rows
	return c
}

// Rows is the number of rows; only a screen of unbounded height has more than its size.
func (s *Screen) Rows() int { return len(s.main.rows) }

// MainRow is row y of the main page, from 0, also while the other page is shown.
func (s *Screen) MainRow(y int) *Row { return s.main.rows[y] }

// base is the first row of the view.
func (s *Screen) base() int {
	if s.tall == nil {
		return 0
	}
	return s.rows - s.tall.view
}

// viewed is the number of rows of the view.
func (s *Screen) viewed() int { return s.rows - s.base() }

// Below moves the cursor to the beginning of the row below the last one that holds a
// character that counts, if the cursor is not below it already.
func (s *Screen) Below(counts func(Cell) bool) {
	if s.page != &s.main {
		return
	}
	for y := s.rows - 1; y >= s.cur.y; y-- {
		r := s.page.rows[y]
		if !slices.ContainsFunc(r.cells[:r.used], counts) {
			continue
		}
		s.top, s.bottom = 0, s.rows-1
		s.cur.x, s.cur.y = 0, y
		s.index()
		return
	}
}

// grow adds an empty row behind the scrolling region, which begins at the top, and moves
// region and cursor down.
func (s *Screen) grow() {
	t := s.tall
	var r *Row
	if n := len(t.spare); n > 0 {
		r, t.spare = t.spare[n-1], t.spare[:n-1]
	} else {
		r = &Row{cells: make([]Cell, s.cols)}
	}
	s.eraseRow(r)
	s.unwrap(s.bottom)
	s.page.rows = slices.Insert(s.page.rows, s.bottom+1, r)
	s.rows++
	s.bottom++
	s.cur.y++
	if s.rows > t.view+2*t.limit {
		gone := s.page.rows[:t.limit]
		t.left(gone)
		t.spare = append(t.spare[:0], gone...)
		s.lose(t.limit)
	}
}

// lose takes n rows out at the top.
func (s *Screen) lose(n int) {
	p := s.page
	p.rows = slices.Delete(p.rows, 0, n)
	s.rows -= n
	s.bottom -= n
	s.top = max(s.top-n, 0)
	for _, c := range []*cursorState{&s.cur, &s.left, &p.saved} {
		c.y = max(c.y-n, 0)
	}
}

// forget takes out the rows above the view, when they have been erased.
func (s *Screen) forget() {
	if s.tall == nil || s.page != &s.main {
		return
	}
	s.tall.cleared()
	s.lose(min(s.base(), s.cur.y))
}

// showTall makes the alternate page as long as the main one.
func (s *Screen) showTall() {
	t := s.tall
	if t.hidden == nil || len(t.hidden.cells) != s.cols {
		t.hidden = &Row{cells: make([]Cell, s.cols)}
	}
	rows := make([]*Row, s.rows)
	for y := range s.base() {
		rows[y] = t.hidden
	}
	copy(rows[s.base():], s.alt.rows[len(s.alt.rows)-t.view:])
	s.alt.rows = rows
}

// resizeTall is Resize of a screen of unbounded height.
func (s *Screen) resizeTall(cols, rows int) {
	cur := &s.cur
	if s.page == &s.alt {
		cur = &s.left
	}
	base := s.base() + max(cur.y-s.base()-(rows-1), 0)
	fit := func(p *page) {
		for _, r := range p.rows {
			r.resize(cols)
		}
		p.rows = p.rows[:min(len(p.rows), base+rows)]
		for len(p.rows) < base+rows {
			p.rows = append(p.rows, &Row{cells: make([]Cell, cols)})
		}
	}
	fit(&s.main)
	s.alt = newPage(cols, rows)
	s.cols, s.rows, s.tall.view, s.tall.spare = cols, base+rows, rows, nil
	s.showTall()
	for _, c := range []*cursorState{&s.cur, &s.left, &s.main.saved, &s.alt.saved} {
		c.x, c.y = min(c.x, cols-1), min(c.y, s.rows-1)
	}
	s.setSize()
}
