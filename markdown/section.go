package markdown

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"workshop/markdown/lazy"
)

// sectionParser makes slides of the sections of a document, and exercises of those with steps.
// It does for other styles what slides does for decks of remark.
type sectionParser struct {
	*chapterParser
	style   *style
	scripts scripts // that run beside the commands of the document
	fill    bool    // commands at prompts without output get an output step, to be filled in

	separated bool   // the document has separators, and with them notes
	hide      string // the words of the slide's front matter that hide it; "" if there are none
	outline   int    // the offset of a heading in the last comment; 0 if there is none
	divisions
	*terminals

	last
	orders
	code   int // the offset behind the last line of indented code
	silent []room
}

// divisions are the open divisions `::: name`.
type divisions struct {
	divs     int    // their number
	headed   bool   // there is a heading in them
	outer    string // the title of the section around them, if so
	learner  string // the outermost of them whose commands learners find; "" if there is none
	learning int    // its number
	learned  Span   // its place
}

// last is the last command of a section.
type last struct {
	snippet  *Step
	compared bool // its output is compared
	other    bool // the last visible fence of the section is in another language, and not run
	apart    bool // a fence that is neither a command nor an output stands behind it
}

// orders are those of comments for the next fence.
type orders struct {
	skip   string // the reason not to run it
	skipAt Span   // the place of that comment
	file   string // the name of the file that the fence is
	fileAt Span   // the place of that comment
}

// terminals is the state of a session's terminals.
type terminals struct {
	typed    bool     // a command was typed before
	lasts    bool     // the last one goes on running
	active   int      // the terminal that commands go to, from 1
	panes    int      // the number of terminals so far
	first    []script // before the first command
	programs *script  // makes a terminal find the programs of the assets; nil: there are none
}

// room is the place for the output of a command at a prompt, which shows none.
type room struct {
	command *Step
	line    int // of the fence's body
}

func (p *sectionParser) sections() {
	p.plain = true
	p.leaveComments()
	p.separated = p.ofSlides()
	p.tokens = slices.DeleteFunc(p.tokens, func(t token) bool { return t.kind == openToken || t.kind == closeToken || t.kind == leftToken })
	p.begin(p.front(), false)
	p.slide.Title = p.chapter.Title
	p.first = append(p.first, p.scripts.first...)
	for _, s := range p.scripts.before {
		p.prepare(s)
	}
	under := -1 // the last line under a heading
	for i := range p.tokens {
		t := &p.tokens[i]
		if p.count > maxSlides {
			p.log.fail(CodeTooLarge, p.src.pos(t.start).Point(), "", "more than %d slides in a deck", maxSlides)
			return
		}
		switch {
		case t.start < p.from && t.kind != commentToken: // the front matter of a slide
		case t.kind == separatorToken:
			if t.start != under {
				p.separate(t)
			}
		case p.notes >= 0:
			p.unspoken(t)
		case t.kind == headingToken:
			p.within()
			p.cut(t.start)
			p.heading(*t, nil)
		case t.kind == underlineToken:
			under = t.start
			p.within()
			p.cut(t.data)
			p.heading(token{start: t.data, end: t.start - 1}, nil)
		case t.kind == notesToken && p.separated:
			p.notes, p.notesEnd = t.start, t.end
		case t.kind == divToken:
			p.division(t)
		default:
			p.read(t)
		}
	}
	p.lasting()
	for _, s := range p.scripts.after {
		p.verify(s)
	}
	p.close(len(p.src.text))
	if p.learner != "" {
		p.log.warn(CodeUnclosedBlock, p.learned, "end it with a line :::", "the division %s has no end: no command behind it runs", p.learner)
	}
}

