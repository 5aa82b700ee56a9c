package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/watch"
)

func (j *job) watchFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&j.watches, "watch", false,
		"run again what a saved file touches, until ^C; a save that touches something ends the run under way")
}

// watching is the state of a check --watch: the sessions of the deck and their last results. A nil
// one belongs to a check that runs once.
type watching struct {
	mu       sync.Mutex // a round and the loop of the watching use it at the same time
	sessions map[string]*standing
	order    []string                     // the keys of the sessions in the order of the deck
	pending  []string                     // the keys of the round under way
	files    []string                     // of the deck
	trees    map[*runner.Session][]string // the folders that each session uses
	followed map[string]bool

	waiting runner.Waiting             // sessions for the next round
	plans   map[string]*runner.Session // of the last round, by their keys
	opts    *runner.Options            // likewise
}

// mostAhead is the number of sessions that wait for a save at most: each has an engine and a shell.
const mostAhead = 4

// sessionsFor returns the sessions that were started ahead of a run.
func (w *watching) sessionsFor(opts runner.Options) *runner.Waiting {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opts = &opts
	return &w.waiting
}

// ahead starts sessions for the next round: those of the last one, since an author mostly saves the
// same file again, and others up to a small number. A deck that measures the machine has none.
func (w *watching) ahead(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.opts == nil {
		return
	}
	for _, s := range w.plans {
		if s.Exclusive {
			return
		}
	}
	wanted := slices.Clone(w.pending)
	for _, key := range w.order {
		if !slices.Contains(wanted, key) {
			wanted = append(wanted, key)
		}
	}
	var sessions []*runner.Session
	for _, key := range wanted[:min(len(wanted), mostAhead)] {
		sessions = append(sessions, w.plans[key])
	}
	w.waiting.Prepare(ctx, *w.opts, sessions...)
}

// standing is a session between runs.
type standing struct {
	name   string
	text   string                // decides about its verdicts
	result *runner.SessionResult // nil: it has to run
	ended  time.Time
}

// keysOf are the keys of the sessions of a plan, by which another version of the deck finds them.
func keysOf(plan *runner.Plan, sources []*source) (keys []string) {
	for _, s := range plan.Sessions {
		key := sourceOf(s, sources).identity() + " " + s.Name
		for n := 2; slices.Contains(keys, key); n++ {
			key = fmt.Sprintf("%s %s %d", sourceOf(s, sources).identity(), s.Name, n)
		}
		keys = append(keys, key)
	}
	return keys
}

func sourceOf(s *runner.Session, sources []*source) *source {
	return sources[slices.IndexFunc(sources, func(src *source) bool { return src.deck == s.Deck })]
}

// begin narrows the plan of a round to the sessions that have to run: those without a result, and
// those that differ from the last plan.
func (w *watching) begin(ctx context.Context, j *job, plan *runner.Plan, sources []*source) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	sessions := map[string]*standing{}
	w.order, w.pending = keysOf(plan, sources), nil
	w.uses(ctx, j, plan, sources)
	var kept []*runner.Session
	w.plans = map[string]*runner.Session{}
	for i, key := range w.order {
		s := plan.Sessions[i]
		w.plans[key] = s
		now := &standing{name: s.Name, text: textOf(s)}
		if old := w.sessions[key]; old != nil && old.text == now.text {
			now = old
		}
		if sessions[key] = now; now.result == nil {
			kept, w.pending = append(kept, s), append(w.pending, key)
		}
	}
	w.sessions, plan.Sessions = sessions, kept
}

// uses notes the files and folders that a plan depends on.
func (w *watching) uses(ctx context.Context, j *job, plan *runner.Plan, sources []*source) {
	w.files, w.trees = nil, map[*runner.Session][]string{}
	for _, src := range sources {
		w.files = append(w.files, src.files...)
	}
	read := map[[2]string][]string{} // the folders of a session that starts in one: many start in the same
	for _, s := range plan.Sessions {
		src := sourceOf(s, sources)
		start := [2]string{src.identity(), src.folder(s)}
		if read[start] == nil {
			read[start] = append(src.folders(ctx, j, s), src.mirrors()...)
		}
		w.trees[s] = read[start]
	}
}

