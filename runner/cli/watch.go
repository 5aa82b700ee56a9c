package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
)

// watching runs a check again and again: after each save the sessions that it touches.
type watching struct {
	saves   *saves
	changed *changes // since the last round; nil in the first one
	plan    *runner.Plan
	sources []*source
	known   map[[2]string]*runner.SessionResult // the last results, by deck and session
	round   map[[2]string]bool                  // sessions of this round
	taken   bool                                // this round takes the changes into account
	ran     bool                                // this round

	mu      sync.Mutex // a save comes while a round runs
	all     footprint  // of the decks
	running footprint  // of the sessions of this round
}

// footprint is what something is made of: files, and folders with all that is in them.
type footprint struct {
	files   map[string]bool
	folders []string
}

func (f *footprint) addFile(file string) {
	for _, name := range names(file) {
		f.files[name] = true
	}
}

func (f *footprint) addFolder(dir string) { f.folders = append(f.folders, names(dir)...) }

// has reports whether a file, or a folder above a part of it, belongs to the footprint.
func (f *footprint) has(file string) bool {
	return file == "/" || f.files[file] || slices.ContainsFunc(f.folders, func(dir string) bool {
		return dir == file || strings.HasPrefix(file, dir+"/")
	})
}

// watchFlags adds the flag --watch. The returned function looks for contradictions.
func (j *job) watchFlags(cmd *cobra.Command) (check func() error) {
	f := cmd.Flags()
	watch := f.Bool("watch", false, "check again what a saved file touches, until ^C")
	return func() error {
		if !*watch {
			return nil
		}
		for flag, why := range map[string]string{
			"report": "reports are about one run", "record": "recordings are of one run", "update": "it would save the deck itself",
			"in-place": "the deck's own commands write into the folder that is watched", "dry-run": "it executes nothing",
			"failed": "the saves select what runs", "changed": "the saves select what runs",
		} {
			if f.Changed(flag) {
				return fmt.Errorf("--watch does not go with --%s: %s", flag, why)
			}
		}
		j.watching = &watching{known: map[[2]string]*runner.SessionResult{}}
		return nil
	}
}

// errUntouched says that a save touches no exercise.
var errUntouched = errors.New("no exercise is touched")

// watch checks decks, and again after each save, until a signal ends it.
func (j *job) watch(ctx context.Context, args []string, streams Streams) error {
	w := j.watching
	var err error
	if w.saves, err = newSaves(); err != nil {
		return &codeError{exitBroken, fmt.Errorf("--watch: %w", err)}
	}
	defer w.saves.close()
	for first := true; ; first = false {
		saved, err := j.watchRound(ctx, args, streams)
		switch coded := (*codeError)(nil); {
		case errors.Is(err, errUntouched):
			fmt.Fprintf(streams.Out, "%s: %v\n", w.changed.named(w.sources), err)
		case isInput(err):
			fmt.Fprintln(streams.Err, err)
		case errors.As(err, &coded) && coded.err == nil:
			if coded.code == exitInterrupted && saved == nil { // by a signal
				return err
			}
		case err != nil && first:
			return err
		case err != nil:
			fmt.Fprintf(streams.Err, "workshop: %v\n", err)
		}
		if saved == nil {
			w.printBefore(streams)
			fmt.Fprintln(streams.Out, "\nwaiting for a save; ^C ends")
			for saved == nil {
				select {
				case files := <-w.saves.saved:
					saved, _ = w.concern(files)
				case err := <-w.saves.failed:
					return &codeError{exitBroken, fmt.Errorf("--watch: %w", err)}
				case <-streams.Signals:
					return &codeError{code: exitInterrupted}
				case <-ctx.Done():
					return &codeError{code: exitInterrupted}
				}
			}
		}
		if w.changed != nil && !w.taken {
			saved = append(saved, w.changed.files...)
		}
		slices.Sort(saved)
		w.changed = &changes{than: " was saved", files: slices.Compact(saved)}
	}
}

// concern keeps the saved files that may concern the decks, and reports whether one of them
// concerns the sessions that run. A new document may be a chapter.
func (w *watching) concern(saved []string) (files []string, running bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range saved {
		if w.all.has(f) || slices.Contains([]string{".md", ".yml", ".yaml", ".json"}, filepath.Ext(f)) {
			files = append(files, f)
			running = running || w.running.has(f)
		}
	}
	return files, running
}

// watchRound checks the decks once, and returns the files that were saved meanwhile. A save that
// touches a session of the round ends it: its verdict is about an earlier text.
func (j *job) watchRound(ctx context.Context, args []string, streams Streams) (saved []string, err error) {
	w := j.watching
	w.ran, w.taken, w.round = false, false, map[[2]string]bool{}
	w.mu.Lock()
	w.running = footprint{}
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- j.runReported(ctx, args, streams, &report.Files{}) }()
	for {
		select {
		case err := <-ended:
			return saved, err
		case files := <-w.saves.saved:
			files, running := w.concern(files)
			saved = append(saved, files...)
			if running {
				cancel()
			}
		}
	}
}