// ofSlides reports whether separators divide the document into slides, which can have notes behind `???`. In a
// page a line `---` is a rule: there are few of them, and many headings.
func (p *sectionParser) ofSlides() bool {
	separators, headings := 0, 0
	for _, t := range p.tokens {
		switch {
		case t.kind == openToken, t.kind == separatorToken && p.src.text[t.start:min(t.start+3, len(p.src.text))] != "---":
			return true // they are of remark
		case t.kind == separatorToken:
			separators++
		case t.kind == underlineToken, t.kind == headingToken && !strings.HasPrefix(strings.TrimLeft(p.src.text[t.start:t.end], " "), "###"):
			headings++
		}
	}
	return separators >= 2 && headings <= separators+1
}

// unspoken names a fence of commands in notes.
func (p *sectionParser) unspoken(t *token) {
	if lang, _ := language(t); t.kind == fenceToken && t.comment < 0 && (isShellFence(lang) || isTerminal(lang) || len(executed(t)) > 0) {
		p.log.warn(CodeShellNotRun, p.src.pos(t.start).Point(), "put it before the line ???, if it is to run",
			"a fence of commands in the notes of a slide is text and never runs")
	}
}

// otherComments are the comments of MDX and of Liquid, as Jekyll has them.
var otherComments = lazy.Regexp(`(?s)\{/\*.*?\*/\}|\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}`)

// leaveComments leaves out what stands in comments that are not those of HTML. In code they are code.
func (p *sectionParser) leaveComments() {
	rest, end := p.tokens, 0
	for _, at := range otherComments().FindAllStringIndex(p.src.text, -1) {
		for len(rest) > 0 && rest[0].start <= at[0] {
			if rest[0].kind != commentToken {
				end = max(end, rest[0].end)
			}
			rest = rest[1:]
		}
		if end > at[0] {
			continue
		}
		for i := range rest {
			if rest[i].start >= at[1] {
				break
			}
			rest[i].kind = leftToken
		}
	}
}

// cut begins a section at an offset, unless nothing but comments stands before it on its slide.
func (p *sectionParser) cut(at int) {
	from := p.from
	for i := p.chapterParser.token(from); i < len(p.tokens) && p.tokens[i].start < at; i++ {
		if t := p.tokens[i]; t.kind == commentToken && strings.TrimSpace(p.src.text[from:t.start]) == "" {
			from = t.end
		}
	}
	if from >= at || strings.TrimSpace(p.src.text[from:at]) == "" {
		p.slide.Title = ""
		return
	}
	p.close(at)
	p.begin(at, false)
}

// separate begins a slide behind a separator, and behind the front matter of its own.
func (p *sectionParser) separate(t *token) {
	p.close(t.start)
	rest := p.src.text[t.start:]
	end, increment := t.end, !strings.HasPrefix(rest, "---")
	if !strings.HasPrefix(rest[t.end-t.start:], "\n") {
		end = max(end, t.start+frontMatter(rest))
	}
	p.hide = ""
	at := t.start
	for line := range strings.Lines(p.src.text[t.start:end]) {
		p.setting(line, at)
		at += len(line)
	}
	p.begin(end, increment)
	p.from = max(p.from, end)
}

// setting reads a line of a slide's front matter, as Slidev understands it.
func (p *sectionParser) setting(line string, at int) {
	name, value, _ := strings.Cut(strings.TrimRight(line, " \t\n"), ":")
	switch value = strings.TrimSpace(value); {
	case (name == "hide" || name == "disabled") && value == "true":
		p.hide = name + ": true"
	case name == "src" && value != "":
		p.log.warn(CodeShellNotRun, p.src.span(at, at+len(name)), "list that document as well, in a manifest",
			"the slides of %s are another document: nothing of it runs here", shorten(value))
	}
}

// close ends the section at an offset.
func (p *sectionParser) close(at int) {
	p.skipped()
	if p.file != "" {
		p.log.warn(CodeStepOutside, p.fileAt, "put it right before the fence", "this file comes before no fence of its section")
	}
	if e := p.exercise; e != nil {
		if p.fill {
			p.fillIn()
		}
		e.Hidden = !slices.ContainsFunc(e.Steps, func(s *Step) bool { return !s.Hidden })
	}
	p.snippet, p.compared, p.other, p.apart, p.silent, p.file = nil, false, false, false, nil, ""
	p.end(at)
}

