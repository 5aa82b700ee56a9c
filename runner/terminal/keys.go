package terminal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// The characters that the terminal turns into signals (termios(3): VINTR, VQUIT, VSUSP), and
// the one of SIGINT.
const (
	interruptKeys = "\x03\x1c\x1a"
	interruptKey  = 0x03
)

// Key is a key or a text to be typed.
type Key struct {
	normal      string
	application string // in application cursor mode, where that differs
}

// Text is a text typed as it is. Line feeds are sent as Return.
func Text(s string) Key { return Key{normal: strings.ReplaceAll(s, "\n", "\r")} }

// Interrupts reports whether the key is ^C, ^\ or ^Z. An exit status after one of them means
// nothing.
func (k Key) Interrupts() bool {
	return len(k.normal) == 1 && strings.IndexByte(interruptKeys, k.normal[0]) >= 0
}

// Submits reports whether the key ends a line: Return, or ^O, with which a line editor
// runs a line of its history and then offers the next one.
func (k Key) Submits() bool { return strings.ContainsAny(k.normal, submitting) }

const (
	submitting = "\r\n" + operateKey
	operateKey = "\x0f"
)

// String is the typed text, byte for byte, unless the program asks for another form.
func (k Key) String() string { return k.normal }

// Leaves reports whether the key is ^D, which ends a shell at its prompt.
func (k Key) Leaves() bool { return k.normal == "\x04" }

func (k Key) append(b []byte, application bool) []byte {
	if application && k.application != "" {
		return append(b, k.application...)
	}
	return append(b, k.normal...)
}

// named are the keys of tmux(1), KEY BINDINGS, with the bytes that xterm sends for them.
var named = map[string]string{
	"Escape": "\x1b", "Enter": "\r", "Tab": "\t", "BTab": "\x1b[Z", "BSpace": "\x7f", "Space": " ",
	"IC": "\x1b[2~", "Insert": "\x1b[2~", "DC": "\x1b[3~", "Delete": "\x1b[3~",
	"PPage": "\x1b[5~", "PageUp": "\x1b[5~", "PgUp": "\x1b[5~",
	"NPage": "\x1b[6~", "PageDown": "\x1b[6~", "PgDn": "\x1b[6~",
	"F1": "\x1bOP", "F2": "\x1bOQ", "F3": "\x1bOR", "F4": "\x1bOS", "F5": "\x1b[15~", "F6": "\x1b[17~",
	"F7": "\x1b[18~", "F8": "\x1b[19~", "F9": "\x1b[20~", "F10": "\x1b[21~", "F11": "\x1b[23~", "F12": "\x1b[24~",
}

// cursor are the keys that application cursor mode and modifiers change.
var cursor = map[string]byte{"Up": 'A', "Down": 'B', "Right": 'C', "Left": 'D', "End": 'F', "Home": 'H'}

// KeyNames are the names of keys for ParseKey, sorted.
func KeyNames() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for name := range maps.Keys(named) {
			if !yield(name) {
				return
			}
		}
		for name := range maps.Keys(cursor) {
			if !yield(name) {
				return
			}
		}
	})
}

// ParseKey reads one key in tmux's notation: a character, a name such as Escape or
// Up, with ^ or C- for Control, M- for Meta and S- for Shift before it.
func ParseKey(s string) (Key, error) {
	if s == "" {
		return Key{}, errors.New("no key is named")
	}
	var control, meta, shift bool
	name := s
	for {
		switch {
		case len(name) > 1 && name[0] == '^':
			control, name = true, name[1:]
			continue
		case len(name) > 2 && name[1] == '-' && strings.ContainsRune("CcMmSs", rune(name[0])):
			switch name[0] | 0x20 {
			case 'c':
				control = true
			case 'm':
				meta = true
			default:
				shift = true
			}
			name = name[2:]
			continue
		}
		break
	}
	if final, ok := lookup(cursor, name); ok {
		modifier := 1 + bit(shift, 1) + bit(meta, 2) + bit(control, 4)
		if modifier > 1 {
			return Key{normal: fmt.Sprintf("\x1b[1;%d%c", modifier, final)}, nil
		}
		return Key{normal: "\x1b[" + string(final), application: "\x1bO" + string(final)}, nil
	}
	text, ok := lookup(named, name)
	if modifier := 1 + bit(shift, 1) + bit(meta, 2) + bit(control, 4); ok && modifier > 1 {
		if sequence, ok := modified(text, modifier); ok {
			return Key{normal: sequence}, nil
		}
	}
	if !ok {
		if utf8.RuneCountInString(name) != 1 {
			return Key{}, fmt.Errorf("unknown key %q", s)
		}
		text = name
	}
	if shift {
		switch {
		case text == "\t":
			text = named["BTab"]
		case ok || len(text) > 1:
			return Key{}, fmt.Errorf("unknown key %q", s)
		default:
			text = strings.ToUpper(text)
		}
	}
	if control {
		c, ok := controlled(text)
		if !ok {
			return Key{}, fmt.Errorf("unknown key %q", s)
		}
		text = c
	}
	if meta {
		text = "\x1b" + text
	}
	return Key{normal: text}, nil
}

// modified is the sequence of a function key with modifiers, after xterm's ctlseqs:
// ESC [ N ~ becomes ESC [ N ; MODIFIER ~, and ESC O P becomes ESC [ 1 ; MODIFIER P.
func modified(text string, modifier int) (string, bool) {
	if number, ok := strings.CutSuffix(text, "~"); ok {
		return fmt.Sprintf("%s;%d~", number, modifier), true
	}
	if final, ok := strings.CutPrefix(text, "\x1bO"); ok {
		return fmt.Sprintf("\x1b[1;%d%s", modifier, final), true
	}
	return "", false
}

// controlled is a character with Control (ECMA-48: columns 4 to 7 of ASCII).
func controlled(s string) (string, bool) {
	if len(s) != 1 {
		return "", false
	}
	switch c := s[0]; {
	case c == ' ' || c == '@':
		return "\x00", true
	case c == '?':
		return "\x7f", true
	case c == '2':
		return "\x00", true
	case c == '6':
		return "\x1e", true
	case c == '-' || c == '/':
		return "\x1f", true
	case c >= 'A' && c <= '_' || c >= 'a' && c <= 'z':
		return string(rune(c & 0x1f)), true
	}
	return "", false
}

// lookup finds a name without regard to case, as tmux does; single characters keep theirs.
func lookup[V any](m map[string]V, name string) (v V, ok bool) {
	if v, ok = m[name]; ok || len(name) < 2 {
		return v, ok
	}
	for n, v := range m {
		if strings.EqualFold(n, name) {
			return v, true
		}
	}
	return v, false
}

func bit(set bool, v int) int {
	if set {
		return v
	}
	return 0
}
