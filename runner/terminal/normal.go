package terminal

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"workshop/runner/screen"
)

// canonical is a text in NFC, so that canonically equivalent texts are equal: the text
// itself if it is in NFC already. raw translates an offset in nfc to an offset in the text;
// an offset within a character becomes that of the character's beginning. An equivalent text
// is at most three times as long (Unicode Standard Annex #15).
func canonical(text []byte) (nfc []byte, raw func(offset int) int) {
	if isASCII(text) || norm.NFC.IsNormal(text) {
		return text, func(offset int) int { return offset }
	}
	span := norm.NFC.QuickSpan(text)
	nfc = norm.NFC.Append(make([]byte, 0, len(text)), text...)
	return nfc, func(offset int) int {
		if offset <= span {
			return offset
		}
		if offset >= len(nfc) {
			return len(text)
		}
		from, to := span, span // the read parts of both
		var char []byte
		for from < len(text) {
			n := norm.NFC.NextBoundary(text[from:], true)
			if n <= 0 {
				break
			}
			char = norm.NFC.Append(char[:0], text[from:from+n]...)
			if to+len(char) > offset {
				break
			}
			from, to = from+n, to+len(char)
		}
		return from
	}
}

func isASCII(text []byte) bool {
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendCell appends the character of a cell, with its combining marks, in NFC.
func appendCell(dst []byte, r *screen.Row, x int) []byte {
	c := r.Cells()[x].Rune
	at := len(dst)
	dst = r.AppendCell(dst, x)
	if c < utf8.RuneSelf && len(dst)-at <= 1 {
		return dst
	}
	if char := dst[at:]; !norm.NFC.IsNormal(char) {
		dst = norm.NFC.Append(dst[:at:at], append([]byte(nil), char...)...)
	}
	return dst
}
