package report

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"workshop/runner"
	"workshop/runner/terminal"
)

// frameTime is the least time between two frames: a person sees no more than 60 a
// second, and a program that prints without end must not keep the real terminal busy.
const frameTime = time.Second / 60

// headRows and footRows are the rows of the view above and below the shell.
const (
	headRows = 2
	footRows = 1
)

// LiveSize is what the live view of a terminal leaves for the shell. The shell gets at
// least a cell; what the view has no room for is not shown.
func LiveSize(cols, rows int) (int, int) {
	return max(cols, 1), max(rows-headRows-footRows, 1)
}

// live shows a run as it happens, on the alternate screen of a terminal: the terminal
// of the run, redrawn from our own model of it, between lines that say where the deck
// is, what is being done and how it went so far. One goroutine draws, when something
// has changed and each second for the clock. Afterwards the main screen gets what
// the console report says.
type live struct {
	w       io.Writer
	opts    Options
	restore func() error // the modes of the terminal
	changed chan struct{}
	stop    chan struct{}
	done    sync.WaitGroup
	began   bool

	mu     sync.Mutex
	err    error
	state  state
	screen *terminal.Screen
	last   string         // failure
	past   []runner.Event // but for the output: for the report afterwards

	// Of the drawing goroutine alone.
	drawn      []string // rows on the terminal
	cols, rows int      // its size then
}

func newLive(w io.Writer, opts Options) Reporter {
	return &live{w: w, opts: opts, changed: make(chan struct{}, 1), stop: make(chan struct{})}
}

// Sequences of the real terminal, see
// https://invisible-island.net/xterm/ctlseqs/ctlseqs.html.
const (
	enterView = "\x1b[?1049h\x1b[?7l\x1b[?25l\x1b[H\x1b[2J" // alternate screen, no autowrap, no cursor
	leaveView = "\x1b[m\x1b[?7h\x1b[?25h\x1b[?1049l"
	showView  = "\x1b[?25h"
	hideView  = "\x1b[?25l"
)

func (l *live) Event(e runner.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.observe(e)
	if e.Kind != runner.Output {
		l.past = append(l.past, e)
	}
	switch e.Kind {
	case runner.RunStarted:
		if err := l.begin(); err != nil {
			return err
		}
	case runner.SessionStarted:
		l.screen = terminal.NewScreen(e.Cols, e.Rows, terminal.Hooks{})
	case runner.Resized:
		if l.screen != nil {
			l.screen.Resize(e.Cols, e.Rows)
		}
	case runner.Output:
		if l.screen != nil {
			if _, err := l.screen.Write(e.Data); err != nil {
				return err
			}
		}
	case runner.ExerciseFinished:
		if e.Failure != nil {
			l.last = label(e.Verdict) + " " + clean(e.Failure.Pos.String()+": "+e.Failure.Message)
		}
	}
	select {
	case l.changed <- struct{}{}:
	default: // the next frame shows this as well
	}
	return l.err
}

func (l *live) begin() error {
	if l.began {
		return nil
	}
	l.began = true
	restore, err := quiet(l.w)
	if err != nil {
		return err
	}
	l.restore = restore
	if _, err := io.WriteString(l.w, enterView); err != nil {
		return err
	}
	l.done.Go(l.draw)
	return nil
}

// draw draws until the end.
func (l *live) draw() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-l.changed:
		case <-second.C:
		}
		if _, err := l.w.Write(l.frame()); err != nil {
			l.mu.Lock()
			l.err = err
			l.mu.Unlock()
			return
		}
		select {
		case <-l.stop:
			return
		case <-time.After(frameTime):
		}
	}
}

