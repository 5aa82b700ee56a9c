package runner

import (
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/text/unicode/norm"

	"workshop/runner/screen"
)

// Wildcards of an expected output. A backslash before one makes it literal.
const (
	anyLines = "..."  // alone on its line: any lines, or none
	anyText  = "[..]" // within a line: any text, or none
)

// Expected is the expected output of a snippet. Blanks at the ends of lines and blank lines
// at its end do not count, a tab is as good as the blanks up to the next tab stop, and
// canonically equivalent texts are equal (Unicode Standard Annex #15).
//
// A line of backslashes and "..." stands for the line with one backslash less. Of the
// backslashes right before a "[..]" each pair stands for one; if one is left over, the
// "[..]" is literal. Every other backslash is literal.
type Expected struct{ lines []string }

func parseExpected(text string) *Expected { return &Expected{strings.Split(text, "\n")} }

// Lines are the lines as written, with wildcards and backslashes.
func (e *Expected) Lines() []string { return e.lines }

// OutputLines are the lines of an output in the form for comparison.
func OutputLines(text string) []string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = comparable(line)
	}
	return trimEnd(lines)
}

// comparable is a line in the form for comparison: tabs expanded, no blanks at its end.
func comparable(line string) string {
	line, _ = expandTabs(line, 0)
	return strings.TrimRight(line, " ")
}

