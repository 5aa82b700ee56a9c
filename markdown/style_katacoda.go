package markdown

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"workshop/markdown/lazy"
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
	values: lazy.Regexp(`\{\{TRAFFIC_\w+\}\}|\[\[(?:HOST|CLIENT|KATACODA)\w*\]\]`),
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
		case ok && host != "1":
			p.skip = "it is for another machine, " + w
		case err == nil && strings.HasPrefix(w, "T"):
			p.at(t, terminal)
		}
	}
	if slices.Contains(words[1:], "interrupt") { // in that terminal, wherever the word stands
		p.interrupt(t)
	}
	if slices.Contains(words, "ctrl-seq") { // the text is a key, such as ^C
		p.pressed(t, "{{"+words[0]+" ctrl-seq}}")
	} else {
		last := p.snippet
		if p.whole(t, "{{"+words[0]+"}}"); p.snippet != last {
			p.ofMachine(p.snippet)
		}
	}
	if p.skip != "" && t.kind != fenceToken {
		p.skip = ""
	}
}

// rootHome matches the home directory of a scenario's machine.
var rootHome = lazy.Regexp(`(?:^|[\s"'=:(<>])(/root)(?:/|[\s"';)]|$)`)

// ofMachine names a path below the home directory of a scenario's machine, which is not the session's.
func (p *sectionParser) ofMachine(s *Step) {
	if at := rootHome().FindStringSubmatchIndex(s.Text); at != nil && s.Skip == "" {
		p.log.warn(CodeMachineHome, s.At(at[2], at[3]), "write ~, which is right on both",
			"/root is this machine's own: the session has another home directory")
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
	does string // the directive; "": bash
	skip string // the reason why it does not run; "" if it does
	at   int    // the offset in the file that its step stands at
}

// apart runs a script as the platform does: not in the learner's shell, and so in the home directory, wherever
// the learner is. The documented forms (https://killercoda.com/creators, https://www.katacoda.com/docs) name no
// folder; their examples use absolute paths.
const apart = "(cd && bash /dev/stdin)"

// inBackground runs a script beside the learner's commands until the session ends. It is no job of the shell,
// which would tell of its end. The commands begin when it has ended, or after the time in seconds that a learner
// reads. A failure until then is that of the command. A later one stays in a file, for the tear-down.
func inBackground(name string) (s script, tearDown string) {
	file := `"$TMPDIR"/` + quoted("failed-"+strings.ReplaceAll(name, "/", "-"))
	return script{
		rule: behind,
		head: "{ read -rt " + readingTime + " < <({ cd && bash /dev/stdin",
		tail: "\n} >/dev/null 2>&1; s=$?; [ $s = 0 ] || echo " + quoted(name) + " ended with status $s > " + file +
			"; echo $s) || true; } && [ \"${REPLY:-0}\" = 0 ] || ! { cat " + file + "; rm " + file + "; }",
	}, "if s=$(cat " + file + " 2>/dev/null); then echo \"the background script $s while the commands ran\"; exit 1; fi\n"
}

const readingTime = "10"

// The rules of a page's scripts, and of the steps that give a background script a window of its own.
const (
	behind   = "background script"
	inFront  = "foreground script"
	verifies = "verify script"
	aside    = "another window"
)

// prepare adds a script that comes before the commands of a page. While the last command of the page before goes on
// running, as a wait behind it says, a window of its own runs a background script: the platform does not type it. A
// foreground script it does type, into that command.
func (p *sectionParser) prepare(s script) {
	if !p.lasts || s.rule != behind {
		p.script(nil, s)
		return
	}
	step := p.stepsFor(s, aside)
	step("tmux", "new-window")
	p.searchPrograms()
	p.script(nil, s)
	step("check", "")
	step("tmux", "select-window -t 0")
}

// stepsFor adds steps that give a script a terminal of its own.
func (p *sectionParser) stepsFor(s script, rule string) func(does, text string) {
	return func(does, text string) {
		p.script(nil, script{file: s.file, rule: rule, does: does, head: text, bare: true})
	}
}

// tries are those of a verify script beside a command that goes on, such as a server that has to start. A learner
// tries again, too.
const tries = "30"

// verify adds a verify script. If the learner's last command goes on running, as a wait behind it says, another
// terminal runs the script.
func (p *sectionParser) verify(s script) {
	if !p.lasts {
		p.script(nil, s)
		return
	}
	step := p.stepsFor(s, "another terminal")
	step("tmux", "split-pane -v")
	p.searchPrograms()
	s.head = "for _ in {1.." + tries + "}; do " + s.head
	s.tail += "\n[ $? = 0 ] && break; sleep 1; false; done"
	p.script(nil, s)
	step("check", "")
	step("tmux", "kill-pane")
	step("tmux", "select-pane -t "+strconv.Itoa(p.active-1))
}

// lasting notes whether the last command of the document goes on running: there is a wait behind it, and nothing
// that ends it or needs its end.
func (p *sectionParser) lasting() {
	var all []*Step
	for _, slide := range p.chapter.Slides {
		for _, e := range slide.Exercises {
			all = append(all, e.Steps...)
		}
	}
	if p.exercise != nil {
		all = append(all, p.exercise.Steps...)
	}
	for _, s := range all {
		switch {
		case s.Skip != "", s.Rule == aside, s.Rule == behind, s.Rule == programs: // they leave it alone
		case s.Directive == "wait", s.Directive == "longwait":
			p.lasts = true
		case slices.Contains([]string{"bash", "hide", "key", "keys", "check", "output", "tmux"}, s.Directive):
			p.lasts = false
		}
	}
}

// searchPrograms makes a new terminal find the programs of the assets.
func (p *sectionParser) searchPrograms() {
	if p.programs != nil {
		p.script(nil, *p.programs)
	}
}

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
	l.titled = strings.TrimSpace(index.Title)
	pages := append(append([]page{details.Intro}, details.Steps...), details.Finish)
	switch {
	case err == nil && !slices.ContainsFunc(pages, func(p page) bool { return p.Text != "" }):
		return nil, false // another kind of index
	case err != nil:
		l.badScenario(name, f, err)
		return nil, true
	}
	places := placesOf(f)
	var items []item
	first := true
	for i, p := range pages {
		where := "details.steps." + strconv.Itoa(i-1)
		switch i {
		case 0:
			where = "details.intro"
		case len(pages) - 1:
			where = "details.finish"
		}
		if p.Text == "" {
			continue
		}
		n := len(items)
		items = l.listed(items, places.span(where+".text", p.Text), dir, p.Text)
		it := &items[n]
		it.title, it.called = p.Title, cmp.Or(shortSlug(p.Title), pageName(p.Text))
		if it.file.path == "" {
			continue // it is missing
		}
		s := &scripts{}
		it.scripts = s
		for _, b := range [][2]string{{"background", p.Background}, {"coursedata", p.CourseData}} {
			if key, name := b[0], b[1]; name != "" {
				run, tearDown := inBackground(name)
				s.before = l.script(s.before, places, where+"."+key, dir, name, run)
				it.terms.Teardown += tearDown
			}
		}
		for _, b := range [][2]string{{"foreground", p.Foreground}, {"code", p.Code}} {
			s.before = l.script(s.before, places, where+"."+b[0], dir, b[1], script{rule: inFront, head: ". /dev/stdin"})
		}
		s.after = l.script(s.after, places, where+".verify", dir, p.Verify, script{rule: verifies, head: apart})
		if first { // the shell starts in the home directory there
			home := script{file: f, rule: "home directory", head: "cd", bare: true}
			s.first = append([]script{home}, l.assets(places, dir, details.Assets)...)
			first = false
		}
	}
	for _, where := range slices.Sorted(maps.Keys(places.twice)) {
		for _, at := range places.twice[where] {
			if key, _, _ := strings.Cut(f.text[at:], `"`); strings.HasPrefix(where, "details") {
				l.fail(CodeManifestKey, f.span(at, at+len(key)), "keep one of the two", "%s stands twice in %s", shorten(key), where)
			}
		}
	}
	return items, true
}

