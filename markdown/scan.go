package markdown

import (
	"fmt"
	"slices"
	"strings"

	"workshop/markdown/lazy"
)

// kind is the kind of a token.
type kind uint8

const (
	separatorToken kind = iota // a line `---` or `--`
	notesToken                 // a line `???`
	headingToken               // a line `# …`
	openToken                  // `.name[`
	closeToken                 // its `]`
	fenceToken                 // a fenced block, or the shortcode `highlight` of Hugo
	ignoreToken                // a comment, or a line of one, that asks for silence
	spanToken                  // a code span of three or more backticks: a one-liner
	quoteToken                 // a fenced block in a quotation, which is text
	codeToken                  // a shorter code span, or a line that is indented to be code
	commentToken               // a comment
	frontToken                 // front matter: YAML or TOML before the text of a document
	underlineToken             // the line of = or - under a heading; data is where the heading begins
	leftToken                  // what stands in a comment of MDX or Liquid: it is not read
	divToken                   // a line `::: name`, or one of colons only, which ends such a division
)

// token is a part of the source that matters for its structure. Offsets are into
// the text after substitutions.
type token struct {
	kind       kind
	start, end int     // all of it
	comment    int     // the index of the comment that it is in, else -1
	info       string  // fences and quotes: the info string; spans: the content; divisions: the name
	data       int     // where info begins; comments: where the first heading in it begins, 0 if there is none
	attr       string  // fences and spans: attributes behind the end, `{{exec}}` or `{: .language-bash}`
	body, tail int     // fences: the lines between the fences
	indent     int     // fences: columns of indentation; comments: the same in an indented code block, else 0
	exercise   bool    // opens: of an exercise
	match      int     // opens and closes: where the other one begins; -1 if there is none
	steps      []*Step // fences, spans and comments: the steps that were made of it
}

// packed is a token as decks keep it, in a third of the memory: a chapter has at most 8 MiB.
type packed struct {
	start, end, comment, data, body, tail, indent, match int32
	kind                                                 kind
	exercise                                             bool
	more                                                 *packedMore // nil: nothing
}

// packedMore is the part of a token that most have not.
type packedMore struct {
	info, attr string
	steps      []*Step
}

func (t *token) pack() packed {
	p := packed{
		start: int32(t.start), end: int32(t.end), comment: int32(t.comment), data: int32(t.data), body: int32(t.body),
		tail: int32(t.tail), indent: int32(t.indent), match: int32(t.match), kind: t.kind, exercise: t.exercise,
	}
	if t.info != "" || t.attr != "" || len(t.steps) > 0 {
		p.more = &packedMore{t.info, t.attr, t.steps}
	}
	return p
}

func (p *packed) unpack() token {
	t := token{
		start: int(p.start), end: int(p.end), comment: int(p.comment), data: int(p.data), body: int(p.body),
		tail: int(p.tail), indent: int(p.indent), match: int(p.match), kind: p.kind, exercise: p.exercise,
	}
	if p.more != nil {
		t.info, t.attr, t.steps = p.more.info, p.more.attr, p.more.steps
	}
	return t
}

// unclosed reports whether the token is a fence without an end.
func (t *token) unclosed() bool { return t.kind == fenceToken && t.tail == t.end }

// scanner finds the tokens of a text in one pass. It never goes back, and looks
// ahead only for the end of fences, paragraphs and code spans.
type scanner struct {
	src       *source
	text      string
	log       *log // of fences and comments
	remark    *log // of separators and `.name[ ]`, which only decks for remark have
	tokens    []token
	stack     []int // open brackets: indexes of open tokens, for a plain bracket -1 - its offset
	exercise  int   // 1 + the place in the stack of the open exercise; 0 if there is none
	suspect   int   // 1 + the offset of a plain bracket that took the `]` that an exercise seems to have; or 0
	literal   int   // open brackets of an escaped `\.name[`
	quote     int   // 1 + the index of the open fence of a quotation; 0 if there is none
	blank     bool  // the line before was blank
	list      bool  // the text may belong to an item of a list
	runs      []run
	run       int // the first run that has not been passed
	single    int // where the line before begins, if it is a paragraph of one line; else -1
	paragraph int // the end of the paragraph looked at last
	wasted    int // bytes looked at in vain for the ends of fences, and something for each line
	gaveUp    bool
	endless   bool // no shortcode `highlight` ends in the rest of the text
	comments
}

// comments is where a scanner is among the comments of a text.
type comments struct {
	comment int // the index of the open comment, or -1
	outside int // how many brackets were open before that comment
	looked  int // 1 + the index of the comment whose end was looked for behind a separator; or 0
	spans   int // the same, of the comment whose end was found there
}