func trimEnd(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// expandTabs replaces the tabs of a text that begins in a column by the blanks up to the
// next of the tab stops that a terminal has every eight columns. It returns the column
// of the text's end as well.
func expandTabs(text string, col int) (string, int) {
	if strings.IndexByte(text, '\t') < 0 {
		return text, col + screen.NewRun(text, 0).Width
	}
	var b strings.Builder
	for i, part := range strings.Split(text, "\t") {
		if i > 0 {
			blanks := 8 - col%8
			b.WriteString("        "[:blanks])
			col += blanks
		}
		b.WriteString(part)
		col += screen.NewRun(part, 0).Width
	}
	return b.String(), col
}

// expectedLine is a parsed line of an expected output.
type expectedLine struct {
	any   bool     // the line stands for any lines
	parts []string // else: its literal texts; between two of them is any text
}

// parseLine reads a line of an expected output.
func parseLine(line string) expectedLine {
	line = strings.TrimRight(line, " \t")
	if line == anyLines {
		return expectedLine{any: true}
	}
	if isDots(line) {
		return expectedLine{parts: []string{line[1:]}}
	}
	var l expectedLine
	text, col := "", 0
	add := func() {
		text, col = expandTabs(text, col)
		l.parts = append(l.parts, norm.NFC.String(text))
		text, col = "", col+len(anyText)
	}
	for {
		before, rest, found := strings.Cut(line, anyText)
		if !found {
			text += before
			add()
			return l
		}
		n := backslashes(before)
		text += before[:len(before)-n+n/2]
		if n%2 == 1 {
			text += anyText
		} else {
			add()
		}
		line = rest
	}
}

// escapeLine is the line of an expected output that matches this line alone.
func escapeLine(line string) string {
	if isDots(line) {
		return `\` + line
	}
	before, rest, found := strings.Cut(line, anyText)
	if !found {
		return line
	}
	var b strings.Builder
	for ; found; before, rest, found = strings.Cut(rest, anyText) {
		b.WriteString(before)
		b.WriteString(strings.Repeat(`\`, backslashes(before)+1))
		b.WriteString(anyText)
	}
	b.WriteString(before)
	return b.String()
}

// isDots reports whether a line is "..." behind any number of backslashes.
func isDots(line string) bool { return strings.TrimLeft(line, `\`) == anyLines }

// backslashes is the number of backslashes at the end of a text.
func backslashes(text string) int { return len(text) - len(strings.TrimRight(text, `\`)) }

// parse reads the lines.
func (e *Expected) parse() []expectedLine {
	lines := make([]expectedLine, 0, len(e.lines))
	end := 0 // behind the last line that is not blank
	for _, text := range e.lines {
		l := parseLine(text)
		lines = append(lines, l)
		if !l.is("") {
			end = len(lines)
		}
	}
	return lines[:end]
}

// is reports whether the line matches just one text.
func (l expectedLine) is(text string) bool { return len(l.parts) == 1 && l.parts[0] == text }

// canonical are the lines of an output in NFC.
func canonical(output []string) []string {
	lines := make([]string, len(output))
	for i, line := range output {
		lines[i] = norm.NFC.String(line)
	}
	return lines
}

// Matches reports whether an output is as expected.
func (e *Expected) Matches(output []string) bool { return matches(e.parse(), canonical(output)) }

func matches(want []expectedLine, output []string) bool {
	groups := [][]expectedLine{nil} // of lines, between those that stand for any
	for _, line := range want {
		if line.any {
			groups = append(groups, nil)
		} else {
			groups[len(groups)-1] = append(groups[len(groups)-1], line)
		}
	}
	first, last := groups[0], groups[len(groups)-1]
	if !linesMatch(first, output) {
		return false
	}
	rest := output[len(first):]
	if len(groups) == 1 {
		return len(rest) == 0
	}
	if len(rest) < len(last) || !linesMatch(last, rest[len(rest)-len(last):]) {
		return false
	}
	rest = rest[:len(rest)-len(last)]
	for _, group := range groups[1 : len(groups)-1] {
		for !linesMatch(group, rest) {
			if len(rest) == 0 {
				return false
			}
			rest = rest[1:]
		}
		rest = rest[len(group):]
	}
	return true
}

// linesMatch reports whether the output begins with lines that are as expected.
func linesMatch(want []expectedLine, output []string) bool {
	if len(output) < len(want) {
		return false
	}
	for i, line := range want {
		if !line.matches(output[i]) {
			return false
		}
	}
	return true
}

// matches reports whether a line of an output is as expected.
func (l expectedLine) matches(line string) bool {
	if l.any {
		return false
	}
	if len(l.parts) == 1 {
		return l.parts[0] == line
	}
	line, ok := strings.CutPrefix(line, l.parts[0])
	if !ok {
		return false
	}
	last := len(l.parts) - 1
	for _, part := range l.parts[1:last] {
		if _, line, ok = strings.Cut(line, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(line, l.parts[last])
}

// Line is a line of an updated expectation.
type Line struct {
	Text string // with backslashes before literal wildcards
	Kept int    // the line of the old expectation that still holds, -1 if it is a new one
}

// alignmentSize bounds the cost of an alignment: the product of the numbers of lines on
// both sides.
const alignmentSize = 1 << 20

// Update is the expectation that matches an output. It keeps as many matching lines of the
// old one as it can, wildcards first. If the output is much longer than a deck can show, the
// lines between the matching lines at both ends are replaced as a whole.
func (e *Expected) Update(output []string) []Line {
	want, now := e.parse(), canonical(output)
	if matches(want, now) {
		kept := make([]Line, len(e.lines))
		for i, line := range e.lines {
			kept[i] = Line{line, i}
		}
		return kept
	}
	holds := func(i, j int) bool { return want[i].matches(now[j]) }
	head := 0
	for head < min(len(want), len(now)) && holds(head, head) {
		head++
	}
	tail := 0
	for tail < min(len(want), len(now))-head && holds(len(want)-1-tail, len(now)-1-tail) {
		tail++
	}
	var lines []Line
	keep := func(i int) { lines = append(lines, Line{e.lines[i], i}) }
	for i := range head {
		keep(i)
	}
	n, m := len(want)-head-tail, len(output)-head-tail
	wild := func(i int) bool { return want[head+i].any }
	for _, s := range align(n, m, wild, func(i, j int) bool { return holds(head+i, head+j) }) {
		if s.kept >= 0 {
			keep(head + s.kept)
		} else {
			lines = append(lines, Line{escapeLine(output[head+s.line]), -1})
		}
	}
	for i := len(want) - tail; i < len(want); i++ {
		keep(i)
	}
	return lines
}

// aligned is a line of a new expectation: a line of the old one, or a line of the output.
type aligned struct{ kept, line int }

// align aligns n old lines with m lines of an output, such that the fewest lines are
// rewritten. A wild old line matches any number of lines, another one exactly one.
func align(n, m int, wild func(i int) bool, holds func(i, j int) bool) []aligned {
	var lines []aligned
	if (n+1)*(m+1) > alignmentSize {
		for j := range m {
			lines = append(lines, aligned{-1, j})
		}
		return lines
	}
	// cost[i][j] is the cost of the first i old lines beside the first j of the output.
	cost := make([][]int, n+1)
	for i := range cost {
		cost[i] = make([]int, m+1)
	}
	for i := range n + 1 {
		for j := range m + 1 {
			cost[i][j], _ = cheapest(cost, i, j, wild, holds)
		}
	}
	for i, j := n, m; i > 0 || j > 0; {
		_, move := cheapest(cost, i, j, wild, holds)
		switch move {
		case keepLine:
			i, j = i-1, j-1
			lines = append(lines, aligned{i, j})
		case replaceLine:
			i, j = i-1, j-1
			lines = append(lines, aligned{-1, j})
		case addLine:
			j--
			lines = append(lines, aligned{-1, j})
		case dropLine:
			i--
		case coverLine:
			j--
		case endCover:
			i--
			lines = append(lines, aligned{i, -1})
		}
	}
	slices.Reverse(lines)
	return lines
}

// move is one step of an alignment.
type move uint8

const (
	keepLine    move = iota // the old line matches
	replaceLine             // the old line becomes a line of the output
	addLine
	dropLine
	coverLine // a wild line matches one more line of the output
	endCover  // a wild line matches no more
)

// cheapest is the best move that leads to a place, and the total cost up to there. A lost
// line costs more than an added one, so that wildcards last.
func cheapest(cost [][]int, i, j int, wild func(i int) bool, holds func(i, j int) bool) (best int, by move) {
	if i == 0 && j == 0 {
		return 0, keepLine
	}
	best = -1
	try := func(c int, m move) {
		if best < 0 || c < best {
			best, by = c, m
		}
	}
	covers := i > 0 && wild(i-1)
	if i > 0 && j > 0 && !covers {
		if holds(i-1, j-1) {
			try(cost[i-1][j-1], keepLine)
		}
		try(cost[i-1][j-1]+3, replaceLine)
	}
	if covers {
		try(cost[i-1][j], endCover)
		if j > 0 {
			try(cost[i][j-1], coverLine)
		}
		return best, by
	}
	if j > 0 {
		try(cost[i][j-1]+1, addLine)
	}
	if i > 0 {
		try(cost[i-1][j]+3, dropLine)
	}
	return best, by
}

// Diff is a unified diff between the expectation and the one that would match the output; ""
// if it matches. Behind two lines that look alike, a line names the characters that differ.
func (e *Expected) Diff(output []string) string {
	if e.Matches(output) {
		return ""
	}
	var was, now []string
	for _, line := range e.lines {
		was = append(was, comparable(line))
	}
	for _, l := range e.Update(output) {
		now = append(now, comparable(l.Text))
	}
	text := func(lines []string) []byte {
		if len(lines) == 0 {
			return nil
		}
		return []byte(strings.Join(lines, "\n") + "\n")
	}
	d := string(diff.Diff("expected", text(trimEnd(was)), "output", text(now)))
	_, d, _ = strings.Cut(d, "\n") // without the line of the diff command
	return remark(d)
}
