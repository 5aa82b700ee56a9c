package terminal

import "workshop/runner/screen"

// class is the kind of the cells and the text of an epoch.
type class uint8

const (
	classPrompt class = iota // never matched
	classEcho                // never matched
	classOutput
	classPage // an echo, and output on the alternate page
)

// output is the text that the terminal shows, in epochs of one class each: on the screen and,
// if it is output, in the stream and the transcript.
type output struct {
	screen     *screen.Screen
	classes    []class // by epoch
	text       stream
	echo       echo
	keys       typedKeys
	jobs       jobs
	said       bool        // there was output since the last command began
	prompt     position    // the end of the shell's prompt
	mode       func() mode // of the terminal
	captures   bool        // see Capture
	transcript *transcript // nil: nothing is captured
	scratch    line
}

// begin opens a new epoch: text from here on is of class c.
func (o *output) begin(c class) {
	o.classes = append(o.classes, c)
	o.screen.SetEpoch(o.epoch())
}

// shows reports whether an epoch's cells on the present page are output.
func (o *output) shows(epoch uint32) bool {
	c := o.classes[epoch]
	return c == classOutput || c == classPage && o.screen.AltScreen()
}

// epoch is the present epoch.
func (o *output) epoch() uint32 { return uint32(len(o.classes) - 1) }

// class is the class of the present epoch.
func (o *output) class() class { return o.classes[len(o.classes)-1] }

// mark opens a new epoch of the same class, and returns its beginning.
func (o *output) mark() position {
	o.begin(o.class())
	return position{offset: o.text.end(), epoch: o.epoch()}
}

// show shows bytes, each in its epoch.
func (o *output) show(b []byte) {
	for len(b) > 0 {
		n := o.echo.next(b, o)
		o.write(b[:n])
		b = b[n:]
	}
}

// print takes text that is output.
func (o *output) print(b []byte) {
	o.text.append(b)
	o.said = true
}

// beforeCursor is the text before the cursor, on its row and the rows that are wrapped onto it.
func (o *output) beforeCursor() string {
	x, y, _ := o.screen.Cursor()
	cols, _ := o.screen.Size()
	l := line{row: y, cols: cols, rows: []*screen.Row{o.screen.Row(y)}}
	for ; l.row > 0 && o.screen.Row(l.row-1).Wrapped(); l.row-- {
		l.rows = append([]*screen.Row{o.screen.Row(l.row - 1)}, l.rows...)
	}
	return l.text(0, l.len()-cols+x)
}

// promptEnds makes the present epoch the one behind the shell's prompt: the output of
// background jobs.
func (o *output) promptEnds() {
	o.begin(classOutput)
	o.prompt = position{offset: o.text.end(), epoch: o.epoch()}
}

// typedAhead makes the text since the prompt an echo: a line that was typed while the command
// before it ran has just begun.
func (o *output) typedAhead() {
	for i := o.prompt.epoch; int(i) < len(o.classes); i++ {
		o.classes[i] = classEcho
	}
	o.text.forget(o.prompt.offset)
}
