package tui

import (
	"strings"

	"workshop/runner/screen"
)

// line is a row of the terminal.
type line = screen.Line

// style is the look of a run.
type style = screen.Style

// theme is how things look. It uses the sixteen colours that belong to the terminal, so
// that it suits a light one as well as a dark one.
type theme struct {
	title, subtitle, dim, strong, emph, verb, link, bullet, rule style
	warning, good, bad, busy, selected, bar                      style
	comment, keyword, literal, name, operator                    style
	code                                                         style // a QR code
}

func newTheme(color bool) theme {
	look := func(color bool, i uint8, attrs screen.Attr) style {
		if !color {
			return screen.NewStyle(0, 0, attrs)
		}
		return screen.NewStyle(screen.Palette(i), 0, attrs)
	}
	const bold, dim, italic, under, reverse = screen.Bold, screen.Dim, screen.Italic, screen.Underline, screen.Reverse
	c := func(i uint8, attrs screen.Attr) style { return look(color, i, attrs) }
	plain := func(attrs screen.Attr) style { return look(false, 0, attrs) }
	t := theme{
		title: c(4, bold), subtitle: c(6, bold), dim: plain(dim), strong: plain(bold), emph: plain(italic),
		verb: c(6, 0), link: c(4, under), bullet: c(4, 0), rule: plain(dim),
		warning: c(3, bold), good: c(2, 0), bad: c(1, bold), busy: c(3, 0), selected: c(4, bold), bar: plain(reverse),
		comment: plain(dim | italic), keyword: c(5, 0), literal: c(2, 0), name: c(4, 0), operator: c(3, 0),
	}
	t.code = screen.NewStyle(screen.Palette(15), screen.Palette(0), 0)
	if !color {
		t.verb, t.code = plain(under), plain(0)
	}
	return t
}

// say is a line of one run.
func say(s string, st style) line { return line{screen.NewRun(s, st)} }

// join puts lines beside each other.
func join(lines ...line) line {
	var l line
	for _, p := range lines {
		l = append(l, p...)
	}
	return l
}

func spaces(n int) screen.Run {
	n = max(n, 0)
	return screen.Run{Text: strings.Repeat(" ", n), Width: n}
}

// fit makes a line exactly so many cells wide: cut with a sign, or filled up.
func fit(l line, cols int) line {
	w := l.Width()
	switch {
	case w == cols:
		return l
	case w > cols && cols > 1:
		cut := l.Cut(0, cols-1)
		last := style(0)
		if len(cut) > 0 {
			last = cut[len(cut)-1].Style
		}
		return append(cut, screen.NewRun("…", last))
	case w > cols:
		return l.Cut(0, cols)
	}
	return append(l[:len(l):len(l)], spaces(cols-w))
}

// ends is a line with text at both ends; the right one has precedence.
func ends(left, right line, cols int) line {
	room := cols - right.Width()
	if room < 8 {
		return fit(left, cols)
	}
	return join(fit(left, room), right)
}

// paint gives more attributes to all of a line.
func paint(l line, attrs screen.Attr) line {
	painted := make(line, len(l))
	for i, r := range l {
		r.Style = r.Style.With(attrs)
		painted[i] = r
	}
	return painted
}

// newline is a run that ends its line.
const newline = "\n"

// wrap breaks a line between words into lines of at most so many cells. first and rest
// are put before them.
func wrap(l line, cols int, first, rest line) []line {
	w := wrapper{cols: cols, rest: rest}
	w.begin(first)
	for _, r := range l {
		if r.Text == newline {
			w.end(rest)
			continue
		}
		for text := r.Text; text != ""; {
			n := strings.IndexByte(text, ' ')
			switch {
			case n == 0:
				n = len(text) - len(strings.TrimLeft(text, " "))
			case n < 0:
				n = len(text)
			}
			w.add(screen.NewRun(text[:n], r.Style), text[0] == ' ')
			text = text[n:]
		}
	}
	w.end(nil)
	return w.lines
}

type wrapper struct {
	cols  int
	rest  line
	lines []line
	cur   line
	start int // the width of the prefix
	width int
}

func (w *wrapper) begin(before line) {
	w.cur = append(line{}, before...)
	w.width = before.Width()
	w.start = w.width
}

func (w *wrapper) end(next line) {
	for n := len(w.cur); n > 0 && w.width > w.start && strings.Trim(w.cur[n-1].Text, " ") == ""; n = len(w.cur) {
		w.width -= w.cur[n-1].Width
		w.cur = w.cur[:n-1]
	}
	w.lines = append(w.lines, w.cur)
	w.begin(next)
}

// add adds a word, or the blanks between two.
func (w *wrapper) add(run screen.Run, blank bool) {
	if w.width+run.Width > w.cols && w.width > w.start {
		w.end(w.rest)
	}
	if blank && w.width == w.start {
		return
	}
	for room := w.cols - w.width; run.Width > room && room > 1; room = w.cols - w.width {
		head, tail := line{run}.Split(room)
		w.cur = append(w.cur, head...)
		w.width += head.Width()
		w.end(w.rest)
		if len(tail) == 0 {
			return
		}
		run = tail[0]
	}
	w.cur = append(w.cur, run)
	w.width += run.Width
}

// indent puts runs before lines.
func indent(lines []line, first, rest line) []line {
	out := make([]line, len(lines))
	for i, l := range lines {
		if i == 0 {
			out[i] = join(first, l)
		} else {
			out[i] = join(rest, l)
		}
	}
	return out
}