// run is a sequence of backticks.
type run struct {
	start, len int
	next       int // the start of the next run of the same length, or -1
}

// maxWasted bounds the text that a scanner reads in vain: enough for any deck that a person
// wrote, little enough for a hostile one.
const maxWasted = 8 << 20

// scan finds the tokens of a text. Mistakes in marks of remark go to a log of their own.
func scan(src *source, log, remark *log) []token {
	s := newScanner(src, log, remark)
	s.endComment(len(s.text))
	s.unwind(0)
	return s.tokens
}

// newScanner scans a text and leaves constructs without an end open.
func newScanner(src *source, log, remark *log) *scanner {
	s := &scanner{
		src: src, text: src.text, log: log, remark: remark, comments: comments{comment: -1}, single: -1, blank: true,
		runs: backtickRuns(src.text),
	}
	// Decks have a token for each 43 to 92 bytes, half of them code spans.
	few := len(s.text) / 64
	s.tokens = make([]token, 0, few+min(few, len(s.runs)/2))
	start := frontMatter(s.text)
	if start > 0 {
		s.add(token{kind: frontToken, end: start})
	}
	for start < len(s.text) {
		start = s.line(start, s.lineEnd(start))
	}
	return s
}

// InExercise reports whether a text that goes on ends in an exercise and in none of its
// fences.
func InExercise(text string) bool {
	s := newScanner(plainSource(newFile("", text).text), &log{}, &log{})
	return s.exercise > 0 && !slices.ContainsFunc(s.tokens[s.stack[s.exercise-1]:], func(t token) bool {
		return t.kind == separatorToken || t.unclosed()
	})
}

func backtickRuns(text string) []run {
	runs := make([]run, 0, min(strings.Count(text, "`"), len(text)/8))
	for i := 0; i < len(text); {
		n := strings.IndexByte(text[i:], '`')
		if n < 0 {
			break
		}
		i += n
		n = prefix(text[i:], func(c byte) bool { return c == '`' })
		runs = append(runs, run{i, n, -1})
		i += n
	}
	var short [8]int      // by length: 1 + the start of the run behind this one; 0 if there is none
	long := map[int]int{} // the same
	for i := len(runs) - 1; i >= 0; i-- {
		if n := runs[i].len; n < len(short) {
			runs[i].next, short[n] = short[n]-1, runs[i].start+1
		} else {
			runs[i].next, long[n] = long[n]-1, runs[i].start+1
		}
	}
	return runs
}

func (s *scanner) lineEnd(start int) int {
	if n := strings.IndexByte(s.text[start:], '\n'); n >= 0 {
		return start + n
	}
	return len(s.text)
}

func (s *scanner) add(t token) int {
	t.comment = s.comment
	if len(s.tokens) == cap(s.tokens) {
		s.tokens = slices.Grow(s.tokens, len(s.tokens)+16) // append alone would copy them four times as often
	}
	s.tokens = append(s.tokens, t)
	return len(s.tokens) - 1
}

// line scans the line from start to end and returns the offset to continue at: the next line,
// or the end of a construct that began in this one.
func (s *scanner) line(start, end int) int {
	line := s.text[start:end]
	single := s.single
	s.single = -1
	if single >= 0 && isUnderline(line) {
		s.add(token{kind: underlineToken, start: start, end: end, data: single})
	}
	if next := min(end+1, len(s.text)); s.separator(line, start, next) {
		return next
	}
	s.nearSeparator(line, start, end)
	blanks := prefix(line, isBlank)
	s.whole(line, start, end, blanks)
	s.context(line, start, end, blanks)
	if strings.TrimSpace(line) == "]" {
		s.stray(start, end)
	}
	if blanks < len(line) && line[blanks] == '.' {
		s.spaced(start, line)
	}
	return s.inline(start, end)
}

// separator scans a line that separates slides, or a slide and its notes.
func (s *scanner) separator(line string, start, next int) bool {
	switch line {
	case "---", "--":
		s.spanned(start)
		if len(s.stack) == 0 {
			s.endComment(start)
			s.literal = 0
		}
		s.blank, s.list, s.quote = true, s.list && line == "--", 0
		s.add(token{kind: separatorToken, start: start, end: next})
	case "???":
		s.add(token{kind: notesToken, start: start, end: next})
	default:
		return false
	}
	return true
}

