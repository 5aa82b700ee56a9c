package screen

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// AppendANSI appends row y in the form for a real terminal: its text, as wide as the screen,
// with SGR for the looks, and the terminal's own look at the end. Nothing else of a program's
// output gets through: no other sequence, no control character, no character that changes
// the direction of text.
func (s *Screen) AppendANSI(dst []byte, y int) []byte {
	r := s.page.rows[y]
	var style Style
	dst = append(dst, "\x1b[0m"...)
	for x, c := range r.cells {
		if c.Rune == rightHalf {
			continue
		}
		if c.Style != style {
			style = c.Style
			dst = style.appendSGR(dst)
		}
		if style.Attr()&Hidden != 0 {
			dst = append(dst, ' ')
			if x+1 < len(r.cells) && r.cells[x+1].Rune == rightHalf {
				dst = append(dst, ' ')
			}
			continue
		}
		dst = appendShown(dst, r, x)
	}
	return append(dst, "\x1b[0m"...)
}

// appendShown appends a cell without characters that change the direction of text.
func appendShown(dst []byte, r *Row, x int) []byte {
	if r.cells[x].Rune < utf8.RuneSelf && len(r.marks) == 0 {
		return r.AppendCell(dst, x)
	}
	for _, c := range string(r.AppendCell(nil, x)) {
		if !unicode.Is(unicode.Bidi_Control, c) {
			dst = utf8.AppendRune(dst, c)
		}
	}
	return dst
}

// appendSGR appends the sequence that sets a style, and resets the one before.
func (s Style) appendSGR(dst []byte) []byte {
	dst = append(dst, "\x1b[0"...)
	for code, a := range attrCodes {
		if s.Attr()&a != 0 && a != Hidden && code != 6 {
			dst = append(dst, ';')
			dst = strconv.AppendInt(dst, int64(code), 10)
		}
	}
	dst = s.Foreground().appendSGR(dst, 30)
	dst = s.Background().appendSGR(dst, 40)
	return append(dst, 'm')
}

// appendSGR appends the parameters that set a colour; base is 30 or 40.
func (c Color) appendSGR(dst []byte, base int64) []byte {
	number := func(v int64) {
		dst = append(dst, ';')
		dst = strconv.AppendInt(dst, v, 10)
	}
	if r, g, b, ok := c.RGB(); ok {
		for _, v := range []int64{base + 8, 2, int64(r), int64(g), int64(b)} {
			number(v)
		}
		return dst
	}
	switch i, ok := c.Index(); {
	case !ok:
	case i < 8:
		number(base + int64(i))
	case i < 16:
		number(base + 60 + int64(i-8))
	default:
		number(base + 8)
		number(5)
		number(int64(i))
	}
	return dst
}
