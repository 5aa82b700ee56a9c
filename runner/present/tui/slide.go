package tui

import (
	"fmt"
	"strings"

	"workshop/markdown"
	"workshop/runner/present"
	"workshop/runner/screen"
)

// page is a slide that was laid out.
type page struct {
	lines    []line
	step     map[int]int // step of the slide → its first line
	links    []string    // of pages of the web, in the order of the text
	pictures []picture   // that want to be drawn over the lines
}

// picture is a place for an image, or for a larger text.
type picture struct {
	shot     *shot // nil for a text
	text     line
	scale    int
	row, col int
}

// painter lays a slide out for a width.
type painter struct {
	theme
	cols       int
	tight      bool // no blank lines between the items of a list
	large      large
	state      *present.State
	slide      *present.Slide
	step       map[*markdown.Step]int // index in the slide
	gallery    *gallery
	page       page
	foot       []line
	linked     bool // within a link
	codeBlocks *codeBlocks
}

// lay lays a slide out: as large as it may be, with air, or without where it would not fit otherwise.
func lay(t theme, s *present.State, tree *markdown.Node, cols, rows int, g *gallery, big large) page {
	p := painter{theme: t, cols: max(cols, 10), state: s, slide: s.Current(), gallery: g, codeBlocks: &codeBlocks{}}
	if big != (large{}) {
		p.large = big
		if laid := p.lay(tree, rows); len(laid.lines) <= rows {
			return laid
		}
		p.large = large{}
	}
	laid := p.lay(tree, rows)
	if len(laid.lines) > rows {
		p.tight = true
		laid = p.lay(tree, rows)
	}
	return laid
}

// lay begins anew.
func (p *painter) lay(tree *markdown.Node, rows int) page {
	p.page, p.foot, p.step = page{}, nil, map[*markdown.Step]int{}
	p.page.step = map[int]int{}
	for i, st := range p.slide.Steps {
		p.step[st.Step.Step] = i
	}
	centred := has(p.slide, "center", "middle", "title", "chapter", "pic")
	lines := p.blocks(tree.Children, p.cols, centred)
	if has(p.slide, "small") {
		for i := range lines {
			lines[i] = paint(lines[i], screen.Dim)
		}
	}
	if has(p.slide, "middle", "title", "chapter") && len(lines) < rows {
		above := make([]line, (rows-len(lines))/2)
		p.shift(len(above))
		lines = append(above, lines...)
	}
	if len(p.foot) > 0 {
		for len(lines)+len(p.foot)+1 < rows {
			lines = append(lines, nil)
		}
		lines = append(lines, nil)
		lines = append(lines, p.foot...)
	}
	p.page.lines = lines
	return p.page
}

// has reports whether a slide has one of some classes.
func has(s *present.Slide, classes ...string) bool {
	n := markdown.Node{Classes: s.Slide().Classes}
	return n.Has(classes...)
}

// shift moves the places of steps and pictures down.
func (p *painter) shift(by int) {
	for k := range p.page.step {
		p.page.step[k] += by
	}
	for i := range p.page.pictures {
		p.page.pictures[i].row += by
	}
}

// blocks lays blocks out below each other, columns beside each other.
func (p *painter) blocks(nodes []*markdown.Node, cols int, centred bool) []line {
	var lines []line
	for i := 0; i < len(nodes); i++ {
		n := nodes[i]
		if side(n) != 0 {
			var columns []*markdown.Node
			for ; i < len(nodes) && side(nodes[i]) != 0; i++ {
				columns = append(columns, nodes[i])
			}
			i--
			lines = p.append(lines, func() []line { return p.columns(columns, cols) }, !p.tight && i > 0)
			continue
		}
		air := len(lines) > 0 && n.Kind != markdown.StepsNode
		if p.tight && n.Kind != markdown.HeadingNode && i > 0 && nodes[i-1].Kind != markdown.HeadingNode {
			air = air && n.Kind == markdown.BlockNode
		}
		lines = p.append(lines, func() []line { return p.block(n, cols, centred) }, air)
	}
	return lines
}