// nearSeparator warns of a line that would be a separator without the blanks behind it.
func (s *scanner) nearSeparator(line string, start, end int) {
	trimmed := strings.TrimRight(line, " \t")
	what := ""
	switch {
	case trimmed == line:
		return
	case trimmed == "---" || trimmed == "--":
		what = "separates no slides"
	case trimmed == "???":
		what = "starts no notes"
	default:
		return
	}
	s.remark.warnFix(s.src.edit(start+len(trimmed), end, ""), CodeSeparatorBlank, s.src.span(start, end),
		"remove the blanks behind it", "%s with a trailing blank %s", trimmed, what)
}

// whole looks for a construct that has the line to itself. In a comment there are none but orders of
// silence and, for a title, headings.
func (s *scanner) whole(line string, start, end, blanks int) {
	if s.comment >= 0 {
		s.ignore(start+blanks, start+blanks, end)
		if t := &s.tokens[s.comment]; t.data == 0 && strings.HasPrefix(line, "##") && isHeading(line) {
			t.data = start
		}
		return
	}
	if isHeading(line) {
		s.add(token{kind: headingToken, start: start, end: end})
	} else if name, ok := division(line); ok {
		s.add(token{kind: divToken, start: start, end: end, info: name})
	}
}

// context notes the kind of the line for those below it: blank, indented code or a paragraph.
func (s *scanner) context(line string, start, end, blanks int) {
	switch {
	case blanks == len(line):
		s.blank = true
	case s.blank && !s.list && s.comment < 0 && columns(line[:blanks]) >= 4:
		s.add(token{kind: codeToken, start: start, end: end})
	default:
		if s.blank && s.comment < 0 && blanks == 0 && !interrupts(line) && line[0] != '<' {
			s.single = start
		}
		s.list = listMarker(line[blanks:]) > 0 || s.list && (blanks > 0 || !s.blank)
		s.blank = false
	}
}

// stray looks at a line `]`: the block that it seems to end may have been closed before.
func (s *scanner) stray(start, end int) {
	switch {
	case len(s.stack) > 0:
		if open := s.stack[len(s.stack)-1]; open < 0 && s.exercise > 0 && s.suspect == 0 {
			s.suspect = -open
		}
	case s.literal == 0 && !s.remark.warnings.full() && s.slides():
		s.remark.warn(CodeStrayBracket, s.src.span(start, end), "in an exercise each [ needs its ], save in code",
			"this ] closes nothing: what it belongs to was closed before, or never opened")
	}
}

// spaced looks for `.exercise [`, which opens nothing.
func (s *scanner) spaced(start int, line string) {
	if at := spacedBlock().FindStringIndex(line); at != nil {
		fix := s.src.edit(start+len(strings.TrimRight(line[:at[1]-1], " \t")), start+at[1]-1, "")
		s.remark.failFix(fix, CodeUnknownBlock, s.src.span(start, start+at[1]),
			"write it without the blank", "%s opens no block", strings.TrimSpace(line[:at[1]]))
	}
}

// slides reports whether the text so far has something of slides. In a page a bracket is one of its text.
func (s *scanner) slides() bool {
	return slices.ContainsFunc(s.tokens, func(t token) bool { return t.kind == openToken || t.kind == separatorToken || t.kind == notesToken })
}

// walk is where a scanner is in a line. A construct that goes on for several lines ends it in
// another one.
type walk struct {
	start, end int  // the line
	at         int  // the next character
	lead       bool // nothing but blanks, list markers, comment marks and opened blocks came: a fence may begin
	indented   int  // how far the line's indentation reaches
	frozen     bool // a comment or a block began: later text indents nothing
	quotation  bool
}

// inline scans the line from start to end for the constructs inside a line.
func (s *scanner) inline(start, end int) int {
	w := &walk{start: start, end: end, at: start, indented: start, lead: true}
	w.quotation = strings.HasPrefix(strings.TrimLeft(s.text[start:end], " \t"), ">")
	if !w.quotation {
		s.quote = 0
	} else if s.quote > 0 {
		s.tokens[s.quote-1].end = end
	}
	for w.at < w.end {
		if s.margin(w) {
			continue
		}
		if w.lead {
			taken, next := s.block(w)
			if next > 0 {
				return next
			}
			if taken {
				continue
			}
		}
		if !s.mark(w) {
			w.lead = false
			w.at++
		}
	}
	return min(w.end+1, len(s.text))
}

// margin passes a blank, or a mark of a list or a quotation.
func (s *scanner) margin(w *walk) bool {
	n := 0
	if c := s.text[w.at]; isBlank(c) || c == '>' && w.lead && w.quotation {
		n = 1
	} else if w.lead {
		n = listMarker(s.text[w.at:w.end])
	}
	w.at += n
	if n > 0 && w.lead && !w.frozen {
		w.indented = w.at
	}
	return n > 0
}

