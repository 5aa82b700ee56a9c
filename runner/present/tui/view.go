package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/present"
	"workshop/runner/screen"
)

// wide is how many columns make room for the slide and the shell beside each other.
const wide = 120

// frame is where things are: sizes in cells.
type frame struct {
	slide, shell         bool // they are shown
	slideCols, slideRows int
	shellCols, shellRows int // without its title
	beside               bool
}

// sizes are those of the shell, which change with the terminal and the zoom only: a
// program in it is not to be disturbed by slides that come and go.
func (f *face) sizes() (cols, rows int) {
	body := max(f.rows-1, 1)
	switch {
	case f.zoom == shellOnly:
		return max(f.cols, 1), max(body-1, 1)
	case f.cols >= wide:
		return max(f.cols-f.cols*48/100-3, 1), max(body-1, 1)
	}
	return max(f.cols, 1), max(f.rows*2/5-1, 2)
}

// leastTrouble is how many rows a slide and a failure under it need at least.
const leastTrouble = 10

// frame is the present division of the terminal. Where there is no room for both, a slide without steps
// has all of it, and so has a failure, unless the keys go to the shell.
func (f *face) frame() frame {
	body := max(f.rows-1, 1)
	cols, rows := f.sizes()
	fr := frame{slide: true, slideCols: f.cols, slideRows: body, shellCols: cols, shellRows: rows}
	slide := f.s.Current()
	steps := slide != nil && len(slide.Steps) > 0
	switch {
	case f.s.Terminal == nil || f.zoom == slideOnly:
	case f.zoom == shellOnly:
		fr.slide, fr.shell = false, true
	case f.cols >= wide:
		fr.shell, fr.beside = true, true
		fr.slideCols = f.cols - cols - 3
	case !steps && f.focus == onSlide && f.s.Running == nil && f.back == 0:
	case f.s.Trouble != nil && f.focus == onSlide && body-rows-1 < leastTrouble:
	default:
		fr.shell = true
		fr.slideRows = max(body-rows-1, 1)
	}
	return fr
}

// resize gives the shell its size, if that has changed.
func (f *face) resize() {
	if f.cols == 0 {
		return
	}
	cols, rows := f.sizes()
	if size := [2]int{cols, rows}; size != f.shell {
		f.shell = size
		f.talk.Do(present.Command{Do: present.VerbResize, Cols: cols, Rows: rows})
	}
}

// margin is the number of free columns beside a slide.
const margin = 2

func (f *face) slideSize() (cols, rows int) {
	fr := f.frame()
	left := margin
	if fr.slideCols < 60 {
		left = 1
	}
	return min(fr.slideCols-2*left, 110), max(fr.slideRows-1-f.panelRows(fr), 1)
}

// slideLeft is the number of free columns before a slide: it stands in the middle where it is
// alone on a wide terminal.
func (f *face) slideLeft(fr frame, cols int) int {
	if free := (fr.slideCols - cols) / 2; !fr.beside && fr.slideCols >= 114 {
		return free
	} else {
		return min(margin, free)
	}
}

func (f *face) slideRows() int {
	_, rows := f.slideSize()
	return rows
}

// overflow is by how many lines the slide is longer than its room.
func (f *face) overflow() int {
	if f.s.Current() == nil {
		return 0
	}
	cols, rows := f.slideSize()
	return max(len(f.page(cols, rows).lines)-rows, 0)
}

// reveal scrolls to the selected step.
func (f *face) reveal() {
	if f.s.Current() == nil || f.cols == 0 {
		return
	}
	cols, rows := f.slideSize()
	at, ok := f.page(cols, rows).step[f.s.Step]
	if !ok {
		return
	}
	if at < f.scroll {
		f.scroll = max(at-1, 0)
	}
	if at >= f.scroll+rows-2 {
		f.scroll = min(at-rows/2, f.overflow())
	}
	f.scroll = max(f.scroll, 0)
}

