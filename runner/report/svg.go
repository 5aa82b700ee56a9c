package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"workshop/runner/page"
	"workshop/runner/screen"
)

// The measures of a picture, in its units: the size of a cell, and the border.
const (
	cellWidth  = 8.4
	cellHeight = 18.0
	border     = 14.0
)

// The frames of a picture: at most so many, and none shorter. The last one stays for a while.
const (
	svgFrames = 400
	svgFrame  = 100 * time.Millisecond
	svgEnd    = 3 * time.Second
	svgPause  = 2 * time.Second // longer ones are shortened
)

// ExportSVG writes a recording as an animated picture: text that stays sharp, and no script. With
// reduced motion it shows the final screen.
func ExportSVG(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	var p *player
	var title string
	rows := 0
	err = castEvents(in, from, func(h castHeader) error {
		if h.Term.Cols < 1 || h.Term.Rows < 1 {
			return fmt.Errorf("%s:1: a terminal of %d×%d", from, h.Term.Cols, h.Term.Rows)
		}
		p, title, rows = newPlayer(screen.New(h.Term.Cols, h.Term.Rows, screen.Hooks{}), time.Time{}, &lineCache{}), h.Title, h.Term.Rows
		return nil
	}, func(seconds float64, code, data string) error {
		if code == "r" {
			var cols int
			if _, err := fmt.Sscanf(data, "%dx%d", &cols, &rows); err != nil {
				return fmt.Errorf("%s: the size %q", from, data)
			}
			p.screen.Resize(cols, rows)
		}
		if code == "o" {
			if _, err := p.screen.Write([]byte(data)); err != nil {
				return err
			}
		}
		p.take(time.Time{}.Add(time.Duration(seconds * float64(time.Second))))
		return nil
	})
	if err != nil {
		return err
	}
	if len(p.frames) == 0 {
		return fmt.Errorf("%s: the recording is empty", from)
	}
	out, err := create(to, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := bufio.NewWriter(out)
	if err := writeSVG(w, p, title); err != nil {
		return err
	}
	return w.Flush()
}

// filmed are the frames of a picture, with the length of each.
func filmed(frames []frame) (kept []frame, lengths []time.Duration) {
	every := svgFrame
	for _, f := range frames {
		n := len(kept)
		if n > 0 && slices.Equal(f.rows, kept[n-1].rows) && f.x == kept[n-1].x && f.y == kept[n-1].y {
			continue
		}
		if n > 0 && f.at-kept[n-1].at < every {
			f.at = kept[n-1].at
			kept[n-1] = f
			continue
		}
		kept = append(kept, f)
		if len(kept) > svgFrames { // half as many from here on
			every *= 2
			kept, _ = halved(kept)
		}
	}
	for i := range kept {
		if i == len(kept)-1 {
			lengths = append(lengths, svgEnd)
			break
		}
		lengths = append(lengths, min(kept[i+1].at-kept[i].at, svgPause))
	}
	return kept, lengths
}

// halved is every second frame, and the last one.
func halved(frames []frame) (kept []frame, left int) {
	for i, f := range frames {
		if i%2 == 0 || i == len(frames)-1 {
			kept = append(kept, f)
		}
	}
	return kept, len(frames) - len(kept)
}

func writeSVG(w io.Writer, p *player, title string) error {
	frames, lengths := filmed(p.frames)
	cols, rows := 1, 1
	for _, f := range frames {
		cols, rows = max(cols, f.cols), max(rows, len(f.rows))
	}
	colors := page.Palette()
	width, height := float64(cols)*cellWidth+2*border, float64(rows)*cellHeight+2*border
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.1f %.1f" width="%.0f" height="%.0f"`, width, height, width, height)
	fmt.Fprintf(w, ` role="img" aria-label="%s">`+"\n", html.EscapeString("Recording of "+clean(title)))
	svgStyles(w, colors, lengths, height)
	fmt.Fprintf(w, "<rect width=\"100%%\" height=\"100%%\" rx=\"10\" fill=\"%s\"/>\n", colors["ground"])
	fmt.Fprintf(w, "<defs>\n<clipPath id=\"view\"><rect width=\"%.1f\" height=\"%.1f\"/></clipPath>\n", width, height)
	if err := svgLines(w, p.lines, frames, colors); err != nil {
		return err
	}
	fmt.Fprint(w, "</defs>\n<g clip-path=\"url(#view)\"><g class=\"film\">\n")
	for i, f := range frames {
		svgFrameAt(w, p, f, float64(i)*height+border, colors)
	}
	_, err := fmt.Fprint(w, "</g></g>\n</svg>\n")
	return err
}

// svgFrameAt writes a frame at a height of the film.
func svgFrameAt(w io.Writer, p *player, f frame, top float64, colors map[string]string) {
	fmt.Fprintf(w, "<g transform=\"translate(%.1f %.1f)\">", border, top)
	for y, n := range f.rows {
		if string(p.lines[n]) != "[]" {
			fmt.Fprintf(w, `<use href="#l%d" y="%.1f"/>`, n, float64(y)*cellHeight)
		}
	}
	if f.x >= 0 {
		fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" opacity="0.6"/>`,
			float64(f.x)*cellWidth, float64(f.y)*cellHeight, cellWidth, cellHeight, colors[""])
	}
	fmt.Fprint(w, "</g>\n")
}

