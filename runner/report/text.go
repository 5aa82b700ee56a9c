package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"workshop/markdown/lazy"
	"workshop/runner"
)

// widths measures text in cells, independent of the locale.
var widths = &runewidth.Condition{StrictEmojiNeutral: true}

// clean returns text on one line that has no effect on a terminal or a reader: control characters,
// invalid UTF-8 and invisible characters are written as in Go.
func clean(s string) string {
	if !strings.ContainsFunc(s, hostile) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == utf8.RuneError && n == 1, r < utf8.RuneSelf && hostile(r):
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case !hostile(r) || r == utf8.RuneError:
			b.WriteString(s[:n])
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// hostile reports whether a character must be escaped: controls (C0, DEL, C1), format characters
// (bidirectional overrides, zero width) except the joiners that scripts and emoji need, line
// separators, and characters that are invalid in XML. U+FFFD needs another check: it also stands
// for a byte that is not UTF-8.
func hostile(r rune) bool {
	switch {
	case r < 0x20 || r == utf8.RuneError:
		return true
	case r < 0x7f:
		return false
	case r == '\u200c' || r == '\u200d':
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == 0xfffe || r == 0xffff
}

// cleanLines returns the cleaned lines of a text. Tabs are expanded, and blank lines at its end are
// removed. A carriage return ends a line, too.
func cleanLines(s string) []string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, strings.TrimRight(clean(expand(line)), " "))
	}
	return trimBlank(lines)
}

func trimBlank(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// expand replaces tabs by blanks.
func expand(line string) string {
	for {
		before, after, found := strings.Cut(line, "\t")
		if !found {
			return line
		}
		line = before + strings.Repeat(" ", 8-widths.StringWidth(before)%8) + after
	}
}

// command matches the beginning of a command of Azure Pipelines or of the older notation of GitHub
// Actions, at any place of a line.
var command = lazy.Regexp(`##(\w*)\[`)

// guard disables a command in a line of a CI log. GitHub Actions executes "::name::" after
// blanks at the beginning of a line, see
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
func guard(line string) string {
	if strings.Contains(line, "##") {
		line = command().ReplaceAllString(line, `##$1\[`)
	}
	if rest := strings.TrimLeftFunc(line, unicode.IsSpace); strings.HasPrefix(rest, "::") {
		line = line[:len(line)-len(rest)] + `\` + rest
	}
	return line
}

// cut cuts a text to a number of cells.
func cut(s string, cells int) string {
	if cells <= 0 {
		return ""
	}
	return widths.Truncate(s, cells, "…")
}

// pad fills a text up with blanks to a number of cells.
func pad(s string, cells int) string {
	return s + strings.Repeat(" ", max(0, cells-widths.StringWidth(s)))
}

// wrap breaks a line into pieces of a number of cells.
func wrap(s string, cells int) []string {
	if widths.StringWidth(s) <= cells {
		return []string{s}
	}
	var pieces []string
	begin, used := 0, 0
	for i, r := range s {
		w := widths.RuneWidth(r)
		if used+w > cells && i > begin {
			pieces, begin, used = append(pieces, s[begin:i]), i, 0
		}
		used += w
	}
	return append(pieces, s[begin:])
}

// Fold breaks a sentence into lines of at most some cells, between words where it can.
func Fold(s string, cells int) (lines []string) {
	for widths.StringWidth(s) > cells {
		first := wrap(s, cells)[0]
		at := len(first)
		if blank := strings.LastIndexByte(first, ' '); blank > 0 && s[at] != ' ' {
			at = blank
		}
		lines, s = append(lines, s[:at]), strings.TrimLeft(s[at:], " ")
	}
	return append(lines, s)
}

// ends returns a line with one text at its left and one at its right end. If they do not both fit,
// the right one is cut to half of the line, then the left one.
func ends(left, right string, cells int) string {
	right = cut(right, cells/2)
	room := cells - widths.StringWidth(right)
	return pad(cut(left, room-1), room) + right
}

// span formats a duration for readers: 0.3s, 59.9s, 1m01s, 2h03m.
func span(d time.Duration) string {
	switch {
	case d < time.Minute-50*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// clock formats a running duration in whole seconds: 0:07, 12:34, 1:02:03.
func clock(d time.Duration) string {
	s := int(d / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// plural returns a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// doing returns a step on one line: its directive and the first line of its text.
func doing(s *runner.Step) string {
	text := strings.Trim(s.Text, "\n")
	first, rest, _ := strings.Cut(text, "\n")
	line := clean(strings.TrimSpace(s.Directive + " " + first))
	if rest != "" {
		line += fmt.Sprintf(" … (%s more)", plural(strings.Count(rest, "\n")+1, "line"))
	}
	return line
}

// at returns file:line.
func at(e *runner.Exercise) string { return clean(fmt.Sprintf("%s:%d", e.Pos.File, e.Pos.Line)) }

// title returns the title of an exercise, and a note if it only runs because another one needs it.
func title(e *runner.Exercise) string {
	if e.Setup {
		return clean("set-up: " + e.Title)
	}
	return clean(e.Title)
}

// ratio formats progress: 3/12.
func ratio(n, of int) string { return fmt.Sprintf("%*d/%d", len(strconv.Itoa(of)), n, of) }
