package markdown

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// claimed is the text of the node that a claim is shown with.
func claimed(n *Node, claim *Step) string {
	if slices.Contains(n.Claims, claim) {
		return n.Plain()
	}
	for _, c := range n.Children {
		if text := claimed(c, claim); text != "" {
			return text
		}
	}
	return ""
}

// TestSentence gives claims the text that they stand under.
func TestSentence(t *testing.T) {
	t.Parallel()
	const claim = "<!-- ```claim x < 1``` -->\n"
	for _, tt := range []struct{ text, want, at string }{
		{".exercise[\n- It is **small**:\n" + claim + "]\n", "It is small", "3:3"},
		{".exercise[\n- One\n- Two, on\n  two lines\n\n" + claim + "]\n", "Two, on two lines", "4:3"},
		{".exercise[\n12. Look at `x`:\n    ```bash\n    x\n    ```\n" + claim + "]\n", "Look at x", "3:5"},
		{".exercise[\n```bash\nx\n```\n" + claim + "]\n", "Title", "1:3"},
		{"First\n\nSecond *one*,\nlonger\n\n<!-- a remark -->\n<!-- .exercise[\n```claim x < 1```\n] -->\n", "Second one, longer", "4:1"},
		{".exercise[\n- A\n<!-- ```claim x < 2``` ```claim x < 1``` -->\n]\n", "A", "3:3"},
		{".exercise[\n- A\n- B\n<!--\n```wait b```\n```claim x < 1```\n-->\n]\n", "B", "4:3"},
		{"Under a heading\n\n.exercise[\n" + claim + "]\n\nBehind\n", "Under a heading", "2:1"},
		{strings.Repeat("word ", 2000) + "\n.exercise[\n" + claim + "]\n", "", ""},
	} {
		d, err := Load(fstest.MapFS{"d.md": {Data: []byte("# Title\n" + tt.text)}}, "d.md", Options{})
		if err != nil {
			t.Fatal(err)
		}
		steps := d.Chapters[0].Slides[0].Exercises[0].Steps
		step := steps[len(steps)-1]
		if tt.at == "" { // the text is cut
			if len(step.Sentence) > maxSentence {
				t.Errorf("a sentence of %d bytes", len(step.Sentence))
			}
			continue
		}
		if at := strings.TrimPrefix(step.SentencePos.String(), "d.md:"); step.Sentence != tt.want || at != tt.at {
			t.Errorf("%s\n%q at %s, want %q at %s", tt.text, step.Sentence, at, tt.want, tt.at)
		}
		tree, err := Tree(d.Chapters[0].Slides[0])
		if err != nil {
			t.Fatal(err)
		}
		if shown := claimed(tree, step); strings.TrimSuffix(shown, ":") != tt.want {
			t.Errorf("%s\nshown with %q, want %q", tt.text, shown, tt.want)
		}
	}
}