// fillIn gives the commands at prompts that show no output an output step, unless the step behind
// them acts on the running command, or compares its output with a fence of its own.
func (p *sectionParser) fillIn() {
	var steps []*Step
	silent := p.silent
	for i, s := range p.exercise.Steps {
		steps = append(steps, s)
		if len(silent) == 0 || silent[0].command != s {
			continue
		}
		line := silent[0].line
		silent = silent[1:]
		if i+1 < len(p.exercise.Steps) && (p.exercise.Steps[i+1].Hidden || p.exercise.Steps[i+1].Directive == "output") {
			continue
		}
		out := *s
		out.Directive, out.Text, out.Rule, out.lines = "output", "", "to be filled in", &lines{line, line}
		steps = append(steps, &out)
	}
	p.exercise.Steps = steps
}

// division opens or ends a division `::: name`.
func (p *sectionParser) division(t *token) {
	switch words := attributes(t.info); {
	case len(words) > 0:
		p.divs++
		if name := strings.TrimPrefix(words[0], "."); p.learner == "" && slices.Contains(p.style.learners, name) {
			p.learner, p.learning, p.learned = name, p.divs, p.src.pos(t.start).Point()
		}
	case p.divs > 0:
		if p.divs == p.learning {
			p.learner = ""
		}
		if p.divs--; p.divs == 0 && p.headed {
			p.cut(t.end)
			p.slide.Title, p.headed = p.outer, false
		}
	}
}

// within notes the section around a heading of a division. It goes on behind the division.
func (p *sectionParser) within() {
	if p.divs > 0 && !p.headed {
		p.headed, p.outer = true, p.slide.Title
	}
}

// read makes steps of a token.
func (p *sectionParser) read(t *token) {
	switch {
	case t.kind == commentToken:
		p.outline = t.data
		p.comment(t)
	case t.kind != fenceToken && t.kind != spanToken && t.kind != codeToken && t.kind != quoteToken:
	case t.comment >= 0 && t.kind == quoteToken:
	case t.comment >= 0:
		p.hidden(t)
	case p.file != "" && t.kind == fenceToken:
		p.write(t)
	default:
		last := p.snippet
		p.style.steps(p, t)
		lang, _ := language(t)
		if p.snippet != last {
			p.apart = false
		} else if t.kind == fenceToken && !isOutput(lang) {
			p.apart = true
		}
		if t.kind != fenceToken {
			return
		}
		if len(t.steps) > 0 {
			p.check(*t)
			p.skip = ""
		}
		p.skipped()
		p.other = len(t.steps) == 0 && lang != "" && !isTerminal(lang) && (p.other || !isOutput(lang))
	}
}

// skipped names a skip that no fence of commands has used up.
func (p *sectionParser) skipped() {
	if p.skip != "" {
		p.log.warn(CodeStepOutside, p.skipAt, "put it right before a fence of commands; <!-- ```skip REASON``` --> skips the whole section",
			"this skip comes before nothing that would run")
		p.skip = ""
	}
}

// write makes a hidden command that writes the text of a fence to a file.
func (p *sectionParser) write(t *token) {
	text, o := p.body(t)
	end := "END_OF_FILE"
	for strings.Contains(text, end) {
		end += "_"
	}
	name := quoted(p.file)
	head := "cat > " + name + " <<'" + end + "'\n"
	if dir := path.Dir(p.file); dir != "." {
		head = "mkdir -p " + quoted(dir) + " && " + head
	}
	for i := range o.marks {
		o.marks[i].text += len(head)
	}
	last := o.offset(len(head) + len(text))
	o.marks = append([]mark{{src: t.start, fixed: true}}, o.marks...)
	o.marks = append(o.marks, mark{len(head) + len(text), last, true})
	from, to := p.opening(t)
	p.file, p.apart = "", true
	s := p.add(t, &Step{
		Directive: "bash", Text: head + text + "\n" + end, Rule: fileRule, Skip: p.reason(t), Hidden: true,
	}, from, to, o)
	s.cut = true
	p.check(*t)
}

