package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"workshop/runner/lint"
)

func TestIgnore(t *testing.T) {
	const top = "```bash\ntop\n```\n"
	tests := []struct{ name, deck, want string }{
		{"right before it", ".exercise[\n<!-- lint-ignore never-ends: why -->\n" + top + "]\n", "1"},
		{"before its list item", ".exercise[\n<!-- lint-ignore never-ends: why -->\n\n- Look:\n  ```bash\n  top\n  ```\n]\n", "1"},
		{"on its line", ".exercise[\n```bash top``` <!-- lint-ignore never-ends: why -->\n]\n", "1"},
		{"within a comment", ".exercise[\n<!--\nlint-ignore never-ends: why\n```bash top```\n-->\n]\n", "1"},
		{
			"one on the other",
			".exercise[\n<!-- lint-ignore never-ends: why -->\n<!-- lint-ignore pasted-prompt: why -->\n```bash\n$ ls\ntop\n```\n]\n",
			"2",
		},
		{"two in one", ".exercise[\n<!-- lint-ignore never-ends, pasted-prompt: why -->\n```bash\n$ ls\ntop\n```\n]\n", "2"},
		{"only the next step", ".exercise[\n<!-- lint-ignore never-ends: why -->\n" + top + "\n" + top + "]\n", "1 never-ends"},
		{"a paragraph between", ".exercise[\n<!-- lint-ignore never-ends: why -->\n\nText.\n\n" + top + "]\n", "0 unused-ignore never-ends"},
		{"before properties", "<!-- lint-ignore swallowed-property: why -->\nnote: this\nclass: x\n\n# A\n", "1"},
		{"a slide", "class: a\n\n<!-- lint-ignore slide-overflow: why -->\n\n# A\n\n```\n" + strings.Repeat("x\n", 40) + "```\n", "1"},
		{"another code", ".exercise[\n<!-- lint-ignore fixed-sleep: why -->\n" + top + "]\n", "0 unused-ignore never-ends"},
		{"no reason", ".exercise[\n<!-- lint-ignore never-ends -->\n" + top + "]\n", "0 bad-ignore never-ends"},
		{"no code", "<!-- lint-ignore: why -->\n", "0 bad-ignore"},
		{"no such code", "<!-- lint-ignore xyz: why -->\n", "0 bad-ignore"},
		{"a step", ".exercise[\n<!-- lint-ignore no-snippet: why -->\n```wait x```\n]\n", "1"},
		{
			"what cannot be", "<!-- lint-ignore comment-spans: why -->\n<!--\n\n---\n\n-->\n", "0 bad-ignore comment-spans",
		},
		{"in code", "```\n<!-- lint-ignore xyz -->\n```\n`<!-- lint-ignore xyz -->`\n", "0"},
		{"another word", "<!-- lint-ignored xyz -->\n", "0"},
		{
			"a manifest",
			"-- workshop.yml --\ncontent: [a.md, b.md]\nlint:\n  ignore:\n  - {code: never-ends, reason: why, files: a.md}\n" +
				"-- a.md --\n.exercise[\n" +
				top + "]\n-- b.md --\n.exercise[\n" + top + "]\n", "1 never-ends",
		},
		{
			"a manifest, all files",
			"-- workshop.yml --\ncontent: [a.md, b.md]\nlint:\n  slide-lines: 2\n" +
				"  ignore:\n  - {code: [never-ends, slide-overflow], reason: why}\n" +
				"-- a.md --\n# A\n.exercise[\n" +
				top + "]\n-- b.md --\n# B\n.exercise[\n" + top + "]\n", "4",
		},
		{
			"a manifest without a reason",
			"-- workshop.yml --\ncontent: [a.md]\nlint:\n  ignore:\n  - code: never-ends\n-- a.md --\n# A\n", "0 bad-ignore",
		},
		{"a manifest with another key", "-- workshop.yml --\ncontent: [a.md]\nlint:\n  ignores: []\n-- a.md --\n# A\n", "0 manifest-key"},
		{"a manifest with a list", "-- workshop.yml --\ncontent: [a.md]\nlint: [never-ends]\n-- a.md --\n# A\n", "0 manifest-value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := lint.Run(load(t, tt.deck), lint.Options{})
			got := strings.Join(append([]string{fmt.Sprint(r.Ignored)}, codes(r)...), " ")
			if got != tt.want {
				t.Errorf("found %q, want %q in\n%s", got, tt.want, tt.deck)
			}
		})
	}
}
