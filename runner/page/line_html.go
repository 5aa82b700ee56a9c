package page

import (
	"fmt"
	"strings"

	"workshop/runner/screen"
)

// LineHTML is a line of a terminal as HTML, with the looks that base.css has.
func LineHTML(l screen.Line) string { return RunsHTML(Line(l)) }

// RunsHTML is the line of some runs as HTML.
func RunsHTML(runs []any) string {
	var b strings.Builder
	for _, run := range runs {
		writeRun(&b, run.([]any))
	}
	return b.String()
}

func writeRun(b *strings.Builder, run []any) {
	part := func(i int) string {
		if i < len(run) {
			return run[i].(string)
		}
		return ""
	}
	text, cells, look, fg, bg := part(0), run[1].(int), part(2), part(3), part(4)
	style := ""
	if fg != "" {
		style += "color:" + fg + ";"
	}
	if bg != "" {
		style += "background-color:" + bg + ";"
	}
	if len(text) != cells { // the font may have another width for it
		look = strings.TrimSpace(look + " wide")
		style += fmt.Sprintf("width:%dch;", cells)
	}
	if look == "" && style == "" {
		b.WriteString(Escape(text))
		return
	}
	fmt.Fprintf(b, `<span class="%s" style="%s">%s</span>`, look, style, Escape(text))
}