// session identifies a session from round to round.
func session(s *runner.Session) [2]string {
	return [2]string{s.Deck.File + " " + s.Deck.Chapters[0].File, s.Name}
}

// see watches the files of decks that have been read.
func (w *watching) see(ctx context.Context, j *job, plan *runner.Plan, sources []*source) error {
	w.plan, w.sources = plan, sources
	all := footprint{files: map[string]bool{}}
	for _, src := range sources {
		if src == nil || src.deck == nil || src.root == "" {
			return errors.New("--watch: the deck is built in (name a deck)")
		}
		dirs := []string{src.deck.Dir}
		for _, f := range src.deck.Files {
			for _, name := range names(src.abs(f)) {
				w.saves.add(filepath.Dir(name), false)
			}
			all.addFile(src.abs(f))
		}
		if src.deck.Workdir == "" {
			dirs = append(dirs, src.composeDirs()...)
		}
		for _, dir := range dirs {
			w.saves.add(src.abs(dir), false)
		}
		for _, m := range src.deck.Mirrors {
			w.saves.add(src.abs(m.Dir), true)
			all.addFolder(src.abs(m.Dir))
		}
		for _, s := range plan.Sessions {
			if s.Deck != src.deck {
				continue
			}
			for _, dir := range src.folders(ctx, j, s) {
				w.saves.add(dir, true)
				all.addFolder(dir)
			}
		}
	}
	w.mu.Lock()
	w.all = all
	w.mu.Unlock()
	if err := w.saves.trouble(); err != nil {
		return &codeError{exitBroken, fmt.Errorf("--watch: %w (the limit is fs.inotify.max_user_watches)", err)}
	}
	return nil
}

// narrow keeps the sessions of a plan that this round runs: those that the save touches, and those
// without a result.
func (w *watching) narrow(ctx context.Context, j *job, plan *runner.Plan, sources []*source, streams Streams) error {
	touched := map[*markdown.Chapter]string{}
	if w.changed != nil {
		for _, src := range sources {
			chapters, err := src.touched(ctx, j, plan, w.changed)
			if err != nil {
				return err
			}
			maps.Copy(touched, chapters)
		}
	}
	present := map[[2]string]bool{}
	plan.Sessions = slices.DeleteFunc(plan.Sessions, func(s *runner.Session) bool {
		id := session(s)
		present[id] = true
		w.round[id] = w.known[id] == nil ||
			slices.ContainsFunc(s.Exercises, func(e *runner.Exercise) bool { return touched[e.Chapter] != "" })
		return !w.round[id]
	})
	maps.DeleteFunc(w.known, func(id [2]string, _ *runner.SessionResult) bool { return !present[id] || w.round[id] })
	w.taken = true
	if len(plan.Sessions) == 0 {
		return errUntouched
	}
	w.runs(ctx, j, plan, sources)
	if w.changed != nil {
		var names []string
		for _, s := range plan.Sessions {
			names = append(names, s.Name)
		}
		fmt.Fprintf(streams.Out, "\n%s: checking %s again\n", w.changed.named(sources), strings.Join(names, ", "))
	}
	return nil
}

// runs notes what the sessions of this round are made of.
func (w *watching) runs(ctx context.Context, j *job, plan *runner.Plan, sources []*source) {
	running := footprint{files: map[string]bool{}}
	for _, src := range sources {
		for _, name := range src.settingFiles() {
			running.addFile(src.abs(name))
		}
		for _, s := range plan.Sessions {
			if s.Deck != src.deck {
				continue
			}
			for _, e := range s.Exercises {
				for _, name := range e.Chapter.Files {
					running.addFile(src.abs(name))
				}
			}
			for _, dir := range src.folders(ctx, j, s) {
				running.addFolder(dir)
			}
		}
	}
	w.mu.Lock()
	w.running = running
	w.mu.Unlock()
}

// named names the changed files that belong to decks, or a number of them.
func (c *changes) named(sources []*source) string {
	if c == nil || len(c.files) == 0 {
		return "saved"
	}
	name := c.files[0]
	if len(sources) > 0 && sources[0] != nil {
		name = sources[0].show(name)
	}
	if more := len(c.files) - 1; more > 0 {
		return fmt.Sprintf("saved %s and %d more", name, more)
	}
	return "saved " + name
}

// Event belongs to a report.
func (w *watching) Event(runner.Event) error { return nil }

// Finish keeps the results of a round. A session that was interrupted has none.
func (w *watching) Finish(r *runner.Result) error {
	if r == nil {
		return nil
	}
	w.ran = true
	for _, s := range r.Sessions {
		if !slices.ContainsFunc(s.Exercises, func(e *runner.ExerciseResult) bool { return s.Outcome(e) == runner.Interrupted && e.Verifies() }) {
			w.known[session(s.Session)] = s
		}
	}
	return nil
}