// quoted is a word for the shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// nearlyOrder matches a comment for us that lacks the colon or has a capital letter. Its group is the first word.
var nearlyOrder = lazy.Regexp(`^<!--\s*[Ww]orkshop:?\s+([a-z-]+)\s`)

// comment makes a hidden step of a comment `<!-- workshop: DIRECTIVE TEXT -->`.
func (p *sectionParser) comment(t *token) {
	word, text, at := order(p.src.text, *t)
	switch word {
	case "":
		if m := nearlyOrder().FindStringSubmatch(p.src.text[t.start:t.end]); m != nil && t.indent == 0 &&
			(m[1] == "skip" || p.isDirective(m[1])) {
			p.log.warn(CodeStepOutside, p.src.pos(t.start).Point(), "write <!-- workshop: "+m[1]+" …",
				"this comment is for readers only: workshop ignores it")
		}
	case "style":
	case "skip":
		p.skip, p.skipAt = text, p.src.span(at, at+len(word))
		if text == "" {
			p.skip = "its author says so"
		}
	case "file":
		p.file, p.fileAt = text, p.src.span(at, at+len(word))
		if !fs.ValidPath(text) {
			p.log.fail(CodeBadPath, p.fileAt, "its name is relative to the session's directory", "the next fence is no file %s", shorten(text))
			p.file = ""
		}
	default:
		from := at + len(word)
		from += len(p.src.text[from:t.end]) - len(strings.TrimLeft(p.src.text[from:t.end], " \t\n"))
		s := &Step{Directive: word, Text: text, Rule: "comment", Hidden: true, Skip: p.inherited(word)}
		p.follow(p.add(t, s, at, at+len(word), origin{p.src, []mark{{src: from}}}))
	}
}

// hidden makes a step of a fence or one-liner in a comment, as in a deck of remark.
func (p *sectionParser) hidden(t *token) {
	word, _, _ := strings.Cut(strings.TrimLeft(t.info, " \t"), " ")
	if t.kind == codeToken || !p.isStep(word, false) {
		return
	}
	if p.outline > 0 && p.outline < t.start { // a part of the document that its author has taken out
		p.log.fail(CodeCommentSpans, p.src.pos(t.start).Point(), "put hidden steps into a comment of their own, without a heading",
			"the comment around this %s fence has a heading: it would be typed", word)
		p.outline = 0
		return
	}
	p.section()
	if s := p.step(*t); s != nil {
		s.Rule, s.Skip = "comment", p.inherited(s.Directive)
		t.steps = append(t.steps, s)
		p.follow(s)
	}
}

// inherited is the reason to skip a step of a comment: that of the section's last command, if the step is
// about it. With other commands in its place the command does not stay skipped.
func (p *sectionParser) inherited(directive string) string {
	switch {
	case p.snippet == nil || p.snippet.Skip == "":
		return ""
	case directive == "instead":
		steps := p.exercise.Steps
		for _, s := range steps[max(slices.Index(steps, p.snippet), 0):] {
			s.Skip = ""
		}
		return ""
	case slices.Contains([]string{"bash", "hide", "open", "tmux", "requires", "skip", "only-if", "statuses", "claim"}, directive):
		return ""
	}
	return p.snippet.Skip
}

// follow makes a hidden command the one that later steps are about.
func (p *sectionParser) follow(s *Step) {
	switch s.Directive {
	case "bash", "hide":
		p.snippet, p.compared, p.typed, p.apart = s, false, true, false
	case "output":
		p.compared = true
	}
}

// section is the exercise of the section.
func (p *sectionParser) section() *Exercise {
	if p.exercise == nil {
		p.exercise = &Exercise{Pos: p.slide.Pos}
		first, typed := p.first, p.typed
		p.first = nil
		for _, s := range first {
			p.script(nil, s)
			if s.rule == programs {
				p.programs = &s
			}
		}
		p.typed = typed // they have ended: there is nothing to interrupt
	}
	return p.exercise
}

