package tui

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"workshop/runner/present"
	"workshop/runner/screen"
)

// usual are the sizes of terminals that views are measured at, and a small one.
var usual = [][2]int{{40, 10}, {80, 24}, {120, 40}, {200, 50}}

const manyNotes = "# A\n\nThis slide has several links: http://a.org/ http://b.org/ http://c.org/ http://d.org/ " +
	"http://e.org/ http://f.org/ " +
	"http://g.org/ http://h.org/ http://i.org/ http://j.org/ http://k.org/\n\n.exercise[\n```bash\nfalse\n```\n]\n\n???\n\n"

// types presses keys that write text.
func (f *face) types(text string) {
	for _, c := range text {
		f.Update(tea.KeyPressMsg{Code: c, Text: string(c)})
	}
}

var (
	above = regexp.MustCompile(` ▲ \d+ more *$`)
	below = regexp.MustCompile(` ▼ \d+ more *$`)
)

// TestViewsFit opens each view at the usual sizes and a small one, in colours and without: what has no room is announced and
// can be scrolled to, and when the view is closed nothing of it is left.
func TestViewsFit(t *testing.T) {
	var notes strings.Builder
	var remarks []string
	for i := range 60 {
		fmt.Fprintf(&notes, "- note%d of them\n", i)
		remarks = append(remarks, fmt.Sprintf("deck.md:%d:1: warning: remark%d (hint%d)", i, i, i))
	}
	views := []struct {
		name, key string
		words     []string
	}{
		{"help", "?", nil},
		{"remarks", "m", nil},
		{"links", "o", []string{"http://a.org/", "http://e.org/", "http://i.org/", "and 2 more"}},
		{"notes", "NN", nil},
	}
	for _, b := range table() {
		words := strings.Fields(b.does)
		views[0].words = append(views[0].words, words[0], words[len(words)-1], keyName(b.keys[0]))
	}
	for i := range 60 {
		views[1].words = append(views[1].words, fmt.Sprintf("remark%d", i), fmt.Sprintf("(hint%d)", i))
		views[3].words = append(views[3].words, fmt.Sprintf("note%d", i))
	}
	for _, size := range usual {
		for _, plain := range []bool{false, true} {
			f := lookWith(t, manyNotes+notes.String(), remarks, size[0], size[1])
			f.theme = newTheme(!plain)
			before := f.slideShown()
			for _, v := range views {
				name := fmt.Sprintf("%s at %v, plain: %v", v.name, size, plain)
				f.types(v.key)
				seen := f.readThrough(t, name, plain)
				for _, word := range v.words {
					if !strings.Contains(seen, word) {
						t.Errorf("%s: %q is never shown:\n%s", name, word, seen)
					}
				}
				f.Update(tea.KeyPressMsg{Code: tea.KeyEscape})
				if v.name == "notes" {
					f.types("NN") // all of them, and none
				}
				if got := f.slideShown(); got != before {
					t.Errorf("%s: it is not as before:\n%s\nbut\n%s", name, before, got)
				}
			}
		}
	}
}

// slideShown is all but the last line, which has a clock.
func (f *face) slideShown() string {
	rows := f.shows()
	return strings.Join(rows[:len(rows)-1], "\n")
}

