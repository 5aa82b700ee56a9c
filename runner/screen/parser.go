package screen

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// The parser follows DEC's (vt100.net/emu/dec_ansi_parser) with UTF-8 in place of
// the 8-bit controls.

type parserState uint8

const (
	inGround      parserState = iota
	inEscape                  // after ESC
	inEscapeInter             // after ESC and an intermediate byte
	inControl                 // in a control sequence: after ESC [
	inCommand                 // in an operating system command: after ESC ]
	inString                  // in an unused string: DCS, APC, PM, SOS, title
	inStringEnd               // after ESC in such a string
)

const (
	esc = 0x1b
	bel = 0x07
	can = 0x18
	sub = 0x1a
)

const (
	maxParams = 32
	maxParam  = 0xffff // no count or colour is larger
	// maxString bounds the kept part of an operating system command, in bytes.
	maxString = 64 << 10
)

// params are the parameters of a control sequence.
type params struct {
	value [maxParams]int32 // -1 where none is written
	n     int              // at least 1
	colon uint32           // bit i: parameter i is a part of the one before it
}

// get is parameter i, and def where it is missing or 0.
func (p *params) get(i, def int) int {
	if i >= p.n || p.value[i] <= 0 {
		return def
	}
	return int(p.value[i])
}

// sub reports whether parameter i exists and is a part of the one before it.
func (p *params) sub(i int) bool { return i < p.n && p.colon>>i&1 != 0 }

// parser is the state inside a character or a sequence.
type parser struct {
	state   parserState
	rune    [utf8.UTFMax]byte // the beginning of a split character
	runeLen int

	params params
	// function is the final byte of a sequence; above it, one byte each, the last
	// intermediate byte and the private prefix (< = > ?).
	function uint32
	broken   bool // the sequence is to be ignored

	data   []byte // of the command
	wanted bool   // the string is a command
}

// Write shows the output of a program. It takes all of it and never fails; the division into
// writes makes no difference.
func (s *Screen) Write(p []byte) (int, error) {
	s.gen++
	s.parse(p)
	s.flush()
	return len(p), nil
}

func (s *Screen) parse(p []byte) {
	for len(p) > 0 {
		switch s.state {
		case inGround:
			p = s.characters(p)
		case inControl:
			p = s.sequence(p)
		case inCommand, inString:
			p = s.stringBytes(p)
		default:
			s.escaped(p[0])
			p = p[1:]
		}
	}
}

// characters takes text and control characters up to a sequence.
func (s *Screen) characters(p []byte) []byte {
	if s.runeLen > 0 {
		return s.joined(p)
	}
	for len(p) > 0 {
		if n := printable(p); n > 0 {
			s.printASCII(p[:n])
			p = p[n:]
			continue
		}
		switch b := p[0]; {
		case b == esc:
			if len(p) > 1 && p[1] == '[' { // as ESC and then [ would, but faster
				s.begin(inControl)
				return p[2:]
			}
			s.begin(inEscape)
			return p[1:]
		case b < utf8.RuneSelf:
			s.control(b)
			p = p[1:]
		case utf8.FullRune(p):
			r, n := utf8.DecodeRune(p)
			s.print(r)
			p = p[n:]
		default:
			s.runeLen = copy(s.rune[:], p)
			return nil
		}
	}
	return nil
}

// joined continues a split character.
func (s *Screen) joined(p []byte) []byte {
	for len(p) > 0 && !utf8.FullRune(s.rune[:s.runeLen]) {
		s.rune[s.runeLen] = p[0]
		s.runeLen++
		p = p[1:]
	}
	if !utf8.FullRune(s.rune[:s.runeLen]) {
		return nil
	}
	buf, n := s.rune, s.runeLen
	r, size := utf8.DecodeRune(buf[:n])
	s.runeLen = 0
	s.print(r)
	s.parse(buf[size:n]) // it was no character: the bytes behind its first one stand for themselves
	return p
}

