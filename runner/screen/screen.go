package screen

import "unicode/utf8"

// Hooks get the input of a Screen, synchronously and in the order of the stream. All are
// optional; none may write to the screen, and their arguments are valid only until they
// return.
type Hooks struct {
	// OSC is called with the content of each operating system command that ends as
	// it should (BEL or ST), up to its first 64 KiB, control characters removed.
	OSC func(data []byte)
	// Text is called with the text that is printed, escape sequences stripped, as
	// UTF-8. A line feed of any kind is '\n' and a tab is '\t'. Text on both sides
	// of a place where the cursor was moved otherwise is parted by one '\r', unless
	// it was a carriage return next to a line feed. Colours and soft wraps leave no
	// trace.
	Text func(b []byte)
	// Reply is called with the answer to a query of the program.
	Reply func(b []byte)
}

// MaxSize is the largest number of columns and of rows that a Screen has.
const MaxSize = 1000

// Screen is the screen of a terminal that understands the output of programs for
// TERM=xterm-256color (ECMA-48, DEC VT220 and the common extensions of xterm), as
// far as it can be seen or waited for. Bytes that are not UTF-8 are shown as U+FFFD,
// one each. Nothing makes it panic, block, or work for long.
//
// It is not safe for concurrent use.
type Screen struct {
	pictured []Line // by the last view

	parser
	hooks      Hooks
	cols, rows int
	gen        uint64
	epoch      uint32

	pages
	cur         cursorState
	top, bottom int // the scrolling region: its first and last row
	tabs        []bool
	modes       modes
	last        rune // the character that REP repeats, 0 for none

	tall     *tall  // nil: it has a size
	past     *past  // nil: none is kept
	stripped []byte // text that the hook has not got yet
	flow     flow
}

// pages are the main page and the alternate one, that of full-screen programs.
type pages struct {
	page      *page // the one in use
	main, alt page
	left      cursorState // of the main page at the last change to the other one
	wasLeft   bool
}

// cursorState is the state that DECSC saves.
type cursorState struct {
	x, y     int // x is cols after the last column was written: the next character wraps
	style    Style
	origin   bool    // DECOM
	charsets [2]byte // designated as G0 and G1
	shift    int     // which of them is in use
}

// modes are those that a program can set (ECMA-48 SM, DECSET).
type modes struct {
	appCursorKeys  bool // DECCKM
	autowrap       bool // DECAWM
	cursorVisible  bool // DECTCEM
	bracketedPaste bool
	insert         bool // IRM
	newline        bool // LNM
}

// flow is the gap between the last printed text and the next.
type flow uint8

const (
	newLine flow = iota // a line feed, or nothing yet
	inText
	moved // the cursor was moved
)

// New returns an empty screen of 1 to MaxSize columns and rows.
func New(cols, rows int, hooks Hooks) *Screen {
	s := &Screen{hooks: hooks, cols: clampSize(cols), rows: clampSize(rows), stripped: make([]byte, 0, 4096)}
	s.main, s.alt = newPage(s.cols, s.rows), newPage(s.cols, s.rows)
	s.reset()
	return s
}

func clampSize(n int) int { return min(max(n, 1), MaxSize) }

// reset brings the terminal into its state after power-on (RIS).
func (s *Screen) reset() {
	s.page = &s.main
	s.cur = s.home()
	s.left, s.main.saved, s.alt.saved = s.cur, s.cur, s.cur
	s.wasLeft = false
	s.modes = modes{autowrap: true, cursorVisible: true}
	s.last = 0
	s.setSize()
	s.eraseRows(0, s.rows)
	s.forget()
}

func (s *Screen) home() cursorState {
	return cursorState{y: s.base(), charsets: [2]byte{'B', 'B'}}
}

// setSize resets the state that depends on the size.
func (s *Screen) setSize() {
	s.top, s.bottom = 0, s.rows-1
	s.tabs = make([]bool, s.cols)
	for x := 8; x < s.cols; x += 8 {
		s.tabs[x] = true
	}
}

