package markdown

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestRewrite writes new bodies into the output steps of a file, and reads it again.
func TestRewrite(t *testing.T) {
	body := func(lines ...string) (all []BodyLine) {
		for _, l := range lines {
			all = append(all, BodyLine{l, -1})
		}
		return all
	}
	tests := []struct {
		name     string
		src      string // the text of an exercise
		lines    []BodyLine
		want     string
		err      string
		readOnly bool
	}{
		{name: "a fence", src: "```output\nold\n```\n", lines: body("new", "", "more"), want: "```output\nnew\n\nmore\n```\n"},
		{name: "an empty fence", src: "```output\n```\n", lines: body("new"), want: "```output\nnew\n```\n"},
		{name: "a fence of an empty line", src: "```output\n\n```\n", lines: body("new"), want: "```output\nnew\n```\n"},
		{name: "to an empty fence", src: "```output\nold\n```\n", want: "```output\n```\n"},
		{
			name: "in a list", src: "- See:\n  ```output  \n  old\n    older\n  ```\n- more\n",
			lines: body("new", "", "  more"), want: "- See:\n  ```output  \n  new\n\n    more\n  ```\n- more\n",
		},
		{name: "behind a list's marker", src: "1. ```output\n   old\n   ```\n", lines: body("new"), want: "1. ```output\n   new\n   ```\n"},
		{name: "empty, behind a list's marker", src: "1. ```output\n   ```\n", lines: body("new"), want: "1. ```output\n   new\n   ```\n"},
		{
			name: "nested lists", src: "- a\n  - b\n\n    ~~~~output\n    old\n    ~~~~\n", lines: body("new"),
			want: "- a\n  - b\n\n    ~~~~output\n    new\n    ~~~~\n",
		},
		{name: "tabs", src: "- a\n\t```output\n\told\n\t```\n", lines: body("new"), want: "- a\n\t```output\n\tnew\n\t```\n"},
		{
			name: "a tab beyond the margin", src: "- ```output\n\told\n  ```\n", lines: body("new"),
			want: "- ```output\n  new\n  ```\n",
		},
		{name: "a fence that loses backticks", src: "```bash\n`old`\n```\n", lines: body("new"), want: "```bash\nnew\n```\n"},
		{name: "a one-liner that loses backticks", src: "```bash `old` ```\n", lines: body("new"), want: "```bash new ```\n"},
		{
			name: "CRLF", src: "a\r\n```output\r\nold\r\n```\r\nb\r\n", lines: body("new", "", "more"),
			want: "a\r\n```output\r\nnew\r\n\r\nmore\r\n```\r\nb\r\n",
		},
		{
			name: "what is kept stays", src: "```output\nkept  \n\told\n[..]\t\n```\n",
			lines: []BodyLine{{"kept", 0}, {"new", -1}, {"[..]", 2}}, want: "```output\nkept  \nnew\n[..]\t\n```\n",
		},
		{name: "backticks in it", src: "```output\nold\n```\n", lines: body("```", "  ````x"), want: "`````output\n```\n  ````x\n`````\n"},
		{name: "backticks within a line", src: "```output\nold\n```\n", lines: body("a ``` b"), want: "```output\na ``` b\n```\n"},
		{name: "a longer closing fence", src: "```output\nold\n`````  \n", lines: body("new"), want: "```output\nnew\n`````  \n"},
		{name: "hidden", src: "<!--\n```output\nold\n``` -->\n", lines: body("new"), want: "<!--\n```output\nnew\n``` -->\n"},
		{
			name: "what looks like structure", src: "```output\nold\n```\n",
			lines: body("---", "???", "]", ".exercise[", "# A"), want: "```output\n---\n???\n]\n.exercise[\n# A\n```\n",
		},
		{name: "an umlaut before it", src: "<!-- ü ```output old``` -->\n", lines: body("néw"), want: "<!-- ü ```output néw``` -->\n"},
		{
			name: "a one-liner", src: "<!-- ```output old``` ```wait x``` -->\n", lines: body("new one"),
			want: "<!-- ```output new one``` ```wait x``` -->\n",
		},
		{name: "an empty one-liner", src: "<!-- ```output``` -->\n", lines: body("new"), want: "<!-- ```output new``` -->\n"},
		{
			name: "a one-liner of several lines", src: "<!-- ```output old``` -->\n", lines: body("a", "b"),
			err: "D:7:6: cannot be rewritten: it is a one-liner, and what was output has several lines: make it a fence (write it by hand)",
		},
		{
			name: "the end of a comment", src: "<!--\n```output\nold\n```\n-->\n", lines: body("a --> b"),
			err: "D:8:1: cannot be rewritten: --> in it would end the comment that it stands in (write it by hand)",
		},
		{
			name: "a substitution", src: "```output\nold\n```\n", lines: body("@@TITLE@@"),
			err: "D:7:1: cannot be rewritten: @@ in it may be taken for a substitution (write it by hand)",
		},
		{
			name: "a hidden character", src: "```output\nold\n```\n", lines: body("a\u202eb"),
			err: "D:7:1: cannot be rewritten: it holds a character that is not what is seen, U+202E (write it by hand)",
		},
		{
			name: "a joiner that is seen", src: "```output\nold\n```\n", lines: body("👩\u200d💻"),
			want: "```output\n👩\u200d💻\n```\n",
		},
		{
			name: "another file by now", src: "```output\nold\n```\n", lines: body("new"),
			err: "D:7:1: cannot be rewritten: what stands in the file is not what was read: " +
				"it has changed, or comes from a substitution or an include (write it by hand)",
			readOnly: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const before, after = "\ufeff## D\n\n.exercise[\n```bash\ntrue\n```\n", "]\n\n---\n\nlast"
			src := before + tt.src + after
			d, err := Parse("D", []byte(src))
			if err != nil {
				t.Fatal(err)
			}
			step := d.Chapters[0].Slides[0].Exercises[0].Steps[1]
			if tt.readOnly {
				src = strings.Replace(src, "old", "other", 1)
			}
			got, err := Rewrite([]byte(src), []Body{{step, tt.lines}})
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("error %v\nwant  %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != before+tt.want+after {
				t.Errorf("got\n%q, want\n%q", got, before+tt.want+after)
			}
			again, err := Parse("D", got)
			if err != nil {
				t.Fatal(err)
			}
			now := again.Chapters[0].Slides[0].Exercises[0].Steps
			var text []string
			for _, l := range tt.lines {
				text = append(text, l.Text)
			}
			if tt.name != "what is kept stays" && now[1].Text != strings.Join(text, "\n") {
				t.Errorf("read again it is %q", now[1].Text)
			}
		})
	}
}

