package markdown

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/parser"
	"mvdan.cc/sh/v3/syntax"
)

// Options adapt [Load] to its surroundings. The zero value is useful.
type Options struct {
	// Path turns a name inside the file system into a name for the user, such as a path
	// relative to the working directory. Nil: the name itself.
	Path func(name string) string
	// Env looks up OVERRIDE_KEY variables, which override a manifest's keys.
	// Nil: there are none.
	Env func(key string) (string, bool)
	// Outside is a hint at a file that is named and not found in the file system, such as
	// another root that has it; "" if there is none. name is relative to the root, and
	// leads out of it where it begins with "../". Nil: there are no such hints.
	Outside func(name string) string
	// Directives are names of directives beside those of the dialect. They decide
	// which fences of an exercise are steps and which are text: a fence in sight is a
	// step when its word is a directive or nearly one, a fence in a comment unless it
	// is of another language. Whether a directive exists is the runner's to say: one
	// that the runner lacks must come to it as a step, and not pass as text.
	Directives []string
	// Style is the name of the style that all documents are read by, unless one names its own;
	// see [Styles]. Its steps may run. "": the manifest's, else the one that the documents show.
	Style string
	// Fill gives commands at prompts that show no output an empty output step, to be filled in.
	Fill bool
}

// Load reads the deck called name from fsys: a directory (its workshop.yml, else
// its *.md files in name order), a manifest, or one document. fsys is the root of
// the repository, which includes cannot leave; that links cannot leave it either is
// up to fsys, as in [os.Root.FS]. Mistakes in the input are an [ErrorList] holding
// all of them, in the order of their positions; the deck is returned beside it as
// far as it could be read.
//
// The files of `@@INCLUDE[file]` and `@@LINK[file]` are relative to the root; files missing
// there are looked for beside the deck, because decks are handed on without
// their repository, and inside other ones.
//
// A file of a deck without a manifest gets the values of the manifests in its folder and above that
// list it, or if none does, of all those there.
//
// A chapter has the name in the manifest, else its file's stem; an inline fragment has the
// slug of its title or else inline-N. A chapter whose name is taken
// gets -2, -3 … and a warning; a name given twice by a manifest is an error.
func Load(fsys fs.FS, name string, opts Options) (*Deck, error) {
	l := newLoader(fsys, opts)
	if opts.Style != "" {
		if l.options = l.styleOf(opts.Style, Pos{File: "--style"}.Point()); l.options == nil {
			return &Deck{}, l.done(&Deck{})
		}
	}
	d := l.load(path.Clean(name))
	for name, f := range l.files {
		if f.err == nil {
			d.Files = append(d.Files, name)
		}
	}
	slices.Sort(d.Files)
	return d, l.done(d)
}

// Parse reads src, the file called name, as a deck of one chapter. It includes
// nothing.
func Parse(name string, src []byte) (*Deck, error) { return ParseStyle(name, src, Options{}) }

// ParseStyle is Parse with the style of some options.
func ParseStyle(name string, src []byte, opts Options) (*Deck, error) {
	l := newLoader(nil, Options{Fill: opts.Fill})
	l.options = findStyle(opts.Style)
	d := l.single(newFile(name, string(src)), path.Clean(name))
	return d, l.done(d)
}

// loader reads one deck.
type loader struct {
	fsys      fs.FS
	show      func(name string) string
	env       func(key string) (string, bool)
	hint      func(name string) string // at files outside of fsys
	home      string                   // the deck's directory, searched for files missing at the root
	near      []string                 // and those of the manifests beside its file, if the deck has none
	options   *style                   // of the options
	fill      bool                     // of the options
	terminals *terminals               // of the session under way
	shell     *syntax.Parser           // of commands at prompts
	vocabulary
	values map[string]string // of substitutions, by manifest key
	titled string            // the deck's title in a directory's list of documents
	alone  bool              // the deck has no manifest
	parser parser.Parser     // of headings
	log                      // of the deck itself
	logs   []*log            // of the chapters

	found

	contents
}