// View draws everything.
func (f *face) View() tea.View {
	v := tea.View{AltScreen: true, WindowTitle: "workshop"}
	if f.cols == 0 || f.rows == 0 {
		return v
	}
	lines, cursor := f.draw()
	var b []byte
	for i, l := range lines {
		if i > 0 {
			b = append(b, '\n')
		}
		b = fit(l, f.cols).AppendANSI(b)
	}
	v.Content = string(b)
	if cursor != nil {
		v.Cursor = tea.NewCursor(cursor[0], cursor[1])
	}
	return v
}

// draw makes all rows, and the place of the cursor.
func (f *face) draw() (lines []line, cursor *[2]int) {
	body := max(f.rows-1, 1)
	switch {
	case f.s.Consent != nil:
		lines = f.consent(body)
	case f.s.Blank:
		return make([]line, f.rows), nil
	case f.mode == help:
		lines = f.help(body)
	case f.mode == overview:
		lines = f.overview(body)
	case f.mode == links:
		lines = f.linkList(body)
	case f.mode == invite:
		lines = f.invitation(body)
	case f.mode == remarks:
		lines = f.remarkList(body)
	case f.mode == notes:
		lines = f.noteList(body)
	default:
		lines, cursor = f.both()
	}
	for len(lines) < body {
		lines = append(lines, nil)
	}
	lines = append(lines[:body], f.status())
	if f.mode == askGoto || f.mode == askSearch {
		cursor = &[2]int{min(f.prompt().Width(), f.cols-1), f.rows - 1}
	}
	return lines, cursor
}

// both draws the slide and the shell, as far as they are shown.
func (f *face) both() (lines []line, cursor *[2]int) {
	fr := f.frame()
	var slide, shell []line
	if fr.slide {
		slide = f.slide(fr)
	}
	if fr.shell {
		shell = append([]line{f.shellTitle(fr)}, f.shellLines(fr)...)
	}
	x, y := 0, 1
	switch {
	case fr.beside:
		for i := range slide {
			var right line
			if i < len(shell) {
				right = shell[i]
			}
			bar := f.dim
			if f.focus == onShell {
				bar = f.selected
			}
			lines = append(lines, join(fit(slide[i], fr.slideCols), say(" │ ", bar), right))
		}
		x = fr.slideCols + 3
	default:
		lines = append(slide, shell...)
		y = len(slide) + 1
	}
	if t := f.s.Terminal; fr.shell && t != nil && f.focus == onShell && t.Cursor && f.back == 0 && t.X < fr.shellCols {
		row := t.Y
		if t.Rows > fr.shellRows {
			row -= t.Rows - fr.shellRows
		}
		if row >= 0 && row < fr.shellRows {
			cursor = &[2]int{x + t.X, y + row}
		}
	}
	return lines, cursor
}

// slide draws the slide and the panel under it, in as many rows as the frame has for them.
func (f *face) slide(fr frame) []line {
	cols, rows := f.slideSize()
	left := spaces(f.slideLeft(fr, cols))
	lines := []line{nil}
	if f.s.Current() == nil {
		lines = append(lines, say("  the deck has no slides", f.dim))
	} else {
		p := f.page(cols, rows)
		f.scroll = min(f.scroll, max(len(p.lines)-rows, 0))
		for i := f.scroll; i < len(p.lines) && i < f.scroll+rows; i++ {
			lines = append(lines, join(line{left}, p.lines[i]))
		}
		if rest := len(p.lines) - f.scroll - rows; rest > 0 && len(lines) > 1 {
			last := len(lines) - 1
			more := say(fmt.Sprintf(" ▼ %d more ", rest), f.bar)
			lines[last] = ends(lines[last], more, fr.slideCols)
		}
	}
	for len(lines) < rows+1 {
		lines = append(lines, nil)
	}
	panel, _ := f.panel(fr)
	return append(lines, panel...)
}