// block scans a fence, or the shortcode `highlight`. If the fence is not closed, next is the offset to go on at.
func (s *scanner) block(w *walk) (taken bool, next int) {
	if s.text[w.at] == '{' && !w.quotation && s.comment < 0 {
		if next, ok := s.highlight(w.start, w.indented, w.at, w.end); ok {
			w.behind(s, next)
			return true, 0
		}
	}
	n := s.fenceAt(w.at, w.end)
	if n == 0 {
		return false, 0
	}
	if w.quotation {
		s.quoteFence(w.at, n, w.end)
		w.lead = false
		w.at += n
		return true, 0
	}
	next, closed := s.fence(w.start, w.indented, w.at, n, w.end)
	if !closed {
		return true, next
	}
	w.behind(s, next)
	return true, 0
}

// behind goes on behind a block.
func (w *walk) behind(s *scanner, at int) {
	w.start, w.end = s.lineStart(at), s.lineEnd(at)
	w.at, w.indented, w.frozen = at, w.start, true
}

// mark scans the mark at the next character, if there is one. It reports whether it has passed it;
// otherwise the next character ends the margin of the line.
func (s *scanner) mark(w *walk) (passed bool) {
	switch c := s.text[w.at]; {
	case c == '`':
		return s.span(w)
	case c == '<' && s.comment < 0 && strings.HasPrefix(s.text[w.at:w.end], "<!--"):
		t := token{kind: commentToken, start: w.at}
		if last := len(s.tokens) - 1; w.lead && last >= 0 && s.tokens[last].kind == codeToken && s.tokens[last].end == w.end {
			t.indent = columns(s.text[w.start:w.at])
		}
		s.comment, s.outside, w.frozen = s.add(t), len(s.stack), true
		s.ignore(w.at, w.at+len("<!--"), w.end)
		w.at += len("<!--")
		return true
	case c == '-' && s.comment >= 0 && strings.HasPrefix(s.text[w.at:w.end], "-->"):
		w.at += len("-->")
		s.tokens[s.comment].end = w.at
		s.comment, w.frozen = -1, true
		s.forget()
		return true
	case c == '.':
		n, ok := className(s.text[w.at:w.end])
		if ok {
			s.open(w.at, n)
			w.frozen = true
			w.at += n
			return true
		}
		w.at += n - 1
	case c == '\\' && s.comment < 0: // the escaped text is literal
		n, ok := className(s.text[w.at+1 : w.end])
		if !ok || len(s.stack) > 0 {
			n = 1
		} else {
			s.literal++
		}
		w.at += n
	case c == '[' || c == ']':
		s.bracket(w.at, c)
	}
	return false
}

// bracket scans a bracket that opens no block.
func (s *scanner) bracket(at int, c byte) {
	switch {
	case c == ']':
		s.close(at)
	case len(s.stack) > 0:
		s.stack = append(s.stack, -1-at)
	case s.literal > 0:
		s.literal++
	}
}

// span scans a code span. It reports whether it has passed it: the backticks at the next character may
// open none.
func (s *scanner) span(w *walk) (passed bool) {
	i, n := w.at, s.backticks(w.at)
	closer := s.closer(i, n, w.end)
	if closer < 0 {
		if n >= 3 && s.exercise > 0 && !w.quotation && !s.bare(i+n, w.end) {
			s.log.fail(CodeUnclosedFence, s.src.span(i, i+n), "a fence starts its own line, a one-liner ends on the line where it began",
				"unclosed %s", s.text[i:i+min(n, 8)])
		}
		w.at += n - 1
		return false
	}
	t := token{kind: codeToken, start: i, end: closer + n, info: s.text[i+n : closer], data: i + n}
	if n >= 3 {
		t.kind = spanToken
	}
	t.attr, _ = braces(s.text[t.end:])
	s.add(t)
	w.lead = false
	if w.at = t.end; w.at > w.end { // a span of several lines
		w.start, w.end = s.lineStart(w.at), s.lineEnd(w.at)
	}
	if t.kind == spanToken {
		w.at = s.balanced(w.at, w.end, t.info)
	}
	return true
}

// balanced is the offset behind the `]` that stand right behind a one-liner in a comment, one for
// each unbalanced `[` in it. Authors write them for remark, which counts brackets in code: they
// close nothing that was open before the comment.
func (s *scanner) balanced(at, end int, code string) int {
	if s.comment < 0 || len(s.stack) > s.outside {
		return at
	}
	for open := strings.Count(code, "[") - strings.Count(code, "]"); open > 0; open-- {
		next := at + prefix(s.text[at:end], isBlank)
		if next == end || s.text[next] != ']' {
			break
		}
		at = next + 1
	}
	return at
}