// found is what has been looked for in the file system, by name.
type found struct {
	files   map[string]opened
	looked  map[string]error      // the errors, nil if the file exists
	folders map[string][]*listing // the manifests of folders
}

// contents are the headings of a deck, for its table of contents.
type contents struct {
	count    int             // of slides
	headings []partHeading   // of the chapter that is being parsed
	outline  [][]partHeading // of each chapter
	tops     []int           // the top-level item of each chapter
}

// opened is a file that has been read, or the error of reading it.
type opened struct {
	file *file
	err  error
}

func newLoader(fsys fs.FS, opts Options) *loader {
	l := &loader{
		fsys: fsys, show: opts.Path, env: opts.Env, hint: opts.Outside, home: ".", vocabulary: newVocabulary(opts.Directives),
		values: map[string]string{}, found: found{map[string]opened{}, map[string]error{}, map[string][]*listing{}},
		parser: goldmark.DefaultParser(), fill: opts.Fill, shell: syntax.NewParser(syntax.Variant(syntax.LangBash)),
	}
	if l.show == nil {
		l.show = func(name string) string { return name }
	}
	if l.env == nil {
		l.env = func(string) (string, bool) { return "", false }
	}
	if l.hint == nil {
		l.hint = func(string) string { return "" }
	}
	return l
}

// done sorts the mistakes and returns the errors.
func (l *loader) done(d *Deck) error {
	errs, warnings := l.errors.list, l.warnings.list
	for _, log := range l.logs {
		errs = append(errs, log.errors.list...)
		warnings = append(warnings, log.warnings.list...)
	}
	errs.Sort()
	warnings.Sort()
	d.Warnings = warnings
	return errs.Err()
}

func (l *loader) load(name string) *Deck {
	d := &Deck{Name: stem(name), Dir: path.Dir(name), Session: SessionChapter}
	l.home = d.Dir
	at := Pos{File: l.show(name)}.Point()
	if !fs.ValidPath(name) {
		l.fail(CodeUnreadableDeck, at, "", "leaves the repository")
		return d
	}
	info, err := fs.Stat(l.fsys, name)
	switch {
	case err == nil && info.IsDir():
		return l.directory(name)
	case strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml"):
		f, err := l.open(name, maxManifest)
		if err != nil {
			l.fail(CodeUnreadableDeck, at, l.fileHint(name, err), "%v", err)
			return d
		}
		return l.manifest(f)
	case IsDocument(name):
		f, err := l.open(name, maxFile)
		if err != nil {
			l.fail(CodeUnreadableDeck, at, l.fileHint(name, err), "%v", err)
			return d
		}
		return l.single(f, name)
	case errors.Is(err, fs.ErrNotExist):
		l.fail(CodeUnreadableDeck, at, l.nearFile(name), "no such file or directory")
	case err != nil:
		l.fail(CodeUnreadableDeck, at, l.fileHint(name, err), "%v", l.unreadable(err))
	default:
		l.fail(CodeUnreadableDeck, at, "a deck is a directory, a manifest (.yml) or one document (.md)", "not a deck")
	}
	return d
}

// single makes a deck of one file.
func (l *loader) single(f *file, name string) *Deck {
	d := &Deck{Name: stem(name), File: f.name, Dir: path.Dir(name), Session: SessionChapter}
	l.alone = true
	l.chapters(d, []item{{file: f, at: f.pos(0).Point()}})
	l.finish(d, nil)
	if l.fsys != nil {
		d.Unheeded = l.unheeded(name)
	}
	return d
}

