package screen

import "fmt"

// The functions of the sequences, named by xterm's ctlseqs and ECMA-48.

// Parts of parser.function.
const (
	private      = '?' << 16
	secondary    = '>' << 16
	dollar       = '$' << 8
	exclamation  = '!' << 8
	numberSign   = '#' << 8
	designateG0  = '(' << 8
	designateG1  = ')' << 8
	finalByte    = 0xff
	intermediate = 0xff00
)

// control carries out a control character.
func (s *Screen) control(b byte) {
	switch b {
	case '\b':
		if x := s.column(); x > 0 {
			s.moveTo(x-1, s.cur.y)
		}
	case '\t':
		s.emitRune('\t')
		if s.cur.x < s.cols {
			s.cur.x = s.nextTab(s.cur.x)
		}
	case '\n', '\v', '\f':
		s.lineFeed()
		s.cur.x = s.column()
		if s.modes.newline {
			s.cur.x = 0
		}
		s.index()
	case '\r':
		if s.cur.x = 0; s.flow == inText {
			s.flow = moved
		}
	case 0x0e:
		s.cur.shift = 1
	case 0x0f:
		s.cur.shift = 0
	default:
		return
	}
	s.last = 0
}

// escapeFunction carries out a sequence of ESC and up to two bytes.
func (s *Screen) escapeFunction(f uint32) {
	s.last = 0
	switch f {
	case '7': // DECSC
		s.page.saved = s.cur
	case '8': // DECRC
		s.restore(s.page.saved)
	case 'D': // IND
		s.lineFeed()
		s.cur.x = s.column()
		s.index()
	case 'E': // NEL
		s.lineFeed()
		s.cur.x = 0
		s.index()
	case 'M': // RI
		s.flow = moved
		s.cur.x = s.column()
		s.reverseIndex()
	case 'H': // HTS
		s.tabs[s.column()] = true
	case 'Z': // DECID
		s.identify()
	case 'c': // RIS
		s.flow = moved
		s.reset()
	case numberSign | '8': // DECALN
		s.flow = moved
		s.top, s.bottom = 0, s.rows-1
		s.cur.x, s.cur.y = 0, s.base()
		for _, r := range s.page.rows[s.base():] {
			s.eraseRow(r)
			for x := range r.cells {
				r.cells[x] = Cell{Rune: 'E', Epoch: s.epoch}
			}
			r.wrote(s.cols)
		}
	default:
		switch f & intermediate {
		case designateG0:
			s.cur.charsets[0] = byte(f)
		case designateG1:
			s.cur.charsets[1] = byte(f)
		}
	}
}