// readThrough reads a view from its top to its end, and measures it.
func (f *face) readThrough(t *testing.T, name string, plain bool) string {
	t.Helper()
	var all strings.Builder
	for first := true; ; first = false {
		lines, _ := f.draw()
		if len(lines) != f.rows {
			t.Errorf("%s: %d lines", name, len(lines))
		}
		more := false
		for i, l := range lines {
			text := strings.TrimRight(l.String(), " ")
			if l.Width() > f.cols {
				t.Errorf("%s: %q is cut", name, text)
			}
			if plain && slices.ContainsFunc(l, func(r screen.Run) bool { return r.Style.Foreground() != 0 || r.Style.Background() != 0 }) {
				t.Errorf("%s: %q has a colour", name, text)
			}
			more = more || i < len(lines)-1 && below.MatchString(text)
			if first && above.MatchString(text) {
				t.Errorf("%s: it does not begin at its top: %q", name, text)
			}
			if i < len(lines)-1 && !above.MatchString(text) && !below.MatchString(text) {
				all.WriteString(text + "\n")
			}
		}
		if !more {
			break
		}
		at := f.at
		f.Update(tea.KeyPressMsg{Code: tea.KeyDown})
		f.draw()
		if f.at == at {
			t.Errorf("%s: more is announced, but does not come:\n%s", name, all.String())
			break
		}
	}
	end := f.slideShown()
	f.Update(tea.KeyPressMsg{Code: tea.KeyHome})
	f.draw()
	for range 200 { // by pages
		f.Update(tea.KeyPressMsg{Code: tea.KeyPgDown})
		f.draw()
	}
	if got := f.slideShown(); got != end {
		t.Errorf("%s: by pages it ends with\n%s\nby lines with\n%s", name, got, end)
	}
	return all.String()
}

// TestOverviewSaysWhatItShows says which of the slides are listed where there is no room for all.
func TestOverviewSaysWhatItShows(t *testing.T) {
	f := look(t, strings.Repeat("# A\n\n---\n\n", 59)+"# Z\n", 40, 10)
	f.types("t")
	if first := f.shows()[0]; !strings.HasSuffix(first, "1–7 of 60") {
		t.Errorf("%q", first)
	}
	f.Update(tea.KeyPressMsg{Code: tea.KeyEnd})
	if text := strings.Join(f.shows(), "\n"); !strings.Contains(text, "54–60 of 60") || !strings.Contains(text, "60  Z") {
		t.Error(text)
	}
}

// TestConsentFits lists all commands at every size, with the keys below.
func TestConsentFits(t *testing.T) {
	var deck strings.Builder
	var words []string
	for i := range 40 {
		fmt.Fprintf(&deck, "# S%d\n\n.exercise[\n```bash\necho word%d; sudo true\n```\n]\n\n---\n\n", i, i)
		words = append(words, fmt.Sprintf("word%d;", i))
	}
	for _, size := range usual {
		for _, plain := range []bool{false, true} {
			f := look(t, deck.String(), size[0], size[1])
			f.theme = newTheme(!plain)
			state := *f.s
			state.Consent = &present.Consent{Steps: f.s.Deck.Steps}
			f.s = &state
			name := fmt.Sprintf("the question at %v", size)
			seen := ""
			for {
				text := f.slideShown()
				seen += text
				for _, want := range []string{" y  run it", " n  only show it", " ↓ ↑  the rest"} {
					if !strings.Contains(text, want) {
						t.Fatalf("%s: no %q:\n%s", name, want, text)
					}
				}
				if !strings.Contains(text, " ▼ ") {
					break
				}
				f.consentKey("down")
			}
			for _, word := range append([]string{"your privileges:", "too."}, words...) {
				if !strings.Contains(seen, word) {
					t.Errorf("%s: %q is never shown:\n%s", name, word, seen)
				}
			}
		}
	}
}