// touched are the names of the sessions of a plan that have to run because of changed files. Their
// results are forgotten by forget.
func (w *watching) touched(
	ctx context.Context, j *job, plan *runner.Plan, sources []*source, changed []string,
) (names []string, forget func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.uses(ctx, j, plan, sources)
	// A document of the deck counts by the steps that it holds, wherever it lies.
	saved := &changes{than: " was saved"}
	for _, name := range changed {
		if !slices.Contains(w.files, name) || slices.ContainsFunc(sources, func(src *source) bool { return src.isManifest(name) }) {
			saved.files = append(saved.files, name)
		}
	}
	slices.Sort(saved.files)
	var keys []string
	for i, key := range keysOf(plan, sources) {
		s := plan.Sessions[i]
		used := sourceOf(s, sources).settings(saved) != "" ||
			slices.ContainsFunc(w.trees[s], func(dir string) bool { return saved.below(dir) != "" })
		if used {
			w.waiting.Retire() // they hold copies of the files
		}
		if old := w.sessions[key]; used || old == nil || old.text != textOf(s) {
			keys, names = append(keys, key), append(names, s.Name)
		}
	}
	return names, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, key := range keys {
			delete(w.sessions, key)
		}
	}
}

// keep keeps the results of the sessions that a round has brought to an end.
func (w *watching) keep(result *runner.Result) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, sr := range result.Sessions {
		unreached := sr.Verdict == runner.Skipped && result.Verdict != runner.Skipped // behind a failure, with --fail-fast
		if s := w.sessions[w.pending[i]]; sr.Verdict != runner.Interrupted && !unreached {
			s.result, s.ended = sr, time.Now()
		}
	}
}

// follow watches the files and folders in use that are not watched yet.
func (w *watching) follow(saved *watch.Watcher) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	add := func(dir string, by func(string) error) error {
		if w.followed[dir] {
			return nil
		}
		w.followed[dir] = true
		if err := by(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("--watch: %s: %w (the system's limit of watched folders is the sysctl fs.inotify.max_user_watches)", dir, err)
		}
		return nil
	}
	for _, trees := range w.trees {
		for _, tree := range trees {
			if err := add(tree, saved.Tree); err != nil {
				return err
			}
		}
	}
	for _, f := range w.files {
		if err := add(filepath.Dir(f), saved.Folder); err != nil {
			return err
		}
	}
	return nil
}

// print says which verdicts are from before the last round.
func (w *watching) print(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range w.order {
		s := w.sessions[key]
		if s == nil || s.result == nil || slices.Contains(w.pending, key) {
			continue
		}
		fmt.Fprintf(out, "from before (%s): %s: %s\n", s.ended.Format(time.TimeOnly), s.name, s.result.Verdict)
		for _, e := range s.result.Exercises {
			if e.Verdict != runner.Passed && e.Failure != nil {
				fmt.Fprintf(out, "  %s: %s: %v\n", e.ID, e.Verdict, e.Failure)
			}
		}
	}
	fmt.Fprintln(out, "watching; ^C ends")
}

// textOf is everything in a session that decides about its verdicts, without positions.
func textOf(s *runner.Session) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q %v %q %v\n", s.Name, s.Workdir, s.Exclusive, s.Env, s.Deck.Pipefail)
	for _, script := range slices.Concat(s.Setup, s.Teardown) {
		fmt.Fprintf(&b, "script %q %q\n", script.Name, script.Text)
	}
	for _, e := range s.Exercises {
		fmt.Fprintf(&b, "exercise %q %v %q\n", e.ID, e.Setup, e.Chapter.Statuses)
		for _, t := range e.Terms {
			fmt.Fprintf(&b, "term %q\n", t.String())
		}
		for _, m := range e.Mistakes {
			fmt.Fprintf(&b, "mistake %q\n", m.Message)
		}
		for _, step := range e.Steps {
			fmt.Fprintf(&b, "step %q %q %q %q\n", step.Directive, step.Args, step.Text, step.Skip)
		}
	}
	return b.String()
}

