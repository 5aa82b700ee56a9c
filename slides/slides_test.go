package slides_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"workshop/markdown"
	"workshop/slides"
)

// maxLines is what a slide may have when it is projected.
const maxLines = 22

var (
	comment = regexp.MustCompile(`(?s)<!--.*?-->\n?`)
	markup  = regexp.MustCompile("(?m)^\\s*(```.*|\\.exercise\\[|\\])$\n?")
	blanks  = regexp.MustCompile(`\n\n+`)
)

func load(t *testing.T) *markdown.Deck {
	t.Helper()
	deck, err := markdown.Load(slides.FS(), ".", markdown.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range deck.Warnings {
		t.Errorf("warning: %v", warning)
	}
	return deck
}

func TestChapters(t *testing.T) {
	var names []string
	for _, c := range load(t).Chapters {
		names = append(names, c.Name)
		if first := c.Slides[0]; first.Part != first.Title || first.Title == "" {
			t.Errorf("%s: begins with the slide %q of the part %q, not with a part's title", c.File, first.Title, first.Part)
		}
	}
	if got := strings.Join(names, " "); got != "intro scaling bottlenecks" {
		t.Errorf("chapters %q", got)
	}
}

// A slide fits on a wall.
func TestSizes(t *testing.T) {
	for _, c := range load(t).Chapters {
		for _, s := range c.Slides {
			seen := markup.ReplaceAllString(comment.ReplaceAllString(s.Source, ""), "")
			seen = strings.TrimSpace(blanks.ReplaceAllString(seen, "\n\n"))
			if n := strings.Count(seen, "\n") + 1; n > maxLines {
				t.Errorf("%v: %q has %d lines, more than %d", s.Pos, s.Title, n, maxLines)
			}
		}
	}
}

// A chapter has a session of its own: it starts the application itself, and ends it.
func TestChaptersStandAlone(t *testing.T) {
	for _, c := range load(t).Chapters {
		var snippets []string
		for _, s := range c.Slides {
			for _, e := range s.Exercises {
				for _, step := range e.Steps {
					if step.Directive == "bash" && strings.HasPrefix(step.Text, "docker-compose ") {
						snippets = append(snippets, strings.TrimSpace(step.Text))
					}
				}
			}
		}
		up, down := -1, -1
		for i, s := range snippets {
			switch {
			case strings.HasPrefix(s, "docker-compose up") && up < 0:
				up = i
			case s == "docker-compose down":
				down = i
			case strings.HasPrefix(s, "docker-compose ps") && i > down:
			default:
				down = -1
			}
		}
		if up != 0 || down < 0 {
			t.Errorf("%s: does not begin with up, or does not end with down: %q", c.Name, snippets)
		}
	}
}

// Everything that stands in the folder is in the binary.
func TestFSIsComplete(t *testing.T) {
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".go") {
			return err
		}
		if _, err := fs.Stat(slides.FS(), name); err != nil {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
