package lint

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"workshop/markdown"
	"workshop/markdown/lazy"
)

var missingTarget = Rule{
	Code: markdown.CodeMissingTarget, Severity: Warning,
	Summary: "a link or an image whose file or slide is not there",
	Doc: `Relative links and images are looked for beside the deck (its manifest) and beside the
chapter's file; if a file is named by itself, also beside the manifests above it. page.html
stands for the page.md or page.yml that it is made of. #name is the name of a slide (name:
…), its number, the slug of its title, toc- and the slug of a part's title, or an HTML id.
If a chapter is linted by itself, links to slides of other chapters are missing: lint the
manifest. Nothing is reported of files outside of the repository, or without one, of the deck's
folder. If there is no repository around a page that is no slides, a file is missing only from a
folder that has others of its kind: the rest may not have been copied. A page with front matter may
link to pages that a generator makes: a target without an extension is not looked for. Addresses on
the network are never requested.`,
	Bad:  "![A picture](images/none.png)\n\n[There](#nowhere)\n",
	Good: "-- deck.md --\n![A picture](images/one.png) and [here](#here)\n\n---\n\nname: here\n\nHere.\n-- images/one.png --\n(a picture)\n",
	deck: func(p *pass, d *Deck) {
		t := &targets{deck: d, files: map[string]bool{}}
		for _, c := range d.Chapters {
			t.missing, t.found = map[string]int{}, map[string]bool{}
			var links []markdown.Link
			for _, s := range c.Slides {
				if !s.Excluded {
					links = append(links, s.Links()...)
				}
			}
			links = slices.DeleteFunc(links, func(l markdown.Link) bool { return t.there(c, l) })
			for _, l := range links {
				t.check(p, c, l)
			}
		}
	},
}

// targets knows the possible targets of a deck's links.
type targets struct {
	deck    *Deck
	anchors map[string]bool // nil until the first use
	titles  map[string]bool // the letters of titles: each renderer makes names of them in a way of its own
	slides  int
	files   map[string]bool
	found   map[string]bool            // whether a name in the chapter leads to a file, as far as it was looked for
	missing map[string]int             // links of a chapter to files that are not there, by folder and kind
	beside  func(file string) []string // nil until the first use
}

var (
	filled  = lazy.Regexp(`@@|\{\{|\$\{|^[\[(]`) // by another program, or it is no target at all
	scheme  = lazy.Regexp(`^([A-Za-z][A-Za-z0-9+.-]*:|//|/|\?|\{|\$|<|@@)`)
	htmlID  = lazy.Regexp(`<[^<>]{0,200}?\s(?:id|name)\s*=\s*["']?([^"'\s>]+)`)
	heading = lazy.Regexp(`(?m)^ {0,3}#{1,6}[ \t]+([^\n]{1,200})`)
	host    = lazy.Regexp(`^(www\.|[a-z0-9-]+\.(com|org|net|io|dev)(/|$))`)
)

// there reports whether a link leads somewhere, or nothing is known of its target. It counts the files that
// are missing, by folder and kind.
func (t *targets) there(c *markdown.Chapter, l markdown.Link) bool {
	if l.End == (markdown.Pos{}) && !l.Image { // a substitution, already checked
		return true
	}
	if beyond(l.Target) {
		return true
	}
	name, anchor := targetOf(l)
	switch {
	case name == "":
		return anchor == "" || t.leads(anchor)
	case t.deck.FS == nil, !strings.ContainsFunc(name, unicode.IsLetter), t.exists(c, name), !l.Image && t.elsewhere(c, name):
		return true
	}
	for _, full := range t.places(c, name) {
		t.missing[kindOf(full)]++
	}
	return false
}

// beyond reports whether nothing is known of a target: it is on the network, or another program fills
// it in. Most are names of files, which have none of the characters of the others.
func beyond(target string) bool {
	return (strings.HasPrefix(target, "/") || strings.ContainsAny(target, ":?{$<@[(")) &&
		(scheme().MatchString(target) || filled().MatchString(target))
}

// targetOf are the file and the place in it that a link names.
func targetOf(l markdown.Link) (name, anchor string) {
	name, anchor, _ = strings.Cut(l.Target, "#")
	name, _, _ = strings.Cut(name, "?")
	return name, strings.TrimPrefix(anchor, "user-content-") // as pages of GitHub have it
}

// check reports a link that leads nowhere.
func (t *targets) check(p *pass, c *markdown.Chapter, l markdown.Link) {
	name, anchor := targetOf(l)
	switch {
	case name == "" && c.Sections():
		p.report(l.Span, "", "no heading is called %s", shorten(anchor))
	case name == "":
		p.report(l.Span, "", "no slide is called %s", shorten(anchor))
	case !t.partial(c, name):
		kind, hint := "link", ""
		if l.Image {
			kind = "image"
		}
		if host().MatchString(name) {
			hint = "write https:// before it"
		}
		p.report(l.Span, hint, "%s: no such file for this %s", name, kind)
	}
}