// add adds a step that stands in the source from one offset to another.
func (p *sectionParser) add(t *token, s *Step, from, to int, o origin) *Step {
	word := from
	if from == t.start {
		word = min(t.data, to)
	}
	s.Pos, s.Word, s.TextPos, s.origin = p.src.pos(from), p.src.span(word, to), p.src.pos(o.marks[0].src), o
	s.token = t.pack()
	if s.Skip == "" && s.Rule != fileRule {
		s.Skip = p.style.filledIn(s.Text)
	}
	e := p.section()
	e.Steps = append(e.Steps, s)
	t.steps = append(t.steps, s)
	return s
}

// command adds a command that stands in the source from one offset to another.
func (p *sectionParser) command(t *token, rule, text string, from, to int, o origin) *Step {
	s := p.add(t, &Step{Directive: "bash", Text: text, Rule: rule, Skip: p.reason(t)}, from, to, o)
	p.snippet, p.compared, p.typed = s, false, true
	return s
}

// whole adds the text of a fence or span as a command.
func (p *sectionParser) whole(t *token, rule string) {
	text, o := p.body(t)
	if n := options(t, text); n > 0 {
		text, o = o.pieces(text, rowsOf(text)[n:])
	}
	if strings.TrimSpace(text) != "" {
		from, to := p.opening(t)
		p.command(t, rule, text, from, to, o)
	}
}

// options is the number of lines at the beginning of a fence of MyST, ```` ```{code-block} bash ````, that
// are its options, such as `:linenos:`.
func options(t *token, text string) (n int) {
	if !isDirective(t) {
		return 0
	}
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, ":"); !ok || strings.IndexByte(rest, ':') <= 0 {
			break
		}
		n++
	}
	return n
}

// isDirective reports whether a fence is a directive of MyST for code.
func isDirective(t *token) bool {
	name, _, ok := strings.Cut(t.info, "}")
	return ok && slices.Contains([]string{"{code-block", "{code", "{sourcecode", "{code-cell"}, name)
}

// opening is the place of a fence's or span's beginning: its first word, else its backticks.
func (p *sectionParser) opening(t *token) (from, to int) {
	if t.kind == fenceToken && t.info != "" {
		word, _, _ := strings.Cut(t.info, " ")
		return t.start, t.data + len(word)
	}
	return t.start, t.start + prefix(p.src.text[t.start:t.end], func(c byte) bool { return c == p.src.text[t.start] })
}

// languageAt is the place of a fence's language, or of its beginning if the language stands behind its end.
func (p *sectionParser) languageAt(t *token, lang string) Span {
	if end := t.data + len(lang); end <= len(p.src.text) && strings.EqualFold(p.src.text[t.data:end], lang) {
		return p.src.span(t.data, end)
	}
	return p.src.span(p.opening(t))
}

// at makes later commands go to a terminal, counted from 1. The terminals are panes.
func (p *sectionParser) at(t *token, terminal int) {
	tmux := func(command string) {
		from, to := p.opening(t)
		p.add(t, &Step{Directive: "tmux", Text: command, Rule: "another terminal", Hidden: true}, from, to,
			origin{p.src, []mark{{src: from, fixed: true}}})
	}
	terminal = min(max(terminal, 1), maxTerminals)
	if terminal == p.active {
		return
	}
	if p.panes < terminal && p.active < p.panes { // a new pane comes behind the active one, and moves the number of those below
		tmux("select-pane -t " + strconv.Itoa(p.panes-1))
	}
	for ; p.panes < terminal; p.panes++ {
		tmux("split-pane -v")
		p.active = p.panes + 1
		p.searchPrograms()
	}
	if terminal != p.active {
		tmux("select-pane -t " + strconv.Itoa(terminal-1))
	}
	p.active = terminal
}

// maxTerminals is the largest number of terminals of a document.
const maxTerminals = 4

// interrupt presses ^C, if there was a command that may still run.
func (p *sectionParser) interrupt(t *token) {
	if !p.typed {
		return
	}
	from, to := p.opening(t)
	p.add(t, &Step{Directive: "key", Text: "^C", Rule: RuleInterrupt, Skip: p.reason(t), Hidden: true}, from, to,
		origin{p.src, []mark{{src: from, fixed: true}}})
}

