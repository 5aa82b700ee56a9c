package report

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"workshop/runner/page"
	"workshop/runner/screen"
)

// The frames of a recording that a page holds. A longer one keeps its head, its tail, and the
// frames around the end of each step.
const (
	maxFrames  = 2000
	headFrames = 600
	tailFrames = 300
	aroundMark = 2 * time.Second
)

// player is the recording of an exercise in the form for a page: frames of numbered lines.
type player struct {
	screen *screen.Screen
	begun  time.Time
	lines  []json.RawMessage // the different lines
	number map[string]int    // of a line, by its data
	known  map[*screen.Run]int
	cache  *lineCache
	frames []frame
	left   int           // frames that were left out
	seen   []screen.Line // by the last frame
}

// frame is a state of the screen.
type frame struct {
	at     time.Duration
	rows   []int // numbers of the lines, from top to bottom; those of the frame before if the same
	x, y   int   // of the cursor; -1: none
	cols   int
	marked bool // a step ended with it
}

func newPlayer(s *screen.Screen, begun time.Time, cache *lineCache) *player {
	return &player{screen: s, begun: begun, number: map[string]int{}, known: map[*screen.Run]int{}, cache: cache}
}

// manyFrames is the number of frames for which a player keeps no room when it is used again.
const manyFrames = 100

// reset makes the player empty, for another recording.
func (p *player) reset(s *screen.Screen, begun time.Time) *player {
	if len(p.frames) > manyFrames || len(p.lines) > manyFrames {
		*p = *newPlayer(s, begun, p.cache)
		return p
	}
	clear(p.number)
	clear(p.known)
	*p = player{screen: s, begun: begun, lines: p.lines[:0], number: p.number, known: p.known, cache: p.cache, frames: p.frames[:0]}
	return p
}

// lineCache keeps the forms of lines. Most lines of a screen are those of the exercise before.
type lineCache map[*screen.Run]*cachedLine

type cachedLine struct {
	runs []any
	data json.RawMessage
	html string // "": not asked for yet
}

// cachedLines is the number of lines behind which a cache begins again.
const cachedLines = 1000

// line is a line in its forms.
func (c *lineCache) line(l screen.Line) *cachedLine {
	if len(l) == 0 {
		return &cachedLine{data: []byte("[]")}
	}
	if known := (*c)[&l[0]]; known != nil {
		return known
	}
	made := &cachedLine{runs: page.Line(l)}
	var err error
	if made.data, err = json.Marshal(made.runs); err != nil {
		made.data = []byte("[]")
	}
	if *c == nil || len(*c) >= cachedLines {
		*c = lineCache{}
	}
	(*c)[&l[0]] = made
	return made
}

// take adds the present state of the screen as a frame.
func (p *player) take(at time.Time) {
	v := p.screen.View()
	f := frame{at: max(at.Sub(p.begun), 0), x: v.X, y: v.Y, cols: v.Cols}
	if !v.Cursor {
		f.x, f.y = -1, -1
	}
	if n := len(p.frames); n > 0 && len(v.Lines) > 0 && len(v.Lines) == len(p.seen) && &v.Lines[0] == &p.seen[0] {
		f.rows = p.frames[n-1].rows
	} else {
		f.rows, p.seen = make([]int, len(v.Lines)), v.Lines
		for y, line := range v.Lines {
			f.rows[y] = p.lineNumber(line)
		}
	}
	p.frames = append(p.frames, f)
	if len(p.frames) > 2*maxFrames {
		p.thin()
	}
}

// mark adds the end of a step: the present frame, at a time of its own.
func (p *player) mark(at time.Time) {
	p.take(at)
	p.frames[len(p.frames)-1].marked = true
}

func (p *player) lineNumber(line screen.Line) int {
	var first *screen.Run
	if len(line) > 0 {
		first = &line[0]
		if n, ok := p.known[first]; ok {
			return n
		}
	}
	data := p.cache.line(line).data
	n, ok := p.number[string(data)]
	if !ok {
		n = len(p.lines)
		p.number[string(data)], p.lines = n, append(p.lines, data)
	}
	if first != nil {
		p.known[first] = n
	}
	return n
}

// thin leaves out frames in the middle of a long recording.
func (p *player) thin() {
	n := len(p.frames)
	if n <= maxFrames {
		return
	}
	near := func(i int) bool {
		for _, d := range []int{-1, 1} { // the marks before and behind it
			for j := i; j >= 0 && j < n && (p.frames[j].at-p.frames[i].at).Abs() <= aroundMark; j += d {
				if p.frames[j].marked {
					return true
				}
			}
		}
		return false
	}
	room := maxFrames - headFrames - tailFrames
	kept := p.frames[:0:0]
	for i, f := range p.frames {
		switch {
		case f.marked, i < headFrames, i >= n-tailFrames:
			kept = append(kept, f)
		case room > 0 && near(i):
			kept = append(kept, f)
			room--
		}
	}
	p.left += n - len(kept)
	p.frames = kept
}

// last is the final screen as HTML, a line each.
func (p *player) last() []string {
	lines := p.screen.View().Lines
	for len(lines) > 0 && strings.TrimRight(lines[len(lines)-1].String(), " ") == "" {
		lines = lines[:len(lines)-1]
	}
	var all []string
	for _, l := range lines {
		line := p.cache.line(l)
		if line.html == "" {
			line.html = page.RunsHTML(line.runs)
		}
		all = append(all, line.html)
	}
	return all
}

// appendTo adds the recording to a buffer as a page's script reads it: JSON with the different lines,
// the frames, the numbers of the frames that are marked, and the number of those that were left out.
// A frame is its time in milliseconds, the place of the cursor, the columns, and the rows that differ
// from the frame before: pairs of a row and the number of its line, or -1 and the number of rows if
// the screen has another size.
func (p *player) appendTo(b []byte) []byte {
	p.thin()
	b = append(b, `{"lines":[`...)
	for i, line := range p.lines {
		b = append(comma(b, i), line...)
	}
	b = append(b, `],"frames":[`...)
	var rows []int
	for i, f := range p.frames {
		b = strconv.AppendInt(append(comma(b, i), '['), f.at.Milliseconds(), 10)
		b = numbers(b, f.x, f.y, f.cols)
		if len(f.rows) != len(rows) {
			b = numbers(b, -1, len(f.rows))
			rows = slices.Repeat([]int{-1}, len(f.rows))
		}
		for y, n := range f.rows {
			if n != rows[y] {
				b = numbers(b, y, n)
			}
		}
		rows, b = f.rows, append(b, ']')
	}
	b = append(b, `],"marks":[`...)
	n := 0
	for i, f := range p.frames {
		if f.marked {
			b = strconv.AppendInt(comma(b, n), int64(i), 10)
			n++
		}
	}
	b = append(b, ']')
	if p.left > 0 {
		b = strconv.AppendInt(append(b, `,"left":`...), int64(p.left), 10)
	}
	return append(b, '}')
}

// comma adds a comma before an item that is not the first one.
func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

// numbers adds numbers behind another one.
func numbers(b []byte, all ...int) []byte {
	for _, n := range all {
		b = strconv.AppendInt(append(b, ','), int64(n), 10)
	}
	return b
}