// watch runs a deck, and after each change of a file the sessions that it touches.
func (j *job) watch(ctx context.Context, args []string, streams Streams) error {
	if err := j.watchable(); err != nil {
		return err
	}
	sel, err := j.selection()
	j.selection = func() (runner.Selection, error) { return sel, err }
	saved, err := watch.New(func(name string) bool { return !watch.Scratch(name) })
	if err != nil {
		return &codeError{exitBroken, fmt.Errorf("--watch: %w", err)}
	}
	defer saved.Close()
	w := &watching{followed: map[string]bool{}}
	j.watching = w
	// Everything is watched before it is run.
	first, _, _, err := j.touched(ctx, args, nil)
	if err != nil {
		return err
	}
	signals, ended := streams.first(ctx)
	streams.Signals = signals
	defer w.waiting.Close()
	now := first.round(ctx, args, streams)
	var unread []string // changed files, while the deck cannot be read
	said := ""
	for {
		if err := w.follow(saved); err != nil {
			now.end()
			return &codeError{exitBroken, err}
		}
		select {
		case <-ended:
			now.wait()
			return &codeError{code: exitInterrupted}
		case err := <-now.done:
			now.done = nil
			var coded *codeError
			if err != nil && (!errors.As(err, &coded) || coded.err != nil) {
				fmt.Fprintln(streams.Err, err)
			}
			select {
			case <-ended:
			default:
				w.print(streams.Out)
				w.ahead(ctx)
			}
		case changed := <-saved.Changed:
			changed = append(unread, changed...)
			next, touched, forget, err := j.touched(ctx, args, changed)
			if unread = nil; err != nil {
				unread = changed
			}
			// Once: the output may be a file in a folder that is watched.
			if text := fmt.Sprint(err); err != nil && text != said {
				fmt.Fprintf(streams.Err, "%s\nthe verdicts are from before; watching; ^C ends\n", text)
				said = text
			} else if err == nil {
				said = ""
			}
			if len(touched) == 0 {
				continue
			}
			now.end()
			forget()
			fmt.Fprintf(streams.Out, "\n%s saved: %s again\n\n", some(standingFiles(changed), filepath.Base), some(touched, strings.Clone))
			now = next.round(ctx, args, streams)
		}
	}
}

// standingFiles leaves out the files by whose renaming an editor saves, unless nothing else changed.
func standingFiles(changed []string) []string {
	left := slices.DeleteFunc(slices.Clone(changed), func(name string) bool {
		_, err := os.Lstat(name)
		return err != nil
	})
	if len(left) == 0 {
		return changed
	}
	return left
}

// some is the beginning of a list of names, in words.
func some(names []string, short func(string) string) string {
	const most = 3
	var words []string
	for _, name := range names[:min(len(names), most)] {
		words = append(words, short(name))
	}
	text := strings.Join(words, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// watchable is the error for options that contradict --watch.
func (j *job) watchable() error {
	switch {
	case j.inPlace:
		return errors.New("--watch: with --in-place the exercises themselves change the files that are watched")
	case j.update:
		return errors.New("--watch: --update writes the files that are watched")
	case j.picks.dryRun:
		return errors.New("--watch: --dry-run executes nothing")
	case j.picks.failed != "" || j.picks.changed != "":
		return errors.New("--watch: a selection by results or by changes differs from run to run; select chapters or exercises")
	case j.flakes.repeat > 1:
		return errors.New("--watch: --repeat hunts a flake in a deck that nobody changes")
	case len(j.reports) > 0 || j.record != "":
		return errors.New("--watch: a report is that of one run; run check without --watch for --report and --record")
	}
	return nil
}

// touched reads the deck, and returns the sessions that have to run because of changed files, and
// the job that runs what was read. It does not print anything: a round will.
func (j *job) touched(ctx context.Context, args, changed []string) (next *job, names []string, forget func(), err error) {
	again := *j
	var warnings bytes.Buffer
	d, err := again.read(ctx, args, &warnings)
	if err != nil {
		return nil, nil, nil, err
	}
	if slices.ContainsFunc(d.sources, func(src *source) bool { return src.root == "" }) {
		return nil, nil, nil, errors.New("--watch: the deck is built in, so nobody can save its files (name a DECK)")
	}
	d.warnings, again.reading = warnings.Bytes(), d
	names, forget = j.watching.touched(ctx, &again, d.plan, d.sources, changed)
	return &again, names, forget, nil
}

// round is a run under way.
type round struct {
	cancel context.CancelFunc
	done   chan error // nil: it has ended
}

// round runs the sessions that have to run.
func (j *job) round(ctx context.Context, args []string, streams Streams) *round {
	ctx, cancel := context.WithCancel(ctx)
	r := &round{cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- j.runReported(ctx, args, streams, &report.Files{}) }()
	return r
}

// end ends the round, and waits until nothing is left of it.
func (r *round) end() {
	r.cancel()
	r.wait()
}

func (r *round) wait() {
	if r.done != nil {
		<-r.done //nolint:errcheck // the round was ended
		r.done = nil
	}
	r.cancel()
}

// first closes ended at the first signal, and passes all signals on.
func (s Streams) first(ctx context.Context) (signals <-chan os.Signal, ended <-chan struct{}) {
	all, over := make(chan os.Signal, 2), make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-ctx.Done():
		case sig := <-s.Signals:
			all <- sig
		}
	}()
	go func() {
		<-over
		for sig := range s.Signals {
			select {
			case all <- sig:
			default: // a second one is enough
			}
		}
	}()
	return all, over
}