// controlFunction carries out a control sequence.
func (s *Screen) controlFunction(f uint32) {
	p := &s.params
	if f == 'm' { // SGR: the most frequent
		s.cur.style.graphics(p)
		s.last = 0
		return
	}
	repeated := s.last
	s.last = 0
	n := p.get(0, 1)
	x, y := s.column(), s.cur.y
	switch f {
	case '@': // ICH
		if s.cur.x < s.cols {
			s.row().insert(x, min(n, s.cols-x), s.cur.style.blank())
		}
	case 'A': // CUU
		s.moveTo(x, s.above(n))
	case 'B', 'e': // CUD, VPR
		s.moveTo(x, s.below(n))
	case 'C', 'a': // CUF, HPR
		s.moveTo(x+n, y)
	case 'D': // CUB
		s.moveTo(x-n, y)
	case 'E': // CNL
		s.moveTo(0, s.below(n))
	case 'F': // CPL
		s.moveTo(0, s.above(n))
	case 'G', '`': // CHA, HPA
		s.moveTo(n-1, y)
	case 'H', 'f': // CUP, HVP
		s.moveTo(p.get(1, 1)-1, s.addressed(n))
	case 'd': // VPA
		s.moveTo(x, s.addressed(n))
	case 'I': // CHT
		for ; n > 0 && x < s.cols-1; n-- {
			x = s.nextTab(x)
		}
		s.moveTo(x, y)
	case 'Z': // CBT
		for ; n > 0 && x > 0; n-- {
			for x--; x > 0 && !s.tabs[x]; x-- {
			}
		}
		s.moveTo(x, y)
	case 'J', private | 'J': // ED, DECSED
		s.eraseDisplay(p.get(0, 0))
	case 'K', private | 'K': // EL, DECSEL
		switch p.get(0, 0) {
		case 0:
			s.eraseIn(s.cur.x, s.cols)
		case 1:
			s.eraseIn(0, x+1)
		case 2:
			s.eraseIn(0, s.cols)
		}
	case 'L', 'M': // IL, DL
		if y < s.top || y > s.bottom {
			break
		}
		s.flow = moved
		if f == 'L' {
			n = -n
		}
		s.scroll(y, s.bottom, n)
	case 'P': // DCH
		if s.cur.x < s.cols {
			s.row().remove(x, min(n, s.cols-x), s.cur.style.blank())
		}
	case 'S': // SU
		s.flow = moved
		if s.tall != nil && s.top == 0 && s.page == &s.main {
			for range min(n, s.viewed()) {
				s.grow()
			}
			break
		}
		s.scroll(max(s.top, s.base()), s.bottom, n)
	case 'T': // SD
		if p.n == 1 { // with more it is a mouse highlight
			s.flow = moved
			s.scroll(max(s.top, s.base()), s.bottom, -n)
		}
	case 'X': // ECH
		s.eraseIn(s.cur.x, min(x+n, s.cols))
	case 'b': // REP
		if repeated != 0 {
			for range min(n, s.cols) {
				s.print(repeated)
			}
		}
	case 'g': // TBC
		switch p.get(0, 0) {
		case 0:
			s.tabs[x] = false
		case 3:
			clear(s.tabs)
		}
	case 'h', 'l', private | 'h', private | 'l': // SM, RM, DECSET, DECRST
		for i := range p.n {
			s.setMode(f&^finalByte != 0, p.get(i, 0), byte(f) == 'h')
		}
	case 'r': // DECSTBM
		if top, bottom := n-1, min(p.get(1, s.viewed()), s.viewed())-1; top < bottom {
			s.top, s.bottom = top+s.base(), bottom+s.base()
			if top == 0 {
				s.top = 0 // rows that are kept above the view belong to it
			}
			s.moveTo(0, s.addressed(1))
		}
	case 's': // SCOSC
		s.page.saved = s.cur
	case 'u': // SCORC
		s.restore(s.page.saved)
	case exclamation | 'p': // DECSTR
		s.top, s.bottom = 0, s.rows-1
		s.page.saved = s.home()
		x, y := s.cur.x, s.cur.y
		s.cur = s.home()
		s.cur.x, s.cur.y = x, y
		s.modes = modes{autowrap: true, cursorVisible: true, bracketedPaste: s.modes.bracketedPaste}
	default:
		s.query(f)
	}
}

// moveTo puts the cursor at a place, as near as it can.
func (s *Screen) moveTo(x, y int) {
	x, y = min(max(x, 0), s.cols-1), min(max(y, 0), s.rows-1)
	if x != s.cur.x || y != s.cur.y {
		s.cur.x, s.cur.y = x, y
		s.flow = moved
	}
}

// above is the row n above the cursor, which does not leave the scrolling region.
func (s *Screen) above(n int) int {
	if s.cur.y >= s.top {
		return max(s.cur.y-n, s.top)
	}
	return s.cur.y - n
}

// below is the row n below the cursor, which does not leave the scrolling region.
func (s *Screen) below(n int) int {
	if s.cur.y <= s.bottom {
		return min(s.cur.y+n, s.bottom)
	}
	return s.cur.y + n
}

// addressed is the row that programs call n: in origin mode counted in the scrolling
// region.
func (s *Screen) addressed(n int) int {
	if s.cur.origin {
		return min(max(s.top, s.base())+n-1, s.bottom)
	}
	return s.base() + n - 1
}

// nextTab is the next tab stop right of x, or the last column.
func (s *Screen) nextTab(x int) int {
	for x = min(x+1, s.cols-1); x < s.cols-1 && !s.tabs[x]; x++ {
	}
	return x
}

