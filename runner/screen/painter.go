package screen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Painter writes the changes between views of one screen, as bytes for another terminal of the
// same size. The bytes hold text, looks, and movements of the cursor, and nothing else of a
// program's output. The zero value begins with a terminal in any state.
type Painter struct {
	last  View
	shown []Line // room for the rows of a terminal
}

// Same reports whether two lines of views are the same row, and it has not changed. False says
// nothing about their text.
func (l Line) Same(o Line) bool { return len(l) == len(o) && (len(l) == 0 || &l[0] == &o[0]) }

// Append appends the changes since the last view. Nothing is appended if there are none.
func (p *Painter) Append(dst []byte, v View) []byte {
	shown := p.last.Lines
	begun := len(dst)
	if len(shown) == 0 || p.last.Cols != v.Cols || p.last.Rows != v.Rows {
		dst = append(dst, "\x1b[0m\x1b[H\x1b[2J"...)
		shown = p.rows(v.Rows)
	} else if n := scrolled(shown, v.Lines); n > 0 {
		dst = fmt.Appendf(dst, "\x1b[0m\x1b[%d;1H%s", v.Rows, strings.Repeat("\n", n))
		shown = p.rows(v.Rows)
		copy(shown, p.last.Lines[n:])
	}
	for y, line := range v.Lines {
		if line.Same(shown[y]) || line.blank() && shown[y] == nil {
			continue
		}
		dst = append(strconv.AppendInt(append(dst, "\x1b["...), int64(y+1), 10), ";1H\x1b[2K"...)
		dst = line.appendTrimmed(dst)
	}
	if p.last.Cursor != v.Cursor || p.last.Lines == nil {
		cursor := "\x1b[?25l"
		if v.Cursor {
			cursor = "\x1b[?25h"
		}
		dst = append(dst, cursor...)
	}
	if len(dst) > begun || p.last.X != v.X || p.last.Y != v.Y {
		dst = append(strconv.AppendInt(append(dst, "\x1b["...), int64(v.Y+1), 10), ';')
		dst = append(strconv.AppendInt(dst, int64(v.X+1), 10), 'H')
	}
	p.last = v
	return dst
}

// rows are empty rows, valid until the next call.
func (p *Painter) rows(n int) []Line {
	if len(p.shown) != n {
		p.shown = make([]Line, n)
	}
	clear(p.shown)
	return p.shown
}

// scrolled is the number of rows by which a screen has scrolled up.
func scrolled(before, now []Line) int {
	if len(now) == 0 {
		return 0
	}
	n := slices.IndexFunc(before, now[0].Same)
	for y := 1; n > 0 && n+y < len(before); y++ {
		if !now[y].Same(before[n+y]) && n+y < len(before)-1 { // the last one may have got more text
			return 0
		}
	}
	return max(n, 0)
}

func (l Line) blank() bool {
	for _, r := range l {
		if r.Style != 0 || strings.Trim(r.Text, " ") != "" {
			return false
		}
	}
	return true
}

// appendTrimmed is AppendANSI without blanks of the terminal's own look at the end.
func (l Line) appendTrimmed(dst []byte) []byte {
	if n := len(l); n > 0 && l[n-1].Style == 0 {
		return append(l[:n-1].AppendANSI(dst), strings.TrimRight(l[n-1].Text, " ")...)
	}
	return l.AppendANSI(dst)
}
