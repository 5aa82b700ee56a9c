package markdown_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"
	"unicode/utf8"

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
	more, err := filepath.Glob("../testdata/dialect/*.txtar")
	if err != nil || len(more) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	styles, err := filepath.Glob("../testdata/styles/*.txtar")
	if err != nil || len(styles) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	archives = append(append(archives, more...), styles...)
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
			checkSteps(t, deck, text)
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

// checkSteps checks that a step and its text stand where it is said that they do.
func checkSteps(t *testing.T, deck *markdown.Deck, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		return // an error, and columns are moot
	}
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	at := func(pos markdown.Pos) string { return string([]rune(lines[pos.Line-1])[pos.Col-1:]) }
	for _, s := range deck.Chapters[0].Slides {
		for _, e := range s.Exercises {
			for _, st := range e.Steps {
				if st.Rule != "" {
					checkStyled(t, deck.Style, st, at)
					continue
				}
				if fence := at(st.Pos); !strings.HasPrefix(fence, "```") && !strings.HasPrefix(fence, "~~~") {
					t.Errorf("%v: no fence: %q", st.Pos, fence)
				}
				if word := at(st.Word.Pos); !strings.HasPrefix(word, st.Directive) {
					t.Errorf("%v: not the directive: %q", st.Word.Pos, word)
				}
				body := st.Raw
				if body == "" {
					body = st.Text
				}
				first, _, _ := strings.Cut(body, "\n")
				if first = strings.TrimLeft(first, " \t"); first != "" && !strings.HasPrefix(strings.TrimLeft(at(st.TextPos), " \t"), first) {
					t.Errorf("%v: not the text: %q", st.TextPos, at(st.TextPos))
				}
			}
		}
	}
}

// checkStyled checks the place of the text of a step in another style. A value of YAML may stand
// in other words, and keys stand for marks.
func checkStyled(t *testing.T, style string, st *markdown.Step, at func(markdown.Pos) string) {
	t.Helper()
	line, _, _ := strings.Cut(st.Text, "\n")
	first := strings.Fields(line)
	if style == "educates" || st.Rule == "file of a fence" || st.Directive != "bash" && st.Directive != "output" || len(first) == 0 {
		return
	}
	// The end of a line in a code span is a blank of the command.
	if rest := at(st.TextPos); rest != "" && !strings.HasPrefix(strings.TrimLeftFunc(rest, unicode.IsSpace), first[0]) {
		t.Errorf("%v: not the text: %q, but %q", st.TextPos, rest, st.Text)
	}
}

// FuzzStyles does the same as FuzzParse for each style, and looks for steps that are filled in
// twice.
func FuzzStyles(f *testing.F) {
	seeds(f, ".md")
	for _, text := range hostileDecks(200) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, style := range markdown.StyleNames() {
			quickly(t, func() {
				opts := markdown.Options{Style: style, Fill: true}
				deck, err := markdown.ParseStyle("deck.md", []byte(text), opts)
				checkPositions(t, deck, err, map[string]string{"deck.md": text})
				checkSteps(t, deck, text)
				for _, s := range deck.Chapters[0].Slides {
					_, _ = markdown.Tree(s) // it is bounded, and must not panic
				}
			})
		}
	})
}

// FuzzManifest does the same for manifests, with a few files to name and include.
func FuzzManifest(f *testing.F) {
	seeds(f, ".yml")
	fuzzFolder(f, "workshop.yml", map[string]string{
		"a.md": "# A\n@@TITLE@@ @@TOC@@ @@INCLUDE[b.md]\n.exercise[ ```bash a``` ]\n", "b.md": "class: x\n\nB @@INCLUDE[a.md]\n--\n",
		"intro.md": "# I\n", "sub/a.md": "@@LINK[a.md]\n",
	})
}

// FuzzScenario does the same for the index.json of a scenario, with a few pages and scripts to name.
func FuzzScenario(f *testing.F) {
	seeds(f, ".json")
	fuzzFolder(f, "index.json", map[string]string{
		"a.md": "# A\n\n`a`{{exec}}\n", "b.md": "`b`{{execute T2}}\n<!-- ```wait x``` -->\n", "step1/text.md": "`c`{{exec interrupt}}\n",
		"intro.md": "# I\n", "v.sh": "v\n", "setup.sh": "true\n", "assets/run.sh": "true\n",
	})
}

// fuzzFolder loads a folder of files and a fuzzed one.
func fuzzFolder(f *testing.F, fuzzed string, files map[string]string) {
	f.Fuzz(func(t *testing.T, text string) {
		fsys := fstest.MapFS{fuzzed: {Data: []byte(text)}}
		sources := map[string]string{fuzzed: text}
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

// quickly fails when f does not return. A fuzzed text is small: a run of this length is not
// linear.
func quickly(t *testing.T, f func()) {
	t.Helper()
	watchdog := time.AfterFunc(10*time.Second, func() { panic("not decided after 10 s") })
	defer watchdog.Stop()
	f()
}
