package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/slides"
)

// source is the place that a deck was loaded from.
type source struct {
	deck *markdown.Deck
	fsys fs.FS
	root string // the directory behind fsys; "" for the deck that is built in
	opts markdown.Options
	// files are those that the deck was read from: absolute, without links
	files []string
}

// openDecks loads the named decks, which lie below root if root is not empty, with the style of the
// options. The error holds the mistakes of all of them.
func openDecks(args []string, root string, opts markdown.Options) ([]*source, error) {
	if len(args) == 0 {
		if info, err := os.Stat("slides"); err == nil && info.IsDir() {
			args = []string{"slides"}
		} else if info, err := os.Stat("workshop.yml"); err == nil && !info.IsDir() {
			args = []string{"."}
		} else {
			opts.Path = func(name string) string { return path.Join("slides", name) }
			src, err := loadDeck(slides.FS(), "", ".", opts)
			return []*source{src}, err
		}
	}
	var all []*source
	var errs markdown.ErrorList
	known, used := newPlaces(), map[string]bool{}
	for _, arg := range args {
		src, err := openDeck(arg, root, opts, known)
		var list markdown.ErrorList
		switch {
		case errors.As(err, &list):
			errs = append(errs, list...)
		case err != nil:
			return nil, err
		}
		if src != nil && src.deck != nil {
			// Reports and shards tell decks apart by their names; all manifests have the same file name.
			name := src.deck.Name
			for n := 2; used[src.deck.Name]; n++ {
				src.deck.Name = fmt.Sprintf("%s-%d", name, n)
			}
			used[src.deck.Name] = true
		}
		all = append(all, src)
	}
	errs.Sort()
	return all, errs.Err()
}

func openDeck(arg, root string, opts markdown.Options, known *places) (*source, error) {
	abs, err := filepath.Abs(arg)
	if err != nil {
		return nil, err
	}
	if abs, err = known.real(abs); err != nil {
		return nil, fmt.Errorf("there is no deck at %s: %w", arg, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, err
	}
	dir := abs
	if !info.IsDir() {
		dir = filepath.Dir(abs)
	}
	top := known.top(dir)
	if root != "" {
		if top, err = filepath.Abs(root); err != nil {
			return nil, err
		}
		if top, err = filepath.EvalSymlinks(top); err != nil {
			return nil, fmt.Errorf("--root: %w", err)
		}
	}
	name, err := filepath.Rel(top, abs)
	if err != nil || !filepath.IsLocal(name) {
		return nil, fmt.Errorf("the deck %s is not inside --root %s", arg, root)
	}
	r, err := markdown.OpenRoot(top)
	if err != nil {
		return nil, err
	}
	show := shown(arg, top, abs, known.wd, info.IsDir())
	opts.Path, opts.Outside = show, func(name string) string { return rootHint(top, dir, name, show) }
	read := &recorder{Root: r, dir: top, files: map[string]bool{}, places: known}
	src, err := loadDeck(read, top, filepath.ToSlash(name), opts)
	if src != nil {
		src.fsys, src.files = r, read.list()
	}
	return src, err
}

func loadDeck(fsys fs.FS, root, name string, opts markdown.Options) (*source, error) {
	opts.Env, opts.Directives = os.LookupEnv, runner.DirectiveNames()
	deck, err := markdown.Load(fsys, name, opts)
	return &source{deck: deck, fsys: fsys, root: root, opts: opts}, err
}

// rootHint returns the --root that would bring a named file inside the root. The deck in dir names
// the file and top does not hold it. The hint is a directory above dir that the name is relative
// to, or the common parent of both. The file, or directory, is looked up and never opened.
func rootHint(top, dir, name string, show func(string) string) string {
	name = filepath.FromSlash(name)
	root := filepath.Dir(dir)
	outside := !filepath.IsLocal(name)
	if outside { // the root is as many levels above top as the name climbs
		root = top
		for up := ".." + string(filepath.Separator); strings.HasPrefix(name, up); root = filepath.Dir(root) {
			name = name[len(up):]
		}
	}
	for ; root != filepath.Dir(root); root = filepath.Dir(root) {
		if info, err := os.Stat(filepath.Join(root, name)); err == nil && (info.Mode().IsRegular() || info.IsDir()) {
			if rel, err := filepath.Rel(top, root); err == nil {
				return "it is there with --root " + show(filepath.ToSlash(rel))
			}
		}
		if outside {
			break
		}
	}
	return ""
}

// places remembers what was found out about directories, for commands that name many files.
type places struct {
	tops    map[string]string          // the roots of decks in a directory
	links   map[string]string          // of directories to them without links
	folders map[string]map[string]bool // that the manifests of a directory list files of
	wd      string                     // the working directory without links; "" if there is none
}

func newPlaces() *places {
	wd, err := os.Getwd()
	if err == nil {
		wd, err = filepath.EvalSymlinks(wd)
	}
	if err != nil {
		wd = ""
	}
	return &places{map[string]string{}, map[string]string{}, map[string]map[string]bool{}, wd}
}

// real is a path without links.
func (p *places) real(name string) (string, error) {
	dir, known := p.links[filepath.Dir(name)]
	if !known {
		var err error
		if dir, err = filepath.EvalSymlinks(filepath.Dir(name)); err != nil {
			return "", err
		}
		p.links[filepath.Dir(name)] = dir
	}
	full := filepath.Join(dir, filepath.Base(name))
	info, err := os.Lstat(full)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return filepath.EvalSymlinks(full)
	}
	return full, err
}

