package page

import (
	"html"
	"io/fs"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"workshop/markdown"
	"workshop/runner/present/code"
)

// renderer makes HTML of the tree of a slide. There is no way for markup of a deck to get
// through: it writes the elements and attributes that are listed below, and escapes
// everything else.
type renderer struct {
	b        strings.Builder
	steps    map[*markdown.Step]int // their index in the deck
	pictures bool                   // of the deck's folder are beside the page, in file/
	linked   bool                   // within a link
	behind   func(step int) string  // HTML behind a step's code; nil: none
	late     strings.Builder        // of those within a line, which comes behind the slide
	budget   code.Budget            // for all code of the slide
}

// Slide is a slide as HTML, given as for [markdown.Tree]. Code that is one of the steps gets
// the step's index as data-step, and behind it the HTML that the function has for it, if there is one.
func Slide(parts []*markdown.Slide, steps map[*markdown.Step]int, behind func(step int) string) string {
	r := &renderer{steps: steps, pictures: true, behind: behind}
	return r.tree(parts...) + r.late.String()
}

// goesOn writes the parts behind a step's code.
func (r *renderer) goesOn(to *strings.Builder, n *markdown.Node) {
	if i, ok := r.steps[n.Step]; ok && n.Step != nil && r.behind != nil {
		to.WriteString(r.behind(i))
	}
}

// Text is a Markdown text by itself as HTML, such as notes.
func Text(source string) string {
	r := &renderer{pictures: true}
	return r.source(source)
}

// Alone is a Markdown text as HTML for a page that is a single file: instead of a picture it
// has the picture's description.
func Alone(source string) string {
	r := &renderer{}
	return r.source(source)
}

func (r *renderer) source(source string) string {
	if source == "" {
		return ""
	}
	return r.tree(&markdown.Slide{Source: source})
}

func (r *renderer) tree(parts ...*markdown.Slide) string {
	tree, _ := markdown.Tree(parts...) // one that is refused is shown as it was written
	r.all(tree.Children)
	return r.b.String()
}

func (r *renderer) all(nodes []*markdown.Node) {
	for _, n := range nodes {
		r.node(n)
	}
}

// element writes an element around the children of a node.
func (r *renderer) element(name, attributes string, n *markdown.Node) {
	r.b.WriteString("<" + name + attributes + ">")
	r.all(n.Children)
	r.claims(n)
	r.b.WriteString("</" + name + ">")
}

func (r *renderer) node(n *markdown.Node) {
	switch n.Kind {
	case markdown.DocumentNode:
		r.all(n.Children)
	case markdown.HeadingNode:
		r.element("h"+strconv.Itoa(min(max(n.Level, 1), 6)), "", n)
	case markdown.ParagraphNode:
		r.element("p", "", n)
	case markdown.ListNode:
		name, attributes := "ul", ""
		if n.Ordered {
			name = "ol"
			if n.Start != 1 {
				attributes = ` start="` + strconv.Itoa(n.Start) + `"`
			}
		}
		if n.Tight {
			attributes += ` class="tight"`
		}
		r.element(name, attributes, n)
	case markdown.ItemNode:
		r.element("li", "", n)
	case markdown.CodeNode:
		r.b.WriteString(`<pre tabindex="0"` + r.step(n, "code") + `><code>`)
		highlight(&r.b, r.budget.Runs(n.Lang, n.Text))
		r.b.WriteString("</code></pre>")
		r.goesOn(&r.b, n)
	case markdown.QuoteNode:
		r.element("blockquote", "", n)
	case markdown.TableNode:
		r.table(n)
	case markdown.RuleNode:
		r.b.WriteString("<hr>")
	case markdown.BlockNode:
		r.element("div", classes(n.Classes), n)
	case markdown.StepsNode: // hidden
	case markdown.TextNode:
		r.text(n.Text)
	case markdown.EmphNode:
		r.element("em", "", n)
	case markdown.StrongNode:
		r.element("strong", "", n)
	case markdown.SpanNode:
		r.element("span", classes(n.Classes), n)
	case markdown.VerbNode:
		r.b.WriteString("<code" + r.step(n, "") + ">" + Escape(n.Text) + "</code>")
		r.goesOn(&r.late, n)
	case markdown.LinkNode:
		switch to := linkTo(n.URL); {
		case n.Nowhere:
			r.b.WriteString(`<span class="nowhere">`)
			r.all(n.Children)
			r.b.WriteString(` (broken link)</span>`)
		case to != "" && !r.linked:
			r.linked = true
			r.element("a", linkAttributes(to), n)
			r.linked = false
		default:
			r.all(n.Children)
		}
	case markdown.ImageNode:
		r.image(n)
	case markdown.BreakNode:
		r.b.WriteString("<br>")
	default: // a kind that was added since: its text is better than nothing
		r.text(n.Text)
		r.all(n.Children)
	}
}

