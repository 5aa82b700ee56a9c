package lsp

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/lint"
)

// The limits of the search for manifests below a folder of the workspace.
const (
	maxEntries   = 20_000
	maxManifests = 200
	maxManifest  = 256 << 10 // bytes, as in the reader of manifests
)

// snapshot is the state of the editor for an analysis.
type snapshot struct {
	seq     int // of the last change
	open    map[string]*document
	folders []string
	dirty   map[string]bool // changes since the analysis before, by path
	rescan  bool            // manifests may have been added or removed
}

// deck is a deck that was read.
type deck struct {
	path     string // of its manifest or its only file
	top      string // the directory that includes cannot leave
	files    map[string]bool
	deck     *markdown.Deck
	steps    map[*markdown.Step]*runner.Step
	findings []*lint.Finding
}

// analysis holds the results for the decks of the open documents in a snapshot. It does not change.
type analysis struct {
	snapshot
	decks []*deck              // those with an open document: manifests first, by path
	texts map[string]*document // the texts of all positions, open or not
}

// workspace reads decks. It belongs to one goroutine.
type workspace struct {
	opts      Options
	roots     map[string]fs.FS
	manifests map[string][]string // by folder or directory that was searched
	decks     map[string]*deck    // by path
	closers   []func() error
}

func newWorkspace(opts Options) *workspace {
	return &workspace{opts: opts, roots: map[string]fs.FS{}, manifests: map[string][]string{}, decks: map[string]*deck{}}
}

func (w *workspace) close() error {
	var errs []error
	for _, c := range w.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// analyse reads the changed files and the decks that contain them.
func (w *workspace) analyse(snap snapshot) *analysis {
	if snap.rescan {
		w.manifests = map[string][]string{}
	}
	for path, d := range w.decks {
		for changed := range snap.dirty {
			if d.files[changed] {
				delete(w.decks, path)
				break
			}
		}
	}
	a := &analysis{snapshot: snap, texts: map[string]*document{}}
	used := map[string]*deck{}
	for _, doc := range snap.open {
		covered := false
		for _, name := range w.candidates(doc.path, snap) {
			d := w.load(name, snap)
			if name == doc.path || d.files[doc.path] {
				used[name], covered = d, true
			}
		}
		if single := markdown.IsDocument(doc.path) || !filepath.IsAbs(doc.path); single && !covered && markdown.ShowsCommands(doc.text) {
			used[doc.path] = w.load(doc.path, snap)
		}
	}
	for _, d := range used {
		a.decks = append(a.decks, d)
	}
	slices.SortFunc(a.decks, func(x, y *deck) int {
		return cmp.Or(cmp.Compare(filepath.Ext(y.path), filepath.Ext(x.path)), cmp.Compare(x.path, y.path))
	})
	for path := range w.decks {
		if used[path] == nil && !isManifest(path) {
			delete(w.decks, path)
		}
	}
	for path, doc := range snap.open {
		a.texts[path] = doc
	}
	for _, d := range a.decks {
		for _, f := range d.findings {
			w.text(a, d, f.Pos.File)
		}
	}
	return a
}

// text adds a file that is not open to an analysis.
func (w *workspace) text(a *analysis, d *deck, path string) {
	if a.texts[path] != nil || !filepath.IsAbs(path) {
		return
	}
	name, err := filepath.Rel(d.top, path)
	if err != nil || !filepath.IsLocal(name) {
		return
	}
	if b, err := fs.ReadFile(w.root(d.top), filepath.ToSlash(name)); err == nil {
		a.texts[path] = newDocument(uriOf(path), path, 0, string(b))
	}
}

// root returns a directory that no path leads out of.
func (w *workspace) root(top string) fs.FS {
	if fsys, ok := w.roots[top]; ok {
		return fsys
	}
	if top == "" {
		return nothing{}
	}
	root, err := markdown.OpenRoot(top)
	if err != nil {
		return nothing{} // it may be created later
	}
	w.closers = append(w.closers, root.Close)
	w.roots[top] = root
	if w.opts.wrap != nil {
		w.roots[top] = w.opts.wrap(root)
	}
	return w.roots[top]
}

// load reads and compiles a deck, unless that has been done.
func (w *workspace) load(path string, snap snapshot) *deck {
	if d := w.decks[path]; d != nil {
		return d
	}
	d := &deck{path: path, files: map[string]bool{path: true}, steps: map[*markdown.Step]*runner.Step{}}
	name, show := "untitled.md", func(string) string { return path }
	fsys := &overlay{open: snap.open, asked: d.files}
	if filepath.IsAbs(path) {
		d.top = w.opts.Repository(filepath.Dir(path))
		fsys.top = d.top
		show = fsys.abs
		rel, err := filepath.Rel(d.top, path)
		if err != nil {
			return d
		}
		name = filepath.ToSlash(rel)
	} else {
		fsys.open = map[string]*document{name: snap.open[path]}
	}
	fsys.base = w.root(d.top)
	var err error
	d.deck, err = markdown.Load(fsys, name, markdown.Options{Path: show, Env: w.opts.Env, Directives: runner.DirectiveNames()})
	plan, more := runner.Compile(d.deck)
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			for _, step := range e.Steps {
				d.steps[step.Step] = step
			}
		}
	}
	d.findings = lint.Run(lint.Input{
		Decks: []lint.Deck{{Deck: d.deck, FS: fsys}}, Plan: plan, Errors: append(listOf(err), listOf(more)...), Docker: w.opts.Docker,
	}, lint.Options{}).Findings
	w.decks[path] = d
	return d
}

