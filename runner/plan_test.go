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

func load(t testing.TB, name string, files map[string]string) *markdown.Deck {
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
		{
			name: "chapters with needs", deck: "chapters.yml",
			want: []string{"a: a/a-1", "b: a/a-1(setup) b/b-1", "c: a/a-1(setup) b/b-1(setup) c/c-1 c/c-2"},
		},
		{name: "mixed", deck: "mixed.yml", want: []string{"mixed: a/a-1 b/b-1", "c: c/c-1 c/c-2"}},
		{name: "a chapter", deck: "deck.yml", sel: Selection{Chapters: []string{"c"}}, want: []string{"deck: c/c-1 c/c-2"}},
		{
			name: "a chapter from the start", deck: "deck.yml", sel: Selection{Chapters: []string{"b"}, FromStart: true},
			want: []string{"deck: a/a-1(setup) b/b-1"},
		},
		{
			name: "a chapter with its needs", deck: "chapters.yml", sel: Selection{Chapters: []string{"b"}},
			want: []string{"b: a/a-1(setup) b/b-1"},
		},
		{name: "a slide", deck: "deck.yml", sel: Selection{Slides: []Range{{4, 4}}}, want: []string{"deck: c/c-2"}},
		{
			name: "kinds are combined", deck: "deck.yml",
			sel: Selection{Chapters: []string{"c"}, Exercises: []string{"c/c-2"}}, want: []string{"deck: c/c-2"},
		},
		{
			name: "in the middle of a program", deck: "deck.yml", sel: Selection{Chapters: []string{"b"}},
			err: "b.md:4:6: the selection begins here in the middle of what an exercise before it started " +
				"(add --from-start, or select what comes before as well)",
		},
		{name: "nothing", deck: "deck.yml", sel: Selection{Slides: []Range{{9, 9}}}, err: ErrNothingSelected.Error()},
		{
			name: "no such chapter", deck: "deck.yml", sel: Selection{Chapters: []string{"xyz"}},
			err: `there is no chapter "xyz"; there are: a, b, c, a-1, b-1, c-1`,
		},
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

// TestMistakes gives each directive invalid data.
func TestMistakes(t *testing.T) {
	const first = "bash true"
	tests := []struct {
		steps []string
		want  string
	}{
		{[]string{first, "wait /a(/"}, "d.md:7:6: wait: error parsing regexp: missing closing ): `a(` (```wait TEXT``` or ```wait /REGEX/```)"},
		{
			[]string{first, "reject /a*/"},
			"d.md:7:6: reject: /a*/ matches nothing at all, too: it cannot fail (```reject TEXT``` or ```reject /REGEX/```)",
		},
		{[]string{first, "until"}, "d.md:7:6: until: there is no text to look for (```until TEXT``` or ```until /REGEX/```)"},
		{
			[]string{first, "status"},
			"d.md:7:6: status: it takes a number from 0 to 255, nonzero, or any " +
				"(```status N``` or ```status nonzero``` or ```status any```)",
		},
		{
			[]string{first, "status 256"},
			"d.md:7:6: status: it takes a number from 0 to 255, nonzero, or any " +
				"(```status N``` or ```status nonzero``` or ```status any```)",
		},
		{[]string{first, "timeout 5"}, "d.md:7:6: timeout: it takes a duration with its unit, such as 90s, 5m or 1h30m (```timeout DURATION```)"},
		{[]string{"timeout 5s", first}, "d.md:4:6: timeout comes before any step of its exercise (it is about the step before it)"},
		{
			[]string{first, "timeout 5s", "timeout 6s"},
			"d.md:8:6: timeout comes after another one: the step before it has a limit (one is enough)",
		},
		{[]string{"output a", first}, "d.md:4:6: output comes before any snippet of its exercise (put a bash step before it)"},
		{[]string{"status 1", first}, "d.md:4:6: status comes before any snippet of its session (put a bash step before it)"},
		{[]string{"reject a", first}, "d.md:4:6: reject comes before any snippet of its exercise (put a bash step before it)"},
		{
			[]string{first, "wait a", "until b"},
			"d.md:8:6: until is about a snippet, and other steps stand between them (put it right behind the snippet)",
		},
		{[]string{first, "copy ("}, "d.md:7:6: copy: error parsing regexp: missing closing ): `(` (```copy REGEX```)"},
		{[]string{first, "copypaste"}, `d.md:7:6: copypaste: there is nothing to look for (` + "```copypaste REGEX```)"},
		{[]string{first, "paste"}, "d.md:7:6: paste comes before any copy of its session (put a copy step before it)"},
		{[]string{first, "copy a", "paste b"}, "d.md:8:6: paste: it takes no text: it types what was copied (```paste```)"},
		{[]string{"figure n lines", first}, "d.md:4:6: figure comes before any snippet of its exercise (put a bash step before it)"},
		{[]string{first, "figure n-m lines"}, `d.md:7:6: figure: the name "n-m" has a minus in it: write n_m`},
		{[]string{first, "figure n words"}, `d.md:7:6: figure: "words" is no source of a figure: it is /REGEX/, duration, lines or bytes`},
		{[]string{first, "figure n /a"}, "d.md:7:6: figure: the expression has no end"},
		{[]string{first, "figure n /a+/"}, "d.md:7:6: figure: the expression has no group"},
		{[]string{first, "figure n /(a)/ 3 ms"}, `d.md:7:6: figure: "3 ms" is no unit`},
		{[]string{first, "figure n rate /(a)/"}, "d.md:7:6: figure: a rate needs samples: write every and a time behind it"},
		{[]string{first, "figure n /(a)/ ms every 1ms"}, "d.md:7:6: figure: every takes a time of at least 50ms, such as 500ms"},
		{
			[]string{first, "figure n rate /(a)/ units every 1s", "claim n > 3 units"},
			"d.md:8:19: claim: 3 units is a number of units, and n is in units/s",
		},
		{[]string{first, "figure lines /(a)/"}, "d.md:7:6: figure: lines is the snippet's own: give this figure another name"},
		{[]string{first, "claim lines <"}, "d.md:7:21: claim: the claim ends where a figure or a number should come"},
		{[]string{first, `claim "it is": lines <  ms`}, `d.md:7:33: claim: there is no figure "ms"`},
		{
			[]string{first, "claim n < 3"},
			`d.md:7:15: claim: there is no figure "n" before this claim (a figure step before it, in its session, defines one)`,
		},
		{[]string{first, "claim line < 3"}, `d.md:7:15: claim: there is no figure "line" before this claim (did you mean "lines"?)`},
		{[]string{first, "claim duration < 3"}, "d.md:7:26: claim: 3 is a plain number, and duration is a time (give 3 a unit)"},
		{
			[]string{first, "figure size /(.+)/ MB", "figure pods lines", "claim size < pods"},
			"d.md:9:22: claim: pods is a number of lines, and size is an amount of data",
		},
		{[]string{"claim lines < 3", first}, "d.md:4:6: claim is about the lines of a snippet, and comes before any of its exercise"},
		{[]string{"open"}, "d.md:4:6: open: the URL is missing (```open URL```)"},
		{[]string{"open ftp://node1/"}, "d.md:4:6: open: \"ftp://localhost/\" is no http or https URL (```open URL```)"},
		{[]string{"open http://a b/"}, "d.md:4:6: open: invalid character \" \" in host name (```open URL```)"},
		{[]string{"tmux"}, "d.md:4:6: tmux: the command is missing (```tmux COMMAND```)"},
		{[]string{"tmux s"}, `may be`},
		{[]string{"tmux select-"}, `d.md:4:6: tmux: "select-" may be select-pane or select-window or select-layout (` + "```tmux COMMAND```)"},
		{[]string{"tmux splt-window"}, "d.md:4:6: tmux: unknown command \"splt-window\", did you mean split-window? (```tmux COMMAND```)"},
		{[]string{"tmux send-keys a"}, "send-keys has no meaning here; there are split-window, select-pane"},
		{[]string{"tmux split-pane -x"}, "d.md:4:6: tmux: split-window: it has no flag -x (```tmux COMMAND```)"},
		{[]string{"tmux split-pane -hv"}, "d.md:4:6: tmux: split-window: either -h or -v (```tmux COMMAND```)"},
		{[]string{"tmux split-pane -l"}, "d.md:4:6: tmux: split-window: -l needs a value (```tmux COMMAND```)"},
		{[]string{"tmux split-pane -l 0"}, "d.md:4:6: tmux: split-window: -l 0 is no size (```tmux COMMAND```)"},
		{[]string{"tmux split-pane top"}, "d.md:4:6: tmux: split-window: it does not take \"top\" (```tmux COMMAND```)"},
		{[]string{"tmux select-pane"}, "d.md:4:6: tmux: select-pane: it needs -t N, -U, -D, -L, -R or -l (```tmux COMMAND```)"},
		{[]string{"tmux select-pane -t x"}, "d.md:4:6: tmux: select-pane: \"x\" is no number of a pane (```tmux COMMAND```)"},
		{[]string{"tmux select-window -t x"}, "d.md:4:6: tmux: select-window: \"x\" is no number of a window (```tmux COMMAND```)"},
		{[]string{"tmux selectl even"}, "d.md:4:6: tmux: select-layout: \"even\" may be even-horizontal or even-vertical (```tmux COMMAND```)"},
		{[]string{"tmux selectl odd"}, "d.md:4:6: tmux: select-layout: unknown layout \"odd\"; there are even-horizontal"},
	}
	for _, tt := range tests {
		_, err := Compile(load(t, "d.md", map[string]string{"d.md": chapter("D", steps(tt.steps...))}))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q:\n%v\nwant\n%s", tt.steps, err, tt.want)
		}
	}
}

