package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/secure/precis"
)

const invisible = "invisible character"

// misleading names the character r at an offset of a text if the reader cannot see it: it
// is typed, or it changes the order of the text, without being visible itself. Tab and
// newline are fine, and so is a joiner that changes how its neighbours look.
func misleading(text string, at int, r rune) string {
	switch {
	case r < 0x7f && r >= ' ' || r == '\t' || r == '\n':
		return ""
	case r == 0 || r == utf8.RuneError: // they are reported for the file
		return ""
	case unicode.IsControl(r):
		return "control character"
	case r == 0x061c || r == 0x200e || r == 0x200f || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069:
		return "bidirectional control character"
	case unicode.Is(unicode.Join_Control, r) && joins(text[:at], r, text[at+utf8.RuneLen(r):]):
		return ""
	case unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp),
		r == 0x034f, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x3164, r == 0xffa0:
		return invisible
	}
	return ""
}

func noBreakSpace(_ int, r rune) bool { return r == 0xa0 || r == 0x2007 || r == 0x202f }

// joins reports whether a joiner between two texts changes how they look: between emoji,
// or where a script needs it (UAX 31, section 2.3, and RFC 5892, appendix A).
func joins(before string, joiner rune, after string) bool {
	next, _ := utf8.DecodeRuneInString(after)
	if joiner == '\u200d' {
		if isPictograph(next) {
			base, _ := utf8.DecodeLastRuneInString(strings.TrimRight(before, "\ufe0f🏻🏼🏽🏾🏿"))
			return isPictograph(base)
		}
		if unicode.IsMark(next) {
			return false
		}
		after = "" // it may end a word
	}
	base := strings.TrimRightFunc(before, unicode.IsMark)
	letter, size := utf8.DecodeLastRuneInString(base)
	if !unicode.IsLetter(letter) {
		return false
	}
	if joiner != '\u200d' {
		marks := len(after) - len(strings.TrimLeftFunc(after, unicode.IsMark))
		letter, size := utf8.DecodeRuneInString(after[marks:])
		if !unicode.IsLetter(letter) {
			return false
		}
		after = after[:marks+size]
	}
	_, err := precis.OpaqueString.String(before[len(base)-size:] + string(joiner) + after)
	return err == nil
}

// isPictograph reports whether a joiner can join a character with an emoji.
func isPictograph(r rune) bool {
	joined := string(r) + "\u200d😀"
	cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(joined, -1)
	return cluster == joined
}
