package markdown_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
)

// TestLines tells the lines that a reader sees from those that only hold structure.
func TestLines(t *testing.T) {
	src := "class: big\n\n# Title <!-- remark -->\n\n<!-- of\n\ntwo paragraphs -->\n" +
		".exercise[\n\n- Run it:\n```bash\n# none\n\nls\n```\n\n<!--\n```wait x```\n```bash\nls\n```\n-->\n]\n\n" +
		"- ~~~text\n  ``` ]\n  ~~~\n- ```bash\n  ls\n  ```\n" +
		".small[text ]\n\\.small[\n]\n@@TOC@@\n```\nend\n```\n\n???\n\nnotes\n"
	deck, err := markdown.Parse("d.md", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	slide := deck.Chapters[0].Slides[0]
	var got []string
	for _, l := range slide.Lines() {
		text := l.Text
		if !strings.Contains(slide.Source[l.Start:l.End], strings.TrimSpace(text)) || strings.Contains(slide.Source[l.Start:l.End], "\n") {
			t.Errorf("%q stands at %q", text, slide.Source[l.Start:l.End])
		}
		if l.Heading {
			text = "heading " + text
		}
		if l.Code {
			text = "code " + text
		}
		got = append(got, text)
	}
	want := []string{
		"heading # Title ", "", "", "- Run it:", "code # none", "code ", "code ls", "", "",
		"code   ``` ]", "code   ls", "text ", "\\.small[", "]", "- [Title](#1)", "code end",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