// TestRewriteSeveral rewrites two of three, one of them given twice.
func TestRewriteSeveral(t *testing.T) {
	src := "## D\n\n.exercise[\n```output\na\n```\n<!-- ```output b``` -->\n```output\nc\n```\n]\n"
	d, err := Parse("D", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	steps := d.Chapters[0].Slides[0].Exercises[0].Steps
	got, err := Rewrite([]byte(src),
		[]Body{
			{steps[2], []BodyLine{{"C", -1}}},
			{steps[0], []BodyLine{{"A", -1}, {"a", 0}}},
			{steps[2], []BodyLine{{"C", -1}}},
		})
	want := strings.Replace(strings.Replace(src, "\na\n", "\nA\na\n", 1), "\nc\n", "\nC\n", 1)
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestRewriteElsewhere tells the text of a file itself from included and substituted text.
func TestRewriteElsewhere(t *testing.T) {
	const part = "```output\na\n```\n<!-- ```output b``` -->\n"
	files := fstest.MapFS{
		"workshop.yml": {Data: []byte("title: T\ncontent: [d.md]\n")},
		"d.md": {Data: []byte(".exercise[\n@@TITLE@@ <!-- ```output c``` -->\n" +
			"```output\n@@TITLE@@\n```\n- x\n\n  @@INCLUDE[part.md]\n]\n")},
		"part.md": {Data: []byte(part)},
	}
	d, err := Load(files, ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		".exercise[\n@@TITLE@@ <!-- ```output new``` -->\n```output\n@@TITLE@@\n```\n- x\n\n  @@INCLUDE[part.md]\n]\n",
		"", // a substitution
		"", // lines with the margin of an include
		"```output\na\n```\n<!-- ```output new``` -->\n",
	}
	for i, s := range d.Chapters[0].Slides[0].Exercises[0].Steps {
		got, err := Rewrite(files[s.Pos.File].Data, []Body{{s, []BodyLine{{"new", -1}}}})
		if string(got) != want[i] || (err == nil) != (want[i] != "") {
			t.Errorf("%v: %q, error %v", s.Pos, got, err)
		}
	}
}

// TestAdd writes hidden steps behind others, and changes nothing else.
func TestAdd(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, src, want string }{
		{
			"behind a fence", ".exercise[\n- Go:\n  ```bash\n  ls\n  ```\n]\n",
			".exercise[\n- Go:\n  ```bash\n  ls\n  ```\n\n<!--\n```wait x```\n-->\n]\n",
		},
		{"within a comment", ".exercise[\n<!--\n```bash\nls\n```\n-->\n]\n", ".exercise[\n<!--\n```bash\nls\n```\n```wait x```\n-->\n]\n"},
		{"one line", ".exercise[\n```bash ls```\n]\n", ".exercise[\n```bash ls```\n\n<!--\n```wait x```\n-->\n]\n"},
		{
			"line ends", ".exercise[\r\n```bash\r\nls\r\n```\r\n]\r\n",
			".exercise[\r\n```bash\r\nls\r\n```\r\n\r\n<!--\r\n```wait x```\r\n-->\r\n]\r\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d, err := Parse("deck.md", []byte(tc.src))
			if err != nil {
				t.Fatal(err)
			}
			step := d.Chapters[0].Slides[0].Exercises[0].Steps[0]
			got, err := Add([]byte(tc.src), []Addition{{After: step, Directive: "wait", Text: "x"}})
			if err != nil || string(got) != tc.want {
				t.Errorf("%v\n%q\nwant\n%q", err, got, tc.want)
			}
			if _, err := Add([]byte("# Another file\n\n\n\n\n"), []Addition{{After: step, Directive: "wait", Text: "x"}}); err == nil {
				t.Error("a step was written into another file")
			}
		})
	}
}