// places are those of the texts of a JSON document, by their path in small letters, such as details.steps.0.text;
// and of the names that stand in an object a second time, by the path of the object.
type places struct {
	*file
	at    map[string]int
	twice map[string][]int
}

// placesOf finds the places in a document that is known to be valid.
func placesOf(f *file) *places {
	p := &places{f, map[string]int{}, map[string][]int{}}
	d := json.NewDecoder(strings.NewReader(f.text))
	var read func(path string)
	next := func() (json.Token, int) {
		at := int(d.InputOffset())
		token, _ := d.Token()
		return token, at + max(strings.IndexByte(f.text[at:], '"'), 0) + 1
	}
	read = func(path string) {
		switch token, at := next(); token := token.(type) {
		case string:
			p.at[path] = at
		case json.Delim:
			known := map[string]bool{}
			for i := 0; d.More(); i++ {
				name := strconv.Itoa(i)
				if token == '{' {
					key, at := next()
					text, _ := key.(string)
					if name = strings.ToLower(text); known[name] {
						p.twice[path] = append(p.twice[path], at)
					}
					known[name] = true
				}
				read(strings.TrimPrefix(path+"."+name, "."))
			}
			_, _ = d.Token()
		}
	}
	read("")
	return p
}

// span is the place of a text, by its path.
func (p *places) span(path, text string) Span {
	at := p.at[path]
	return Span{p.pos(at), p.pos(min(at+len(text), len(p.text)))}
}

