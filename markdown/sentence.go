package markdown

import (
	"strings"

	"workshop/markdown/lazy"
)

// maxSentence is the text before a claim in which its sentence is looked for, in bytes.
const maxSentence = 4 << 10

// itemMark is the beginning of an item of a list, a heading or a quotation.
var itemMark = lazy.Regexp(`^[ \t]*(?:[-*+]|\d{1,9}[.)]|#{1,6}|>)[ \t]+`)

// headingMark is the beginning of a heading, which is one line.
var headingMark = lazy.Regexp(`^ {0,3}#{1,6}[ \t]`)

// sentences gives the claims of the slide the sentences that they stand under.
func (p *chapterParser) sentences(s *Slide, from int) {
	for _, e := range s.Exercises {
		for _, step := range e.Steps {
			if step.Directive == "claim" {
				step.Sentence, step.SentencePos = p.sentence(from, int(step.token.start))
			}
		}
	}
}

// sentence is the item of a list, or the paragraph, before an offset, without its markup. Comments
// and code are left out.
func (p *chapterParser) sentence(from, to int) (text string, at Pos) {
	from = max(from, to-maxSentence)
	shown := []byte(p.src.text[from:to])
	for i := p.token(from); i < len(p.tokens) && p.tokens[i].start < to; i++ {
		t := p.tokens[i]
		switch t.kind {
		case fenceToken, spanToken, commentToken, quoteToken, openToken, closeToken, separatorToken:
			for j := t.start; j < min(t.end, to); j++ {
				if shown[j-from] != '\n' {
					shown[j-from] = ' '
				}
			}
		}
	}
	lines := strings.Split(string(shown), "\n")
	last := len(lines) - 1
	for last >= 0 && strings.TrimSpace(lines[last]) == "" {
		last--
	}
	if last < 0 {
		return "", Pos{}
	}
	first := last
	for first > 0 && !itemMark().MatchString(lines[first]) {
		if before := lines[first-1]; strings.TrimSpace(before) == "" || headingMark().MatchString(before) {
			break
		}
		first--
	}
	start := from
	for _, line := range lines[:first] {
		start += len(line) + 1
	}
	mark := itemMark().FindString(lines[first])
	start += max(len(mark), len(lines[first])-len(strings.TrimLeft(lines[first], " \t")))
	lines[first] = lines[first][len(mark):]
	for i := first; i <= last; i++ {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.TrimSuffix(p.titler.title(strings.Join(lines[first:last+1], " ")), ":"), p.src.pos(start)
}