// directory makes a deck of a directory.
func (l *loader) directory(name string) *Deck {
	if manifest := path.Join(name, "workshop.yml"); l.exists(manifest) {
		return l.load(manifest)
	}
	l.home, l.alone = name, true
	shown := l.show(name)
	d := &Deck{Name: path.Base(shown), Dir: name, Session: SessionChapter}
	if d.Name == "." || d.Name == ".." || d.Name == "/" {
		d.Name = "deck"
	}
	for _, st := range styles() {
		if st.files == nil {
			continue
		}
		if items, ok := st.files(l, name); ok {
			d.Session, d.Title = st.session, l.titled
			l.chapters(d, items)
			l.finish(d, nil)
			return d
		}
	}
	entries, err := fs.ReadDir(l.fsys, name)
	if err != nil {
		l.fail(CodeUnreadableDeck, Pos{File: shown}.Point(), l.fileHint(name, err), "%v", l.unreadable(err))
		return d
	}
	var items []item
	found := false
	for i, e := range entries {
		if !IsDocument(e.Name()) || e.IsDir() || l.derived(name, e.Name()) {
			continue
		}
		found = true
		file := path.Join(name, e.Name())
		f, err := l.open(file, maxFile)
		if err != nil {
			l.fail(CodeMissingFile, Pos{File: l.show(file)}.Point(), l.fileHint(file, err), "%v", err)
			continue
		}
		items = append(items, item{file: f, at: f.pos(0).Point(), top: i})
	}
	if !found {
		l.fail(CodeUnreadableDeck, Pos{File: shown}.Point(), l.below(name, entries), "no deck here: neither workshop.yml nor any .md file")
	}
	l.chapters(d, items)
	l.finish(d, nil)
	return d
}

// documentEndings are the endings of the files that are read as Markdown.
func documentEndings() []string { return []string{".md", ".markdown", ".mdx", ".Rmd", ".qmd"} }

// IsDocument reports whether a file is read as Markdown, by its name.
func IsDocument(name string) bool {
	return slices.Contains(documentEndings(), path.Ext(name)) && !strings.HasPrefix(path.Base(name), ".")
}

// derived reports whether a document of a folder has a rendered form beside it, which is read
// instead: a.md for a.Rmd.
func (l *loader) derived(dir, name string) bool {
	return path.Ext(name) != ".md" && l.exists(path.Join(dir, stem(name)+".md"))
}

// documentsBelow are the documents of a folder and of the folders in it, in the order of their names.
func (l *loader) documentsBelow(dir string) (items []item) {
	seen := 0
	_ = fs.WalkDir(l.fsys, dir, func(name string, e fs.DirEntry, err error) error {
		if seen++; seen > maxBelow {
			return fs.SkipAll
		}
		if err != nil || e.IsDir() || !IsDocument(name) || l.derived(path.Dir(name), e.Name()) {
			return nil //nolint:nilerr // a folder that cannot be read has no document
		}
		items = l.listed(items, Pos{File: l.show(dir)}.Point(), ".", name)
		return nil
	})
	return items
}

// maxBelow bounds the files and folders that are looked at below a folder.
const maxBelow = 1000

// below is a hint at the folders below one that has no document: those that have some.
func (l *loader) below(name string, entries []fs.DirEntry) string {
	var found []string
	seen := 0
	var look func(dir string, entries []fs.DirEntry)
	look = func(dir string, entries []fs.DirEntry) {
		if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() && IsDocument(e.Name()) }) {
			found = append(found, l.show(dir))
			return
		}
		for _, e := range entries {
			if seen++; seen > maxBelow || !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			sub := path.Join(dir, e.Name())
			inner, _ := fs.ReadDir(l.fsys, sub) // without them it has none
			look(sub, inner)
		}
	}
	look(name, entries)
	switch len(found) {
	case 0:
		return ""
	case 1, 2, 3:
		return "there are documents in " + strings.Join(found, ", ")
	}
	return fmt.Sprintf("there are documents in %s and %d more folders", strings.Join(found[:3], ", "), len(found)-3)
}

