package markdown_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"workshop/markdown"
)

// deadline bounds the processor time for any file of a mebibyte. A quiet machine needs less
// than a second; a quadratic scan needs more than half a minute.
const deadline = 4 * time.Second * slowdown

// within fails the test when f takes more processor time than limit, independent of other
// processes, and panics with all stacks when it does not return.
func within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	watchdog := time.AfterFunc(limit*20, func() {
		stacks := make([]byte, 1<<20)
		panic(fmt.Sprintf("%s: not decided after %v\n%s", t.Name(), limit*20, stacks[:runtime.Stack(stacks, true)]))
	})
	defer watchdog.Stop()
	start := cpuTime(t)
	f()
	if took := cpuTime(t) - start; took > limit {
		t.Errorf("took %v, more than %v", took, limit)
	}
}

// upTo repeats a text to a size.
func upTo(size int, text string) string { return strings.Repeat(text, max(1, size/len(text))) }

// growing joins texts made of 1, 2, 3 … up to a size; falling joins them the other way round.
func growing(size int, text func(n int) string) string {
	var b strings.Builder
	for n := 1; b.Len() < size; n++ {
		b.WriteString(text(n))
	}
	return b.String()
}

func falling(size int, text func(n int) string) string {
	var parts []string
	for n, total := 1, 0; total < size; n++ {
		parts = append(parts, text(n))
		total += len(parts[n-1])
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
	}
	return b.String()
}

