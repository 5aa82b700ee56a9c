package web

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"workshop/markdown/lazy"
	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/page"
	"workshop/runner/present"
)

// Site is a talk for afterwards: a page with all slides and the output of their commands, which needs
// no server. Speaker's notes and hidden steps are not in it.
type Site struct {
	Deck   *present.Deck
	Book   *ledger.Ledger                    // with the output of commands, if it is made from a report; nil: none
	Images func(name string) ([]byte, error) // reads a picture by its name beside the deck
}

// siteMark says in a site that this program has written it, and may write it again.
const siteMark = `<meta name="generator" content="workshop export site">`

// siteData is the data of the page's template.
type siteData struct {
	page.Bundle
	Title  string
	Mark   template.HTML
	Slides []siteSlide
}

type siteSlide struct {
	paper
	Number  int
	Title   string
	Chapter string // where another one begins
}

// Write writes the site to a folder: index.html, and the pictures in file/. The folder is a new or empty
// one, or that of an earlier site. Missing are the names of pictures that could not be read.
func (s Site) Write(dir string) (missing []string, err error) {
	index := filepath.Join(dir, "index.html")
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	old, _ := os.ReadFile(index) // none: it is no site
	if len(found) > 0 && !bytes.Contains(old, []byte(siteMark)) {
		return nil, fmt.Errorf("%s is not empty, and not a site of this program", dir)
	}
	data := siteData{Title: s.Deck.Title, Mark: siteMark}
	if data.Title == "" {
		data.Title = "Workshop"
	}
	data.Bundle, err = page.NewBundle(page.Asset{From: files, Name: "page/site.css"}, page.Asset{From: files, Name: "page/site.js"})
	if err != nil {
		return nil, err
	}
	data.Policy += "; img-src 'self' file:"
	data.Slides = s.slides()
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "site.html", data); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if missing, err = s.pictures(dir, b.String()); err != nil {
		return missing, err
	}
	return missing, os.WriteFile(index, absent(b.Bytes(), missing), 0o666)
}

// absent is a page with a word in place of each picture that is missing.
func absent(text []byte, missing []string) []byte {
	return wholePicture().ReplaceAllFunc(text, func(tag []byte) []byte {
		found := wholePicture().FindSubmatch(tag)
		name, err := url.PathUnescape(html.UnescapeString(string(found[1])))
		if err != nil || !slices.Contains(missing, name) {
			return tag
		}
		if len(found[2]) == 0 {
			found[2] = []byte(page.Escape(name))
		}
		return fmt.Appendf(nil, `<span class="absent">%s (picture missing)</span>`, found[2])
	})
}

// anchor is a link to a slide of the deck.
var anchor = lazy.Regexp(`href="#([^"]*)"`)

func (s Site) slides() (all []siteSlide) {
	state := present.Unpresented(s.Deck, s.Book)
	chapter := ""
	for slide := range wholeSlides(s.Deck) {
		text := slideHTML(slide, func(step int) string { return s.behind(state, s.Deck.Steps[step]) })
		text = anchor().ReplaceAllStringFunc(text, func(link string) string {
			to, err := url.PathUnescape(html.UnescapeString(anchor().FindStringSubmatch(link)[1]))
			if at := s.Deck.Find(to); err == nil && at >= 0 {
				return fmt.Sprintf(`href="#s%d"`, s.whole(at))
			}
			return link
		})
		one := siteSlide{
			paper: paper{Class: page.ClassList(slide.Slide().Classes), HTML: template.HTML(text)}, Number: slide.Index + 1,
			Title: page.Printable(slide.Title()),
		}
		if c := page.Printable(slide.Chapter.Title); c != chapter {
			chapter, one.Chapter = c, c
		}
		all = append(all, one)
	}
	return all
}

// whole is the number of the slide that shows all increments of one.
func (s Site) whole(at int) int {
	for slide := range wholeSlides(s.Deck) {
		if slide.Index >= at {
			return slide.Index + 1
		}
	}
	return at + 1
}

// behind is the verdict of a command, and its output up to the next command.
func (s Site) behind(state *present.State, step *present.Step) string {
	if s.Book == nil {
		return ""
	}
	text := verdictHTML(state, step)
	if !step.Snippet() {
		return text
	}
	var out strings.Builder
	for i, o := range step.Exercise.Steps[step.Number:] {
		if i > 0 && o.Snippet() {
			break
		}
		out.WriteString(s.Book.Output(o))
	}
	if shown := strings.TrimRight(out.String(), " \n"); shown != "" {
		text += `<pre class="output" tabindex="0" aria-label="Output"><code>` + page.Escape(shown) + "</code></pre>"
	}
	return text
}

// picture is the address of a picture in the HTML of slides.
var picture = lazy.Regexp(`<img src="(file/[^"]+)"`)

// wholePicture is a picture with its description.
var wholePicture = lazy.Regexp(`<img src="file/([^"]+)" alt="([^"]*)">`)

func (s Site) pictures(dir, text string) (missing []string, err error) {
	seen := map[string]bool{}
	for _, found := range picture().FindAllStringSubmatch(text, -1) {
		name, err := url.PathUnescape(html.UnescapeString(strings.TrimPrefix(found[1], "file/")))
		if err != nil || seen[name] {
			continue
		}
		seen[name] = true
		data, err := s.Images(name)
		if err != nil {
			missing = append(missing, name)
			continue
		}
		to := filepath.Join(dir, "file", filepath.FromSlash(name)) // a name of page.ImageName climbs nowhere
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return missing, err
		}
		if err := os.WriteFile(to, data, 0o666); err != nil {
			return missing, err
		}
	}
	return missing, nil
}

// wholeSlides are the slides of a deck, with the last one of those that show more and more of the same.
func wholeSlides(d *present.Deck) iter.Seq[*present.Slide] {
	return func(yield func(*present.Slide) bool) {
		for i, slide := range d.Slides {
			if next := i + 1; next < len(d.Slides) {
				parts := d.Slides[next].Parts
				if len(parts) > len(slide.Parts) && slices.Equal(parts[:len(slide.Parts)], slide.Parts) {
					continue
				}
			}
			if !yield(slide) {
				return
			}
		}
	}
}

// verdictHTML is how a step came out in this talk, else in its last check.
func verdictHTML(s *present.State, step *present.Step) string {
	mark, last := s.Mark(step), s.Check(step)
	look, text := "", ""
	verdicts := map[runner.Verdict][2]string{
		runner.Passed: {"good", "✓ passed"}, runner.Failed: {"bad", "✗ failed"}, runner.Flaky: {"warn", "↻ flaky"},
		runner.Inconclusive: {"warn", "≈ undecided"}, runner.Broken: {"bad", "✗ broken"}, runner.Skipped: {"", "– skipped"},
	}
	switch known, ok := verdicts[runner.Verdict(mark.State)]; {
	case ok:
		look, text = known[0], known[1]+" in this talk"
		if mark.Skipped {
			text += ", skipped"
		}
	case last.Standing == ledger.Edited:
		look, text = "warn", "edited since it was checked"
	case last.Standing == ledger.Never:
		text = "not checked"
	default:
		known := verdicts[last.Verdict]
		look, text = known[0], known[1]+" on "+last.At.Format("2 January 2006")
		if last.Duration >= 100*time.Millisecond {
			text += fmt.Sprintf(", %.1f s", last.Duration.Seconds())
		}
		if last.Standing == ledger.Before {
			look, text = "warn", text+"; what comes before was edited since"
		}
	}
	return `<p class="verdict ` + look + `">` + page.Escape(text) + "</p>"
}
