package compose

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/mattn/go-runewidth"
)

// textTable draws a table as V1 does: a centred header, dashes below it, columns three blanks
// apart. If it is wider than width, cells are wrapped, and the columns get their room one by one in
// turn.
func textTable(header []string, rows [][]string, width int) string {
	size := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			size[i] = max(size[i], runewidth.StringWidth(cell))
		}
	}
	gaps := 3 * (len(header) - 1)
	total := gaps
	for _, n := range size {
		total += n
	}
	if width >= len(header)+gaps && total > width {
		fitted := make([]int, len(size))
		for room, i := width-gaps, 0; room > 0; i = (i + 1) % len(size) {
			if fitted[i] < size[i] {
				fitted[i]++
				room--
			}
		}
		size = fitted
	}
	var b strings.Builder
	tableRow(&b, header, size, true)
	for i, n := range size {
		if i > 0 {
			b.WriteString("---")
		}
		b.WriteString(strings.Repeat("-", n))
	}
	b.WriteByte('\n')
	for _, row := range rows {
		tableRow(&b, row, size, false)
	}
	return b.String()
}

func tableRow(b *strings.Builder, row []string, size []int, centre bool) {
	cells := make([][]string, len(row))
	height := 1
	for i, cell := range row {
		cells[i] = fold(cell, size[i])
		height = max(height, len(cells[i]))
	}
	for y := range height {
		for i, cell := range cells {
			text := ""
			if y < len(cell) {
				text = cell[y]
			}
			if i > 0 {
				b.WriteString("   ")
			}
			fill := size[i] - runewidth.StringWidth(text)
			left := 0
			if centre {
				left = fill / 2
			}
			b.WriteString(strings.Repeat(" ", left) + text + strings.Repeat(" ", max(0, fill-left)))
		}
		b.WriteByte('\n')
	}
}

// fold breaks a cell into lines of at most width bytes as Python's textwrap does, which V1 uses: at
// blanks and after hyphens. A word that is longer than a line fills it up and is broken, after a
// hyphen if there is one.
func fold(cell string, width int) []string {
	var lines []string
	for _, paragraph := range strings.Split(cell, "\n") {
		lines = append(lines, foldLine(paragraph, width)...)
	}
	return lines
}

func foldLine(text string, width int) []string {
	lines := []string{}
	for left := chunks(text); len(left) > 0; {
		if len(lines) > 0 && isBlank(left[0]) {
			left = left[1:]
		}
		line := ""
		for len(left) > 0 && len(line)+len(left[0]) <= width {
			line, left = line+left[0], left[1:]
		}
		if len(left) > 0 && len(left[0]) > width {
			n := width - len(line)
			if hyphen := strings.LastIndexByte(left[0][:n], '-'); hyphen > 0 && strings.Trim(left[0][:hyphen], "-") != "" {
				n = hyphen + 1
			}
			line, left[0] = line+left[0][:n], left[0][n:]
		}
		if line = strings.TrimRight(line, " "); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return []string{""}
	}
	return lines
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// chunks splits a text at the places where a line may be broken: around blanks and dashes, and
// after a hyphen between letters.
func chunks(text string) []string {
	var out []string
	for _, word := range blanks().FindAllString(text, -1) {
		if isBlank(word) {
			out = append(out, word)
			continue
		}
		from := 0
		for i := 1; i < len(word); i++ {
			if breaks(word, i) && i > from {
				out = append(out, word[from:i])
				from = i
			}
		}
		out = append(out, word[from:])
	}
	return out
}

var blanks = expression(`\s+|\S+`)

// breaks reports whether a line may end before byte i of a word.
func breaks(word string, i int) bool {
	letter := func(j int) bool {
		return j >= 0 && j < len(word) && (word[j] >= 0x80 || word[j] == '_' || word[j]|0x20 >= 'a' && word[j]|0x20 <= 'z')
	}
	alphanumeric := func(j int) bool { return letter(j) || j >= 0 && j < len(word) && word[j] >= '0' && word[j] <= '9' }
	hyphen := func(j int) bool { return j >= 0 && j < len(word) && word[j] == '-' }
	// A dash: two hyphens or more between words.
	if !hyphen(i-1) && hyphen(i) && hyphen(i+1) || hyphen(i-1) && hyphen(i-2) && alphanumeric(i) {
		start, end := i, i
		for hyphen(start - 1) {
			start--
		}
		for hyphen(end) {
			end++
		}
		before := start > 0 && (alphanumeric(start-1) || strings.IndexByte("!\"'&.,?", word[start-1]) >= 0)
		return before && alphanumeric(end)
	}
	if !hyphen(i - 1) {
		return false
	}
	before := letter(i-2) && letter(i-3) || letter(i-2) && hyphen(i-3) && letter(i-4)
	after := letter(i) && (letter(i+1) || hyphen(i+1) && letter(i+2))
	return before && after
}

// unlimited is the width of a table without a terminal.
const unlimited = 999

// columns draws a table as V5 does. A column with its gap is at least least wide; gap is the number
// of blanks between columns.
func columns(header []string, rows [][]string, least, gap int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, least, 1, gap, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	return b.String()
}
