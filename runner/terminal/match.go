package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	expect "github.com/Netflix/go-expect"
)

// tailSize is how much of the output a TimeoutError shows, in bytes.
const tailSize = 4096

// regexpOverlap is how far before the new text a regular expression is tried again:
// the longest match that may span two reads, in bytes.
const regexpOverlap = 4096

// position is from where a condition looks.
type position struct {
	offset int64  // in the stream
	epoch  uint32 // the first epoch that counts on the screen
	// After a match: the epoch in force then, and the place on the screen behind
	// the match. Older cells count behind that place only.
	matched  bool
	boundary uint32
	row, col int
}

// Match is what satisfied a condition.
type Match struct {
	Text     string
	OnScreen bool // found on the drawn screen, not in the stream
}

// TimeoutError says that a condition was not met within its time.
type TimeoutError struct {
	Want   []string
	Limit  time.Duration // how long it was waited for
	Ended  bool          // the command had ended
	Status int           // its exit status then
	Tail   string        // the end of the output since the mark
	Screen []string      // the screen as drawn
}

func (e *TimeoutError) Error() string {
	want := make([]string, len(e.Want))
	for i, w := range e.Want {
		want[i] = fmt.Sprintf("%q", w)
	}
	return fmt.Sprintf("%s did not appear within %v", strings.Join(want, " or "), e.Limit.Round(time.Millisecond))
}

// Unwrap makes it a context.DeadlineExceeded.
func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

// Expect blocks until one of the conditions holds for what was output since the
// mark: since the last Submit or Press, or from the previous match on. A command that
// has ended with another status than 0 is not waited for. Strings and
// regular expressions are searched for as it comes; any other matcher is shown the
// output since the mark, its last megabyte. When the context ends first, the error
// is a *TimeoutError or the context's; when the shell has ended, ErrEnded.
func (s *Session) Expect(ctx context.Context, opts ...expect.ExpectOpt) (Match, error) {
	return s.ExpectWhile(ctx, func(status int) bool { return status == 0 }, opts...)
}

// ExpectWhile is Expect with a say in which exit statuses are waited behind: a command
// that has ended with another one is not waited for. Nil is none: it waits no longer
// than the command runs.
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
	var found Match
	ok := false
	holds := func() bool {
		for i := range searches {
			if found, ok = s.try(&searches[i]); ok {
				return true
			}
		}
		switch {
		case s.state == ended || s.rejected != nil:
			return true
		case goOn == nil:
			return s.state == ready
		}
		return s.state == ready && s.ran && !goOn(s.status) && !s.interrupt && !s.inherited
	}
	err = s.await(ctx, holds)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.rejected != nil:
		return Match{}, s.rejected
	case ok:
		return found, nil
	case err == nil && s.state == ended:
		return Match{}, ErrEnded
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return Match{}, err
	}
	e := &TimeoutError{Limit: time.Since(begun), Ended: s.state == ready, Status: s.status, Tail: s.tail(s.position.offset), Screen: s.drawn()}
	for _, sr := range searches {
		e.Want = append(e.Want, fmt.Sprint(sr.criteria))
	}
	return Match{}, e
}

// Appeared blocks until a condition holds for what has been output since the last
// Submit, or the shell reads a line. It reports whether the condition holds; what the
// next Expect looks at stays the same.
func (s *Session) Appeared(ctx context.Context, opt expect.ExpectOpt) (ok bool, err error) {
	searches, _, err := compileSearches([]expect.ExpectOpt{opt})
	if err != nil {
		return false, err
	}
	err = s.await(ctx, func() bool {
		_, ok = s.find(&searches[0], &s.watched)
		return ok || s.rejected != nil || s.back()
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && s.rejected != nil:
		return false, s.rejected
	case err == nil && s.state == ended:
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
	}
	if len(searches) == 0 {
		return nil, nil, errNothing
	}
	return searches, compiled.ReadTimeout, nil
}

var errNothing = errors.New("nothing to wait for")

// RejectedError says that something was output that must not be.
type RejectedError struct {
	Index int    // which of those given to Submit
	Text  string // what it was
}

func (e *RejectedError) Error() string { return fmt.Sprintf("%q appeared", e.Text) }

// watch looks for what must not appear in what is new.
func (s *Session) watch() {
	for i := range s.watches {
		if s.rejected != nil {
			return
		}
		if f, ok := s.find(&s.watches[i], &s.watched); ok {
			s.rejected = &RejectedError{i, f.Text}
		}
	}
}

// Rejected is the *RejectedError of something that has been output since the last
// Submit and must not be; else nil.
func (s *Session) Rejected() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	if s.rejected != nil {
		return s.rejected
	}
	return nil
}

// Unwatch forgets what must not appear.
func (s *Session) Unwatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches, s.rejected = nil, nil
}

// Tail is the end of the output since the last Submit or Press.
func (s *Session) tail(from int64) string {
	b := s.text.from(from)
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

// Position is where the output ends now.
func (s *Session) Position() Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	return Position(s.text.end())
}

// SinceUntil is what [Session.Since] says, and where it ends.
func (s *Session) SinceUntil(from Position) (string, Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tail(int64(from)), Position(s.text.end())
}

// Since is the output since a position, escape sequences, prompts and echoes left
// out: its last kilobytes where it is long.
func (s *Session) Since(p Position) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tail(int64(p))
}