// top is the root of a deck in a directory: the nearest directory upwards that holds a .git, else
// the one above if a manifest there lists files of the directory, else the directory. It bounds the
// includes.
func (p *places) top(dir string) string {
	top, known := p.tops[dir]
	if !known {
		top = repository(dir)
		if _, err := os.Stat(filepath.Join(dir, ".git")); err != nil && top == dir && p.listed(dir) {
			top = filepath.Dir(dir) // the deck is a part of a course without a repository
		}
		p.tops[dir] = top
	}
	return top
}

// listed reports whether a manifest in the directory above lists files of a directory.
func (p *places) listed(dir string) bool {
	above := filepath.Dir(dir)
	if _, known := p.folders[above]; !known {
		p.folders[above] = nil
		if r, err := markdown.OpenRoot(above); err == nil {
			p.folders[above] = markdown.ListedFolders(r)
			r.Close()
		}
	}
	return p.folders[above][filepath.Base(dir)]
}

// repository is the nearest directory upwards that holds a .git, else dir itself.
func repository(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, ".git")); err == nil {
			return d
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}

// shown returns a function that turns names below top into paths in the style of the user's
// argument, whose links lead to realPath: those beside it or below it begin as it does. Others are
// relative to the working directory, unless there is none or the argument was absolute.
func shown(arg, top, realPath, wd string, isDir bool) func(string) string {
	given := filepath.Clean(arg)
	dir, below := given, realPath
	if !isDir {
		dir, below = filepath.Dir(given), filepath.Dir(realPath)
	}
	return func(name string) string {
		full := filepath.Join(top, filepath.FromSlash(name))
		if full == realPath {
			return given
		}
		if rel, err := filepath.Rel(below, full); err == nil && filepath.IsLocal(rel) {
			name := filepath.Join(dir, rel)
			if _, err := os.Stat(name); err == nil {
				return name
			}
		}
		if wd == "" || filepath.IsAbs(arg) {
			return full
		}
		rel, err := filepath.Rel(wd, full)
		if err != nil {
			return full
		}
		return rel
	}
}

// selectionFlags adds the flags that select a part of the deck.
func selectionFlags(cmd *cobra.Command, d *dialect) func() (runner.Selection, error) {
	var sel runner.Selection
	var ranges []string
	f := cmd.Flags()
	f.StringArrayVar(&sel.Chapters, "chapter", nil, "only the chapter `NAME`: a file's stem, or the slug of a \"# Title\" (repeatable)")
	f.StringArrayVar(&ranges, "slide", nil, "only slide `N` or slides N-M (repeatable)")
	f.StringArrayVar(&sel.Exercises, "exercise", nil, "only the exercise with this `ID` (repeatable)")
	completeNothing(cmd, "slide")
	completeDeck(cmd, "chapter", d, chapterNames)
	completeDeck(cmd, "exercise", d, exerciseIDs)
	return func() (runner.Selection, error) {
		for _, s := range ranges {
			r, err := runner.ParseRange(s)
			if err != nil {
				return sel, fmt.Errorf("--slide: %w", err)
			}
			sel.Slides = append(sel.Slides, r)
		}
		return sel, nil
	}
}

