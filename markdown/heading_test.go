package markdown

import (
	"testing"

	"github.com/yuin/goldmark"
)

// TestTitle compares the titles of headings with those that goldmark finds.
func TestTitle(t *testing.T) {
	parser := goldmark.DefaultParser()
	for line, want := range map[string]string{
		"# a":                  "a",
		"## a  b ##":           "a b",
		"# `a`":                "a",
		"## Use `a b` and `c`": "Use a b and c",
		"# `a` #":              "a",
		"# `a #`":              "a #",
		"# x` a `y":            "xay",
		"# x`a `y":             "xa y",
		"# `a":                 "`a",
		"# `a` `b":             "a `b",
		"# ``a`b``":            "a`b",
		"# `a``b`":             "a``b",
		"# ` `":                "",
		"# `*a*`":              "*a*",
		"# *a* `b`":            "a b",
		"# `a` &amp; b":        "a & b",
		"# \\`a\\`":            "`a`",
		"# `a`b`c`":            "abc",
		"#\t`a`\t`b` # ":       "a b",
		"#":                    "",
		"# `a` [b](c)":         "a b",
	} {
		titler := &titler{parser: parser}
		if got := titler.title(line); got != want {
			t.Errorf("%q: %q, not %q", line, got, want)
		}
		if got := titler.parsed(line); got != want {
			t.Errorf("%q: goldmark finds %q, not %q", line, got, want)
		}
	}
}
