package terminal

import (
	"slices"
	"strings"

	"workshop/runner/screen"
)

// transcript follows a snippet's output on a screen of unbounded height.
type transcript struct {
	screen *screen.Screen
	epoch  uint32 // the first epoch of the snippet
	marks  []markedEpoch
	lines  composer // of the rows beyond the reach of the cursor
	output func(epoch uint32) bool
}

// markedEpoch is the epoch behind an operating system command.
type markedEpoch struct {
	epoch  uint32
	prompt bool // it begins a prompt
}

// Capture turns [Session.Output] on or off for later snippets.
func (s *Session) Capture(wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prompt.out.captures = wanted
}

// Output is the output since the last Submit as on a screen of unbounded height, a line feed
// behind each line. Overwritten and erased text, prompts and echoes are left out, and so are
// the alternate page and text before the screen was cleared. Lines that were wrapped for want
// of room are whole.
//
// whole is false if the output is too long to be kept (a megabyte), and without
// [Session.Capture].
func (s *Session) Output() (text string, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	t := s.prompt.out.transcript
	if t == nil {
		return "", false
	}
	lines := t.lines.clone()
	for y := range t.screen.Rows() {
		lines.add(t.screen.MainRow(y), t.output)
	}
	lines.end()
	return string(lines.text), len(lines.text) <= window
}

// transcribe begins a transcript, if one is wanted, or ends the one before.
func (o *output) transcribe() {
	if o.transcript = nil; !o.captures {
		return
	}
	t := &transcript{epoch: o.epoch()}
	t.output = func(epoch uint32) bool { return epoch >= t.epoch && o.classes[epoch] == classOutput }
	t.screen = o.screen.Tall(screen.Hooks{OSC: t.osc}, func(rows []*screen.Row) {
		for _, r := range rows {
			t.lines.add(r, t.output)
		}
	}, func() { t.lines = composer{} })
	o.transcript = t
}

// write shows bytes on the screen, and in the transcript: with the same epochs at the same
// places.
func (o *output) write(b []byte) {
	t := o.transcript
	if t != nil {
		t.screen.SetEpoch(o.epoch())
		t.marks = t.marks[:0]
	}
	_, _ = o.screen.Write(b)
	if t == nil {
		return
	}
	_, _ = t.screen.Write(b)
	if len(t.lines.text) > window { // the output is too long in any case
		o.transcript = nil
	}
}

// note notes the epoch behind an operating system command. before is the number of epochs
// before it.
func (o *output) note(before int) {
	if t := o.transcript; t != nil {
		begins := len(o.classes) > before && o.class() == classPrompt
		t.marks = append(t.marks, markedEpoch{o.epoch(), begins})
	}
}

// osc is the transcript's hook for operating system commands, which the session's screen has
// read before.
func (t *transcript) osc([]byte) {
	if len(t.marks) == 0 {
		return
	}
	m := t.marks[0]
	t.marks = t.marks[1:]
	t.screen.SetEpoch(m.epoch)
	if m.prompt { // it must not overwrite output
		t.screen.Below(func(c screen.Cell) bool { return c.Rune > ' ' && t.output(c.Epoch) })
	}
}

func (t *transcript) resize(cols, rows int) {
	if t != nil {
		t.screen.Resize(cols, rows)
	}
}

// composer makes the text of an output from the rows of a screen.
type composer struct {
	text  []byte
	blank int // empty lines that count if another one follows
	begun bool

	line    []byte // of rows that continue on the next one
	output  bool   // the line holds output
	other   bool   // the line holds prompts or echoes
	ended   bool   // the line ends with a line feed
	by      bool   // that line feed was output
	pending int    // number of empty cells at the end of the line
}

func (c *composer) clone() composer {
	clone := *c
	clone.text, clone.line = slices.Clone(c.text), slices.Clone(c.line)
	return clone
}

// add adds a row. output reports whether an epoch is one of output.
func (c *composer) add(r *screen.Row, output func(epoch uint32) bool) {
	cells := r.Cells()
	for x, cell := range cells {
		switch {
		case cell.Rune == 0 || cell.Rune < 0 && x == 0:
			c.pending++
		case cell.Rune < 0:
		case !output(cell.Epoch):
			c.other = true
		default:
			if x == 0 && c.pending == 1 && len(cells) > 1 && cells[1].Rune < 0 && len(c.line) > 0 {
				c.pending = 0 // the empty cell had no room for the wide character
			}
			c.line = append(c.line, strings.Repeat(" ", c.pending)...)
			c.line, c.pending, c.output = r.AppendCell(c.line, x), 0, true
		}
	}
	if epoch, ok := r.Ended(); ok {
		c.ended, c.by = true, output(epoch)
	}
	if !r.Wrapped() {
		c.end()
	}
}

// end ends the line.
func (c *composer) end() {
	switch empty := !c.output && !c.other; {
	case c.output || empty && c.ended && c.by:
		c.begun = true
		if line := strings.TrimRight(string(c.line), " "); line == "" {
			c.blank++
		} else {
			for range c.blank {
				c.text = append(c.text, '\n')
			}
			c.text, c.blank = append(append(c.text, line...), '\n'), 0
		}
	case empty && !c.ended && c.begun: // the cursor was moved over it
		c.blank++
	}
	*c = composer{text: c.text, blank: c.blank, begun: c.begun, line: c.line[:0]}
}