// Resize gives the screen 1 to MaxSize columns and rows. Nothing is wrapped anew:
// text beyond the right edge is cut off, and soft wraps become hard. When there
// are too few rows for the cursor, rows leave at the top; else at the bottom. New
// columns and rows are empty. The scrolling region and the tab stops are reset.
func (s *Screen) Resize(cols, rows int) {
	cols, rows = clampSize(cols), clampSize(rows)
	if cols == s.cols && rows == s.viewed() {
		return
	}
	s.gen++
	if s.tall != nil {
		s.resizeTall(cols, rows)
		return
	}
	drop := max(s.cur.y-(rows-1), 0)
	s.cur.y -= drop
	if s.page == &s.main {
		for _, r := range s.page.rows[:drop] {
			s.past.add(r)
		}
		s.alt.resize(cols, rows, 0, s.gen)
	} else {
		// It has its own cursor to keep in view.
		d := max(s.left.y-(rows-1), 0)
		s.left.y -= d
		s.main.resize(cols, rows, d, s.gen)
	}
	s.page.resize(cols, rows, drop, s.gen)
	s.cols, s.rows = cols, rows
	s.cur.x = min(s.cur.x, cols-1)
	s.setSize()
}

// Size is the number of columns and rows.
func (s *Screen) Size() (cols, rows int) { return s.cols, s.rows }

// Cursor is the column and the row of the cursor, from 0, and whether it shows.
func (s *Screen) Cursor() (x, y int, visible bool) { return s.column(), s.cur.y, s.modes.cursorVisible }

// AltScreen reports whether a full-screen program shows its own page.
func (s *Screen) AltScreen() bool { return s.page == &s.alt }

// BracketedPaste reports whether the program wants marks around a paste.
func (s *Screen) BracketedPaste() bool { return s.modes.bracketedPaste }

// AppCursorKeys reports whether the arrow keys are to be sent as ESC O and not as
// ESC [.
func (s *Screen) AppCursorKeys() bool { return s.modes.appCursorKeys }

// SetEpoch sets the epoch of the cells that are written from now on.
// Called from a hook, it takes effect at that place in the stream.
func (s *Screen) SetEpoch(e uint32) { s.epoch = e }

// Gen is the generation of the screen. It rises with each Write and each Resize.
func (s *Screen) Gen() uint64 { return s.gen }

// Row is row y, from 0.
func (s *Screen) Row(y int) *Row { return s.page.rows[y] }

// Continued reports whether the top row continues a line whose beginning has left the screen.
func (s *Screen) Continued() bool { return s.page.continued }

// Lines is the text of each row with its combining marks, trailing blanks removed.
func (s *Screen) Lines() []string {
	lines := make([]string, s.rows)
	for y, r := range s.page.rows {
		lines[y] = r.text()
	}
	return lines
}

// Text is Lines without the empty rows at its end.
func (s *Screen) Text() []string { return trimEmpty(s.Lines()) }

// trimEmpty removes the empty lines at the end.
func trimEmpty(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// emit adds to the text for the hook.
func (s *Screen) emit(p []byte) {
	if s.hooks.Text == nil {
		return
	}
	s.resume(len(p))
	if len(p) >= cap(s.stripped) {
		s.flush()
		s.hooks.Text(p)
		return
	}
	s.stripped = append(s.stripped, p...)
}

// emitRune adds a character to the text for the hook.
func (s *Screen) emitRune(r rune) {
	if s.hooks.Text != nil {
		s.resume(utf8.UTFMax)
		s.stripped = utf8.AppendRune(s.stripped, r)
	}
}

// resume makes room for n bytes of text, and separates them from the text before if the
// cursor has moved.
func (s *Screen) resume(n int) {
	if len(s.stripped)+n+1 > cap(s.stripped) {
		s.flush()
	}
	if s.flow == moved {
		s.stripped = append(s.stripped, '\r')
	}
	s.flow = inText
}

// lineFeed adds a line feed to the text for the hook.
func (s *Screen) lineFeed() {
	s.page.rows[s.cur.y].ended = s.epoch + 1
	if s.hooks.Text != nil {
		if len(s.stripped) == cap(s.stripped) {
			s.flush()
		}
		s.stripped = append(s.stripped, '\n')
	}
	s.flow = newLine
}

// flush hands the text to the hook.
func (s *Screen) flush() {
	if len(s.stripped) > 0 {
		s.hooks.Text(s.stripped)
		s.stripped = s.stripped[:0]
	}
}
