package markdown

import (
	"net/url"
	"slices"
	"strings"

	"workshop/markdown/lazy"
)

// Link is a link or an image of a slide.
type Link struct {
	Span
	Target string // as written, percent-encoding resolved
	Image  bool
}

// Links finds the links and images that the slide shows, in the order of the text:
// `[text](target)` and `![text](target)`, reference definitions, the src and href of
// HTML elements, and the background-image property (which has no place of its own).
// Those in code and in comments are not there for a reader.
func (s *Slide) Links() []Link {
	var links []Link
	add := func(start, end int, target string, image bool) {
		if target = unescaped(target); target != "" {
			links = append(links, Link{s.At(start, end), target, image})
		}
	}
	text := ""
	if strings.ContainsAny(s.Source, "[<") { // that of a link
		text = s.shown()
	}
	if strings.Contains(text, "<") && strings.Contains(text, "=") {
		for _, at := range attribute().FindAllStringSubmatchIndex(text, -1) {
			add(at[4], at[5], text[at[4]:at[5]], strings.EqualFold(text[at[2]:at[3]], "src"))
		}
	}
	if strings.Contains(text, "]:") {
		for _, at := range definition().FindAllStringSubmatchIndex(text, -1) {
			add(at[2], at[3], text[at[2]:at[3]], false)
		}
	}
	open := []int{} // brackets
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			open = append(open, i)
		case ']':
			if len(open) == 0 {
				continue
			}
			start := open[len(open)-1]
			open = open[:len(open)-1]
			if i+1 >= len(text) || text[i+1] != '(' {
				continue
			}
			from, to := destination(text, i+2)
			if to > from {
				add(from, to, text[from:to], start > 0 && text[start-1] == '!')
			}
		}
	}
	if value := s.Properties["background-image"]; value != "" {
		if at := background().FindStringSubmatch(value); at != nil {
			links = append(links, Link{s.Pos.Point(), at[1], true})
		}
	}
	slices.SortStableFunc(links, func(a, b Link) int { return a.Pos.Compare(b.Pos) })
	return links
}

var (
	attribute  = lazy.Regexp(`(?i)<[a-z][^<>]{0,500}?\s(src|href)\s*=\s*["']([^"'<>\n]+)["']`)
	definition = lazy.Regexp(`(?m)^ {0,3}\[[^\]\n^]+\]:[ \t]+(\S+)`)
	background = lazy.Regexp(`url\(\s*["']?([^"')]+?)["']?\s*\)`)
)

// unescaped is a target with its percent-encoding resolved.
func unescaped(target string) string {
	if u, err := url.PathUnescape(target); err == nil {
		return u
	}
	return target
}

// maxDestination is the greatest length of a link's target.
const maxDestination = 2000

// destination is the place of a link's target whose parenthesis was opened before an
// offset; nothing if it is not closed on its line.
func destination(text string, at int) (from, to int) {
	at += prefix(text[at:], isBlank)
	limit := min(len(text), at+maxDestination)
	if at < limit && text[at] == '<' {
		if n := strings.IndexAny(text[at+1:limit], ">\n"); n >= 0 && text[at+1+n] == '>' {
			return at + 1, at + 1 + n
		}
		return at, at
	}
	depth := 0
	for i := at; i < limit; i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '(':
			depth++
		case c == ')' && depth == 0, isBlank(c):
			return at, i
		case c == ')':
			depth--
		case c == '\n':
			return at, at
		}
	}
	return at, at
}

// shown is the slide's source with blanks in place of code and comments, byte for byte
// as long.
func (s *Slide) shown() string {
	b := []byte(s.Source)
	for t := range s.scanned() {
		switch t.kind {
		case fenceToken, spanToken, quoteToken, codeToken, commentToken:
			for i := t.start; i < t.end; i++ {
				if b[i] != '\n' {
					b[i] = ' '
				}
			}
		}
	}
	return string(b)
}
