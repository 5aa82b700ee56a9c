package screen

import "github.com/mattn/go-runewidth"

// widths measures characters the same on every machine, independent of its locale.
var widths = runewidth.Condition{StrictEmojiNeutral: true}

// runeWidth is the number of cells of a character: 0 for a combining mark, 2 for a
// wide one, -1 for an unprinted character (C1 controls).
func runeWidth(r rune) int {
	switch {
	case r < 0x80:
		return 1
	case r < 0xa0:
		return -1
	case r < 0x300:
		return 1 // the soft hyphen too: as in xterm and wcwidth
	}
	return widths.RuneWidth(r)
}

// Width is the number of cells of a text in one line.
func Width(text string) (n int) {
	for _, r := range text {
		n += max(0, runeWidth(r))
	}
	return n
}
