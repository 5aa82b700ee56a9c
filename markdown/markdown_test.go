package markdown_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"workshop/markdown"
)

// TestDecks loads the deck of each archive of testdata/markdown and compares the result
// with its file want, and the slides' sources with its file want-source, if
// there is one. Lines of the comment may say `load: NAME` (deck.md if there is one,
// else the root) and `env: KEY=VALUE`. UPDATE_GOLDEN=1 writes the results.
func TestDecks(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("../testdata/markdown/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			deck, err := loadArchive(ar)
			got := map[string]string{"want": listing(deck, err), "want-source": sources(deck)}
			if os.Getenv("UPDATE_GOLDEN") != "" {
				for i, f := range ar.Files {
					if text, ok := got[f.Name]; ok {
						ar.Files[i].Data = []byte(text)
					}
				}
				if err := os.WriteFile(name, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, f := range ar.Files {
				if text, ok := got[f.Name]; ok {
					if diff := cmp.Diff(string(f.Data), text); diff != "" {
						t.Errorf("%s (- wanted, + got):\n%s", f.Name, diff)
					}
				}
			}
		})
	}
}

// loadArchive loads the deck of an archive.
func loadArchive(ar *txtar.Archive) (*markdown.Deck, error) {
	fsys := fstest.MapFS{}
	for _, f := range ar.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	name := "."
	if fsys["deck.md"] != nil && fsys["workshop.yml"] == nil {
		name = "deck.md"
	}
	env := map[string]string{}
	for line := range strings.Lines(string(ar.Comment)) {
		line = strings.TrimSpace(line)
		if s, ok := strings.CutPrefix(line, "load: "); ok {
			name = s
		}
		if s, ok := strings.CutPrefix(line, "env: "); ok {
			key, value, _ := strings.Cut(s, "=")
			env[key] = value
		}
	}
	return markdown.Load(fsys, name, markdown.Options{Env: func(key string) (string, bool) {
		value, ok := env[key]
		return value, ok
	}})
}

// listing is a deck as text.
func listing(d *markdown.Deck, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "deck %s %q session %s%s%s%s\n", d.Name, d.Title, d.Session,
		optional(" workdir ", d.Workdir), optional(" engine ", d.Engine), optional(" network ", d.Network))
	for _, c := range d.Chapters {
		fmt.Fprintf(&b, "chapter %s %q %v%s%s%s\n", c.Name, c.Title, c.Pos,
			optional(" session ", string(c.Session)), optional(" workdir ", c.Workdir), optional(" needs ", strings.Join(c.Needs, ",")))
		for _, s := range c.Slides {
			fmt.Fprintf(&b, "  slide %d %q %v", s.Number, s.Title, s.Pos)
			if s.Increment {
				b.WriteString(" increment")
			}
			if s.Excluded {
				b.WriteString(" excluded")
			}
			if s.Part != "" {
				fmt.Fprintf(&b, " part %q", s.Part)
			}
			b.WriteString(optional(" classes ", strings.Join(s.Classes, ",")) + optional(" name ", s.Name))
			var keys []string
			for key, value := range s.Properties {
				if key != "class" && key != "name" {
					keys = append(keys, fmt.Sprintf(" %s=%q", key, value))
				}
			}
			slices.Sort(keys)
			b.WriteString(strings.Join(keys, "") + "\n")
			if s.Notes != "" {
				fmt.Fprintf(&b, "    notes %q\n", s.Notes)
			}
			for _, e := range s.Exercises {
				fmt.Fprintf(&b, "    exercise %s %v%s\n", e.ID, e.Pos, hidden(e.Hidden))
				for _, st := range e.Steps {
					fmt.Fprintf(&b, "      %d:%d %s", st.Pos.Line, st.Pos.Col, st.Directive)
					if st.Args != "" {
						fmt.Fprintf(&b, " args %q", st.Args)
					}
					fmt.Fprintf(&b, " %q at %d:%d%s", st.Text, st.TextPos.Line, st.TextPos.Col, hidden(st.Hidden))
					if st.Raw != "" {
						fmt.Fprintf(&b, " raw %q", st.Raw)
					}
					b.WriteByte('\n')
				}
			}
		}
	}
	var list markdown.ErrorList
	if err != nil && !errors.As(err, &list) {
		fmt.Fprintf(&b, "other error: %v\n", err)
	}
	for _, e := range list {
		fmt.Fprintf(&b, "error %v\n", e)
	}
	for _, w := range d.Warnings {
		fmt.Fprintf(&b, "warning %v\n", w)
	}
	return b.String()
}

func optional(label, value string) string {
	if value == "" {
		return ""
	}
	return label + value
}

func hidden(h bool) string {
	if h {
		return " hidden"
	}
	return ""
}

// sources are the slides' sources.
func sources(d *markdown.Deck) string {
	var b strings.Builder
	for _, c := range d.Chapters {
		for i, s := range c.Slides {
			fmt.Fprintf(&b, "%s %d:\n", c.Name, i+1)
			for line := range strings.Lines(s.Source + "\n") {
				b.WriteString("| " + line)
			}
		}
	}
	return b.String()
}