// panel stands under a slide: a message that is too long for the last line, the trouble to decide about, and the
// notes, as far as there is room. The slide keeps its title, and the keys of the trouble are always there. cut is the
// number of the lines of the notes that have no room.
func (f *face) panel(fr frame) (lines []line, cut int) {
	room := max(fr.slideRows-2, 0)
	if f.s.Trouble != nil {
		lines = f.trouble(fr.slideCols, min(max(fr.slideRows*3/5, 4), room))
		room -= len(lines)
	}
	if said := f.said(fr.slideCols); len(said) > 0 {
		if len(said) > room {
			said = append(said[:max(room-1, 0):max(room-1, 0)], say(" …", f.dim))[:min(room, len(said))]
		}
		lines = append(said, lines...)
		room -= len(said)
	}
	if f.s.Talk && room >= 2 {
		title := line(say("── notes ", f.dim))
		text, tall := f.notes(fr.slideCols-2), min(max(fr.slideRows/3, 3), room-1)
		if cut = max(len(text)-tall, 0); cut > 0 {
			text = text[:tall]
			title = append(title, say(fmt.Sprintf("▼ %d more, N: all ", cut), f.warning)...)
		}
		lines = append(append(lines, join(title, say(strings.Repeat("─", max(fr.slideCols-title.Width(), 0)), f.dim))), text...)
	}
	return lines, cut
}

// said is a message that the last line has no room for.
func (f *face) said(cols int) (lines []line) {
	if !f.long() {
		return nil
	}
	look := style(0)
	if f.s.Message.Error {
		look = f.bad
	}
	for text := range strings.SplitSeq(strings.TrimSpace(f.s.Message.Text), "\n") {
		lines = append(lines, wrap(say(text, look), cols-1, say(" ", 0), say("   ", 0))...)
	}
	return lines
}

// long reports whether the last line has no room for the message: then it stands under the slide.
func (f *face) long() bool {
	text := f.s.Message.Text
	return text != "" && (strings.Contains(text, "\n") ||
		screen.NewRun(" "+text, 0).Width+screen.NewRun("  "+f.progress()+" ", 0).Width > f.cols)
}

// notes are those of the slide.
func (f *face) notes(cols int) []line {
	if slide := f.s.Current(); slide != nil && slide.Notes() != "" {
		return f.marked(slide.Notes(), cols)
	}
	return []line{say(" no notes on this slide", f.dim)}
}

// marked is a Markdown text of its own, such as notes.
func (f *face) marked(text string, cols int) []line {
	tree, err := markdown.Tree(&markdown.Slide{Source: text})
	if err != nil {
		return wrap(say(text, 0), cols, nil, nil)
	}
	p := painter{
		theme: f.theme, cols: cols, tight: true, state: f.s, slide: f.s.Current(), gallery: newGallery(nil, nil),
		codeBlocks: &codeBlocks{},
	}
	p.page.step = map[int]int{}
	return indent(p.blocks(tree.Children, cols, false), say(" ", 0), say(" ", 0))
}

func (f *face) panelRows(fr frame) int {
	lines, _ := f.panel(fr)
	return len(lines)
}

