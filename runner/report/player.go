package report

import (
	"encoding/json"
	"slices"
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
	left   int // frames that were left out
}

// frame is a state of the screen.
type frame struct {
	at     time.Duration
	rows   []int // numbers of the lines, from top to bottom
	x, y   int   // of the cursor; -1: none
	cols   int
	marked bool // a step ended with it
}

func newPlayer(s *screen.Screen, begun time.Time, cache *lineCache) *player {
	return &player{screen: s, begun: begun, number: map[string]int{}, known: map[*screen.Run]int{}, cache: cache}
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
	for _, line := range v.Lines {
		f.rows = append(f.rows, p.lineNumber(line))
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

// playerData is a recording as a page's script reads it. A frame is its time in milliseconds, the
// place of the cursor, the columns, and the rows that differ from the frame before: pairs of a row
// and the number of its line, or -1 and the number of rows if the screen has another size.
type playerData struct {
	Lines  []json.RawMessage `json:"lines"`
	Frames [][]int           `json:"frames"`
	Marks  []int             `json:"marks"` // numbers of frames
	Left   int               `json:"left,omitempty"`
}

func (p *player) data() playerData {
	p.thin()
	d := playerData{Lines: p.lines, Frames: [][]int{}, Marks: []int{}, Left: p.left}
	var rows []int
	for i, f := range p.frames {
		one := []int{int(f.at.Milliseconds()), f.x, f.y, f.cols}
		if len(f.rows) != len(rows) {
			one = append(one, -1, len(f.rows))
			rows = slices.Repeat([]int{-1}, len(f.rows))
		}
		for y, n := range f.rows {
			if n != rows[y] {
				one = append(one, y, n)
			}
		}
		rows = f.rows
		d.Frames = append(d.Frames, one)
		if f.marked {
			d.Marks = append(d.Marks, i)
		}
	}
	return d
}
