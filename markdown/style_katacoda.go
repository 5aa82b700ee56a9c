package markdown

import (
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"
)

var katacodaStyle = style{
	name: "katacoda",
	summary: "a scenario of Katacoda or Killercoda: a fence or a code span with {{exec}} or {{execute}} behind it; " +
		"index.json has the order, and the scripts that set up and verify",
	found: func(d *document) bool {
		return d.scripts != nil || slices.ContainsFunc(d.tokens, func(t token) bool { return t.comment < 0 && len(executed(&t)) > 0 })
	},
	steps: katacodaSteps,
	files: scenario, session: SessionDeck,
}

// katacodaSteps makes steps of the text that a click executes: `{{exec}}`, `{{execute interrupt}}`
// after a ^C, `{{execute T2}}` in another terminal, `{{execute HOST2}}` on another machine.
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
	p.whole(t, "{{"+words[0]+"}}")
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

// script is a script of a scenario that runs beside its commands.
type script struct {
	file *file
	rule string
	head string // the line that runs its text
}

// scripts are the scripts of a chapter.
type scripts struct{ before, after []script }

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
			s.before = l.script(s.before, name, dir, b, "background script", "bash /dev/stdin")
		}
		for _, f := range []string{p.Foreground, p.Code} {
			s.before = l.script(s.before, name, dir, f, "foreground script", ". /dev/stdin")
		}
		s.after = l.script(s.after, name, dir, p.Verify, "verify script", "bash /dev/stdin")
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
	return append(list, script{f, rule, head})
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
