package watch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func save(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTree saves files in a tree and in a folder that is made later. Names of scratch files and
// the folder .git are left out.
func TestTree(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	w, err := New(func(name string) bool { return !Scratch(name) })
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := w.Tree(dir); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(dir, ".a.md.swp"))
	save(t, filepath.Join(dir, ".git", "index"))
	save(t, filepath.Join(dir, "a.md"))
	save(t, filepath.Join(dir, "a.md"))
	if got, want := <-w.Changed, []string{filepath.Join(dir, "a.md")}; !slices.Equal(got, want) {
		t.Errorf("changed %v, want %v", got, want)
	}
	// The file may be older than the watch of its folder.
	deep := filepath.Join(dir, "new", "deep")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(deep, "b"))
	for !slices.Contains(<-w.Changed, filepath.Join(deep, "b")) {
	}
	save(t, filepath.Join(deep, "c"))
	for !slices.Contains(<-w.Changed, filepath.Join(deep, "c")) {
	}
}

// TestJoined saves files that nobody asks about meanwhile.
func TestJoined(t *testing.T) {
	dir := t.TempDir()
	w, err := New(func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Folder(dir); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, name := range []string{"a", "b", "c"} {
		save(t, filepath.Join(dir, name))
		want[filepath.Join(dir, name)] = true
	}
	for len(want) > 0 {
		for _, name := range <-w.Changed {
			delete(want, name)
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestScratch(t *testing.T) {
	for name, want := range map[string]bool{
		".a.md.swp": true, "a.md~": true, "4913": true, ".#a.md": true, "#a.md#": true,
		"a.md": false, ".env": false, "#.md": false, "app.swift": false,
	} {
		if got := Scratch("/deck/" + name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
