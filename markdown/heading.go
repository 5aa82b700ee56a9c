package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// goldmark takes more than linear time for some input: so its input is bounded. The rest
// is plain text.
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

// title is the plain text of a heading's line without `.name[ ]`: no markup.
func (t *titler) title(line string) string {
	if len(line) > maxHeading {
		return strings.ToValidUTF8(strings.Trim(strings.TrimLeft(line[:maxHeading], " "), "# \t"), "") + "…"
	}
	// Most headings hold no markup.
	if !strings.ContainsAny(line, "`*_[]<>&\\!") || t.spent > maxHeadings {
		return strings.Join(strings.Fields(closing(strings.TrimLeft(line, " #"))), " ")
	}
	t.spent += len(line) + headingCost
	source := []byte(line)
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
