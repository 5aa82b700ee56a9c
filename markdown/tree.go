package markdown

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// NodeKind is the kind of a [Node].
type NodeKind string

// The kinds of nodes. Those from Text on stand within a line.
const (
	DocumentNode  NodeKind = "document"
	HeadingNode   NodeKind = "heading" // Level
	ParagraphNode NodeKind = "paragraph"
	ListNode      NodeKind = "list" // Ordered, Start, Tight; children are items
	ItemNode      NodeKind = "item"
	CodeNode      NodeKind = "code"  // Text, Lang; Step where it is one
	QuoteNode     NodeKind = "quote" //
	TableNode     NodeKind = "table" // children are rows, the first one the head
	RowNode       NodeKind = "row"   // children are cells
	CellNode      NodeKind = "cell"  // Align
	RuleNode      NodeKind = "rule"  //
	BlockNode     NodeKind = "block" // Classes: `.name[ … ]`, exercises too
	StepsNode     NodeKind = "steps" // Steps: hidden ones, at their place

	TextNode   NodeKind = "text"   // Text
	EmphNode   NodeKind = "emph"   //
	StrongNode NodeKind = "strong" //
	SpanNode   NodeKind = "span"   // Classes: `.name[ … ]` within a line
	VerbNode   NodeKind = "verb"   // Text: a code span; Step where it is one
	LinkNode   NodeKind = "link"   // URL
	ImageNode  NodeKind = "image"  // URL; children are its text
	BreakNode  NodeKind = "break"  // a line ends here
)

// Node is a part of a slide in the form for display. It holds no HTML: tags of the deck are
// left out, their text stays.
type Node struct {
	Kind     NodeKind
	Classes  []string
	Level    int
	Text     string
	Lang     string
	URL      string // as written: who follows it has to look at it
	Nowhere  bool   // the link leads nowhere, see [Slide]
	Ordered  bool
	Start    int
	Tight    bool
	Align    string  // left, center, right or ""
	Step     *Step   // that the code is
	Steps    []*Step // hidden ones
	Claims   []*Step // that stand under this text
	Children []*Node
}

// goldmark takes more than linear time for some input. These limits of a slide let any 16 KiB
// be decided in 20 ms; no deck that a person wrote comes near. See ADR 17.
const (
	maxTree     = 16 << 10 // bytes of a slide with its increments
	maxBrackets = 1000
	maxStars    = 2000
	maxMarkers  = 24 // of quotes and lists at the start of a line
	maxColumns  = 32 // of a table
)

// Tree is the content of a slide, given as slides of which each but the first is an increment
// of the one before. A slide that is too large or too intricate is shown as it was written;
// then the error says so, with its position.
func Tree(parts ...*Slide) (*Node, error) {
	if len(parts) == 0 {
		return &Node{Kind: DocumentNode}, nil
	}
	var sources []string
	for _, p := range parts {
		sources = append(sources, p.Source)
	}
	src := strings.Join(sources, "\n\n")
	if why := intricate(src); why != "" {
		return &Node{Kind: DocumentNode, Children: []*Node{{Kind: CodeNode, Text: src[:min(len(src), 4*maxTree)]}}},
			&Error{Pos: parts[0].Pos, Message: "the slide is shown as it was written: " + why, Hint: "make two of it"}
	}
	t := &treeParser{
		opens: map[int]*openedClass{}, closes: map[int]bool{}, shown: map[int][]*Step{}, behind: map[*Step][]*Step{},
	}
	var last *Step
	for _, p := range parts {
		last = t.add(p, last)
		t.nowhere = append(t.nowhere, p.Nowhere...)
	}
	pc := parser.NewContext()
	pc.Set(treeKey, t)
	root := treeMarkdown().Parse(text.NewReader(t.source), parser.WithContext(pc))
	doc := &Node{Kind: DocumentNode, Children: t.blocks(root)}
	t.tie()
	doc.Children = append(doc.Children, stepsNode(t.behind[nil])...)
	return doc, nil
}