func chapterNames(d *markdown.Deck) (names []string) {
	for _, c := range d.Chapters {
		names = append(names, c.Name)
	}
	return names
}

func exerciseIDs(d *markdown.Deck) (ids []string) {
	for _, c := range d.Chapters {
		for _, s := range c.Slides {
			for _, e := range s.Exercises {
				ids = append(ids, e.ID)
			}
		}
	}
	return ids
}

// composeFiles are the file names that Compose looks for.
var composeFiles = []string{"docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml"}

// recorder notes the files that a deck is read from.
type recorder struct {
	*markdown.Root
	dir    string
	files  map[string]bool // absolute
	places *places
}

func (r *recorder) note(name string) {
	full := filepath.Join(r.dir, filepath.FromSlash(name))
	if to, err := r.places.real(full); err == nil {
		full = to
	}
	r.files[full] = true
}

// Open opens a file.
func (r *recorder) Open(name string) (fs.File, error) {
	r.note(name)
	return r.Root.Open(name)
}

// ReadFile reads a file.
func (r *recorder) ReadFile(name string) ([]byte, error) {
	r.note(name)
	return r.Root.ReadFile(name)
}

func (r *recorder) list() []string { return slices.Sorted(maps.Keys(r.files)) }

// workdir returns the directory in which a session of a deck starts: the directory that the deck
// names, else the folder of the Compose file beside the deck, else, for slides, the folder of the
// sample application, and for other documents an empty directory.
func (src *source) workdir(s *runner.Session, inPlace bool) (runner.Workdir, error) {
	dir := src.folder(s)
	if dir == "" && src.documents() {
		if inPlace {
			return runner.Workdir{Name: emptyDir, Place: filepath.Join(src.root, filepath.FromSlash(src.deck.Dir))}, nil
		}
		return runner.Workdir{Name: emptyDir}, nil
	}
	if dir == "" {
		if inPlace {
			return runner.Workdir{}, errors.New("--in-place: the deck has no working directory of its own")
		}
		app, err := fs.Sub(slides.FS(), "dockercoins")
		return runner.Workdir{Name: "dockercoins", FS: app}, err
	}
	if src.root == "" && inPlace {
		return runner.Workdir{}, errors.New("--in-place: the deck is built in")
	}
	name := path.Base(dir)
	if name == "." {
		name = filepath.Base(src.root)
	}
	if inPlace {
		return runner.Workdir{Name: name, Place: filepath.Join(src.root, filepath.FromSlash(dir))}, nil
	}
	sub, err := fs.Sub(src.fsys, dir)
	w := runner.Workdir{Name: name, FS: sub}
	if src.root != "" {
		w.Origin = filepath.Join(src.root, filepath.FromSlash(dir))
	}
	return w, err
}

// folder is the directory of the deck's file system in which a session starts; "" if it has none.
func (src *source) folder(s *runner.Session) string { return cmp.Or(s.Workdir, src.composeDir()) }

// emptyDir is the name of the directory in which a session of documents starts, unless they name one.
const emptyDir = "work"

// documents reports whether the deck consists of documents, not of slides about the sample
// application.
func (src *source) documents() bool {
	return slices.ContainsFunc(src.deck.Chapters, func(c *markdown.Chapter) bool { return c.Sections() })
}

// composeDirs are the directories in which a Compose file is looked for, in order.
func (src *source) composeDirs() []string {
	if src.deck.Dir == "." {
		return []string{"."}
	}
	return []string{src.deck.Dir, path.Dir(src.deck.Dir)}
}

// composeDir returns the folder of the Compose file: the deck's own folder, or its parent. "" if
// neither has one.
func (src *source) composeDir() string {
	for _, dir := range src.composeDirs() {
		for _, file := range composeFiles {
			if info, err := fs.Stat(src.fsys, path.Join(dir, file)); err == nil && info.Mode().IsRegular() {
				return dir
			}
		}
	}
	return ""
}
