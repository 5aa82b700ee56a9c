// Package ledger stores the results of a deck's steps between runs, so that a presenter sees which
// steps were checked, when, and whether they were edited since.
//
// A verdict belongs to the content of a step and of all the steps before it in its session, on
// which the step builds. It does not take other influences into account, such as the machine and
// the files of the working directory.
package ledger

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"workshop/runner"
)

// Standing is the state of a step in the ledger.
type Standing string

// The standings.
const (
	Never  Standing = "never"  // it was not checked
	Same   Standing = "same"   // the current text was checked
	Before Standing = "before" // the current text was checked, but a step before it was edited since
	Edited Standing = "edited" // another text was checked in its place
)

// Last is the last result of a step.
type Last struct {
	Standing Standing
	Verdict  runner.Verdict // one of verdicts; "" for Never
	At       time.Time
	Duration time.Duration
}

// verdicts are those that a ledger keeps, from the best to the worst. A step is flaky if it failed in an
// attempt of its last run, and passed in a later one.
var verdicts = []runner.Verdict{runner.Passed, runner.Inconclusive, runner.Flaky, runner.Failed}

// standings are in order, from the most certain to the least.
var standings = []Standing{Same, Before, Edited, Never}

// Worse combines the last results of two steps that are shown as one: the less certain standing,
// the worse verdict, the older time, and the sum of the durations. A failure counts even if the
// second step was never reached.
func (l Last) Worse(o Last) Last {
	switch {
	case o.Standing == Never && l.Verdict == runner.Failed:
		return l
	case l.Standing == Never && o.Verdict == runner.Failed:
		return o
	case l.Standing == Never || o.Standing == Never:
		return Last{Standing: Never}
	}
	if slices.Index(standings, o.Standing) > slices.Index(standings, l.Standing) {
		l.Standing = o.Standing
	}
	if slices.Index(verdicts, o.Verdict) > slices.Index(verdicts, l.Verdict) {
		l.Verdict = o.Verdict
	}
	if o.At.Before(l.At) {
		l.At = o.At
	}
	l.Duration += o.Duration
	return l
}

// entry is a line of a ledger: the last result of a step, or of an exercise.
type entry struct {
	Place   string         `json:"place"`         // exercise, and number of the step in it
	Own     string         `json:"own,omitempty"` // digest of the step
	Chain   string         `json:"chain,omitempty"`
	Verdict runner.Verdict `json:"verdict"`
	At      time.Time      `json:"at"`
	Seconds float64        `json:"seconds"`
	Program string         `json:"program,omitempty"` // that ran the exercise

	output string  // as far as a report keeps it
	pieces []Piece // as well
}

// Piece is text that came on the terminal, with the time since its step began.
type Piece struct {
	After time.Duration
	Text  string
}

// key is the place of a step and the digest of its content.
type key struct {
	place, own, chain string
	before            bool // a step before it differs from the step in a report
}

// Ledger holds the last results of the steps of a deck. It is also a report: the events of runs add
// to it. It is safe for concurrent use.
type Ledger struct {
	Program string // the version of the program that records; "": unknown

	file string

	mu      sync.Mutex
	entries map[string]entry
	keys    map[*runner.Step]key
	now     *runner.Step
	attempt int             // of the session under way
	failed  map[string]bool // places of steps that failed in this run
	changed bool
}

// Dir is the folder of ledgers in the user's cache (XDG_CACHE_HOME).
func Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "workshop", "verdicts"), nil
}

// maxFile is the limit for reading a ledger, in bytes.
const maxFile = 64 << 20

// Open opens the ledger of a deck in a folder, which need not exist. The name of the deck must be
// unique, for example its path. A line of the file that cannot be read is ignored.
func Open(dir, deck string) (*Ledger, error) {
	l := &Ledger{file: filepath.Join(dir, digest(deck)+".jsonl"), entries: map[string]entry{}, keys: map[*runner.Step]key{}}
	f, err := os.Open(l.file)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxFile))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Place != "" {
			l.entries[e.Place] = e
		}
	}
	return l, nil
}