// claims writes the places for the measured figures of a text.
func (r *renderer) claims(n *markdown.Node) {
	for _, claim := range n.Claims {
		if i, ok := r.steps[claim]; ok {
			r.b.WriteString(` <span class="claim" data-claim="` + strconv.Itoa(i) + `"></span>`)
		}
	}
}

// step are the attributes of code, which may be a step.
func (r *renderer) step(n *markdown.Node, class string) string {
	if i, ok := r.steps[n.Step]; ok && n.Step != nil {
		return ` class="` + strings.TrimSpace(class+" step") + `" data-step="` + strconv.Itoa(i) + `"`
	}
	if class == "" {
		return ""
	}
	return ` class="` + class + `"`
}

func (r *renderer) table(n *markdown.Node) {
	r.b.WriteString(`<div class="scroll" tabindex="0"><table>`)
	for i, row := range n.Children {
		cell, from, to := "td", "", ""
		switch i {
		case 0:
			cell, from, to = "th", "<thead>", "</thead>"
		case 1:
			from = "<tbody>"
		}
		r.b.WriteString(from + "<tr>")
		for _, c := range row.Children {
			attributes := ""
			switch c.Align {
			case "left", "right", "center":
				attributes = ` class="` + c.Align + `"`
			}
			r.element(cell, attributes, c)
		}
		r.b.WriteString("</tr>" + to)
	}
	if len(n.Children) > 1 {
		r.b.WriteString("</tbody>")
	}
	r.b.WriteString("</table></div>")
	r.claims(n)
}

func (r *renderer) image(n *markdown.Node) {
	alt := n.Plain()
	if name := ImageName(n.URL); name != "" && r.pictures {
		r.b.WriteString(`<img src="file/` + Escape((&url.URL{Path: name}).EscapedPath()) + `" alt="` + Escape(alt) + `">`)
		return
	}
	if to := linkTo(n.URL); strings.HasPrefix(to, "http") { // nothing is loaded from elsewhere
		r.b.WriteString("<a" + linkAttributes(to) + ">" + Escape(alt) + "</a>")
		return
	}
	r.b.WriteString(Escape(alt))
}

// text writes text, with the addresses of pages in it as links.
func (r *renderer) text(s string) {
	at := 0
	if !r.linked {
		for _, a := range markdown.Addresses(s) {
			if to := linkTo(a.URL); to != "" {
				r.b.WriteString(Escape(s[at:a.From]) + "<a" + linkAttributes(to) + ">" + Escape(s[a.From:a.To]) + "</a>")
				at = a.To
			}
		}
	}
	r.b.WriteString(Escape(s[at:]))
}

// linkTo is the address of a link that may be followed, written anew; "" otherwise.
func linkTo(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	switch {
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Opaque == "":
		return u.String()
	case u.Scheme == "mailto" && u.Opaque != "":
		return u.String()
	case u.Scheme == "" && u.Host == "" && u.Path == "" && u.RawQuery == "" && u.Fragment != "":
		return "#" + url.PathEscape(u.Fragment)
	}
	return ""
}

// linkAttributes are those of a link that linkTo has looked at.
func linkAttributes(to string) string {
	if strings.HasPrefix(to, "#") {
		return ` href="` + Escape(to) + `"`
	}
	return ` href="` + Escape(to) + `" target="_blank" rel="noopener noreferrer"`
}

// ImageName is the name of a picture in the deck's folder; "" if it is none.
func ImageName(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || strings.HasPrefix(u.Path, "/") {
		return ""
	}
	name := path.Clean(u.Path)
	if !fs.ValidPath(name) || name == "." || ImageTypes[strings.ToLower(path.Ext(name))] == "" {
		return ""
	}
	return name
}

// ImageTypes are the pictures that are shown, by the ends of their names.
var ImageTypes = map[string]string{
	".avif": "image/avif", ".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".png": "image/png", ".svg": "image/svg+xml", ".webp": "image/webp",
}

// classes is the attribute for the classes of a deck.
func classes(names []string) string {
	if list := ClassList(names); list != "" {
		return ` class="` + list + `"`
	}
	return ""
}

// ClassList are the classes of a deck, apart from ours.
func ClassList(names []string) string {
	var all []string
	for _, name := range names {
		if name != "" && len(name) <= 64 && strings.Trim(name, classLetters) == "" {
			all = append(all, "c-"+name)
		}
	}
	return strings.Join(all, " ")
}

const classLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// Escape makes text of text, without control characters.
func Escape(s string) string { return html.EscapeString(Printable(s)) }

// Printable is a text without control characters, invalid UTF-8, and the characters that
// change the order in which text appears.
func Printable(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c < ' ', c >= 0x7f && c < 0xa0, c == utf8.RuneError:
			return utf8.RuneError
		case c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069:
			return -1
		}
		return c
	}, s)
}
