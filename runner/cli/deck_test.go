package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPlaces looks at links and roots, also a second time, when they are remembered.
func TestPlaces(t *testing.T) {
	t.Parallel()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(top, name) }
	for _, name := range []string{"course/part", "other/part", "repo/part/deep", "repo/.git"} {
		if err := os.MkdirAll(at(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"course/all.yml": "content:\n- part/a.md\n", "course/part/a.md": "# A\n",
		"other/all.yml": "content:\n- b.md\n", "other/part/a.md": "# A\n",
	} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{"link": "course", "course/part/b.md": "../../other/part/a.md", "nothing": "gone"} {
		if err := os.Symlink(to, at(from)); err != nil {
			t.Fatal(err)
		}
	}
	p := newPlaces()
	for range 2 {
		for name, want := range map[string]string{
			"course/part/a.md": "course/part/a.md", "link": "course", "link/part/a.md": "course/part/a.md", "link/part/b.md": "other/part/a.md",
		} {
			if got, err := p.real(at(name)); got != at(want) || err != nil {
				t.Errorf("%s is %s, %v", name, got, err)
			}
		}
		for _, name := range []string{"nothing", "none", "none/a.md"} {
			if got, err := p.real(at(name)); !os.IsNotExist(err) {
				t.Errorf("%s is %s, %v", name, got, err)
			}
		}
		for dir, want := range map[string]string{
			"course/part": "course", "course": "course", "other/part": "other/part", "repo/part/deep": "repo", "repo": "repo",
		} {
			if got := p.top(at(dir)); got != at(want) {
				t.Errorf("the root of %s is %s", dir, got)
			}
		}
		// What is known is not looked at again.
		if err := os.Remove(at("course/all.yml")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}
