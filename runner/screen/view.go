package screen

import (
	"unicode"
	"unicode/utf8"
)

// View is a picture of a terminal at one moment: the visible screen, as plain data. It never
// changes. It holds only text and looks: no sequence, no control character, no character that
// changes the direction of text.
type View struct {
	Cols, Rows int
	Lines      []Line // Rows of them, each Cols wide
	X, Y       int    // of the cursor, from 0
	Cursor     bool   // it shows
	Alt        bool   // a full-screen program shows its own page
	Past       int    // lines that left at the top and are kept, see [Screen.Past]
}

// Line is a row of a terminal from left to right.
type Line []Run

// Run is text of one look.
type Run struct {
	Text  string
	Width int // in cells
	Style Style
}

// NewStyle is the look with these colours and attributes.
func NewStyle(foreground, background Color, attrs Attr) Style {
	return Style(foreground)<<fgShift | Style(background)<<bgShift | Style(attrs)<<attrShift
}

// With is the look with more attributes.
func (s Style) With(attrs Attr) Style { return s | Style(attrs)<<attrShift }

// NewRun is text of one look, without the characters that must not reach a terminal: control
// characters, and those that change the direction of text.
func NewRun(s string, style Style) Run {
	width, plain := 0, true
	for _, c := range s {
		w := runeWidth(c)
		plain = plain && showable(c, w)
		width += max(w, 0)
	}
	if plain {
		return Run{s, width, style}
	}
	var b []byte
	width = 0
	for _, c := range s {
		w := runeWidth(c)
		switch {
		case c == '\t' || c == '\n':
			b, width = append(b, ' '), width+1
		case showable(c, w):
			b, width = utf8.AppendRune(b, c), width+w
		}
	}
	return Run{string(b), width, style}
}

func showable(c rune, width int) bool {
	return c >= ' ' && c != 0x7f && width >= 0 && !unicode.Is(unicode.Bidi_Control, c) && c != utf8.RuneError
}

// Width is the number of cells of the line.
func (l Line) Width() (n int) {
	for _, r := range l {
		n += r.Width
	}
	return n
}

// View takes the picture. Rows that have not changed since the last one are shared, and all of them if
// none has changed.
func (s *Screen) View() View {
	v := View{Cols: s.cols, Rows: s.rows, Alt: s.AltScreen(), Past: s.past.len()}
	v.X, v.Y, v.Cursor = s.Cursor()
	same := len(s.pictured) == s.rows
	for y, r := range s.page.rows {
		if r.drawn == nil || r.drawnGen != r.gen || r.drawnCols != s.cols {
			r.drawn, r.drawnGen, r.drawnCols = lineOf(r.cells, r), r.gen, s.cols
		}
		same = same && s.pictured[y].Same(r.drawn)
	}
	if !same {
		s.pictured = make([]Line, s.rows)
		for y, r := range s.page.rows {
			s.pictured[y] = r.drawn
		}
	}
	v.Lines = s.pictured
	return v
}

// lineOf makes a line of cells; marked is the row that holds their combining marks.
func lineOf(cells []Cell, marked *Row) Line {
	runs := Line{}
	text := make([]byte, 0, len(cells))
	width := 0
	var style Style
	flush := func() {
		if width > 0 {
			runs = append(runs, Run{string(text), width, style})
		}
		text, width = text[:0], 0
	}
	for x, c := range cells {
		if c.Rune == rightHalf {
			width++
			if style.Attr()&Hidden != 0 {
				text = append(text, ' ')
			}
			continue
		}
		if c.Style != style {
			flush()
			style = c.Style
		}
		width++
		if style.Attr()&Hidden != 0 {
			text = append(text, ' ')
			continue
		}
		text = appendShown(text, marked, x)
	}
	flush()
	return runs
}

// AppendANSI appends the line in the form for a real terminal, with the terminal's own look
// at the end.
func (l Line) AppendANSI(dst []byte) []byte {
	for _, r := range l {
		if r.Style != 0 {
			dst = r.Style.appendSGR(dst)
		}
		dst = append(dst, r.Text...)
		if r.Style != 0 {
			dst = append(dst, "\x1b[0m"...)
		}
	}
	return dst
}