// TestLongMessage shows a message once: in the last line, or under the slide if it is too long for that. Then the last line says
// how to close it.
func TestLongMessage(t *testing.T) {
	for _, size := range usual {
		for _, long := range []bool{false, true} {
			f := look(t, "# A\n\nText\n", size[0], size[1])
			f.opts.Length = 45 * time.Minute
			name := "x9"
			if long {
				name = strings.Repeat("several words and ", size[0]/12) + "x9"
			}
			f.talk.Do(present.Command{Do: present.VerbGoto, Text: name})
			f.Update(changed{})
			shown := f.shows()
			last, text := shown[len(shown)-1], strings.Join(strings.Fields(strings.Join(shown, " ")), " ")
			if strings.Count(text, "there is no slide") != 1 || strings.Count(text, `x9"`) != 1 || strings.Contains(last, "no slide") == long {
				t.Errorf("%v, long: %v:\n%s", size, long, strings.Join(shown, "\n"))
			}
			if strings.Contains(last, " Esc: close it ") != long || strings.Contains(last, "…") {
				t.Errorf("%v: the last line: %q", size, last)
			}
			f.types("?") // has the whole terminal
			f.Update(tea.KeyPressMsg{Code: tea.KeyEscape})
			f.Update(tea.KeyPressMsg{Code: tea.KeyEscape})
			if text := strings.Join(f.shows(), "\n"); long && strings.Contains(text, "no slide") {
				t.Errorf("%v: it does not go away:\n%s", size, text)
			}
		}
	}
}

// TestLongMessageOverTheShell is read whole while somebody types, who is told how to come back.
func TestLongMessageOverTheShell(t *testing.T) {
	f := look(t, "# A\n\n.exercise[\n```bash\ntrue\n```\n]\n", 80, 24)
	runStep(t, f)
	f.talk.Do(present.Command{Do: present.VerbGoto, Text: strings.Repeat("word ", 20) + "end"})
	f.focus = onShell
	f.Update(changed{})
	shown := f.shows()
	if text, last := strings.Join(shown, "\n"), shown[len(shown)-1]; !strings.Contains(text, `end"`) ||
		!strings.HasPrefix(last, " ^]: back to the slides ") {
		t.Errorf("%s", text)
	}
	f.focus, f.zoom = onSlide, shellOnly
	shown = f.shows()
	if last := shown[len(shown)-1]; !strings.HasPrefix(last, ` there is no slide "word`) || !strings.Contains(last, "…") {
		t.Errorf("where there is no slide: %q", last)
	}
}

// TestPrompt shows the end of what is typed, however small the terminal is.
func TestPrompt(t *testing.T) {
	for _, size := range usual[:3] { // so much text is accepted
		f := look(t, "# A\n", size[0], size[1])
		f.opts.Length = 45 * time.Minute
		f.types("g" + strings.Repeat("abcdefghij", size[0]/8) + "-end")
		lines, cursor := f.draw()
		last := lines[len(lines)-1]
		if text := last.String(); !strings.Contains(text, " go to: …") || !strings.Contains(text, "-end ") || last.Width() > size[0] ||
			cursor == nil || cursor[0] != strings.Index(strings.Replace(text, "…", ".", 1), "-end")+4 {
			t.Errorf("%v: %q, the cursor %v", size, text, cursor)
		}
	}
}

// TestSmallFailure keeps the keys of a failure and the message in sight, with notes and another message as well, and says what is cut.
func TestSmallFailure(t *testing.T) {
	for _, size := range usual {
		f := look(t, manyNotes+"One note.\n", size[0], size[1])
		runStep(t, f)
		f.types("N")
		for _, long := range []bool{false, true} {
			if long {
				f.talk.Do(present.Command{Do: present.VerbGoto, Text: strings.Repeat("word ", 30)})
			}
			f.Update(changed{})
			lines, _ := f.draw()
			fr := f.frame()
			if slide := f.slide(fr); len(slide) != fr.slideRows {
				t.Errorf("%v: the slide and what is under it have %d rows, not %d", size, len(slide), fr.slideRows)
			}
			text := strings.Join(f.shows(), "\n")
			for _, want := range []string{"✗ deck.md:6:1: the command", " a  again", " x  skip", " Esc  later"} {
				if !strings.Contains(text, want) {
					t.Errorf("%v: no %q:\n%s", size, want, text)
				}
			}
			if all := strings.Contains(text, "came       status 1"); !all && !strings.Contains(text, " ▼ 3 more") &&
				!strings.Contains(text, " ▼ 4 more") {
				t.Errorf("%v: cut without a sign:\n%s", size, text)
			}
			for _, l := range lines {
				if l.Width() > size[0] {
					t.Errorf("%v: %q", size, l.String())
				}
			}
		}
	}
}