// hostileDecks are texts that make parsers slow.
func hostileDecks(size int) map[string]string {
	decks := map[string]string{}
	for _, s := range []string{
		"`", "` ``", "` `` ``` ", "~", "[", "]", "[]", ".a[", ".a[]", ".a", ".a.b", ".", "-", "\\", "\\.a[", "<!--", "-->", "<!-- -->",
		"<!-- `", ".exercise[", ".exercise[]", ".exercise[\n", ".exercise[\n]\n", "---\n", "--\n", "???\n", "# a\n", "#", "# *a\n", "## `a\n",
		"word: x\n", "<!-- class: x -->", "a: b\n---\n", "\t", " ", "\n", "\r", "\r\n", "é", "a", "a\n", "\x00", "\xff", "\ufeff", "\u202e",
		"- ", "> ", "1. ", "| a ", "|-\n", "a | b\n--|--\n", "@", "@@", "@@A", "@@A@@", "@@TITLE@@", "@@TITEL@@\n",
		"@@INCLUDE[", "@@INCLUDE[x]\n", "@@LINK[x]",
		"```", "```a\n", "~~~\n", "```bash\n```\n", "    ```\n", "```a\n    ```\n", "```a\n    ```a\n", "  ```a\n```\n", "<!--\n```a\n-->\n",
		".exercise[ ```bash `` ` ``` ]", ".exercise[ ```wiat x``` ]", ".exercise[ <!-- ```abcdefg x``` --> ]",
		".lab[\n<!-- ```a\n", ".exercise[ ```", ".exercise[\n```sh\n\u200b\n```\n]\n",
		"## a\n.exercise[]\n---\n", "# a\n@@TOC@@\n", "`\n", "``\n`\n", "<!--\n`\n-->\n",
		"*", "**a", "_a*", "[a](b)", "[a](", "![a](", "[a][", "<b>", "<a href=\"", "&amp;", "\\\\", "* a\n  * b\n", "1. a\n   1. b\n",
		"| a |\n|---|\n| [`b`](c) |\n", "|", "||", "> > ", "> ```bash\n", ".exercise[\n> ```bash\n> ```\n]\n",
		".exercise[\n> ``` ", "\\.a[ [", "\\.a[ [ ]",
		".exercise[ [\n]\n", "<!-- [ -->", ".a[<!-- [ -->", "<!-- .exercise[ -->", ".exercise[\n```bash x\n```\n]\n",
		"```bash `a` ```", "count: false\n---\n",
	} {
		decks[fmt.Sprintf("repeated %.30q", s)] = upTo(size, s)
	}
	runs := func(n int) string { return strings.Repeat("`", n) + " " }
	decks["growing runs"] = growing(size, runs)
	decks["falling runs"] = falling(size, runs)
	decks["growing runs in a comment"] = "<!-- " + growing(size, runs)
	decks["growing runs in an exercise"] = ".exercise[ <!-- " + growing(size, runs)
	for _, lines := range []string{"", "\n", "x\n"} {
		fences := func(n int) string { return strings.Repeat("`", n+2) + "a\n" }
		decks[fmt.Sprintf("growing fences, then %q", lines)] = growing(size/2, fences) + strings.Repeat(lines, size/4)
		decks[fmt.Sprintf("falling fences, then %q", lines)] = falling(size/2, fences) + strings.Repeat(lines, size/4)
		deep := func(n int) string { return strings.Repeat("`", n+2) + "a\n     " + strings.Repeat("`", n+2) + "\n" }
		decks[fmt.Sprintf("falling deep fences, then %q", lines)] = falling(size/2, deep) + strings.Repeat(lines, size/4)
		tildes := func(n int) string { return " " + strings.Repeat("~", n+2) + "a\n" }
		decks[fmt.Sprintf("falling tildes, then %q", lines)] = falling(size/2, tildes) + strings.Repeat(lines, size/4)
	}
	for _, s := range []string{"*", "[", "`", "<", "&", "![", "*a_ ", "<a ", "\\"} {
		decks[fmt.Sprintf("headings of %q", s)] = upTo(size, "# "+strings.Repeat(s, 500/len(s))+"\n")
		decks[fmt.Sprintf("a heading of %q", s)] = "# " + upTo(size, s) + "\n" + upTo(size/10, ".exercise[]\n--\n")
	}
	decks["many classes on many increments"] = "class: " + growing(size/2,
		func(n int) string { return fmt.Sprintf("c%d ", n) }) + "\n\n" + upTo(size/2, "--\n")
	decks["tables of contents"] = upTo(size/2, "# a title\n---\n") + upTo(size/2, "@@TOC@@")
	decks["a long name"] = "name: " + upTo(size/2, "x") + "\n\n" + upTo(size/2, ".exercise[]\n")
	decks["links in blocks"] = ".exercise[\n" + upTo(size-32, "- [a](b) `c` .d[e] <!-- ```wait f``` -->\n") + "]\n"
	decks["a margin in a quotation"] = ".exercise[\n" + upTo(size/2, " ") + "> " + growing(size/4,
		func(n int) string { return strings.Repeat("`", n+2) + " " })
	decks["nested lists"] = growing(size, func(n int) string { return strings.Repeat(" ", n) + "- a\n" })
	decks["a fence with deeper and deeper fences"] = "```a\n" + growing(size, func(n int) string { return strings.Repeat(" ", n) + "```\n" })
	return decks
}

// TestHostileDecks shows that no file of a mebibyte takes long.
func TestHostileDecks(t *testing.T) {
	for name, text := range hostileDecks(hostileSize) {
		t.Run(name, func(t *testing.T) {
			if len(text) > hostileSize+1<<12 {
				text = text[:hostileSize]
			}
			within(t, deadline, func() {
				deck, err := markdown.Parse("deck.md", []byte(text))
				checkPositions(t, deck, err, map[string]string{"deck.md": text})
			})
		})
	}
}