// trouble shows the expected output, the actual one, and the keys to go on with.
func (f *face) trouble(cols, room int) []line {
	t := f.s.Trouble
	var lines []line
	add := func(label, text string, look style) {
		if text == "" {
			return
		}
		first, rest := say(" ", 0), say("   ", 0)
		if label != "" {
			first = say(fmt.Sprintf("   %-11s", label), f.dim)
			rest = say(strings.Repeat(" ", 14), 0)
		}
		more := wrap(say(text, look), cols-1, first, rest)
		if len(more) > 3 {
			more = append(more[:2], join(rest, say("…", f.dim)))
		}
		lines = append(lines, more...)
	}
	if r := t.Refusal; r != nil {
		add("", "✗ not run: "+r.Reason, f.bad)
		add("hint", r.Hint, 0)
	}
	if e := t.Failure; e != nil {
		add("", "✗ "+e.Pos.String()+": "+e.Message, f.bad)
		if t.Late {
			add("", "its command failed when the exercise was over", 0)
		}
		add("command", first(e.Command), 0)
		add("expected", e.Want, f.good)
		add("nearest", e.Nearest, f.warning)
		if e.Want == "" && e.Status != nil {
			add("expected", "status 0", f.good)
			add("came", fmt.Sprintf("status %d", *e.Status), f.warning)
		}
		add("hint", e.Hint, 0)
		tail := strings.Split(strings.TrimRight(e.Tail, "\n"), "\n")
		for len(tail) > 0 && len(lines)+len(tail) > room-3 {
			tail = tail[1:]
		}
		if strings.Join(tail, "") != "" && e.Want != "" {
			for i, l := range tail {
				label := ""
				if i == 0 {
					label = "came"
				}
				lines = append(lines, fit(join(say(fmt.Sprintf("   %-11s", label), f.dim), say(l, 0)), cols))
			}
		}
	}
	all := [][2]string{{"a", "again"}, {"x", "skip"}, {"e", "fresh prompt"}, {"Tab", "the shell"}, {"Esc", "later"}}
	if f.s.CanReplay() {
		all = slices.Insert(all, 3, [2]string{"R", "recorded output"})
	}
	keys := f.hints(all, cols)
	rule := say(strings.Repeat("─", cols), f.bad)
	if more := max(room-1-len(keys), 1); len(lines) > more {
		lines = append(lines[:more-1:more-1], ends(lines[more-1], say(fmt.Sprintf(" ▼ %d more ", len(lines)-more), f.bar), cols))
	}
	return append(append([]line{rule}, lines...), keys...)
}

// hints are keys with their effects, in as many rows as it takes: no hint is cut.
func (f *face) hints(keys [][2]string, cols int) []line {
	rows := []line{say(" ", 0)}
	for _, k := range keys {
		hint := join(say(" "+k[0]+" ", f.bar), say(" "+k[1], 0))
		last := rows[len(rows)-1]
		if last.Width() > 1 && last.Width()+2+hint.Width() > cols {
			rows = append(rows, join(say(" ", 0), hint))
			continue
		}
		if last.Width() > 1 {
			last = append(last, spaces(2))
		}
		rows[len(rows)-1] = join(last, hint)
	}
	return rows
}

// first is the first line of a text.
func first(s string) string {
	l, rest, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if rest != "" {
		l += " …"
	}
	return l
}

func (f *face) shellTitle(fr frame) line {
	left, right := say("─ shell of "+f.s.Session+" ", f.dim), say(" Tab: type here ─", f.dim)
	fill := f.dim
	if f.focus == onShell {
		fill = f.selected
		left, right = say("━ shell of "+f.s.Session+" ", f.selected), say(" "+keyName(f.opts.Prefix)+": back to the slides ━", f.selected)
	}
	if f.s.Recorded != nil {
		left, right = say("─ "+f.s.Recorded.Label()+" ", f.warning), say(" R: leave ─", f.dim)
		if left.Width()+right.Width() > fr.shellCols {
			left = say("─ not live: a recording ", f.warning)
		}
	}
	if f.back > 0 {
		right = say(fmt.Sprintf(" %d lines back ─", f.back), f.warning)
	}
	sign := "─"
	if f.focus == onShell {
		sign = "━"
	}
	n := fr.shellCols - left.Width() - right.Width()
	if n < 0 { // how to get out is the more important part
		return ends(left, right, fr.shellCols)
	}
	return fit(join(left, say(strings.Repeat(sign, max(n, 0)), fill), right), fr.shellCols)
}

