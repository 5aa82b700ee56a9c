package runner

import (
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Wildcards of an expected output.
const (
	anyLines = "..."  // alone on its line: any lines, or none
	anyText  = "[..]" // within a line: any text, or none
)

// Expected is what a snippet is to output. Blanks at the ends of lines and blank lines
// at its end do not count, a tab is as good as the blanks up to the next tab stop.
type Expected struct{ lines []string }

func parseExpected(text string) *Expected { return &Expected{strings.Split(text, "\n")} }

// Lines are the lines as written, wildcards among them.
func (e *Expected) Lines() []string { return e.lines }

// OutputLines are the lines of an output as they are compared. Of a line that was
// overwritten its last state counts: what stands behind the last carriage return.
func OutputLines(text string) []string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		lines[i] = comparable(line[strings.LastIndexByte(line, '\r')+1:])
	}
	return trimEnd(lines)
}

// comparable is a line with what does not count left out.
func comparable(line string) string { return strings.TrimRight(expandTabs(line), " ") }

func trimEnd(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// expandTabs replaces tabs by the blanks up to the next of the tab stops that a
// terminal has every eight columns.
func expandTabs(line string) string {
	if strings.IndexByte(line, '\t') < 0 {
		return line
	}
	var b strings.Builder
	col := 0
	for _, r := range line {
		if r != '\t' {
			b.WriteRune(r)
			col++
			continue
		}
		for n := 8 - col%8; n > 0; n-- {
			b.WriteByte(' ')
			col++
		}
	}
	return b.String()
}

// comparables are the lines as they are compared.
func (e *Expected) comparables() []string {
	lines := make([]string, len(e.lines))
	for i, line := range e.lines {
		lines[i] = comparable(line)
	}
	return trimEnd(lines)
}

// Matches reports whether an output is as expected.
func (e *Expected) Matches(output []string) bool {
	groups := [][]string{nil} // of lines, between those that stand for any
	for _, line := range e.comparables() {
		if line == anyLines {
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
func linesMatch(want, output []string) bool {
	if len(output) < len(want) {
		return false
	}
	for i, line := range want {
		if !lineMatches(line, output[i]) {
			return false
		}
	}
	return true
}

// lineMatches reports whether a line is as expected.
func lineMatches(want, line string) bool {
	head, rest, wild := strings.Cut(want, anyText)
	if !wild {
		return want == line
	}
	line, ok := strings.CutPrefix(line, head)
	if !ok {
		return false
	}
	parts := strings.Split(rest, anyText)
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		if _, line, ok = strings.Cut(line, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(line, last)
}

// Line is a line of an output that is expected anew.
type Line struct {
	Text string
	Kept int // the line of the old expectation that still holds, -1 if it is a new one
}

// alignmentSize bounds what is spent on finding out which lines of an expectation
// still hold: the product of the numbers of lines that are in question.
const alignmentSize = 1 << 20

// Update is the expectation that holds for an output, with as much kept of the old one
// as holds: its wildcards above all. Where the output is much longer than a deck can
// show, what is in between the lines that hold at both ends is replaced as a whole.
func (e *Expected) Update(output []string) []Line {
	want := e.comparables()
	if e.Matches(output) {
		kept := make([]Line, len(e.lines))
		for i, line := range e.lines {
			kept[i] = Line{line, i}
		}
		return kept
	}
	holds := func(i, j int) bool { return want[i] != anyLines && lineMatches(want[i], output[j]) }
	head := 0
	for head < min(len(want), len(output)) && holds(head, head) {
		head++
	}
	tail := 0
	for tail < min(len(want), len(output))-head && holds(len(want)-1-tail, len(output)-1-tail) {
		tail++
	}
	var lines []Line
	keep := func(i int) { lines = append(lines, Line{e.lines[i], i}) }
	for i := range head {
		keep(i)
	}
	n, m := len(want)-head-tail, len(output)-head-tail
	for _, s := range align(n, m, func(i int) bool { return want[head+i] == anyLines }, func(i, j int) bool { return holds(head+i, head+j) }) {
		if s.kept >= 0 {
			keep(head + s.kept)
		} else {
			lines = append(lines, Line{output[head+s.line], -1})
		}
	}
	for i := len(want) - tail; i < len(want); i++ {
		keep(i)
	}
	return lines
}

// aligned is a line of a new expectation: one of the old one, or one of the output.
type aligned struct{ kept, line int }

// align finds the fewest lines of an output that have to be written anew, beside n old
// lines of which some stand for any number of lines, and others for one.
func align(n, m int, wild func(i int) bool, holds func(i, j int) bool) []aligned {
	var lines []aligned
	if (n+1)*(m+1) > alignmentSize {
		for j := range m {
			lines = append(lines, aligned{-1, j})
		}
		return lines
	}
	// cost[i][j] is that of the first i old lines beside the first j of the output.
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

// move is how an alignment goes on.
type move uint8

const (
	keepLine    move = iota // the old line holds
	replaceLine             // it does not, and there is another one
	addLine
	dropLine
	coverLine // a line of the output is one of any
	endCover  // and no more
)

// cheapest is the best move that leads to a place, and what it costs with those before
// it. What is lost weighs more than what is added: wildcards are to last.
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

// Diff shows where an output is not as expected, as a unified diff between what is
// expected and what would have to be; "" if it is.
func (e *Expected) Diff(output []string) string {
	if e.Matches(output) {
		return ""
	}
	var now []string
	for _, l := range e.Update(output) {
		now = append(now, comparable(l.Text))
	}
	text := func(lines []string) []byte {
		if len(lines) == 0 {
			return nil
		}
		return []byte(strings.Join(lines, "\n") + "\n")
	}
	d := string(diff.Diff("expected", text(e.comparables()), "output", text(now)))
	_, d, _ = strings.Cut(d, "\n") // that of the command
	return d
}
