package markdown

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"workshop/markdown/lazy"
)

// chapterParser makes slides of the tokens of a chapter.
type chapterParser struct {
	*loader
	log     *log
	src     *source
	tokens  []token
	chapter *Chapter
	titler  titler

	ends     []slideEnd
	slide    *Slide
	from     int // where the slide's text begins, behind its properties
	notes    int // where its notes line begins, or -1
	notesEnd int
	part     string // the `# Title` in force
	exercise *Exercise
	opened   token // of the exercise
	plain    bool  // no deck of remark: unknown properties are text, and backticks are the shell's
}

// document is the text of a chapter with its tokens. Its style is chosen before it is parsed.
type document struct {
	src         *source
	tokens      []token
	log, remark *log
	scripts     *scripts // of a scenario; nil if it is none
}

// document scans the text of a chapter.
func (l *loader) document(f *file) *document {
	d := &document{log: &log{}, remark: &log{}}
	d.src = l.expand(f, d.log)
	d.tokens = scan(d.src, d.log, d.remark)
	return d
}

// asWritten is a document of a style that knows no substitutions: `@@NAME@@` and its like are text. Its
// fences may include files as those of mdBook do.
func (l *loader) asWritten(d *document, f *file) *document {
	books, given := strings.Contains(f.text, "{{#"), l.given()
	if !strings.Contains(f.text, "@@") && !books && len(given) == 0 {
		return d
	}
	w := &document{log: &log{}, remark: &log{}, scripts: d.scripts, src: &source{f.text, []segment{{0, f, 0, false}}}}
	checkText(f, w.log)
	switch {
	case books:
		w.src = l.included(w.src, scan(w.src, &log{}, &log{}), f, w.log)
	case len(given) > 0:
		w.src = l.filled(f, given, w.log)
	}
	w.tokens = scan(w.src, w.log, w.remark)
	return w
}

// given are the manifest's values: of names that are no keys.
func (l *loader) given() map[string]string {
	given := maps.Clone(l.values)
	maps.DeleteFunc(given, func(name, _ string) bool { return slices.Contains(valueKeys(), name) })
	return given
}

// named matches the marks of values: `{{ NAME }}` and `%NAME%` of Educates, `{{NAME}}` of Katacoda, and
// `{{< param NAME >}}` of Hugo.
var named = lazy.Regexp(`\{\{(?:[<%]\s*param\s)?\s*"?(\w[\w.-]*)"?\s*[>%]?\}\}|%([A-Za-z]\w*)%`)

// filled is the source of a document with values in place of their marks.
func (l *loader) filled(f *file, given map[string]string, log *log) *source {
	x := &expander{loader: l, log: log}
	from := 0
	for _, at := range named().FindAllStringSubmatchIndex(f.text, -1) {
		name := at[2:4]
		if at[2] < 0 {
			name = at[4:6]
		}
		if value, ok := given[f.text[name[0]:name[1]]]; ok {
			x.copy(f, f.text, from, at[0], "")
			x.write(f, at[0], true, value)
			from = at[1]
		}
	}
	x.segments = append(x.segments, segment{x.out.Len(), f, from, false})
	x.copy(f, f.text, from, len(f.text), "")
	return &source{x.out.String(), x.segments}
}

// parse fills a chapter with the slides of a document.
func (l *loader) parse(c *Chapter, d *document, st *style) {
	p := &chapterParser{loader: l, log: d.log, src: d.src, tokens: d.tokens, chapter: c, titler: titler{parser: l.parser}}
	if st.steps == nil {
		d.log.errors.list = append(d.log.errors.list, d.remark.errors.list...)
		d.log.warnings.list = append(d.log.warnings.list, d.remark.warnings.list...)
		p.slides()
	} else {
		s := sectionParser{chapterParser: p, style: st, fill: l.fill, terminals: l.terminals}
		if d.scripts != nil {
			s.scripts = *d.scripts
		}
		s.sections()
	}
	p.ignores()
	p.keepTokens()
	l.logs = append(l.logs, d.log)
}

// slideEnd are the tokens of a slide, from one index to another.
type slideEnd struct {
	slide    *Slide
	from, to int
}

// keepTokens gives the slides their tokens, when these have their steps.
func (p *chapterParser) keepTokens() {
	all := make([]packed, len(p.tokens))
	for i := range p.tokens {
		all[i] = p.tokens[i].pack()
	}
	for _, e := range p.ends {
		e.slide.tokens = all[e.from:e.to]
	}
}

