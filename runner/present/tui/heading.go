package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"workshop/runner/screen"
)

// large says how a slide may be larger than usual, if it then still fits.
type large struct {
	scaled bool // the terminal knows kitty's text sizing protocol
	roomy  bool // there is a lot of place: headings are bands, and items of a list stand apart
}

// The slide of a terminal of this size has a lot of place.
const (
	roomyCols = 90
	roomyRows = 44 // of the terminal
)

// large is how the slide may be larger on this terminal.
func (f *face) large() large {
	fr := f.frame()
	return large{scaled: f.sizing.known, roomy: f.rows >= roomyRows && fr.slideCols >= roomyCols && fr.slideRows == f.rows-1}
}

// bigHeading is a heading of a slide that is larger than text; nil if it has to be as usual.
func (p *painter) bigHeading(text line, cols int, centred bool) []line {
	scale := 0
	if p.large.scaled && !slices.ContainsFunc(text, func(r screen.Run) bool { return r.Text == newline }) {
		scale = 2
		if has(p.slide, "title", "chapter") && text.Width()*3 <= cols {
			scale = 3
		}
	}
	if width := text.Width() * scale; scale > 0 && width <= cols && width > 0 {
		at := 0
		if centred {
			at = (cols - width) / 2
		}
		lines := make([]line, scale)
		lines[0] = join(line{spaces(at)}, spread(text, scale))
		p.page.pictures = append(p.page.pictures, picture{text: text, scale: scale, col: at})
		return lines
	}
	if !p.large.roomy {
		return nil
	}
	look := p.title.With(screen.Reverse)
	band := func(l line) line {
		before := 2
		if centred {
			before = max((cols-l.Width())/2, 0)
		}
		l = fit(join(line{spaces(before)}, l), cols)
		for i, r := range l { // one colour over the whole band
			l[i].Style = look.With(r.Style.Attr())
		}
		return l
	}
	lines := []line{band(nil)}
	for _, l := range wrap(text, cols-4, nil, nil) {
		lines = append(lines, band(l))
	}
	return append(lines, band(nil))
}

// spread is text in the cells where its larger form begins. The terminal's own rows hold it as well: what
// replaces it there removes the larger form.
func spread(text line, scale int) line {
	var l line
	for _, r := range text {
		for r.Width > 0 {
			head, tail := line{r}.Split(1)
			if head.Width() == 0 { // a wide character
				head, tail = line{r}.Split(2)
			}
			l = append(append(l, head...), spaces(head.Width()*(scale-1)))
			if len(tail) == 0 {
				break
			}
			r = tail[0]
		}
	}
	return l
}

// sizedText is a larger text at a place of the terminal.
type sizedText struct {
	x, y     int
	sequence string
}

// sized is the sequence for a text of a size
// (https://sw.kovidgoyal.net/kitty/text-sizing-protocol/).
func sized(text line, scale int) string {
	var b []byte
	for _, r := range text {
		run := screen.Run{Text: fmt.Sprintf("\x1b]66;s=%d;%s\a", scale, r.Text), Width: r.Width * scale, Style: r.Style}
		b = line{run}.AppendANSI(b)
	}
	return string(b)
}

// sizing holds the known sizes of text of the terminal, and the texts of the headings.
type sizing struct {
	asked  bool
	known  bool
	from   int // the column at which the question began; -1: no answer yet
	wanted []sizedText
}

// question draws a blank of twice the size, and asks for the cursor's place before and after it. A
// terminal that does not know sizes draws nothing.
const question = "\x1b7\x1b[2;1H\x1b[6n\x1b]66;s=2; \a\x1b[6n\x1b8"

// sizingAsked reports that the terminal shows the talk and can be asked.
type sizingAsked struct{}

// ask asks the terminal once, when it shows the talk.
func (s *sizing) ask() tea.Cmd {
	if s.asked {
		return nil
	}
	s.asked, s.from = true, -1
	return tea.Tick(settledFrame, func(time.Time) tea.Msg { return sizingAsked{} })
}

// told takes an answer of the terminal. It reports whether the terminal knows sizes.
func (s *sizing) told(msg tea.CursorPositionMsg) bool {
	if !s.asked || s.known {
		return false
	}
	if s.from < 0 {
		s.from = msg.X
		return false
	}
	s.known = msg.X == s.from+2
	return s.known
}

// headings hands the larger texts of the present view to the terminal, when it has drawn the text around them.
func (f *face) headings(now []sizedText) tea.Cmd {
	if !f.sizing.known || slices.Equal(now, f.sizing.wanted) {
		return nil
	}
	f.sizing.wanted = now
	return tea.Tick(settledFrame, func(time.Time) tea.Msg { return redrawText{now} })
}

// redrawText reports that the text around larger texts has been drawn.
type redrawText struct{ wanted []sizedText }

func (f *face) settleText(msg redrawText) tea.Cmd {
	if !slices.Equal(msg.wanted, f.sizing.wanted) || len(msg.wanted) == 0 {
		return nil
	}
	var b strings.Builder
	for _, t := range msg.wanted {
		fmt.Fprintf(&b, "\x1b7\x1b[%d;%dH%s\x1b8", t.y+1, t.x+1, t.sequence)
	}
	return tea.Raw(b.String())
}
