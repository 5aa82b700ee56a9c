package lint

import (
	"strings"
	"unicode/utf8"

	"workshop/markdown"
)

// slideLines is how many lines fit on a slide, unless the manifest says otherwise: half
// of the slides of public decks have at most 17, 95 of 100 at most 25.
const slideLines = 25

var slideOverflow = Rule{
	Code: "slide-overflow", Severity: Warning,
	Summary: "a slide with more lines than fit",
	Doc: `What does not fit is not seen in a room. Counted are lines as they are shown: a title is
two, a line of more than 80 characters wraps, a blank line outside code is half a line;
comments, properties, notes and the brackets of blocks are nothing, and an increment adds
to what it goes on with. 25 fit, or what a manifest says (lint: slide-lines: 30). Part the
slide, or move something to the notes behind ???.`,
	Bad:  "# Long\n\n```\n" + strings.Repeat("line\n", 30) + "```\n",
	Good: "# Short\n\n```\n" + strings.Repeat("line\n", 15) + "```\n\n---\n\n## Another\n\n```\n" + strings.Repeat("line\n", 15) + "```\n",
	deck: func(p *pass, d *Deck) {
		fit := slideLines
		if d.Lint.SlideLines > 0 {
			fit = d.Lint.SlideLines
		}
		for _, c := range d.Chapters {
			for i := 0; i < len(c.Slides); {
				first := c.Slides[i]
				half := 0
				for half = shownLines(first); i+1 < len(c.Slides) && c.Slides[i+1].Increment; i++ {
					half += 1 + shownLines(c.Slides[i+1])
				}
				i++
				if need := (half + 1) / 2; need > fit && !first.Excluded {
					p.report(firstLine(first), "part it, or move something to the notes", "this slide needs %d lines, %d fit", need, fit)
				}
			}
		}
	},
}

// firstLine is where a slide begins to show something.
func firstLine(s *markdown.Slide) markdown.Span {
	at := 0
	for line := range strings.Lines(s.Source) {
		trimmed := strings.TrimSpace(line)
		if trimmed != "" && !strings.HasPrefix(trimmed, "<!--") {
			from := at + strings.Index(line, trimmed)
			return s.At(from, from+len(trimmed))
		}
		at += len(line)
	}
	return s.Pos.Point()
}

// shownLines is how high a slide is, in halves of a line.
func shownLines(s *markdown.Slide) (half int) {
	const wide = 80
	fence, comment, blank := "", false, true
	for line := range strings.Lines(s.Source) {
		line = strings.TrimRight(line, "\n")
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) && strings.Trim(trimmed, fence[:1]) == "" {
				fence = ""
			} else if half += 2; comment {
				half -= 2
			}
			continue
		case opensFence(trimmed):
			fence = trimmed[:3]
			continue
		case comment:
			comment = !strings.Contains(trimmed, "-->")
			continue
		case strings.HasPrefix(trimmed, "<!--"):
			comment = !strings.Contains(trimmed, "-->")
			continue
		}
		switch {
		case trimmed == "":
			if !blank {
				half++
			}
			blank = true
			continue
		case trimmed == "]", strings.HasPrefix(trimmed, ".") && strings.HasSuffix(trimmed, "["):
			continue
		case strings.HasPrefix(line, "#"):
			half += 2
		}
		half += 2 * max(1, (utf8.RuneCountInString(trimmed)+wide-1)/wide)
		blank = false
	}
	if blank && half > 0 {
		half--
	}
	return half
}

// opensFence reports whether a line opens a fence of several lines.
func opensFence(line string) bool {
	return strings.HasPrefix(line, "```") && !strings.Contains(strings.TrimLeft(line, "`"), "`") || strings.HasPrefix(line, "~~~")
}