// FromReport returns a ledger in memory, made from a report in the form of JSON lines.
func FromReport(r io.Reader) (*Ledger, error) {
	l := &Ledger{entries: map[string]entry{}, keys: map[*runner.Step]key{}}
	lines := bufio.NewScanner(io.LimitReader(r, maxFile))
	lines.Buffer(nil, 16<<20)
	owns := map[string]string{}
	var began time.Time
	var pieces []Piece // of the step under way
	number, known := 0, false
	for lines.Scan() {
		number++
		var rec struct {
			V         int              `json:"v"`
			Time      time.Time        `json:"time"`
			Kind      runner.EventKind `json:"kind"`
			Exercise  string           `json:"exercise"`
			Step      int              `json:"step"`
			Attempt   int              `json:"attempt"`
			Directive string           `json:"directive"`
			Input     string           `json:"input"`
			Verdict   runner.Verdict   `json:"verdict"`
			Seconds   float64          `json:"seconds"`
			Output    string           `json:"output"`
			Text      string           `json:"text"`
		}
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			return nil, fmt.Errorf("line %d is not an event of a report: %w", number, err)
		}
		known = known || rec.V == 1
		p := place(rec.Exercise, rec.Step-1)
		switch rec.Kind {
		case runner.SessionStarted:
			l.attempt = rec.Attempt
		case runner.StepStarted:
			owns[p] = digest(rec.Directive, rec.Input)
			began, pieces = rec.Time, nil
		case runner.EventOutput:
			if rec.Step > 0 && rec.Text != "" {
				pieces = append(pieces, Piece{rec.Time.Sub(began), rec.Text})
			}
		case runner.StepFinished:
			if slices.Contains(verdicts, rec.Verdict) {
				l.entries[p] = entry{
					Place: p, Own: owns[p], Verdict: l.ofAttempts(p, rec.Verdict), At: rec.Time, Seconds: rec.Seconds,
					output: rec.Output, pieces: pieces,
				}
			}
		case runner.ExerciseCorrected: // its step had passed
			if e, ok := l.entries[p]; ok {
				e.Verdict, e.At = l.ofAttempts(p, runner.Failed), rec.Time
				l.entries[p] = e
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if !known {
		return nil, errors.New("it is not a report of the format jsonl")
	}
	return l, nil
}

func place(exercise string, step int) string { return fmt.Sprintf("%s#%d", exercise, step+1) }

// digest is short enough to read, and long enough to be unique.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// own returns the digest of a step without the steps before it.
func own(s *runner.Step) string {
	if s.Args == "" {
		return digest(s.Directive, s.Text)
	}
	return digest(s.Directive, s.Text, s.Args)
}

// Know tells the ledger the steps of a whole plan, before a selection from it. The ledger has
// results only for these steps.
func (l *Ledger) Know(plan *runner.Plan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range plan.Sessions {
		chain := digest(s.Workdir)
		before := false
		for _, e := range s.Exercises {
			for i, step := range e.Steps {
				k := key{place: place(e.ID, i), own: own(step), before: before}
				chain = digest(chain, k.own)
				k.chain = chain
				if !e.Setup {
					l.keys[step] = k
				}
				if e, ok := l.entries[k.place]; ok && e.Chain == "" && e.Own != k.own {
					before = true
				}
			}
		}
	}
}

// Last returns the last result of a step.
func (l *Ledger) Last(step *runner.Step) Last {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.keys[step]
	e, found := l.entries[k.place]
	if !ok || !found {
		return Last{Standing: Never}
	}
	last := Last{Same, e.Verdict, e.At, time.Duration(e.Seconds * float64(time.Second))}
	switch {
	case e.Own != k.own:
		last.Standing = Edited
	case e.Chain != "" && e.Chain != k.chain, e.Chain == "" && k.before:
		last.Standing = Before
	}
	return last
}

// Output is the output of a step in its last check, if the ledger is made from a report; other ledgers
// keep verdicts only. That of another content of the step is not its own.
func (l *Ledger) Output(step *runner.Step) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.keys[step]
	if e := l.entries[k.place]; ok && e.Own == k.own {
		return e.output
	}
	return ""
}

// Records reports whether the ledger is made from a report, and so has output and recordings.
func (l *Ledger) Records() bool { return l.file == "" }

// Recording is the output on the terminal in the last check of a step, and how long the step took, under
// the same conditions as Output.
func (l *Ledger) Recording(step *runner.Step) (pieces []Piece, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.keys[step]
	if e := l.entries[k.place]; ok && e.Own == k.own {
		return e.pieces, time.Duration(e.Seconds * float64(time.Second))
	}
	return nil, 0
}

// ofAttempts is the verdict of a step in all attempts of its session.
func (l *Ledger) ofAttempts(place string, v runner.Verdict) runner.Verdict {
	switch {
	case v == runner.Failed:
		if l.failed == nil {
			l.failed = map[string]bool{}
		}
		l.failed[place] = true
	case v == runner.Passed && l.attempt > 1 && l.failed[place]:
		return runner.Flaky
	}
	return v
}

// Event records the verdict of a step. A step that was cut short or whose environment was broken
// does not change the ledger.
func (l *Ledger) Event(e runner.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.Kind {
	case runner.RunStarted:
		l.failed = nil
	case runner.SessionStarted:
		l.attempt = e.Attempt
	case runner.StepStarted:
		l.now = e.Step
	case runner.StepFinished, runner.ExerciseCorrected:
		step := l.now
		if e.Kind == runner.ExerciseCorrected {
			step = e.Step
		}
		k, ok := l.keys[step]
		known := ok && step.Instead() == nil // else the run did not type the text of the slide
		verdict := e.Verdict
		if e.Kind == runner.ExerciseCorrected {
			verdict = runner.Failed
		}
		if known && slices.Contains(verdicts, verdict) {
			l.entries[k.place] = entry{
				Place: k.place, Own: k.own, Chain: k.chain, Verdict: l.ofAttempts(k.place, verdict),
				At: e.Time.UTC(), Seconds: e.Duration.Seconds(),
			}
			l.changed = true
		}
	}
	return nil
}

// Run is the last result of an exercise, with the same text or another one.
type Run struct {
	Verdict  runner.Verdict // see [runner.SessionResult.Outcome]
	Duration time.Duration
	Program  string // the version of the program that ran it; "": unknown
}

// LastRun returns the last result of an exercise, by its id.
func (l *Ledger) LastRun(exercise string) (Run, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[exercise]
	return Run{e.Verdict, time.Duration(e.Seconds * float64(time.Second)), e.Program}, ok
}

// Failed returns the ids of all exercises that did not pass when they ran last. Some may be gone.
func (l *Ledger) Failed() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for place, e := range l.entries {
		if e.Own == "" && e.Verdict.Wanting() {
			ids = append(ids, place)
		}
	}
	slices.Sort(ids)
	return ids
}