// svgStyles writes the styles and the animation: the film moves by a frame at a time.
func svgStyles(w io.Writer, colors map[string]string, lengths []time.Duration, height float64) {
	total := time.Duration(0)
	for _, l := range lengths {
		total += l
	}
	fmt.Fprintf(w, "<style>\ntext { fill: %s; font: 14px ui-monospace, Menlo, Consolas, \"DejaVu Sans Mono\", monospace; }\n"+
		"text { white-space: pre; } .B { font-weight: 700; } .D { opacity: 0.75; } .I { font-style: italic; }\n"+
		".U { text-decoration: underline; } .S { text-decoration: line-through; }\n", colors[""])
	fmt.Fprintf(w, ".film { animation: film %.2fs steps(1, end) infinite; }\n@keyframes film {\n", total.Seconds())
	at := time.Duration(0)
	for i, l := range lengths {
		fmt.Fprintf(w, "%.3f%% { transform: translateY(-%.1fpx); }\n", 100*at.Seconds()/total.Seconds(), float64(i)*height)
		at += l
	}
	last := float64(len(lengths)-1) * height
	fmt.Fprintf(w, "100%% { transform: translateY(-%.1fpx); }\n}\n", last)
	fmt.Fprintf(w, "@media (prefers-reduced-motion: reduce) { .film { animation: none; transform: translateY(-%.1fpx); } }\n</style>\n", last)
}

// svgLines writes the different lines of the frames.
func svgLines(w io.Writer, lines []json.RawMessage, frames []frame, colors map[string]string) error {
	used := map[int]bool{}
	for _, f := range frames {
		for _, n := range f.rows {
			used[n] = true
		}
	}
	for n, data := range lines {
		if !used[n] || string(data) == "[]" {
			continue
		}
		var runs [][]any
		if err := json.Unmarshal(data, &runs); err != nil {
			return err
		}
		fmt.Fprintf(w, `<g id="l%d">`, n)
		x := 0.0
		for _, run := range runs {
			x += svgRun(w, run, x, colors)
		}
		fmt.Fprint(w, "</g>\n")
	}
	return nil
}

// noncharacters are not allowed in XML.
var noncharacters = strings.NewReplacer("\ufffe", "\ufffd", "\uffff", "\ufffd")

// svgRun writes a run of a line at a place, and returns its width.
func svgRun(w io.Writer, run []any, x float64, colors map[string]string) float64 {
	part := func(i int) string {
		if i < len(run) {
			s, _ := run[i].(string)
			return s
		}
		return ""
	}
	cells, _ := run[1].(float64)
	width := cells * cellWidth
	fill, ground, classes := part(3), part(4), []string{}
	for _, class := range strings.Fields(part(2)) {
		switch class[0] {
		case 'f':
			fill = colors[class]
		case 'b':
			ground = colors[class]
		default:
			classes = append(classes, class)
		}
	}
	if ground != "" {
		fmt.Fprintf(w, `<rect x="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x, width, cellHeight, ground)
	}
	text := strings.TrimRight(part(0), " ")
	if text == "" {
		return width
	}
	textWidth := width - float64(len(part(0))-len(text))*cellWidth
	attributes := ""
	if fill != "" {
		attributes += ` style="fill:` + fill + `"`
	}
	if len(classes) > 0 {
		attributes += ` class="` + strings.Join(classes, " ") + `"`
	}
	fmt.Fprintf(w, `<text x="%.1f" y="13.5" textLength="%.1f" lengthAdjust="spacingAndGlyphs" xml:space="preserve"%s>%s</text>`,
		x, textWidth, attributes, page.Escape(noncharacters.Replace(text)))
	return width
}