func (s *scanner) lineStart(i int) int { return strings.LastIndexByte(s.text[:i], '\n') + 1 }

// quoteFence notes the line of a quotation that opens or closes a fence with the n
// characters at i.
func (s *scanner) quoteFence(i, n, end int) {
	info := strings.Trim(s.text[i+n:end], " \t")
	if s.quote == 0 {
		s.quote = 1 + s.add(token{kind: quoteToken, start: i, end: end, info: info, data: i + n})
		return
	}
	if open := s.tokens[s.quote-1]; info == "" && s.text[i] == s.text[open.start] && n >= open.data-open.start {
		s.quote = 0
	}
}

// backticks is the length of the run at i, which may be the rest of one.
func (s *scanner) backticks(i int) int {
	for s.run < len(s.runs) && s.runs[s.run].start+s.runs[s.run].len <= i {
		s.run++
	}
	r := s.runs[s.run]
	return r.start + r.len - i
}

// closer is the start of the run that closes the one of n backticks at i, or -1. A
// one-liner ends on its line, in a comment every span does; elsewhere a span ends
// within its paragraph.
func (s *scanner) closer(i, n, lineEnd int) int {
	r := s.runs[s.run]
	if r.start != i || r.next < 0 {
		return -1 // the first backtick is escaped, or there is no other such run
	}
	limit := lineEnd
	switch {
	case r.next < lineEnd && s.comment < 0:
		return r.next
	case n >= 3:
	case s.comment >= 0:
		if end := strings.Index(s.text[i:min(r.next, lineEnd)], "-->"); end >= 0 {
			return -1
		}
	default:
		limit = s.paragraphEnd(lineEnd)
	}
	if r.next < limit {
		return r.next
	}
	return -1
}

// paragraphEnd is the end of the paragraph around the line that ends at end.
func (s *scanner) paragraphEnd(end int) int {
	if end < s.paragraph {
		return s.paragraph
	}
	for end < len(s.text) {
		next := s.lineEnd(end + 1)
		if interrupts(s.text[end+1 : next]) {
			break
		}
		end = next
	}
	s.paragraph = end
	return end
}

// interrupts reports whether a line ends the paragraph before it.
func interrupts(line string) bool {
	trimmed := strings.Trim(line, " \t")
	if trimmed == "" || trimmed == "]" || line == "---" || line == "--" || line == "???" ||
		isHeading(line) || listMarker(trimmed) > 0 {
		return true
	}
	for _, start := range []string{"```", "~~~", "<!--", "-->", ">"} {
		if strings.HasPrefix(trimmed, start) {
			return true
		}
	}
	_, ok := className(trimmed)
	return ok
}

// open notes a block or span that opens with the n bytes at i.
func (s *scanner) open(i, n int) {
	t := token{kind: openToken, start: i, end: i + n, match: -1}
	for class := range strings.SplitSeq(s.text[i+1:i+n-1], ".") {
		if t.exercise = t.exercise || class == "exercise" || class == "lab"; !t.exercise {
			s.mistyped(i, n, class)
		}
	}
	if t.exercise {
		// Exercises are not nested: the one that is open has no end.
		if s.exercise > 0 {
			s.unwind(s.exercise - 1)
		}
		s.exercise, s.suspect = len(s.stack)+1, 0
	}
	s.stack = append(s.stack, s.add(t))
}

// mistyped reports a probably mistyped exercise: its steps would never run, and nobody would
// notice.
func (s *scanner) mistyped(i, n int, class string) {
	if Suggest(class, []string{"exercise"}) != "" {
		s.remark.fail(CodeUnknownBlock, s.src.span(i, i+n), "did you mean .exercise[?", "unknown block .%s[", class)
	}
}

var spacedBlock = lazy.Regexp(`^[ \t]*\.(exercise|lab)[ \t]+\[`)

// close notes the bracket at i.
func (s *scanner) close(i int) {
	top := len(s.stack) - 1
	if top < 0 {
		s.literal = max(s.literal-1, 0)
		return
	}
	open := s.stack[top]
	s.stack = s.stack[:top]
	if open < 0 {
		return
	}
	if s.exercise == top+1 {
		s.exercise = 0
	}
	s.tokens[open].match = i
	s.add(token{kind: closeToken, start: i, end: i + 1, match: s.tokens[open].start})
}

// forget drops the plain brackets that a comment opened and did not close: nobody sees
// them. The marks of a block may stand in comments of their own.
func (s *scanner) forget() {
	for len(s.stack) > s.outside && s.stack[len(s.stack)-1] < 0 {
		s.stack = s.stack[:len(s.stack)-1]
	}
}

