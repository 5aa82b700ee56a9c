package lsp

import (
	"path"
	"path/filepath"
	"strings"

	"workshop/markdown"
)

// placed is a slide with its chapter.
type placed struct {
	chapter *markdown.Chapter
	slide   *markdown.Slide
}

// deckOf returns the first deck that contains a file, or nil.
func (a *analysis) deckOf(path string) *deck {
	for _, d := range a.decks {
		if d.files[path] {
			return d
		}
	}
	return nil
}

// slidesOf returns the slides of a deck that begin in a file.
func (d *deck) slidesOf(path string) []placed {
	if d == nil || d.deck == nil {
		return nil
	}
	var slides []placed
	for _, c := range d.deck.Chapters {
		for _, s := range c.Slides {
			if s.Pos.File == path {
				slides = append(slides, placed{c, s})
			}
		}
	}
	return slides
}

// exercisesOf returns the exercises of a deck that begin in a file.
func (d *deck) exercisesOf(path string) []*markdown.Exercise {
	if d == nil || d.deck == nil {
		return nil
	}
	var found []*markdown.Exercise
	for _, c := range d.deck.Chapters {
		for _, s := range c.Slides {
			for _, e := range s.Exercises {
				if e.Pos.File == path {
					found = append(found, e)
				}
			}
		}
	}
	return found
}

// symbols returns the outline of a document: parts, slides, exercises; of a manifest, its chapters.
func (a *analysis) symbols(doc *document) []symbol {
	d := a.deckOf(doc.path)
	if d == nil || d.deck == nil {
		return []symbol{}
	}
	if isManifest(doc.path) {
		return d.chapters(doc)
	}
	slides := d.slidesOf(doc.path)
	all, part := []symbol{}, ""
	for i, p := range slides {
		from, to := doc.place(p.slide.Pos), len(doc.text)
		if i+1 < len(slides) {
			to = doc.place(slides[i+1].slide.Pos)
		}
		s := slideSymbol(doc, p.slide, from, to)
		if p.slide.Part != part || len(all) == 0 {
			if part = p.slide.Part; part != "" {
				all = append(all, symbol{Name: part, Kind: symbolPart, Range: s.Range, SelectionRange: s.SelectionRange})
			}
		}
		if part == "" {
			all = append(all, s)
			continue
		}
		last := &all[len(all)-1]
		last.Children = append(last.Children, s)
		last.Range.End = s.Range.End
	}
	return all
}

func slideSymbol(doc *document, slide *markdown.Slide, from, to int) symbol {
	s := symbol{
		Name: slide.Title, Detail: slideNumber(slide), Kind: symbolSlide,
		Range: doc.span(from, to), SelectionRange: doc.span(from, from),
	}
	if strings.TrimSpace(s.Name) == "" {
		s.Name = "untitled"
	}
	for i, e := range slide.Exercises {
		if e.Pos.File != doc.path {
			continue
		}
		start, end := doc.place(e.Pos), to
		if i+1 < len(slide.Exercises) && slide.Exercises[i+1].Pos.File == doc.path {
			end = doc.place(slide.Exercises[i+1].Pos)
		}
		s.Children = append(s.Children, symbol{
			Name: e.ID, Kind: symbolExercise,
			Range: doc.span(start, end), SelectionRange: doc.span(start, doc.word(start)),
		})
	}
	return s
}

func slideNumber(s *markdown.Slide) string {
	switch {
	case s.Excluded:
		return "excluded"
	case s.Increment:
		return "increment"
	}
	return ""
}

func (d *deck) chapters(doc *document) []symbol {
	all := []symbol{}
	for _, c := range d.deck.Chapters {
		if c.Pos.File == doc.path {
			start := doc.place(c.Pos)
			at := doc.span(start, doc.word(start))
			all = append(all, symbol{Name: c.Name, Detail: c.Title, Kind: symbolFile, Range: at, SelectionRange: at})
		}
	}
	return all
}

// lenses returns a lens with the id above each exercise of a document.
func (a *analysis) lenses(doc *document) []codeLens {
	all := []codeLens{}
	d := a.deckOf(doc.path)
	for _, e := range d.exercisesOf(doc.path) {
		start := doc.place(e.Pos)
		all = append(all, codeLens{
			Range:   doc.span(start, doc.word(start)),
			Command: command{Title: "workshop: " + e.ID, Command: commandName, Arguments: []string{e.ID, d.path}},
		})
	}
	return all
}

// definition returns the location of the file that a document names at an offset: in an
// @@INCLUDE[file] or @@LINK[file], in a manifest's content, or as a required chapter.
func (a *analysis) definition(doc *document, off int) *location {
	d := a.deckOf(doc.path)
	if d == nil || d.top == "" {
		return nil
	}
	line, at := doc.row(off)
	if name := included(line, at); name != "" {
		return d.target(path.Clean(name))
	}
	if d.deck == nil || d.path != doc.path || !isManifest(doc.path) {
		return nil
	}
	word := wordAt(line, at)
	for _, c := range d.deck.Chapters {
		start := doc.place(c.Pos)
		if c.Pos.File == doc.path && c.Path != "" && start <= off && off <= doc.word(start) {
			return d.target(c.Path)
		}
	}
	for _, c := range d.deck.Chapters {
		if c.Name == word && c.Path != "" {
			return d.target(c.Path)
		}
	}
	return nil
}

// target returns the beginning of a file of the deck, if it has been read.
func (d *deck) target(name string) *location {
	abs := filepath.Join(d.top, filepath.FromSlash(name))
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil
	}
	return &location{URI: uriOf(abs)}
}

// row returns the line around an offset, and the offset in it.
func (d *document) row(off int) (line string, at int) {
	from := strings.LastIndexByte(d.text[:off], '\n') + 1
	line, _, _ = strings.Cut(d.text[from:], "\n")
	return strings.TrimSuffix(line, "\r"), off - from
}

// included returns the file in an @@INCLUDE or @@LINK around an offset, or "".
func included(line string, at int) string {
	for from := 0; ; {
		n := strings.Index(line[from:], "@@")
		if n < 0 {
			return ""
		}
		from += n
		rest := line[from:]
		name, ok := strings.CutPrefix(rest, "@@INCLUDE[")
		if !ok {
			name, ok = strings.CutPrefix(rest, "@@LINK[")
		}
		if !ok {
			from += 2
			continue
		}
		end := strings.IndexByte(name, ']')
		if end < 0 {
			return ""
		}
		if to := from + len(rest) - len(name) + end + 1; from <= at && at <= to {
			return name[:end]
		}
		from += len(rest) - len(name) + end
	}
}

// wordAt returns the word of a line around an offset, as in YAML's lists.
func wordAt(line string, at int) string {
	at = min(at, len(line))
	const breaks = " \t,[]{}\"'#:"
	from := strings.LastIndexAny(line[:at], breaks) + 1
	to := strings.IndexAny(line[at:], breaks)
	if to < 0 {
		return line[from:]
	}
	return line[from : at+to]
}
