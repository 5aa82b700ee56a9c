package tui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"workshop/runner"
	"workshop/runner/present"
)

// action is the effect of a key on the slide.
type action struct {
	group string // of the help
	does  string
	do    func(*face) tea.Cmd
}

func command(c present.Command) func(*face) tea.Cmd {
	return func(f *face) tea.Cmd {
		f.talk.Do(c)
		return nil
	}
}

func toggle(what string) func(*face) tea.Cmd {
	return command(present.Command{Do: present.VerbToggle, Text: what})
}

// bound are actions with their keys, in the order of the help. Keys that a person or a
// clicker presses to move on only ever navigate.
type bound struct {
	keys []string
	action
}

func table() []bound {
	return []bound{
		{[]string{"right", "n", "l", "j"}, action{"slides", "next", command(present.Command{Do: present.VerbNext})}},
		{[]string{"pgdown", "space"}, action{"slides", "scroll on, then next", (*face).onward}},
		{
			[]string{"left", "pgup", "p", "k", "backspace"},
			action{"slides", "previous; nothing runs again", command(present.Command{Do: present.VerbPrev})},
		},
		{[]string{"home"}, action{"slides", "first", command(present.Command{Do: present.VerbGoto, Text: "1"})}},
		{[]string{"end"}, action{"slides", "last", command(present.Command{Do: present.VerbGoto, Text: "9999999"})}},
		{[]string{"g"}, action{"slides", "go to a number, name or exercise (or digits, Enter)", ask(askGoto)}},
		{[]string{"/"}, action{"slides", "search; again with an empty text", ask(askSearch)}},
		{[]string{"t"}, action{"slides", "overview", (*face).list}},
		{[]string{"ctrl+down", "]"}, action{"slides", "scroll down", (*face).down}},
		{[]string{"ctrl+up", "["}, action{"slides", "scroll up", (*face).up}},
		{[]string{"enter", "y", "ctrl+e"}, action{"steps", "run the selected step", command(present.Command{Do: present.VerbRun})}},
		{[]string{"down"}, action{"steps", "select the next one", command(present.Command{Do: present.VerbMove, N: 1})}},
		{[]string{"up"}, action{"steps", "select the one before", command(present.Command{Do: present.VerbMove, N: -1})}},
		{[]string{"a"}, action{"steps", "again, after one that failed", command(present.Command{Do: present.VerbAgain})}},
		{[]string{"x"}, action{"steps", "skip", command(present.Command{Do: present.VerbSkip})}},
		{[]string{"c"}, action{"steps", "continue to the next error, over slides", command(present.Command{Do: present.VerbContinue})}},
		{[]string{"F"}, action{"steps", "run all that comes before the selected one", command(present.Command{Do: present.VerbForward})}},
		{[]string{"ctrl+c"}, action{"steps", "stop the one that runs", (*face).stop}},
		{[]string{"s"}, action{"steps", "type as a person would", toggle("typing")}},
		{[]string{"v"}, action{"steps", "verify", toggle("verify")}},
		{[]string{"h"}, action{"steps", "show hidden ones", toggle("hidden")}},
		{[]string{"R"}, action{"steps", "show the recording of its last check, or leave it", command(present.Command{Do: present.VerbReplay})}},
		{[]string{"tab"}, action{"shell", "type in it", (*face).enter}},
		{[]string{"z"}, action{"shell", "zoom: slide, shell, both", (*face).zooming}},
		{[]string{"u", "shift+pgup"}, action{"shell", "scroll back", (*face).older}},
		{[]string{"d", "shift+pgdown"}, action{"shell", "scroll on", (*face).newer}},
		{[]string{"e"}, action{"shell", "back to its prompt, or a fresh one", command(present.Command{Do: present.VerbFresh})}},
		{[]string{"o"}, action{"others", "open a link", (*face).openLink}},
		{[]string{"f"}, action{"others", "what was measured, beside the sentences that say it", toggle("figures")}},
		{[]string{"N"}, action{"others", "speaker's notes; again: all of them", (*face).notesOn}},
		{[]string{"b", "."}, action{"others", "blank", toggle("blank")}},
		{[]string{"Z"}, action{"others", "what pages in the room show: both, slide, shell", toggle("stage")}},
		{[]string{"i"}, action{"others", "the audience's address", (*face).invite}},
		{[]string{"0"}, action{"others", "start the clock anew", command(present.Command{Do: present.VerbClock})}},
		{[]string{"m"}, action{"others", "mistakes and remarks that reading the deck has made", ask(remarks)}},
		{[]string{"r"}, action{"others", "read the deck again", command(present.Command{Do: present.VerbReload})}},
		{[]string{"?"}, action{"others", "help", ask(help)}},
		{[]string{"esc"}, action{"others", "leave what is open", (*face).leave}},
		{[]string{"q"}, action{"others", "quit", (*face).quit}},
	}
}