// unwind gives up the open brackets from depth on, and reports them.
func (s *scanner) unwind(depth int) {
	for _, open := range s.stack[depth:] {
		if open < 0 {
			continue
		}
		t := &s.tokens[open]
		name := s.text[t.start : t.start+min(t.end-t.start, 40)]
		hint := "brackets are balanced: each [ in it needs its ], save in code"
		if t.exercise && s.suspect > 0 {
			at := s.src.pos(s.suspect - 1)
			hint = fmt.Sprintf("brackets are balanced: the [ at %d:%d has no ] of its own", at.Line, at.Col)
		}
		if t.exercise {
			s.remark.fail(CodeUnclosedExercise, s.src.span(t.start, t.end), hint, "unclosed %s", name)
		} else {
			s.remark.warn(CodeUnclosedBlock, s.src.span(t.start, t.end), hint, "unclosed %s is literal text", name)
		}
	}
	s.stack = s.stack[:depth]
	if s.exercise > depth {
		s.exercise = 0
	}
}

// endComment ends a comment that has no `-->`: with its slide at the latest.
func (s *scanner) endComment(at int) {
	if s.comment >= 0 {
		t := &s.tokens[s.comment]
		if s.spans != s.comment+1 {
			s.log.warn(CodeUnclosedComment, s.src.span(t.start, t.start+len("<!--")), "close it with -->", "unclosed comment")
		}
		t.end = at
	}
	s.comment = -1
}

// spanned reports an open comment that ends behind the separator at an offset. A presenter
// would show what the author has taken out, so a run must not type it.
func (s *scanner) spanned(at int) {
	if s.comment < 0 || s.looked == s.comment+1 {
		return
	}
	s.looked = s.comment + 1
	rest := s.text[at:]
	if next := strings.Index(rest, "<!--"); next >= 0 {
		rest = rest[:next]
	}
	if !strings.Contains(rest, "-->") {
		return
	}
	s.spans = s.comment + 1
	start := s.tokens[s.comment].start
	s.log.fail(CodeCommentSpans, s.src.span(start, start+len("<!--")), "close it before the separator, and open another one behind it",
		"this comment spans the slide separator in line %d: the steps behind it would be typed", s.src.pos(at).Line)
}

// bare reports whether a run of backticks that ends at an offset stands alone before the end of
// its comment: nothing begins with it.
func (s *scanner) bare(at, lineEnd int) bool {
	return s.comment >= 0 && strings.HasPrefix(strings.TrimLeft(s.text[at:lineEnd], " \t"), "-->")
}

// fenceAt is the length of the run at i if it may open a fence, else 0. Backticks
// do not when there are more of them on the line: that is a one-liner.
func (s *scanner) fenceAt(i, end int) int {
	c := s.text[i]
	if c != '`' && c != '~' {
		return 0
	}
	n := prefix(s.text[i:end], func(b byte) bool { return b == c })
	if n < 3 || c == '`' && strings.Contains(s.text[i+n:end], "`") || s.bare(i+n, end) {
		return 0
	}
	return n
}

// fence scans a fenced block whose n fence characters stand at i, in the line from
// start to end; it is indented as far as the text from start to indented reaches. It returns
// the offset to continue at: behind the closing fence, or, if there is none, at a line.
func (s *scanner) fence(start, indented, i, n, end int) (next int, closed bool) {
	t := token{kind: fenceToken, start: i, info: strings.Trim(s.text[i+n:end], " \t"), data: i + n, indent: columns(s.text[start:indented])}
	t.data += len(s.text[i+n:end]) - len(strings.TrimLeft(s.text[i+n:end], " \t"))
	t.body = min(end+1, len(s.text))
	closeStart, closeEnd, ok := s.fenceEnd(t.body, s.text[i], n, t.indent)
	if !ok {
		fence := strings.TrimSpace(s.text[i:i+min(n, 8)] + " " + t.info[:min(len(t.info), 40)])
		s.log.fail(CodeUnclosedFence, s.src.span(i, end), "the fence has no closing line of its own", "unclosed %s", fence)
		closeStart = s.guessEnd(t.body, t.indent)
		closeEnd = closeStart
	}
	t.tail, t.end = closeStart, closeEnd
	if ok {
		t.attr = s.behind(closeEnd)
	}
	s.add(t)
	return closeEnd, ok
}

// The lines of the shortcode of Hugo that is a fence, `{{< highlight bash "linenos=table" >}}`.
// See https://gohugo.io/content-management/syntax-highlighting/.
var (
	highlightOpen  = lazy.Regexp(`^\{\{[<%][ \t]*highlight[ \t]+([^>\n]{1,200}?)[ \t]*[>%]\}\}[ \t]*$`)
	highlightClose = lazy.Regexp(`(?m)^[ \t]*\{\{[<%][ \t]*/[ \t]*highlight[ \t]*[>%]\}\}`)
)

