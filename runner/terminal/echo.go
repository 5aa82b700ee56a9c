package terminal

import "bytes"

// echo follows the echo of what was typed to a program in the foreground, and
// splits what is shown into epochs accordingly. At the shell's own prompt it has
// nothing to do: there everything up to mark C is echo.
type echo struct {
	want      []byte // what the terminal will echo, exactly; nil when nothing is expected
	got       int    // how much of want has just come, if it is that
	epoch     int    // the first epoch of those bytes
	held      []byte // the text of those bytes, in case they turn out to be output
	passed    bool   // the echo is complete: what comes next is output
	untilLine bool   // a line editor echoes in a manner of its own: all is echo until a line feed
}

// holding says that what is printed may be an echo: its text waits in held.
func (e *echo) holding() bool { return e.got > 0 }

// expect prepares for an echo of exactly these bytes, behind those that have not
// come yet.
func (e *echo) expect(want []byte, s *Session) {
	if e.untilLine {
		e.reset(s)
	}
	e.want = append(e.want, want...)
}

// editor prepares for an echo up to the end of the line.
func (e *echo) editor(s *Session) {
	e.reset(s)
	e.untilLine = true
	s.begin(classEcho)
}

// reset ends the following. Text that was held back is output after all.
func (e *echo) reset(s *Session) {
	if e.got > 0 {
		e.release(s)
	}
	if e.passed || e.untilLine {
		s.begin(classOutput)
	}
	e.want, e.passed, e.untilLine = nil, false, false
}

// release makes the held text output.
func (e *echo) release(s *Session) {
	for i := e.epoch; i < len(s.classes); i++ {
		s.classes[i] = classOutput
	}
	s.text.append(e.held)
	s.saidSince = true
	e.got, e.held = 0, e.held[:0]
	s.begin(classOutput)
}

// next says how many of the bytes b, which are not empty, belong together, after
// opening the epoch that they belong to.
func (e *echo) next(b []byte, s *Session) int {
	if e.passed {
		e.passed = false
		s.begin(classOutput)
	}
	if e.untilLine {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return len(b)
		}
		e.untilLine, e.passed = false, true
		return i + 1
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
		e.release(s)
	}
	i := begins(b, e.want)
	switch {
	case i > 0:
		return i // what comes before it is output
	case len(b) >= len(e.want) && bytes.HasPrefix(b, e.want):
		s.begin(classEcho)
		return e.complete(len(e.want))
	default: // all of b may be the beginning of it
		s.begin(classEcho)
		e.got, e.epoch = len(b), len(s.classes)-1
		return len(b)
	}
}

// complete takes n more bytes as the end of the echo.
func (e *echo) complete(n int) int {
	e.want, e.got, e.held, e.passed = nil, 0, e.held[:0], true
	return n
}

// begins is where want, or a beginning of it that runs to the end of b, begins in b;
// len(b) if nowhere.
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
