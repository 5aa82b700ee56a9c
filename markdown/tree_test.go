package markdown_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
)

// dump is a tree on a few lines.
func dump(n *markdown.Node, depth int, b *strings.Builder) {
	fmt.Fprintf(b, "%s%s", strings.Repeat("  ", depth), n.Kind)
	if n.Level > 0 {
		fmt.Fprintf(b, " %d", n.Level)
	}
	for _, c := range n.Classes {
		b.WriteString(" ." + c)
	}
	for _, s := range []string{n.Lang, n.Align, n.URL} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	if n.Text != "" {
		fmt.Fprintf(b, " %q", n.Text)
	}
	if n.Step != nil {
		fmt.Fprintf(b, " = %s %q", n.Step.Directive, n.Step.Text)
	}
	for _, s := range n.Steps {
		fmt.Fprintf(b, " (%s %q)", s.Directive, s.Text)
	}
	b.WriteString("\n")
	for _, c := range n.Children {
		dump(c, depth+1, b)
	}
}

func TestTree(t *testing.T) {
	tests := []struct{ name, deck, want string }{
		{"text", "## A *b* `c`\n\nx **y**\nz [l](http://u) ![pic](p.png) <b>t</b><br>end\n", `
document
  heading 2
    text "A "
    emph
      text "b"
    text " "
    verb "c"
  paragraph
    text "x "
    strong
      text "y"
    text " z "
    link http://u
      text "l"
    text " "
    image p.png
      text "pic"
    text " t"
    break
    text "end"
`}, {
			"exercise",
			".exercise[\n\n- Do:\n  ```bash\n  echo `a`\n  ```\n<!--\n```wait a```\n```key ^C```\n-->\n\n- Again: ```bash ls```\n\n]\n\nafter\n",
			`
document
  block .exercise
    list
      item
        paragraph
          text "Do:"
        code bash "echo ` + "`a`" + `" = bash "echo a"
        steps (wait "a") (key "^C")
      item
        paragraph
          text "Again: "
          verb "ls" = bash "ls"
  paragraph
    text "after"
`,
		}, {"hidden first", ".lab[\n<!-- ```hide cd /``` -->\n```bash\nls\n```\n]\n", `
document
  block .lab
    steps (hide "cd /")
    code bash "ls" = bash "ls"
`}, {
			"classes",
			".small[\n.warning[Take care of [this]]\n\n- a .red[b .blue[c] d] e\n\n  .footnote[\n  in the item\n  ]\n]\nnot \\.small[x]\n",
			`
document
  block .small
    block .warning
      paragraph
        text "Take care of [this]"
    list
      item
        paragraph
          text "a "
          span .red
            text "b "
            span .blue
              text "c"
            text " d"
          text " e"
        block .footnote
          paragraph
            text "in the item"
  paragraph
    text "not .small[x]"
`,
		}, {"table", "| a | b |\n|:--|--:|\n| `x` | 1 \\| 2 |\n| y |\n\nno | table\n", `
document
  table
    row
      cell left
        text "a"
      cell right
        text "b"
    row
      cell left
        verb "x"
      cell right
        text "1 | 2"
    row
      cell left
        text "y"
  paragraph
    text "no | table"
`}, {"html", "<div class=x>\nHello <script>alert(1)</script>\n</div>\n\n<!-- gone -->\n\n```html\n<!-- stays -->\n```\n", `
document
  paragraph
    text "Hello alert(1)"
  code html "<!-- stays -->"
`}, {"equal texts", "# T\n```bash\nls\n```\n.exercise[\n```text\n```\n```bash\n# @@TOC@@\n```\n```bash\nls\n```\n]\n", `
document
  heading 1
    text "T"
  code bash "ls"
  block .exercise
    code text
    code bash "# - [T](#1)" = bash "# @@TOC@@"
    code bash "ls" = bash "ls"
`}, {"an unclosed comment", "a\n<!--\n.x[\n--\nb\n", `
document
  paragraph
    text "a"
  paragraph
    text "b"
`}, {"closed in a comment", ".lab[\n```bash\nls\n```\n<!-- ] -->\nb\n\n```bash\nls\n```\n", `
document
  block .lab
    code bash "ls" = bash "ls"
  paragraph
    text "b"
  code bash "ls"
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := markdown.Parse("d.md", []byte(test.deck))
			if err != nil {
				t.Fatal(err)
			}
			n, err := markdown.Tree(d.Chapters[0].Slides...)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			dump(n, 0, &b)
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTreeSteps finds every step of the deck that ships in its trees, once.
func TestTreeSteps(t *testing.T) {
	d, err := markdown.Load(os.DirFS("../slides"), ".", markdown.Options{Directives: []string{"bash", "wait", "key"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Chapters {
		for _, s := range c.Slides {
			n, err := markdown.Tree(s)
			if err != nil {
				t.Fatal(err)
			}
			found := map[*markdown.Step]int{}
			var walk func(*markdown.Node)
			walk = func(n *markdown.Node) {
				if n.Step != nil {
					found[n.Step]++
				}
				for _, s := range n.Steps {
					found[s]++
				}
				for _, c := range n.Children {
					walk(c)
				}
			}
			walk(n)
			for _, e := range s.Exercises {
				for _, step := range e.Steps {
					if found[step] != 1 {
						t.Errorf("%v: %q is there %d times", step.Pos, step.Text, found[step])
					}
				}
			}
		}
	}
}

// hostileUnits cost a parser of Markdown more than their length, many times over.
var hostileUnits = []string{
	"*a ", "**a *", "_a__b", "[", "[a](", "![", "[a]", "`a", "` `` ", "<a ", "> ", ">", "- ",
	"-\n", "1. a\n", "a\n", "[a]: b\n", "[a]: <b\n", "[a]:\n", "*a_ ", "a**b", "<a href=\"", "<?", "# a\n", "a\n===\n",
	"~~~ a\n", "[a](<", "* * ", "](", "|a", "> > ", "- - ", "1. ", ".a[", ".a[\n", ".a[ ] ", ".a[\n]\n", "- .a[\n",
	"<!-- --> ", "|-", "a|b\n-|-\n",
}

// TestTreeHostile bounds the cost of one slide: only visible slides are laid out.
func TestTreeHostile(t *testing.T) {
	for _, unit := range hostileUnits {
		src := strings.Repeat(unit, (16<<10)/len(unit))
		within(t, slowdown*time.Second, func() {
			_, _ = markdown.Tree(&markdown.Slide{Source: src, Pos: markdown.Pos{File: "d.md", Line: 3, Col: 1}})
		})
	}
	_, err := markdown.Tree(&markdown.Slide{Source: strings.Repeat("[a](", 4000), Pos: markdown.Pos{File: "d.md", Line: 3, Col: 1}})
	if err == nil || err.Error() != "d.md:3:1: the slide is shown as it was written: it has more than 1000 brackets (make two of it)" {
		t.Error(err)
	}
}

func FuzzTree(f *testing.F) {
	for _, u := range hostileUnits {
		f.Add(strings.Repeat(u, 10))
	}
	f.Add(".exercise[\n- a\n  ```bash\n  x\n  ```\n<!-- ```wait a``` -->\n]")
	f.Fuzz(func(t *testing.T, src string) {
		d, err := markdown.Parse("d.md", []byte(src))
		if err != nil {
			return
		}
		within(t, time.Second, func() {
			for _, s := range d.Chapters[0].Slides {
				_, _ = markdown.Tree(s)
			}
		})
	})
}