func listOf(err error) markdown.ErrorList {
	var list markdown.ErrorList
	errors.As(err, &list)
	return list
}

// candidates returns the manifests that may include a file: itself, those in its folder of the
// workspace, or without one, those in its directory and above.
func (w *workspace) candidates(path string, snap snapshot) []string {
	if !filepath.IsAbs(path) {
		return nil
	}
	var found []string
	if isManifest(path) && w.looksLikeManifest(path, snap) {
		found = append(found, path)
	}
	add := func(names []string) {
		for _, name := range names {
			if !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	within := false
	for _, folder := range snap.folders {
		if rel, err := filepath.Rel(folder, path); err == nil && filepath.IsLocal(rel) {
			within = true
			add(w.search(folder, snap))
		}
	}
	if !within {
		top := w.opts.Repository(filepath.Dir(path))
		for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
			add(w.beside(dir, snap))
			if dir == top || dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return found
}

func isManifest(path string) bool {
	return strings.HasSuffix(path, ".yml") || strings.HasSuffix(path, ".yaml")
}

// search finds the manifests in a folder and below it.
func (w *workspace) search(folder string, snap snapshot) []string {
	if found, ok := w.manifests[folder+"/…"]; ok {
		return found
	}
	var found []string
	entries := 0
	_ = fs.WalkDir(w.root(folder), ".", func(name string, d fs.DirEntry, err error) error {
		entries++
		switch {
		case entries > maxEntries || len(found) >= maxManifests:
			return fs.SkipAll
		case d == nil || err != nil && d.IsDir():
			return fs.SkipDir // a directory that cannot be read holds no manifest for us
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "vendor"):
			return fs.SkipDir
		case !d.IsDir() && isManifest(name):
			if path := filepath.Join(folder, filepath.FromSlash(name)); w.looksLikeManifest(path, snap) {
				found = append(found, path)
			}
		}
		return nil
	})
	w.manifests[folder+"/…"] = found
	return found
}

// beside finds the manifests in a directory.
func (w *workspace) beside(dir string, snap snapshot) []string {
	if found, ok := w.manifests[dir]; ok {
		return found
	}
	var found []string
	entries, _ := fs.ReadDir(w.root(dir), ".")
	for _, e := range entries[:min(len(entries), maxEntries)] {
		if path := filepath.Join(dir, e.Name()); !e.IsDir() && isManifest(path) && len(found) < maxManifests && w.looksLikeManifest(path, snap) {
			found = append(found, path)
		}
	}
	w.manifests[dir] = found
	return found
}

// looksLikeManifest reports whether a YAML file is a deck's manifest: it has content:.
func (w *workspace) looksLikeManifest(path string, snap snapshot) bool {
	base := filepath.Base(path)
	if base == "workshop.yml" || base == "workshop.yaml" {
		return true
	}
	var text []byte
	if doc := snap.open[path]; doc != nil {
		text = []byte(doc.text)
	} else {
		dir := w.root(filepath.Dir(path))
		info, err := fs.Stat(dir, base)
		if err != nil || info.Size() > maxManifest || !info.Mode().IsRegular() {
			return false
		}
		if text, err = fs.ReadFile(dir, base); err != nil {
			return false
		}
	}
	return markdown.LooksLikeManifest(string(text))
}