// intricate is the reason why a source must not be given to goldmark.
func intricate(src string) string {
	switch {
	case len(src) > maxTree:
		return fmt.Sprintf("it is larger than %d KiB", maxTree>>10)
	case strings.Count(src, "[") > maxBrackets:
		return fmt.Sprintf("it has more than %d brackets", maxBrackets)
	case strings.Count(src, "*")+strings.Count(src, "_") > maxStars:
		return fmt.Sprintf("it has more than %d asterisks and underscores", maxStars)
	}
	for line := range strings.Lines(src) {
		markers := 0
		for rest := strings.TrimLeft(line, " \t"); rest != ""; rest = strings.TrimLeft(rest, " \t") {
			n := listMarker(rest)
			if rest[0] == '>' {
				n = 1
			}
			if n == 0 {
				break
			}
			if markers++; markers > maxMarkers {
				return fmt.Sprintf("a line begins with more than %d marks of quotes and lists", maxMarkers)
			}
			rest = rest[n:]
		}
	}
	return ""
}

// treeParser makes the tree of a slide. The scanner finds blocks, comments and steps,
// goldmark the rest.
type treeParser struct {
	source []byte // without comments; offsets are into it
	opens  map[int]*openedClass
	closes map[int]bool
	shown  map[int][]*Step   // visible steps, by where their fence begins
	behind map[*Step][]*Step // hidden ones behind a visible one; nil: before the first
	after  []*Step           // hidden ones that come behind the block that is being made
	claims []placed          // of all steps, in order
	texts  []said            // that were made, in order

	nowhere []string // the targets of links that lead nowhere
}

// placed is a claim by where it stands.
type placed struct {
	at    int
	claim *Step
}

// said is a text by where it begins.
type said struct {
	at   int
	node *Node
}

// openedClass is a `.name[` in the source.
type openedClass struct {
	start, end int // of the mark itself
	close      int // where its bracket is
	classes    []string
}

// add adds a slide to the source, without its comments: one that has its lines to itself
// goes with them. It returns the last visible step, of this slide or before.
func (t *treeParser) add(slide *Slide, last *Step) *Step {
	src := slide.Source
	from := 0 // the text before has been added, or is a comment
	write := func(to int) { t.source = append(t.source, src[from:to]...) }
	opens := map[int]*openedClass{} // by where they stand in the slide
	for k := range slide.scanned() {
		comment := k.start < from
		at := len(t.source) + max(0, k.start-from)
		for _, s := range k.steps {
			if s.Directive == "claim" {
				t.claims = append(t.claims, placed{at, s})
			}
			if s.Hidden {
				t.behind[last] = append(t.behind[last], s)
			} else {
				last = s
				t.shown[at] = append(t.shown[at], s)
			}
		}
		switch {
		case k.kind == closeToken:
			if open := opens[k.match]; open != nil {
				t.opens[open.start] = open
				if open.close = at; comment {
					open.close = max(open.end, at-1) // the text behind it is outside
				} else {
					t.closes[at] = true
				}
			}
		case comment:
		case k.kind == commentToken:
			start, end := k.start, k.end
			line := max(from, strings.LastIndexByte(src[:start], '\n')+1)
			rest, _, more := strings.Cut(src[end:], "\n")
			if more && strings.TrimSpace(src[line:start]+rest) == "" {
				start, end = line, end+len(rest)+1
			}
			write(start)
			from = end
		case k.kind == openToken:
			classes := strings.Split(src[k.start+1:k.end-1], ".")
			opens[k.start] = &openedClass{start: at, end: at + k.end - k.start, classes: classes}
		case k.kind == fenceToken && src[k.start] == '{': // a shortcode
			fence := longerFence(src[k.body:k.tail])
			write(k.start)
			t.source = fmt.Appendf(t.source, "%s%s\n%s%s", fence, k.info, src[k.body:k.tail], fence)
			from = k.end
		case k.attr != "": // not Markdown
			if n := strings.Index(src[k.end:], k.attr); n >= 0 {
				write(k.end)
				from = k.end + n + len(k.attr)
			}
		}
	}
	write(len(src))
	t.source = append(t.source, "\n\n"...)
	return last
}

