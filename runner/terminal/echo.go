package terminal

import "bytes"

// echo follows the echo of the keys typed to a program in the foreground, and splits the
// shown text into epochs accordingly. At the shell's own prompt it is idle: there
// everything up to mark C is echo.
type echo struct {
	want      []byte // the expected echo, byte for byte; nil for none
	doubtful  bool   // want may not come
	got       int    // number of bytes of want that have just come, if they are the echo
	epoch     int    // the first epoch of those bytes
	held      []byte // the text of those bytes, in case they turn out to be output
	passed    bool   // the echo is complete: the next text is output
	untilLine bool   // a line editor echoes in a manner of its own: all is echo until a line feed
	text      []byte // characters that it shows before that line feed, in this order and among other bytes
}

// holding reports whether the printed text may be an echo: it waits in held.
func (e *echo) holding() bool { return e.got > 0 }

// expect prepares for an echo of exactly these bytes, behind those that have not
// come yet.
func (e *echo) expect(want []byte, o *output) {
	if e.untilLine || e.doubtful { // a doubtful echo would have come by now
		e.reset(o)
	}
	e.want, e.doubtful = append(e.want, want...), false
}

// mayExpect is expect for an echo that may not come.
func (e *echo) mayExpect(want []byte, o *output) {
	e.expect(want, o)
	e.doubtful = true
}

// editor prepares for an echo up to the end of the line.
func (e *echo) editor(o *output) {
	e.reset(o)
	e.untilLine = true
	o.begin(classEcho)
}

// line prepares for the echo of a line that a shell's line editor shows: it may wrap the
// line with line feeds of its own, so the echo ends at the first one behind the text.
func (e *echo) line(text string, o *output) {
	e.editor(o)
	e.text = append(e.text[:0], squeeze(text)...)
}

// reset forgets the expected echo. Held text is output after all.
func (e *echo) reset(o *output) {
	if e.got > 0 {
		e.release(o)
	}
	if e.passed || e.untilLine {
		o.begin(classOutput)
	}
	e.want, e.passed, e.untilLine, e.text = nil, false, false, e.text[:0]
}

// release makes the held text output.
func (e *echo) release(o *output) {
	for i := e.epoch; i < len(o.classes); i++ {
		o.classes[i] = classOutput
	}
	o.text.append(e.held)
	o.said = true
	e.got, e.held = 0, e.held[:0]
	o.begin(classOutput)
}

// next returns the number of leading bytes of b, which is not empty, that belong to one
// epoch, and opens that epoch.
func (e *echo) next(b []byte, o *output) int {
	if e.passed {
		e.passed = false
		o.begin(classOutput)
	}
	if e.untilLine {
		for i, c := range b {
			switch {
			case len(e.text) > 0 && c == e.text[0]:
				e.text = e.text[1:]
			case len(e.text) == 0 && c == '\n':
				e.untilLine, e.passed = false, true
				return i + 1
			}
		}
		return len(b)
	}
	if len(e.want) == 0 {
		return len(b)
	}
	if e.got > 0 {
		n := commonPrefix(b, e.want[e.got:])
		if e.got+n == len(e.want) {
			return e.complete(n)
		}
		if n == len(b) {
			e.got += n
			return n
		}
		e.release(o)
	}
	i := begins(b, e.want)
	switch {
	case i > 0:
		return i // the bytes before it are output
	case len(b) >= len(e.want) && bytes.HasPrefix(b, e.want):
		o.begin(classEcho)
		return e.complete(len(e.want))
	default: // all of b may be the beginning of the echo
		o.begin(classEcho)
		e.got, e.epoch = len(b), len(o.classes)-1
		return len(b)
	}
}

// complete takes n more bytes as the end of the echo.
func (e *echo) complete(n int) int {
	e.want, e.got, e.held, e.passed = nil, 0, e.held[:0], true
	return n
}

// begins is the offset in b of want, or of a beginning of want that runs to the end of b;
// len(b) if there is none.
func begins(b, want []byte) int {
	if i := bytes.Index(b, want); i >= 0 {
		return i
	}
	for i := max(0, len(b)-len(want)+1); i < len(b); i++ {
		if bytes.HasPrefix(want, b[i:]) {
			return i
		}
	}
	return len(b)
}

func commonPrefix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
