package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/screen"
	"workshop/runner/secret"
	"workshop/runner/terminal"
)

// Reporter receives the events of a run. Finish ends the report after the last event. Its result is
// nil if the run is abandoned; then terminals are restored and nothing else is written. Events
// after Finish and further calls of Finish have no effect. Finish may be called at any time from
// any goroutine.
type Reporter interface {
	Event(e runner.Event) error
	Finish(result *runner.Result) error
}

// Options describe the output of a report. The zero value is suitable for a file.
type Options struct {
	TTY   bool                    // the writer is a terminal on which lines may be redrawn
	Color bool                    // use colours
	Cols  int                     // the writer's size in cells; 0: 100×24
	Rows  int                     //
	Size  func() (cols, rows int) // the current size, if it may change
	RunID string                  // the same for all shards of a run; "": random
	// Summary is the file for the summary of a step in GitHub Actions; "": none.
	Summary string
	// Workspace is the directory to which a CI service resolves the names of files; "": the current
	// one.
	Workspace string
	// Secrets are masked in texts of the deck, too. [Masked] masks the events before.
	Secrets *secret.Masker
}

// IsTerminal reports whether a file is a terminal on which text can be placed. TERM=dumb names one
// on which it cannot.
func IsTerminal(f *os.File, getenv func(string) string) bool {
	return term.IsTerminal(int(f.Fd())) && getenv("TERM") != "dumb"
}

// Detect returns the properties of a file, and follows NO_COLOR (https://no-color.org),
// TERM=dumb and CI in the environment. A CI service keeps every redrawn line in its log: there
// a terminal gets colours only.
func Detect(f *os.File, getenv func(string) string) Options {
	opts := Options{TTY: IsTerminal(f, getenv)}
	if !opts.TTY {
		return opts
	}
	opts.Color = getenv("NO_COLOR") == ""
	opts.Size = func() (int, int) {
		cols, rows, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0, 0
		}
		// If the size of a terminal is not set, it is 0, as under script(1) in CI.
		return cmp.Or(cols, terminal.DefaultCols), cmp.Or(rows, terminal.DefaultRows)
	}
	opts.Cols, opts.Rows = opts.Size()
	if ci := getenv("CI"); ci != "" && ci != "false" {
		opts.TTY = false
	}
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

	whole    bool // written in one piece at the end
	during   bool // shows the run while it goes on, and cannot be made afterwards
	terminal bool // needs a terminal
	direct   bool // by itself it is made of the events of the run, not of their records
	open     func(w io.Writer, opts Options) Reporter
}

// Formats returns all formats.
func Formats() []Format {
	return []Format{
		{Name: "console", Summary: "a line for each exercise, details of failures, a summary", direct: true, open: newConsole},
		{Name: "progress", Summary: "a log of the steps and of the terminal's output", direct: true, during: true, open: newProgress},
		{Name: "live", Summary: "the terminal of the run, shown live on a terminal", direct: true, during: true, terminal: true, open: newLive},
		{Name: "junit", Summary: "JUnit XML, written at the end", whole: true, open: newJUnit},
		{Name: "junit-strict", Summary: "JUnit XML for Jenkins, valid against its schema junit-10", whole: true, open: newStrictJUnit},
		{Name: "github", Summary: "annotations for GitHub Actions, and the summary of a step, written at the end", open: newGitHub},
		{Name: "html", Summary: "a page for people, in one file, with a player of the recordings", whole: true, open: newHTML},
		{Name: "jsonl", Summary: "a JSON object per line for each event, which can be followed", open: newJSONL},
	}
}

// FileFormats returns the names of the formats that can be written to a file.
func FileFormats() []string {
	return formatNames(func(f Format) bool { return !f.terminal })
}

// LaterFormats returns the names of the formats that can be made of a run's JSON lines.
func LaterFormats() []string {
	return formatNames(func(f Format) bool { return !f.during })
}