// TestHostileManifests shows the same for manifests, with files beside them.
func TestHostileManifests(t *testing.T) {
	const size = 256 << 10
	files := map[string]string{
		"empty.md": "", "small.md": "# a\n", "toc.md": "@@TOC@@\n", "titles.md": upTo(1<<20, "@@TITLE@@ "), "large.md": upTo(1<<20, "# a\n---\n"),
		"bomb.md": upTo(1<<20, "@@INCLUDE[bomb2.md]\n"), "bomb2.md": upTo(1<<20, "@@INCLUDE[bomb3.md]\n"),
		"bomb3.md":   upTo(1<<20, "@@INCLUDE[empty.md]\n"),
		"margins.md": upTo(1<<10, " ") + "@@INCLUDE[lines.md]\n" + upTo(1<<10, " ") + "@@INCLUDE[lines.md]\n", "lines.md": upTo(1<<20, "x\n"),
		"links.md": upTo(1<<20, "@@LINK[small.md] @@LINK[x/no.md] "),
		"deep.md":  "@@INCLUDE[deep0.md]", "long.md": upTo(1<<19, "@@INCLUDE[longer.md]"),
		"longer.md": "@@INCLUDE[" + upTo(1<<20, "./") + "empty.md]",
	}
	for i := range 100 {
		files[fmt.Sprintf("deep%d.md", i)] = fmt.Sprintf("@@INCLUDE[deep%d.md]", i+1)
	}
	aliases := "a: &a [x]\n"
	for c := 'b'; c <= 'z'; c++ {
		aliases += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	manifests := map[string]string{
		"aliases":      aliases + "content: *z\n",
		"sequence":     upTo(size, "["),
		"mapping":      upTo(size, "{a: "),
		"nested":       "content:\n  " + upTo(size, "- "),
		"nested right": "content: " + upTo(9000, "[") + "small.md" + upTo(9000, "]"),
		"keys":         growing(size-16, func(n int) string { return fmt.Sprintf("k%d: v\n", n) }),
		"needs":        "content:\n" + growing(size-64, func(n int) string { return fmt.Sprintf("- {file: small.md, needs: [x%d]}\n", n) }),
		"files":        "content:\n" + upTo(size-16, "- small.md\n"),
		"margins":      "content: [margins.md]\n",
		"links":        "content: [links.md]\n",
		"large files":  "content:\n" + upTo(size-16, "- large.md\n"),
		"contents":     "content:\n" + upTo(size-16, "- toc.md\n"),
		"titles":       "title: " + upTo(size-128, "x") + "\ncontent: [titles.md]\n",
		"bomb":         "content: [bomb.md]\n",
		"deep":         "content: [deep.md]\n",
		"long":         "content: [long.md]\n",
		"excludes":     "exclude: [" + upTo(size/2, "a, ") + "]\ncontent: [large.md]\n",
		"fragment":     "content:\n- |\n  " + upTo(size-64, ".a[") + "\n",
		"fragments":    "content:\n" + upTo(size-64, "- \"\\n\"\n"),
		"folded":       "content:\n- >\n" + upTo(size-64, "  .exercise[ ```sh`` ]\n"),
		"anchors":      "content:\n" + upTo(size-64, "- &a small.md\n"),
		"too large":    upTo(size+1, "#\n"),
		"block":        "title: |\n" + upTo(size-64, "  x\n"),
		"quotes":       "title: \"" + upTo(size-64, "\\n") + "\n",
		"comments":     upTo(size-64, "#\n") + "x",
	}
	for name, text := range manifests {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{"workshop.yml": {Data: []byte(text)}}
			sources := map[string]string{"workshop.yml": text}
			for file, s := range files {
				fsys[file] = &fstest.MapFile{Data: []byte(s)}
				sources[file] = s
			}
			within(t, deadline, func() {
				deck, err := markdown.Load(fsys, ".", markdown.Options{})
				checkPositions(t, deck, err, sources)
			})
		})
	}
}

