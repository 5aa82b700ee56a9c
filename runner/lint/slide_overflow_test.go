package lint_test

import (
	"slices"
	"strings"
	"testing"

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
			if got := slices.Contains(codes(lint.Run(load(t, tt.deck), lint.Options{})), "slide-overflow"); got != tt.want {
				t.Errorf("reported: %t", got)
			}
		})
	}
}
