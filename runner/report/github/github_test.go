package github

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRelative checks names from a folder inside a workspace that has two names.
func TestRelative(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sub, link := filepath.Join(top, "work/sub"), filepath.Join(top, "link")
	if err := os.MkdirAll(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("work", link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(sub)
	for _, test := range []struct{ workspace, file, want string }{
		{"", "deck.md", "deck.md"},
		{filepath.Join(top, "work"), "", ""},
		{filepath.Join(top, "work"), "deck.md", "sub/deck.md"},
		{filepath.Join(top, "work"), "../deck.md", "deck.md"},
		{filepath.Join(top, "work"), filepath.Join(sub, "deck.md"), "sub/deck.md"},
		{filepath.Join(top, "work"), "../../deck.md", "../../deck.md"},
		{link, "deck.md", "sub/deck.md"},
		{link, filepath.Join(link, "sub/deck.md"), "sub/deck.md"},
		{filepath.Join(top, "work"), filepath.Join(link, "sub/deck.md"), "sub/deck.md"},
		{filepath.Join(top, "none"), "deck.md", "deck.md"},
	} {
		if got := Relative(test.workspace, test.file); got != test.want {
			t.Errorf("%q in %q: %q, not %q", test.file, test.workspace, got, test.want)
		}
	}
}