// shellLines are the rows of the shell, or lines that have scrolled away.
func (f *face) shellLines(fr frame) []line {
	t := f.s.Terminal
	lines := t.Lines
	if len(lines) > fr.shellRows { // it has not been resized yet
		from := min(max(t.Y-fr.shellRows+1, 0), len(lines)-fr.shellRows)
		lines = lines[from : from+fr.shellRows]
	}
	if f.back > 0 {
		f.back = min(f.back, t.Past)
		past := f.talk.Past(f.back, fr.shellRows)
		lines = append(past, lines...)
		lines = lines[:min(len(lines), fr.shellRows)]
	}
	out := make([]line, fr.shellRows)
	for i := range out {
		if i < len(lines) {
			out[i] = line(lines[i]).Cut(0, fr.shellCols)
		}
	}
	return out
}

// prompt is the question of the last line with the end of the typed answer, as far as there is room.
func (f *face) prompt() line {
	question := " go to: "
	if f.mode == askSearch {
		question = " search: "
	}
	l := say(question+f.input, 0)
	if over := l.Width() - (f.cols - 4); over > 0 {
		_, rest := line(say(f.input, 0)).Split(over + 1)
		l = join(say(question+"…", 0), rest)
	}
	return l
}

// status is the last line.
func (f *face) status() line {
	s := f.s
	bar := func(text string, look style) line { return paint(say(text, look), screen.Reverse) }
	right := f.progress()
	var left line
	switch {
	case f.mode == askGoto || f.mode == askSearch:
		left = f.prompt()
	case f.digits != "":
		left = say(" go to: "+f.digits, 0)
	case f.leaving:
		left = bar(" something is running: q once more to quit", f.bad)
	case f.long() && f.mode == normal && f.frame().slide: // it stands under the slide
		left = bar(" Esc: close it", 0)
		if f.focus == onShell {
			left = bar(" "+keyName(f.opts.Prefix)+": back to the slides", 0)
		}
	case s.Message.Text != "" && s.Message.Error:
		left = bar(" "+s.Message.Text, f.bad)
	case s.Message.Text != "":
		left = bar(" "+s.Message.Text, 0)
	case s.Running != nil:
		left = bar(fmt.Sprintf(" ● %s  %s", s.Running.Step.Summary(), clock(time.Since(s.Running.Started))), f.busy)
	case s.Busy != "":
		left = bar(" "+s.Busy+" …", f.busy)
	case s.Selected() != nil:
		left = bar(" ⏎ "+s.Selected().Summary(), 0)
	default:
		title := s.Deck.Title
		if slide := s.Current(); slide != nil && slide.Slide().Part != "" && slide.Slide().Part != title {
			title += " · " + slide.Slide().Part
		}
		left = bar(" "+title, 0)
	}
	if n := len(s.Remarks); n > 0 && !f.seen {
		if more := "m: " + count(n, "remark") + "  " + right; left.Width()+len("  ")+screen.NewRun(more, 0).Width+len(" ") <= f.cols {
			right = more
		}
	}
	if f.mode == askGoto || f.mode == askSearch || f.digits != "" || f.leaving { // a question and its answer are whole
		if left.Width()+screen.NewRun(right, 0).Width+len("   ") >= f.cols {
			right = ""
		}
	}
	return paint(ends(left, bar("  "+right+" ", 0), f.cols), screen.Reverse)
}

// progress is how far the talk is, and in what manner it goes on.
func (f *face) progress() string {
	s := f.s
	var flags []string
	for _, flag := range []struct {
		on   bool
		name string
	}{{s.Typing, "typing"}, {!s.Verify, "unverified"}, {s.Hidden, "hidden"}, {s.Figures, "figures"}} {
		if flag.on && f.cols >= 60 {
			flags = append(flags, flag.name)
		}
	}
	right := ""
	if len(flags) > 0 {
		right = "[" + strings.Join(flags, " ") + "]  "
	}
	if n := len(s.Deck.Slides); n > 0 {
		right += fmt.Sprintf("%d/%d ", s.Slide+1, n)
		if f.cols >= 60 {
			right += gauge(s.Slide+1, n, 8) + " "
		}
	}
	return right + f.time()
}

