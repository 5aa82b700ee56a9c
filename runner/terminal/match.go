package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	expect "github.com/Netflix/go-expect"
	"golang.org/x/text/unicode/norm"

	"workshop/runner/screen"
)

// tailSize is the size of the output in a TimeoutError, in bytes.
const tailSize = 4096

// longLine is the part of an unfinished line that is searched again with each read, in bytes.
// A longer match of a regular expression is found when the output has doubled since the
// last search of the whole of it, and at the end.
const longLine = 16 << 10

// position is the place from which a condition is searched for.
type position struct {
	offset int64  // in the stream
	epoch  uint32 // the first epoch that counts on the screen
	// After a match: the epoch in force then, and the place on the screen behind
	// the match. Older cells count behind that place only.
	matched  bool
	boundary uint32
	row, col int
}

// Match is a text that satisfied a condition.
type Match struct {
	Text     string
	OnScreen bool // found on the drawn screen, not in the stream
}

// TimeoutError says that a condition was not met within its time.
type TimeoutError struct {
	Want   []string
	Limit  time.Duration // the duration of the wait
	Ended  bool          // the command had ended
	Status int           // its exit status then
	Tail   string        // the end of the output since the mark
	Screen []string      // the screen as drawn
	Typed  bool          // the only matches may be the echo of keys
	Lost   bool          // the beginning of the output was dropped before a search of the whole
}

func (e *TimeoutError) Error() string {
	want := make([]string, len(e.Want))
	for i, w := range e.Want {
		want[i] = fmt.Sprintf("%q", w)
	}
	text := fmt.Sprintf("%s did not appear within %v", strings.Join(want, " or "), e.Limit.Round(time.Millisecond))
	if e.Typed {
		text += ", but for places where it may be the echo of the keys"
	}
	if e.Lost {
		text += fmt.Sprintf("; of an output of over %d MiB an expression sees the end only", window>>20)
	}
	return text
}

// Unwrap makes it a context.DeadlineExceeded.
func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

// Expect blocks until one of the conditions holds for the output since the mark: since the
// last Submit or Press, or from the previous match on. It does not wait for a command that
// has ended with another status than 0. Strings and regular expressions are searched for
// during the output; any other matcher gets the last megabyte of the output since the
// mark. When the context ends first, the error is a *TimeoutError or the context's; when
// the shell has ended, ErrEnded.
func (s *Session) Expect(ctx context.Context, opts ...expect.ExpectOpt) (Match, error) {
	return s.ExpectWhile(ctx, func(status int) bool { return status == 0 }, opts...)
}

// ExpectWhile is Expect with a choice of exit statuses: after the end of the command it goes
// on waiting only if goOn accepts the status. If goOn is nil, it waits no longer than the
// command runs.
func (s *Session) ExpectWhile(ctx context.Context, goOn func(status int) bool, opts ...expect.ExpectOpt) (Match, error) {
	searches, timeout, err := compileSearches(opts)
	if err != nil {
		return Match{}, err
	}
	if timeout != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *timeout)
		defer cancel()
	}
	begun := time.Now()
	p := &s.prompt
	var found Match
	ok := false
	holds := func() bool {
		for i := range searches {
			if found, ok = s.try(&searches[i]); ok {
				return true
			}
		}
		switch {
		case p.state == ended || s.watch.rejected != nil || p.last.misread != nil:
			return true
		case goOn == nil:
			return p.state == ready
		}
		return p.state == ready && p.last.ran && !goOn(p.last.status) && !p.excused() && !p.last.inherited
	}
	err = s.await(ctx, holds)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range searches {
		if !ok {
			searches[i].whole = true
			found, ok = s.try(&searches[i])
		}
	}
	switch {
	case p.last.misread != nil:
		return Match{}, p.last.misread
	case s.watch.rejected != nil:
		return Match{}, s.watch.rejected
	case ok:
		return found, nil
	case err == nil && p.state == ended:
		return Match{}, ErrEnded
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return Match{}, err
	}
	e := &TimeoutError{
		Limit: time.Since(begun), Ended: p.state == ready, Status: p.last.status,
		Tail: p.out.tail(s.position.offset), Screen: s.drawn(),
	}
	for _, sr := range searches {
		e.Want = append(e.Want, fmt.Sprint(sr.criteria))
		e.Typed = e.Typed || sr.typed
		e.Lost = e.Lost || sr.regexp != nil && p.out.text.start > s.position.offset
	}
	return Match{}, e
}

