package cli

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
)

func newList(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list [DECK…]",
		Short:   "Show chapters, slides, exercises and steps; nothing is executed",
		GroupID: "deck",
	}
	asJSON := cmd.Flags().Bool("json", false, "print one JSON document")
	dialect := dialectFlags(cmd)
	selection := selectionFlags(cmd, dialect)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		plan, sources, err := dialect.shown(args, streams.Err)
		if err != nil {
			return err
		}
		sel, err := selection()
		if err != nil {
			return err
		}
		if err := sel.Check(plan.Decks); err != nil {
			return err
		}
		doc, n := listing(plan, sel)
		if n == 0 && !sel.Empty() {
			return runner.ErrNothingSelected
		}
		if *asJSON {
			enc := json.NewEncoder(streams.Out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(doc)
		}
		out := bufio.NewWriter(streams.Out)
		printListing(out, doc)
		if err := out.Flush(); err != nil {
			return &codeError{exitBroken, err}
		}
		if n == 0 {
			fmt.Fprintln(streams.Err, emptiness(runner.ErrNothingSelected, sel, sources))
		}
		return nil
	}
	return cmd
}

// The document that `list --json` prints:
type (
	listDoc struct {
		Decks []listDeck `json:"decks"`
	}
	listDeck struct {
		Name     string        `json:"name"`
		Chapters []listChapter `json:"chapters"`
	}
	listChapter struct {
		Name   string      `json:"name"`
		Title  string      `json:"title"`
		File   string      `json:"file"`
		Style  string      `json:"style"`
		Slides []listSlide `json:"slides"`
	}
	listSlide struct {
		Number    int            `json:"number"`
		Title     string         `json:"title"`
		Classes   []string       `json:"classes"`
		File      string         `json:"file,omitempty"` // if it differs from the chapter's, here and below
		Line      int            `json:"line"`
		Excluded  bool           `json:"excluded"`
		Exercises []listExercise `json:"exercises"`
	}
	listExercise struct {
		ID     string     `json:"id"`
		File   string     `json:"file,omitempty"`
		Line   int        `json:"line"`
		Broken []string   `json:"broken,omitempty"` // its mistakes, because of which it does not run
		Steps  []listStep `json:"steps"`
	}
	listStep struct {
		Directive string `json:"directive"`
		Text      string `json:"text"`
		File      string `json:"file,omitempty"`
		Line      int    `json:"line"`
		Col       int    `json:"col"`
		Hidden    bool   `json:"hidden"`
		Rule      string `json:"rule,omitempty"` // of the style that made the step
		Skip      string `json:"skip,omitempty"` // the author's reason not to run it
	}
)

// listing describes the selected part of the decks of a plan, and counts the exercises.
func listing(plan *runner.Plan, sel runner.Selection) (doc listDoc, exercises int) {
	doc.Decks = []listDeck{}
	broken := mistakes(plan)
	for _, d := range plan.Decks {
		deck := listDeck{Name: d.Name, Chapters: []listChapter{}}
		for _, c := range d.Chapters {
			chapter := listChapter{Name: c.Name, Title: c.Title, File: c.File, Style: c.Style, Slides: []listSlide{}}
			for _, s := range c.Slides {
				slide := listSlide{
					Number: s.Number, Title: s.Title, Classes: append([]string{}, s.Classes...), File: other(c, s.Pos), Line: s.Pos.Line,
					Excluded: s.Excluded, Exercises: []listExercise{},
				}
				for _, e := range s.Exercises {
					if sel.Includes(c, s, e) {
						slide.Exercises = append(slide.Exercises, listOf(c, e, broken[e]))
						exercises++
					}
				}
				if len(slide.Exercises) > 0 || sel.Includes(c, s, nil) {
					chapter.Slides = append(chapter.Slides, slide)
				}
			}
			if len(chapter.Slides) > 0 || sel.Empty() {
				deck.Chapters = append(deck.Chapters, chapter)
			}
		}
		doc.Decks = append(doc.Decks, deck)
	}
	return doc, exercises
}

// mistakes are those of the exercises that do not run because of them.
func mistakes(plan *runner.Plan) map[*markdown.Exercise]markdown.ErrorList {
	all := map[*markdown.Exercise]markdown.ErrorList{}
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			all[e.Exercise] = e.Mistakes
		}
	}
	return all
}

func listOf(c *markdown.Chapter, e *markdown.Exercise, broken markdown.ErrorList) listExercise {
	x := listExercise{ID: e.ID, File: other(c, e.Pos), Line: e.Pos.Line, Steps: make([]listStep, 0, len(e.Steps))}
	for _, m := range broken {
		x.Broken = append(x.Broken, m.Error())
	}
	for _, s := range e.Steps {
		x.Steps = append(x.Steps, listStep{
			Directive: s.Directive, Text: s.Text, File: other(c, s.Pos), Line: s.Pos.Line, Col: s.Pos.Col,
			Hidden: s.Hidden, Rule: s.Rule, Skip: s.Skip,
		})
	}
	return x
}

// other returns the file of a position if it differs from the chapter's, as in an include.
func other(c *markdown.Chapter, pos markdown.Pos) string {
	if pos.File == c.File {
		return ""
	}
	return pos.File
}

// printListing shows the exercises with their steps, by chapter.
func printListing(w io.Writer, doc listDoc) {
	for _, d := range doc.Decks {
		for _, c := range d.Chapters {
			fmt.Fprintf(w, "%s  %s (%s)\n", c.Name, c.Title, c.File)
			for _, s := range c.Slides {
				for _, e := range s.Exercises {
					fmt.Fprintf(w, "  %s  slide %d, line %d%s%s\n", e.ID, s.Number, e.Line, mark(e.File != "", " of "+e.File),
						mark(s.Excluded, ", excluded"))
					for _, m := range e.Broken {
						fmt.Fprintf(w, "    broken    %s\n", m)
					}
					for _, step := range e.Steps {
						text, rest, more := strings.Cut(step.Text, "\n")
						if more && strings.TrimSpace(rest) != "" {
							text += " …"
						}
						fmt.Fprintf(w, "    %4d  %-8s  %s%s%s", step.Line, step.Directive, text,
							mark(step.File != e.File, "  (in "+cmp.Or(step.File, c.File)+")"), mark(step.Hidden, "  (hidden)"))
						if step.Rule != "" {
							fmt.Fprintf(w, "  [%s]", step.Rule)
						}
						if step.Skip != "" {
							fmt.Fprintf(w, "  (skipped: %s)", step.Skip)
						}
						fmt.Fprintln(w)
					}
				}
			}
		}
	}
}

func mark(on bool, text string) string {
	if on {
		return text
	}
	return ""
}