// gauge is how far something is.
func gauge(n, of, cells int) string {
	full := n * cells / max(of, 1)
	return strings.Repeat("▰", full) + strings.Repeat("▱", cells-full)
}

// time is the clock, and how far behind or ahead of its plan the talk is.
func (f *face) time() string {
	elapsed := time.Since(f.s.Started)
	text := clock(elapsed)
	if f.opts.Length <= 0 || len(f.s.Deck.Slides) == 0 {
		return text
	}
	if f.cols >= 60 {
		text += "/" + clock(f.opts.Length)
	}
	due := func(slides int) time.Duration { // when so many slides are through
		return time.Duration(float64(f.opts.Length) * float64(slides) / float64(len(f.s.Deck.Slides)))
	}
	if late := (elapsed - due(f.s.Slide+1)).Round(time.Minute); late > 0 {
		text += fmt.Sprintf(" %d min late", int(late.Minutes()))
	} else if early := (due(f.s.Slide) - elapsed).Round(time.Minute); early > 0 {
		text += fmt.Sprintf(" %d min early", int(early.Minutes()))
	}
	if f.cols >= roomy {
		text += " · " + f.s.Left().Say(f.opts.Length-elapsed)
	}
	return text
}

// roomy is the width of a terminal that has room for the rest of the talk.
const roomy = 140

// consent is the question before anything runs.
func (f *face) consent(rows int) []line {
	steps := f.s.Consent.Steps
	commands := 0
	for _, s := range steps {
		if s.Snippet() && s.Skip == "" {
			commands++
		}
	}
	what := count(commands, "command") + ", " + count(len(steps), "step") + " in all. What is hidden from learners is shown, too."
	if c := f.s.Consent; c.Edited {
		what = fmt.Sprintf("Edited since you agreed: this is new, of %s in all. What is hidden is shown, too.", count(c.All, "step"))
	}
	head := f.heading("This deck wants to run on this machine, with your privileges:",
		wrap(say(what, f.dim), f.cols-2, say("  ", 0), say("  ", 0))...)
	var body []line
	for _, script := range f.s.Consent.Scripts {
		body = append(body, say("  "+script.Name, f.subtitle))
		if risks := runner.Risks(script.Text); len(risks) > 0 {
			body = append(body, say("    ⚠ "+strings.Join(risks, ", "), f.bad))
		}
		for l := range strings.SplitSeq(script.Text, "\n") {
			body = append(body, wrap(say(l, f.dim), f.cols-2, say(strings.Repeat(" ", 21), 0), say(strings.Repeat(" ", 21), 0))...)
		}
	}
	slide := ""
	for _, s := range steps {
		if of := fmt.Sprintf("  %d · %s", s.Slide+1, s.Exercise.Title); of != slide {
			slide = of
			body = append(body, say(slide, f.subtitle))
		}
		look := style(0)
		label := s.Directive
		if s.Skip != "" {
			label += " (skipped)"
			look = f.dim
		}
		if s.Hidden {
			label += " (hidden)"
			look = f.dim
		}
		if risks := runner.Risks(s.Text); s.Snippet() && len(risks) > 0 {
			body = append(body, say("    ⚠ "+strings.Join(risks, ", "), f.bad))
		}
		for i, l := range strings.Split(s.Text, "\n") {
			name := ""
			if i == 0 {
				name = label
			}
			body = append(body, wrap(say(l, look), f.cols-2, say(fmt.Sprintf("    %-16s ", name), f.dim), say(strings.Repeat(" ", 21), 0))...)
		}
	}
	for _, text := range f.s.Consent.Removed {
		body = append(body, wrap(say(first(text), f.dim), f.cols-2, say(fmt.Sprintf("    %-16s ", "removed"), f.dim),
			say(strings.Repeat(" ", 21), 0))...)
	}
	all := [][2]string{{"y", "run it"}, {"n", "only show it"}}
	keys := f.hints(all, f.cols)
	if len(head)+len(body) > rows-f.spare()-len(keys) {
		keys = f.hints(append(all, [2]string{"↓ ↑", "the rest"}), f.cols)
	}
	lines := f.part(head, body, rows-f.spare()-len(keys))
	for len(lines) < rows-len(keys) {
		lines = append(lines, nil)
	}
	return append(lines, keys...)
}

