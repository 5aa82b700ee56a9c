package page

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"workshop/runner/screen"
)

// Line is a line of a terminal as runs of text, width, and where it has a look, that.
func Line(l screen.Line) []any {
	runs := []any{}
	for i, r := range l {
		if i == len(l)-1 && r.Style == 0 {
			text := strings.TrimRight(r.Text, " ")
			r.Width -= len(r.Text) - len(text)
			if r.Text = text; text == "" {
				break
			}
		}
		parts := []screen.Run{r}
		if len(r.Text) != r.Width { // not all ASCII
			if cells := r.Cells(); !alike(cells) {
				parts = cells
			}
		}
		look, fg, bg := lookOf(r.Style)
		for _, p := range parts {
			run := []any{Printable(p.Text), p.Width}
			switch {
			case fg != "" || bg != "":
				run = append(run, look, fg, bg)
			case look != "":
				run = append(run, look)
			}
			runs = append(runs, run)
		}
	}
	return runs
}

// alike reports whether characters are as wide as each other, without combining marks.
func alike(cells []screen.Run) bool {
	for _, c := range cells {
		if c.Width != cells[0].Width || utf8.RuneCountInString(c.Text) != 1 {
			return false
		}
	}
	return true
}

// attrClasses are the classes of the attributes.
var attrClasses = []struct {
	attr  screen.Attr
	class string
}{
	{screen.Bold, "B"}, {screen.Dim, "D"}, {screen.Italic, "I"}, {screen.Underline, "U"}, {screen.Blink, "K"}, {screen.Strike, "S"},
}

// lookOf are the classes of a look, and its colours that have none.
func lookOf(s screen.Style) (look, fg, bg string) {
	var all []string
	for _, a := range attrClasses {
		if s.Attr()&a.attr != 0 {
			all = append(all, a.class)
		}
	}
	f, b := s.Foreground(), s.Background()
	reverse := s.Attr()&screen.Reverse != 0
	if reverse {
		f, b = b, f
	}
	class, fg := colorOf(f, "f", reverse)
	if class != "" {
		all = append(all, class)
	}
	class, bg = colorOf(b, "b", reverse)
	if class != "" {
		all = append(all, class)
	}
	return strings.Join(all, " "), fg, bg
}

// colorOf is the class of a colour, or its value. The default one has a class where it
// is on the other side.
func colorOf(c screen.Color, side string, reverse bool) (class, value string) {
	if r, g, b, ok := c.RGB(); ok {
		return "", fmt.Sprintf("#%02x%02x%02x", r, g, b)
	}
	i, ok := c.Index()
	switch {
	case !ok && reverse:
		return side + "x", ""
	case !ok:
		return "", ""
	case i < 16:
		return side + strconv.Itoa(int(i)), ""
	case i >= 232:
		v := 8 + 10*(int(i)-232)
		return "", fmt.Sprintf("#%02x%02x%02x", v, v, v)
	}
	level := func(n uint8) int {
		if n == 0 {
			return 0
		}
		return 55 + 40*int(n)
	}
	i -= 16
	return "", fmt.Sprintf("#%02x%02x%02x", level(i/36), level(i/6%6), level(i%6))
}