// longerFence is a fence that does not end within a text.
func longerFence(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence
}

// isBlock reports whether a class whose mark begins a line is a block of its own, not a
// part of the line: it goes on in other ones, or nothing but closing brackets follows it.
func (t *treeParser) isBlock(open *openedClass) bool {
	line, _, _ := bytes.Cut(t.source[open.close:], []byte("\n"))
	return bytes.IndexByte(t.source[open.end:open.close], '\n') >= 0 || len(bytes.Trim(line, " \t]")) == 0
}

// classBlock is a `.name[ … ]` that is a block.
type classBlock struct {
	ast.BaseBlock
	open *openedClass
}

var kindClassBlock = ast.NewNodeKind("ClassBlock")

func (b *classBlock) Kind() ast.NodeKind     { return kindClassBlock }
func (b *classBlock) Dump(src []byte, n int) { ast.DumpHelper(b, src, n, nil, nil) }

// classMark is an end of a `.name[ … ]` within a line.
type classMark struct {
	ast.BaseInline
	open    bool
	classes []string
}

var kindClassMark = ast.NewNodeKind("ClassMark")

func (m *classMark) Kind() ast.NodeKind     { return kindClassMark }
func (m *classMark) Dump(src []byte, n int) { ast.DumpHelper(m, src, n, nil, nil) }

// classParser finds both, at the places from the scanner.
type classParser struct{}

func (classParser) Trigger() []byte { return []byte{'.'} }

func (classParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	at := pc.BlockOffset()
	if at < 0 || at >= len(line) {
		return nil, parser.NoChildren
	}
	start := segment.Start + at - segment.Padding
	t := treeOf(pc)
	open := t.opens[start]
	if open == nil || !t.isBlock(open) {
		return nil, parser.NoChildren
	}
	reader.Advance(at + open.end - start)
	return &classBlock{open: open}, parser.HasChildren
}

func (classParser) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	block := node.(*classBlock)
	line, segment := reader.PeekLine()
	if segment.Start > block.open.close {
		return parser.Close
	}
	if segment.Stop > block.open.close && strings.TrimSpace(string(line)) == "]" {
		reader.AdvanceToEOL()
		return parser.Close
	}
	return parser.Continue | parser.HasChildren
}

func (classParser) Close(ast.Node, text.Reader, parser.Context) {}
func (classParser) CanInterruptParagraph() bool                 { return true }
func (classParser) CanAcceptIndentedLine() bool                 { return true }

// markParser finds the ends of classes within a line.
type markParser struct{}

func (markParser) Trigger() []byte { return []byte{'.', ']'} }

func (markParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	_, segment := block.PeekLine()
	t := treeOf(pc)
	if open := t.opens[segment.Start]; open != nil {
		block.Advance(open.end - segment.Start)
		return &classMark{open: true, classes: open.classes}
	}
	if t.closes[segment.Start] {
		block.Advance(1)
		return &classMark{}
	}
	return nil
}

// tableBlock is a table, or a row or cell of one.
type tableBlock struct {
	ast.BaseBlock
	kind  NodeKind
	align string
}

var kindTable = ast.NewNodeKind("Table")

func (b *tableBlock) Kind() ast.NodeKind     { return kindTable }
func (b *tableBlock) Dump(src []byte, n int) { ast.DumpHelper(b, src, n, nil, nil) }

// tables makes tables of paragraphs whose second line is one of dashes and bars, as
// GitHub does (https://github.github.com/gfm/#tables-extension-). goldmark's own
// extension is quadratic.
type tables struct{}

