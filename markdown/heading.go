package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// goldmark takes more than linear time for some input: so what it is given is
// bounded. What is more is plain text.
const (
	maxHeading  = 256     // bytes of a heading
	maxHeadings = 1 << 20 // bytes of a chapter's headings, and headingCost for each
	headingCost = 64
)

// titler reads the headings of a chapter.
type titler struct {
	parser parser.Parser
	spent  int // of maxHeadings
}

// title is the plain text of a heading's line: no markup, no `.name[ ]`.
func (t *titler) title(line string) string {
	if len(line) > maxHeading {
		return strings.ToValidUTF8(strings.Trim(strings.TrimLeft(line[:maxHeading], " "), "# \t"), "") + "…"
	}
	// Most headings hold no markup.
	if !strings.ContainsAny(line, "`*_[]<>&\\!") || t.spent > maxHeadings {
		return strings.Join(strings.Fields(closing(strings.TrimLeft(line, " #"))), " ")
	}
	t.spent += len(line) + headingCost
	source := []byte(stripClasses(line))
	var b strings.Builder
	// The visitor returns no errors.
	_ = ast.Walk(t.parser.Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			value := n.Value(source)
			if !n.IsRaw() {
				value = util.ResolveNumericReferences(util.ResolveEntityNames(util.UnescapePunctuations(value)))
			}
			b.Write(value)
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(source))
		case *ast.RawHTML:
			b.WriteByte(' ')
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

// closing removes the optional closing sequence of a heading, such as ` ##`.
func closing(text string) string {
	text = strings.TrimRight(text, " \t")
	if bare := strings.TrimRight(text, "#"); bare == "" || isBlank(bare[len(bare)-1]) {
		return bare
	}
	return text
}

// stripClasses removes the marks of `.name[ … ]` from a line and keeps what is in them.
func stripClasses(line string) string {
	if !strings.Contains(line, "[") {
		return line
	}
	var b strings.Builder
	var classed []bool // of each open bracket
	for i := 0; i < len(line); {
		n := 1
		switch line[i] {
		case '\\':
			n = min(2, len(line)-i)
		case '`':
			run := prefix(line[i:], func(c byte) bool { return c == '`' })
			n = run
			if end := strings.Index(line[i+run:], line[i:i+run]); end >= 0 {
				n = run + end + run
			}
		case '.':
			if k, ok := className(line[i:]); ok {
				classed = append(classed, true)
				i += k
				continue
			}
		case '[':
			classed = append(classed, false)
		case ']':
			if len(classed) > 0 {
				span := classed[len(classed)-1]
				classed = classed[:len(classed)-1]
				if span {
					i++
					continue
				}
			}
		}
		b.WriteString(line[i : i+n])
		i += n
	}
	return b.String()
}