// TestMissingPicture says that a picture of the deck is missing, until it is there and the deck was read again.
func TestMissingPicture(t *testing.T) {
	f := look(t, "# A\n\n![The plan](plan.png)\n\n![](other.png)\n\n![Far](http://example.org/far.png)\n", 80, 24)
	there := map[string]bool{"other.png": true}
	f.gallery.read = func(name string) ([]byte, error) {
		if !there[name] {
			return nil, fmt.Errorf("%s: no such file", name)
		}
		return nil, nil
	}
	text := strings.Join(f.shows(), "\n")
	if !strings.Contains(text, "🖼  The plan (plan.png: no such file)\n") || !strings.Contains(text, "🖼  other.png\n") ||
		!strings.Contains(text, "🖼  Far\n") {
		t.Errorf("%s", text)
	}
	there["plan.png"] = true
	f.laid = laid{}
	f.gallery.forget()
	if text := strings.Join(f.shows(), "\n"); !strings.Contains(text, "🖼  The plan\n") {
		t.Errorf("it is there now:\n%s", text)
	}
}

// TestBrokenLink marks a link that leads nowhere, with colours and without, and no other one.
func TestBrokenLink(t *testing.T) {
	for _, colour := range []bool{true, false} {
		f := look(t, "# A\n\n[gone](no%20where.md), [there](else.md), **[bold](#none)**\n", 80, 24)
		f.theme = newTheme(colour)
		f.s.Current().Slide().Nowhere = []string{"no where.md", "#none"}
		clear(f.trees)
		f.laid = laid{}
		text := strings.Join(f.shows(), "\n")
		if !strings.Contains(text, "gone (broken link), there, bold (broken link)\n") {
			t.Errorf("colour %v: %s", colour, text)
		}
		lines, _ := f.draw()
		for _, l := range lines {
			for _, r := range l {
				if broken := r.Text == "gone" || r.Text == "bold"; broken && r.Style.Attr()&screen.Underline != 0 ||
					r.Text == "there" && r.Style != f.theme.link {
					t.Errorf("colour %v: %q looks like %v", colour, r.Text, r.Style)
				}
			}
		}
	}
}

// TestShortConsent has no keys for a list that is shown whole.
func TestShortConsent(t *testing.T) {
	f := look(t, "# A\n\n.exercise[\n```bash\ntrue\n```\n]\n", 80, 24)
	state := *f.s
	state.Consent = &present.Consent{Steps: f.s.Deck.Steps}
	f.s = &state
	if text := f.slideShown(); !strings.Contains(text, " y  run it") || strings.Contains(text, "the rest") || strings.Contains(text, "more") {
		t.Error(text)
	}
}

// TestPaceOnTheTerminal calls a talk late when its slide should be over, and early when its slide should not have begun.
func TestPaceOnTheTerminal(t *testing.T) {
	f := look(t, strings.Repeat("# A\n\n---\n\n", 3)+"# Z\n", 80, 24)
	f.opts.Length = 40 * time.Minute
	for _, tt := range []struct {
		slide   int
		elapsed time.Duration
		want    string
	}{
		{0, time.Second, "0:01/40:00"},
		{0, 9 * time.Minute, "9:00/40:00"},
		{0, 13 * time.Minute, "13:00/40:00 3 min late"},
		{2, 15 * time.Minute, "15:00/40:00 5 min early"},
		{2, 25 * time.Minute, "25:00/40:00"},
		{3, 41 * time.Minute, "41:00/40:00 1 min late"},
	} {
		state := *f.s
		state.Slide, state.Started = tt.slide, time.Now().Add(-tt.elapsed)
		f.s = &state
		if got := f.time(); got != tt.want {
			t.Errorf("slide %d after %v: %q, want %q", tt.slide+1, tt.elapsed, got, tt.want)
		}
	}
}
