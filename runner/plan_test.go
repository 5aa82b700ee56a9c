package runner

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
)

// chapter is a chapter of one exercise, or of several with the given bodies.
func chapter(title string, steps ...string) string {
	var b strings.Builder
	for i, s := range steps {
		if i > 0 {
			b.WriteString("\n---\n\n")
		}
		fmt.Fprintf(&b, "## %s %d\n\n.exercise[\n%s\n]\n", title, i+1, s)
	}
	return b.String()
}

const (
	snippet = "```bash\ntrue\n```"
	wait    = "<!-- ```wait X``` -->"
)

func load(t *testing.T, name string, files map[string]string) *markdown.Deck {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	d, err := markdown.Load(fsys, name, markdown.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// shape is a plan as `session: id id(setup) …` lines.
func shape(p *Plan) []string {
	var lines []string
	for _, s := range p.Sessions {
		line := s.Name + ":"
		for _, e := range s.Exercises {
			line += " " + e.ID
			if e.Setup {
				line += "(setup)"
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func TestSessions(t *testing.T) {
	files := map[string]string{
		"a.md": chapter("A", snippet), "b.md": chapter("B", wait+"\n"+snippet), "c.md": chapter("C", snippet, snippet),
		"deck.yml":     "title: T\ncontent: [a.md, b.md, c.md]\n",
		"chapters.yml": "title: T\nsession: chapter\ncontent:\n- a.md\n- file: b.md\n  needs: [a]\n- file: c.md\n  needs: [b]\n",
		"mixed.yml":    "title: T\ncontent:\n- a.md\n- b.md\n- file: c.md\n  session: chapter\n",
	}
	tests := []struct {
		name string
		deck string
		sel  Selection
		want []string
		err  string
	}{
		{name: "one session for the deck", deck: "deck.yml", want: []string{"deck: a/a-1 b/b-1 c/c-1 c/c-2"}},
		{name: "chapters with needs", deck: "chapters.yml", want: []string{"a: a/a-1", "b: a/a-1(setup) b/b-1", "c: a/a-1(setup) b/b-1(setup) c/c-1 c/c-2"}},
		{name: "mixed", deck: "mixed.yml", want: []string{"mixed: a/a-1 b/b-1", "c: c/c-1 c/c-2"}},
		{name: "a chapter", deck: "deck.yml", sel: Selection{Chapters: []string{"c"}}, want: []string{"deck: c/c-1 c/c-2"}},
		{name: "a chapter from the start", deck: "deck.yml", sel: Selection{Chapters: []string{"b"}, FromStart: true}, want: []string{"deck: a/a-1(setup) b/b-1"}},
		{name: "a chapter with what it needs", deck: "chapters.yml", sel: Selection{Chapters: []string{"b"}}, want: []string{"b: a/a-1(setup) b/b-1"}},
		{name: "a slide", deck: "deck.yml", sel: Selection{Slides: []Range{{4, 4}}}, want: []string{"deck: c/c-2"}},
		{name: "kinds are combined", deck: "deck.yml", sel: Selection{Chapters: []string{"c"}, Exercises: []string{"c/c-2"}}, want: []string{"deck: c/c-2"}},
		{name: "in the middle of a program", deck: "deck.yml", sel: Selection{Chapters: []string{"b"}}, err: "b.md:4:6: the selection begins here in the middle of what an exercise before it started (add --from-start, or select what comes before as well)"},
		{name: "nothing", deck: "deck.yml", sel: Selection{Slides: []Range{{9, 9}}}, err: ErrNothingSelected.Error()},
		{name: "no such chapter", deck: "deck.yml", sel: Selection{Chapters: []string{"xyz"}}, err: `there is no chapter "xyz"; there are: a, b, c, a-1, b-1, c-1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Compile(load(t, tt.deck, files))
			if err != nil {
				t.Fatal(err)
			}
			err = p.Select(tt.sel)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Fatalf("error %v\nwant  %v", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, shape(p)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	d := load(t, "d.md", map[string]string{"d.md": chapter("D",
		wait+"\n<!-- ```bsh true``` -->\n<!-- ```key Nope``` -->\n<!-- ```check now``` -->\n"+snippet)})
	_, err := Compile(d)
	var list markdown.ErrorList
	if !errors.As(err, &list) {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"d.md:4:6: wait comes before any snippet of its session (put a bash step before it)",
		`d.md:5:6: unknown directive "bsh" (did you mean "bash"?)`,
		"d.md:6:6: key: unknown key \"Nope\" (```key KEY```)",
		"d.md:7:6: check: it takes no text (```check```)",
	}, "\n")
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestParseRange(t *testing.T) {
	for in, want := range map[string]Range{"3": {3, 3}, "3-7": {3, 7}, " 3 - 7 ": {3, 7}} {
		if got, err := ParseRange(in); err != nil || got != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "0", "x", "7-3", "3-", "-3"} {
		if got, err := ParseRange(in); err == nil {
			t.Errorf("%q: %v, want an error", in, got)
		}
	}
}
