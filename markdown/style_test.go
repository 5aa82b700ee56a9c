package markdown_test

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"workshop/markdown"
)

// TestStyles reads the cases of testdata/styles, which were written by hand from the public
// description of each style: NAME.md and its NAME.want, or a folder NAME with a file want. The style
// is recognized by the text alone; it is the name of the archive.
func TestStyles(t *testing.T) {
	t.Parallel()
	for _, style := range markdown.StyleNames() {
		cases := styleCases(t, style)
		if len(cases) < 30 {
			t.Errorf("%s: only %d cases", style, len(cases))
		}
		for _, c := range cases {
			t.Run(style+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				d, err := markdown.Load(c.fsys, c.load, markdown.Options{})
				want := strings.TrimPrefix(c.want, "style "+d.Style+"\n")
				if want == c.want && d.Style != style {
					t.Errorf("it is read as %s", d.Style)
				}
				if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(styled(d, err))); diff != "" {
					t.Errorf("- wanted, + got:\n%s", diff)
				}
			})
		}
	}
}

// styleCase is a deck in some style.
type styleCase struct {
	name, load, want string
	fsys             fstest.MapFS
}

func styleCases(t testing.TB, style string) (cases []*styleCase) {
	t.Helper()
	ar, err := txtar.ParseFile(filepath.Join("../testdata/styles", style+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*styleCase{}
	for _, f := range ar.Files {
		name, file, folder := strings.Cut(f.Name, "/")
		ext := path.Ext(name)
		if !folder {
			name, file = strings.TrimSuffix(name, ext), name
		}
		c := byName[name]
		if c == nil {
			c = &styleCase{name: name, load: name + ".md", fsys: fstest.MapFS{}}
			byName[name] = c
			cases = append(cases, c)
		}
		if folder {
			c.load = name
		}
		if file == "want" || ext == ".want" {
			c.want = string(f.Data)
			continue
		}
		c.fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return cases
}

// styled lists the exercises and steps of a deck, with the mistakes in it.
func styled(d *markdown.Deck, err error) string {
	var b strings.Builder
	for _, c := range d.Chapters {
		for _, s := range c.Slides {
			for _, e := range s.Exercises {
				fmt.Fprintf(&b, "%s\n", e.ID)
				for _, st := range e.Steps {
					fmt.Fprintf(&b, "  %d %s %s%s%s\n", st.Pos.Line, st.Directive, strings.ReplaceAll(st.Text, "\n", `\n`),
						optional(" | skipped: ", st.Skip), hidden(st.Hidden))
				}
			}
		}
	}
	var list markdown.ErrorList
	if errors.As(err, &list) {
		for _, e := range list {
			fmt.Fprintf(&b, "error %d %s\n", e.Pos.Line, e.Message)
		}
	}
	for _, w := range d.Warnings {
		fmt.Fprintf(&b, "warning %d %s\n", w.Pos.Line, w.Message)
	}
	return b.String()
}

// TestStyledTree shows the commands and outputs of a fence as code of their own, which a talk can
// run one by one, and leaves out the marks of a scenario.
func TestStyledTree(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"```console\n$ a\nb\n$ c\n```\n":                    "bash a | output b | bash c",
		"```\na\n```{{exec}}\n\nwords\n":                    "bash a",
		"Run `a`{{exec}} now.\n":                            "bash a",
		"```bash\na\n```\n\n```error\nb\n```\n":             "bash a | output b",
		"{{< highlight bash >}}\n```\n{{< /highlight >}}\n": "bash ```",
	} {
		d, err := markdown.Parse("d.md", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		root, err := markdown.Tree(d.Chapters[0].Slides[0])
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		var walk func(n *markdown.Node)
		walk = func(n *markdown.Node) {
			if n.Step != nil {
				got = append(got, n.Step.Directive+" "+n.Text)
			}
			if strings.Contains(n.Text, "{{") {
				t.Errorf("%q: a mark is shown: %q", text, n.Text)
			}
			for _, c := range n.Children {
				walk(c)
			}
		}
		walk(root)
		if diff := cmp.Diff(want, strings.Join(got, " | ")); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

// TestExport writes each case as a deck, which runs the same steps. A deck has
// substitutions: those cases are named as other ones.
func TestExport(t *testing.T) {
	t.Parallel()
	for _, style := range markdown.StyleNames() {
		for _, c := range styleCases(t, style) {
			d, err := markdown.Load(c.fsys, c.load, markdown.Options{})
			if err != nil {
				continue
			}
			for _, chapter := range d.Chapters {
				if !chapter.Sections() || slices.Contains([]string{"substitutions-are-text", "values-are-text"}, c.name) {
					continue
				}
				text, left := markdown.Export(chapter)
				for _, e := range left {
					if strings.Contains(e.Message, "another one there") || strings.Contains(e.Message, "otherwise") {
						t.Errorf("%s/%s: %v\n%s", style, c.name, e, text)
					}
				}
			}
		}
	}
}