// checkPositions checks that each position is inside its source, that errors and
// warnings are sorted, and that ids are unique.
func checkPositions(t *testing.T, deck *markdown.Deck, err error, sources map[string]string) {
	t.Helper()
	lines := map[string][]string{}
	check := func(what string, pos markdown.Pos) {
		t.Helper()
		text, ok := sources[pos.File]
		if !ok {
			t.Errorf("%s in an unknown file: %v", what, pos)
			return
		}
		if pos.Line == 0 && pos.Col == 0 {
			return // of the whole file
		}
		if lines[pos.File] == nil {
			lines[pos.File] = strings.Split(text, "\n")
		}
		if pos.Line < 1 || pos.Line > len(lines[pos.File]) || pos.Col < 1 || pos.Col > 1+len(lines[pos.File][pos.Line-1]) {
			t.Errorf("%s is outside its source: %v", what, pos)
		}
	}
	span := func(what string, s markdown.Span) {
		t.Helper()
		if s.End == (markdown.Pos{}) {
			return
		}
		check(what, s.End)
		if s.Pos.File != s.End.File || s.Pos.Compare(s.End) > 0 {
			t.Errorf("%s ends before it begins: %v–%v", what, s.Pos, s.End)
		}
	}
	var list markdown.ErrorList
	if err != nil && !errors.As(err, &list) {
		t.Errorf("not an ErrorList: %v", err)
	}
	for _, l := range []markdown.ErrorList{list, deck.Warnings} {
		for i, e := range l {
			check(e.Message, e.Pos)
			span(e.Message, markdown.Span{Pos: e.Pos, End: e.End})
			if e.Code == "" {
				t.Errorf("no code: %v", e)
			}
			for _, edit := range e.Fix {
				span("edit", edit.Span)
			}
			if i > 0 && l[i-1].Pos.Compare(e.Pos) > 0 {
				t.Errorf("%v stands before %v", l[i-1], e)
			}
			if strings.ContainsAny(e.Error(), "\n\x00\x1b") {
				t.Errorf("not one plain line: %q", e.Error())
			}
		}
	}
	ids := map[string]bool{}
	for _, c := range deck.Chapters {
		check("chapter", c.Pos)
		for _, i := range c.Ignores {
			span("request", i.Span)
			span("what it covers", i.Covers)
		}
		for _, s := range c.Slides {
			check("slide", s.Pos)
			for _, l := range s.Links() {
				check("link", l.Pos)
				span("link", l.Span)
			}
			for _, e := range s.Exercises {
				check("exercise", e.Pos)
				if ids[e.ID] && err == nil {
					t.Errorf("id %s is not unique", e.ID)
				}
				ids[e.ID] = true
				for _, st := range e.Steps {
					check("step", st.Pos)
					check("text", st.TextPos)
					if st.Directive == "" || strings.ContainsAny(st.Directive, " \t\n") {
						t.Errorf("%v: directive %q", st.Pos, st.Directive)
					}
				}
			}
		}
	}
}

