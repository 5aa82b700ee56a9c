package lint

import (
	"strings"
	"unicode/utf8"

	"workshop/markdown"
)

var invisibleText = Rule{
	Code: "invisible-text", Severity: Warning, Fixable: true,
	Summary: "a zero-width or bidirectional control character on a slide",
	Doc: `Outside of steps such a character does no harm to a run. But learners copy it with a
command, a link leads elsewhere than it seems to, and a bidirectional control shows the
text in another order. Joiners, and the marks of scripts that are written from right to
left, are allowed. --fix removes zero-width characters.`,
	Bad:  "# Ti\u200btle\n",
	Good: "# Title\n",
	deck: func(p *pass, d *Deck) {
		for _, c := range d.Chapters {
			for _, s := range c.Slides {
				if isASCII(s.Source) {
					continue
				}
				steps := linesOfSteps(s)
				for i, r := range s.Source {
					bidi := 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
					if !bidi && r != 0x200b && r != 0x2060 && r != 0xfeff {
						continue
					}
					at := s.At(i, i+utf8.RuneLen(r))
					if steps[at.Pos.Line] {
						continue // reading has reported it
					}
					f := p.report(at, "remove it", "invisible character U+%04X", r)
					if !bidi {
						f.Fix = []markdown.Edit{{Span: at, Old: string(r)}}
					}
				}
			}
		}
	},
}

// linesOfSteps are the lines of a slide's steps.
func linesOfSteps(s *markdown.Slide) map[int]bool {
	lines := map[int]bool{}
	for _, e := range s.Exercises {
		for _, step := range e.Steps {
			lines[step.Pos.Line] = true
			for i := range 1 + strings.Count(step.Text, "\n") {
				lines[step.TextPos.Line+i] = true
			}
		}
	}
	return lines
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