func (s *Screen) restore(saved cursorState) {
	x, y := saved.x, saved.y
	saved.x, saved.y = s.cur.x, s.cur.y
	s.cur = saved
	s.moveTo(x, y)
}

func (s *Screen) eraseDisplay(part int) {
	switch part {
	case 0:
		s.eraseIn(s.cur.x, s.cols)
		s.eraseRows(s.cur.y+1, s.rows)
	case 1:
		s.eraseRows(0, s.cur.y)
		s.eraseIn(0, s.column()+1)
	case 2:
		s.eraseRows(0, s.rows)
		s.forget()
	case 3:
		s.forget()
	}
}

// flag is the mode of a number, nil for one that is not kept.
func (m *modes) flag(private bool, n int) *bool {
	switch {
	case !private && n == 4:
		return &m.insert
	case !private && n == 20:
		return &m.newline
	case !private:
		return nil
	}
	switch n {
	case 1:
		return &m.appCursorKeys
	case 7:
		return &m.autowrap
	case 25:
		return &m.cursorVisible
	case 2004:
		return &m.bracketedPaste
	}
	return nil
}

func (s *Screen) setMode(private bool, n int, set bool) {
	if flag := s.modes.flag(private, n); flag != nil {
		*flag = set
		return
	}
	if !private {
		return
	}
	switch n {
	case 6: // DECOM
		s.cur.origin = set
		s.moveTo(0, s.addressed(1))
	case 47, 1047, 1049:
		s.showAlt(set, n == 1049)
	case 1048:
		if set {
			s.page.saved = s.cur
		} else {
			s.restore(s.page.saved)
		}
	}
}

// showAlt goes to the alternate page, which is empty then, or back; withCursor, the
// cursor comes back to where it was, even when the page is the main one already
// (ncurses may end twice).
func (s *Screen) showAlt(show, withCursor bool) {
	s.cur.x = s.column()
	switch {
	case show == s.AltScreen():
	case show:
		s.flow = moved
		s.left, s.wasLeft = s.cur, true
		s.page = &s.alt
		if s.tall != nil {
			s.showTall()
		}
		s.eraseRows(0, s.rows)
	default:
		s.flow = moved
		s.page = &s.main
		for _, r := range s.page.rows {
			r.gen = s.gen // it was not there to be seen
		}
	}
	if !show && withCursor && s.wasLeft {
		s.restore(s.left)
	}
}

// query answers the questions of programs. XTVERSION has no answer: its form, \eP, would begin a
// search in the line editor of bash if the program has not read it.
func (s *Screen) query(f uint32) {
	switch n := s.params.get(0, 0); f {
	case 'c': // DA1
		if n == 0 {
			s.identify()
		}
	case secondary | 'c': // DA2
		if n == 0 {
			s.reply("\x1b[>1;10;0c")
		}
	case 'n', private | 'n': // DSR
		switch {
		case n == 5 && f == 'n':
			s.reply("\x1b[0n")
		case n == 6:
			y := s.cur.y
			if s.cur.origin {
				y -= s.top
			}
			prefix := ""
			if f != 'n' {
				prefix = "?"
			}
			s.reply("\x1b[%s%d;%dR", prefix, y+1, s.column()+1)
		}
	case dollar | 'p', private | dollar | 'p': // DECRQM
		prefix, set := "", 0
		flag := s.modes.flag(f&private == private, n)
		if f&private == private {
			prefix = "?"
			switch n {
			case 6:
				flag = &s.cur.origin
			case 47, 1047, 1049:
				alt := s.AltScreen()
				flag = &alt
			}
		}
		if flag != nil {
			set = 2
			if *flag {
				set = 1
			}
		}
		s.reply("\x1b[%s%d;%d$y", prefix, n, set)
	case 't': // XTWINOPS
		switch n {
		case 18, 19:
			s.reply("\x1b[%d;%d;%dt", n-10, s.rows, s.cols)
		}
	}
}

// identify says that it is a VT220 with colours.
func (s *Screen) identify() { s.reply("\x1b[?62;22c") }

func (s *Screen) reply(format string, args ...any) {
	if s.hooks.Reply != nil {
		s.flush()
		s.hooks.Reply(fmt.Appendf(nil, format, args...))
	}
}