// TestTmuxNames reads commands by names, aliases and beginnings.
func TestTmuxNames(t *testing.T) {
	for text, want := range map[string]string{
		"split-pane -h": "split-window -h", "splitw": "split-window", "split -v": "split-window -v", "splitp -h -l 30%": "split-window -h -l 30%",
		"split-window -hl30%": "split-window -h -l 30%", "selectp -L": "select-pane -L", "select-p -t2": "select-pane -t 2",
		"lastp": "last-pane", "last": "last-window", "killp": "kill-pane", "neww -n logs": "new-window -n logs",
		"selectl even-v": "select-layout even-vertical",
		"select-l tiled": "select-layout tiled", "selectl main-h": "select-layout main-horizontal", "nextl": "next-layout", "next": "next-window",
	} {
		a, err := parseTmux(text)
		if err != nil || a.String() != want {
			t.Errorf("%q: %v, %v; want %q", text, a, err, want)
		}
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

// TestRestoreSkipped restores a command that was skipped: it has typed nothing.
func TestRestoreSkipped(t *testing.T) {
	for kind, typed := range map[Kind]bool{KindTypes: true, KindIgnored: false} {
		if s := Restore(&markdown.Step{Directive: "bash", Text: "true"}, kind, nil); s.Snippet() != typed {
			t.Errorf("%s: a snippet: %v", kind, !typed)
		}
	}
}
