// Package secret masks values that must not be in an artefact. A value is found as it is and in the
// usual encodings, also if escape sequences and ends of lines stand between its characters, and
// wherever a stream is split.
package secret

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi/parser"
)

// Least is the least length of a secret, in bytes. A shorter text occurs everywhere by chance.
const Least = 4

// Mask stands in texts for a secret. On a terminal each of its characters is a "*", so that
// the lines keep their length.
const Mask = "***"

// Masker finds secrets by one automaton for all their forms (Aho and Corasick, 1975): the time is
// linear in the text. A nil masker has no secrets.
type Masker struct {
	nodes []node
	first [256]bool // the bytes with which a form begins
	forms []string
}

// node is a state of the automaton: a prefix of some forms.
type node struct {
	next     map[byte]int
	fail     int // the longest other prefix that this one ends with
	depth    int // its length
	match    int // length of the longest form that it ends with; 0: none
	shortest int // length of the shortest form that it begins
}

// New returns a masker of values, nil if there are none.
func New(values ...string) (*Masker, error) {
	m := &Masker{nodes: []node{{}}}
	for _, v := range values {
		if len(v) < Least {
			return nil, fmt.Errorf("a value of %d bytes is too short to be masked; the least is %d", len(v), Least)
		}
		for _, f := range forms(v) {
			m.add(f)
		}
	}
	if len(m.forms) == 0 {
		return nil, nil //nolint:nilnil // there is nothing to mask
	}
	m.link()
	return m, nil
}

func (m *Masker) add(form string) {
	if slices.Contains(m.forms, form) {
		return
	}
	m.forms = append(m.forms, form)
	m.first[form[0]] = true
	at := 0
	for i := range len(form) {
		n := &m.nodes[at]
		to, ok := n.next[form[i]]
		if !ok {
			to = len(m.nodes)
			if n.next == nil {
				n.next = map[byte]int{}
			}
			n.next[form[i]] = to
			m.nodes = append(m.nodes, node{depth: i + 1, shortest: len(form)})
		}
		at = to
		m.nodes[at].shortest = min(m.nodes[at].shortest, len(form))
	}
	m.nodes[at].match = len(form)
}

// link sets the failure links, from the shortest prefixes to the longest.
func (m *Masker) link() {
	for queue := []int{0}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for b, to := range m.nodes[at].next {
			n := &m.nodes[to]
			if at != 0 {
				n.fail = m.step(m.nodes[at].fail, b)
			}
			n.match = max(n.match, m.nodes[n.fail].match)
			queue = append(queue, to)
		}
	}
}

func (m *Masker) step(at int, b byte) int {
	for {
		if to, ok := m.nodes[at].next[b]; ok {
			return to
		}
		if at == 0 {
			return 0
		}
		at = m.nodes[at].fail
	}
}

// telling reports whether a part of a form says too much of the secret to be shown.
func telling(part, form int) bool { return part >= min(6, max(Least, form/2)) }

// kind is the part that a byte has in a text.
type kind byte

const (
	control kind = iota // of a sequence, or the end of a line
	shown
	masked
)

// maxHeld is the limit of the bytes that wait for the rest of a secret, escape sequences included.
const maxHeld = 64 << 10

// Stream masks the bytes of a terminal. It holds back the bytes with which a secret may begin.
type Stream struct {
	m     *Masker
	at    int // in the automaton
	state parser.State
	held  []byte
	kinds []kind
	chars []int // indices in held of the characters' bytes
}

// Stream begins a stream.
func (m *Masker) Stream() *Stream { return &Stream{m: m} }

// Write takes bytes, and returns those that can be shown.
func (s *Stream) Write(b []byte) []byte {
	out := make([]byte, 0, len(s.held)+len(b))
	for len(b) > 0 {
		if s.at == 0 && len(s.held) == 0 && s.state == parser.GroundState {
			n := s.m.ordinary(b)
			out, b = append(out, b[:n]...), b[n:]
		}
		for len(b) > 0 {
			s.feed(b[:1])
			b = b[1:]
			if s.at == 0 && s.state == parser.GroundState {
				break
			}
		}
		out = s.take(out, len(s.held)-s.waiting(), cells)
	}
	if len(s.held) > maxHeld {
		out = append(out, s.Flush()...)
	}
	return out
}

// ordinary is the number of characters with which no form begins.
func (m *Masker) ordinary(b []byte) int {
	for i, c := range b {
		if c < ' ' || c == 0x7f || m.first[c] {
			return i
		}
	}
	return len(b)
}

// waiting is the number of bytes with which a secret may begin.
func (s *Stream) waiting() int {
	n := min(s.m.nodes[s.at].depth, len(s.chars))
	if n == 0 {
		return 0
	}
	return len(s.held) - s.chars[len(s.chars)-n]
}