// append appends the lines of a block, with its steps at their places, and a blank line
// before it if there is to be air.
func (p *painter) append(lines []line, lay func() []line, air bool) []line {
	outer, pictures := p.page.step, p.page.pictures
	p.page.step, p.page.pictures = map[int]int{}, nil
	more := lay()
	if air && len(lines) > 0 && len(more) > 0 && len(lines[len(lines)-1]) > 0 {
		lines = append(lines, nil)
	}
	p.shift(len(lines))
	for k, v := range p.page.step {
		outer[k] = v
	}
	p.page.step, p.page.pictures = outer, append(pictures, p.page.pictures...)
	return append(lines, more...)
}

// side says that a block is a column: remark's .left-column, .pull-right and the like.
func side(n *markdown.Node) int {
	if n.Kind != markdown.BlockNode {
		return 0
	}
	switch {
	case n.Has("left-column", "pull-left", "left", "column", "col", "column1", "col-left"):
		return 1
	case n.Has("right-column", "pull-right", "right", "column2", "col-right"):
		return 2
	}
	return 0
}

func (p *painter) columns(nodes []*markdown.Node, cols int) []line {
	const gap = 3
	n := len(nodes)
	width := (cols - gap*(n-1)) / n
	if n == 1 || width < 24 {
		var lines []line
		for _, c := range nodes {
			lines = p.append(lines, func() []line { return p.blocks(c.Children, cols, false) }, true)
		}
		return lines
	}
	var lines []line
	for i, c := range nodes {
		column := p.blocks(c.Children, width, false)
		for y, l := range column {
			if y == len(lines) {
				lines = append(lines, nil)
			}
			lines[y] = join(fit(lines[y], i*(width+gap)), l)
		}
	}
	return lines
}

func (p *painter) block(n *markdown.Node, cols int, centred bool) []line {
	lines := p.content(n, cols, centred)
	if p.state.Figures && len(n.Claims) > 0 {
		lines = p.beside(lines, n.Claims, cols)
	}
	return lines
}

// beside puts the measured figures of claims beside the last line of their sentence, or under it
// where there is no room.
func (p *painter) beside(lines []line, claims []*markdown.Step, cols int) []line {
	for _, claim := range claims {
		i, ok := p.step[claim]
		if !ok {
			continue
		}
		c := p.state.Claimed(p.slide.Steps[i])
		mark, look := p.sign(present.Mark{State: c.State})
		if c.Narrow {
			look = p.warning
		}
		badge := say(mark+" "+c.String(), look)
		last := len(lines) - 1
		if last >= 0 && lines[last].Width()+2+badge.Width() <= cols {
			lines[last] = join(lines[last], line{spaces(cols - lines[last].Width() - badge.Width())}, badge)
			continue
		}
		for _, l := range wrap(badge, cols, nil, nil) {
			lines = append(lines, join(line{spaces(cols - l.Width())}, l))
		}
	}
	return lines
}

func (p *painter) content(n *markdown.Node, cols int, centred bool) []line {
	switch n.Kind {
	case markdown.HeadingNode:
		return p.heading(n, cols, centred)
	case markdown.ParagraphNode:
		if len(n.Children) == 1 && n.Children[0].Kind == markdown.ImageNode {
			return p.picture(n.Children[0], cols)
		}
		lines := wrap(p.inlines(n.Children, 0), cols, nil, nil)
		if centred {
			for i, l := range lines {
				lines[i] = join(line{spaces((cols - l.Width()) / 2)}, l)
			}
		}
		return lines
	case markdown.ListNode:
		return p.list(n, cols)
	case markdown.CodeNode:
		return p.code(n, cols)
	case markdown.QuoteNode:
		bar := say("▎ ", p.dim)
		return indent(p.blocks(n.Children, cols-2, false), bar, bar)
	case markdown.TableNode:
		return p.table(n, cols)
	case markdown.RuleNode:
		return []line{say(strings.Repeat("─", cols), p.rule)}
	case markdown.StepsNode:
		return p.hidden(n.Steps, cols)
	case markdown.BlockNode:
		return p.classed(n, cols, centred)
	}
	return wrap(p.inlines([]*markdown.Node{n}, 0), cols, nil, nil)
}

