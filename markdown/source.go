package markdown

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// The limits of the input, in bytes.
const (
	maxFile     = 4 << 20
	maxManifest = 256 << 10
	maxChapter  = 8 << 20  // with its includes
	maxDeck     = 16 << 20 // of all its chapters
)

// The limits of includes, which could stand for much more than they are.
const (
	maxDepth    = 16
	maxIncludes = 10_000   // in a chapter
	maxIncluded = 32 << 20 // bytes read for a chapter, again for each include
	maxName     = 4096     // bytes of a file's name
)

// file is a text that positions refer to: no byte order mark, line ends are "\n".
type file struct {
	name  string // as shown to the user
	path  string // inside the file system; "" for a fragment
	text  string
	lines []int                   // the offset of each line
	chars []int                   // how many characters start before each block of the text; nil if it is ASCII
	place func(line, col int) Pos // for a fragment of another file; else nil
}

// block is the distance of the places where characters are counted, so that columns
// of a very long line do not cost its length each.
const block = 64

func newFile(name, text string) *file {
	text = strings.TrimPrefix(text, "\ufeff")
	if strings.Contains(text, "\r\n") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	f := &file{name: name, text: text, lines: lineStarts(text)}
	if isASCII(text) {
		return f
	}
	n := 0
	f.chars = make([]int, 0, len(text)/block+2)
	for i := range len(text) {
		if i%block == 0 {
			f.chars = append(f.chars, n)
		}
		if utf8.RuneStart(text[i]) {
			n++
		}
	}
	f.chars = append(f.chars, n)
	return f
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func lineStarts(text string) []int {
	lines := make([]int, 1, 1+strings.Count(text, "\n"))
	for i := 0; i < len(text); i++ {
		n := strings.IndexByte(text[i:], '\n')
		if n < 0 {
			break
		}
		i += n
		lines = append(lines, i+1)
	}
	return lines
}

// count is the number of characters that start before an offset.
func (f *file) count(off int) int {
	if f.chars == nil {
		return off
	}
	n := f.chars[off/block]
	for _, c := range []byte(f.text[off/block*block : off]) {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

func (f *file) pos(off int) Pos {
	off = min(off, len(f.text))
	line := sort.SearchInts(f.lines, off+1)
	col := 1 + f.count(off) - f.count(f.lines[line-1])
	if f.place != nil {
		return f.place(line, col)
	}
	return Pos{File: f.name, Line: line, Col: col}
}

// span is the text from start to end, which hold no line end.
func (f *file) span(start, end int) Span {
	at := f.pos(start).Point()
	if f.place == nil || at.Pos != f.pos(start+1) { // else the position is the fragment's, not the text's
		at.End = at.Pos
		at.End.Col += f.count(min(end, len(f.text))) - f.count(start)
	}
	return at
}

// source is the text of a chapter after substitutions, with its origin.
type source struct {
	text     string
	segments []segment
}

// plainSource is a text by itself.
func plainSource(text string) *source {
	return &source{text, []segment{{0, newFile("", text), 0, false}}}
}

// segment is the origin of the text from start on, up to the next segment.
type segment struct {
	start int
	file  *file
	off   int
	fixed bool // the whole segment stands for the place off
}

func (s *source) pos(off int) Pos {
	f, off := s.origin(off)
	return f.pos(off)
}

// origin is the file that the text at an offset comes from, and the offset there.
func (s *source) origin(off int) (*file, int) {
	i := sort.Search(len(s.segments), func(i int) bool { return s.segments[i].start > off }) - 1
	if i < 0 {
		i = 0
	}
	g := s.segments[i]
	if g.fixed {
		return g.file, g.off
	}
	return g.file, g.off + off - g.start
}

// span is the place of origin of the text from start to end. If one place stands for all of
// it, or it comes from several files, only its beginning is known.
func (s *source) span(start, end int) Span {
	at := s.pos(start).Point()
	if end = min(end, len(s.text)); end <= start {
		return at
	}
	_, n := utf8.DecodeLastRuneInString(s.text[start:end])
	last := s.pos(end - n)
	if last.File != at.Pos.File || last.Line == 0 || last.Compare(at.Pos) < 0 || last == at.Pos && end-n > start {
		return at
	}
	last.Col++
	at.End = last
	return at
}

// edit replaces the text from start to end; nothing if it is no stretch of one file.
func (s *source) edit(start, end int, text string) []Edit {
	at := s.span(start, end)
	if at.End == (Pos{}) {
		return nil
	}
	return []Edit{{at, s.text[start:end], text}}
}

// files are the files that the text comes from.
func (s *source) files() (names []string) {
	known := map[string]bool{"": true} // the text of a manifest has no path
	for _, g := range s.segments {
		if name := g.file.path; !known[name] {
			known[name] = true
			names = append(names, name)
		}
	}
	return names
}

// expander makes the substitutions of a chapter.
type expander struct {
	*loader
	out      strings.Builder
	segments []segment
	stack    []*file // the file and those that include it
	log      *log
	includes int  // how many there were
	included int  // how many bytes they had
	full     bool // a limit has been reported
}

// expand returns the text of a file with substitutions made. Positions of
// substituted text are those of the substitution; positions of included text are
// those in the included file.
func (l *loader) expand(f *file, log *log) *source {
	x := &expander{loader: l, log: log}
	x.segments = []segment{{0, f, 0, false}}
	x.file(f, "")
	return &source{x.out.String(), x.segments}
}

// file appends a file; indent stands before each of its lines but the first.
func (x *expander) file(f *file, indent string) {
	x.stack = append(x.stack, f)
	defer func() { x.stack = x.stack[:len(x.stack)-1] }()
	x.includes++
	x.included += len(f.text)
	if x.includes > maxIncludes || x.included > maxIncluded {
		x.tooLarge(f, 0)
		return
	}
	checkText(f, x.log)
	text := f.text
	if len(x.stack) > 1 {
		text = strings.TrimSuffix(text, "\n")
	}
	from := 0
	for i := 0; i < len(text) && !x.full; {
		n := strings.Index(text[i:], "@@")
		if n < 0 {
			break
		}
		i += n
		rest := text[i+2:]
		name := rest[:prefix(rest, func(c byte) bool { return 'A' <= c && c <= 'Z' })]
		after := rest[len(name):]
		switch {
		case (name == "INCLUDE" || name == "LINK") && strings.HasPrefix(after, "["):
			line, _, _ := strings.Cut(after[:min(len(after), maxName)], "\n")
			arg, _, ok := strings.Cut(line[1:], "]")
			if !ok {
				i += 2
				continue
			}
			end := i + 2 + len(name) + len(arg) + 2
			x.copy(f, text, from, i, indent)
			from = i
			if name == "LINK" {
				x.write(f, i, true, x.link(f, i, arg))
				from = end
			} else if x.include(f, i, arg, indent+margin(text, i, end)) {
				from = end
			}
			i = end
			x.segments = append(x.segments, segment{x.out.Len(), f, from, false})
		case name != "" && strings.HasPrefix(after, "@@"):
			end := i + 2 + len(name) + 2
			if value, ok := x.value(f, i, name); ok {
				x.copy(f, text, from, i, indent)
				x.write(f, i, true, value)
				from = end
				x.segments = append(x.segments, segment{x.out.Len(), f, end, false})
			}
			i = end
		default:
			i += 2
		}
	}
	x.copy(f, text, from, len(text), indent)
}

// copy appends text[from:to] of a file.
func (x *expander) copy(f *file, text string, from, to int, indent string) {
	if indent == "" {
		x.write(f, from, false, text[from:to])
		return
	}
	for from < to {
		line := text[from:to]
		if n := strings.IndexByte(line, '\n'); n >= 0 {
			line = line[:n+1]
		}
		x.write(f, from, false, line)
		from += len(line)
		if strings.HasSuffix(line, "\n") && from < len(text) && text[from] != '\n' {
			x.write(f, from, true, indent)
		}
	}
}

// write appends text that comes from the place off of a file, or, if it is fixed,
// that stands for that place.
func (x *expander) write(f *file, off int, fixed bool, text string) {
	switch {
	case x.full || text == "":
	case x.out.Len()+len(text) > maxChapter:
		x.tooLarge(f, off)
	default:
		x.segments = append(x.segments, segment{x.out.Len(), f, off, fixed})
		x.out.WriteString(text)
	}
}

func (x *expander) tooLarge(f *file, off int) {
	if !x.full {
		x.log.fail(CodeTooLarge, f.pos(off).Point(), "", "with all that is included and substituted the chapter is too large")
	}
	x.full = true
}

// value is the substitute for @@NAME@@ at an offset. @@TOC@@ stays for the end.
func (x *expander) value(f *file, off int, name string) (string, bool) {
	if name == "TOC" {
		return "", false
	}
	if value, ok := x.values[strings.ToLower(name)]; ok {
		return value, true
	}
	if x.log.warnings.full() {
		return "", false
	}
	at := f.span(off, off+len(name)+4)
	known := append(strings.Fields(strings.ToUpper(strings.Join(valueKeys(), " "))), "TOC")
	switch {
	case slices.Contains(known, name):
		x.log.warn(CodeSubstitution, at, fmt.Sprintf("give %s in the manifest", strings.ToLower(name)), "@@%s@@ has no value", name)
	default:
		x.log.warn(CodeSubstitution, at, didYouMean(Suggest(name, known)), "unknown substitution @@%s@@", name)
	}
	return "", false
}

// link is the Markdown link of an @@LINK[name].
func (x *expander) link(f *file, off int, name string) string {
	at := f.span(off, off+len("@@LINK[]")+len(name))
	if x.fsys != nil && !x.log.warnings.full() {
		switch clean, err := x.resolve(name); {
		case err != nil:
			x.log.fail(CodeBadPath, at, x.outside("", name), "%v", err)
		case !x.exists(clean):
			x.log.warn(CodeMissingTarget, at, cmp.Or(x.outside("", name), x.nearFile(clean)), "%s: no such file", name)
		}
	}
	if repo := strings.TrimSuffix(x.values["gitrepo"], "/"); repo != "" {
		if !strings.Contains(repo, "://") {
			repo = "https://" + repo
		}
		return "[" + name + "](" + repo + "/blob/HEAD/" + name + ")"
	}
	return "[" + name + "](" + name + ")"
}

// include appends the file of an @@INCLUDE[name]; it reports false if it cannot.
func (x *expander) include(f *file, off int, name, indent string) bool {
	if x.log.errors.full() {
		return false
	}
	at := f.span(off, off+len("@@INCLUDE[]")+len(name))
	clean, err := x.resolve(name)
	if err != nil {
		x.log.fail(CodeBadPath, at, x.outside("", name), "%v", err)
		return false
	}
	for i, outer := range x.stack {
		if outer.path == clean {
			var names []string
			for _, g := range x.stack[i:] {
				names = append(names, g.path)
			}
			x.log.fail(CodeIncludeCycle, at, "", "include cycle: %s", strings.Join(append(names, clean), " → "))
			return false
		}
	}
	if len(x.stack) > maxDepth {
		x.log.fail(CodeIncludeCycle, at, "", "more than %d includes inside each other", maxDepth)
		return false
	}
	inner, err := x.open(clean, maxFile)
	if err != nil {
		hint := x.fileHint(clean, err)
		if errors.Is(err, errNoFile) {
			hint = cmp.Or(x.outside("", name), hint)
		}
		x.log.fail(CodeMissingFile, at, hint, "%s: %v", name, err)
		return false
	}
	x.segments = append(x.segments, segment{x.out.Len(), inner, 0, false})
	x.file(inner, indent)
	return true
}

// margin is the indentation of a substitution that stands alone on its line: the
// lines of an include get it too, so that they stay in the fence or list around it.
func margin(text string, start, end int) string {
	from := strings.LastIndexByte(text[:start], '\n') + 1
	if end < len(text) && text[end] != '\n' || strings.Trim(text[from:start], " \t") != "" {
		return ""
	}
	return text[from:start]
}

// checkText reports the first NUL byte and the first invalid UTF-8 in a file.
func checkText(f *file, log *log) {
	if i := strings.IndexByte(f.text, 0); i >= 0 {
		log.fail(CodeNotText, f.pos(i).Point(), "", "NUL byte")
	}
	if utf8.ValidString(f.text) {
		return
	}
	for i, r := range f.text {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(f.text[i:]); n == 1 {
				log.fail(CodeNotText, f.pos(i).Point(), "save the file as UTF-8", "invalid UTF-8")
				return
			}
		}
	}
}

// inside is a name relative to a directory as a path inside the file system.
func inside(dir, name string) (string, error) {
	if name == "" {
		return "", errors.New("the name of a file is missing")
	}
	if path.IsAbs(name) {
		return "", fmt.Errorf("%s is absolute: names are relative, inside the repository", name)
	}
	clean := path.Join(dir, name)
	if !fs.ValidPath(clean) {
		return "", fmt.Errorf("%s leaves the repository", name)
	}
	return clean, nil
}

// resolve is the name of an include or a link as a path inside the file system: from
// the root, or from the deck's directory or that of a manifest beside if only that has it.
func (l *loader) resolve(name string) (string, error) {
	clean, err := inside("", name)
	if l.fsys == nil || err == nil && !l.absent(clean) {
		return clean, err
	}
	for _, dir := range append([]string{l.home}, l.near...) {
		if near, err := inside(dir, name); err == nil && !l.absent(near) {
			return near, nil
		}
	}
	return clean, err
}

// outside is a hint at a file that is not in the file system, named relative to a
// directory of it.
func (l *loader) outside(dir, name string) string {
	if name == "" || path.IsAbs(name) {
		return ""
	}
	return l.hint(path.Join(dir, name))
}

func (l *loader) exists(name string) bool { return l.stat(name) == nil }

// absent is not the opposite of exists: a file that cannot be examined is neither.
func (l *loader) absent(name string) bool { return errors.Is(l.stat(name), fs.ErrNotExist) }

// stat looks at a name of the file system, once.
func (l *loader) stat(name string) error {
	err, ok := l.looked[name]
	if !ok {
		_, err = fs.Stat(l.fsys, name)
		l.looked[name] = err
	}
	return err
}

// open reads a regular file of the file system, once. Its errors do not name it.
func (l *loader) open(name string, limit int64) (*file, error) {
	if l.fsys == nil {
		return nil, errors.New("nothing can be included here")
	}
	if f, ok := l.files[name]; ok {
		return f.file, f.err
	}
	text, err := l.read(name, limit)
	var f *file
	if err == nil {
		f = newFile(l.show(name), text)
		f.path = name
	}
	l.files[name] = opened{f, err}
	return f, err
}

var errNoFile = errors.New("no such file")

func (l *loader) read(name string, limit int64) (string, error) {
	// Stat comes before open: opening a FIFO waits for a writer.
	info, err := fs.Stat(l.fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errNoFile
	case err != nil:
		return "", l.unreadable(err)
	case info.IsDir():
		return "", errors.New("a directory, not a file")
	case !info.Mode().IsRegular():
		return "", errors.New("not a regular file")
	}
	f, err := l.fsys.Open(name)
	if err != nil {
		return "", l.unreadable(err)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", l.unreadable(err)
	}
	if int64(len(data)) > limit {
		return "", fmt.Errorf("larger than %d KiB", limit>>10)
	}
	return string(data), nil
}

// unreadable is the reason why a file cannot be read.
func (l *loader) unreadable(err error) error {
	var outside *outsideError
	if errors.As(err, &outside) {
		return fmt.Errorf("cannot be read: %w", &outsideError{target: outside.target, shown: l.show(outside.target)})
	}
	return fmt.Errorf("cannot be read: %w", cause(err))
}

// cause is an error without the operation and the path that a message names itself.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// fileHint is a hint for a file that cannot be read.
func (l *loader) fileHint(name string, err error) string {
	var outside *outsideError
	if errors.As(err, &outside) {
		return l.hint(outside.target)
	}
	return l.nearFile(name)
}

// nearFile is a hint at the file whose name is nearest to one that is missing.
func (l *loader) nearFile(name string) string {
	if l.fsys == nil {
		return ""
	}
	entries, err := fs.ReadDir(l.fsys, path.Dir(name))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	near := Suggest(path.Base(name), names)
	if near == path.Base(name) { // it is there, and unreadable
		return ""
	}
	return didYouMean(near)
}

// prefix is the number of bytes of a kind at the start of a text.
func prefix(text string, is func(byte) bool) int {
	for i := range len(text) {
		if !is(text[i]) {
			return i
		}
	}
	return len(text)
}
