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
	deck     bool // the names begin with that of the deck
	names    map[string]bool
	attempt  int // of the session
}

// Record adds recordings of all exercises in a folder, or only of those that did not pass.
func (f *Files) Record(dir string, failures bool) {
	f.made = append(f.made, &once{to: &casts{dir: dir, failures: failures, passed: map[*runner.Exercise]string{}, names: map[string]bool{}}})
}

func (c *casts) Event(e runner.Event) error {
	switch e.Kind {
	case runner.RunStarted:
		c.deck = len(e.Plan.Decks) > 1
		return c.forget(e.Plan)
	case runner.SessionStarted:
		c.attempt = e.Attempt
		c.screen = screen.New(e.Cols, e.Rows, screen.Hooks{})
	case runner.EventResized:
		c.screen.Resize(e.Cols, e.Rows)
		return c.file.event(e.Time, "r", fmt.Sprintf("%dx%d", e.Cols, e.Rows))
	case runner.StepStarted:
		if c.file == nil {
			return c.open(e)
		}
	case runner.EventOutput:
		if _, err := c.screen.Write(e.Data); err != nil {
			return err
		}
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

// forget removes recordings of an earlier run, which could be taken for those of this one.
func (c *casts) forget(plan *runner.Plan) error {
	var errs []error
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			name := c.path(s, e)
			again, _ := filepath.Glob(attemptFile(name, "*")) // a path that is no pattern has none
			for _, old := range append(again, name) {
				if err := os.Remove(old); !errors.Is(err, os.ErrNotExist) {
					errs = append(errs, err)
				}
			}
		}
	}
	return errors.Join(errs...)
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

// attemptFile is the file for an attempt after the first one.
func attemptFile(name, attempt string) string {
	return strings.TrimSuffix(name, ".cast") + "--attempt-" + attempt + ".cast"
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
	c.names[name] = true
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	c.file = &castFile{file: f, last: e.Time}
	header := castHeader{Version: 3, Timestamp: e.Time.Unix(), Title: clean(e.Exercise.ID)}
	header.Term.Cols, header.Term.Rows, header.Term.Type = cols, rows, "xterm-256color"
	var painter screen.Painter
	return errors.Join(c.file.write(header), c.file.event(e.Time, "o", string(painter.Append(nil, c.screen.View()))))
}

// close ends the recording of an exercise.
func (c *casts) close(e runner.Event) error {
	if c.file == nil {
		return nil
	}
	if e.Verdict == runner.Passed {
		c.passed[e.Exercise] = c.file.file.Name()
	}
	err := c.file.file.Close()
	c.file = nil
	return err
}

// drop removes the recordings of the session that are not to be kept. A command that outlived its
// exercise may have changed the verdict until now.
func (c *casts) drop() error {
	var errs []error
	for _, name := range c.passed {
		if !c.failures {
			continue
		}
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
	return c.file.file.Close()
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

// castFile is a recording that is being written.
type castFile struct {
	file *os.File
	last time.Time // of the last event
}

// event writes an event: its interval in seconds, its code and its data. Without a recording it does
// nothing.
func (c *castFile) event(at time.Time, code, data string) error {
	if c == nil || data == "" {
		return nil
	}
	interval := max(at.Sub(c.last), 0).Round(time.Millisecond)
	c.last = c.last.Add(interval) // no rounding error grows
	return c.write([]any{json.Number(fmt.Sprintf("%.3f", interval.Seconds())), code, data})
}

func (c *castFile) write(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := c.file.Write(harmless(b.Bytes()))
	return err
}
