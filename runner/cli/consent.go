package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner"
)

// unasked is the error for a plan with commands of documents that nobody asked to run: they may
// have been written for readers only. Nil if there are none.
func unasked(plan *runner.Plan, sources []*source, args []string) error {
	commands, hidden, sections, files := 0, 0, 0, []string{}
	var style string
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			if e.Chapter.Asked || e.Setup {
				continue
			}
			sections++
			style = e.Chapter.Style
			if !slices.Contains(files, e.Chapter.File) {
				files = append(files, e.Chapter.File)
			}
			for _, step := range e.Steps {
				switch {
				case !step.Snippet():
				case step.Hidden:
					hidden++
				default:
					commands++
				}
			}
		}
	}
	if sections == 0 {
		return nil
	}
	where := files[0]
	if len(files) > 1 {
		where = fmt.Sprintf("%s and %d more", where, len(files)-1)
	}
	document, manifest := "the document", "the manifest"
	if len(files) > 1 {
		document = "each document"
	}
	if !slices.ContainsFunc(sources, func(src *source) bool { return src.deck.Values != nil }) {
		manifest = "a manifest that lists what is to be run"
	}
	near := ""
	for _, src := range sources {
		if list := src.manifests(); len(list) > 0 {
			near += "\nManifests nearby: " + strings.Join(list, ", ")
		}
	}
	return fmt.Errorf(`%s: %s%s in %s, and nobody has said that they are to be run
  workshop plan %s   shows them
If they are, say so by one of
  <!-- workshop: style %s -->   a line in %s
  style: %s                     a line in %s
  --style %s                    for this run%s`,
		where, count(commands, "command"), andHidden(hidden), count(sections, "section"), strings.Join(args, " "), style, document,
		style, manifest, style, near)
}

// count is a number with a noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// The limits of the search for manifests: those that a message names, the files looked at in a
// folder, and their size.
const (
	nearbyManifests = 12
	nearbyEntries   = 500
	nearbySize      = 256 << 10
)

// emptiness adds to the error of an empty selection what there is in the decks: their fences, and the
// manifests in their folders. A selection by name that is empty needs no such help.
func emptiness(err error, sel runner.Selection, sources []*source) error {
	if !errors.Is(err, runner.ErrNothingSelected) || !sel.Empty() {
		return err
	}
	var lines []string
	for _, src := range sources {
		lines = append(lines, src.holds())
		if near := src.manifests(); len(near) > 0 {
			lines = append(lines, "manifests nearby: "+strings.Join(near, ", "))
		}
	}
	return &codeError{exitNothing, fmt.Errorf("%w\n  %s", err, strings.Join(lines, "\n  "))}
}

// holds says which documents and fences a deck without exercises consists of.
func (src *source) holds() string {
	fences := src.deck.Fences()
	total, words := 0, []string{}
	for _, lang := range slices.SortedFunc(maps.Keys(fences), func(a, b string) int {
		return cmp.Or(fences[b]-fences[a], strings.Compare(a, b))
	}) {
		total += fences[lang]
		words = append(words, fmt.Sprintf("%d %s", fences[lang], cmp.Or(lang, "without a language")))
	}
	name := cmp.Or(src.deck.File, src.deck.Name)
	if len(words) == 0 {
		return fmt.Sprintf("%s: %s, no .exercise[, no fence", name, count(len(src.deck.Chapters), "document"))
	}
	return fmt.Sprintf("%s: %s, no .exercise[, no commands; %s: %s",
		name, count(len(src.deck.Chapters), "document"), count(total, "fence"), strings.Join(words, ", "))
}

// manifests are the manifests in the folder of the deck and in the folders in it, other than the
// deck's own.
func (src *source) manifests() []string {
	var found []string
	look := func(dir string) (folders []string) {
		entries, err := fs.ReadDir(src.fsys, dir)
		if err != nil {
			return nil
		}
		for _, e := range entries[:min(len(entries), nearbyEntries)] {
			name := path.Join(dir, e.Name())
			switch ext := path.Ext(name); {
			case strings.HasPrefix(e.Name(), "."):
			case e.IsDir():
				folders = append(folders, name)
			case (ext == ".yml" || ext == ".yaml") && src.shows(name) != src.deck.File && src.lists(name):
				found = append(found, src.shows(name))
			}
		}
		return folders
	}
	for _, folder := range look(src.deck.Dir) {
		look(folder)
	}
	if len(found) > nearbyManifests {
		found = append(found[:nearbyManifests], "…")
	}
	return found
}

// lists reports whether a file is a manifest.
func (src *source) lists(name string) bool {
	info, err := fs.Stat(src.fsys, name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > nearbySize {
		return false
	}
	text, err := fs.ReadFile(src.fsys, name)
	return err == nil && markdown.LooksLikeManifest(string(text))
}

// shows is the name of a file of the deck's file system, for the user.
func (src *source) shows(name string) string { return src.show(path.Join(src.root, name)) }