// heading stands above a list, with remarks on it.
func (f *face) heading(text string, remarks ...line) []line {
	lines := make([]line, f.spare())
	lines = append(lines, wrap(say(text, f.title), f.cols-2, say("  ", 0), say("  ", 0))...)
	return append(append(lines, remarks...), make([]line, f.spare())...)
}

// spare is the number of blank lines between parts: a small terminal has none to spare.
func (f *face) spare() int {
	if f.rows < 16 {
		return 0
	}
	return 1
}

// part is a heading with the part of a list that there is room for. Signs say how much is above and below. A heading that would
// take half of the room is a part of the list.
func (f *face) part(head, body []line, rows int) []line {
	if len(head) > rows/2 {
		head, body = nil, slices.Concat(head, body)
	}
	room := max(rows-len(head), 1)
	f.at = max(min(f.at, len(body)-room), 0)
	shown := slices.Clone(body[f.at:min(f.at+room, len(body))])
	if f.at > 0 {
		shown[0] = ends(shown[0], say(fmt.Sprintf(" ▲ %d more ", f.at), f.bar), f.cols)
	}
	if last := len(shown) - 1; f.at+len(shown) < len(body) {
		shown[last] = ends(shown[last], say(fmt.Sprintf(" ▼ %d more ", len(body)-f.at-len(shown)), f.bar), f.cols)
	}
	return append(head, shown...)
}

// overview is the list of slides.
func (f *face) overview(rows int) []line {
	slides := f.s.Deck.Slides
	room := max(rows-2, 1)
	from := min(max(f.at-room/2, 0), max(len(slides)-room, 0))
	lines := []line{say("  "+f.s.Deck.Title, f.title), nil}
	if len(slides) > room {
		lines[0] = ends(lines[0], say(fmt.Sprintf(" %d–%d of %d ", from+1, from+room, len(slides)), f.dim), f.cols)
	}
	for i := from; i < len(slides) && i < from+room; i++ {
		s := slides[i]
		title := s.Title()
		if s.Slide().Increment {
			title = "  + " + title
		}
		l := say(fmt.Sprintf(" %4d  %s", i+1, title), 0)
		if s.Slide().Part == s.Slide().Title && !s.Slide().Increment {
			l = say(fmt.Sprintf(" %4d  %s", i+1, title), f.subtitle)
		}
		right := join(f.tally(s), say("  "+s.Chapter.Name+" ", f.dim))
		l = ends(l, right, f.cols)
		if i == f.at {
			l = paint(l, screen.Reverse)
		}
		lines = append(lines, l)
	}
	return lines
}

// tally is how the steps came out that are a slide's own.
func (f *face) tally(s *present.Slide) line {
	var l line
	for _, st := range s.Steps[s.Own:] {
		mark, look := f.sign(f.s.Mark(st))
		if l.Width() == 12 {
			return append(l, screen.NewRun("…", f.dim))
		}
		l = append(l, screen.NewRun(mark, look))
	}
	return l
}

// linkList are the pages that the slide leads to: as many as there are keys for.
func (f *face) linkList(rows int) []line {
	var body []line
	all := f.links()
	for i, u := range all[:min(len(all), 9)] {
		body = append(body, wrap(say(u, f.link), f.cols-2, join(say(fmt.Sprintf("   %d ", i+1), f.bar), say("  ", 0)),
			say(strings.Repeat(" ", 7), 0))...)
	}
	if more := len(all) - 9; more > 0 {
		body = append(body, say(fmt.Sprintf("       and %d more", more), f.dim))
	}
	return f.part(f.heading("Open which page?"), body, rows)
}