func (tables) Transform(node *ast.Paragraph, reader text.Reader, _ parser.Context) {
	lines := node.Lines()
	if lines.Len() < 2 {
		return
	}
	src := reader.Source()
	second := lines.At(1)
	aligns := alignments(string(second.Value(src)))
	first := lines.At(0)
	if len(aligns) == 0 || len(aligns) > maxColumns || len(cells(src, first)) != len(aligns) {
		return
	}
	table := &tableBlock{kind: TableNode}
	for i := range lines.Len() {
		if i == 1 {
			continue
		}
		row := &tableBlock{kind: RowNode}
		for j, segment := range cells(src, lines.At(i)) {
			if j == len(aligns) {
				break
			}
			cell := &tableBlock{kind: CellNode, align: aligns[j]}
			if segment.Len() > 0 {
				cell.Lines().Append(segment)
			}
			row.AppendChild(row, cell)
		}
		table.AppendChild(table, row)
	}
	node.Parent().ReplaceChild(node.Parent(), node, table)
}

// alignments reads the second line of a table; nil if it is not one.
func alignments(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.Contains(line, "-") || !strings.Contains(line, "|") || strings.Trim(line, "|:- \t") != "" {
		return nil
	}
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	var aligns []string
	for cell := range strings.SplitSeq(line, "|") {
		cell = strings.TrimSpace(cell)
		dashes := strings.Trim(cell, ":")
		if dashes == "" || strings.Trim(dashes, "-") != "" {
			return nil
		}
		left, right := strings.HasPrefix(cell, ":"), strings.HasSuffix(cell, ":")
		switch {
		case left && right:
			aligns = append(aligns, "center")
		case left:
			aligns = append(aligns, "left")
		case right:
			aligns = append(aligns, "right")
		default:
			aligns = append(aligns, "")
		}
	}
	return aligns
}

// cells are the cells of a line of a table.
func cells(src []byte, line text.Segment) []text.Segment {
	trimmed := func(from, to int) text.Segment {
		s := text.NewSegment(from, to)
		s = s.TrimLeftSpace(src)
		return s.TrimRightSpace(src)
	}
	line = trimmed(line.Start, line.Stop)
	start, end := line.Start, line.Stop
	if start < end && src[start] == '|' {
		start++
	}
	var found []text.Segment
	from := start
	for i := start; i < end; i++ {
		switch src[i] {
		case '\\':
			i++
		case '|':
			found = append(found, trimmed(from, i))
			from = i + 1
		}
	}
	if from < end {
		found = append(found, trimmed(from, end))
	}
	return found
}

// treeMarkdown is CommonMark with classes and tables. Making it costs more than a slide.
var treeMarkdown = sync.OnceValue(func() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(append(parser.DefaultBlockParsers(), util.Prioritized(classParser{}, 90))...),
		parser.WithInlineParsers(append(parser.DefaultInlineParsers(), util.Prioritized(markParser{}, 50))...),
		parser.WithParagraphTransformers(append(parser.DefaultParagraphTransformers(), util.Prioritized(tables{}, 200))...),
	)
})

// treeKey is the key of a tree's parser in the context of goldmark's.
var treeKey = parser.NewContextKey()

func treeOf(pc parser.Context) *treeParser { return pc.Get(treeKey).(*treeParser) }

// blocks are the nodes of the blocks in another.
func (t *treeParser) blocks(parent ast.Node) []*Node {
	var nodes []*Node
	for c := parent.FirstChild(); c != nil; c = c.NextSibling() {
		if n := t.block(c); n != nil {
			nodes = append(nodes, n)
		}
		nodes = append(nodes, stepsNode(t.after)...)
		t.after = nil
	}
	return nodes
}

func stepsNode(hidden []*Step) []*Node {
	if len(hidden) == 0 {
		return nil
	}
	return []*Node{{Kind: StepsNode, Steps: hidden}}
}

// tie gives each claim to the text that it stands under.
func (t *treeParser) tie() {
	for _, c := range t.claims {
		behind := func(s said) bool { return s.at >= c.at }
		i := slices.IndexFunc(t.texts, behind)
		if i < 0 {
			i = len(t.texts)
		}
		if i > 0 {
			n := t.texts[i-1].node
			n.Claims = append(n.Claims, c.claim)
		}
	}
}

