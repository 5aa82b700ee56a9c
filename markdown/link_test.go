package markdown_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
)

func TestLinks(t *testing.T) {
	src := "background-image: url(pics/back.jpg)\n\n# Ünïcode [title](a.md)\n\n" +
		"![picture](images/a%20b.png \"title\") and [![both](in.png)](out.html)\n\n" +
		"`[code](no)` and `` [`more`](no) `` and \\[escaped](no) [brackets](a_(b).md)\n\n" +
		"<!-- [comment](no) -->\n\n- Run it:\n  ```yaml\n  [fence](no)\n  ```\n\n" +
		"[ref]: there.md\n\n<img class=\"x\" src=\"pic.png\"> <a href='#name'>here</a>\n\n" +
		"[open](no\n\n[angle](<with blank.md>)\n\n.small[a [nested](n.md)]\n\n???\n\n[note](no)\n"
	deck, err := markdown.Parse("d.md", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range deck.Chapters[0].Slides[0].Links() {
		kind := "link"
		if l.Image {
			kind = "image"
		}
		got = append(got, fmt.Sprintf("%v-%d %s %s", l.Pos, l.End.Col, kind, l.Target))
	}
	want := []string{
		"d.md:1:1-0 image pics/back.jpg", "d.md:3:19-23 link a.md",
		"d.md:5:12-28 image images/a b.png", "d.md:5:51-57 image in.png", "d.md:5:60-68 link out.html",
		"d.md:7:67-75 link a_(b).md", "d.md:16:8-16 link there.md",
		"d.md:18:21-28 image pic.png", "d.md:18:40-45 link #name",
		"d.md:22:10-23 link with blank.md", "d.md:24:19-23 link n.md",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLinksInCode tells links from code that looks like some.
func TestLinksInCode(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a fence in a fence", "```text\n    ```\n[x](no)\n```\n\n[y](yes)\n", "yes"},
		{"a fence in another one", "~~~text\n```\n[x](no)\n```\n~~~\n[y](yes)\n", "yes"},
		{"a fence in a quotation", "> ```\n> [x](no)\n> ```\n> [y](yes)\n", "yes"},
		{"a longer one", "> ~~~~ text\n> [x](no)\n> ~~~\n> ```\n> [x](no)\n> ~~~~~\n> [y](yes)\n", "yes"},
		{"a fence that ends with its quotation", "> ```\n> [x](no)\n\n> [y](yes)\n", "yes"},
		{"a fence that ends with its slide", "> ```\n---\n> ```\n> [x](no)\n> ```\n> [y](yes)\n", "yes"},
		{"a fence that ends with a comment", "<!--\n```text\nx\n``` -->\n\n[y](yes)\n", "yes"},
		{"escaped", "\\[x](no) and \\\\[y](yes)\n", "yes"},
		{"a code span with a backtick", "``a ` [x](no) ``[y](yes)\n", "yes"},
		{"backticks of two paragraphs", "`a\n[x](yes)\n\nb`\n", "yes"},
		{"indented", "A\n\n    [x](no)\n\n\t[x](no)\n    [x](no)\nB [y](yes)\n", "yes"},
		{"indented at the beginning", "    [x](no)\n---\n    [x](no)\n", ""},
		{"indented in a paragraph", "A\n    [y](yes)\n", "yes"},
		{"indented in a list", "- A\n\n    [y](yes)\n\nB\n\n    [x](no)\n", "yes"},
		{"indented in a list that goes on", "- A\nB\n\n    [y](yes)\n--\n\n    [z](too)\n", "yes too"},
		{"indented behind a list", "- A\n\n---\n\n    [x](no)\n", ""},
		{"indented in a comment", "<!--\n\n    [x](no) --> [y](yes)\n", "yes"},
		{"behind a table of contents", "# T\n@@TOC@@ `[x](no)` @@TOC@@ [y](yes) `[x](no)`", "#1 #1 yes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			deck, err := markdown.Parse("d.md", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range deck.Chapters[0].Slides {
				for _, l := range s.Links() {
					got = append(got, l.Target)
				}
			}
			if links := strings.Join(got, " "); links != tt.want {
				t.Errorf("links %q, want %q", links, tt.want)
			}
		})
	}
}