// invitation is the audience's address, and its code if there is room for all of that.
func (f *face) invitation(rows int) []line {
	in := f.invited
	if in.Address == "" {
		in.Note = "The talk is on this terminal only. For browsers start it with --web, for a room with --room."
	}
	lines := f.heading("The audience's address")
	if in.Address != "" {
		lines = append(lines, wrap(say(in.Address, f.strong), f.cols, say("  ", 0), say("  ", 0))...)
	}
	lines = append(lines, wrap(say(in.Note, f.dim), f.cols-2, say("  ", 0), say("  ", 0))...)
	var code []line
	for l := range strings.Lines(in.Code) {
		code = append(code, join(say("  ", 0), say(strings.TrimSuffix(l, "\n"), f.code)))
	}
	switch {
	case len(code) == 0:
	case len(lines)+len(code) > rows || code[0].Width() > f.cols:
		lines = append(lines, say("  Its QR code needs a larger terminal.", f.dim))
	default:
		lines = append(lines, code...)
	}
	return lines[:min(len(lines), rows)]
}

// remarkList is what reading the deck has said.
func (f *face) remarkList(rows int) []line {
	f.seen = true
	var body []line
	for _, text := range f.s.Remarks {
		body = append(body, wrap(say(text, 0), f.cols-2, say("  ", 0), say("      ", 0))...)
	}
	if len(body) == 0 {
		body = []line{say("  none", f.dim)}
	}
	return f.part(f.heading("Mistakes and remarks that reading the deck has made"), body, rows)
}

// noteList are the notes of a slide that has no room for all of them.
func (f *face) noteList(rows int) []line {
	return f.part(f.heading("Notes"), indent(f.notes(min(f.cols, 110)-3), say(" ", 0), say(" ", 0)), rows)
}

// help is the table of keys, in as many columns as there is room for.
func (f *face) help(rows int) []line {
	width := 44
	if f.cols < 92 {
		width = f.cols - 4
	}
	groups := map[string][]line{}
	var order []string
	for _, b := range table() {
		if _, ok := groups[b.group]; !ok {
			order = append(order, b.group)
			groups[b.group] = []line{say(b.group, f.subtitle)}
		}
		var keys []string
		for _, k := range b.keys {
			keys = append(keys, keyName(k))
		}
		name := say(fmt.Sprintf("%16s  ", strings.Join(keys, " ")), f.name)
		groups[b.group] = append(groups[b.group], wrap(say(b.does, 0), width, name, say(strings.Repeat(" ", 18), 0))...)
	}
	prefix := say(fmt.Sprintf("%16s  ", keyName(f.opts.Prefix)), f.name)
	out := say("out of it; twice: typed into it", 0)
	groups["shell"] = append(groups["shell"], wrap(out, width, prefix, say(strings.Repeat(" ", 18), 0))...)
	var left, right []line
	for _, g := range order {
		switch {
		case f.cols < 92 || g == "slides" || g == "others":
			left = append(append(left, groups[g]...), nil)
		default:
			right = append(append(right, groups[g]...), nil)
		}
	}
	var lines []line
	for i := range max(len(left), len(right)) {
		var l, r line
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		lines = append(lines, join(say("  ", 0), fit(l, width+2), r))
	}
	return f.part(nil, lines[:len(lines)-1], rows) // behind the last group nothing follows
}

// keyName is the name of a key as it stands on it.
func keyName(k string) string {
	name, ok := map[string]string{
		"right": "→", "left": "←", "up": "↑", "down": "↓", "pgdown": "PgDn", "pgup": "PgUp", "home": "Home", "end": "End",
		"enter": "Enter", "space": "Space", "backspace": "⌫", "tab": "Tab", "esc": "Esc",
		"shift+pgup": "⇧PgUp", "shift+pgdown": "⇧PgDn", "ctrl+down": "^↓", "ctrl+up": "^↑",
	}[k]
	if ok {
		return name
	}
	if c, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return "^" + strings.ToUpper(c)
	}
	return k
}
