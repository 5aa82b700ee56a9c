package lint_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"workshop/runner/lint"
)

// TestSlideOverflow counts the lines that a reader sees: not comments, also behind a fence in a
// list, and lines of code in a list without wrapping.
func TestSlideOverflow(t *testing.T) {
	tests := []struct {
		name, deck string
		want       bool
	}{
		{"a comment behind a fence in a list", "- ```text\n  a\n  ```\n\n<!--\n" + strings.Repeat("x\n", 30) + "-->\n", false},
		{"long lines of code in a list", "- ```text\n" + strings.Repeat("  "+strings.Repeat("x", 90)+"\n", 20) + "  ```\n", false},
		{"blank lines around code", strings.Repeat("text\n\n```\na\n```\n\n", 9), true},
		{"a diagram", "# A\n\n<pre class=\"mermaid\">\ngraph TD\n" + strings.Repeat("  A --> B\n\n", 30) + "</pre>\n\nText\n", false},
		{"a slide that is a diagram", "%%{init:\n  {}\n}%%\ngitGraph\n" + strings.Repeat("  commit\n", 30), false},
		{"a diagram in a fence", "- Look:\n  ```mermaid\n" + strings.Repeat("  A --> B\n", 30) + "  ```\n", false},
		{"a diagram and a long text", "<div class='mermaid'>\nA\n</div>\n" + strings.Repeat("text\n", 30), true},
		{"a diagram that is code", "```html\n<pre class=\"mermaid\">\n" + strings.Repeat("A\n", 30) + "</pre>\n```\n", true},
		{"other preformatted text", "<pre class=\"big\">\n" + strings.Repeat("A\n", 30) + "</pre>\n", true},
		{"a bracket that is text", "\\.small[\n" + strings.Repeat("]\n", 26), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			deck := "class: title\n\n# Title\n\n---\n\n" + tt.deck
			if got := slices.Contains(codes(lint.Run(load(t, deck), lint.Options{})), "slide-overflow"); got != tt.want {
				t.Errorf("reported: %t", got)
			}
		})
	}
}

// TestPages finds nothing in pages of text that may look like slides or like blocks.
func TestPages(t *testing.T) {
	text := strings.Repeat("Text.\n\n", 60)
	for name, tt := range map[string]struct {
		page string
		want []string
	}{
		"one heading":            {"# A\n\n" + text, nil},
		"rules":                  {"# A\n\n" + text + "---\n\n" + text, nil},
		"a bracket":              {"# A\n\n[\n  1\n]\n", nil},
		"any heading":            {"# A\n\n[b](#the-bee-method)\n\n## The `Bee` method\n\n### `x.Dot` again\n\n[x](#xdot-again-1)\n", nil},
		"no such heading":        {"# A\n\n[b](#wasp)\n\n## Bee\n", []string{"missing-target"}},
		"a sign is no heading":   {"# A\n\n[b](#wasp)\n\n    # Wasp\n", []string{"missing-target"}},
		"outside":                {"[a](../a.md) ![b](../../b.png)\n", nil},
		"inside":                 {"[a](b/../a.md)\n", nil}, // the rest may not be there
		"sections of one title":  {"# A\n\n## Use\n\n```bash\nls\n```\n\n## More\n\n## Use\n\n```bash\npwd\n```\n", nil},
		"a block: slides":        {".small[a]\n\n" + text, []string{"slide-overflow"}},
		"notes: slides":          {text + "\n???\n\nNotes\n", []string{"slide-overflow"}},
		"an increment: slides":   {"# A\n\n--\n\n" + text, []string{"slide-overflow"}},
		"a bracket behind rules": {"a\n\n---\n\n]\n", []string{"stray-bracket"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := codes(lint.Run(load(t, tt.page), lint.Options{})); !slices.Equal(got, tt.want) {
				t.Errorf("reported: %v", got)
			}
		})
	}
}

// TestPartial reports a missing file of a page only if the rest of its repository is surely there.
func TestPartial(t *testing.T) {
	const front = "---\ntitle: A\n---\n"
	for name, tt := range map[string]struct {
		page   string
		others []string
		want   []string // messages
	}{
		"no repository":           {"[b](b.md) ![c](img/c.png)\n", nil, nil},
		"a repository":            {"[b](b.md)\n", []string{".git/HEAD"}, []string{"b.md: no such file for this link"}},
		"a folder of a kind":      {"![c](img/c.png)\n", []string{"img/d.png"}, []string{"img/c.png: no such file for this image"}},
		"a folder of another":     {"![c](img/c.png)\n", []string{"img/d.txt"}, nil},
		"more missing than there": {"[b](b.md) [c](c.md)\n", []string{"d.md"}, nil},
		"a folder":                {"[b](b/)\n", []string{".git/HEAD"}, []string{"b/: no such file for this link"}},
		"a page of a site":        {front + "[b](../b/) [c](c)\n", []string{".git/HEAD"}, nil},
		"a source of a site":      {front + "[b](b.md)\n", []string{".git/HEAD"}, []string{"b.md: no such file for this link"}},
		"beside a page of a site": {front + "[b](../b.md) [i](index.md)\n", []string{".git/HEAD", "b.md", "_index.md"}, nil},
		"no name":                 {"# A\n\n[b](@) [c](...) [d](-1) [e]({{.X}}/f.md)\n\n[1]: [A title](https://a)\n", []string{".git/HEAD"}, nil},
		"GitHub's name":           {"# A bee\n\n[b](#user-content-a-bee)\n", nil, nil},
		"slides":                  {"class: a\n\n![c](img/c.png)\n", nil, []string{"img/c.png: no such file for this image"}},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{"a.md": &fstest.MapFile{Data: []byte(tt.page)}}
			for _, other := range tt.others {
				fsys[other] = &fstest.MapFile{}
			}
			var got []string
			for _, f := range lint.Run(input(t, fsys, "a.md"), lint.Options{}).Findings {
				got = append(got, f.Message)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("reported: %q", got)
			}
		})
	}
}
