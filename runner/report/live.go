package report

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"workshop/runner"
	"workshop/runner/screen"
)

// frameTime is the least time between two frames. People see no more than 60 a second, and a
// program that prints endlessly must not keep the real terminal busy.
const frameTime = time.Second / 60

// headRows and footRows are the rows of the view above and below the shell.
const (
	headRows = 2
	footRows = 1
)

// The shell has at least minCols×minRows cells: in a terminal of a few cells bash draws its prompt
// endlessly.
const (
	minCols = 20
	minRows = 5
)

// LiveSize returns the size that the live view leaves for the shell. If the shell is larger than
// the view, a part of it is not shown.
func LiveSize(cols, rows int) (int, int) {
	return max(cols, minCols), max(rows-headRows-footRows, minRows)
}

// live shows a run live, on the alternate screen of a terminal. It redraws the terminal of the run
// from our model of it. Lines above and below show the place in the deck, the current step and the
// results so far. One goroutine draws after each change, and each second for the clock. At the end
// it writes the console report to the main screen.
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
	screen *screen.Screen
	last   string         // the last failure
	past   []runner.Event // without output; for the report at the end

	// Used by the drawing goroutine only.
	drawn      []string // rows on the terminal
	cols, rows int      // its size at that time
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
	if e.Kind != runner.EventOutput {
		l.past = append(l.past, e)
	}
	switch e.Kind {
	case runner.RunStarted:
		if err := l.begin(); err != nil {
			return err
		}
	case runner.SessionStarted:
		l.screen = screen.New(e.Cols, e.Rows, screen.Hooks{})
	case runner.EventResized:
		if l.screen != nil {
			l.screen.Resize(e.Cols, e.Rows)
		}
	case runner.EventOutput:
		if l.screen != nil {
			if _, err := l.screen.Write(e.Data); err != nil {
				return err
			}
		}
	case runner.ExerciseFinished, runner.ExerciseCorrected, runner.ExerciseRetried:
		if e.Failure != nil {
			l.last = label(e.Verdict) + " " + clean(e.Failure.Pos.String()+": "+e.Failure.Message)
		}
	}
	select {
	case l.changed <- struct{}{}:
	default: // the next frame shows this change, too
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

// frame returns the bytes that update the terminal: the rows that have changed.
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
			// The row is erased first: after a full row the cursor is still on its last cell.
			fmt.Fprintf(&b, "\x1b[%d;1H\x1b[m\x1b[2K%s\x1b[m", i+1, row)
			l.drawn[i] = row
		}
	}
	if x >= 0 {
		fmt.Fprintf(&b, "\x1b[%d;%dH"+showView, y+1, x+1)
	}
	return b.Bytes()
}

// view returns all rows of the view and the position of the cursor. x is negative if there is no
// cursor.
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
	return maskRows(view, l.opts.Secrets), x, y
}

// reverse swaps the colours: a bar without a colour of its own.
func reverse(s string) string { return "\x1b[7m" + s }

// header shows the progress of the run and the current step; if there is room, also the deck.
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
	// Write even after an error: the terminal may work again.
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

// afterwards returns the console report of the run, for the current size of the terminal.
func (l *live) afterwards(r *runner.Result) string {
	opts := l.opts
	opts.TTY = false // no last line, and this is not a CI log
	var said bytes.Buffer
	report := newConsole(MaskWriter(&said, opts.Secrets), opts)
	for _, e := range l.past {
		_ = report.Event(e) // a buffer has no errors
	}
	_ = report.Finish(r)
	return said.String()
}