// Flush returns the bytes held back. The beginning of a secret is masked if it says too much; the
// rest of it is masked when it comes.
func (s *Stream) Flush() []byte {
	s.mask(s.begun())
	return s.take(nil, len(s.held), cells)
}

// begun is the length of the beginning of a secret at the end of the text, 0 if it says little.
func (s *Stream) begun() int {
	for at := s.at; at != 0; at = s.m.nodes[at].fail {
		if n := s.m.nodes[at]; telling(n.depth, n.shortest) {
			return n.depth
		}
	}
	return 0
}

// feed takes bytes, and masks the secrets that end in them.
func (s *Stream) feed(b []byte) {
	for _, c := range b {
		k := control
		if s.state == parser.GroundState && (c >= ' ' && c != 0x7f) {
			k = shown
		} else {
			s.state, _ = parser.Table.Transition(s.state, c)
		}
		s.held, s.kinds = append(s.held, c), append(s.kinds, k)
		if k == control {
			continue
		}
		s.chars = append(s.chars, len(s.held)-1)
		s.at = s.m.step(s.at, c)
		s.mask(s.m.nodes[s.at].match)
	}
}

// mask masks the last characters, of which some may have been shown.
func (s *Stream) mask(bytes int) {
	for _, i := range s.chars[max(0, len(s.chars)-bytes):] {
		s.kinds[i] = masked
	}
}

// style is the form of the mask.
type style bool

const (
	cells style = true  // a "*" for each character
	texts style = false // Mask, once
)

// take appends the first bytes, without secrets.
func (s *Stream) take(out []byte, n int, as style) []byte {
	within := false
	for i, c := range s.held[:n] {
		switch k := s.kinds[i]; {
		case k != masked:
			within = within && k == control
			out = append(out, c)
		case as == cells && utf8.RuneStart(c):
			out = append(out, '*')
		case as == texts && !within:
			within = true
			out = append(out, Mask...)
		}
	}
	s.held, s.kinds = append(s.held[:0], s.held[n:]...), append(s.kinds[:0], s.kinds[n:]...)
	first, _ := slices.BinarySearch(s.chars, n)
	s.chars = append(s.chars[:0], s.chars[first:]...)
	for i := range s.chars {
		s.chars[i] -= n
	}
	return out
}

// Text is a text without secrets. A part of one at its end is masked as well: texts are cut.
func (m *Masker) Text(text string) string { return m.whole(text, texts, false) }

// Tail is the end of a longer text without secrets, which may begin within one.
func (m *Masker) Tail(text string) string { return m.whole(text, texts, true) }

// Cells is text of a terminal with a "*" for each character of a secret.
func (m *Masker) Cells(text string) string { return m.whole(text, cells, false) }

func (m *Masker) whole(text string, as style, tail bool) string {
	if m == nil || len(text) < Least {
		return text
	}
	s := m.Stream()
	s.feed([]byte(text))
	s.mask(s.begun())
	if tail {
		for _, i := range s.chars[:m.ends(s)] {
			s.kinds[i] = masked
		}
	}
	if !slices.Contains(s.kinds, masked) {
		return text
	}
	return string(s.take(nil, len(s.held), as))
}

// ends is the number of characters' bytes at the beginning that are the end of a secret.
func (m *Masker) ends(s *Stream) (most int) {
	for _, f := range m.forms {
		var head []byte
		for _, i := range s.chars[:min(len(s.chars), len(f)-1)] {
			head = append(head, s.held[i])
		}
		if n := overlap(f, head); telling(n, len(f)) {
			most = max(most, n)
		}
	}
	return most
}

// overlap is the length of the longest end of a form that a text begins with (Knuth, Morris, Pratt).
func overlap(form string, text []byte) int {
	fail := make([]int, len(text)+1)
	k := 0
	for i := 1; i < len(text); i++ {
		for k > 0 && text[i] != text[k] {
			k = fail[k]
		}
		if text[i] == text[k] {
			k++
		}
		fail[i+1] = k
	}
	k = 0
	for i := range len(form) {
		for k > 0 && (k == len(text) || form[i] != text[k]) {
			k = fail[k]
		}
		if k < len(text) && form[i] == text[k] {
			k++
		}
	}
	return k
}

// Holds reports whether a text holds a secret.
func (m *Masker) Holds(text string) bool {
	if m == nil {
		return false
	}
	s := m.Stream()
	s.feed([]byte(text))
	return slices.Contains(s.kinds, masked)
}

// Error is an error whose text is masked; the error itself can be looked at.
func (m *Masker) Error(err error) error {
	if err == nil || !m.Holds(err.Error()) {
		return err
	}
	return &maskedError{err, strings.TrimSpace(m.Text(err.Error()))}
}

type maskedError struct {
	error
	text string
}

func (e *maskedError) Error() string { return e.text }

func (e *maskedError) Unwrap() error { return e.error }