// item is a chapter to be read.
type item struct {
	file      *file
	name      string // "" if not given
	title     string // of a page of a scenario
	called    string // the name instead of the file\'s stem; "" if not given
	at        Span
	top       int // the index of the top-level item that it belongs to
	session   SessionMode
	style     *style   // nil if not given
	scripts   *scripts // of a page of a scenario
	statuses  string
	workdir   string
	exclusive bool
	terms     Terms
	needs     []need
}

// need is the name of a chapter that another one needs.
type need struct {
	name string
	at   Span
}

// chapters parses and names the chapters of a deck and checks their needs.
func (l *loader) chapters(d *Deck, items []item) {
	inline := 0
	taken := map[string]bool{}
	docs := l.documents(items)
	styles := l.choose(d, docs, items)
	items = items[:len(docs)]
	for i, it := range items {
		if l.count > maxSlides {
			l.tooManySlides(it)
			items = items[:i]
			break
		}
		c := &Chapter{
			Name: it.name, Title: it.title, File: it.file.name, Path: it.file.path, Pos: it.at.Pos,
			Session: it.session, Style: styles[i].name, Asked: styles[i].asked, Statuses: it.statuses, Workdir: it.workdir,
			Exclusive: it.exclusive, Terms: it.terms, Files: docs[i].src.files(),
		}
		l.ownSession(d, it)
		l.headings = nil
		if i == 0 || cmp.Or(c.Session, d.Session) != SessionDeck {
			l.terminals = &terminals{active: 1, panes: 1}
		}
		if styles[i].steps != nil {
			docs[i] = l.asWritten(docs[i], it.file)
		}
		l.parse(c, docs[i], styles[i].style)
		l.outline = append(l.outline, l.headings)
		l.tops = append(l.tops, it.top)
		if it.file.path == "" && it.file.place != nil && it.called == "" {
			inline++
			if c.Name == "" {
				c.Name = Slug(c.Title)
			}
			if c.Name == "" {
				c.Name = "inline-" + strconv.Itoa(inline)
			}
		}
		if it.name != "" {
			if taken[c.Name] {
				l.fail(CodeDuplicateChapter, it.at, "names are unique in a deck", "another chapter is named %s", c.Name)
			}
			taken[c.Name] = true
		}
		d.Chapters = append(d.Chapters, c)
	}
	// A chapter that is called like the second one of another name keeps its name.
	stems := map[string]bool{}
	for i, c := range d.Chapters {
		if c.Name == "" {
			c.Name = cmp.Or(items[i].called, stem(items[i].file.name))
			if items[i].called == "" && items[i].file.path != "" {
				c.Name = stem(items[i].file.path)
			}
		}
		stems[c.Name] = true
	}
	next := map[string]int{}
	for i, c := range d.Chapters {
		if c.Title == "" {
			c.Title = c.Name
		}
		if items[i].name != "" {
			continue
		}
		if name := c.Name; taken[name] {
			for n := max(2, next[name]); taken[c.Name] || stems[c.Name]; n++ {
				c.Name = name + "-" + strconv.Itoa(n)
				next[name] = n + 1
			}
			hint := "give it a name: of its own"
			if items[i].called != "" {
				hint = "give its page a title of its own"
			}
			l.warn(CodeRenamedChapter, c.Pos.Point(), hint, "another chapter is called %s: this one is %s", name, c.Name)
		}
		taken[c.Name] = true
	}
	if d.Title == "" && len(d.Chapters) > 0 {
		d.Title = d.Chapters[0].Title
	}
	l.needs(d, items)
}

// documents scans the files of a deck, up to its limit.
func (l *loader) documents(items []item) (docs []*document) {
	size, slides := 0, 0
	for _, it := range items {
		if size += len(it.file.text); size > maxDeck || slides > maxSlides {
			l.tooManySlides(it)
			break
		}
		if l.alone && l.fsys != nil && strings.Contains(it.file.text, "@@") {
			l.borrow(it.file.path)
		}
		d := l.document(it.file)
		d.scripts = it.scripts
		for _, t := range d.tokens {
			if t.kind == separatorToken {
				slides++
			}
		}
		docs = append(docs, d)
	}
	return docs
}

