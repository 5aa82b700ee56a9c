package web

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"workshop/runner/terminal"
)

// terminalStream is what a page shows of the terminal.
type terminalStream struct {
	begun bool
	last  *terminal.View
}

// termView is what has changed of a terminal.
type termView struct {
	Cols   int         `json:"cols"`
	Rows   int         `json:"rows"`
	X      int         `json:"x"`
	Y      int         `json:"y"`
	Cursor bool        `json:"cursor"`
	Alt    bool        `json:"alt"`
	All    bool        `json:"all"` // lines that are not there are empty
	Lines  map[int]any `json:"lines,omitempty"`
}

// next is what a page needs to show a picture; nil if it shows it already.
func (t *terminalStream) next(v *terminal.View) json.RawMessage {
	last := t.last
	if t.begun && v == last {
		return nil
	}
	all := !t.begun || last == nil || v == nil || last.Cols != v.Cols || last.Rows != v.Rows
	t.begun, t.last = true, v
	if v == nil {
		return json.RawMessage("null")
	}
	part := termView{v.Cols, v.Rows, v.X, v.Y, v.Cursor, v.Alt, all, map[int]any{}}
	for y, line := range v.Lines {
		if all || !sameLine(line, last.Lines[y]) {
			part.Lines[y] = lineView(line)
		}
	}
	if !all && len(part.Lines) == 0 && last.X == v.X && last.Y == v.Y && last.Cursor == v.Cursor && last.Alt == v.Alt {
		return nil
	}
	data, err := json.Marshal(part)
	if err != nil {
		return nil
	}
	return data
}

// sameLine reports whether two lines are one: those that have not changed are shared.
func sameLine(a, b terminal.Line) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// lineView is a line as runs of text, width, and where it has a look, that.
func lineView(l terminal.Line) []any {
	runs := []any{}
	for i, r := range l {
		if i == len(l)-1 && r.Style == 0 {
			text := strings.TrimRight(r.Text, " ")
			r.Width -= len(r.Text) - len(text)
			if r.Text = text; text == "" {
				break
			}
		}
		parts := []terminal.Run{r}
		if len(r.Text) != r.Width { // not all ASCII
			if cells := r.Cells(); !alike(cells) {
				parts = cells
			}
		}
		look, fg, bg := lookOf(r.Style)
		for _, p := range parts {
			run := []any{printable(p.Text), p.Width}
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
func alike(cells []terminal.Run) bool {
	for _, c := range cells {
		if c.Width != cells[0].Width || utf8.RuneCountInString(c.Text) != 1 {
			return false
		}
	}
	return true
}

// attrClasses are the classes of the attributes.
var attrClasses = []struct {
	attr  terminal.Attr
	class string
}{
	{terminal.Bold, "B"}, {terminal.Dim, "D"}, {terminal.Italic, "I"}, {terminal.Underline, "U"}, {terminal.Blink, "K"}, {terminal.Strike, "S"},
}

// lookOf are the classes of a look, and its colours that have none.
func lookOf(s terminal.Style) (look, fg, bg string) {
	var all []string
	for _, a := range attrClasses {
		if s.Attr()&a.attr != 0 {
			all = append(all, a.class)
		}
	}
	f, b := s.Foreground(), s.Background()
	reverse := s.Attr()&terminal.Reverse != 0
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
func colorOf(c terminal.Color, side string, reverse bool) (class, value string) {
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
