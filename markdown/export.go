package markdown

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown/lazy"
)

// Export is a chapter in another style as a chapter of a deck of remark: its sections are slides,
// and their steps stand in a block `.exercise[ ]`. The list names the parts that are not carried
// over, with their places: steps that must not run, and steps that such a deck would change.
func Export(c *Chapter) (text string, left ErrorList) {
	var b strings.Builder
	leaveBackticks(c)
	for i, s := range c.Slides {
		if i > 0 {
			b.WriteString("\n---\n\n")
		}
		b.WriteString(exportSlide(s))
		left = append(left, foreign(s)...)
		for _, e := range s.Exercises {
			for _, st := range e.Steps {
				switch {
				case st.Skip != "":
					left.Add(CodeRewrite, st.Head(), "", "%s is text there: %s", st.Directive, st.Skip)
				case st.Hidden && strings.Contains(st.Text, "-->"):
					left.Add(CodeRewrite, st.Head(), "", "this hidden %s is visible there, as --> in it ends a comment", st.Directive)
				}
			}
		}
	}
	deck, err := Parse(c.Name+".md", []byte(b.String()))
	want, got := carried(c), carried(deck.Chapters[0])
	for i := range want {
		if i >= len(got) || want[i].text != got[i].text {
			left.Add(CodeRewrite, want[i].step.Head(), "", "this %s is another one there", want[i].step.Directive)
			if len(got) != len(want) {
				break // and so are those behind it
			}
		}
	}
	if len(got) > len(want) || err != nil {
		left.Add(CodeRewrite, c.Pos.Point(), "workshop lint shows it", "the text is read otherwise there")
	}
	left.Sort()
	return b.String(), left
}

// filledIn matches a mark that the program fills in which a document was written for: `{{TRAFFIC_HOST1_80}}` of a
// scenario, `{{< param x >}}` of Hugo, `{% include x %}` and `{{ page.root }}` of Jekyll.
var filledIn = lazy.Regexp(`\{\{[^{}\n]{1,200}\}\}|\{%[^%\n]{1,200}%\}`)

// foreign names the parts of a slide that mean something to the program it was written for, and not to a deck:
// images, whose files stay where they are, and marks.
func foreign(s *Slide) (left ErrorList) {
	for _, link := range s.Links() {
		if link.Image && !strings.Contains(link.Target, "://") && !strings.HasPrefix(link.Target, "data:") {
			left.Add(CodeRewrite, link.Span, "copy it beside the deck, and mend its name", "the image %s is not copied", shorten(link.Target))
		}
	}
	shown := s.shown()
	for _, at := range filledIn().FindAllStringIndex(shown, -1) {
		if executes := attributes(shown[at[0]:at[1]]); len(executes) > 0 && (executes[0] == "exec" || executes[0] == "execute") {
			continue
		}
		left.Add(CodeRewrite, s.At(at[0], at[1]), "", "%s is text there", shorten(shown[at[0]:at[1]]))
	}
	for t := range s.scanned() {
		if at := strings.Index(t.info, "{{"); t.kind == fenceToken && t.comment < 0 && at >= 0 && len(t.steps) == 0 {
			left.Add(CodeRewrite, s.At(t.data+at, t.data+len(t.info)), "", "%s is text there", shorten(t.info[at:]))
		}
	}
	return left
}

// carriedStep is a step that may run, as it must be in each style.
type carriedStep struct {
	step *Step
	text string
}

func carried(c *Chapter) (steps []carriedStep) {
	for _, s := range c.Slides {
		for _, e := range s.Exercises {
			for _, st := range e.Steps {
				if st.Skip == "" {
					steps = append(steps, carriedStep{st, st.Directive + " " + strings.TrimRight(exported(st), "\n")})
				}
			}
		}
	}
	return steps
}

// leaveBackticks skips the commands whose backticks a deck would remove, and the steps about them.
func leaveBackticks(c *Chapter) {
	for _, s := range c.Slides {
		for _, e := range s.Exercises {
			skip := ""
			for _, st := range e.Steps {
				if isCommand(st) {
					skip = ""
					if _, ok := withoutBackticks(st.Text); !ok {
						skip = "a deck removes its backticks"
					}
				}
				st.Skip = cmp.Or(st.Skip, skip)
			}
		}
	}
}

func isCommand(st *Step) bool { return st.Directive == "bash" || st.Directive == "hide" }

// exported is the text of a step in a deck.
func exported(st *Step) string {
	if text, ok := withoutBackticks(st.Text); ok && isCommand(st) {
		return text
	}
	return st.Text
}

