package lsp

import "testing"

// Documents without a mark of commands are none of the server's business.
func TestHasExercise(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"# Notes\n\n```bash\nls\n```\n":                 false,
		".exercise[\n]\n":                               true,
		"<!-- workshop: style plain -->\n":              true,
		"Run `ls`{{execute}}.\n":                        true,
		"```\nls\n```{{exec}}\n":                        true,
		"~~~\n$ ls\n~~~\n{: .language-bash}\n":          true,
		"Open `a.txt`{{open}}, and copy `b`{{copy}}.\n": false,
	} {
		if hasExercise(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