// Presets are the names of the sets of keys.
func Presets() []string { return slices.Sorted(maps.Keys(presets())) }

// presets change some of the keys.
func presets() map[string]map[string]func(*face) tea.Cmd {
	return map[string]map[string]func(*face) tea.Cmd{
		"workshop": {},
		// The old autopilot: y, Space and Enter run a step, and move on where there is none.
		"autopilot": {
			"y": (*face).runOrNext, "space": (*face).runOrNext, "enter": (*face).runOrNext,
			"k": toggle("hidden"), "d": (*face).notesOn,
		},
	}
}

// bindings are the keys of a preset.
func bindings(preset string) (map[string]action, error) {
	if preset == "" {
		preset = "workshop"
	}
	changes, ok := presets()[preset]
	if !ok {
		return nil, fmt.Errorf("there is no set of keys %q; there are: %s", preset, strings.Join(Presets(), ", "))
	}
	keys := map[string]action{}
	for _, b := range table() {
		for _, k := range b.keys {
			keys[k] = b.action
		}
	}
	for k, do := range changes {
		keys[k] = action{"steps", "as the autopilot did", do}
	}
	return keys, nil
}

// Prefix is a key that leads out of the shell, by the name that it has here: as it is, or
// as tmux writes it (^a, C-a). One that nobody can press would keep a person in the shell.
func Prefix(key string) (string, error) {
	name := strings.ToLower(key)
	for tmux, ours := range map[string]string{"^": "ctrl+", "c-": "ctrl+", "m-": "alt+"} {
		if rest, ok := strings.CutPrefix(name, tmux); ok && rest != "" {
			name = ours + rest
			break
		}
	}
	base, modified := name, false
	for _, m := range []string{"ctrl+", "alt+", "shift+"} {
		if rest, ok := strings.CutPrefix(base, m); ok && rest != "" {
			base, modified = rest, modified || m != "shift+"
		}
	}
	_, named := names[base]
	for f := 1; f <= 12 && !named; f++ {
		named = base == fmt.Sprint("f", f)
	}
	if !named && (utf8.RuneCountInString(base) != 1 || base != name && !modified) {
		return "", fmt.Errorf("there is no key %q; such as ctrl+], ctrl+a, f12", key)
	}
	return name, nil
}

func ask(m mode) func(*face) tea.Cmd {
	return func(f *face) tea.Cmd {
		f.mode, f.input, f.at = m, "", 0
		return nil
	}
}

// press takes keys that were pressed at once: Escape and the key right behind it come from most terminals as that
// key with Alt. Escape closes the open view, and the other key must not be lost with it.
func (f *face) press(msg tea.KeyPressMsg) tea.Cmd {
	if msg.Mod&tea.ModAlt == 0 || f.exact || f.focus == onShell || !f.open() || msg.String() == f.opts.Prefix {
		return f.key(msg)
	}
	closed := f.key(tea.KeyPressMsg{Code: tea.KeyEscape})
	f.take(f.talk.State())
	behind := tea.Key(msg)
	behind.Mod &^= tea.ModAlt
	if c := cmp.Or(behind.ShiftedCode, behind.Code); behind.Text == "" && behind.Mod&^tea.ModShift == 0 && unicode.IsPrint(c) {
		behind.Text = string(c)
	}
	return tea.Batch(closed, f.key(tea.KeyPressMsg(behind)))
}

// open reports whether Escape closes something.
func (f *face) open() bool {
	s := f.s
	return f.mode != normal || s.Consent != nil || s.Trouble != nil || s.Recorded != nil || f.digits != "" || f.back > 0 ||
		f.zoom != both || f.long()
}

// key is a key that was pressed.
func (f *face) key(msg tea.KeyPressMsg) tea.Cmd {
	k := msg.String()
	leaving := f.leaving
	f.leaving = false
	switch {
	case f.s.Consent != nil:
		return f.consentKey(k)
	case f.focus == onShell:
		f.shellKey(msg)
		return nil
	case f.mode != normal:
		return f.modeKey(k, msg.Text)
	case f.s.Blank && k != "q":
		f.talk.Do(present.Command{Do: present.VerbToggle, Text: "blank"})
		return nil
	}
	if len(k) == 1 && (k[0] >= '1' && k[0] <= '9' || k[0] == '0' && f.digits != "") && len(f.digits) < 6 {
		f.digits += k
		return nil
	}
	digits := f.digits
	f.digits = ""
	if digits != "" {
		switch k {
		case "enter":
			f.talk.Do(present.Command{Do: present.VerbGoto, Text: digits})
			return nil
		case "backspace":
			f.digits = digits[:len(digits)-1]
			return nil
		case "esc":
			return nil
		}
	}
	if k == f.opts.Prefix && f.s.Terminal != nil { // twice: it is meant for the shell
		f.toShell(k)
		return nil
	}
	if a, ok := f.keys[k]; ok {
		f.leaving = leaving
		cmd := a.do(f)
		if k != "q" {
			f.leaving = false
		}
		return cmd
	}
	return nil
}