// TestBytes shows the one result of input that is not plain text.
func TestBytes(t *testing.T) {
	t.Parallel()
	const exercise = "## T\n\n.exercise[\n```bash\necho %s\n```\n]\n"
	tests := []struct {
		name, text, step, want string
	}{
		{"crlf", strings.ReplaceAll(fmt.Sprintf(exercise, "a\necho b"), "\n", "\r\n"), "echo a\necho b", ""},
		{"crlf and lf", "## T\r\n\n.exercise[\r\n```bash\necho a\r\necho b\n```\r\n]", "echo a\necho b", ""},
		{"crlf separators", "one\r\n---\r\n.exercise[ ```bash a``` ]\r\n???\r\nx\r\n", "a", ""},
		{"bom", "\ufeff.exercise[ ```bash x``` ]", "x", ""},
		{"bom and position", "\ufeffa\x00", "", "deck.md:1:2: NUL byte"},
		{"bom inside", fmt.Sprintf(exercise, "\ufeffa"), "echo \ufeffa", "deck.md:5:6: invisible character U+FEFF in a step"},
		{"nul", "a\x00\nb\x00", "", "deck.md:1:2: NUL byte"},
		{"nul in a step", fmt.Sprintf(exercise, "a\x00"), "echo a\x00", "deck.md:5:7: NUL byte"},
		{"invalid utf-8", "é\n\xffa\n\xff", "", "deck.md:2:1: invalid UTF-8 (save the file as UTF-8)"},
		{"utf-16", "\xff\xfea\x00", "", "deck.md:1:1: invalid UTF-8 (save the file as UTF-8)\ndeck.md:1:4: NUL byte"},
		{"lone cr", fmt.Sprintf(exercise, "a\rb"), "echo a\rb", "deck.md:5:7: control character U+000D in a step"},
		{"escape", fmt.Sprintf(exercise, "\x1b[31m"), "echo \x1b[31m", "deck.md:5:6: control character U+001B in a step"},
		{"delete", fmt.Sprintf(exercise, "\x7f"), "echo \x7f", "deck.md:5:6: control character U+007F in a step"},
		{"c1", fmt.Sprintf(exercise, "\u009b"), "echo \u009b", "deck.md:5:6: control character U+009B in a step"},
		{"tab", fmt.Sprintf(exercise, "\ta"), "echo \ta", ""},
		{"bidirectional", fmt.Sprintf(exercise, "é\u202e"), "echo é\u202e", "deck.md:5:7: bidirectional control character U+202E in a step"},
		{"isolate", fmt.Sprintf(exercise, "\u2066"), "echo \u2066", "deck.md:5:6: bidirectional control character U+2066 in a step"},
		{"zero width", fmt.Sprintf(exercise, "\u200b"), "echo \u200b", "deck.md:5:6: invisible character U+200B in a step"},
		{"soft hyphen", fmt.Sprintf(exercise, "a\u00adb"), "echo a\u00adb", "deck.md:5:7: invisible character U+00AD in a step"},
		{"line separator", fmt.Sprintf(exercise, "\u2028"), "echo \u2028", "deck.md:5:6: invisible character U+2028 in a step"},
		{"tag", fmt.Sprintf(exercise, "\U000e0041"), "echo \U000e0041", "deck.md:5:6: invisible character U+E0041 in a step"},
		{"in arguments", ".exercise[\n```bash \u200b\nx\n```\n]", "x", "deck.md:2:9: invisible character U+200B in a step"},
		{"in a one-liner", ".exercise[ ```wait a\u200b``` ]", "a\u200b", "deck.md:1:21: invisible character U+200B in a step"},
		{"in text", "a\u202eb \x1b \u200b\n", "", ""},
		{"in other code", ".exercise[\n```text\n\u202e\n```\n]", "", ""},
		{"emoji", fmt.Sprintf(exercise, "✔️ 界 é e\u0301"), "echo ✔️ 界 é e\u0301", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			deck, err := markdown.Parse("deck.md", []byte(tt.text))
			var step, message string
			for _, s := range deck.Chapters[0].Slides {
				for _, e := range s.Exercises {
					for _, st := range e.Steps {
						step += st.Text
					}
				}
			}
			if step != tt.step {
				t.Errorf("step %q, want %q", step, tt.step)
			}
			if err != nil {
				message, _, _ = strings.Cut(err.Error(), " (what is seen")
			}
			if message != tt.want {
				t.Errorf("error %q, want %q", message, tt.want)
			}
			checkPositions(t, deck, err, map[string]string{"deck.md": tt.text})
		})
	}
}

// TestNoBreakSpace warns of a blank that a shell does not take for one.
func TestNoBreakSpace(t *testing.T) {
	t.Parallel()
	deck, err := markdown.Parse("deck.md", []byte(".exercise[ ```bash ls\u00a0-l``` ]"))
	if err != nil || deck.Warnings.Error() != "deck.md:1:22: no-break space U+00A0 in a step (a shell takes it for a letter)" {
		t.Errorf("error %v, warnings %v", err, deck.Warnings)
	}
}

