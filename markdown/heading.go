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
	// Most headings hold no markup, or code only.
	bare := closing(strings.TrimLeft(line, " #"))
	if strings.HasPrefix(line, "#") && simpleCode(bare) {
		bare = strings.ReplaceAll(bare, "`", "")
	} else if strings.ContainsAny(line, "`*_[]<>&\\!") && t.spent <= maxHeadings {
		return t.parsed(line)
	}
	return strings.Join(strings.Fields(bare), " ")
}

// simpleCode reports whether the only markup of a text is code spans of one backtick at either side,
// whose code neither begins nor ends with a blank.
func simpleCode(text string) bool {
	if strings.ContainsAny(text, "*_[]<>&\\!") {
		return false
	}
	code := false
	for before, rest, found := strings.Cut(text, "`"); found; before, rest, found = strings.Cut(rest, "`") {
		blank := func(s string) bool { return s == "" || strings.Trim(s, " \t") != s }
		if rest != "" && rest[0] == '`' || code && blank(before) {
			return false
		}
		code = !code
	}
	return !code
}

// parsed is the plain text of a heading's line by the rules of Markdown.
func (t *titler) parsed(line string) string {
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
