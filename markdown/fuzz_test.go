package markdown_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"workshop/markdown"
)

// seeds gives a fuzz test the files of the cases whose name has an extension.
func seeds(f *testing.F, ext string) {
	f.Helper()
	archives, err := filepath.Glob("../testdata/markdown/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	for _, name := range archives {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range ar.Files {
			if filepath.Ext(file.Name) == ext {
				f.Add(string(file.Data))
			}
		}
	}
}

// FuzzParse looks for decks that cause a panic, take long, or give positions that
// are not in them.
func FuzzParse(f *testing.F) {
	seeds(f, ".md")
	for _, text := range hostileDecks(200) {
		f.Add(text)
	}
	f.Add(course(3))
	f.Fuzz(func(t *testing.T, text string) {
		quickly(t, func() {
			deck, err := markdown.Parse("deck.md", []byte(text))
			checkPositions(t, deck, err, map[string]string{"deck.md": text})
			if strings.Contains(text, "\r") {
				return
			}
			crlf, err2 := markdown.Parse("deck.md", []byte(strings.ReplaceAll(text, "\n", "\r\n")))
			if diff := cmp.Diff(listing(deck, err), listing(crlf, err2)); diff != "" {
				t.Errorf("with CRLF (- LF, + CRLF):\n%s", diff)
			}
		})
	})
}

// FuzzManifest does the same for manifests, with a few files to name and include.
func FuzzManifest(f *testing.F) {
	seeds(f, ".yml")
	files := map[string]string{
		"a.md": "# A\n@@TITLE@@ @@TOC@@ @@INCLUDE[b.md]\n.exercise[ ```bash a``` ]\n", "b.md": "class: x\n\nB @@INCLUDE[a.md]\n--\n",
		"intro.md": "# I\n", "sub/a.md": "@@LINK[a.md]\n",
	}
	f.Fuzz(func(t *testing.T, text string) {
		fsys := fstest.MapFS{"workshop.yml": {Data: []byte(text)}}
		sources := map[string]string{"workshop.yml": text}
		for name, s := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(s)}
			sources[name] = s
		}
		quickly(t, func() {
			deck, err := markdown.Load(fsys, ".", markdown.Options{})
			checkPositions(t, deck, err, sources)
		})
	})
}

// quickly fails when f does not return. A fuzzed text is small: what takes this long
// is not linear.
func quickly(t *testing.T, f func()) {
	t.Helper()
	watchdog := time.AfterFunc(10*time.Second, func() { panic("not decided after 10 s") })
	defer watchdog.Stop()
	f()
}
