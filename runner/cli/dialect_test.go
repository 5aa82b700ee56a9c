package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestDialect runs `list --json` on the decks of testdata/dialect. They were written by hand from
// the description of the dialect; nothing updates them. The README.md beside them explains the
// sections of a case.
func TestDialect(t *testing.T) {
	files, err := filepath.Glob("../../testdata/dialect/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			c := readDialectCase(t, file)
			c.check(t)
		})
	}
}

// dialectCase is a deck and the expectations of a reader of the dialect.
type dialectCase struct {
	files  []txtar.File
	args   []string
	env    []string
	status int
	stderr string
	want   string
	slides string // "" if the case is not about slides
}

func readDialectCase(t *testing.T, file string) *dialectCase {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &dialectCase{}
	for _, f := range archive.Files {
		text := string(f.Data)
		switch f.Name {
		case "args":
			c.args = strings.Fields(text)
		case "env":
			c.env = strings.Fields(text)
		case "status":
			if c.status, err = strconv.Atoi(strings.TrimSpace(text)); err != nil {
				t.Fatal(err)
			}
		case "stderr":
			c.stderr = text
		case "want":
			c.want = text
		case "slides":
			c.slides = text
		default:
			if name, ok := strings.CutSuffix(f.Name, ".quoted"); ok {
				f = txtar.File{Name: name, Data: unquoteLines(t, f.Data)}
			}
			c.files = append(c.files, f)
		}
	}
	if c.args == nil {
		deck := slices.IndexFunc(c.files, func(f txtar.File) bool { return !strings.HasPrefix(f.Name, ".git/") })
		c.args = []string{c.files[deck].Name}
	}
	return c
}

func (c *dialectCase) check(t *testing.T) {
	stdout, stderr, status := c.list(t)
	if status != c.status {
		t.Errorf("exit status %d, want %d", status, c.status)
	}
	if diff := cmp.Diff(c.stderr, shortened(stderr, c.stderr)); diff != "" {
		t.Errorf("stderr (-want +got):\n%s", diff)
	}
	if status != 0 {
		if stdout != "" {
			t.Errorf("stdout: %s", stdout)
		}
		return
	}
	steps, slides := readListing(t, stdout)
	if diff := cmp.Diff(c.want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(c.slides, slides); c.slides != "" && diff != "" {
		t.Errorf("slides (-want +got):\n%s", diff)
	}
}

// list writes the deck into a directory and runs the command there.
func (c *dialectCase) list(t *testing.T) (stdout, stderr string, status int) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range c.files {
		name := filepath.Join(dir, f.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, f.Data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Args = append([]string{"workshop", "list", "--json"}, c.args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), c.env...), &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestDialectTogether joins the decks of one file that have no warnings. The contents of one slide
// must not change the steps found on another.
func TestDialectTogether(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/dialect/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var text, want strings.Builder
	for _, file := range files {
		c := readDialectCase(t, file)
		deck := c.files[0]
		if c.status != 0 || c.stderr != "" || len(c.files) > 1 || path.Ext(deck.Name) != ".md" || bytes.HasPrefix(deck.Data, []byte("\ufeff")) {
			continue
		}
		text.WriteString(strings.TrimSuffix(string(deck.Data), "\n") + "\n---\n")
		want.WriteString(c.want)
	}
	all := &dialectCase{files: []txtar.File{{Name: "all.md", Data: []byte(text.String())}}, args: []string{"all.md"}}
	stdout, stderr, _ := all.list(t)
	t.Logf("%d bytes, %d steps", text.Len(), len(bare(want.String())))
	if stderr != "" {
		t.Fatal(stderr)
	}
	got, _ := readListing(t, stdout)
	if diff := cmp.Diff(bare(want.String()), bare(got)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// bare is a list of steps without identifiers and places.
func bare(steps string) (bare []string) {
	for line := range strings.Lines(steps) {
		if at, rest, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(rest, "@") {
			bare = append(bare, rest)
		} else if !strings.Contains(at, "/") {
			panic("neither an exercise nor a step: " + line)
		}
	}
	return bare
}

// shortened cuts the lines of a text whose expected line ends in "…" at that point.
func shortened(text, want string) string {
	lines, wanted := strings.Split(text, "\n"), strings.Split(want, "\n")
	for i := range min(len(lines), len(wanted)) {
		if start, ok := strings.CutSuffix(wanted[i], "…"); ok && strings.HasPrefix(lines[i], start) {
			lines[i] = wanted[i]
		}
	}
	return strings.Join(lines, "\n")
}

// unquoteLines reads lines of the inside of Go string literals. Each line contains its own line
// end.
func unquoteLines(t *testing.T, data []byte) []byte {
	t.Helper()
	var b []byte
	for line := range strings.Lines(string(data)) {
		s, err := strconv.Unquote(`"` + strings.TrimSuffix(line, "\n") + `"`)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		b = append(b, s...)
	}
	return b
}

// readListing turns the document into the lines of the cases. It reads the document's
// own names, not the types that wrote it.
func readListing(t *testing.T, doc string) (steps, slides string) {
	t.Helper()
	var listing struct {
		Decks []struct {
			Name     string
			Chapters []struct {
				Name, Title, File, Style string
				Slides                   []struct {
					Number    int
					Title     string
					Classes   []string
					File      string
					Line      int
					Excluded  bool
					Exercises []struct {
						ID     string
						File   string
						Line   int
						Broken []string
						Steps  []struct {
							Directive, Text, File string
							Line, Col             int
							Hidden                bool
							Rule, Skip            string
						}
					}
				}
			}
		}
	}
	dec := json.NewDecoder(strings.NewReader(doc))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&listing); err != nil {
		t.Fatal(err)
	}
	var a, b strings.Builder
	for _, d := range listing.Decks {
		for _, c := range d.Chapters {
			at := func(file string, line int) string {
				if file == "" || file == c.File {
					return strconv.Itoa(line)
				}
				return fmt.Sprintf("%s:%d", file, line)
			}
			for _, s := range c.Slides {
				fmt.Fprintf(&b, "%s %d %q @%s", c.Name, s.Number, s.Title, at(s.File, s.Line))
				if len(s.Classes) > 0 {
					fmt.Fprintf(&b, " (%s)", strings.Join(s.Classes, " "))
				}
				if s.Excluded {
					b.WriteString(" excluded")
				}
				b.WriteByte('\n')
				for _, e := range s.Exercises {
					broken := ""
					if len(e.Broken) > 0 {
						broken = " broken"
					}
					fmt.Fprintf(&a, "%s @%s%s\n", e.ID, at(e.File, e.Line), broken)
					for _, step := range e.Steps {
						fmt.Fprintf(&a, "%s:%d ", at(step.File, step.Line), step.Col)
						if step.Hidden {
							a.WriteString("hidden ")
						}
						fmt.Fprintf(&a, "%s %q\n", step.Directive, step.Text)
					}
				}
			}
		}
	}
	return a.String(), b.String()
}