// Runs reports whether the ledger knows the result of any exercise.
func (l *Ledger) Runs() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.Own == "" {
			return true
		}
	}
	return false
}

// keep records the results of the exercises of a run.
func (l *Ledger) keep(result *runner.Result) {
	for _, s := range result.Sessions {
		for _, e := range s.Exercises {
			if e.Setup {
				continue // it has a result elsewhere, if it was selected
			}
			l.changed = true
			l.entries[e.ID] = entry{
				Place: e.ID, Verdict: s.Outcome(e), At: e.Started.UTC(), Seconds: e.Duration.Seconds(), Program: l.Program,
			}
		}
	}
}

// Begin records that a run of some sessions is under way. Until its end their exercises count as
// interrupted, so that a run that is killed leaves no verdicts of an earlier one. If that cannot be
// written, the ledger is removed: no verdict is better than an old one.
func (l *Ledger) Begin(sessions []*runner.Session) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == "" {
		return nil
	}
	for _, s := range sessions {
		for _, e := range s.Exercises {
			if !e.Setup {
				last := l.entries[e.ID] // its duration and its program stay
				last.Place, last.Verdict, last.At = e.ID, runner.Interrupted, time.Now().UTC()
				l.entries[e.ID] = last
			}
		}
	}
	err := l.write()
	if err == nil {
		return nil
	}
	if gone := os.Remove(l.file); gone == nil || errors.Is(gone, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Finish records the results of exercises and writes the ledger. An error, such as a folder
// without write permission, does not affect the run.
func (l *Ledger) Finish(result *runner.Result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if result != nil {
		l.keep(result)
	}
	if l.file == "" || !l.changed {
		return nil
	}
	l.changed = false
	return l.write()
}

// write writes all entries.
func (l *Ledger) write() error {
	places := make([]string, 0, len(l.entries))
	for p := range l.entries {
		places = append(places, p)
	}
	sort.Strings(places)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, p := range places {
		if err := enc.Encode(l.entries[p]); err != nil {
			return err
		}
	}
	return WriteFile(l.file, b.Bytes())
}

// WriteFile writes a private file. A kill leaves either the old file or the new one.
func WriteFile(name string, data []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))+"-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