// pressed makes a step that presses the key that a text names.
func (p *sectionParser) pressed(t *token, rule string) {
	text, o := p.body(t)
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	if rest, ok := strings.CutPrefix(text, "^"); ok {
		text = "^" + strings.ToUpper(rest)
	}
	from, to := p.opening(t)
	p.add(t, &Step{Directive: "key", Text: text, Rule: rule, Skip: p.reason(t)}, from, to, o)
}

// script adds a hidden command that runs the text of a script. A shell reads the script as a
// here-document, so that a plan shows it.
func (p *sectionParser) script(t *token, s script) {
	end := "END_OF_SCRIPT"
	for strings.Contains(s.file.text, end) {
		end += "_"
	}
	head := s.head + " <<'" + end + "'\n"
	body := strings.TrimSuffix(s.file.text, "\n")
	src := &source{text: s.file.text, segments: []segment{{0, s.file, 0, false}}}
	step := &Step{Directive: "bash", Text: head + body + "\n" + end + s.tail, Rule: s.rule, Hidden: true, Skip: s.skip}
	if s.bare || s.skip != "" {
		step.Text = s.head
	}
	step.Directive = cmp.Or(s.does, step.Directive)
	step.Pos = s.file.pos(s.at)
	step.Word, step.TextPos = step.Pos.Point(), step.Pos
	step.origin = origin{src, []mark{{src: 0, fixed: true}, {text: len(head)}, {text: len(head) + len(body), src: len(body), fixed: true}}}
	e := p.section()
	e.Steps = append(e.Steps, step)
	if t != nil {
		step.token = t.pack()
		t.steps = append(t.steps, step)
	}
	p.typed = true
	if slices.Contains([]string{behind, inFront, verifies}, s.rule) {
		p.ofMachine(step)
	}
}

// expect compares the output of the section's last command with a fence right behind it. A failing
// command must end with another status than 0.
func (p *sectionParser) expect(t *token, rule string, failing bool) {
	lang, _ := language(t)
	if p.snippet == nil {
		if !p.other && p.learner == "" { // else it is the output of what stands there, or of what a learner finds
			p.log.warn(CodeNotCompared, p.languageAt(t, lang), "put it into the section of its command; `text` is for readers only",
				"this %s fence comes before all commands of its section: nothing is compared with it", lang)
		}
		return
	}
	if p.apart {
		if p.reason(t) == "" {
			p.log.warn(CodeNotCompared, p.languageAt(t, lang), "put it right behind the fence of its command; `text` is for readers only",
				"another fence stands between the last command and this %s fence: nothing is compared with it", lang)
		}
		p.skip = ""
		return
	}
	text, o := p.body(t)
	from, to := p.opening(t)
	skip := cmp.Or(p.snippet.Skip, p.reason(t))
	if failing {
		p.add(t, &Step{Directive: "status", Text: "nonzero", Rule: rule, Skip: skip, Hidden: true}, from, to, o)
	}
	switch {
	case !p.compared:
		out := &Step{Directive: "output", Text: text, Rule: rule, Skip: skip}
		if !failing && !p.untilPressed(t, out, &o) {
			break
		}
		p.add(t, out, from, to, o)
	case skip == "" && strings.TrimSpace(text) != "":
		p.log.warn(CodeNotCompared, p.languageAt(t, lang), "put the whole output into one fence; `text` is for readers only",
			"the output of this command is shown above: nothing is compared with this %s fence", lang)
	}
	p.compared = true
}