// TestLinksAreLinear shows that no text makes the search for links take long.
func TestLinksAreLinear(t *testing.T) {
	for _, piece := range []string{
		"[", "[a](", "![", "<a ", "<a href=", "`", "`` ` ", "<!--", "```\n", "~~~x\n",
		"[a]: \n", "\\", "[a](<", "- ", "((", "<img src=\"\n", "``` `\n", "`\n\n",
	} {
		text := strings.Repeat(piece, (256<<10)/len(piece))
		deck, _ := markdown.Parse("d.md", []byte(text)) // the mistakes are the point
		quickly(t, func() {
			for _, c := range deck.Chapters {
				for _, s := range c.Slides {
					s.Links()
				}
			}
		})
	}
}

// TestAt shows that every part of a step is found where it stands.
func TestAt(t *testing.T) {
	src := "@@TITLE@@\n\n.exercise[\n- Run:\n  ```bash\n  échø `one`\n    two\n\n  three\n  ```\n<!-- ```wait  né``` -->\n]\n"
	deck, err := markdown.Parse("d.md", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(src, "\n")
	at := func(s markdown.Span) string {
		if s.Pos.Line != s.End.Line {
			t.Fatalf("%v", s)
		}
		return string([]rune(lines[s.Pos.Line-1])[s.Pos.Col-1 : s.End.Col-1])
	}
	for _, step := range deck.Chapters[0].Slides[0].Exercises[0].Steps {
		for word := range strings.FieldsSeq(step.Text) {
			i := strings.Index(step.Text, word)
			if got := at(step.At(i, i+len(word))); got != word {
				t.Errorf("%s stands at %s", word, got)
			}
		}
		if got := at(step.Word); got != step.Directive {
			t.Errorf("%s stands at %s", step.Directive, got)
		}
	}
}

// TestForget reads slides whose tokens were released: they are the same, without places in the file.
func TestForget(t *testing.T) {
	deck, err := markdown.Parse("d.md", []byte("# One\n\ntext with a [link](a.md)\n\n"+
		".exercise[\n```bash\ntrue\n```\n]\n\n---\n\n# Two\n\n- more\n"))
	if err != nil {
		t.Fatal(err)
	}
	texts := func() (all []string) {
		for _, s := range deck.Chapters[0].Slides {
			tree, err := markdown.Tree(s)
			if err != nil {
				t.Fatal(err)
			}
			var walk func(n *markdown.Node)
			walk = func(n *markdown.Node) {
				all = append(all, fmt.Sprint(n.Kind, " ", n.Text, n.URL))
				for _, c := range n.Children {
					walk(c)
				}
			}
			walk(tree)
		}
		return all
	}
	slide := deck.Chapters[0].Slides[0]
	step := slide.Exercises[0].Steps[0]
	places := func() [2]markdown.Span { return [2]markdown.Span{slide.At(0, 1), step.At(0, 1)} }
	if at := places(); at[0].Pos.Line != 1 || at[1].Pos.Line != 7 {
		t.Errorf("the slide and its step are at %v", at)
	}
	before := texts()
	deck.Forget()
	if at := places(); at != [2]markdown.Span{} {
		t.Errorf("the places of the slide and its step are kept, and with them the text of the file: %v", at)
	}
	if diff := cmp.Diff(before, texts()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	links := slide.Links()
	if len(links) != 1 || links[0].Target != "a.md" {
		t.Errorf("links: %v", links)
	}
	if step.Text != "true" || step.Pos.Line != 6 {
		t.Errorf("the step is %q at %v", step.Text, step.Pos)
	}
}
