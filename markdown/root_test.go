package markdown_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"workshop/markdown"
)

// TestRootLinks loads decks by way of symbolic links.
func TestRootLinks(t *testing.T) {
	top := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(top, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("real/ok.md", "# One\n")
	write("root/own/ok.md", "# Two\n")
	write("secret", "")
	for _, tc := range []struct{ name, target, want string }{
		{"inside.md", "own/ok.md", ""},
		{"absolute.md", top + "/root/own/ok.md", ""},
		{"twice.md", top + "/root/absolute.md", ""},
		{"folder", top + "/root/own", "/ok.md"},
		{"out.md", "../real/ok.md", "out.md: cannot be read: a link to ../real/ok.md, outside of the root (try ../real/ok.md)"},
		{"far.md", top + "/real/ok.md", "far.md: cannot be read: a link to ../real/ok.md, outside of the root (try ../real/ok.md)"},
		{"beyond", top + "/real", "beyond/ok.md: cannot be read: a link to ../real/ok.md, outside of the root (try ../real/ok.md)"},
		{"detour.md", top + "/real/../root/own/ok.md", ""},
		{"dangling.md", top + "/root/own/nothing.md", "dangling.md: no such file"},
		{"loop.md", "loop.md", "loop.md: cannot be read: too many levels of symbolic links"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := os.Symlink(tc.target, filepath.Join(top, "root", tc.name)); err != nil {
				t.Fatal(err)
			}
			root, err := markdown.OpenRoot(filepath.Join(top, "root"))
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			name, want := tc.name, tc.want
			if filepath.Ext(name) == "" {
				name += "/ok.md"
			}
			if want == "/ok.md" {
				want = ""
			}
			deck, err := markdown.Load(root, name, markdown.Options{Outside: func(name string) string { return "try " + name }})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if err == nil && deck.Title != "Two" {
				t.Errorf("title %q", deck.Title)
			}
			if err != nil && strings.Contains(deck.Title, "One") {
				t.Error("the file outside was read")
			}
		})
	}
}
