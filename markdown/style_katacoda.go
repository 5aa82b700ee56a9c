package markdown

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var katacodaStyle = style{
	name: "katacoda",
	summary: "a scenario of Katacoda or Killercoda: a fence or a code span with {{exec}} or {{execute}} behind it; " +
		"index.json has the order, the assets, and the scripts that set up and verify",
	found: func(d *document) bool {
		return d.scripts != nil || slices.ContainsFunc(d.tokens, func(t token) bool { return t.comment < 0 && len(executed(&t)) > 0 })
	},
	steps: katacodaSteps,
	files: scenario, session: SessionDeck,
	values: regexp.MustCompile(`\{\{TRAFFIC_\w+\}\}|\[\[(?:HOST|CLIENT|KATACODA)\w*\]\]`),
}

// katacodaSteps makes steps of the text that a click executes: `{{exec}}`, `{{execute interrupt}}`
// after a ^C, `{{execute ctrl-seq}}` as a key, `{{execute T2}}` in another terminal,
// `{{execute HOST2}}` on another machine.
func katacodaSteps(p *sectionParser, t *token) {
	words := executed(t)
	if len(words) == 0 {
		p.expectation(t)
		return
	}
	for _, w := range words[1:] {
		terminal, err := strconv.Atoi(strings.TrimPrefix(w, "T"))
		switch host, ok := strings.CutPrefix(w, "HOST"); {
		case w == "interrupt":
			p.interrupt(t)
		case ok && host != "1":
			p.skip = "it is for another machine, " + w
		case err == nil && strings.HasPrefix(w, "T"):
			p.at(t, terminal)
		}
	}
	if slices.Contains(words, "ctrl-seq") { // the text is a key, such as ^C
		p.pressed(t, "{{"+words[0]+" ctrl-seq}}")
	} else {
		p.whole(t, "{{"+words[0]+"}}")
	}
	if p.skip != "" && t.kind != fenceToken {
		p.skip = ""
	}
}

// executed are the words of the mark `{{exec …}}` of a fence or a code span.
func executed(t *token) []string {
	for _, mark := range []string{t.attr, t.info} {
		if !strings.HasPrefix(mark, "{{") || t.kind != fenceToken && mark != t.attr {
			continue
		}
		if words := attributes(mark); len(words) > 0 && (words[0] == "exec" || words[0] == "execute") {
			return words
		}
	}
	return nil
}

// script is a file of a scenario that is used beside its commands.
type script struct {
	file *file
	rule string
	head string // the line that runs, or writes, its text
	tail string // the rest of that command, behind the text
	bare bool   // the head is the whole command
	skip string // the reason why it does not run; "" if it does
}

// apart runs a script as the platform does: not in the learner's shell, and so in the home directory, wherever
// the learner is. The documented forms (https://killercoda.com/creators, https://www.katacoda.com/docs) name no
// folder; their examples use absolute paths.
const apart = "(cd && bash /dev/stdin)"

// scripts are the scripts of a chapter.
type scripts struct {
	first         []script // of the session, before its first command
	before, after []script
}

// scenario reads the index.json of a scenario.
func scenario(l *loader, dir string) ([]item, bool) {
	name := path.Join(dir, "index.json")
	if !l.exists(name) {
		return nil, false
	}
	f, err := l.open(name, maxManifest)
	type page struct{ Title, Text, Verify, Background, Foreground, CourseData, Code string }
	var index struct {
		Title   string
		Details struct {
			Intro, Finish page
			Steps         []page
			Assets        map[string][]asset
		}
	}
	if err == nil {
		err = json.Unmarshal([]byte(f.text), &index)
	}
	details := index.Details
	pages := append(append([]page{details.Intro}, details.Steps...), details.Finish)
	switch {
	case err == nil && !slices.ContainsFunc(pages, func(p page) bool { return p.Text != "" }):
		return nil, false // another kind of index
	case err != nil:
		l.fail(CodeManifestSyntax, Pos{File: l.show(name)}.Point(), "", "the scenario cannot be read: %v", err)
		return nil, true
	}
	var items []item
	for _, p := range pages {
		if p.Text == "" {
			continue
		}
		n := len(items)
		if items = l.listed(items, name, dir, p.Text); len(items) == n {
			continue
		}
		s := &scripts{}
		for _, b := range []string{p.Background, p.CourseData} {
			s.before = l.script(s.before, name, dir, b, "background script", apart)
		}
		for _, f := range []string{p.Foreground, p.Code} {
			s.before = l.script(s.before, name, dir, f, "foreground script", ". /dev/stdin")
		}
		s.after = l.script(s.after, name, dir, p.Verify, "verify script", apart)
		if n == 0 { // the shell starts in the home directory there
			home := script{file: f, rule: "home directory", head: "cd", bare: true}
			s.first = append([]script{home}, l.assets(f, dir, details.Assets)...)
		}
		items[n].scripts, items[n].title, items[n].called = s, p.Title, cmp.Or(shortSlug(p.Title), pageName(p.Text))
	}
	return items, true
}

// pageName is the name of a page: that of its folder if each page has one, such as step1/text.md.
func pageName(file string) string {
	if dir := path.Dir(file); dir != "." && stem(file) == "text" {
		return path.Base(dir)
	}
	return stem(file)
}

