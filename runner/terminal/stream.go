package terminal

// window is the size of the stripped output that is kept for searching, in bytes.
const window = 1 << 20

// stream is the output without escape sequences, prompts and echoes: its last megabyte or
// two, addressed by offsets from the beginning of the session.
type stream struct {
	buf   []byte
	start int64 // offset of buf[0]
}

func (t *stream) init() { t.buf = make([]byte, 0, 4096) }

func (t *stream) append(b []byte) {
	if len(t.buf)+len(b) > 2*window && len(t.buf) > window {
		drop := len(t.buf) - window
		t.start += int64(drop)
		t.buf = t.buf[:copy(t.buf, t.buf[drop:])]
	}
	t.buf = append(t.buf, b...)
}

// cut separates the next text from the text so far.
func (t *stream) cut() {
	if n := len(t.buf); n > 0 && t.buf[n-1] != '\n' && t.buf[n-1] != '\r' {
		t.append([]byte{'\n'})
	}
}

// forget drops the text from an offset on.
func (t *stream) forget(off int64) { t.buf = t.buf[:len(t.buf)-len(t.from(off))] }

func (t *stream) end() int64 { return t.start + int64(len(t.buf)) }

// from is the text from an offset on, as far as it is kept.
func (t *stream) from(off int64) []byte {
	return t.buf[min(max(off-t.start, 0), int64(len(t.buf))):]
}
