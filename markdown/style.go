package markdown

import (
	"regexp"
	"slices"
	"strings"

	"workshop/markdown/lazy"
)

// style is a form in which documents say which commands are to be typed. A new one is a file
// style_NAME.go and a line in the table below.
type style struct {
	name    string
	summary string
	// found reports whether a document holds something that only this style explains.
	found func(*document) bool
	// steps makes steps of a token: a fence, a code span, or a comment, visible or hidden. Nil: the
	// document is a deck of remark, whose steps stand in blocks `.exercise[ ]`.
	steps func(*sectionParser, *token)
	// values matches the names of values that only a platform knows and fills in. Nil: there are none.
	values func() *regexp.Regexp
	// learners are the divisions whose commands are for learners to find: they do not run.
	learners []string
	// files are the chapters of a directory that keeps a list of them. Nil: it keeps none.
	files func(l *loader, dir string) ([]item, bool)
	// session is the mode of the directories that have such a list.
	session SessionMode
}

// filledIn is the reason to skip a step whose text holds a value that the platform fills in, or a shortcode
// of Hugo; "" if it holds none.
func (st *style) filledIn(text string) string {
	name := shortcode().FindString(text)
	if name == "" && st.values != nil {
		name = st.values().FindString(text)
	}
	if name == "" {
		return ""
	}
	return name + " is filled in elsewhere"
}

// shortcode matches what Hugo replaces, such as `{{< param version >}}`.
var shortcode = lazy.Regexp(`\{\{(?:<\s[^>\n]{1,200}\s?>|<\w[^>\n]{1,200}>|%\s[^%\n]{1,200}%)\}\}`)

// styles is the table, in the order in which a deck is searched for their marks.
func styles() []*style {
	return []*style{&exerciseStyle, &katacodaStyle, &educatesStyle, &carpentriesStyle, &plainStyle}
}

// StyleHelp describes a style.
type StyleHelp struct{ Name, Summary string }

// Styles describes the styles, in the order of the table.
func Styles() []StyleHelp {
	var help []StyleHelp
	for _, st := range styles() {
		help = append(help, StyleHelp{st.name, st.summary})
	}
	return help
}

// StyleNames are the names of the styles.
func StyleNames() []string {
	var names []string
	for _, st := range styles() {
		names = append(names, st.name)
	}
	return names
}

func findStyle(name string) *style {
	all := styles()
	if i := slices.IndexFunc(all, func(st *style) bool { return st.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// styleOf finds a style by its name, or reports that there is none.
func (l *loader) styleOf(name string, at Span) *style {
	st := findStyle(name)
	if st == nil {
		l.fail(CodeManifestValue, at, didYouMean(Suggest(name, StyleNames())), "there is no style %s: the styles are %s",
			shorten(name), strings.Join(StyleNames(), ", "))
	}
	return st
}

// chosen is the style of a document, and whether anybody asked for it.
type chosen struct {
	*style
	asked bool
}

// choose gives each document of a deck its style: the one of a line in the document, else of the
// options, else of the manifest, else the one that the deck's documents hold the marks of.
func (l *loader) choose(d *Deck, docs []*document, items []item) []chosen {
	deck := l.options
	if deck == nil {
		deck = findStyle(d.Style)
	}
	asked := deck != nil
	if deck == nil {
		deck = detect(docs)
		asked = deck == &exerciseStyle
	}
	d.Style = deck.name
	styles := make([]chosen, len(docs))
	for i, doc := range docs {
		styles[i] = chosen{deck, asked}
		if st := items[i].style; st != nil && l.options == nil {
			styles[i] = chosen{st, true}
		}
		if st := l.named(doc); st != nil {
			styles[i] = chosen{st, true}
		}
	}
	return styles
}

// detect is the style that documents hold the marks of. A deck of remark has blocks of
// exercises in some of its documents, and fences that nobody types in all. A document by itself
// with many headings, and without slides or marks, is a page to read.
func detect(docs []*document) *style {
	for _, st := range styles() {
		if slices.ContainsFunc(docs, st.found) {
			return st
		}
	}
	if len(docs) == 1 && docs[0].isPage() {
		return &plainStyle
	}
	return &exerciseStyle
}

// isPage reports whether a document without commands is surely no deck of slides.
func (d *document) isPage() bool {
	headings := 0
	for _, t := range d.tokens {
		switch hidden := t.comment >= 0; t.kind {
		case headingToken, underlineToken:
			headings++
		case separatorToken, openToken, notesToken:
			return false
		case fenceToken, spanToken, codeToken: // a step that stands in no exercise
			if hidden {
				return false
			}
		}
	}
	return headings >= minHeadings && len(d.remark.errors.list) == 0
}

// minHeadings is the number of headings of a page. A slide has fewer.
const minHeadings = 3

// named is the style that a comment of the document names, such as `<!-- workshop: style plain -->`. Two
// comments cannot name different ones.
func (l *loader) named(d *document) *style {
	var st *style
	var name string
	var first Span
	for _, t := range d.tokens {
		if t.kind != commentToken {
			continue
		}
		word, rest, at := order(d.src.text, t)
		if word != "style" {
			continue
		}
		switch place := d.src.span(at, t.end); {
		case first == (Span{}):
			name, first, st = rest, place, l.styleOf(rest, place)
		case rest != name:
			l.fail(CodeManifestValue, place, "keep one of the two",
				"the document has the style %s already, by line %d", shorten(name), first.Pos.Line)
		}
	}
	return st
}

// ShowsCommands reports whether a document holds steps in one of the styles, or names its style. Others are
// pages to read only.
func ShowsCommands(text string) bool {
	l := newLoader(nil, Options{})
	d := l.document(newFile("", text))
	return l.named(d) != nil || slices.ContainsFunc(styles(), func(st *style) bool { return st.found(d) })
}

const orderWord = "workshop:"

// order is the word and the text of a comment `<!-- workshop: WORD TEXT -->`, and the place of the
// word; "" if the comment is another one.
func order(src string, t token) (word, text string, at int) {
	body, ok := strings.CutSuffix(src[t.start:t.end], "-->")
	if !ok || len(body) < len("<!--") {
		return "", "", 0
	}
	inner := strings.TrimLeft(body[len("<!--"):], " \t\n")
	rest, ok := strings.CutPrefix(inner, orderWord)
	if !ok || t.indent > 0 {
		return "", "", 0
	}
	rest = strings.TrimLeft(rest, " \t")
	at = t.start + len(body) - len(rest)
	rest = strings.TrimRight(rest, " \t\n")
	end := strings.IndexAny(rest+" ", " \t\n")
	return rest[:end], strings.TrimSpace(rest[end:]), at
}

// Fences counts the visible fences of the deck by their language, "" for those without one.
func (d *Deck) Fences() map[string]int {
	n := map[string]int{}
	for _, c := range d.Chapters {
		for _, s := range c.Slides {
			for i := range s.tokens {
				t := s.tokens[i].unpack()
				if t.kind == fenceToken && t.comment < 0 {
					lang, _ := language(&t)
					n[lang]++
				}
			}
		}
	}
	return n
}