func (p *painter) heading(n *markdown.Node, cols int, centred bool) []line {
	look := p.subtitle
	if n.Level <= 2 {
		look = p.title
	}
	text := p.inlines(n.Children, look)
	if n.Level <= 2 && cols == p.cols && p.large != (large{}) {
		if lines := p.bigHeading(text, cols, centred); lines != nil {
			return lines
		}
	}
	lines := wrap(text, cols, nil, nil)
	widest := 0
	for _, l := range lines {
		widest = max(widest, l.Width())
	}
	if n.Level == 1 {
		lines = append(lines, say(strings.Repeat("━", widest), look))
	}
	if centred {
		for i, l := range lines {
			lines[i] = join(line{spaces((cols - l.Width()) / 2)}, l)
		}
	}
	return lines
}

var bullets = [...]string{"•", "◦", "▪"}

func (p *painter) list(n *markdown.Node, cols int) []line { return p.items(n, cols, 0) }

func (p *painter) items(n *markdown.Node, cols, depth int) []line {
	var lines []line
	number := n.Start
	widest := len(fmt.Sprint(n.Start + len(n.Children) - 1))
	for i, item := range n.Children {
		mark := say(bullets[min(depth, len(bullets)-1)]+" ", p.bullet)
		if n.Ordered {
			mark = say(fmt.Sprintf("%*d. ", widest, number+i), p.bullet)
		}
		width := mark.Width()
		air := i > 0 && (!n.Tight || p.large.roomy) && !p.tight
		lines = p.append(lines, func() []line {
			var inner []line
			for j, c := range item.Children {
				between := j > 0 && !n.Tight && !p.tight && c.Kind != markdown.CodeNode && c.Kind != markdown.StepsNode && c.Kind != markdown.ListNode
				inner = p.append(inner, func() []line {
					if c.Kind == markdown.ListNode {
						return p.items(c, cols-width, depth+1)
					}
					return p.block(c, cols-width, false)
				}, between)
			}
			if len(inner) == 0 {
				inner = []line{nil}
			}
			return indent(inner, mark, line{spaces(width)})
		}, air)
	}
	return lines
}

func (p *painter) classed(n *markdown.Node, cols int, centred bool) []line {
	switch {
	case n.Has("exercise", "lab"):
		bar := say("┃ ", p.good)
		return indent(p.blocks(n.Children, cols-2, false), bar, bar)
	case n.Has("warning", "danger", "alert"):
		bar := say("▌ ", p.warning)
		return indent(p.blocks(n.Children, cols-2, false), bar, bar)
	case n.Has("tip", "info", "note", "question", "debug"):
		bar := say("▌ ", p.name)
		return indent(p.blocks(n.Children, cols-2, false), bar, bar)
	case n.Has("footnote"):
		was := p.large
		p.large = large{}
		for _, l := range p.blocks(n.Children, cols, false) {
			p.foot = append(p.foot, paint(l, screen.Dim))
		}
		p.large = was
		return nil
	case n.Has("small", "smaller", "tiny"):
		was := p.tight
		p.tight = true
		lines := p.blocks(n.Children, cols, centred)
		p.tight = was
		for i := range lines {
			lines[i] = paint(lines[i], screen.Dim)
		}
		return lines
	case n.Has("big", "large", "bigger", "huge"):
		lines := p.blocks(n.Children, cols, centred)
		for i := range lines {
			lines[i] = paint(lines[i], screen.Bold)
		}
		return lines
	case n.Has("center", "centered"):
		return p.blocks(n.Children, cols, true)
	}
	return p.blocks(n.Children, cols, centred)
}

