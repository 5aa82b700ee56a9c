package terminal

import (
	"bytes"
	"regexp"
	"unicode/utf8"
)

// lineRegexp is a regular expression whose ^ and $ match at the ends of a line.
type lineRegexp struct {
	first  *regexp.Regexp // for the beginning of a text
	behind *regexp.Regexp // for any other place in it: a character and then, as group 1, the expression
}

func newLineRegexp(want *regexp.Regexp) *lineRegexp {
	lines := "(?m:" + want.String() + ")"
	return &lineRegexp{regexp.MustCompile(lines), regexp.MustCompile("(?s:.)(" + lines + ")")}
}

// index is the first match in b that begins at or behind an offset. Only ^ and \b see the
// text before the offset. A carriage return, which stands for a move of the cursor, ends a
// line like a line feed.
func (r *lineRegexp) index(b []byte, at int) (first, last int, ok bool) {
	from := at
	if at > 0 {
		_, size := utf8.DecodeLastRune(b[:at])
		from = at - size
	}
	text := b[from:]
	if bytes.IndexByte(text, '\r') >= 0 {
		text = bytes.ReplaceAll(text, []byte{'\r'}, []byte{'\n'})
	}
	if at == 0 {
		loc := r.first.FindIndex(text)
		if loc == nil {
			return 0, 0, false
		}
		return loc[0], loc[1], true
	}
	loc := r.behind.FindSubmatchIndex(text)
	if loc == nil {
		return 0, 0, false
	}
	return from + loc[2], from + loc[3], true
}