// shellKey types a key into the shell.
func (f *face) shellKey(msg tea.KeyPressMsg) {
	turn := map[string]present.Verb{"pgdown": present.VerbNext, "pgup": present.VerbPrev}[msg.String()]
	switch k := msg.String(); {
	case turn != "" && f.s.Terminal != nil && !f.s.Terminal.Alt: // a clicker's key; full-screen programs get it
		f.talk.Do(present.Command{Do: turn})
	case k == f.opts.Prefix:
		f.focus = onSlide
	case k == "shift+pgup":
		f.older()
	case k == "shift+pgdown":
		f.newer()
	default:
		f.back = 0
		key := msg.Key()
		if key.Text != "" && key.Mod&^tea.ModShift == 0 {
			f.talk.Do(present.Command{Do: present.VerbInput, Text: key.Text})
			return
		}
		f.toShell(msg.Keystroke())
	}
}

// names are Bubble Tea's names of keys in tmux's notation.
var names = map[string]string{
	"enter": "Enter", "tab": "Tab", "esc": "Escape", "backspace": "BSpace", "space": "Space", "up": "Up", "down": "Down",
	"left": "Left", "right": "Right", "home": "Home", "end": "End", "pgup": "PageUp", "pgdown": "PageDown", "delete": "DC", "insert": "IC",
}

// toShell types a key that is no text.
func (f *face) toShell(stroke string) {
	prefix := ""
	for {
		switch {
		case strings.HasPrefix(stroke, "ctrl+"):
			prefix, stroke = prefix+"C-", stroke[5:]
			continue
		case strings.HasPrefix(stroke, "alt+"):
			prefix, stroke = prefix+"M-", stroke[4:]
			continue
		case strings.HasPrefix(stroke, "shift+"):
			prefix, stroke = prefix+"S-", stroke[6:]
			continue
		}
		break
	}
	if name, ok := names[stroke]; ok {
		stroke = name
	}
	if len(stroke) > 1 && stroke[0] == 'f' && strings.Trim(stroke[1:], "0123456789") == "" {
		stroke = "F" + stroke[1:]
	}
	f.talk.Do(present.Command{Do: present.VerbKey, Text: prefix + stroke})
}

func (f *face) consentKey(k string) tea.Cmd {
	switch k {
	case "y", "Y":
		f.talk.Do(present.Command{Do: present.VerbAllow})
	case "n", "N", "esc", "q":
		f.talk.Do(present.Command{Do: present.VerbRefuse})
	default:
		f.scrolls(k)
	}
	return nil
}

// scrolls moves a list by a key, if that is one of those for it. The list stops at its ends when it is drawn.
func (f *face) scrolls(k string) bool {
	by, ok := map[string]int{
		"down": 1, "j": 1, "up": -1, "k": -1, "pgdown": f.rows - 6, "space": f.rows - 6, "pgup": 6 - f.rows, "home": -f.at, "end": 1 << 20,
	}[k]
	if ok && (k == "pgdown" || k == "space") {
		by = max(by, 1)
	} else if k == "pgup" {
		by = min(by, -1)
	}
	f.at = max(f.at+by, 0)
	return ok
}

// modeKey is a key in a prompt or list.
func (f *face) modeKey(k, text string) tea.Cmd {
	if k == "esc" || k == "ctrl+c" {
		return f.leave()
	}
	switch f.mode {
	case askGoto, askSearch:
		switch {
		case k == "enter":
			c := present.Command{Do: present.VerbGoto, Text: f.input}
			if f.mode == askSearch {
				c.Do = present.VerbSearch
			}
			f.mode = normal
			if f.input != "" || c.Do == present.VerbSearch {
				f.talk.Do(c)
			}
		case k == "backspace":
			if r := []rune(f.input); len(r) > 0 {
				f.input = string(r[:len(r)-1])
			} else {
				f.mode = normal
			}
		case text != "" && len(f.input) < 200:
			f.input += text
		}
	case overview:
		last := len(f.s.Deck.Slides) - 1
		move := map[string]int{
			"down": 1, "j": 1, "n": 1, "right": 1, "up": -1, "k": -1, "p": -1, "left": -1,
			"pgdown": f.rows - 3, "space": f.rows - 3, "pgup": 3 - f.rows, "home": -last, "end": last,
		}[k]
		f.at = min(max(f.at+move, 0), max(last, 0))
		switch k {
		case "enter":
			f.mode = normal
			f.talk.Do(present.Command{Do: present.VerbGoto, Text: fmt.Sprint(f.at + 1)})
		case "t", "q":
			f.mode = normal
		}
	case links:
		all := f.links()
		if len(k) == 1 && k[0] >= '1' && int(k[0]-'1') < len(all) {
			f.mode = normal
			f.talk.Do(present.Command{Do: present.VerbLink, Text: all[k[0]-'1']})
		} else if k == "o" || k == "q" {
			f.mode = normal
		} else {
			f.scrolls(k)
		}
	case notes:
		if !f.scrolls(k) {
			f.mode = normal
			if k == "N" {
				f.talk.Do(present.Command{Do: present.VerbToggle, Text: "notes"})
			}
		}
	case help, remarks, invite:
		if !f.scrolls(k) {
			f.mode = normal
		}
	}
	return nil
}