// highlight scans a shortcode that stands at i, as fence does a fence.
func (s *scanner) highlight(start, indented, i, end int) (next int, ok bool) {
	m := highlightOpen().FindStringSubmatchIndex(s.text[i:end])
	if m == nil || s.endless || end == len(s.text) {
		return 0, false
	}
	at := highlightClose().FindStringIndex(s.text[end+1:])
	if at == nil {
		s.endless = true
		return 0, false
	}
	t := token{kind: fenceToken, start: i, data: i + m[2], info: s.text[i+m[2] : i+m[3]], indent: columns(s.text[start:indented])}
	t.body, t.tail, t.end = end+1, end+1+at[0], end+1+at[1]
	s.add(t)
	return t.end, true
}

// behind are the attributes behind a fence: on its last line, or on the next one.
func (s *scanner) behind(at int) string {
	end := s.lineEnd(at)
	if attr, ok := braces(s.text[at:end]); ok || strings.TrimSpace(s.text[at:end]) != "" || end == len(s.text) {
		return attr
	}
	attr, _ := braces(s.text[end+1 : s.lineEnd(end+1)])
	return attr
}

// maxBraces is the greatest length of attributes in braces.
const maxBraces = 200

// braces are the attributes at the start of a text: `{{…}}` of a scenario, or the `{: …}` of kramdown.
func braces(text string) (string, bool) {
	text, _, _ = strings.Cut(text[:min(len(text), maxBraces)], "\n")
	text = strings.TrimLeft(text, " \t")
	end := "}"
	switch {
	case strings.HasPrefix(text, "{{"):
		end = "}}"
	case !strings.HasPrefix(text, "{:"):
		return "", false
	}
	attr, _, ok := strings.Cut(text[len(end):], end)
	if !ok {
		return "", false
	}
	return text[:len(attr)+2*len(end)], true
}

// fenceEnd finds the line that closes a fence of n characters c whose body starts at
// an offset: the start of that line and the end of its fence.
//
// A fence is closed by a line of at least as many of its characters and nothing
// else, or, in a comment, followed by the end of the comment. It has no end when
// another fence with an info string comes first, for that one's end would be taken
// for its own and the text between them would be swallowed. A closing line that is
// indented by four columns more belongs to an example within the body, unless there
// is no better one.
func (s *scanner) fenceEnd(from int, c byte, n, indent int) (lineStart, fenceEnd int, ok bool) {
	if s.wasted > maxWasted {
		if !s.gaveUp {
			s.log.fail(CodeTooLarge, s.src.pos(from-1).Point(), "", "too many fences have no clear end: the rest is not read")
		}
		s.gaveUp = true
		return len(s.text), len(s.text), true
	}
	var deepStart, deepEnd, nested int
	outdented := false // a line that belongs to the text around the fence, by its looks
	start, lines := from, 0
search:
	for start < len(s.text) {
		end := s.lineEnd(start)
		blanks := prefix(s.text[start:end], isBlank)
		rest := s.text[start+blanks : end]
		switch {
		case rest == "":
		case rest[0] == c:
			m := prefix(rest, func(b byte) bool { return b == c })
			info := strings.Trim(rest[m:], " \t")
			col := columns(s.text[start : start+blanks])
			deep := col > indent+3
			closes := info == "" || strings.HasPrefix(info, "{{") || s.comment >= 0 && strings.HasPrefix(info, "-->")
			switch {
			case m < n || !closes && c == '`' && strings.Contains(info, "`"): // a shorter fence, a one-liner
			case closes && deep && nested > 0:
				nested--
			case closes && deep:
				if deepEnd == 0 {
					deepStart, deepEnd = start, start+blanks+m
				}
			case closes && outdented && col != indent: // it opens another fence
				break search
			case closes:
				return start, start + blanks + m, true
			case deep:
				nested++
			default:
				break search
			}
		case s.comment >= 0 && strings.HasPrefix(rest, "-->"):
			break search
		case blanks < indent && !outdented && columns(s.text[start:start+blanks]) < indent:
			outdented = interrupts(s.text[start:end]) && !isHeading(s.text[start:end])
		}
		start = end + 1
		lines++
	}
	s.wasted += start - from + 16*lines
	return deepStart, deepEnd, deepEnd > 0
}