// printable is the length of the printable ASCII that p begins with, found eight
// bytes at a time.
func printable(p []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(p)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(p[n:])
		// The high bit of each byte below 0x20, of each 0x7f and of each non-ASCII
		// one. A borrow or carry can only spoil bytes above one that is found.
		odd := ((w - 0x20*ones) | (w + ones) | w) & high
		if odd != 0 {
			return n + bits.TrailingZeros64(odd)/8
		}
	}
	for n < len(p) && p[n]-0x20 < 0x7f-0x20 {
		n++
	}
	return n
}

// begin starts a sequence.
func (s *Screen) begin(to parserState) {
	s.state = to
	s.params.n, s.params.colon, s.params.value[0] = 1, 0, -1
	s.function, s.broken = 0, false
}

// escaped takes a byte after ESC.
func (s *Screen) escaped(b byte) {
	switch {
	case s.state == inStringEnd:
		if s.state = inGround; b == '\\' {
			s.endString()
			return
		}
		s.begin(inEscape) // the string is abandoned
		s.escaped(b)
	case b == esc:
		s.begin(inEscape)
	case b == can || b == sub:
		s.state = inGround
	case b < 0x20:
		s.control(b)
	case b < 0x30:
		s.function = uint32(b) << 8
		s.state = inEscapeInter
	case b >= 0x7f:
	case s.state == inEscape && b == '[':
		s.begin(inControl)
	case s.state == inEscape && b == ']':
		s.beginString(inCommand)
	case s.state == inEscape && (b == 'P' || b == 'X' || b == '^' || b == '_' || b == 'k'):
		s.beginString(inString)
	default:
		s.state = inGround
		s.escapeFunction(s.function | uint32(b))
	}
}

// sequence takes the bytes of a control sequence.
func (s *Screen) sequence(p []byte) []byte {
	q := &s.params
	for i, b := range p {
		switch {
		case b >= '0' && b <= '9':
			if s.function>>8&0xff != 0 { // a parameter behind an intermediate byte
				s.broken = true
			}
			v := &q.value[q.n-1]
			*v = min(max(*v, 0)*10+int32(b-'0'), maxParam)
		case b == ';' || b == ':':
			if q.n == maxParams {
				s.broken = true
				break
			}
			if b == ':' {
				q.colon |= 1 << q.n
			}
			q.value[q.n] = -1
			q.n++
		case b >= 0x40 && b < 0x7f:
			s.state = inGround
			if !s.broken {
				s.controlFunction(s.function | uint32(b))
			}
			return p[i+1:]
		case b >= 0x3c && b <= 0x3f:
			if s.function != 0 || q.n > 1 || q.value[0] >= 0 {
				s.broken = true
			}
			s.function |= uint32(b) << 16
		case b >= 0x20 && b < 0x30:
			s.function = s.function&^0xff00 | uint32(b)<<8
		case b == esc:
			s.begin(inEscape)
			return p[i+1:]
		case b == can || b == sub:
			s.state = inGround
			return p[i+1:]
		case b < 0x20:
			s.control(b)
		}
	}
	return nil
}

func (s *Screen) beginString(to parserState) {
	s.state = to
	s.wanted = to == inCommand
	s.data = s.data[:0]
}

// stringBytes takes the bytes of a string up to its end.
func (s *Screen) stringBytes(p []byte) []byte {
	for i, b := range p {
		switch {
		case b == esc:
			s.state = inStringEnd
			return p[i+1:]
		case b == can || b == sub:
			s.state = inGround
			return p[i+1:]
		case b == bel && s.state == inCommand:
			s.state = inGround
			s.endString()
			return p[i+1:]
		case b >= 0x20 && s.state == inCommand && len(s.data) < maxString:
			s.data = append(s.data, b)
		}
	}
	return nil
}

func (s *Screen) endString() {
	if s.wanted && s.hooks.OSC != nil {
		s.flush()
		s.hooks.OSC(s.data)
	}
}