// frame is what makes the terminal show the present: the rows that have changed.
func (l *live) frame() []byte {
	cols, rows := l.opts.size()
	l.mu.Lock()
	view, x, y := l.view(cols, rows)
	l.mu.Unlock()
	var b bytes.Buffer
	b.WriteString(hideView)
	if cols != l.cols || rows != l.rows {
		b.WriteString("\x1b[m\x1b[2J")
		l.cols, l.rows, l.drawn = cols, rows, make([]string, rows)
	}
	for i, row := range view {
		if row != l.drawn[i] {
			// Erased first: behind a full row the cursor is still on its last cell.
			fmt.Fprintf(&b, "\x1b[%d;1H\x1b[m\x1b[2K%s\x1b[m", i+1, row)
			l.drawn[i] = row
		}
	}
	if x >= 0 {
		fmt.Fprintf(&b, "\x1b[%d;%dH"+showView, y+1, x+1)
	}
	return b.Bytes()
}

// view is every row of the view, and the place of the cursor, x being negative if there
// is none.
func (l *live) view(cols, rows int) (view []string, x, y int) {
	x, y = -1, -1
	view = append(view, reverse(l.header(cols)), l.underway(cols))
	room := max(rows-headRows-footRows, 0)
	if l.screen != nil {
		width, height := l.screen.Size()
		cx, cy, visible := l.screen.Cursor()
		top := 0
		if height > room {
			top = min(max(cy-room+1, 0), height-room) // the cursor stays in view
		}
		for i := range min(room, height-top) {
			view = append(view, string(l.screen.AppendANSI(nil, top+i)))
		}
		if visible && cx < min(cols, width) && cy-top < room {
			x, y = cx, headRows+cy-top
		}
	}
	for len(view) < headRows+room {
		view = append(view, "")
	}
	view = append(view, reverse(l.footer(cols)))
	if len(view) > rows {
		view = view[:rows]
	}
	return view, x, y
}

// reverse swaps the colours: a bar that needs no colour of its own.
func reverse(s string) string { return "\x1b[7m" + s }

// header says how far the run is and what it is at; where there is room, in which deck.
func (l *live) header(cols int) string {
	s := &l.state
	deck := ""
	if s.session != nil && s.session.Deck != nil {
		deck = clean(s.session.Deck.Title)
	}
	e := s.exercise
	if e == nil {
		return ends(" "+deck, "", cols)
	}
	left, right := " "+ratio(s.begun, s.total)+gap+title(e), clean(e.ID)+" "
	if whole := left + " · " + deck; deck != "" && widths.StringWidth(whole+gap+right) <= cols {
		left = whole
	}
	return ends(left, right, cols)
}

func (l *live) underway(cols int) string {
	s := &l.state
	what, elapsed := "", ""
	switch {
	case s.step != nil:
		what = doing(s.step)
	case s.exercise == nil && s.session != nil:
		what = clean(s.session.Name)
	}
	if what != "" && !s.since.IsZero() {
		elapsed = clock(time.Since(s.since)) + " "
	}
	return ends(" "+what, elapsed, cols)
}

func (l *live) footer(cols int) string {
	s := &l.state
	left := " "
	if !s.started.IsZero() {
		left += clock(time.Since(s.started))
	}
	if counts := s.verdicts.String(); counts != "" {
		left += gap + counts
	}
	right := ""
	switch {
	case l.last != "":
		left += gap + l.last
	case s.page != "":
		right = "page: " + clean(s.page) + " "
	case s.step != nil:
		right = clean(s.step.Pos.String()) + " "
	}
	return ends(left, right, cols)
}

func (l *live) Finish(r *runner.Result) error {
	close(l.stop)
	l.done.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	text := ""
	if l.began {
		text = leaveView
	}
	if r != nil {
		text += l.afterwards(r)
	}
	// Also after an error: the terminal may take it again.
	if _, err := io.WriteString(l.w, text); err != nil && l.err == nil {
		l.err = err
	}
	if l.restore != nil {
		if err := l.restore(); err != nil && l.err == nil {
			l.err = err
		}
	}
	return l.err
}

// afterwards is what the console report says of the run, for the size that the
// terminal has by now.
func (l *live) afterwards(r *runner.Result) string {
	opts := l.opts
	opts.TTY = false // no last line; there is no CI log either
	var said bytes.Buffer
	report := newConsole(&said, opts)
	for _, e := range l.past {
		_ = report.Event(e) // a buffer has no errors
	}
	_ = report.Finish(r)
	return said.String()
}
