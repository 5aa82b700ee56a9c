package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/term"

	"workshop/markdown"
	"workshop/runner"
)

// Reporter gets a run as it happens. Finish ends the report, after the last event:
// its result is nil if there is none, as when a run is given up; terminals are then
// restored and nothing more is said. Events after Finish and further calls of Finish
// do nothing, and Finish may be called at any time from any goroutine.
type Reporter interface {
	Event(e runner.Event) error
	Finish(result *runner.Result) error
}

// Options say where a report is written to. The zero value is good for a file.
type Options struct {
	TTY   bool                    // the writer is a terminal: something may move on it
	Color bool                    // colours are welcome
	Cols  int                     // the writer's size in cells; 0: 100×24
	Rows  int                     //
	Size  func() (cols, rows int) // its size at this moment, if it may change
	RunID string                  // the same for all shards of a run; "": random
}

// Detect finds out what a file offers, and what the environment wishes: NO_COLOR
// (https://no-color.org) and TERM=dumb.
func Detect(f *os.File, getenv func(string) string) Options {
	opts := Options{TTY: term.IsTerminal(int(f.Fd())) && getenv("TERM") != "dumb"}
	if !opts.TTY {
		return opts
	}
	opts.Color = getenv("NO_COLOR") == ""
	opts.Size = func() (int, int) {
		cols, rows, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0, 0
		}
		return cols, rows
	}
	opts.Cols, opts.Rows = opts.Size()
	return opts
}

func (o Options) size() (cols, rows int) {
	if o.Size != nil {
		if cols, rows = o.Size(); cols > 0 && rows > 0 {
			return cols, rows
		}
	}
	if o.Cols <= 0 || o.Rows <= 0 {
		return 100, 24
	}
	return o.Cols, o.Rows
}

// Format describes a format of reports.
type Format struct {
	Name    string
	Summary string

	whole    bool // written at the end, in one piece
	terminal bool // needs one
	open     func(w io.Writer, opts Options) Reporter
}

// Formats are the formats that there are.
func Formats() []Format {
	return []Format{
		{Name: "console", Summary: "a line for each exercise, details of failures, a summary", open: newConsole},
		{Name: "progress", Summary: "a log of the steps and of what the terminal shows", open: newProgress},
		{Name: "live", Summary: "the terminal of the run as it is, on a terminal", terminal: true, open: newLive},
		{Name: "junit", Summary: "JUnit XML, written at the end", whole: true, open: newJUnit},
		{Name: "jsonl", Summary: "a JSON object a line for each event, to be followed", open: newJSONL},
	}
}

// FileFormats are the names of the formats that a file can have.
func FileFormats() []string {
	var names []string
	for _, f := range Formats() {
		if !f.terminal {
			names = append(names, f.Name)
		}
	}
	return names
}

func find(name string) (Format, error) {
	all := Formats()
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.Name
	}
	if i := slices.Index(names, name); i >= 0 {
		return all[i], nil
	}
	hint := ""
	if near := markdown.Suggest(name, names); near != "" {
		hint = fmt.Sprintf(" (did you mean %q?)", near)
	}
	return Format{}, fmt.Errorf("there is no report %q%s; there are: %s", name, hint, strings.Join(names, ", "))
}

// New makes a reporter of a format. It does not close the writer.
func New(name string, w io.Writer, opts Options) (Reporter, error) {
	f, err := find(name)
	if err != nil {
		return nil, err
	}
	if f.terminal && !opts.TTY {
		return nil, fmt.Errorf("the report %q needs a terminal", name)
	}
	return &once{to: f.open(w, opts)}, nil
}

// ParseSpec reads NAME=FILE, where FILE may be - for standard output.
func ParseSpec(s string) (name, file string, err error) {
	name, file, ok := strings.Cut(s, "=")
	if !ok || name == "" || file == "" {
		return "", "", fmt.Errorf("%q is no NAME=FILE, such as junit=FILE or jsonl=- for standard output", s)
	}
	if _, err := find(name); err != nil {
		return "", "", err
	}
	return name, file, nil
}

// Open makes the reporter that NAME=FILE asks for. A report of an earlier run goes away at once:
// whatever becomes of this run, it must not be taken for its report.
func Open(spec string, stdout io.Writer) (Reporter, error) {
	name, file, err := ParseSpec(spec)
	if err != nil {
		return nil, err
	}
	if file == "-" {
		return New(name, stdout, Options{})
	}
	f, err := find(name)
	if err != nil {
		return nil, err
	}
	w, err := create(file, f.whole)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, err)
	}
	r, err := New(name, w, Options{})
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return &owner{Reporter: r, file: w}, nil
}

// once holds a reporter to the promises of [Reporter]. The first error ends a report
// and is returned once: a full disk is not asked again at each event.
type once struct {
	mu       sync.Mutex
	to       Reporter
	failed   bool // an error has been returned
	finished bool
}

func (o *once) Event(e runner.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.finished || o.failed {
		return nil
	}
	err := o.to.Event(e)
	o.failed = err != nil
	return err
}

func (o *once) Finish(result *runner.Result) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.finished {
		return nil
	}
	o.finished = true
	if err := o.to.Finish(result); !o.failed {
		return err
	}
	return nil
}

// owner is a reporter with the file that it writes to.
type owner struct {
	Reporter
	mu   sync.Mutex
	file io.Closer
}

func (o *owner) Finish(result *runner.Result) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.Reporter.Finish(result)
	if o.file != nil {
		err = errors.Join(err, o.file.Close())
		o.file = nil
	}
	return err
}

// create opens a file for a report: one that is written as a whole appears under its
// name only when it is complete.
func create(name string, whole bool) (io.WriteCloser, error) {
	// What is not a plain file, such as /dev/stdout or a pipe, can be neither replaced
	// nor removed.
	old, err := os.Lstat(name)
	if !whole || err == nil && !old.Mode().IsRegular() {
		return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o666)
	}
	if err == nil {
		if err := os.Remove(name); err != nil {
			return nil, err
		}
	}
	// Not os.CreateTemp: others than the owner may have to read it, as the umask says.
	temp := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%d", filepath.Base(name), os.Getpid()))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, err
	}
	return &wholeFile{File: f, name: name}, nil
}

// wholeFile gets its name when it is closed, if something was written without fail.
type wholeFile struct {
	*os.File
	name    string
	written bool
	err     error
}

func (f *wholeFile) Write(b []byte) (n int, err error) {
	f.written = true
	if n, err = f.File.Write(b); err != nil {
		f.err = err
	}
	return n, err
}

func (f *wholeFile) Close() error {
	err := f.File.Close()
	if err != nil || f.err != nil || !f.written {
		return errors.Join(err, os.Remove(f.File.Name()))
	}
	return os.Rename(f.File.Name(), f.name)
}
