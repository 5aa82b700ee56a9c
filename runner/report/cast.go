package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"workshop/runner"
	"workshop/runner/screen"
)

// casts writes a recording of each exercise, in the form of asciicast v3
// (https://docs.asciinema.org/manual/asciicast/v3/): DIR/CHAPTER/NAME.cast, with a marker at the end
// of each step. The recordings are written as the run goes on.
type casts struct {
	dir      string
	failures bool // keep only those of exercises that did not pass
	screen   *screen.Screen
	file     *castFile // of the exercise under way; nil before its first step
	passed   map[*runner.Exercise]string
	deck     bool            // the names begin with that of the deck
	names    map[string]bool // of the recordings so far; nil: no two can be the same
	folder   string          // of the last recording
	attempt  int             // of the session
	lines    castLines
	buf      []byte // of a painter
}

// Record adds recordings of all exercises in a folder, or only of those that did not pass.
func (f *Files) Record(dir string, failures bool) {
	f.made = append(f.made, &once{to: &casts{dir: dir, failures: failures, passed: map[*runner.Exercise]string{}}})
}

func (c *casts) watch(s *screen.Screen) { c.screen = s }

func (c *casts) Event(e runner.Event) error {
	switch e.Kind {
	case runner.RunStarted:
		c.deck = len(e.Plan.Decks) > 1
		return c.forget(e.Plan)
	case runner.SessionStarted:
		c.attempt = e.Attempt
	case runner.EventResized:
		return c.file.event(e.Time, "r", fmt.Sprintf("%dx%d", e.Cols, e.Rows))
	case runner.StepStarted:
		if c.file == nil {
			return c.open(e)
		}
	case runner.EventOutput:
		return c.file.event(e.Time, "o", string(e.Data))
	case runner.StepFinished:
		return c.file.event(e.Time, "m", fmt.Sprintf("%s: %s", label(e.Verdict), doing(e.Step)))
	case runner.ExerciseFinished:
		return c.close(e)
	case runner.ExerciseCorrected:
		delete(c.passed, e.Exercise)
	case runner.SessionFinished:
		return c.drop()
	}
	return nil
}

// forget removes recordings of an earlier run, which could be taken for those of this one. Each folder
// is read once: a deck may have thousands of exercises.
func (c *casts) forget(plan *runner.Plan) error {
	folders := map[string]map[string]bool{} // the names of the recordings in each, without .cast
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			dir, name := filepath.Split(c.path(s, e))
			name = strings.TrimSuffix(name, ".cast")
			if folders[dir] == nil {
				folders[dir] = map[string]bool{}
			}
			if folders[dir][name] || strings.Contains(name, attemptMark) { // two ids, or an id and an attempt
				c.names = map[string]bool{}
			}
			folders[dir][name] = true
		}
	}
	var errs []error
	for dir, names := range folders {
		files, err := os.ReadDir(dir)
		if !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, file := range files {
			if recordingOf(file.Name(), names) {
				errs = append(errs, os.Remove(filepath.Join(dir, file.Name())))
			}
		}
	}
	return errors.Join(errs...)
}

// recordingOf reports whether a file is the recording of one of the exercises, of any attempt.
func recordingOf(file string, names map[string]bool) bool {
	name, ok := strings.CutSuffix(file, ".cast")
	if !ok || names[name] {
		return ok
	}
	for i := range name { // an exercise may be called like an attempt
		if strings.HasPrefix(name[i:], attemptMark) && names[name[:i]] {
			return true
		}
	}
	return false
}

// path is the file of an exercise's recording.
func (c *casts) path(s *runner.Session, e *runner.Exercise) string {
	id := e.ID
	if e.Setup {
		id += "--set-up-of-" + s.Name
	}
	if c.deck && s.Deck != nil {
		id = s.Deck.Name + "/" + id
	}
	parts := []string{c.dir}
	for part := range strings.SplitSeq(id, "/") {
		parts = append(parts, fileName(part))
	}
	return filepath.Join(parts...) + ".cast"
}

// attemptMark stands before the number of an attempt in the name of its file.
const attemptMark = "--attempt-"

// attemptFile is the file for an attempt after the first one.
func attemptFile(name, attempt string) string {
	return strings.TrimSuffix(name, ".cast") + attemptMark + attempt + ".cast"
}

// fileName is a text as the name of a file: letters, digits, and - and _ for the rest.
func fileName(s string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return r
		case hostile(r):
			return -1
		}
		return '-'
	}, strings.ToValidUTF8(s, ""))
	for len(name) > 200 {
		name = strings.ToValidUTF8(name[:200], "")
	}
	if name == "" {
		return "-"
	}
	return name
}

