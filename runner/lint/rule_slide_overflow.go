package lint

import (
	"strings"
	"unicode/utf8"

	"workshop/markdown"
)

// slideLines is the number of lines that fit on a slide; the manifest can change it. Half of
// the slides of public decks have at most 17, 95 of 100 at most 25.
const slideLines = 25

var slideOverflow = Rule{
	Code: "slide-overflow", Severity: Warning,
	Summary: "a slide with more lines than fit",
	Doc: `In a room nobody sees the lines below the screen. The lines of the shown slide count: a
title counts twice, a line of more than 80 characters wraps, and a blank line outside code
is half a line. Comments, properties, notes, the fences of code, the brackets of blocks and
the sources of diagrams (mermaid) do not count. An increment adds to the slide that it continues. 25 lines fit; the manifest
can set another number (lint: slide-lines: 30). Divide the slide, or move a part of it to
the notes behind ???. A document that no manifest lists, without blocks, notes, properties and
increments, may be a page with rules, and is not measured.`,
	Bad:  "class: long\n\n# Long\n\n```\n" + strings.Repeat("line\n", 30) + "```\n",
	Good: "# Short\n\n```\n" + strings.Repeat("line\n", 15) + "```\n\n---\n\n## Another\n\n```\n" + strings.Repeat("line\n", 15) + "```\n",
	deck: func(p *pass, d *Deck) {
		if !d.Marked() {
			return
		}
		fit := slideLines
		if d.Lint.SlideLines > 0 {
			fit = d.Lint.SlideLines
		}
		for _, c := range d.Chapters {
			for i := 0; i < len(c.Slides) && !c.Sections(); {
				first := c.Slides[i]
				half := 0
				for half = shownLines(first); i+1 < len(c.Slides) && c.Slides[i+1].Increment; i++ {
					half += 1 + shownLines(c.Slides[i+1])
				}
				i++
				if need := (half + 1) / 2; need > fit && !first.Excluded {
					p.report(firstLine(first), "divide it, or move a part of it to the notes", "this slide needs %d lines, %d fit", need, fit)
				}
			}
		}
	},
}

// firstLine is the first visible line of a slide.
func firstLine(s *markdown.Slide) markdown.Span {
	for _, l := range s.Lines() {
		if text := strings.TrimSpace(s.Source[l.Start:l.End]); text != "" {
			from := l.Start + strings.Index(s.Source[l.Start:l.End], text)
			return s.At(from, from+len(text))
		}
	}
	return s.Pos.Point()
}

// shownLines is the height of a slide, in halves of a line.
func shownLines(s *markdown.Slide) (half int) {
	const wide = 80
	blank := true
	for _, l := range s.Lines() {
		text := strings.TrimSpace(l.Text)
		switch {
		case l.Code:
			half += 2
		case text != "":
			half += 2 * ((utf8.RuneCountInString(text) + wide - 1) / wide)
		case !blank:
			half++
		}
		if l.Heading {
			half += 2
		}
		blank = text == "" && !l.Code
	}
	if blank && half > 0 {
		half--
	}
	return half
}