// String is the text of the line.
func (l Line) String() string {
	var b []byte
	for _, r := range l {
		b = append(b, r.Text...)
	}
	return string(b)
}

// Cut is the line with the cells [from, to) only; a wide character that lies across an
// end is blanked.
func (l Line) Cut(from, to int) Line {
	cut := Line{}
	at := 0
	for _, r := range l {
		first, last := max(from-at, 0), min(to-at, r.Width)
		at += r.Width
		switch {
		case first >= last:
		case first == 0 && last == r.Width:
			cut = append(cut, r)
		default:
			cut = append(cut, Run{cutText(r.Text, first, last), last - first, r.Style})
		}
	}
	return cut
}

// Split parts the line so that the head has at most so many cells. A wide character that
// has no room in it is in the tail.
func (l Line) Split(cells int) (head, tail Line) {
	for i, r := range l {
		if r.Width <= cells {
			cells -= r.Width
			continue
		}
		at, width := 0, 0
		for j, c := range r.Text {
			w := max(runeWidth(c), 0)
			if width+w > cells {
				break
			}
			at, width = j+utf8.RuneLen(c), width+w
		}
		head = append(head, l[:i]...)
		if at > 0 {
			head = append(head, Run{r.Text[:at], width, r.Style})
		}
		return head, append(Line{{r.Text[at:], r.Width - width, r.Style}}, l[i+1:]...)
	}
	return l, nil
}

func cutText(text string, from, to int) string {
	var b []byte
	x := 0
	for _, c := range text {
		w := max(runeWidth(c), 0)
		switch {
		case x >= from && x+w <= to && (w > 0 || x > from):
			b = utf8.AppendRune(b, c)
		case w == 2 && (x == from-1 || x == to-1):
			b = append(b, ' ')
		}
		x += w
	}
	return string(b)
}

// Cells are the characters of a run, one by one, each with the marks that combine with it.
func (r Run) Cells() []Run {
	var cells []Run
	for _, c := range r.Text {
		w := max(runeWidth(c), 0)
		if w == 0 && len(cells) > 0 {
			cells[len(cells)-1].Text += string(c)
			continue
		}
		cells = append(cells, Run{string(c), w, r.Style})
	}
	return cells
}

// past are rows that left the screen at the top: the last ones, in a ring. Their cells are
// used again, so that a flood of output costs a copy and nothing more.
type past struct {
	rows  []Row
	next  int // the place of the next one
	limit int
}

func (p *past) len() int {
	if p == nil {
		return 0
	}
	return len(p.rows)
}

func (p *past) add(r *Row) {
	if p == nil {
		return
	}
	if len(p.rows) < p.limit {
		p.rows = append(p.rows, Row{})
		p.next = len(p.rows) - 1
	}
	kept := &p.rows[p.next]
	kept.cells = append(kept.cells[:0], r.cells[:r.used]...)
	kept.marks = append(kept.marks[:0], r.marks...)
	p.next = (p.next + 1) % p.limit
}

// at is the row that left i rows before the top one of the screen, from 1.
func (p *past) at(i int) *Row { return &p.rows[(p.next-i+2*len(p.rows))%len(p.rows)] }

// Keep makes the screen keep up to limit of the lines that leave it at the top.
func (s *Screen) Keep(limit int) { s.past = &past{limit: limit} }

// Past returns up to n of the kept lines, from the one that is top lines above the
// screen on.
func (s *Screen) Past(top, n int) []Line { return s.past.lines(top, n) }

// lines are n rows from the one that is top rows above the screen.
func (p *past) lines(top, n int) []Line {
	var lines []Line
	for i := min(top, p.len()); i > 0 && len(lines) < n; i-- {
		r := p.at(i)
		lines = append(lines, lineOf(r.cells, r))
	}
	return lines
}