// Appeared blocks until a condition holds for the output since the last Submit, or the shell
// reads a line. It reports whether the condition holds. The position of the next Expect
// stays the same.
func (s *Session) Appeared(ctx context.Context, opt expect.ExpectOpt) (ok bool, err error) {
	searches, _, err := compileSearches([]expect.ExpectOpt{opt})
	if err != nil {
		return false, err
	}
	err = s.await(ctx, func() bool {
		_, ok = s.prompt.out.find(&searches[0], &s.watch.from)
		return ok || s.watch.rejected != nil || s.prompt.back()
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && s.watch.rejected != nil:
		return false, s.watch.rejected
	case err == nil && s.prompt.state == ended:
		return false, ErrEnded
	}
	return ok, err
}

// compileSearches turns conditions into searches, and the timeout among them.
func compileSearches(opts []expect.ExpectOpt) ([]search, *time.Duration, error) {
	var compiled expect.ExpectOpts
	for _, opt := range opts {
		if err := opt(&compiled); err != nil {
			return nil, nil, err
		}
	}
	searches := make([]search, len(compiled.Matchers))
	for i, m := range compiled.Matchers {
		if m.Criteria() == "" {
			return nil, nil, errNothing
		}
		searches[i] = search{criteria: m.Criteria(), matcher: m}
		switch want := m.Criteria().(type) {
		case string:
			searches[i].runes = []rune(norm.NFC.String(want))
		case *regexp.Regexp:
			searches[i].regexp = newLineRegexp(want)
		}
	}
	if len(searches) == 0 {
		return nil, nil, errNothing
	}
	return searches, compiled.ReadTimeout, nil
}

var errNothing = errors.New("nothing to wait for")

// RejectedError reports a rejected text in the output.
type RejectedError struct {
	Index int    // the number of the condition given to Submit
	Text  string // the text
	Typed bool   // it was typed, too: the program may have shown it as an echo, and has removed it
}

func (e *RejectedError) Error() string { return fmt.Sprintf("%q appeared", e.Text) }

// watch is the search for rejected texts since the last Submit.
type watch struct {
	searches []search
	from     position
	rejected *RejectedError
}

// look looks for rejected texts in the new output. A text in the stream that was typed, too,
// is an echo if the screen shows it as one now.
func (w *watch) look(o *output) {
	for i := range w.searches {
		if w.rejected != nil {
			return
		}
		sr := &w.searches[i]
		sr.doubt = ""
		switch f, ok := o.find(sr, &w.from); {
		case ok:
			w.rejected = &RejectedError{Index: i, Text: f.Text}
		case sr.doubt != "" && !o.isEcho(sr):
			w.rejected = &RejectedError{Index: i, Text: sr.doubt, Typed: true}
		default:
			sr.settled = o.text.end()
		}
	}
}

// isEcho reports whether a match in the stream that may be the echo of keys is one: the screen
// shows the match as an echo, no more often than it was typed, and where it showed it before. Of a
// line editor the screen shows one line; a program that prints the same text does so elsewhere.
func (o *output) isEcho(sr *search) bool {
	if sr.line != nil && sr.typedAt != o.keys.from {
		sr.line = nil
	}
	sr.typedAt = o.keys.from
	var lines []*screen.Row
	o.eachLine(0, func(l *line) bool {
		sr.on(l, func(first, last int) bool {
			if l.cell(first).Epoch >= o.keys.epoch && o.typedOnScreen(l, first, last) {
				lines = append(lines, l.rows[0])
			}
			return true
		})
		return true
	})
	switch {
	case len(lines) == 0, len(lines) > max(strings.Count(o.keys.text, sr.doubt), min(1, o.keys.suggested(sr.doubt))):
		return false
	case sr.line == nil:
		sr.line = lines[0]
	}
	return slices.Contains(lines, sr.line)
}

// Rejected is the *RejectedError of a rejected text in the output since the last Submit;
// else nil.
func (s *Session) Rejected() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	for i := range s.watch.searches {
		s.watch.searches[i].whole = true
	}
	s.watch.look(&s.prompt.out)
	if s.watch.rejected != nil {
		return s.watch.rejected
	}
	return nil
}

// Unwatch forgets the rejected texts.
func (s *Session) Unwatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch = watch{from: s.watch.from}
}

// Tail is the end of the output since the last Submit or Press.
func (o *output) tail(from int64) string {
	b := o.text.from(from)
	if len(b) > tailSize {
		b = b[len(b)-tailSize:]
		for len(b) > 0 && !utf8.RuneStart(b[0]) {
			b = b[1:]
		}
	}
	return string(b)
}

// Position is a place in the output.
type Position int64

// Position is the present end of the output.
func (s *Session) Position() Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	return Position(s.prompt.out.text.end())
}

// Report is the output since a position for readers, without escape sequences, prompts and echoes,
// and its end. Of a long output it has the first and the last lines, and between them a line
// which says how much is left out.
func (s *Session) Report(from Position) (string, Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := &s.prompt.out.text
	return excerpt(text.from(int64(from)), int64(from) >= text.start), Position(text.end())
}