// TestConfinement shows that includes and manifests stay inside the root, and that
// nothing but regular files is opened.
func TestConfinement(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "repository")
	for name, text := range map[string]string{
		"secret.md": "# secret\n", "repository/deck.md": "", "repository/inside.md": ".exercise[ ```bash inside``` ]\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"out.md": "../secret.md", "absolute.md": filepath.Join(top, "secret.md"), "zero": "/dev/zero", "up": "..",
		"in.md": "inside.md", "loop.md": "loop.md",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	fifo(t, filepath.Join(dir, "fifo"))
	large, err := os.Create(filepath.Join(dir, "large.md"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(large.Truncate(1<<40), large.Close()); err != nil { // sparse
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	tests := []struct{ name, want string }{
		{"inside.md", ""},
		{"in.md", ""},
		{"../secret.md", "../secret.md leaves the repository"},
		{"up/secret.md", "up/secret.md: cannot be read: path escapes from parent"},
		{"out.md", "out.md: cannot be read: path escapes from parent"},
		{"absolute.md", "absolute.md: cannot be read: path escapes from parent"},
		{filepath.Join(dir, "inside.md"), filepath.Join(dir, "inside.md") + " is absolute: names are relative, inside the repository"},
		{"zero", "zero: cannot be read: path escapes from parent"},
		{"fifo", "fifo: not a regular file"},
		{"loop.md", "loop.md: cannot be read: too many levels of symbolic links"},
		{"large.md", "large.md: larger than 4096 KiB"},
		{".", ".: a directory, not a file"},
	}
	for _, tt := range tests {
		t.Run(filepath.Base(tt.name)+" of "+filepath.Dir(tt.name), func(t *testing.T) {
			for file, text := range map[string]string{
				"deck.md":      "@@INCLUDE[" + tt.name + "]\n",
				"workshop.yml": "content: ['" + tt.name + "']\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
				within(t, deadline, func() {
					deck, err := markdown.Load(root.FS(), file, markdown.Options{})
					got := ""
					if err != nil {
						_, got, _ = strings.Cut(err.Error(), ": ")
						got, _, _ = strings.Cut(got, " (did you mean")
					}
					if got != tt.want {
						t.Errorf("%s: error %q, want %q", file, got, tt.want)
					}
					if steps := strings.Count(listing(deck, nil), `bash "inside"`); (tt.want == "") != (steps == 1) {
						t.Errorf("%s: %d steps", file, steps)
					}
				})
			}
		})
	}
}

// TestConfinementOfDirectory shows the same for the files that a directory holds, and
// for the files beside a deck below the root.
func TestConfinementOfDirectory(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "repository")
	for name, text := range map[string]string{
		"secret.md": "# secret\n", "x.sh": "secret\n", "repository/x.md": "# x\n", "repository/deck/y.md": "# y\n",
		"repository/deck/a.md": "@@INCLUDE[../x.md]\n@@INCLUDE[y.md]\n@@INCLUDE[out.sh]\n@@INCLUDE[../../x.sh]\n@@INCLUDE[../out/x.sh]\n",
	} {
		name = filepath.Join(top, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"deck/out.md": "../../secret.md", "deck/out.sh": "../../x.sh",
		"out": "..", "deck/zero.md": "/dev/zero",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	fifo(t, filepath.Join(dir, "deck", "pipe.md"))
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	within(t, deadline, func() {
		deck, err := markdown.Load(root.FS(), "deck", markdown.Options{})
		want := `deck/a.md:3:1: out.sh: cannot be read: path escapes from parent
deck/a.md:4:1: ../../x.sh leaves the repository
deck/a.md:5:1: ../out/x.sh: cannot be read: path escapes from parent
deck/out.md: cannot be read: path escapes from parent
deck/pipe.md: not a regular file
deck/zero.md: cannot be read: path escapes from parent`
		if err == nil || err.Error() != want {
			t.Errorf("error\n%v\nwant\n%s", err, want)
		}
		if text := deck.Chapters[0].Slides[0].Source; strings.Contains(text, "secret") || !strings.HasPrefix(text, "# x\n# y\n") {
			t.Errorf("read:\n%s", text)
		}
	})
}

// TestManifestBytes shows the one result of a manifest that is not plain text.
func TestManifestBytes(t *testing.T) {
	t.Parallel()
	const manifest = "title: T\ncontent:\n- a.md\n"
	for name, tt := range map[string]struct{ text, want string }{
		"crlf":               {strings.ReplaceAll(manifest, "\n", "\r\n"), ""},
		"bom":                {"\ufeff" + manifest, ""},
		"nul":                {"title: a\x00\n" + manifest[9:], "workshop.yml:1:9: NUL byte"},
		"invalid utf-8":      {"title: é\xff\n" + manifest[9:], "workshop.yml:1:9: invalid UTF-8 (save the file as UTF-8)"},
		"title in a snippet": {"title: \"a\\u202e\"\n" + manifest[9:], "a.md:1:20: bidirectional control character U+202E in a step"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{"workshop.yml": {Data: []byte(tt.text)}, "a.md": {Data: []byte(".exercise[ ```bash @@TITLE@@``` ]\n")}}
			deck, err := markdown.Load(fsys, ".", markdown.Options{})
			message := ""
			if err != nil {
				message, _, _ = strings.Cut(err.Error(), " (what is seen")
			}
			if message != tt.want || tt.want == "" && deck.Chapters[0].Slides[0].Exercises[0].Steps[0].Text != "T" {
				t.Errorf("error %q, want %q", message, tt.want)
			}
		})
	}
}

// TestDepth shows that the depth of includes is bounded.
func TestDepth(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{}
	for i := range 100 {
		fsys[fmt.Sprintf("%d.md", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "\n @@INCLUDE[%d.md]\n", i+1)}
	}
	_, err := markdown.Load(fsys, "0.md", markdown.Options{})
	if want := "16.md:2:2: more than 16 includes inside each other"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestBomb shows that includes of includes are bounded, with the place that is too much.
func TestBomb(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{}
	for i := range 10 {
		fsys[fmt.Sprintf("%d.md", i)] = &fstest.MapFile{Data: []byte(upTo(10*16, fmt.Sprintf("@@INCLUDE[%d.md]\n", i+1)))}
	}
	fsys["10.md"] = &fstest.MapFile{Data: []byte("x\n")}
	within(t, deadline, func() {
		_, err := markdown.Load(fsys, "0.md", markdown.Options{})
		if err == nil || !strings.Contains(err.Error(), "with all that is included and substituted the chapter is too large") {
			t.Errorf("error %v", err)
		}
	})
}

// TestHostileStyles reads texts that could make a style slow, in every style; carpentries is plain
// with divisions.
func TestHostileStyles(t *testing.T) {
	const size = 1 << 18
	texts := map[string]string{}
	for _, s := range []string{
		"```console\n$ a\n```\n", "```bash\na\n```\n", "```bash\na\n```\n```output\n```\n", "```error\n```\n",
		"~~~\na\n~~~\n{: .language-bash}\n",
		"`a`{{exec}}", "`a`{{exec", "`a`{{execute T2}} `b`{{execute T1}} ", "```\na\n```{{exec interrupt}}\n", "```execute-2\na\n```\n",
		"```execute-all\na\n```\n", "```terminal:execute\ncommand: a\n```\n", "```terminal:execute\ncommand: |\n  a\n  b\n```\n",
		"```examiner:execute-test\nname: a\n```\n", "::: challenge\n", ":::\n",
		"::: challenge\n```bash\na\n```\n", ":", "a\n===\n", "a\n---\n", "a\n\n---\n",
		"---\na: b\n", "+++\na = b\n", "<!-- workshop: skip x -->\n", "<!-- workshop: skip x -->\n```sh\na\n```\n",
		"<!-- workshop: file x -->\n```a\n```\n",
		"<!-- workshop: wait x -->\n", "<!-- workshop: style plain -->", "<!-- ```wait x``` -->\n", "# a\n```sh\na\n```\n", "<!-- a -->\n# b\n",
		"```bash title=\"", "```{.bash a=\"b\" ", "```bash a, ",
	} {
		texts[s] = upTo(size, s)
	}
	for _, s := range []string{
		"$ a\n", "$ a\nb\n", "$ a '\n", "$ a <<E\n", "$ for\n", "$ a \\\n", "$ a\nb\n^C\n", "$ a\n$ echo $?\n1\n", "> a\n",
		"(a) $ b\n", "a@b:~$ c\n", "# a\n\n$ b\n", "$", "$ $(", "((",
	} {
		texts["console "+s] = "```console\n$ x\n" + upTo(size, s) + "\n```\n"
		texts["bash "+s] = "```bash\n$ x\n" + upTo(size, s) + "\n```\n"
	}
	for name, text := range texts {
		for _, style := range []string{"katacoda", "educates", "carpentries"} {
			t.Run(style+" "+name, func(t *testing.T) {
				within(t, deadline/4, func() {
					d, err := markdown.ParseStyle("deck.md", []byte(text), markdown.Options{Style: style, Fill: true})
					checkPositions(t, d, err, map[string]string{"deck.md": text})
				})
			})
		}
	}
}