// Output is all the output since the last Submit, escape sequences, prompts and echoes
// left out. whole is false if it is too long to have been kept from its beginning.
func (s *Session) Output() (text string, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	return string(s.text.from(s.submitted)), s.submitted >= s.text.start
}

// search is one condition and how far it has been searched for.
type search struct {
	criteria any
	matcher  expect.Matcher
	runes    []rune // of a string
	searched int64  // the stream before it holds no match
	gen      uint64 // rows unchanged since then hold no match
	begun    bool
}

// found is a match and where it ends: in the stream and, unless row is negative, on
// the screen.
type found struct {
	Match
	offset   int64
	row, col int
}

// try looks for a match in what is new since the last try; on success the next
// Expect looks from behind it.
func (s *Session) try(sr *search) (Match, bool) {
	f, ok := s.find(sr, &s.position)
	if ok {
		s.position.offset = f.offset
		s.passed(f.row, f.col)
	}
	return f.Match, ok
}

// find looks for a match behind a position, in what is new since it was called last.
func (s *Session) find(sr *search, p *position) (f found, ok bool) {
	from := max(p.offset, s.text.start)
	if !sr.begun {
		sr.begun, sr.searched = true, from
	}
	var find finder
	var b []byte
	var index func(b []byte) []int
	switch want := sr.criteria.(type) {
	case string:
		b = s.text.from(max(from, sr.searched-int64(len(want)-1)))
		index = func(b []byte) []int {
			if i := bytes.Index(b, []byte(want)); i >= 0 {
				return []int{i, i + len(want)}
			}
			return nil
		}
		if sr.runes == nil {
			sr.runes = []rune(want)
		}
		find = func(l *line, found func(first, last int) bool) { l.findRunes(sr.runes, found) }
	case *regexp.Regexp:
		b = s.text.from(max(from, sr.searched-regexpOverlap))
		index = want.FindIndex
		find = func(l *line, found func(first, last int) bool) { l.findRegexp(want, found) }
	default:
		b = s.text.from(from)
		if sr.matcher.Match(bytes.NewBuffer(bytes.Clone(b))) {
			return found{Match{Text: string(b)}, s.text.end(), -1, 0}, true
		}
		return f, false
	}
	sr.searched = s.text.end()
	loc := index(b)
	for loc != nil && isNotice(b, loc[0]) {
		rest := loc[0] + bytes.IndexAny(append(b[loc[0]:len(b):len(b)], '\n'), "\r\n")
		if b = b[rest:]; len(b) == 0 {
			loc = nil
			break
		}
		loc = index(b)
	}
	if loc == nil {
		return s.findOnScreen(sr, p, find)
	}
	f = found{Match{Text: string(b[loc[0]:loc[1]])}, s.text.end() - int64(len(b)-loc[1]), -1, 0}
	// Where it stands on the screen, if it still does.
	s.eachLine(0, func(l *line) bool {
		find(l, func(first, last int) bool {
			if s.counts(l, first, last, p) {
				f.row, f.col = l.place(last)
			}
			return f.row < 0
		})
		return f.row < 0
	})
	return f, true
}

// notice is what an interactive bash says of a job: its command stands in it, as it
// was typed.
var notice = regexp.MustCompile(`^\[\d+\][-+]? +(Running|Done|Stopped|Exit \d+|Terminated|Killed|Interrupt|Hangup|Quit|Aborted|Segmentation fault)\b`)

// isNotice reports whether the line that holds an offset is a job's notice.
func isNotice(b []byte, at int) bool {
	line := b[bytes.LastIndexAny(b[:at], "\r\n")+1:]
	return len(line) > 0 && line[0] == '[' && notice.Match(line)
}

// passed notes where on the screen the match ended, if it is there.
func (s *Session) passed(row, col int) {
	p := &s.position
	p.matched, p.row, p.col = true, row, col
	s.awake = true // whoever waited for it means to go on from here
	p.boundary = uint32(len(s.classes) - 1)
	s.begin(s.classes[p.boundary])
}

// findOnScreen looks at the rows that have changed since it was called last.
func (s *Session) findOnScreen(sr *search, p *position, find finder) (f found, ok bool) {
	since := sr.gen
	sr.gen = s.screen.Gen()
	s.eachLine(since, func(l *line) bool {
		find(l, func(first, last int) bool {
			if ok = s.counts(l, first, last, p); ok {
				f = found{Match: Match{Text: l.text(first, last), OnScreen: true}, offset: s.text.end()}
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
func (s *Session) counts(l *line, first, last int, p *position) bool {
	fresh := false
	if l.cell(0).Rune == '[' && notice.MatchString(l.text(0, min(l.len(), 40))) {
		return false
	}
	for i := first; i < last; i++ {
		c := l.cell(i)
		if c.Rune == 0 {
			continue
		}
		if s.classes[c.Epoch] != classOutput {
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
	return fresh
}

// eachLine calls f with the lines that have changed after a generation, until it
// returns false. The line is valid during the call only.
func (s *Session) eachLine(since uint64, f func(*line) bool) {
	l := &s.scratch
	cols, rows := s.screen.Size()
	for y := 0; y < rows; {
		*l = line{row: y, cols: cols, rows: l.rows[:0], buf: l.buf[:0], at: l.at[:0]}
		changed := false
		for {
			r := s.screen.Row(y)
			changed = changed || r.Gen() > since
			l.rows = append(l.rows, r.Cells())
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