// withoutBackticks writes command substitutions as `$( … )`, also in a script that a shell reads from a
// here-document, and leaves out the backticks of remarks.
func withoutBackticks(text string) (string, bool) {
	if !strings.Contains(text, "`") {
		return text, true
	}
	f, err := syntax.NewParser(syntax.KeepComments(true)).Parse(strings.NewReader(text), "")
	if err != nil {
		return "", false
	}
	type edit struct {
		from, to int
		text     string
	}
	var edits []edit
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst:
			from, to := int(n.Left.Offset()), int(n.Right.Offset())
			if n.Backquotes && !strings.Contains(text[from:to], `\`) {
				begin := "$("
				if strings.HasPrefix(text[from+1:], "(") {
					begin = "$( "
				}
				edits = append(edits, edit{from, from + 1, begin}, edit{to, to + 1, ")"})
			}
		case *syntax.Comment:
			from, to := int(n.Pos().Offset()), int(n.End().Offset())
			edits = append(edits, edit{from, to, strings.ReplaceAll(text[from:to], "`", "")})
		case *syntax.Stmt:
			for _, r := range n.Redirs {
				if r.Hdoc == nil || !strings.Contains(text[n.Pos().Offset():r.Pos().Offset()], "/dev/stdin") {
					continue
				}
				from, to := int(r.Hdoc.Pos().Offset()), int(r.Hdoc.End().Offset())
				if body, ok := withoutBackticks(text[from:to]); ok && strings.Contains(text[from:to], "`") {
					edits = append(edits, edit{from, to, body})
				}
			}
		}
		return true
	})
	slices.SortFunc(edits, func(a, b edit) int { return b.from - a.from })
	for _, e := range edits {
		text = text[:e.from] + e.text + text[e.to:]
	}
	return text, !strings.Contains(text, "`")
}

func exportSlide(s *Slide) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		fmt.Fprintf(&b, "%s: %s\n", name, s.Properties[name])
	}
	if len(s.Properties) > 0 {
		b.WriteString("\n")
	}
	x := &exporter{slide: s, tokens: slices.Collect(s.scanned())}
	titled := slices.ContainsFunc(x.tokens, func(t token) bool { return t.kind == headingToken || t.kind == underlineToken })
	if s.Title != "" && !titled && !s.Increment {
		fmt.Fprintf(&b, "## %s\n\n", s.Title)
	}
	body := x.body(false)
	if d, err := Parse("", []byte(body)); err != nil || len(carried(d.Chapters[0])) != len(carried(&Chapter{Slides: []*Slide{s}})) {
		body = x.body(true)
	}
	b.WriteString(strings.TrimRight(body, "\n") + "\n")
	if s.Notes != "" {
		fmt.Fprintf(&b, "\n???\n\n%s\n", s.Notes)
	}
	return b.String()
}

// fileRule is the rule of the steps that write a visible fence to a file.
const fileRule = "file of a fence"

// exporter writes the text of a slide with its steps in one block.
type exporter struct {
	slide  *Slide
	tokens []token
	out    strings.Builder
	from   int     // the source before it is written
	open   bool    // the block is open
	escape bool    // brackets in the block are escaped
	steps  []*Step // to be written
}