// printBefore prints the results of sessions that this round did not run.
func (w *watching) printBefore(streams Streams) {
	if w.plan == nil {
		return
	}
	var before []*runner.SessionResult
	for _, s := range w.known {
		if !w.ran || !w.round[session(s.Session)] {
			before = append(before, s)
		}
	}
	slices.SortFunc(before, func(a, b *runner.SessionResult) int { return strings.Compare(a.Name, b.Name) })
	report.Before(streams.Out, report.Detect(streams.Out, os.Getenv), before)
}

// A save is complete when its folder has been quiet for a while, or at the latest after the limit:
// editors write in several steps.
const (
	quietFor  = 50 * time.Millisecond
	saveLimit = 150 * time.Millisecond
)

// saves notices saved files. Folders are watched, for editors replace files.
type saves struct {
	saved  chan []string // files, sorted; "/" if the kernel has lost some
	failed chan error

	watcher *fsnotify.Watcher
	done    sync.WaitGroup
	stop    chan struct{}

	mu    sync.Mutex
	trees map[string]bool // watched folders; true: with the folders in them
	err   error           // of the first folder that cannot be watched
}

func newSaves() (*saves, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	s := &saves{
		saved: make(chan []string), failed: make(chan error, 1), watcher: watcher, stop: make(chan struct{}), trees: map[string]bool{},
	}
	s.done.Go(s.run)
	return s, nil
}

// add watches a folder. One that does not exist is none.
func (s *saves) add(dir string, tree bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if watched, ok := s.trees[dir]; ok && (watched || !tree) {
		return
	}
	if !tree {
		s.watch(dir, false)
		return
	}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return nil // it was removed meanwhile
		case d.Name() == ".git":
			return filepath.SkipDir
		}
		s.watch(name, true)
		return nil
	})
	s.err = errors.Join(s.err, err)
}

func (s *saves) watch(dir string, tree bool) {
	switch err := s.watcher.Add(dir); {
	case err == nil:
		s.trees[dir] = tree
	case !errors.Is(err, fs.ErrNotExist) && s.err == nil:
		s.err = fmt.Errorf("watch %s: %w", dir, err)
	}
}

// trouble is the reason why a folder is not watched.
func (s *saves) trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// run gathers events until there are no more for a while.
func (s *saves) run() {
	timer := time.NewTimer(0)
	<-timer.C
	defer timer.Stop()
	files, first := map[string]bool{}, time.Time{}
	var ready chan []string
	for {
		var all []string
		if ready != nil {
			all = slices.Sorted(maps.Keys(files))
		}
		select {
		case <-s.stop:
			return
		case e, ok := <-s.watcher.Events:
			if !ok {
				return
			}
			if e.Op == fsnotify.Chmod || passing(e.Name) {
				continue
			}
			s.follow(e, files)
			files[e.Name] = true
		case err, ok := <-s.watcher.Errors:
			if !ok {
				return
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				s.failed <- err
				return
			}
			files["/"] = true
		case <-timer.C:
			ready = s.saved
			continue
		case ready <- all:
			ready, files, first = nil, map[string]bool{}, time.Time{}
			continue
		}
		if first.IsZero() {
			first = time.Now()
		}
		timer.Reset(min(quietFor, time.Until(first.Add(saveLimit))))
	}
}

// follow watches a new folder in a watched tree. Files may be in it already.
func (s *saves) follow(e fsnotify.Event, files map[string]bool) {
	if !e.Has(fsnotify.Create) {
		return
	}
	info, err := os.Lstat(e.Name)
	s.mu.Lock()
	tree := s.trees[filepath.Dir(e.Name)]
	delete(s.trees, e.Name) // of an earlier folder of this name
	s.mu.Unlock()
	if err != nil || !info.IsDir() || !tree {
		return
	}
	s.add(e.Name, true)
	_ = filepath.WalkDir(e.Name, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[name] = true
		}
		return nil
	})
}

func (s *saves) close() {
	close(s.stop)
	_ = s.watcher.Close()
	s.done.Wait()
}

// passing reports whether a name is that of a file that an editor keeps while it is open or saves:
// of vi, Emacs, Kate, GLib's and JetBrains' editors.
func passing(file string) bool {
	name := filepath.Base(file)
	switch ext := filepath.Ext(name); {
	case strings.HasSuffix(name, "~"), name == "4913", name == ".git":
		return true
	case strings.HasPrefix(name, ".") && (ext == ".swp" || ext == ".swo" || ext == ".swx" || ext == ".swpx" || ext == ".kate-swp"):
		return true
	}
	return strings.HasPrefix(name, ".#") || strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#") ||
		strings.HasPrefix(name, ".goutputstream-") || strings.Contains(name, "___jb_")
}