// block is the node of a block; nil if there is nothing to show.
func (t *treeParser) block(c ast.Node) *Node {
	n := t.made(c)
	if n != nil && slices.Contains([]NodeKind{HeadingNode, ParagraphNode, TableNode}, n.Kind) {
		t.texts = append(t.texts, said{start(c), n})
	}
	return n
}

// start is where the text of a block begins.
func start(n ast.Node) int {
	for ; n != nil && n.Type() == ast.TypeBlock; n = n.FirstChild() {
		if lines := n.Lines(); lines != nil && lines.Len() > 0 {
			return lines.At(0).Start
		}
	}
	return 0
}

func (t *treeParser) made(c ast.Node) *Node {
	switch c := c.(type) {
	case *ast.Heading:
		return &Node{Kind: HeadingNode, Level: c.Level, Children: t.inlines(c)}
	case *ast.Paragraph, *ast.TextBlock:
		if in := t.inlines(c); len(in) > 0 {
			return &Node{Kind: ParagraphNode, Children: in}
		}
	case *ast.List:
		return &Node{Kind: ListNode, Ordered: c.IsOrdered(), Start: c.Start, Tight: c.IsTight, Children: t.blocks(c)}
	case *ast.ListItem:
		return &Node{Kind: ItemNode, Children: t.blocks(c)}
	case *ast.FencedCodeBlock:
		n := &Node{Kind: CodeNode, Text: t.lines(c)}
		if c.Info != nil {
			n.Lang, _, _ = strings.Cut(strings.TrimSpace(string(c.Info.Value(t.source))), " ")
		}
		return t.withSteps(n, t.steps(c.Pos()))
	case *ast.CodeBlock:
		return &Node{Kind: CodeNode, Text: t.lines(c)}
	case *ast.Blockquote:
		return &Node{Kind: QuoteNode, Children: t.blocks(c)}
	case *ast.ThematicBreak:
		return &Node{Kind: RuleNode}
	case *ast.HTMLBlock:
		if s := strings.TrimSpace(withoutTags(t.lines(c))); s != "" {
			return &Node{Kind: ParagraphNode, Children: []*Node{{Kind: TextNode, Text: s}}}
		}
	case *classBlock:
		n := &Node{Kind: BlockNode, Classes: c.open.classes}
		if slices.Contains(n.Classes, "exercise") || slices.Contains(n.Classes, "lab") {
			n.Children = stepsNode(t.behind[nil])
			delete(t.behind, nil)
		}
		n.Children = append(n.Children, t.blocks(c)...)
		return n
	case *tableBlock:
		n := &Node{Kind: c.kind, Align: c.align}
		if c.kind == CellNode {
			n.Children = t.inlines(c)
		} else {
			n.Children = t.blocks(c)
		}
		return n
	}
	return nil
}

// withSteps is the node of a fence, or a block of one node for each of its steps.
func (t *treeParser) withSteps(n *Node, steps []*Step) *Node {
	switch {
	case len(steps) == 0:
		return n
	case len(steps) == 1 && steps[0].lines == nil && !steps[0].cut:
		n.Step, n.Lang = steps[0], "bash"
		return n
	}
	all := &Node{Kind: BlockNode}
	for _, s := range steps {
		part := &Node{Kind: CodeNode, Text: s.Text, Step: s}
		if s.Directive == "bash" {
			part.Lang = "bash"
		}
		all.Children = append(all.Children, part)
	}
	return all
}

// steps are the visible steps whose fence begins at an offset. Those that are hidden behind them
// follow the block.
func (t *treeParser) steps(at int) []*Step {
	for _, s := range t.shown[at] {
		t.after = append(t.after, t.behind[s]...)
	}
	return t.shown[at]
}

func (t *treeParser) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		segment := n.Lines().At(i)
		b.Write(segment.Value(t.source))
	}
	return strings.TrimRight(b.String(), "\n")
}