// script appends a script that an index names.
func (l *loader) script(list []script, index, dir, name, rule, head string) []script {
	if name == "" {
		return list
	}
	f, err := l.open(path.Join(dir, name), maxFile)
	if err != nil {
		l.fail(CodeMissingFile, Pos{File: l.show(index)}.Point(), l.fileHint(path.Join(dir, name), err), "%s: %v", shorten(name), err)
		return list
	}
	return append(list, script{file: f, rule: rule, head: head})
}

// asset is a file of the folder assets that a scenario copies to a machine; File may be a pattern.
type asset struct{ File, Target, Chmod string }

// assets are commands that copy the assets of a scenario below the session's home directory, which
// stands for that of the scenario's first machine. Its programs go to a folder on the PATH.
func (l *loader) assets(index *file, dir string, hosts map[string][]asset) (list []script) {
	at := index.pos(0).Point()
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		for _, a := range hosts[host] {
			names := l.matching(path.Join(dir, "assets"), a.File)
			if len(names) == 0 {
				l.fail(CodeMissingFile, at, "assets are in the folder assets beside it", "no asset is called %s", shorten(a.File))
			}
			for _, name := range names {
				s, err := l.asset(host, path.Join(dir, "assets", name), name, a)
				if err != nil {
					l.fail(CodeMissingFile, at, "", "the asset %s: %v", shorten(name), err)
					continue
				}
				list = append(list, s)
			}
		}
	}
	if slices.ContainsFunc(list, func(s script) bool { return s.skip == "" && strings.Contains(s.head, binaries) }) {
		search := script{file: index, rule: "programs of the assets", head: "PATH=~/" + binaries + ":$PATH", bare: true}
		list = append(list, search)
	}
	return list
}

// binaries is the folder for programs below the home directory.
const binaries = ".local/bin"

// asset is the command that copies one file.
func (l *loader) asset(host, file, name string, a asset) (script, error) {
	f, err := l.open(file, maxFile)
	if err != nil {
		return script{}, err
	}
	target, inHome := belowHome(a.Target)
	if !strings.Contains(a.File, "**") { // a file of a folder is copied as scp does
		name = path.Base(name)
	}
	if path.Base(target) != path.Base(name) {
		target = path.Join(target, name)
	}
	s := script{file: f, rule: "asset", head: "cat > " + quoted(target)}
	if folder := path.Dir(target); folder != "." {
		s.head = "mkdir -p " + quoted(folder) + " && " + s.head
	}
	if a.Chmod != "" {
		s.tail = "\nchmod " + quoted(a.Chmod) + " " + quoted(target)
	}
	switch {
	case host != "host01" && host != "client":
		s.skip = "it is for another machine, " + host
	case !inHome:
		s.skip = "its target is outside of the session: " + a.Target
	case !utf8.ValidString(f.text) || strings.Contains(f.text, "\x00"):
		s.skip = "it is no text"
	}
	return s, nil
}

// belowHome is a target relative to the home directory of a scenario's machine, and whether the
// session has such a place.
func belowHome(target string) (string, bool) {
	for _, to := range []struct{ from, here string }{
		{"~", "."},
		{"$HOME", "."},
		{"/root", "."},
		{"/home/scrapbook", "."},
		{"/usr/local/bin", binaries},
		{"/usr/bin", binaries},
		{"/bin", binaries},
	} {
		if rest, ok := strings.CutPrefix(target, to.from); ok && (rest == "" || rest[0] == '/') {
			target = to.here + rest
			break
		}
	}
	clean := path.Clean(target)
	return clean, fs.ValidPath(clean)
}

// maxAssets bounds the files of a pattern.
const maxAssets = 1000

// matching are the files below a folder that a pattern names: `*` stands for a part of a name, and
// `**` for all files below.
func (l *loader) matching(folder, pattern string) (names []string) {
	if !strings.ContainsAny(pattern, "*?[") {
		if name, err := inside(folder, pattern); err == nil && l.exists(name) {
			names = append(names, pattern)
		}
		return names
	}
	seen := 0
	_ = fs.WalkDir(l.fsys, folder, func(name string, d fs.DirEntry, err error) error {
		if seen++; seen > maxAssets {
			return fs.SkipAll
		}
		if err != nil || d.IsDir() || name == folder {
			return nil //nolint:nilerr // a file that cannot be read is no match
		}
		name = strings.TrimPrefix(name, folder+"/")
		ok, _ := path.Match(pattern, name)
		if strings.Contains(pattern, "**") {
			ok, _ = path.Match(path.Base(pattern), path.Base(name))
		}
		if ok {
			names = append(names, name)
		}
		return nil
	})
	return names
}

// listed appends the chapter of a file that an index names.
func (l *loader) listed(items []item, index, dir, name string) []item {
	f, err := l.open(path.Join(dir, name), maxFile)
	if err != nil {
		l.fail(CodeMissingFile, Pos{File: l.show(index)}.Point(), l.fileHint(path.Join(dir, name), err), "%s: %v", shorten(name), err)
		return items
	}
	return append(items, item{file: f, at: f.pos(0).Point(), top: len(items)})
}