func formatNames(wanted func(Format) bool) []string {
	var names []string
	for _, f := range Formats() {
		if wanted(f) {
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

// New returns a reporter of a format. It does not close the writer.
func New(name string, w io.Writer, opts Options) (Reporter, error) {
	f, err := find(name)
	if err != nil {
		return nil, err
	}
	if f.terminal && !opts.TTY {
		return nil, fmt.Errorf("the report %q needs a terminal", name)
	}
	if !f.terminal {
		w = MaskWriter(w, opts.Secrets)
	}
	one := &once{to: f.open(w, opts)}
	if f.direct {
		return one, nil
	}
	return &Files{made: []*once{one}, Run: opts.RunID}, nil
}

// Still removes the last line of a report on a terminal, so that somebody else can write, until
// resume is called.
func Still(r Reporter) (resume func()) {
	if one, ok := r.(*once); ok {
		if c, ok := one.to.(*console); ok {
			c.be(true)
			return func() { c.be(false) }
		}
	}
	return func() {}
}

// ParseSpec reads NAME=FILE, where FILE may be - for standard output: see [IsOutput].
func ParseSpec(s string) (name, file string, err error) {
	name, file, ok := strings.Cut(s, "=")
	if !ok || name == "" || file == "" {
		return "", "", fmt.Errorf("%q is not of the form NAME=FILE, such as junit=FILE or jsonl=- for standard output", s)
	}
	if _, err := find(name); err != nil {
		return "", "", err
	}
	return name, file, nil
}

// Open returns the reporter for NAME=FILE. It removes a report of an earlier run at once, so that
// the old report is never mistaken for one of this run.
func Open(spec string, stdout io.Writer) (Reporter, error) {
	files := &Files{}
	if err := files.Add(spec, stdout); err != nil {
		return nil, err
	}
	return files, nil
}

// Files are the reports of a run, apart from the one on the screen. They are made of the run's
// records, which the format jsonl holds: the same reports can be made later, by [Read]. The zero
// value has no report.
type Files struct {
	Run       string // the id of the run; "": random
	Summary   string // see [Options]
	Workspace string // likewise
	Shard     *Shard // the part of the run that the reports are about; nil: all of it
	// Secrets are masked in the records. [Masked] masks the events before.
	Secrets *secret.Masker

	direct []*once  // made of events
	made   []*once  // made of records
	names  []string // of the reports' files, links resolved

	mu       sync.Mutex
	finished bool
	enc      *encoder
	buf      bytes.Buffer // the line of the last record
	replay   *replay
}

// Add adds the report NAME=FILE, as [Open] does.
func (f *Files) Add(spec string, stdout io.Writer) error {
	name, file, err := ParseSpec(spec)
	if err != nil {
		return err
	}
	format, err := find(name)
	if err != nil {
		return err
	}
	if format.terminal {
		return fmt.Errorf("the report %q needs a terminal", name)
	}
	one := &once{}
	w := stdout
	if IsOutput(file) {
		if name == "jsonl" && f.Shard != nil {
			format.open = func(w io.Writer, _ Options) Reporter { return newPacker(w) }
		}
	} else {
		if err := f.claim(file, stdout); err != nil {
			return err
		}
		c, err := create(file, format.whole)
		if err != nil {
			return fmt.Errorf("report %s: %w", name, err)
		}
		w, one.file = c, c
	}
	one.to = format.open(w, Options{Summary: f.Summary, Workspace: f.Workspace})
	if format.during {
		f.direct = append(f.direct, one)
	} else {
		f.made = append(f.made, one)
	}
	return nil
}

// Show adds a report that is made already.
func (f *Files) Show(r Reporter) { f.direct = append(f.direct, &once{to: r}) }

// Abort writes the reports of a run that has not begun, with the reasons, unless they were
// finished before. It takes from the result its verdict, its problems and whether it is empty.
func (f *Files) Abort(r runner.Result) error {
	now := time.Now()
	r.Started = now
	errs := []error{f.Event(runner.Event{Kind: runner.RunStarted, Time: now, Plan: &runner.Plan{}})}
	for _, p := range r.Problems {
		errs = append(errs, f.Event(runner.Event{Kind: runner.EventProblem, Time: now, Failure: p}))
	}
	errs = append(errs, f.Event(runner.Event{Kind: runner.RunFinished, Time: now, Verdict: r.Verdict, Empty: r.Empty}))
	return errors.Join(append(errs, f.Finish(&r))...)
}

// Event gives an event to the reports.
func (f *Files) Event(e runner.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.finished {
		return nil
	}
	var errs []error
	for _, r := range f.direct {
		if err := r.Event(e); err != nil {
			errs = append(errs, err)
		}
	}
	if len(f.made) == 0 {
		return errors.Join(errs...)
	}
	if f.enc == nil {
		plan := e.Plan
		if f.Secrets != nil { // the plan of the run is not masked
			plan = nil
		}
		f.enc, f.replay = newEncoder(f.Run, f.Shard, f.Secrets), newReplay(f.made, plan)
	}
	records, err := f.enc.encode(e)
	if err != nil {
		errs = append(errs, err)
	}
	for _, r := range records {
		if f.Secrets != nil {
			maskStrings(reflect.ValueOf(r).Elem(), f.Secrets)
		}
		f.buf.Reset()
		line, err := r.appendTo(&f.buf)
		if err == nil {
			err = f.replay.feedOwn(line, r)
		}
		if err != nil {
			errs = append(errs, err)
		}
		if f.buf.Cap() > keptLine {
			f.buf = bytes.Buffer{}
		}
	}
	return errors.Join(errs...)
}

// keptLine is the limit of the memory that is kept for the next record, in bytes. The first one holds
// the plan.
const keptLine = 64 << 10

// Finish ends the reports. Those that are made of records show the result that the records have.
func (f *Files) Finish(result *runner.Result) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished = true
	var errs []error
	for _, r := range f.direct {
		errs = append(errs, r.Finish(result))
	}
	if result != nil && f.replay != nil {
		errs = append(errs, f.replay.cutOff())
		result = f.replay.result
	}
	return errors.Join(append(errs, f.finish(result))...)
}

// finish ends the reports that are made of records.
func (f *Files) finish(result *runner.Result) error {
	var errs []error
	for _, r := range f.made {
		errs = append(errs, r.Finish(result))
	}
	return errors.Join(errs...)
}

// once enforces the promises of [Reporter]. The first error ends a report and is returned once, so
// that a full disk does not cause an error at each event. At the end it closes the report's file.
type once struct {
	to   Reporter
	file io.Closer // nil: the writer is not the report's own

	mu       sync.Mutex
	failed   bool // an error has been returned
	finished bool
}

// lineReader is a report that takes the lines of the records as they are.
type lineReader interface{ line(b []byte) error }

// watcher is a report that watches the screen of each session. It shows what the records have drawn, those
// of the present event included.
type watcher interface{ watch(s *screen.Screen) }

// recordReader is a report that reads the records themselves.
type recordReader interface{ record(r *record) error }

func (o *once) Event(e runner.Event) error { return o.do(func() error { return o.to.Event(e) }) }

// deliver gives a record to the report, in the form that it reads.
func (o *once) deliver(line []byte, r *record, e runner.Event) error {
	return o.do(func() error {
		switch to := o.to.(type) {
		case lineReader:
			return to.line(line)
		case recordReader:
			return to.record(r)
		}
		return o.to.Event(e)
	})
}

func (o *once) do(event func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.finished || o.failed {
		return nil
	}
	err := event()
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
	err := o.to.Finish(result)
	if f, ok := o.file.(*wholeFile); ok && err != nil { // a part of it may have been written
		f.err = err
	}
	if o.failed {
		err = nil
	}
	if o.file != nil {
		err = errors.Join(err, o.file.Close())
	}
	return err
}