// open begins the recording of an exercise with the present state of the terminal.
func (c *casts) open(e runner.Event) (err error) {
	cols, rows := c.screen.Size()
	name := c.path(e.Session, e.Exercise)
	if c.attempt > 1 {
		name = attemptFile(name, strconv.Itoa(c.attempt))
	}
	for n, base := 2, name; c.names[name]; n++ { // two ids may give one name
		name = fmt.Sprintf("%s-%d.cast", strings.TrimSuffix(base, ".cast"), n)
	}
	if c.names != nil {
		c.names[name] = true
	}
	if dir := filepath.Dir(name); dir != c.folder {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		c.folder = dir
	}
	f, err := openPlain(name)
	if err != nil {
		return err
	}
	c.file = &castFile{file: f, last: e.Time, written: e.Time, castLines: c.lines.reset()}
	header := castHeader{Version: 3, Timestamp: e.Time.Unix(), Title: clean(e.Exercise.ID)}
	header.Term.Cols, header.Term.Rows, header.Term.Type = cols, rows, "xterm-256color"
	var painter screen.Painter
	c.buf = painter.Append(c.buf[:0], c.screen.View())
	return errors.Join(c.file.header(header), c.file.event(e.Time, "o", string(c.buf)))
}

// close ends the recording of an exercise.
func (c *casts) close(e runner.Event) error {
	if c.file == nil {
		return nil
	}
	if c.failures && e.Verdict == runner.Passed {
		c.passed[e.Exercise] = c.file.file.Name()
	}
	err := c.file.close()
	c.file = nil
	return err
}

// drop removes the recordings of the session that are not to be kept. A command that outlived its
// exercise may have changed the verdict until now.
func (c *casts) drop() error {
	var errs []error
	for _, name := range c.passed {
		c.folder = "" // it may be gone
		errs = append(errs, os.Remove(name))
		for dir := filepath.Dir(name); len(dir) >= len(c.dir); dir = filepath.Dir(dir) {
			if os.Remove(dir) != nil { // it is not empty
				break
			}
		}
	}
	clear(c.passed)
	return errors.Join(errs...)
}

// Finish ends the recordings.
func (c *casts) Finish(*runner.Result) error {
	if c.file == nil {
		return nil
	}
	return c.file.close()
}

// castHeader is the first line of a recording.
type castHeader struct {
	Version int `json:"version"`
	Term    struct {
		Cols int    `json:"cols"`
		Rows int    `json:"rows"`
		Type string `json:"type,omitempty"`
	} `json:"term"`
	Timestamp int64  `json:"timestamp,omitempty"`
	Title     string `json:"title,omitempty"`
}

// castFile is a recording that is being written. Its lines are written in one piece, at the end of a
// step, behind a second, or when they are many: a system call for each took a good part of the time.
type castFile struct {
	file    *os.File
	last    time.Time // of the last event
	written time.Time // of the last one that is in the file
	*castLines
}

const (
	castPiece = 32 << 10
	castDelay = time.Second
)

// castLines are lines of a recording. One recording after another uses them.
type castLines struct {
	line    bytes.Buffer // the one that is being made
	pending []byte       // whole lines that are not in the file yet
}

func (c *castLines) reset() *castLines {
	c.pending = c.pending[:0]
	return c
}

// event adds an event: its interval in seconds, its code and its data. Without a recording it does
// nothing.
func (c *castFile) event(at time.Time, code, data string) error {
	if c == nil || data == "" {
		return nil
	}
	interval := max(at.Sub(c.last), 0).Round(time.Millisecond)
	c.last = c.last.Add(interval) // no rounding error grows
	c.line.Reset()
	c.line.Write(strconv.AppendFloat(append(c.line.AvailableBuffer(), '['), interval.Seconds(), 'f', 3, 64))
	c.line.WriteString(`,"` + code + `",`)
	if err := encodeLine(&c.line, data); err != nil {
		return err
	}
	c.line.Truncate(c.line.Len() - 1) // the encoder's end of line
	c.line.WriteString("]\n")
	c.pending = append(c.pending, harmless(c.line.Bytes())...)
	if code != "m" && len(c.pending) < castPiece && c.last.Sub(c.written) < castDelay {
		return nil
	}
	c.written = c.last
	return c.write()
}

// write writes the lines so far.
func (c *castFile) write() error {
	_, err := c.file.Write(c.pending)
	c.reset()
	return err
}

func (c *castFile) close() error {
	var err error
	if len(c.pending) > 0 {
		err = c.write()
	}
	return errors.Join(err, c.file.Close())
}

// header adds the first line.
func (c *castFile) header(h castHeader) error {
	c.line.Reset()
	if err := encodeLine(&c.line, h); err != nil {
		return err
	}
	c.pending = append(c.pending, harmless(c.line.Bytes())...)
	return nil
}

// encodeLine adds a value as JSON, and the end of a line.
func encodeLine(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false) // it is not HTML, and people read it
	return enc.Encode(v)
}
