package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/slides"
)

// source is where a deck comes from.
type source struct {
	deck *markdown.Deck
	fsys fs.FS
	root string // the directory behind fsys; "" for the deck that is built in
}

// openDecks loads the decks that are named, which lie in root if that is given. The
// mistakes of all of them come at once.
func openDecks(args []string, root string) ([]*source, error) {
	if len(args) == 0 {
		if info, err := os.Stat("slides"); err == nil && info.IsDir() {
			args = []string{"slides"}
		} else {
			src, err := loadDeck(slides.FS(), "", ".", markdown.Options{Path: func(name string) string { return path.Join("slides", name) }})
			return []*source{src}, err
		}
	}
	var all []*source
	var errs markdown.ErrorList
	for _, arg := range args {
		src, err := openDeck(arg, root)
		var list markdown.ErrorList
		switch {
		case errors.As(err, &list):
			errs = append(errs, list...)
		case err != nil:
			return nil, err
		}
		all = append(all, src)
	}
	errs.Sort()
	return all, errs.Err()
}

func openDeck(arg, root string) (*source, error) {
	abs, err := filepath.Abs(arg)
	if err != nil {
		return nil, err
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
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
	top := repository(dir)
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
	r, err := os.OpenRoot(top)
	if err != nil {
		return nil, err
	}
	show := shown(arg, top)
	return loadDeck(r.FS(), top, filepath.ToSlash(name), markdown.Options{
		Path:    show,
		Outside: func(name string) string { return rootHint(top, dir, name, show) },
	})
}

func loadDeck(fsys fs.FS, root, name string, opts markdown.Options) (*source, error) {
	opts.Env, opts.Directives = os.LookupEnv, runner.DirectiveNames()
	deck, err := markdown.Load(fsys, name, opts)
	return &source{deck: deck, fsys: fsys, root: root}, err
}

// rootHint says which --root would make a file known that a deck in dir names and top
// does not hold: a directory above dir that it is relative to, or one that both are in.
// Such a file is looked for, and never opened.
func rootHint(top, dir, name string, show func(string) string) string {
	name = filepath.FromSlash(name)
	root := filepath.Dir(dir)
	outside := !filepath.IsLocal(name)
	if outside { // the root is as far above top as the name leads
		root = top
		for up := ".." + string(filepath.Separator); strings.HasPrefix(name, up); root = filepath.Dir(root) {
			name = name[len(up):]
		}
	}
	for ; root != filepath.Dir(root); root = filepath.Dir(root) {
		if info, err := os.Stat(filepath.Join(root, name)); err == nil && info.Mode().IsRegular() {
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

// repository is the nearest directory upwards that holds a .git, else dir itself:
// includes cannot leave it.
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

// shown turns names below top into paths like the one that the user gave: relative
// to the working directory, unless it was absolute.
func shown(arg, top string) func(string) string {
	wd, err := os.Getwd()
	if err == nil {
		wd, err = filepath.EvalSymlinks(wd)
	}
	return func(name string) string {
		full := filepath.Join(top, filepath.FromSlash(name))
		if err != nil || filepath.IsAbs(arg) {
			return full
		}
		rel, err := filepath.Rel(wd, full)
		if err != nil {
			return full
		}
		return rel
	}
}

// selectionFlags adds the flags that narrow what runs.
func selectionFlags(cmd *cobra.Command, d *dialect) func() (runner.Selection, error) {
	var sel runner.Selection
	var ranges []string
	f := cmd.Flags()
	f.StringArrayVar(&sel.Chapters, "chapter", nil, "only the chapter `NAME`: a file's stem, or the slug of a \"# Title\" (repeatable)")
	f.StringArrayVar(&ranges, "slide", nil, "only slide `N` or slides N-M (repeatable)")
	f.StringArrayVar(&sel.Exercises, "exercise", nil, "only the exercise with this `ID` (repeatable)")
	complete := func(pick func(*markdown.Deck) []string) cobra.CompletionFunc {
		return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			sources, _ := openDecks(args, d.root)
			var names []string
			for _, src := range sources {
				if src != nil && src.deck != nil {
					names = append(names, pick(src.deck)...)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		}
	}
	for flag, pick := range map[string]func(*markdown.Deck) []string{"chapter": chapterNames, "exercise": exerciseIDs} {
		if err := cmd.RegisterFlagCompletionFunc(flag, complete(pick)); err != nil {
			panic(err) // the flag is defined above
		}
	}
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

// composeFiles are the names that Compose looks for.
var composeFiles = []string{"docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml"}

// workdir is the directory that a session of a deck starts in: the one that the
// deck names, else the folder of the Compose file beside the deck, else the sample
// application's.
func (src *source) workdir(s *runner.Session, inPlace bool) (runner.Workdir, error) {
	dir := s.Workdir
	if dir == "" {
		dir = src.composeDir()
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
	return runner.Workdir{Name: name, FS: sub}, err
}

// composeDir is the folder beside the deck with a Compose file: the deck's own, or
// the one above it. "" if there is none.
func (src *source) composeDir() string {
	near := []string{src.deck.Dir}
	if src.deck.Dir != "." {
		near = append(near, path.Dir(src.deck.Dir))
	}
	for _, dir := range near {
		for _, file := range composeFiles {
			if info, err := fs.Stat(src.fsys, path.Join(dir, file)); err == nil && info.Mode().IsRegular() {
				return dir
			}
		}
	}
	return ""
}