func (p *chapterParser) slides() {
	depth := 0 // of blocks that are closed somewhere
	p.begin(p.front(), false)
	for i, t := range p.tokens {
		switch t.kind {
		case separatorToken:
			if depth > 0 {
				dashes := prefix(p.src.text[t.start:t.end], func(c byte) bool { return c == '-' })
				p.log.warn(CodeSeparatorInBlock, p.src.span(t.start, t.start+dashes),
					"close the block first", "this line separates no slides: it is inside a block")
				break
			}
			p.end(t.start)
			if p.count >= maxSlides {
				p.log.fail(CodeTooLarge, p.src.pos(t.start).Point(), "", "more than %d slides in a deck", maxSlides)
				return
			}
			p.begin(t.end, p.src.text[t.start:t.end] != "---\n" && p.src.text[t.start:t.end] != "---")
		case notesToken:
			if depth == 0 && p.notes < 0 {
				p.endExercise(t.start)
				p.notes, p.notesEnd = t.start, t.end
			}
		case headingToken:
			if p.notes < 0 {
				p.heading(t, p.tokens[i+1:])
			}
		case openToken:
			if t.match >= 0 {
				depth++
			}
			if t.exercise && p.notes < 0 {
				p.endExercise(t.start)
				p.exercise, p.opened = &Exercise{Pos: p.src.pos(t.start)}, t
			}
		case closeToken:
			depth--
			if p.exercise != nil && t.match == p.opened.start {
				if strings.TrimSpace(p.src.text[p.opened.end:t.start]) == "" {
					p.log.warn(CodeEmptyExercise, p.src.span(p.opened.start, p.opened.end), "fill it, or remove it", "an exercise with nothing in it")
				}
				p.exercise.Hidden = t.comment >= 0 && t.comment == p.opened.comment
				p.endExercise(t.end)
			}
		case quoteToken:
			word, _, _ := strings.Cut(t.info, " ")
			if p.notes < 0 && p.exercise != nil && p.isDirective(word) {
				p.log.warn(CodeStepOutside, p.head(t, word), "take it out of the quotation", "this %s is in a quotation: it never runs", word)
			}
		case fenceToken, spanToken:
			if p.notes < 0 && p.src.text[t.start] != '{' { // a shortcode is none of remark's fences
				if step := p.step(t); step != nil {
					p.tokens[i].steps = []*Step{step}
				}
			}
		}
	}
	p.end(len(p.src.text))
}