func (x *exporter) body(escape bool) string {
	x.out.Reset()
	x.from, x.open, x.escape, x.steps = 0, false, escape, nil
	for _, e := range x.slide.Exercises {
		x.steps = append(x.steps, e.Steps...)
	}
	for i, t := range x.tokens {
		switch {
		case t.start < x.from:
		case t.kind == divToken:
			x.copy(t.start)
			x.from = t.end
		case t.kind == underlineToken:
			x.underlined(t)
		case t.kind == notesToken: // a line of text, which would begin notes
			x.copy(t.start)
			x.out.WriteString(`\`)
		case t.kind == commentToken:
			x.comment(t, x.tokens[i+1:])
		case len(t.steps) > 0:
			x.token(t)
		case t.kind == fenceToken && x.slide.Source[t.start] == '{': // a shortcode
			x.copy(t.start)
			text := x.slide.Source[t.body:t.tail]
			fence := longerFence(text)
			x.out.WriteString(fence + t.info + "\n" + text + fence)
			x.from = t.end
		case x.open && len(x.steps) > 0 && t.kind == fenceToken && t.comment < 0:
			x.asText(t)
		}
	}
	if len(x.steps) > 0 { // of scripts
		if !x.open {
			x.copy(len(x.slide.Source))
			x.out.WriteString("\n\n")
		}
		x.write(len(x.steps), "")
	}
	if x.open {
		x.out.WriteString("\n]\n")
		x.open = false
	}
	x.copy(len(x.slide.Source))
	return x.out.String()
}

// asText writes a fence that is no step, in a language that a deck reads as text: a fence `copy` is a
// directive there.
func (x *exporter) asText(t token) {
	words := newVocabulary(nil)
	if lang, _ := language(&t); lang == "" || words.languages[lang] || t.data+len(lang) > t.end {
		return
	}
	x.copy(t.data)
	x.out.WriteString("text")
	x.from = t.data + strings.IndexByte(x.slide.Source[t.data:], '\n')
}

// comment writes the steps in a comment, and leaves out what only other styles read.
func (x *exporter) comment(t token, following []token) {
	for _, inner := range following {
		if inner.start >= t.end {
			break
		}
		t.steps = append(t.steps, inner.steps...)
	}
	word, _, _ := order(x.slide.Source, t)
	switch {
	case len(t.steps) > 0:
		x.token(t)
	case word != "":
		x.copy(t.start)
		x.from = t.end
	}
}

// copy writes the source up to an offset.
func (x *exporter) copy(to int) {
	if to <= x.from {
		return
	}
	text := x.slide.Source[x.from:to]
	if x.open && x.escape {
		text = strings.NewReplacer("[", `\[`, "]", `\]`).Replace(text)
	}
	if x.open && strings.TrimSpace(text) == "" {
		text = "\n"
	}
	x.out.WriteString(text)
	x.from = to
}

// underlined writes a heading in the form for remark.
func (x *exporter) underlined(t token) {
	at := strings.LastIndexByte(strings.TrimRight(x.slide.Source[:t.start], "\n"), '\n') + 1
	if at < x.from {
		return
	}
	x.copy(at)
	marks := "# "
	if x.slide.Source[t.start] == '-' {
		marks = "## "
	}
	x.out.WriteString(marks + strings.TrimSpace(x.slide.Source[at:t.start]))
	x.from = t.end
}

// token writes the steps of a token in its place, and before them those of scripts.
func (x *exporter) token(t token) {
	line := strings.LastIndexByte(x.slide.Source[:t.start], '\n') + 1
	indent := x.slide.Source[line:t.start]
	inline := t.kind == codeToken || strings.TrimSpace(indent) != ""
	if inline || line < x.from {
		indent = ""
		if !x.open { // the block begins before the line
			x.copy(max(line, x.from))
		}
		x.begin()
		x.copy(t.start)
	} else {
		x.copy(line)
		x.begin()
	}
	n, found := 0, 0
	for ; n < len(x.steps) && found < len(t.steps); n++ {
		if slices.Contains(t.steps, x.steps[n]) {
			found++
		}
	}
	if text := exported(x.steps[0]); inline && n == 1 && x.steps[0].Skip == "" && !strings.ContainsAny(text, "`\n") {
		fmt.Fprintf(&x.out, "```%s %s```", x.steps[0].Directive, text)
		x.steps = x.steps[1:]
	} else {
		if inline {
			x.out.WriteString("\n")
		}
		x.write(n, indent)
	}
	if t.steps[0].Rule == fileRule {
		x.copy(t.end)
	}
	x.from = t.end
	if at := strings.Index(x.slide.Source[x.from:], t.attr); t.attr != "" && at >= 0 {
		x.from += at + len(t.attr)
	}
}

func (x *exporter) begin() {
	if !x.open {
		x.out.WriteString(".exercise[\n\n")
		x.open = true
	}
}

// write writes the first n of the steps.
func (x *exporter) write(n int, indent string) {
	x.begin()
	for _, st := range x.steps[:n] {
		directive, text := st.Directive, exported(st)
		if st.Skip != "" {
			directive = "text"
		}
		fence := longerFence(text)
		lines := []string{fence + directive}
		if text != "" {
			lines = append(lines, strings.Split(text, "\n")...)
		}
		lines = append(lines, fence)
		switch one := len(lines) == 3 && !strings.Contains(text, "`"); {
		case strings.Contains(text, "-->"): // it would end the comment
		case st.Hidden && one:
			lines = []string{"<!-- ```" + directive + " " + text + "``` -->"}
		case st.Hidden:
			lines = append(append([]string{"<!--"}, lines...), "-->")
		}
		for _, line := range lines {
			x.out.WriteString(strings.TrimRight(indent+line, " ") + "\n")
		}
	}
	x.steps = x.steps[n:]
}
