package audit

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"workshop/markdown"
	"workshop/markdown/lazy"
	"workshop/runner/figure"
)

var (
	digits     = lazy.Regexp(`\d+(?:\.\d+)?`)
	wordBefore = lazy.Regexp(`([A-Za-z][A-Za-z0-9_]*)[^A-Za-z0-9_]*$`)
	wordBehind = lazy.Regexp(`^[^A-Za-z0-9_]*([A-Za-z][A-Za-z0-9_]*)`)
	unitBehind = lazy.Regexp(`^ ?(ns|us|µs|ms|s|min|h|B|[kMGT]B|[KMGT]iB)(?:[^A-Za-z0-9_]|$)`)
)

// far is the ratio of two measurements of a number that is no accident. A number that varies by itself has to be
// farther: by the cube of the ratio of both measurements without a change.
const far = 1.5

// mostNumbers is how many numbers of an output are looked at.
const mostNumbers = 200

// candidate is a number of an output that can be a figure.
type candidate struct {
	name, expression, unit string
	passed, unchanged      float64
	other                  float64
}

// numberThatIsSaid is a claim about a number that the text of the slide says, which came both times, and not in the mutant.
func numberThatIsSaid(p *printed) []Check {
	for _, c := range p.candidates(true) {
		if c.passed == c.unchanged && c.passed != c.other {
			return c.claim(fmt.Sprintf("== %v", c.passed))
		}
	}
	return nil
}

// numberThatIsFar is a claim about the number that is the farthest in the mutant from those of both other times.
func numberThatIsFar(p *printed) []Check {
	var best []Check
	most := far
	for _, c := range p.candidates(false) {
		low, high := min(c.passed, c.unchanged), max(c.passed, c.unchanged)
		if low <= 0 {
			continue
		}
		enough := max(most, math.Pow(high/low, 3))
		switch {
		case c.other > high && c.other >= enough*high:
			most, best = c.other/high, c.claim("< "+between(high, c.other))
		case c.other < low && low >= enough*c.other && c.other > 0:
			most, best = low/c.other, c.claim("> "+between(c.other, low))
		}
	}
	return best
}

// between is a round number between two.
func between(low, high float64) string {
	middle := math.Sqrt(low * high)
	for precision := 1; ; precision++ {
		text := strconv.FormatFloat(middle, 'g', precision, 64)
		if v, err := strconv.ParseFloat(text, 64); err != nil || low < v && v < high || precision > 6 {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
}

func (c *candidate) claim(relation string) []Check {
	figure := strings.TrimSpace(fmt.Sprintf("%s /%s/ %s", c.name, c.expression, c.unit))
	return []Check{{"figure", figure}, {"claim", strings.TrimSpace(c.name + " " + relation + " " + c.unit)}}
}

// candidates are the numbers of the output that were printed all three times, with the same text around them. Said are
// those that stand in the text of the slide, too.
func (p *printed) candidates(said bool) (all []candidate) {
	if p.compared {
		return nil
	}
	looked, known := 0, map[string]bool{}
	for _, line := range p.passed {
		if !usable(line) {
			continue
		}
		for _, at := range digits().FindAllStringIndex(line, -1) {
			if looked++; looked > mostNumbers {
				return all
			}
			before, behind := line[:at[0]], line[at[1]:]
			unit := ""
			if m := unitBehind().FindStringSubmatch(behind); m != nil {
				unit = m[1]
			}
			if partOfWord(before, behind, unit) || said && !slices.Contains(p.said, line[at[0]:at[1]]) {
				continue
			}
			c := candidate{expression: around(before, behind), unit: unit, name: p.name(before, behind)}
			if known[c.expression] {
				continue
			}
			known[c.expression] = true
			re, err := regexp.Compile("(?m:" + c.expression + ")")
			if err != nil {
				continue
			}
			var ok [3]bool
			c.passed, ok[0] = median(re, p.passed)
			c.unchanged, ok[1] = median(re, p.unchanged)
			c.other, ok[2] = median(re, p.other)
			if ok == [3]bool{true, true, true} {
				all = append(all, c)
			}
		}
	}
	return all
}

// partOfWord reports whether a number belongs to a word, a date, a time or a version.
func partOfWord(before, behind, unit string) bool {
	joined := func(r byte) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.IndexByte("._-:/", r) >= 0
	}
	if n := len(before); n > 0 && joined(before[n-1]) {
		return true
	}
	return unit == "" && len(behind) > 0 && joined(behind[0]) && !strings.HasPrefix(behind, ". ") && behind != "."
}

// around is an expression for the number between two texts of a line.
func around(before, behind string) string {
	const near = 20
	if cut := len(before) - near; cut > 0 {
		if i := strings.IndexByte(before[cut:], ' '); i >= 0 {
			before = before[cut+i+1:]
		}
	}
	if len(behind) > near {
		if i := strings.LastIndexByte(behind[:near], ' '); i >= 0 {
			behind = behind[:i]
		}
	}
	return pattern(before) + `([\d.]+)` + pattern(behind)
}

// pattern is an expression for a text with any numbers and blanks.
func pattern(text string) string {
	text = regexp.MustCompile(`\d+`).ReplaceAllString(regexp.QuoteMeta(text), `\d+`)
	text = regexp.MustCompile(` +`).ReplaceAllString(text, ` +`)
	return strings.ReplaceAll(text, "/", `\/`)
}

// median is the middle of the numbers that an expression finds.
func median(re *regexp.Regexp, lines []string) (v float64, ok bool) {
	var all []float64
	for _, m := range re.FindAllStringSubmatch(strings.Join(lines, "\n"), -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, false
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2, true
}

// name is a name for the number between two texts that no figure of the session has.
func (p *printed) name(before, behind string) string {
	name := "number"
	if m := wordBehind().FindStringSubmatch(behind); m != nil && unitBehind().FindString(behind) == "" {
		name = m[1]
	} else if m := wordBefore().FindStringSubmatch(before); m != nil {
		name = m[1]
	}
	name = strings.ToLower(name)
	taken := func(name string) bool {
		return figure.CheckName(name) != nil || slices.Contains(p.names, name) || slices.Contains([]string{"duration", "lines", "bytes"}, name)
	}
	if !taken(name) {
		return name
	}
	for n := 2; ; n++ {
		if other := fmt.Sprintf("%s_%d", name, n); !taken(other) {
			return other
		}
		if n > 99 {
			name = "number"
		}
	}
}

// figures are the names of the session's figures.
func (s *Subject) figures() (names []string) {
	for _, e := range s.Session.Exercises {
		for _, step := range e.Steps {
			if f := step.Figure(); f != nil {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// numbersIn are the numbers in the text of a slide, without code.
func numbersIn(slide *markdown.Slide) []string {
	if slide == nil {
		return nil
	}
	tree, _ := markdown.Tree(slide) // one that is refused is a block of code
	var text strings.Builder
	var add func(n *markdown.Node)
	add = func(n *markdown.Node) {
		switch n.Kind {
		case markdown.TextNode:
			text.WriteString(n.Text + " ")
		case markdown.CodeNode, markdown.VerbNode:
			return
		}
		for _, c := range n.Children {
			add(c)
		}
	}
	add(tree)
	return digits().FindAllString(text.String(), -1)
}