// front is the end of the front matter; its title is the chapter's.
func (p *chapterParser) front() int {
	if len(p.tokens) == 0 || p.tokens[0].kind != frontToken {
		return 0
	}
	p.chapter.Front = true
	end := p.tokens[0].end
	mark := p.src.text[:len("---")]
	for line := range strings.Lines(p.src.text[:end]) {
		if key(line, mark) == "title" {
			_, value, _ := strings.Cut(line, map[string]string{"---": ":", "+++": "="}[mark])
			p.chapter.Title = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return end
}

// maxSlides is the largest number of slides of a deck.
const maxSlides = 100_000

// begin starts a slide at an offset.
func (p *chapterParser) begin(at int, increment bool) {
	s := &Slide{Increment: increment, Pos: p.src.pos(at)}
	if n := len(p.chapter.Slides); increment && n > 0 {
		before := p.chapter.Slides[n-1]
		s.Title, s.Classes = before.Title, slices.Clip(before.Classes)
	}
	p.count++
	p.slide, p.notes = s, -1
	p.from = p.properties(at)
	p.chapter.Slides = append(p.chapter.Slides, s)
}

// end finishes the slide at an offset.
func (p *chapterParser) end(at int) {
	p.endExercise(at)
	s := p.slide
	end := at
	if p.notes >= 0 {
		end = p.notes
		s.Notes = strings.Trim(p.src.text[p.notesEnd:at], "\n")
	}
	from := min(p.from, end)
	text := p.src.text[from:end]
	s.Source = strings.Trim(text, "\n")
	s.origin = origin{p.src, []mark{{src: from + len(text) - len(strings.TrimLeft(text, "\n"))}}}
	p.ends = append(p.ends, slideEnd{s, p.token(from), p.token(end)})
	p.sentences(s, from)
	if s.Part == "" {
		s.Part = p.part
	}
}

// token is the index of the first token that begins at an offset or behind it.
func (p *chapterParser) token(at int) int {
	return sort.Search(len(p.tokens), func(i int) bool { return p.tokens[i].start >= at })
}

func (p *chapterParser) endExercise(at int) {
	if p.exercise != nil {
		p.exercise.End = p.src.pos(at)
		p.slide.Exercises = append(p.slide.Exercises, p.exercise)
		p.exercise = nil
	}
}

// properties reads the properties of a slide that begins at an offset and returns
// their end. As in remark, any `word:` at the start of a line is one.
func (p *chapterParser) properties(at int) int {
	for at < len(p.src.text) {
		line, _, _ := strings.Cut(p.src.text[at:], "\n")
		next := min(at+len(line)+1, len(p.src.text))
		trimmed := strings.TrimSpace(line)
		if trimmed == "" {
			at = next
			continue
		}
		text := line
		inner, comment := strings.CutPrefix(trimmed, "<!--")
		if comment {
			if text, comment = strings.CutSuffix(inner, "-->"); !comment {
				return at
			}
			text = strings.TrimSpace(text)
		}
		if _, ok := ignoreText(text); ok && comment {
			at = next
			continue
		}
		name := text[:prefix(text, func(c byte) bool {
			return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
		})]
		value, ok := strings.CutPrefix(text[len(name):], ":")
		if name == "" || !ok || strings.Contains(value, "-->") {
			return at
		}
		switch {
		case isProperty(name):
		case comment || p.plain:
			return at // a remark, or text
		default:
			p.log.warn(CodeSwallowedProperty, p.src.span(at, at+len(line)), "begin the slide with another line",
				"%q is taken for a property of the slide and not shown", trimmed[:min(len(trimmed), len(name)+30)])
		}
		p.property(name, strings.TrimSpace(value))
		at = next
	}
	return at
}

// isProperty reports whether remark knows a property of slides.
func isProperty(name string) bool {
	return strings.HasPrefix(name, "background-") ||
		slices.Contains([]string{"class", "name", "layout", "template", "count", "exclude", "continued"}, name)
}

// maxClasses is the largest number of classes of a slide; the rest is ignored.
const maxClasses = 64

func (p *chapterParser) property(name, value string) {
	if p.slide.Properties == nil {
		p.slide.Properties = map[string]string{}
	}
	p.slide.Properties[name] = value
	switch name {
	case "name":
		p.slide.Name = value
	case "class":
		for class := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
			if len(p.slide.Classes) < maxClasses && !slices.Contains(p.slide.Classes, class) {
				p.slide.Classes = append(p.slide.Classes, class)
			}
		}
	}
}

// heading reads a heading and takes the marks of classes in its line, which are among the
// tokens that follow, out of its title.
func (p *chapterParser) heading(t token, following []token) {
	line := p.src.text[t.start:t.end]
	hashes := strings.TrimLeft(line, " ")
	first := len(hashes) == 1 || hashes[1] != '#'
	if !first && p.slide.Title != "" && p.chapter.Title != "" {
		return
	}
	var plain strings.Builder
	from := t.start
	for _, k := range following {
		if k.start >= t.end {
			break
		}
		if k.kind == openToken && k.match >= 0 || k.kind == closeToken {
			plain.WriteString(p.src.text[from:k.start])
			from = k.end
		}
	}
	title := p.titler.title(plain.String() + p.src.text[from:t.end])
	if title == "" {
		return
	}
	if p.chapter.Title == "" {
		p.chapter.Title = title
	}
	if p.slide.Title == "" {
		p.slide.Title = title
	}
	if first {
		p.part = title
		if p.slide.Part == "" {
			p.slide.Part = title
		}
		p.headings = append(p.headings, partHeading{title, p.slide})
	}
}

// step makes a step of a fence or a one-liner; nil if it is none.
func (p *chapterParser) step(t token) *Step {
	text := t.info
	if t.kind == spanToken {
		text = strings.TrimLeft(text, " \t")
	}
	end := strings.IndexAny(text, " \t")
	if end < 0 {
		end = len(text)
	}
	word, rest := text[:end], text[end:]
	hidden := t.comment >= 0
	if p.exercise == nil {
		if hidden && p.isDirective(word) {
			p.log.warn(CodeStepOutside, p.head(t, word), "move it into the .exercise[ ]", "this %s is outside every exercise: it never runs", word)
		}
		return nil
	}
	if !p.isStep(word, hidden) {
		switch {
		case word == "" && hidden:
			p.log.warn(CodeFenceWithoutWord, p.src.pos(t.start).Point(), "", "a hidden fence without a directive does nothing")
		case p.isShell(word):
			p.log.warn(CodeShellNotRun, p.head(t, word), "write bash for what is to be typed", "a %s fence is text and never runs", word)
		}
		return nil
	}
	s := &Step{Pos: p.src.pos(t.start), Word: p.word(t, word), Directive: word, Hidden: hidden, token: t.pack()}
	var at int
	if t.kind == spanToken {
		// The text of keys may begin and end with blanks; elsewhere they mean nothing.
		blanks := min(len(rest), 1)
		s.Text = rest[blanks:]
		if word != "keys" {
			s.Text = strings.Trim(rest, " \t")
			blanks = prefix(rest, isBlank)
		}
		at = t.data + len(t.info) - len(rest) + blanks
		s.origin.marks = []mark{{src: at}}
	} else {
		s.Args = strings.Trim(rest, " \t")
		if s.Args != "" && s.Args[0] != '{' && !t.unclosed() { // attributes, and an unclosed fence, are another matter
			end := t.data + len(t.info)
			p.log.warn(CodeFenceArguments, p.src.span(end-len(s.Args), end), "end the fence on this line, or put them on lines of their own",
				"what stands behind %s on the first line of a fence is not read", word)
		}
		s.Text, s.origin = p.body(&t)
		at = s.origin.marks[0].src
	}
	s.origin.src = p.src
	s.TextPos = p.src.pos(at)
	if !p.plain && (word == "bash" || word == "hide") {
		if strings.Contains(s.Text, "`") {
			s.Raw = s.Text
			s.Text = s.origin.without(s.Text, '`')
		}
	}
	p.check(t)
	p.exercise.Steps = append(p.exercise.Steps, s)
	return s
}

// body is the text of a fence without its indentation, or of a span.
func (p *chapterParser) body(t *token) (string, origin) {
	o := origin{src: p.src, marks: []mark{{src: t.data}}}
	if t.kind != fenceToken {
		text := strings.TrimLeft(t.info, " ")
		o.marks[0].src += len(t.info) - len(text)
		return strings.ReplaceAll(strings.TrimRight(text, " "), "\n", " "), o
	}
	text, marks := outdent(p.src.text[t.body:t.tail], t.indent)
	for i := range marks {
		marks[i].src += t.body
	}
	o.marks = marks
	return text, o
}

// word is the place of the first word of a fence or one-liner.
func (p *chapterParser) word(t token, word string) Span {
	at := t.data
	if t.kind == spanToken {
		at += prefix(t.info, isBlank)
	}
	return p.src.span(at, at+len(word))
}

// head is the place of a fence or one-liner up to the end of its first word.
func (p *chapterParser) head(t token, word string) Span {
	return Span{p.src.pos(t.start), p.word(t, word).End}
}

// check reports the first misleading character of a step, and the first no-break space.
func (p *chapterParser) check(t token) {
	end := t.data + len(t.info)
	if t.kind == fenceToken {
		end = t.tail
	}
	text := p.src.text[t.data:end]
	ascii := true
	for i := range len(text) {
		if c := text[i]; c >= 0x80 || c < ' ' && c != '\t' && c != '\n' || c == 0x7f {
			ascii = false
			break
		}
	}
	if ascii {
		return
	}
	space := false
	for i, r := range text {
		if what := misleading(text, i, r); what != "" {
			var fix []Edit
			if what == invisible { // the others may be there for a reason, in the wrong place
				fix = p.replace(t.data, text, "", func(i int, r rune) bool { return misleading(text, i, r) == invisible })
			}
			p.log.failFix(fix, CodeInvisible, p.src.span(t.data+i, t.data+i+utf8.RuneLen(r)),
				"what is seen is not what would be typed: remove it, or write an escape such as $'\\u202e'",
				"%s U+%04X in a step", what, r)
			return
		}
		if noBreakSpace(i, r) && !space {
			space = true
			fix := p.replace(t.data, text, " ", noBreakSpace)
			p.log.warnFix(fix, CodeNoBreakSpace, p.src.span(t.data+i, t.data+i+utf8.RuneLen(r)),
				"a shell takes it for a letter", "no-break space U+%04X in a step", r)
		}
	}
}

// replace are the edits that replace each character of a kind in a text that begins
// at an offset.
func (p *chapterParser) replace(at int, text, with string, is func(int, rune) bool) (edits []Edit) {
	for i, r := range text {
		if is(i, r) {
			edits = append(edits, p.src.edit(at+i, at+i+utf8.RuneLen(r), with)...)
		}
	}
	return edits
}

// outdent removes up to indent columns of leading blanks from each line and the last
// line end. A tab that reaches beyond them leaves the blanks that it stood for. It
// also returns the offsets in the body of the lines of the text.
func outdent(body string, indent int) (text string, marks []mark) {
	body = strings.TrimSuffix(body, "\n")
	if indent == 0 || body == "" {
		return body, []mark{{}}
	}
	var b strings.Builder
	start := 0
	for line := range strings.Lines(body) {
		i, col := 0, 0
		for i < len(line) && isBlank(line[i]) && col < indent {
			if line[i] == '\t' {
				col += 4 - col%4
			} else {
				col++
			}
			i++
		}
		for range col - indent {
			b.WriteByte(' ')
		}
		marks = append(marks, mark{text: b.Len(), src: start + i})
		start += len(line)
		b.WriteString(line[i:])
	}
	return b.String(), marks
}

// finish gives numbers, ids and the table of contents to a deck whose chapters are
// parsed and named.
func (l *loader) finish(d *Deck, exclude []string) {
	excluded := map[string]bool{}
	for _, class := range exclude {
		excluded[class] = true
	}
	number := 0
	for _, c := range d.Chapters {
		for i, s := range c.Slides {
			s.Excluded = s.Properties["exclude"] == "true" || s.Properties["layout"] == "true" ||
				s.Increment && i > 0 && c.Slides[i-1].Excluded ||
				slices.ContainsFunc(s.Classes, func(class string) bool { return excluded[class] })
			if !s.Excluded {
				if s.Properties["count"] != "false" {
					number++
				}
				s.Number = number
			}
		}
		identify(c)
	}
	toc := sync.OnceValue(l.toc)
	room := maxChapter
	for _, c := range d.Chapters {
		if c.Style != exerciseStyle.name {
			continue
		}
		for _, s := range c.Slides {
			n := strings.Count(s.Source, "@@TOC@@")
			if n == 0 {
				continue
			}
			if room -= n * len(toc()); room < 0 {
				l.fail(CodeTooLarge, s.Pos.Point(), "", "with the table of contents so often the deck is too large")
				return
			}
			s.contents(toc())
		}
	}
}

// contents puts the table of contents into the slide.
func (s *Slide) contents(toc string) {
	const name = "@@TOC@@"
	var b strings.Builder
	base, from := s.origin.marks[0].src, 0
	for {
		n := strings.Index(s.Source[from:], name)
		if n < 0 {
			break
		}
		b.WriteString(s.Source[from : from+n])
		s.origin.marks = append(s.origin.marks, mark{b.Len(), base + from + n, true})
		from += n + len(name)
		b.WriteString(toc)
		s.origin.marks = append(s.origin.marks, mark{text: b.Len(), src: base + from})
	}
	s.Source = b.String() + s.Source[from:]
}

// maxSlug is the largest part of a slug in an id, in bytes.
const maxSlug = 100

// shortSlug is a slug cut to that size, between words if possible.
func shortSlug(text string) string {
	slug := Slug(text[:min(len(text), 4*maxSlug)])
	if len(slug) <= maxSlug {
		return slug
	}
	slug = slug[:maxSlug+1]
	if i := strings.LastIndexByte(slug, '-'); i > 0 {
		return slug[:i]
	}
	return strings.ToValidUTF8(slug[:maxSlug], "")
}

// identify gives ids to the exercises of a chapter.
func identify(c *Chapter) {
	taken := map[string]bool{}
	next := map[string]int{}
	for i, s := range c.Slides {
		if len(s.Exercises) == 0 {
			continue
		}
		slug := cmp.Or(shortSlug(s.Title), shortSlug(s.Name), "slide-"+strconv.Itoa(i+1))
		for _, e := range s.Exercises {
			id := slug
			for n := max(2, next[slug]); taken[id]; n++ {
				id = slug + "-" + strconv.Itoa(n)
				next[slug] = n + 1
			}
			taken[id] = true
			e.ID = c.Name + "/" + id
		}
	}
}

// partHeading is a `# Title` and the slide that it stands on.
type partHeading struct {
	title string
	slide *Slide
}

// toc is a list of the titles of the deck that are shown, with links to their slides;
// the items of a manifest that hold some are its parts.
func (l *loader) toc() string {
	var parts [][]string
	last := -1
	for i, headings := range l.outline {
		for _, h := range headings {
			if h.slide.Excluded {
				continue
			}
			if len(parts) == 0 || l.tops[i] != last {
				parts, last = append(parts, nil), l.tops[i]
			}
			title := strings.NewReplacer("[", `\[`, "]", `\]`).Replace(h.title)
			parts[len(parts)-1] = append(parts[len(parts)-1], "- ["+title+"](#"+strconv.Itoa(h.slide.Number)+")")
		}
	}
	var b strings.Builder
	for i, lines := range parts {
		if len(parts) > 1 {
			b.WriteString("## Part " + strconv.Itoa(i+1) + "\n\n")
		}
		b.WriteString(strings.Join(lines, "\n") + "\n\n")
	}
	return strings.TrimSuffix(b.String(), "\n\n")
}