// headSize is the size of the beginning of a long output in a report, in bytes.
const headSize = 1024

// excerpt is the beginning and the end of a long text, in whole lines. whole says that the text begins
// where the output does.
func excerpt(b []byte, whole bool) string {
	if whole && len(b) <= tailSize {
		return string(b)
	}
	head, tail := headSize, max(len(b)-tailSize+headSize, 0)
	if whole {
		head = bytes.LastIndexByte(b[:head], '\n') + 1
	} else {
		head = 0 // it is not kept any more
	}
	if end := bytes.IndexByte(b[tail:], '\n'); end >= 0 && tail+end+1 < len(b) {
		tail += end + 1
	}
	for tail < len(b) && !utf8.RuneStart(b[tail]) { // a line may be longer than all of it
		tail++
	}
	left := fmt.Sprintf("… %d bytes left out …", tail-head)
	switch n := bytes.Count(b[head:tail], []byte("\n")); {
	case !whole:
		left = "… the beginning is left out …"
	case n == 1:
		left = "… 1 line left out …"
	case n > 1:
		left = fmt.Sprintf("… %d lines left out …", n)
	}
	return string(b[:head]) + left + "\n" + string(b[tail:])
}

// Since is the output since a position, without escape sequences, prompts and echoes: its
// last kilobytes if it is long.
func (s *Session) Since(p Position) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompt.out.tail(int64(p))
}

// search is one condition and the state of the search for it.
type search struct {
	criteria any
	matcher  expect.Matcher
	runes    []rune      // of a string
	regexp   *lineRegexp // of an expression
	searched int64       // the stream before it holds no match
	whole    bool        // the next search is of everything
	length   int64       // of the output at the last search of everything
	prompt   uint32      // the prompt's epoch at the last search of everything
	gen      uint64      // rows unchanged since then hold no match
	begun    bool
	typed    bool   // a match was left out because it may be the echo of keys
	keys     uint64 // the value of typedKeys.changes in that decision
	echoes   int64  // the end of that match in the stream, which is searched again
	doubt    string // a match in the stream that may be the echo of keys, behind settled
	settled  int64
	line     *screen.Row // the first row of the line that shows the echo of the keys from typedAt
	typedAt  int64
}

// found is a match and its end: in the stream and, unless row is negative, on the screen.
type found struct {
	Match
	offset   int64
	row, col int
}

// try looks for a match in the output since the last try. After a success the next Expect
// begins behind the match.
func (s *Session) try(sr *search) (Match, bool) {
	f, ok := s.prompt.out.find(sr, &s.position)
	if ok {
		s.position.offset = f.offset
		s.passed(f.row, f.col)
	}
	return f.Match, ok
}

// find looks for a match behind a position, in the output since its last call.
func (o *output) find(sr *search, p *position) (f found, ok bool) {
	p.offset = min(p.offset, o.text.end()) // the text before it may have been an echo after all
	from := max(p.offset, o.text.start)
	if !sr.begun || sr.keys != o.keys.changes {
		sr.begun, sr.searched, sr.gen, sr.length, sr.echoes, sr.keys = true, from, 0, 0, 0, o.keys.changes
	}
	sr.searched, sr.echoes = min(sr.searched, o.text.end()), min(sr.echoes, o.text.end())
	if sr.runes == nil && sr.regexp == nil {
		b := o.text.from(from)
		if sr.matcher.Match(bytes.NewBuffer(bytes.Clone(b))) {
			return found{Match{Text: string(b)}, o.text.end(), -1, 0}, true
		}
		return f, false
	}
	decided := sr.searched
	start := o.searchFrom(sr, from)
	b := o.text.from(o.text.start)
	at := int(start - o.text.start)
	sr.searched = o.text.end()
	for {
		first, last, ok := sr.index(b, at)
		if !ok {
			return o.findOnScreen(sr, p)
		}
		line, col := lineAround(b, first)
		switch {
		case sr.regexp == nil && o.text.start+int64(last) <= decided: // at the last search
		case o.quoted(line, col+last-first):
		case o.text.start+int64(first) < sr.echoes:
		case o.typedInStream(b[first:last], b[last:], o.text.start+int64(first)):
			sr.typed, sr.echoes = true, o.text.start+int64(last)
			if o.text.start+int64(first) >= sr.settled {
				sr.doubt = string(b[first:last])
			}
		default:
			f = found{Match{Text: string(b[first:last])}, o.text.start + int64(last), -1, 0}
			o.locate(sr, p, &f)
			return f, true
		}
		_, size := utf8.DecodeRune(b[first:])
		at = first + size
	}
}