// guessEnd is the apparent end of the body of an unclosed fence: the first line that is
// blank, is indented less, or holds a fence or the end of a comment.
func (s *scanner) guessEnd(from, indent int) int {
	for start := from; start < len(s.text); {
		end := s.lineEnd(start)
		line := s.text[start:end]
		trimmed := strings.Trim(line, " \t")
		if columns(line[:prefix(line, isBlank)]) < indent || interrupts(line) && listMarker(trimmed) == 0 && !isHeading(line) {
			return start
		}
		start = end + 1
	}
	return len(s.text)
}

// className is the length of `.name[` or `.one.two[` at the start of a text; if it
// is not one, the length of an apparent start of one, at least 1.
func className(text string) (int, bool) {
	i := 0
	for i < len(text) && text[i] == '.' {
		n := prefix(text[i+1:], func(c byte) bool {
			return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
		})
		if n == 0 || '0' <= text[i+1] && text[i+1] <= '9' {
			return max(i, 1), false
		}
		i += 1 + n
	}
	if i > 0 && i < len(text) && text[i] == '[' {
		return i + 1, true
	}
	return max(i, 1), false
}

// listMarker is the length of a list item's marker at the start of a text, without
// the blank that must follow it; 0 if there is none.
func listMarker(text string) int {
	n := 0
	switch {
	case text == "":
	case strings.IndexByte("-*+", text[0]) >= 0:
		n = 1
	default:
		if d := prefix(text[:min(len(text), 9)], func(c byte) bool { return '0' <= c && c <= '9' }); d > 0 &&
			d < len(text) && (text[d] == '.' || text[d] == ')') {
			n = d + 1
		}
	}
	if n > 0 && n < len(text) && isBlank(text[n]) {
		return n
	}
	return 0
}

func isHeading(line string) bool {
	indent := prefix(line[:min(len(line), 3)], func(c byte) bool { return c == ' ' })
	n := prefix(line[indent:], func(c byte) bool { return c == '#' })
	rest := line[indent+n:]
	return 0 < n && n <= 6 && (rest == "" || isBlank(rest[0]))
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// columns is the width of a text, with tab stops every four columns.
func columns(text string) int {
	col := 0
	for i := range len(text) {
		if text[i] == '\t' {
			col += 4 - col%4
		} else {
			col++
		}
	}
	return col
}

// isUnderline reports whether a line makes a heading of the paragraph above it.
func isUnderline(line string) bool {
	line = strings.TrimRight(line, " \t")
	return strings.Trim(line, "=") == "" && line != "" || strings.Trim(line, "-") == "" && len(line) >= 2
}

// division is the name in a line `::: name`, with as many colons as one likes, also behind it;
// "" in the line that ends a division.
func division(line string) (name string, ok bool) {
	line = strings.TrimLeft(line, " ")
	if !strings.HasPrefix(line, ":::") {
		return "", false
	}
	return strings.Trim(line, ": \t"), true
}

// maxFront is the largest front matter, in bytes.
const maxFront = 64 << 10

// frontMatter is the end of the front matter that a text begins with: YAML between lines `---`, or
// TOML between lines `+++`; 0 if there is none. A slide of remark between two separators is not it.
func frontMatter(text string) int {
	mark, _, _ := strings.Cut(text, "\n")
	switch mark = strings.TrimRight(mark, " \t"); mark {
	case "---", "+++":
	default:
		return 0
	}
	at, keys, remark, remarks := 0, 0, true, false
	for line := range strings.Lines(text[:min(len(text), maxFront)]) {
		trimmed := strings.TrimRight(line, " \t\n")
		first := at == 0
		at += len(line)
		switch key := key(trimmed, mark); {
		case first:
		case trimmed == mark || trimmed == "..." && mark == "---":
			if keys == 0 || remark && remarks {
				return 0
			}
			return at
		case key != "":
			keys++
			remark = remark && isProperty(key)
		case keys == 0 && trimmed != "" && trimmed[0] != '#' && trimmed[0] != '[': // no key before it
			return 0
		case trimmed != "" && trimmed[0] == '#':
			remarks = true
		case trimmed != "" && mark == "---" && !isBlank(trimmed[0]) && !strings.ContainsRune("-]}", rune(trimmed[0])):
			return 0
		}
	}
	return 0
}

// key is the key that a line of front matter begins with; "" if it begins with none.
func key(line, mark string) string {
	n := prefix(line, func(c byte) bool {
		return c == '_' || c == '-' || c == '.' || c == '"' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	})
	rest := strings.TrimLeft(line[n:], " ")
	switch {
	case n == 0 || rest == "":
		return ""
	case mark == "+++" && rest[0] == '=', mark == "---" && rest[0] == ':' && (len(rest) == 1 || isBlank(rest[1])):
		return strings.Trim(line[:n], `"`)
	}
	return ""
}
