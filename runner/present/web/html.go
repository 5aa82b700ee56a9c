package web

import (
	"html"
	"io/fs"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"workshop/markdown"
	"workshop/runner/present"
)

// renderer makes HTML of the tree of a slide. There is no way for markup of a deck to get
// through: what comes out are the elements that stand below, with attributes that
// stand below, and everything else is escaped.
type renderer struct {
	b     strings.Builder
	steps map[*markdown.Step]int // their index in the deck
}

// slideHTML is what a slide shows.
func slideHTML(s *present.Slide) string {
	r := &renderer{steps: map[*markdown.Step]int{}}
	for _, step := range s.Steps {
		r.steps[step.Step.Step] = step.Index
	}
	tree, _ := markdown.Tree(s.Parts...) // one that is refused is shown as it was written
	r.all(tree.Children)
	return r.b.String()
}

// textHTML is a text by itself, such as notes.
func textHTML(source string) string {
	if source == "" {
		return ""
	}
	r := &renderer{}
	tree, _ := markdown.Tree(&markdown.Slide{Source: source})
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
		highlight(&r.b, n.Lang, n.Text)
		r.b.WriteString("</code></pre>")
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
		r.b.WriteString("<code" + r.step(n, "") + ">" + escape(n.Text) + "</code>")
	case markdown.LinkNode:
		if to := linkTo(n.URL); to != "" {
			r.element("a", linkAttributes(to), n)
		} else {
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
}

func (r *renderer) image(n *markdown.Node) {
	alt := n.Plain()
	if name := imageName(n.URL); name != "" {
		r.b.WriteString(`<img src="file/` + escape((&url.URL{Path: name}).EscapedPath()) + `" alt="` + escape(alt) + `">`)
		return
	}
	if to := linkTo(n.URL); strings.HasPrefix(to, "http") { // nothing is loaded from elsewhere
		r.b.WriteString("<a" + linkAttributes(to) + ">" + escape(alt) + "</a>")
		return
	}
	r.b.WriteString(escape(alt))
}

// text writes text, with the addresses of pages in it as links.
func (r *renderer) text(s string) {
	for {
		i := strings.Index(s, "http")
		for i >= 0 && !strings.HasPrefix(s[i:], "http://") && !strings.HasPrefix(s[i:], "https://") {
			j := strings.Index(s[i+4:], "http")
			if j < 0 {
				i = -1
				break
			}
			i += 4 + j
		}
		if i < 0 {
			break
		}
		end := strings.IndexAny(s[i:], " \t\n<>\"'`()[]{}")
		if end < 0 {
			end = len(s) - i
		}
		address := strings.TrimRight(s[i:i+end], ".,:;!?")
		r.b.WriteString(escape(s[:i]))
		if to := linkTo(address); to != "" {
			r.b.WriteString("<a" + linkAttributes(to) + ">" + escape(address) + "</a>")
		} else {
			r.b.WriteString(escape(address))
		}
		s = s[i+len(address):]
	}
	r.b.WriteString(escape(s))
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
		return ` href="` + escape(to) + `"`
	}
	return ` href="` + escape(to) + `" target="_blank" rel="noopener noreferrer"`
}

// imageName is the name of a picture in the deck's folder; "" if it is none.
func imageName(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || strings.HasPrefix(u.Path, "/") {
		return ""
	}
	name := path.Clean(u.Path)
	if !fs.ValidPath(name) || name == "." || imageTypes[strings.ToLower(path.Ext(name))] == "" {
		return ""
	}
	return name
}

// imageTypes are the pictures that are shown, by the ends of their names.
var imageTypes = map[string]string{
	".avif": "image/avif", ".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".png": "image/png", ".svg": "image/svg+xml", ".webp": "image/webp",
}

// classes is the attribute for the classes of a deck.
func classes(names []string) string {
	if list := classList(names); list != "" {
		return ` class="` + list + `"`
	}
	return ""
}

// classList are the classes of a deck, apart from ours.
func classList(names []string) string {
	var all []string
	for _, name := range names {
		if name != "" && len(name) <= 64 && strings.Trim(name, classLetters) == "" {
			all = append(all, "c-"+name)
		}
	}
	return strings.Join(all, " ")
}

const classLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// escape makes text of text, without control characters.
func escape(s string) string { return html.EscapeString(printable(s)) }

// printable is a text without what is no text: control characters, what is not UTF-8, and
// what makes text appear in another order than it has.
func printable(s string) string {
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