// searchFrom is the offset in the stream from which a condition is searched for.
func (o *output) searchFrom(sr *search, from int64) int64 {
	if sr.regexp == nil {
		if sr.searched == from {
			return from
		}
		return max(from, sr.searched-int64(3*len(string(sr.runes)))) // in a form of other length, see canonical
	}
	length := o.text.end() - from
	if sr.prompt != o.prompt.epoch { // a command has ended
		sr.whole, sr.prompt = true, o.prompt.epoch
	}
	if sr.whole || length >= 2*sr.length {
		sr.whole, sr.length = false, length
		return from
	}
	behind := max(from, sr.searched-longLine)
	b := o.text.from(behind)
	b = b[:min(int64(len(b)), max(0, sr.searched-behind))]
	return behind + int64(bytes.LastIndexAny(b, "\r\n")+1)
}

// index is the first match in b that begins at or behind an offset.
func (sr *search) index(b []byte, at int) (first, last int, ok bool) {
	if sr.regexp != nil {
		return sr.regexp.index(b, at)
	}
	text, raw := canonical(b[at:])
	want := norm.NFC.String(sr.criteria.(string))
	i := bytes.Index(text, []byte(want))
	if i < 0 {
		return 0, 0, false
	}
	return at + raw(i), at + raw(i+len(want)), true
}

// lineAround is the line of b around an offset, and the column of the offset.
func lineAround(b []byte, at int) (line []byte, col int) {
	first := bytes.LastIndexAny(b[:at], "\r\n") + 1
	last := len(b)
	if i := bytes.IndexAny(b[at:min(len(b), at+longLine)], "\r\n"); i >= 0 {
		last = at + i
	}
	return b[first:last], at - first
}

// locate finds the place on the screen of a match in the stream, if it is still there.
func (o *output) locate(sr *search, p *position, f *found) {
	o.eachLine(0, func(l *line) bool {
		sr.on(l, func(first, last int) bool {
			if o.counts(sr, l, first, last, p) {
				f.row, f.col = l.place(last)
			}
			return f.row < 0
		})
		return f.row < 0
	})
}

// on calls found with each match on a line, until it returns false.
func (sr *search) on(l *line, found func(first, last int) bool) {
	if sr.regexp != nil {
		l.findRegexp(sr.regexp, found)
		return
	}
	l.findRunes(sr.runes, found)
}

// passed notes the end of the match on the screen, if it is there.
func (s *Session) passed(row, col int) {
	p := &s.position
	p.matched, p.row, p.col = true, row, col
	s.prompt.last.awake = true // the caller waited for this text, and goes on from here
	p.boundary = s.prompt.out.epoch()
	s.prompt.out.mark()
}

// findOnScreen searches the rows that have changed since its last call.
func (o *output) findOnScreen(sr *search, p *position) (f found, ok bool) {
	since := sr.gen
	sr.gen = o.screen.Gen()
	o.eachLine(since, func(l *line) bool {
		sr.on(l, func(first, last int) bool {
			if ok = o.counts(sr, l, first, last, p); ok {
				f = found{Match: Match{Text: l.text(first, last), OnScreen: true}, offset: o.text.end()}
				f.row, f.col = l.place(last)
			}
			return !ok
		})
		return !ok
	})
	return f, ok
}

// counts reports whether a match on a line was written after a position, at least in
// part, and shows nothing but output.
func (o *output) counts(sr *search, l *line, first, last int, p *position) bool {
	fresh := false
	for i := first; i < last; i++ {
		c := l.cell(i)
		if c.Rune == 0 {
			continue
		}
		if !o.shows(c.Epoch) {
			return false
		}
		if c.Epoch < p.epoch || fresh {
			continue
		}
		if p.matched && c.Epoch <= p.boundary {
			if row, col := l.place(i); row < p.row || row == p.row && col < p.col {
				continue
			}
		}
		fresh = true
	}
	if !fresh || l.cell(0).Rune == '[' && o.quoted([]byte(l.text(0, l.len())), len(l.text(0, last))) {
		return false
	}
	if o.typedOnScreen(l, first, last) {
		sr.typed = true
		return false
	}
	return true
}

// eachLine calls f with the lines that have changed after a generation, until it
// returns false. The line is valid during the call only.
func (o *output) eachLine(since uint64, f func(*line) bool) {
	l := &o.scratch
	cols, rows := o.screen.Size()
	for y := 0; y < rows; {
		*l = line{row: y, cols: cols, rows: l.rows[:0], buf: l.buf[:0], at: l.at[:0]}
		l.continued = y == 0 && o.screen.Continued()
		changed := false
		for {
			r := o.screen.Row(y)
			changed = changed || r.Gen() > since
			l.rows = append(l.rows, r)
			y++
			if y == rows || !r.Wrapped() {
				break
			}
		}
		if changed && !f(l) {
			return
		}
	}
}