// inlines are the nodes in a line, with spans made of their marks.
func (t *treeParser) inlines(parent ast.Node) []*Node {
	stack := []*Node{{}}
	for c := parent.FirstChild(); c != nil; c = c.NextSibling() {
		if m, ok := c.(*classMark); ok {
			switch {
			case m.open:
				span := &Node{Kind: SpanNode, Classes: m.classes}
				top := stack[len(stack)-1]
				top.Children = append(top.Children, span)
				stack = append(stack, span)
			case len(stack) > 1:
				stack = stack[:len(stack)-1]
			}
			continue
		}
		top := stack[len(stack)-1]
		top.Children = joined(top.Children, t.inline(c))
	}
	in := stack[0].Children
	for len(in) > 0 && (in[len(in)-1].Kind == TextNode && strings.TrimSpace(in[len(in)-1].Text) == "" || in[len(in)-1].Kind == BreakNode) {
		in = in[:len(in)-1]
	}
	return in
}

// joined are nodes with more behind them. Text that was read in pieces is one: an address has dots in it.
func joined(nodes, more []*Node) []*Node {
	if n := len(nodes); n > 0 && len(more) > 0 && nodes[n-1].Kind == TextNode && more[0].Kind == TextNode {
		nodes[n-1].Text += more[0].Text
		more = more[1:]
	}
	return append(nodes, more...)
}

func (t *treeParser) inline(c ast.Node) []*Node {
	one := func(n *Node) []*Node { return []*Node{n} }
	switch c := c.(type) {
	case *ast.Text:
		value := c.Value(t.source)
		if !c.IsRaw() {
			value = util.ResolveNumericReferences(util.ResolveEntityNames(util.UnescapePunctuations(value)))
		}
		s := string(value)
		switch {
		case c.HardLineBreak():
			return []*Node{{Kind: TextNode, Text: s}, {Kind: BreakNode}}
		case c.SoftLineBreak():
			s += " "
		}
		return one(&Node{Kind: TextNode, Text: s})
	case *ast.String:
		return one(&Node{Kind: TextNode, Text: string(c.Value)})
	case *ast.CodeSpan:
		var b strings.Builder
		for n := c.FirstChild(); n != nil; n = n.NextSibling() {
			if s, ok := n.(*ast.Text); ok {
				b.WriteString(strings.ReplaceAll(string(s.Value(t.source)), "\n", " "))
			}
		}
		n := &Node{Kind: VerbNode, Text: strings.TrimSpace(b.String())}
		for _, n.Step = range t.steps(c.Pos()) {
			n.Text = n.Step.Text
		}
		return one(n)
	case *ast.Emphasis:
		kind := EmphNode
		if c.Level > 1 {
			kind = StrongNode
		}
		return one(&Node{Kind: kind, Children: t.inlines(c)})
	case *ast.Link:
		to := string(c.Destination)
		return one(&Node{Kind: LinkNode, URL: to, Nowhere: slices.Contains(t.nowhere, unescaped(to)), Children: t.inlines(c)})
	case *ast.AutoLink:
		label := string(c.Label(t.source))
		return one(&Node{Kind: LinkNode, URL: string(c.URL(t.source)), Children: []*Node{{Kind: TextNode, Text: label}}})
	case *ast.Image:
		return one(&Node{Kind: ImageNode, URL: string(c.Destination), Children: t.inlines(c)})
	case *ast.RawHTML:
		tag := strings.ToLower(string(c.Segments.Value(t.source)))
		if strings.HasPrefix(tag, "<br") {
			return one(&Node{Kind: BreakNode})
		}
		return nil
	}
	return t.inlines(c)
}

// withoutTags is a text without the tags in angle brackets.
func withoutTags(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		j := strings.IndexByte(s[i:], '>')
		if j < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i+j+1:]
	}
	b.WriteString(s)
	return b.String()
}

// Plain is the text of a node and those in it.
func (n *Node) Plain() string {
	if n.Text != "" || len(n.Children) == 0 {
		return n.Text
	}
	var b strings.Builder
	for _, c := range n.Children {
		b.WriteString(c.Plain())
	}
	return b.String()
}

// Has reports whether the node has one of some classes.
func (n *Node) Has(classes ...string) bool {
	return slices.ContainsFunc(classes, func(c string) bool { return slices.Contains(n.Classes, c) })
}
