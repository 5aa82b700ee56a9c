package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/present"
	"workshop/runner/sandbox"
	"workshop/runner/screen"
)

func TestMain(m *testing.M) {
	if code, ok := sandbox.Main(); ok {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock")) // chroma's: it ends by itself
}

func read(t testing.TB, deck string) *runner.Plan {
	t.Helper()
	d, err := markdown.Parse("deck.md", []byte(deck))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := runner.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// look is a face on a talk about a deck.
func look(t testing.TB, deck string, cols, rows int) *face {
	t.Helper()
	return lookWith(t, deck, nil, cols, rows)
}

// lookWith is a face on a talk about a deck that was remarked on.
func lookWith(t testing.TB, deck string, remarks []string, cols, rows int) *face {
	t.Helper()
	run := runner.Options{Path: os.Getenv("PATH"), Limits: runner.Limits{Wait: time.Second}}
	talk, err := present.Open(t.Context(), &present.Source{Plan: read(t, deck), Run: run, Remarks: remarks}, present.Options{Yes: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := talk.Close(); err != nil {
			t.Error(err)
		}
	})
	f, err := newFace(talk, Options{})
	if err != nil {
		t.Fatal(err)
	}
	f.Update(tea.WindowSizeMsg{Width: cols, Height: rows})
	f.Update(changed{})
	return f
}

// rows are what a face shows, trailing blanks removed.
func (f *face) shows() []string {
	lines, _ := f.draw()
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.TrimRight(l.String(), " ")
	}
	return out
}

const everything = `class: title

# A title

.footnote[Below]

---

## Text

Some *words* that are **long enough** to be wrapped at ` + "`forty columns`" + `, [a link](http://x.org/), http://y.org/z.

1. one
2. two
   - nested

> quoted

.warning[Take care.]

.small[
Small print
]

| a | b |
|---|--:|
| x | 1 |
| y | a longer cell |

---

## Columns

.left-column[
- left
]

.right-column[
` + "```go\nfunc f() {}\n```" + `
]

---

## Steps

.exercise[
- Do:
  ` + "```bash\n  echo one\n  echo a line that is so long that it has to go on in the next row of the slide\n  ```" + `
<!-- ` + "```wait one```" + ` -->
]

???

Say something.
`

// TestLayout lays out slides with all that a slide may have.
func TestLayout(t *testing.T) {
	for _, cols := range []int{40, 80} {
		t.Run(fmt.Sprint(cols), func(t *testing.T) {
			f := look(t, everything, cols, 30)
			var got []string
			for i := range f.s.Deck.Slides {
				f.talk.Do(present.Command{Do: present.VerbGoto, Text: fmt.Sprint(i + 1)})
				if i == 3 {
					f.talk.Do(present.Command{Do: present.VerbToggle, Text: "hidden"})
					f.talk.Do(present.Command{Do: present.VerbToggle, Text: "notes"})
				}
				f.Update(changed{})
				rows := f.shows()
				got = append(append(got, strings.Repeat("=", cols)), rows[:len(rows)-1]...) // the clock ticks
			}
			golden(t, fmt.Sprintf("layout-%d.screen", cols), strings.Join(got, "\n")+"\n")
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		text string
		cols int
		want []string
	}{
		{"one two three", 7, []string{"one two", "three"}},
		{"one  two", 20, []string{"one  two"}},
		{"abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"界界界 x", 5, []string{"界界", "界 x"}},
		{"a abcdefgh", 4, []string{"a", "abcd", "efgh"}},
		{"", 4, []string{""}},
	}
	for _, tt := range tests {
		var got []string
		for _, l := range wrap(say(tt.text, 0), tt.cols, nil, nil) {
			got = append(got, l.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q: %s", tt.text, diff)
		}
	}
}

func TestBadges(t *testing.T) {
	now := time.Now()
	p := &painter{theme: newTheme(true)}
	for want, last := range map[string]ledger.Last{
		"never checked":                                 {Standing: ledger.Never},
		"✓ checked 2 days ago":                          {Standing: ledger.Same, Verdict: runner.Passed, At: now.Add(-49 * time.Hour)},
		"✓ checked just now":                            {Standing: ledger.Same, Verdict: runner.Passed, At: now},
		"✗ failed 1 hour ago":                           {Standing: ledger.Same, Verdict: runner.Failed, At: now.Add(-time.Hour)},
		"≈ undecided just now":                          {Standing: ledger.Same, Verdict: runner.Inconclusive, At: now},
		"↻ flaky just now":                              {Standing: ledger.Same, Verdict: runner.Flaky, At: now},
		"edited since checked":                          {Standing: ledger.Edited, Verdict: runner.Passed, At: now},
		"✓ checked 3 weeks ago, edited before it since": {Standing: ledger.Before, Verdict: runner.Passed, At: now.Add(-22 * 24 * time.Hour)},
	} {
		if got := p.checked(last).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// runStep runs the selected step, and shows how it came out.
func runStep(t *testing.T, f *face) {
	t.Helper()
	ended := len(f.s.Log) + 1
	f.talk.Do(present.Command{Do: present.VerbRun})
	until(t, f, func(s *present.State) bool { return s.Busy == "" && s.Running == nil && len(s.Log) >= ended })
}

// until shows states until one holds.
func until(t *testing.T, f *face, holds func(*present.State) bool) {
	t.Helper()
	w := f.talk.Watch()
	defer w.Close()
	for !holds(f.s) {
		select {
		case <-w.Changed():
			f.Update(changed{})
		case <-time.After(20 * time.Second):
			t.Fatalf("never ends:\n%s", strings.Join(f.shows(), "\n"))
		}
	}
}

// TestClaimThatIsNotTrue shows a command that a hidden wait follows as running until the wait is through.
func TestClaimThatIsNotTrue(t *testing.T) {
	f := look(t, "# A claim\n\n.exercise[\n```bash\nread x; echo starting; false\n```\n<!-- ```wait READY``` -->\n]\n", 80, 24)
	expect := func(what, sign, badge string) {
		t.Helper()
		shown := strings.Join(f.shows(), "\n")
		line := ""
		for _, l := range f.shows() {
			if strings.Contains(l, "read x; echo starting; false") && strings.HasSuffix(l, badge) {
				line = l
				break
			}
		}
		if line == "" {
			t.Fatalf("%s: no %q:\n%s", what, badge, shown)
		}
		if tally := f.tally(f.s.Current()).String(); !strings.HasPrefix(tally, sign) || !strings.Contains(line, sign) {
			t.Errorf("%s: no %q: %q, %q", what, sign, line, tally)
		}
	}
	expect("before", "·", "never checked")
	f.talk.Do(present.Command{Do: present.VerbRun})
	until(t, f, func(s *present.State) bool { return s.Running != nil && s.Running.Step.Kind() == runner.KindWaits })
	expect("the wait has begun", "●", "running")
	f.talk.Do(present.Command{Do: present.VerbInput, Text: "x\r"})
	until(t, f, func(s *present.State) bool { return s.Busy == "" && s.Running == nil })
	expect("the wait has failed", "✗", "✗ failed")
	f.talk.Do(present.Command{Do: present.VerbSkip})
	f.Update(changed{})
	expect("skipped", "✗", "✗ failed, skipped")
}

// TestLateFailure shows that an exercise has failed whose command failed when it was over.
func TestLateFailure(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	deck := "# Late\n\n.exercise[\n```bash\necho re''ady; read x < " + pipe + "; false\n```\n" +
		"<!-- ```wait ready``` -->\n]\n\n---\n\n# Next\n\n.exercise[\n```bash\ntrue\n```\n]\n"
	f := look(t, deck, 100, 30)
	shown := func() string { return strings.Join(f.shows(), "\n") }
	runStep(t, f)
	if text := shown(); !strings.Contains(text, "✓ echo") || strings.Contains(text, "✗") {
		t.Fatalf("it is over:\n%s", text)
	}
	if err := os.WriteFile(pipe, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.talk.Do(present.Command{Do: present.VerbNext})
	runStep(t, f)
	told := "✗ deck.md:4:1: the command ended with status 1\n its command failed when the exercise was over\n"
	if text := shown(); !strings.Contains(text, told) {
		t.Errorf("the next one has run:\n%s", text)
	}
	f.talk.Do(present.Command{Do: present.VerbPrev})
	f.Update(changed{})
	tally := f.tally(f.s.Current()).String()
	if text := shown(); !strings.Contains(text, "✗ failed") || strings.Contains(text, "✓") || tally != "✗✓" {
		t.Errorf("%q:\n%s", tally, text)
	}
}

const claims = `# Files

.exercise[
- List the files:
  ` + "```bash\n  echo 3000 a 7000 b\n  ```" + `
<!--
` + "```figure small /(\\d+) a/ B```\n```figure large /(\\d+) b/ B```" + `
-->
]

- The second one is more than twice as large as the first one, and this sentence goes on in another line

<!-- .exercise[
` + "```claim large > 2 * small```\n```claim \"It is not much more\": large / small in 2..2.35```" + `
] -->

- The small one has less than 2 kB

<!-- .exercise[
` + "```claim small < 2 kB```" + `
] -->
`

// TestFigures shows figures beside the sentences that claim something about them, when they are measured.
func TestFigures(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {160, 50}, {40, 30}} {
		t.Run(fmt.Sprint(size[0]), func(t *testing.T) {
			f := look(t, claims, size[0], size[1])
			shown := func() string {
				rows := f.shows()
				return strings.Join(rows[:len(rows)-1], "\n")
			}
			if text := shown(); strings.Contains(text, "large / small") {
				t.Errorf("nobody has asked for figures:\n%s", text)
			}
			f.Update(tea.KeyPressMsg{Code: 'f', Text: "f"})
			f.Update(changed{})
			before := shown()
			runStep(t, f) // the figures; the claims were not run
			f.talk.Do(present.Command{Do: present.VerbGoto, Text: "1"})
			f.zoom = slideOnly
			f.Update(changed{})
			golden(t, fmt.Sprintf("figures-%d.screen", size[0]), before+"\n"+strings.Repeat("=", size[0])+"\n"+timeless(shown())+"\n")
		})
	}
}

// timeless is a text without durations.
func timeless(text string) string {
	return regexp.MustCompile(`(?m) *✓ [\d.]+ m?s$`).ReplaceAllString(text, " ✓ TIME")
}

// TestFigureThatIsMeasured shows what samples say so far.
func TestFigureThatIsMeasured(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	f := look(t, "# Samples\n\n.exercise[\n```bash\ncat "+pipe+"\n```\n"+
		"<!-- ```figure x /n=(\\d+)/ every 50ms``` ```timeout 20s``` -->\n]\n\nTwelve.\n\n"+
		"<!-- .exercise[\n```claim x < 12```\n] -->\n", 80, 24)
	f.talk.Do(present.Command{Do: present.VerbToggle, Text: "figures"})
	f.talk.Do(present.Command{Do: present.VerbRun})
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	for i := 0; !strings.Contains(strings.Join(f.shows(), "\n"), "● x: 12 ± "); i++ {
		if _, err := fmt.Fprintf(w, "n=%d\n", 11+i%2*2); err != nil {
			t.Fatal(err)
		}
		gen := f.s.Gen
		until(t, f, func(s *present.State) bool { return s.Gen > gen })
	}
	f.talk.Do(present.Command{Do: present.VerbStop})
	until(t, f, func(s *present.State) bool { return s.Running == nil && s.Busy == "" })
	if text := strings.Join(f.shows(), "\n"); !strings.Contains(text, "· x: not measured") {
		t.Errorf("it was stopped:\n%s", text)
	}
}

// FuzzSlide lays out whatever it is given: nothing panics, nothing is wider than the
// terminal, and nothing but text and looks comes out.
func FuzzSlide(f *testing.F) {
	for s := range strings.SplitSeq(everything, "\n---\n") {
		f.Add(s, 80)
		f.Add(s, 13)
	}
	f.Add(claims, 20)
	f.Add("| a | b |\n|-|-|\n| \x1b]52;c;x\x07 | \u202e |\n", 30)
	f.Fuzz(func(t *testing.T, text string, cols int) {
		d, err := markdown.Parse("deck.md", []byte(text))
		if err != nil || cols < 1 || cols > 300 {
			return
		}
		plan, err := runner.Compile(d)
		if err != nil {
			return
		}
		deck := present.NewDeck(plan)
		for i, slide := range deck.Slides {
			s := &present.State{
				Deck: deck, Slide: i, Outcomes: make([]*present.Outcome, len(deck.Steps)), Checks: make([]ledger.Last, len(deck.Steps)),
			}
			s.Hidden, s.Figures = true, true
			tree, _ := markdown.Tree(slide.Parts...)
			p := lay(newTheme(true), s, tree, cols, 20, newGallery(nil, nil), large{scaled: cols%2 == 0, roomy: cols%3 == 0})
			for _, l := range p.lines {
				out := string(fit(l, cols).AppendANSI(nil))
				screen := screen.New(cols, 2, screen.Hooks{OSC: func([]byte) { t.Fatalf("%q", out) }})
				if _, err := screen.Write([]byte(out)); err != nil {
					t.Fatal(err)
				}
				if strings.ContainsAny(out, "\n\r\a\u202e") {
					t.Fatalf("%q", out)
				}
			}
		}
	})
}

func TestPrefix(t *testing.T) {
	for name, want := range map[string]string{
		"ctrl+]": "ctrl+]", "^]": "ctrl+]", "C-a": "ctrl+a", "M-x": "alt+x", "ctrl+alt+x": "ctrl+alt+x",
		"F12": "f12", "`": "`", "ctrl+space": "ctrl+space", "esc": "esc",
		"": "", "nokey": "", "f13": "", "f0": "", "shift+a": "", "ctrl+": "", "^": "^", "ctrl-x": "", "f+12": "",
	} {
		if got, err := Prefix(name); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v", name, got, err)
		}
	}
}

func key(code rune) tea.KeyPressMsg {
	return tea.KeyPressMsg{Code: code}
}

// BenchmarkFrame is a key and the frame that follows, on the largest deck that there is.
func BenchmarkFrame(b *testing.B) {
	var deck strings.Builder
	for i := range 2653 {
		fmt.Fprintf(&deck, "## Slide %d\n\n- one *thing*\n\n- another `thing`\n\n```bash\necho code %d | grep x # y\n```\n\n"+
			".exercise[\n```bash\necho %d\n```\n]\n\n---\n\n", i+1, i, i)
	}
	f := look(b, deck.String(), 200, 50)
	b.ReportAllocs()
	right := true
	for b.Loop() {
		if f.s.Slide == len(f.s.Deck.Slides)-1 || f.s.Slide == 0 {
			right = f.s.Slide == 0
		}
		k := key(tea.KeyRight)
		if !right {
			k = key(tea.KeyLeft)
		}
		f.Update(k)
		if f.View().Content == "" {
			b.Fatal("nothing is shown")
		}
	}
}

const skips = "<!-- workshop: style plain -->\n\n## Use\n\n```bash skip\nmake install\n```\n\n```bash\ntrue\n```\n"

// TestSkippedStep marks the steps that will not run in the question before anything runs, and does not count them.
func TestSkippedStep(t *testing.T) {
	f := look(t, skips, 80, 24)
	f.s.Consent = &present.Consent{Steps: f.s.Deck.Steps}
	var shown []string
	for _, l := range f.consent(24) {
		shown = append(shown, strings.Join(strings.Fields(l.String()), " "))
	}
	all := strings.Join(shown, "\n")
	if !strings.Contains(all, "bash (skipped) make install") || !strings.Contains(all, "bash true") ||
		!strings.Contains(all, "1 command, 2 steps in all") {
		t.Errorf("%s", all)
	}
}

// A recording is labelled above the shell at every size, and so is what is left of the talk where there is room.
func TestRecordingIsLabelled(t *testing.T) {
	for _, size := range [][2]int{{40, 10}, {80, 24}, {120, 40}, {200, 50}} {
		f := look(t, "## A\n\n.exercise[\n```bash\nsleep 100\n```\n]\n", size[0], size[1])
		f.opts.Length = 30 * time.Minute
		s := screen.New(60, 12, screen.Hooks{})
		_, _ = s.Write([]byte("$ recorded"))
		view, state := s.View(), *f.s
		state.Terminal, state.Recorded = &view, &present.Recording{Step: state.Deck.Steps[0], At: time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)}
		f.s = &state
		text := strings.Join(f.shows(), "\n")
		label := "─ Recording of 29 November 2026, not live ─"
		if size[0] == 40 { // it has no room for all of that
			label = "─ not live: a recording ─"
		}
		for _, want := range []string{label, "R: leave", "$ recorded"} {
			if !strings.Contains(text, want) {
				t.Errorf("%v: %q is not shown:\n%s", size, want, text)
			}
		}
		left := "0 min of commands and 1 that were never measured, 30 min for talking, 0 slides left"
		if strings.Contains(text, left) != (size[0] >= roomy) {
			t.Errorf("%v: what is left:\n%s", size, text)
		}
	}
}

// Notes are shown as Markdown, not with its marks.
func TestNotes(t *testing.T) {
	f := look(t, "# A\n\n???\n\nAsk **first**:\n- who uses `sort`?\n- why?\n", 80, 24)
	f.talk.Do(present.Command{Do: present.VerbToggle, Text: "notes"})
	f.Update(changed{})
	if text := strings.Join(f.shows(), "\n"); !strings.Contains(text, "\n Ask first:\n • who uses sort?\n • why?\n") {
		t.Error(text)
	}
}

// The keys of a failure are whole at every width, and offer the recording where there is one only.
func TestKeysOfAFailure(t *testing.T) {
	hints := []string{" a  again", " x  skip", " e  fresh prompt", " Tab  the shell", " Esc  later"}
	for _, size := range [][2]int{{40, 30}, {80, 24}, {120, 40}, {200, 50}} {
		f := look(t, "## A\n\n.exercise[\n```bash\nfalse\n```\n]\n", size[0], size[1])
		runStep(t, f)
		for _, recorded := range []bool{false, true} {
			state := *f.s
			state.Recordings = []bool{recorded}
			f.s = &state
			text := strings.Join(f.shows(), "\n")
			for _, hint := range hints {
				if !strings.Contains(text, hint) {
					t.Errorf("%v: %q is not shown:\n%s", size, hint, text)
				}
			}
			if strings.Contains(text, " R  recorded output") != recorded {
				t.Errorf("%v: there is a recording: %v:\n%s", size, recorded, text)
			}
		}
	}
}

// On a large terminal a heading is a band over the whole slide, and items stand apart, as long as the slide fits.
func TestLargeTerminal(t *testing.T) {
	list := "- one\n- two\n"
	for _, tt := range []struct {
		name  string
		rows  int
		items int
		large bool
	}{{"usual", 40, 1, false}, {"large", 50, 1, true}, {"full", 50, 20, false}} {
		f := look(t, "# Head *line*\n\n"+strings.Repeat(list, tt.items), 200, tt.rows)
		cols, rows := f.slideSize()
		p := f.page(cols, rows)
		reversed := 0
		for _, l := range p.lines {
			if len(l) > 0 && !slices.ContainsFunc(l, func(r screen.Run) bool { return r.Style.Attr()&screen.Reverse == 0 }) && l.Width() == cols {
				reversed++
			}
		}
		apart := strings.Contains(strings.Join(f.shows(), "\n"), "• one\n\n")
		if want := 3; reversed != want && tt.large || reversed > 0 && !tt.large || apart != tt.large {
			t.Errorf("%s: %d rows of a band, apart: %v:\n%s", tt.name, reversed, apart, strings.Join(f.shows(), "\n"))
		}
	}
}

// A terminal that answers that it knows sizes of text gets larger headings, each once, where the slide has room for them.
func TestScaledHeading(t *testing.T) {
	f := look(t, "# Two 界 words\n\nText\n\n---\n\nclass: title\n\n# Top\n", 80, 24)
	answer := func(from, to int) {
		f.sizing.from = -1
		f.Update(tea.CursorPositionMsg{X: from, Y: 1})
		f.Update(tea.CursorPositionMsg{X: to, Y: 1})
	}
	answer(0, 0)
	if f.sizing.known || strings.Contains(strings.Join(f.shows(), "\n"), "T w o") {
		t.Fatal("it does not know sizes")
	}
	answer(0, 2)
	var wanted []string
	for range 2 {
		f.Update(changed{})
		for _, w := range f.sizing.wanted {
			wanted = append(wanted, fmt.Sprintf("%d,%d %q", w.x, w.y, w.sequence))
		}
		wanted = append(wanted, strings.TrimRight(f.shows()[f.sizing.wanted[0].y], " "))
		f.talk.Do(present.Command{Do: present.VerbNext})
		f.Update(changed{})
	}
	want := []string{
		`2,1 "\x1b[0;1;34m\x1b]66;s=2;Two 界 words\a\x1b[0m"`, "  T w o   界    w o r d s",
		`35,10 "\x1b[0;1;34m\x1b]66;s=3;Top\a\x1b[0m"`, "                                   T  o  p",
	}
	if diff := cmp.Diff(want, wanted); diff != "" {
		t.Error(diff)
	}
	if cmd := f.settleText(redrawText{nil}); cmd != nil {
		t.Error("drawn though something else is wanted")
	}
	f.Update(tea.KeyPressMsg{Code: '?', Text: "?"})
	if len(f.sizing.wanted) != 0 {
		t.Error("wanted over the help")
	}
}

// The audience's address can be looked up at any time, with its code where there is room for all of it.
func TestInvitation(t *testing.T) {
	const address = "http://192.0.2.7:8080/k7m2qx"
	code := strings.Repeat(strings.Repeat("█", 33)+"\n", 17)
	for _, size := range [][2]int{{30, 24}, {80, 20}, {80, 24}, {200, 50}} {
		f := look(t, "# A\n", size[0], size[1])
		f.opts.Invite = func() Invitation { return Invitation{Address: address, Note: "It is for all.", Code: code} }
		f.key(tea.KeyPressMsg{Code: 'i', Text: "i"})
		shown := f.shows()
		text := strings.Join(shown, "\n")
		whole := strings.Count(text, strings.Repeat("█", 33))
		fits := size[0] > 35 && size[1] >= 24
		if !strings.Contains(text, address) || !strings.Contains(text, "It is for all.") ||
			whole != map[bool]int{true: 17}[fits] || strings.Contains(text, "larger terminal") == fits || len(shown) != size[1] {
			t.Errorf("%v: %d lines of the code:\n%s", size, whole, text)
		}
		f.key(tea.KeyPressMsg{Code: tea.KeyEscape})
		if text := strings.Join(f.shows(), "\n"); strings.Contains(text, address) {
			t.Errorf("%v: it does not go away:\n%s", size, text)
		}
	}
	f := look(t, "# A\n", 120, 50)
	f.key(tea.KeyPressMsg{Code: '?', Text: "?"})
	if text := strings.Join(f.shows(), "\n"); !strings.Contains(text, "i  the audience's address") {
		t.Errorf("the help:\n%s", text)
	}
	f.key(tea.KeyPressMsg{Code: tea.KeyEscape})
	f.key(tea.KeyPressMsg{Code: 'i', Text: "i"})
	if text := strings.Join(f.shows(), "\n"); !strings.Contains(text, "on this terminal only") || !strings.Contains(text, "--room") {
		t.Errorf("without browsers:\n%s", text)
	}
}

// A bare address can be opened, and a link leads to one page only, whatever its text is.
func TestLinks(t *testing.T) {
	f := look(t, "# A\n\nSee www.example.org, `www.example.net` and [www.example.com](https://b.org/).\n", 80, 24)
	if got := f.links(); !slices.Equal(got, []string{"http://www.example.org", "https://b.org/"}) {
		t.Errorf("links to %q", got)
	}
}
