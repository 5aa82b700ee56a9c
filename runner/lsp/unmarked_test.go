package lsp

import (
	"testing"

	"workshop/markdown"
)

// TestShowsCommands shows which documents are none of the server's business: those that show no commands.
func TestShowsCommands(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"# Notes\n\n```go\nx()\n```\n":                  false,
		"# Notes\n\n<!--\n```bash\nls\n```\n-->\n":      false,
		"# Notes\n\n- A:\n\n  ```bash\n  ls\n  ```\n":   true,
		".exercise[\n]\n":                               true,
		"<!-- workshop: style plain -->\n":              true,
		"Run `ls`{{execute}}.\n":                        true,
		"```\nls\n```{{exec}}\n":                        true,
		"~~~\n$ ls\n~~~\n{: .language-bash}\n":          true,
		"Open `a.txt`{{open}}, and copy `b`{{copy}}.\n": false,
	} {
		if markdown.ShowsCommands(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