// inlines are runs of text.
func (p *painter) inlines(nodes []*markdown.Node, base style) line {
	var l line
	for _, n := range nodes {
		switch n.Kind {
		case markdown.TextNode:
			l = append(l, p.text(n.Text, base)...)
		case markdown.BreakNode:
			l = append(l, screen.Run{Text: newline})
		case markdown.EmphNode:
			l = append(l, p.inlines(n.Children, mix(base, p.emph))...)
		case markdown.StrongNode:
			l = append(l, p.inlines(n.Children, mix(base, p.strong))...)
		case markdown.VerbNode:
			look := mix(base, p.verb)
			if n.Step != nil {
				if i, ok := p.step[n.Step]; ok {
					p.page.step[i] = 0
					mark, sign := p.mark(i)
					if i == p.state.Step {
						mark, sign, look = "▶", p.selected, look.With(screen.Bold)
					}
					l = append(l, screen.NewRun(mark+" ", sign))
				}
			}
			l = append(l, screen.NewRun(n.Text, look))
		case markdown.LinkNode:
			if web(n.URL) {
				p.page.links = append(p.page.links, n.URL)
			}
			p.linked = true
			if n.Nowhere {
				l = append(append(l, p.inlines(n.Children, mix(base, p.warning))...), screen.NewRun(" (broken link)", mix(base, p.warning)))
			} else {
				l = append(l, p.inlines(n.Children, mix(base, p.link))...)
			}
			p.linked = false
		case markdown.ImageNode:
			text := n.Plain()
			if text == "" {
				text = n.URL
			}
			l = append(l, screen.NewRun("🖼 "+text, mix(base, p.dim)))
		case markdown.SpanNode:
			look := base
			switch {
			case n.Has("warning", "danger", "red", "alert"):
				look = mix(base, p.warning)
			case n.Has("small", "smaller", "footnote", "tiny", "grey", "gray", "dim"):
				look = base.With(screen.Dim)
			case n.Has("strike", "del"):
				look = base.With(screen.Strike)
			case n.Has("underline", "u"):
				look = base.With(screen.Underline)
			case n.Has("big", "large", "bold", "strong", "important"):
				look = base.With(screen.Bold)
			}
			l = append(l, p.inlines(n.Children, look)...)
		default:
			l = append(l, p.inlines(n.Children, base)...)
		}
	}
	return l
}

// text is a text in which addresses are links.
func (p *painter) text(s string, base style) line {
	var l line
	at := 0
	if !p.linked {
		for _, a := range markdown.Addresses(s) {
			p.page.links = append(p.page.links, a.URL)
			l = append(l, screen.NewRun(s[at:a.From], base), screen.NewRun(s[a.From:a.To], mix(base, p.link)))
			at = a.To
		}
	}
	return append(l, screen.NewRun(s[at:], base))
}

// mix is one look over another.
func mix(base, over style) style {
	if base.Foreground() == 0 || over.Foreground() != 0 && base.Attr()&screen.Bold == 0 {
		return over.With(base.Attr())
	}
	return base.With(over.Attr())
}

func web(url string) bool {
	return strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://")
}

func (p *painter) picture(n *markdown.Node, cols int) []line {
	text := n.Plain()
	if text == "" {
		text = n.URL
	}
	if s := p.gallery.take(n.URL, cols); s != nil {
		p.page.pictures = append(p.page.pictures, picture{shot: s})
		return s.lines(p.gallery.protocol)
	}
	if why := p.gallery.missing(n.URL); why != "" {
		return wrap(say("🖼  "+text+" ("+why+")", p.warning), cols, nil, nil)
	}
	return wrap(say("🖼  "+text, p.dim), cols, nil, nil)
}

