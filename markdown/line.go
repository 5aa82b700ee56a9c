package markdown

import (
	"slices"
	"strings"

	"workshop/markdown/lazy"
)

// Line is a line of a slide that a reader sees.
type Line struct {
	Start, End int    // its offsets in the slide's source, without the line end
	Text       string // without comments and the marks of blocks
	Heading    bool
	Code       bool // it belongs to a fenced block
}

// diagram finds the source of a diagram, which a reader sees as a picture: an HTML element, or a whole
// slide with the settings of mermaid in front, for an include.
var diagram = lazy.Regexp(`(?is)<(?:pre|div)\s[^<>]*class\s*=\s*["']?[^<>"']*\bmermaid\b[^<>]*>.*?</(?:pre|div)>|^\s*%%\{.*`)

// isDiagram reports whether the info string of a fence is that of a diagram.
func isDiagram(info string) bool {
	word, _, _ := strings.Cut(strings.Trim(info, " {.}"), " ")
	return slices.Contains([]string{"mermaid", "plantuml", "d2", "graphviz"}, word)
}

// Lines are the lines that a reader of the slide sees, blank ones included. A line that holds
// nothing but comments, marks of blocks, the fence of a block or the source of a diagram is left
// out.
func (s *Slide) Lines() []Line {
	const unseen = "\x00"
	seen := []byte(s.Source)
	hide := func(start, end int) {
		for i := start; i < end; i++ {
			seen[i] = unseen[0]
		}
	}
	const heading, code = 1, 2
	kinds := make([]byte, len(seen))
	for t := range s.scanned() {
		switch {
		case t.kind == commentToken, t.kind == closeToken, t.kind == openToken && t.match >= 0:
			hide(t.start, t.end)
		case t.kind == headingToken:
			kinds[t.start] |= heading
		case t.kind == fenceToken && isDiagram(t.info):
			hide(strings.LastIndexByte(s.Source[:t.start], '\n')+1, t.end)
		case t.kind == fenceToken:
			hide(strings.LastIndexByte(s.Source[:t.start], '\n')+1, t.body) // list markers may stand before it
			hide(t.tail, t.end)
			for i := t.body; i < t.tail; i++ {
				kinds[i] |= code
			}
		}
	}
	if strings.Contains(s.Source, "mermaid") || strings.Contains(s.Source, "%%{") {
		for _, at := range diagram().FindAllStringIndex(s.Source, -1) {
			if kinds[at[0]]&code == 0 {
				hide(at[0], at[1])
			}
		}
	}
	shown, at := string(seen), 0
	lines := make([]Line, 0, strings.Count(s.Source, "\n")+1)
	for source := range strings.Lines(s.Source) {
		l := Line{Start: at, End: at + len(strings.TrimSuffix(source, "\n")), Heading: kinds[at]&heading != 0, Code: kinds[at]&code != 0}
		at += len(source)
		rest, whole := shown[l.Start:at], true
		if strings.Contains(rest, unseen) {
			rest, whole = strings.ReplaceAll(rest, unseen, ""), false
		}
		l.Text = strings.TrimSuffix(rest, "\n")
		if whole || strings.TrimSpace(l.Text) != "" {
			lines = append(lines, l)
		}
	}
	return lines
}