// exists looks for a file beside the deck and beside the chapter, and in a deck without a manifest
// beside those that may list the chapter.
func (t *targets) exists(c *markdown.Chapter, name string) bool {
	found, known := t.found[name]
	if !known {
		found = t.look(c, name)
		t.found[name] = found
	}
	return found
}

func (t *targets) look(c *markdown.Chapter, name string) bool {
	if t.in(t.dirs(c), name) {
		return true
	}
	if t.deck.Values != nil || c.Path == "" {
		return false
	}
	if t.beside == nil {
		t.beside = markdown.Beside(t.deck.FS)
	}
	return t.in(t.beside(c.Path), name)
}

// dirs are the folders that a chapter's targets are relative to.
func (t *targets) dirs(c *markdown.Chapter) []string {
	dirs := []string{t.deck.Dir}
	dir := path.Dir(c.Path)
	if c.Path != "" && dir != t.deck.Dir {
		dirs = append(dirs, dir)
	}
	if c.Front { // many sites show page.md as page/
		dirs = append(dirs, strings.TrimSuffix(c.Path, path.Ext(c.Path)))
	}
	return dirs
}

// elsewhere reports whether a target may be a page that a generator makes.
func (t *targets) elsewhere(c *markdown.Chapter, name string) bool {
	return c.Front && !t.deck.Marked() && path.Ext(strings.TrimSuffix(name, "/")) == ""
}

// places are the names that a target can have, inside the file system.
func (t *targets) places(c *markdown.Chapter, name string) (places []string) {
	for _, dir := range t.dirs(c) {
		if full := path.Join(dir, name); fs.ValidPath(full) {
			places = append(places, full)
		}
	}
	return places
}

// kindOf is the folder and the extension of a file.
func kindOf(full string) string { return path.Dir(full) + "/*" + path.Ext(full) }

// partial reports whether nothing is known of a file that a page names, as the page was read without its
// repository: its folder is not there, or holds fewer other files of this kind than are missing.
func (t *targets) partial(c *markdown.Chapter, name string) bool {
	if t.deck.Marked() || t.file(".git") {
		return false
	}
	return !slices.ContainsFunc(t.places(c, name), func(full string) bool {
		ext := path.Ext(full)
		entries, _ := fs.ReadDir(t.deck.FS, path.Dir(full)) // without them it is not there
		others := 0
		for _, e := range entries {
			if !e.IsDir() && path.Ext(e.Name()) == ext && path.Join(path.Dir(full), e.Name()) != c.Path {
				others++
			}
		}
		return ext != "" && others > 0 && others >= t.missing[kindOf(full)]
	})
}

// in reports whether one of some folders has a file, or the source of a page. Nothing is known of files
// outside of the root.
func (t *targets) in(dirs []string, name string) bool {
	for _, dir := range dirs {
		full := path.Join(dir, name)
		if full == ".." || strings.HasPrefix(full, "../") {
			return true
		}
		names := []string{full, full + ".md", path.Join(path.Dir(full), "_"+path.Base(full))}
		if page, ok := strings.CutSuffix(full, ".html"); ok {
			names = append(names, page, page+".md", page+".yml")
		}
		if slices.ContainsFunc(names, t.file) {
			return true
		}
	}
	return false
}

func (t *targets) file(name string) bool {
	there, known := t.files[name]
	if !known {
		if fs.ValidPath(name) {
			_, err := fs.Stat(t.deck.FS, name)
			there = err == nil
		}
		t.files[name] = there
	}
	return there
}

// leads reports whether there is a slide, or a place on one, with a name.
func (t *targets) leads(anchor string) bool {
	if t.anchors == nil {
		t.anchors, t.titles = map[string]bool{}, map[string]bool{}
		for _, c := range t.deck.Chapters {
			for _, s := range c.Slides {
				t.slides = max(t.slides, s.Number)
				for _, title := range []string{s.Title, s.Part, c.Title} {
					slug := markdown.Slug(title)
					t.titles[letters(slug)] = true
					t.anchors[slug], t.anchors["toc-"+letters(slug)] = true, true
				}
				t.anchors[s.Name] = true
				for _, m := range heading().FindAllStringSubmatch(s.Source, -1) {
					t.titles[letters(m[1])] = true
				}
				if strings.Contains(s.Source, "<") {
					for _, m := range htmlID().FindAllStringSubmatch(s.Source, -1) {
						t.anchors[m[1]] = true
					}
				}
			}
		}
	}
	if n, err := strconv.Atoi(anchor); err == nil {
		return 1 <= n && n <= t.slides
	}
	if part, ok := strings.CutPrefix(anchor, "toc-"); ok && t.anchors["toc-"+letters(part)] {
		return true
	}
	return t.anchors[anchor] || t.anchors[markdown.Slug(anchor)] || letters(anchor) != "" && t.titles[letters(anchor)]
}

// letters keeps only letters: tables of contents have made their names in several ways.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}