// code is a block of code; one that is a step has its state beside it.
func (p *painter) code(n *markdown.Node, cols int) []line {
	text, lang := n.Text, n.Lang
	if n.Step != nil {
		text = n.Step.Text // as it will be typed
		if n.Step.Raw != "" {
			text = n.Step.Raw
		}
	}
	lines := p.highlight(text, lang)
	if n.Step == nil {
		gutter := say("  ", 0)
		var out []line
		for _, l := range lines {
			out = append(out, breakCode(l, cols-2, gutter, gutter, p.dim)...)
		}
		return out
	}
	i, ok := p.step[n.Step]
	if !ok {
		return indent(lines, say("  ", 0), say("  ", 0))
	}
	return p.stepLines(i, lines, cols)
}

// stepLines are the lines of a step with its mark before them and its verdict behind.
func (p *painter) stepLines(i int, lines []line, cols int) []line {
	p.page.step[i] = 0
	mark, look := p.mark(i)
	first, rest := say(" ", 0), say("   ", 0)
	if i == p.state.Step {
		first, rest = say("▶", p.selected), say("▌  ", p.selected)
	}
	first = join(first, say(mark+" ", look))
	var out []line
	for j, l := range lines {
		before := rest
		if j == 0 {
			before = first
		}
		out = append(out, breakCode(l, cols-3, before, rest, p.dim)...)
	}
	badge := p.badge(i)
	if w := badge.Width(); w > 0 {
		if last := out[len(out)-1]; last.Width()+2+w <= cols {
			out[len(out)-1] = join(last, line{spaces(cols - last.Width() - w)}, badge)
		} else {
			out = append(out, join(rest, line{spaces(cols - rest.Width() - w)}, badge))
		}
	}
	return out
}

// breakCode breaks a line of code anywhere, with a sign where it goes on.
func breakCode(l line, cols int, first, rest line, sign style) []line {
	if l.Width() <= cols || cols < 4 {
		return []line{join(first, l)}
	}
	var out []line
	for before := first; l != nil; before = rest {
		head := l
		if l.Width() <= cols {
			l = nil
		} else {
			head, l = l.Split(cols - 1)
			head = append(head[:len(head):len(head)], screen.NewRun("↩", sign))
		}
		out = append(out, join(before, head))
	}
	return out
}

// hidden are steps that learners do not see.
func (p *painter) hidden(steps []*markdown.Step, cols int) []line {
	var lines []line
	for _, s := range steps {
		i, ok := p.step[s]
		if !ok || !p.state.Hidden && i != p.state.Step && !p.notable(i) {
			continue
		}
		text := strings.ReplaceAll(s.Text, "\n", " ⏎ ")
		l := join(say(s.Directive+" ", p.keyword.With(screen.Dim)), say(text, p.dim))
		lines = p.append(lines, func() []line { return p.stepLines(i, []line{fit2(l, cols-24)}, cols) }, false)
	}
	return lines
}

// fit2 cuts a line that is too long.
func fit2(l line, cols int) line {
	if l.Width() <= max(cols, 20) {
		return l
	}
	return fit(l, max(cols, 20))
}

// notable says that a hidden step is to be seen anyhow: it runs, failed, or could not decide.
func (p *painter) notable(i int) bool {
	m := p.state.Mark(p.slide.Steps[i])
	switch m.State {
	case present.MarkRunning, present.MarkFailed, present.MarkBroken, present.MarkInconclusive:
		return true
	}
	return false
}

// mark is the sign of a step's state.
func (p *painter) mark(i int) (string, style) { return p.sign(p.state.Mark(p.slide.Steps[i])) }

// sign is the sign of a mark.
func (t *theme) sign(m present.Mark) (string, style) {
	look := t.dim
	switch m.State {
	case present.MarkRunning:
		look = t.busy
	case present.MarkPassed:
		look = t.good
	case present.MarkInconclusive:
		look = t.warning
	case present.MarkFailed, present.MarkBroken:
		look = t.bad
	}
	return m.State.Sign(), look
}
