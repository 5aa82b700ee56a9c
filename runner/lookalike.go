package runner

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// characterNames are the Unicode names of characters that are often mistaken for others.
var characterNames = map[rune]string{
	' ':      "SPACE",
	'\'':     "APOSTROPHE",
	'"':      "QUOTATION MARK",
	'-':      "HYPHEN-MINUS",
	'\u00a0': "NO-BREAK SPACE",
	'\u00ad': "SOFT HYPHEN",
	'\u2007': "FIGURE SPACE",
	'\u2009': "THIN SPACE",
	'\u200b': "ZERO WIDTH SPACE",
	'\u200c': "ZERO WIDTH NON-JOINER",
	'\u200d': "ZERO WIDTH JOINER",
	'\u200e': "LEFT-TO-RIGHT MARK",
	'\u200f': "RIGHT-TO-LEFT MARK",
	'\u2010': "HYPHEN",
	'\u2011': "NON-BREAKING HYPHEN",
	'\u2013': "EN DASH",
	'\u2014': "EM DASH",
	'\u2018': "LEFT SINGLE QUOTATION MARK",
	'\u2019': "RIGHT SINGLE QUOTATION MARK",
	'\u201c': "LEFT DOUBLE QUOTATION MARK",
	'\u201d': "RIGHT DOUBLE QUOTATION MARK",
	'\u2026': "HORIZONTAL ELLIPSIS",
	'\u202f': "NARROW NO-BREAK SPACE",
	'\u2060': "WORD JOINER",
	'\u2212': "MINUS SIGN",
	'\u3000': "IDEOGRAPHIC SPACE",
	'\ufe0f': "VARIATION SELECTOR-16",
	'\ufeff': "ZERO WIDTH NO-BREAK SPACE",
}

// codePoint is a character for a reader who cannot tell it by its looks.
func codePoint(r rune) string {
	if name := characterNames[r]; name != "" {
		return fmt.Sprintf("U+%04X %s", r, name)
	}
	return fmt.Sprintf("U+%04X %q", r, r)
}

// Letters of other scripts that look like Latin ones, each above the Latin one.
const (
	otherLetters = "АВЕКМНОРСТХаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"
	latinLetters = "ABEKMHOPCTXaeopcyxijsABEZHIKMNOPTYXo"
)

// looks is the appearance of a character: the same for characters that a reader cannot tell
// apart, "" for an invisible one.
func looks(r rune) string {
	switch {
	case r < utf8.RuneSelf:
		return string(r)
	case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return ""
	case unicode.In(r, unicode.Z):
		return " "
	case unicode.Is(unicode.Pd, r) || r == '\u2212':
		return "-"
	case strings.ContainsRune("‘’‚‛′", r):
		return "'"
	case strings.ContainsRune("“”„‟″", r):
		return `"`
	}
	if before, _, found := strings.Cut(otherLetters, string(r)); found {
		return latinLetters[utf8.RuneCountInString(before):][:1]
	}
	return norm.NFKC.String(string(r))
}

// appearance is the appearance of a text in NFC, and for each of its bytes the index of its
// character.
func appearance(text []rune) (seen string, from []int) {
	var b strings.Builder
	for i, r := range text {
		l := looks(r)
		b.WriteString(l)
		for range len(l) {
			from = append(from, i)
		}
	}
	return b.String(), from
}

// lookalike describes the difference between a text and a line that only seems to hold it. It
// is "" if the line does hold it, or does not seem to. Columns count characters from 1.
func lookalike(want, line string) string {
	w, l := []rune(norm.NFC.String(want)), []rune(norm.NFC.String(line))
	if strings.Contains(string(l), string(w)) {
		return ""
	}
	wanted, _ := appearance(w)
	seen, from := appearance(l)
	i := strings.Index(seen, wanted)
	if wanted == "" || i < 0 {
		return ""
	}
	at := from[i]
	for at > 0 && looks(l[at-1]) == "" && looks(w[0]) == "" {
		at-- // the text begins with invisible characters
	}
	return difference(w, l[at:], at)
}

// nearestAlike is the first line that only seems to hold a text, and the difference.
func nearestAlike(want string, lines []string) (line, what string) {
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if what := lookalike(want, line); what != "" {
			return line, what
		}
	}
	return "", ""
}

// difference describes the first character in which two texts differ. The second text begins
// behind some other characters.
func difference(want, have []rune, before int) string {
	i := 0
	for i < min(len(want), len(have)) && want[i] == have[i] {
		i++
	}
	if i == len(want) && i == len(have) {
		return ""
	}
	what := func(text []rune) string {
		if i < len(text) {
			return codePoint(text[i])
		}
		return "nothing"
	}
	return fmt.Sprintf("%s at column %d, where %s is expected", what(have), before+i+1, what(want))
}

// remark adds to a diff the characters that differ in lines that look alike: behind each such
// line of the output comes a line that begins with a backslash.
func remark(diff string) string {
	var b strings.Builder
	var gone []expectedLine              // the expected lines right before
	alike := map[string][]expectedLine{} // those without wildcards, by their appearance
	added := 0                           // lines of the output behind them
	for line := range strings.Lines(diff) {
		b.WriteString(line)
		text := parseLine(strings.TrimSuffix(line[1:], "\n"))
		if line[0] != '+' && added > 0 || line[0] == ' ' || line[0] == '@' {
			gone, added = nil, 0
			clear(alike)
		}
		if line[0] == '-' {
			if gone = append(gone, text); len(text.parts) == 1 {
				seen := text.appearance().parts[0]
				alike[seen] = append(alike[seen], text)
			}
		}
		if line[0] != '+' {
			continue
		}
		added++
		if len(gone) == 0 || len(text.parts) != 1 {
			continue
		}
		want := gone[min(added, len(gone))-1]
		if seen := text.appearance().parts[0]; len(alike[seen]) > 0 {
			want, alike[seen] = alike[seen][0], alike[seen][1:]
		}
		if what := want.lookalike(text.parts[0]); what != "" {
			b.WriteString("\\ the output has " + what + "\n")
		}
	}
	return b.String()
}

// appearance is the line with the appearance of its texts.
func (l expectedLine) appearance() expectedLine {
	seen := expectedLine{any: l.any}
	for _, part := range l.parts {
		text, _ := appearance([]rune(part))
		seen.parts = append(seen.parts, text)
	}
	return seen
}

// lookalike describes the difference of a line of an output, if it looks like this one.
func (l expectedLine) lookalike(line string) string {
	have := []rune(line)
	if seen, _ := appearance(have); !l.appearance().matches(seen) {
		return ""
	}
	if len(l.parts) == 1 {
		return difference([]rune(l.parts[0]), have, 0)
	}
	for i, r := range have {
		if looks(r) != string(r) {
			return fmt.Sprintf("%s at column %d", codePoint(r), i+1)
		}
	}
	return ""
}