// notesOn shows the notes; if the slide has no room for all of them, all; then none.
func (f *face) notesOn() tea.Cmd {
	if _, cut := f.panel(f.frame()); cut > 0 {
		f.mode, f.at = notes, 0
		return nil
	}
	f.talk.Do(present.Command{Do: present.VerbToggle, Text: "notes"})
	return nil
}

func (f *face) list() tea.Cmd {
	f.mode, f.at = overview, f.s.Slide
	return nil
}

func (f *face) invite() tea.Cmd {
	f.mode, f.invited = invite, Invitation{}
	if f.opts.Invite != nil {
		f.invited = f.opts.Invite()
	}
	return nil
}

func (f *face) leave() tea.Cmd {
	switch {
	case f.mode != normal:
		f.mode = normal
	case f.s.Trouble != nil, f.s.Recorded != nil, f.long():
		f.talk.Do(present.Command{Do: present.VerbDismiss})
	case f.back > 0:
		f.back = 0
	case f.zoom != both:
		f.zoom = both
	}
	return nil
}

func (f *face) stop() tea.Cmd {
	if f.working() {
		f.talk.Do(present.Command{Do: present.VerbStop})
	}
	return nil
}

func (f *face) working() bool { return f.s.Running != nil || f.s.Busy != "" }

func (f *face) quit() tea.Cmd {
	if f.working() && !f.leaving {
		f.leaving = true
		return nil
	}
	return tea.Quit
}

func (f *face) runOrNext() tea.Cmd {
	c := present.Command{Do: present.VerbRun}
	if f.s.Selected() == nil {
		c.Do = present.VerbNext
	}
	f.talk.Do(c)
	return nil
}

// enter gives the keys to the shell.
func (f *face) enter() tea.Cmd {
	f.focus, f.back = onShell, 0
	if f.zoom == slideOnly {
		f.zoom = both
	}
	if f.s.Terminal == nil {
		f.talk.Do(present.Command{Do: present.VerbShell})
	}
	return nil
}

func (f *face) zooming() tea.Cmd {
	f.zoom = (f.zoom + 1) % 3
	if f.zoom == shellOnly && f.s.Terminal == nil {
		f.zoom = both
	}
	return nil
}

func (f *face) older() tea.Cmd {
	if t := f.s.Terminal; t != nil {
		f.back = min(f.back+max(t.Rows/2, 1), t.Past)
	}
	return nil
}

func (f *face) newer() tea.Cmd {
	if t := f.s.Terminal; t != nil {
		f.back = max(f.back-max(t.Rows/2, 1), 0)
	}
	return nil
}

func (f *face) down() tea.Cmd {
	f.scroll = min(f.scroll+max(f.slideRows()/2, 1), f.overflow())
	return nil
}

func (f *face) up() tea.Cmd {
	f.scroll = max(f.scroll-max(f.slideRows()/2, 1), 0)
	return nil
}

// onward shows the rest of a slide that is too long, then the next one.
func (f *face) onward() tea.Cmd {
	if f.zoom != shellOnly && f.scroll < f.overflow() {
		f.scroll = min(f.scroll+max(f.slideRows()-2, 1), f.overflow())
		return nil
	}
	f.talk.Do(present.Command{Do: present.VerbNext})
	return nil
}

// links are the pages that the slide leads to.
func (f *face) links() []string {
	var all []string
	if slide := f.s.Current(); slide != nil {
		all = slices.Clone(f.page(f.slideSize()).links)
		for _, st := range slide.Steps {
			if st.Kind() == runner.KindOpens {
				all = append(all, strings.TrimSpace(st.Text))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (f *face) openLink() tea.Cmd {
	switch all := f.links(); len(all) {
	case 0:
	case 1:
		f.talk.Do(present.Command{Do: present.VerbLink, Text: all[0]})
	default:
		f.mode, f.at = links, 0
	}
	return nil
}