// untilPressed takes a line `^C` out of an output fence, as in a fence of prompts: the key is pressed there, unless a
// comment has pressed it. It reports whether there is more to compare.
func (p *sectionParser) untilPressed(t *token, out *Step, o *origin) bool {
	rows := rowsOf(out.Text)
	c := atPrompt{shown: rows, output: lines{0, len(rows)}}
	key, before, ok := c.interrupted(out.Text)
	if !ok {
		return true
	}
	steps := p.exercise.Steps
	if i := slices.Index(steps, p.snippet); !slices.ContainsFunc(steps[i+1:], func(s *Step) bool { return s.Directive == "key" }) {
		p.untilKey(t, p.snippet, out.Text, *o, before, key)
	}
	if c.output == (lines{}) {
		return false
	}
	text, at := o.pieces(out.Text, c.shown)
	out.Text, out.lines, *o = strings.TrimSuffix(text, "\n"), &c.output, at
	return true
}

// reason is the author's reason that a fence must not run: of a comment, of a word behind its
// language, or of the division that it stands in.
func (p *sectionParser) reason(t *token) string {
	if p.skip != "" {
		return p.skip
	}
	if reason := saysSkip(t); reason != "" {
		return reason
	}
	if w, ok := p.chunk(t, "eval"); ok && strings.HasPrefix(w, "f") {
		return "its fence says eval: " + w
	}
	if p.hide != "" {
		return "its slide says " + p.hide
	}
	if p.learner != "" {
		return "it stands in the division " + p.learner
	}
	return ""
}

// chunk is the value of an option in the first lines of a chunk of Quarto, such as `#| eval: false`, in lower case.
func (p *sectionParser) chunk(t *token, name string) (value string, ok bool) {
	if !strings.HasPrefix(t.info, "{") {
		return "", false
	}
	for line := range strings.Lines(p.src.text[t.body:t.tail]) {
		line, ok = strings.CutPrefix(strings.TrimLeft(line, " \t"), "#|")
		if !ok {
			break
		}
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == name {
			return strings.ToLower(strings.TrimSpace(value)), true
		}
	}
	return "", false
}

// saysSkip is the reason that a word behind the language of a fence gives not to run it; "" if there is none.
func saysSkip(t *token) string {
	_, words := language(t)
	for _, w := range words {
		switch w := strings.TrimPrefix(strings.ToLower(w), "."); w {
		case "skip", "no-run", "norun", "no_run", "ignore", "skip=true", "eval=false", "excludefromrunall:true", "excludefromrunall=true":
			return "its fence says " + w
		}
	}
	return ""
}

// language is the first word of a fence in lower case, and the words behind it. They stand on its
// first line, or behind its end; a mark such as `{{exec}}` is no language.
func language(t *token) (lang string, words []string) {
	words = append(attributes(t.info), attributes(t.attr)...)
	if len(words) == 0 || strings.HasPrefix(cmp.Or(t.info, t.attr), "{{") {
		return "", words
	}
	lang, words = words[0], words[1:]
	switch {
	case isDirective(t) && len(words) > 0:
		lang, words = words[0], words[1:]
	case lang == "r" && strings.HasPrefix(t.info, "{"): // a chunk of knitr for another program
		for _, w := range words {
			if engine, ok := strings.CutPrefix(w, "engine="); ok {
				lang = engine
			}
		}
	}
	lang = strings.ToLower(lang)
	return strings.TrimPrefix(strings.TrimPrefix(lang, "."), "language-"), words
}

// attributes are the words of an info string, or of attributes in braces: `bash title="a b"`,
// `{.bash .numberLines}`, `{bash, eval=FALSE}`, `{{exec interrupt}}`, `{"excludeFromRunAll":"true"}`.
// Quotes are removed; a name and its value are one word.
func attributes(text string) []string {
	text = strings.TrimPrefix(text, "{:")
	var words []string
	var word strings.Builder
	quote, joins := byte(0), false
	for i := range len(text) {
		c := text[i]
		between := isBlank(c) || c == ',' || c == '{' || c == '}'
		switch {
		case c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote = c
		case between && (word.Len() == 0 || joins && isBlank(c)):
		case between:
			words = append(words, word.String())
			word.Reset()
		default:
			word.WriteByte(c)
		}
		if !isBlank(c) {
			joins = quote == 0 && (c == ':' || c == '=')
		}
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}