func (l *loader) tooManySlides(it item) {
	l.fail(CodeTooLarge, it.at, "", "from here on the deck is too large: more than %d MiB, or %d slides", maxDeck>>20, maxSlides)
}

// needs resolves the needs of chapters.
func (l *loader) needs(d *Deck, items []item) {
	byName := map[string]int{}
	var names []string
	for i, c := range d.Chapters {
		byName[c.Name] = i
		names = append(names, c.Name)
	}
	for i, c := range d.Chapters {
		for _, n := range items[i].needs {
			if l.errors.full() {
				break
			}
			if _, ok := byName[n.name]; !ok {
				l.fail(CodeUnknownChapter, n.at, didYouMean(Suggest(n.name, names)), "no chapter is named %s", n.name)
				continue
			}
			c.Needs = append(c.Needs, n.name)
		}
	}
	const (
		visiting = 1
		visited  = 2
	)
	state := make([]int, len(d.Chapters))
	var visit func(i int)
	visit = func(i int) {
		state[i] = visiting
		for _, name := range d.Chapters[i].Needs {
			switch j := byName[name]; state[j] {
			case 0:
				visit(j)
			case visiting:
				l.fail(CodeNeedsCycle, d.Chapters[i].Pos.Point(), "", "chapter %s needs itself, by way of %s", name, d.Chapters[i].Name)
			}
		}
		state[i] = visited
	}
	for i := range d.Chapters {
		if state[i] == 0 {
			visit(i)
		}
	}
}

// stem is a file's name without directories and extension.
func stem(name string) string {
	base := path.Base(name)
	if s := strings.TrimSuffix(base, path.Ext(base)); s != "" {
		return s
	}
	return base
}

// setValues makes a manifest's keys known to substitutions.
func (l *loader) setValues(values map[string]string) {
	maps.Copy(l.values, values)
	if title, ok := l.values["title"]; ok {
		l.values["title"] = strings.Join(strings.FieldsFunc(title, func(r rune) bool { return r == '\n' }), "<br/>")
	}
}

// maxReports is the largest number of errors, and of warnings, of a chapter.
const maxReports = 100

// log collects the mistakes of a chapter or a manifest.
type log struct{ errors, warnings reports }

func (l *log) fail(code Code, at Span, hint, format string, args ...any) {
	l.failFix(nil, code, at, hint, format, args...)
}

func (l *log) warn(code Code, at Span, hint, format string, args ...any) {
	l.warnFix(nil, code, at, hint, format, args...)
}

// failFix and warnFix report a mistake with the edits that repair it.
func (l *log) failFix(fix []Edit, code Code, at Span, hint, format string, args ...any) {
	l.errors.add("errors", CodeTooManyErrors, &Error{code, at.Pos, at.End, fmt.Sprintf(format, args...), hint, fix})
}

func (l *log) warnFix(fix []Edit, code Code, at Span, hint, format string, args ...any) {
	l.warnings.add("warnings", CodeTooManyWarnings, &Error{code, at.Pos, at.End, fmt.Sprintf(format, args...), hint, fix})
}

// reports is a bounded list.
type reports struct{ list ErrorList }

func (r *reports) full() bool { return len(r.list) > maxReports }

func (r *reports) add(what string, full Code, e *Error) {
	switch {
	case r.full():
	case len(r.list) == maxReports:
		r.list.Add(full, e.Pos.Point(), "", "too many %s: no more of this chapter are shown", what)
	default:
		e.Message, e.Hint = oneLine(e.Message), oneLine(e.Hint)
		r.list = append(r.list, e)
	}
}

// oneLine keeps text quoted from a deck from breaking or colouring a message.
func oneLine(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r < ' ' || r == 0x7f || misleading(s, i, r) != "" {
			r = '�'
		}
		b.WriteRune(r)
	}
	return b.String()
}