// badScenario reports an index.json that is none.
func (l *loader) badScenario(name string, f *file, err error) {
	at := Pos{File: l.show(name)}
	hint := `its form is {"details": {"steps": [{"text": "step1.md"}]}}`
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case f == nil:
		hint = ""
	case errors.As(err, &syntax):
		at = f.pos(min(max(int(syntax.Offset)-1, 0), len(f.text)))
		hint = "a comma or a quote is missing before it, or there is one too many"
	case errors.As(err, &kind):
		at = f.pos(min(int(kind.Offset), len(f.text)))
	}
	l.fail(CodeManifestSyntax, at.Point(), hint, "the scenario cannot be read: %v", err)
}

// badYAML reports a list of documents that is none; f is nil if it cannot be read at all.
func (l *loader) badYAML(name string, f *file, err error, form, what string) {
	at, hint := Pos{File: l.show(name)}, ""
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if f != nil {
		at, hint = f.pos(0), "its form is "+form
		var place *yaml.LoadError
		if errors.As(err, &place) {
			message = place.Message
			if line := min(place.Mark.Line, len(f.lines)); line > 0 {
				at = f.pos(f.lines[line-1])
			}
		}
	}
	l.fail(CodeManifestSyntax, at.Point(), hint, "%s: %s", what, message)
}

// naming is the place of a name in a list of files.
func (f *file) naming(name string) Span {
	at := f.search(name)
	return Span{f.pos(at), f.pos(min(at+len(name), len(f.text)))}
}

// search is the offset of a name in a list of files; 0 if it is written in another way.
func (f *file) search(name string) int {
	if at := strings.Index(f.text, `"`+name+`"`); at >= 0 {
		return at + 1
	}
	return max(strings.Index(f.text, name), 0)
}

// pageName is the name of a page: that of its folder if each page has one, such as step1/text.md.
func pageName(file string) string {
	if dir := path.Dir(file); dir != "." && stem(file) == "text" {
		return path.Base(dir)
	}
	return stem(file)
}

// script appends a script that an index names, with its text.
func (l *loader) script(list []script, index *places, where, dir, name string, s script) []script {
	if name == "" {
		return list
	}
	f, err := l.open(path.Join(dir, name), maxFile)
	if err != nil {
		l.fail(CodeMissingFile, index.span(where, name), l.fileHint(path.Join(dir, name), err), "%s: %v", shorten(name), err)
		return append(list, index.broken(where, s.rule, name))
	}
	s.file = f
	return append(list, s)
}

// broken is a step at the place of a text, which a mistake there breaks.
func (p *places) broken(where, rule, name string) script {
	return script{file: p.file, rule: rule, head: name, bare: true, at: p.at[where]}
}

// asset is a file of the folder assets that a scenario copies to a machine; File may be a pattern.
type asset struct{ File, Target, Chmod string }

// assets are commands that copy the assets of a scenario below the session's home directory, which
// stands for that of the scenario's first machine. Its programs go to a folder on the PATH.
func (l *loader) assets(index *places, dir string, hosts map[string][]asset) (list []script) {
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		for i, a := range hosts[host] {
			where := "details.assets." + strings.ToLower(host) + "." + strconv.Itoa(i) + ".file"
			at := index.span(where, a.File)
			names := l.matching(path.Join(dir, "assets"), a.File)
			if len(names) == 0 {
				l.fail(CodeMissingFile, at, "assets are in the folder assets beside it", "no asset is called %s", shorten(a.File))
				list = append(list, index.broken(where, "asset", a.File))
			}
			for _, name := range names {
				s, err := l.asset(host, path.Join(dir, "assets", name), name, a)
				if err != nil {
					l.fail(CodeMissingFile, at, "", "the asset %s: %v", shorten(name), err)
					list = append(list, index.broken(where, "asset", a.File))
					continue
				}
				list = append(list, s)
			}
		}
	}
	if slices.ContainsFunc(list, func(s script) bool { return s.skip == "" && strings.Contains(s.head, binaries) }) {
		search := script{file: index.file, rule: programs, head: "PATH=~/" + binaries + ":$PATH", bare: true}
		list = append(list, search)
	}
	return list
}

const programs = "programs of the assets"

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

// listed appends the chapter of a file that an index names, at a place of it. If the file is missing, the chapter
// is empty and stands at that place, so that the mistake breaks this chapter alone.
func (l *loader) listed(items []item, at Span, dir, name string) []item {
	f, err := l.open(path.Join(dir, name), maxFile)
	if err != nil {
		l.fail(CodeMissingFile, at, l.fileHint(path.Join(dir, name), err), "%s: %v", shorten(name), err)
		empty := newFile(at.Pos.File, "")
		empty.place = func(int, int) Pos { return at.Pos }
		return append(items, item{file: empty, at: at, top: len(items), called: stem(name)})
	}
	return append(items, item{file: f, at: f.pos(0).Point(), top: len(items)})
}
