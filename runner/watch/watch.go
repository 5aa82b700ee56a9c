// Package watch tells which files were saved. The operating system reports the changes; nothing is
// polled.
package watch

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Editors write in several steps. A change is delivered when no other has followed for settled, at
// the latest after longest.
const (
	settled = 50 * time.Millisecond
	longest = 150 * time.Millisecond
)

// Watcher watches folders. Editors replace files, so that the file itself cannot be watched.
type Watcher struct {
	// Changed delivers the names of changed files, each once, in order. Changes that nobody
	// receives are joined.
	Changed <-chan []string

	wanted  func(name string) bool
	watcher *fsnotify.Watcher
	done    sync.WaitGroup

	mu    sync.Mutex
	trees []string
}

// New begins to watch. Only files with a wanted name are reported.
func New(wanted func(name string) bool) (*Watcher, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	changed := make(chan []string)
	w := &Watcher{Changed: changed, wanted: wanted, watcher: watcher}
	w.done.Go(func() { w.run(changed) })
	return w, nil
}

// Folder adds a folder without the folders in it. An added folder stays one.
func (w *Watcher) Folder(dir string) error { return w.watcher.Add(dir) }

// Tree adds a folder and all folders in it, those that are made later included. A folder .git is
// left out.
func (w *Watcher) Tree(dir string) error {
	w.mu.Lock()
	if !slices.Contains(w.trees, dir) {
		w.trees = append(w.trees, dir)
	}
	w.mu.Unlock()
	_, err := w.grow(dir)
	return err
}

// grow adds the folders of a tree. It returns the files in it.
func (w *Watcher) grow(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // it is gone by now
			return nil
		case err != nil:
			return err
		case !d.IsDir():
			files = append(files, name)
			return nil
		case d.Name() == ".git":
			return fs.SkipDir
		}
		return w.watcher.Add(name)
	})
	return files, err
}

// inTree reports whether a file is in a watched tree.
func (w *Watcher) inTree(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.trees, func(dir string) bool { return Inside(dir, name) })
}

// everything are the watched trees, and the folder above all.
func (w *Watcher) everything() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(slices.Clone(w.trees), string(filepath.Separator))
}

// Inside reports whether a folder is or contains a file. Both names are absolute, or both are not.
func Inside(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// run collects changes until the watching ends.
func (w *Watcher) run(changed chan<- []string) {
	timer := time.NewTimer(0)
	<-timer.C
	defer timer.Stop()
	var names []string
	var first time.Time
	var deliver chan<- []string // nil while the changes settle
	add := func(name string) {
		if !w.wanted(name) {
			return
		}
		now := time.Now()
		if len(names) == 0 || deliver != nil {
			first = now
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		deliver = nil
		timer.Reset(max(0, min(settled, longest-now.Sub(first))))
	}
	for {
		select {
		case e, ok := <-w.watcher.Events:
			if !ok {
				return
			}
			add(e.Name)
			if e.Has(fsnotify.Create) && w.inTree(e.Name) {
				files, _ := w.grow(e.Name) // a folder that cannot be read has no files for a session either
				for _, f := range files {
					add(f)
				}
			}
		case err, ok := <-w.watcher.Errors:
			if !ok {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) { // some changes are lost: any file may have changed
				for _, name := range w.everything() {
					add(name)
				}
			}
		case <-timer.C:
			if len(names) > 0 {
				deliver = changed
			}
		case deliver <- names:
			names, deliver = nil, nil
		}
	}
}

// Close ends the watching.
func (w *Watcher) Close() error {
	err := w.watcher.Close()
	w.done.Wait()
	return err
}

// Scratch reports whether a name is that of a file which an editor makes for itself.
func Scratch(name string) bool {
	base := filepath.Base(name)
	return base == "4913" || strings.HasSuffix(base, "~") || strings.HasPrefix(base, ".#") ||
		strings.HasPrefix(base, "#") && strings.HasSuffix(base, "#") ||
		strings.HasPrefix(base, ".") && len(base) > 4 && strings.HasPrefix(filepath.Ext(base), ".sw")
}
