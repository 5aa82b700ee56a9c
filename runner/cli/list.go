package cli

import (
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
	dialect, selection := dialectFlags(cmd), selectionFlags(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		plan, _, err := dialect.load(args, streams.Err)
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
		doc, n := listing(plan.Decks, sel)
		if n == 0 && !sel.Empty() {
			return runner.ErrNothingSelected
		}
		if *asJSON {
			enc := json.NewEncoder(streams.Out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(doc)
		}
		printListing(streams.Out, doc)
		return nil
	}
	return cmd
}

// The document that `list --json` prints.
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
		Slides []listSlide `json:"slides"`
	}
	listSlide struct {
		Number    int            `json:"number"`
		Title     string         `json:"title"`
		Classes   []string       `json:"classes"`
		Line      int            `json:"line"`
		Excluded  bool           `json:"excluded"`
		Exercises []listExercise `json:"exercises"`
	}
	listExercise struct {
		ID    string     `json:"id"`
		Line  int        `json:"line"`
		Steps []listStep `json:"steps"`
	}
	listStep struct {
		Directive string `json:"directive"`
		Text      string `json:"text"`
		Line      int    `json:"line"`
		Col       int    `json:"col"`
		Hidden    bool   `json:"hidden"`
	}
)

// listing describes what a selection leaves of decks, and counts the exercises.
func listing(decks []*markdown.Deck, sel runner.Selection) (doc listDoc, exercises int) {
	doc.Decks = []listDeck{}
	for _, d := range decks {
		deck := listDeck{Name: d.Name, Chapters: []listChapter{}}
		for _, c := range d.Chapters {
			chapter := listChapter{Name: c.Name, Title: c.Title, File: c.File, Slides: []listSlide{}}
			for _, s := range c.Slides {
				slide := listSlide{Number: s.Number, Title: s.Title, Classes: append([]string{}, s.Classes...), Line: s.Pos.Line, Excluded: s.Excluded, Exercises: []listExercise{}}
				for _, e := range s.Exercises {
					if sel.Includes(c, s, e) {
						slide.Exercises = append(slide.Exercises, listOf(e))
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

func listOf(e *markdown.Exercise) listExercise {
	x := listExercise{ID: e.ID, Line: e.Pos.Line, Steps: []listStep{}}
	for _, s := range e.Steps {
		x.Steps = append(x.Steps, listStep{Directive: s.Directive, Text: s.Text, Line: s.Pos.Line, Col: s.Pos.Col, Hidden: s.Hidden})
	}
	return x
}

// printListing shows the exercises with their steps, by chapter.
func printListing(w io.Writer, doc listDoc) {
	for _, d := range doc.Decks {
		for _, c := range d.Chapters {
			fmt.Fprintf(w, "%s  %s (%s)\n", c.Name, c.Title, c.File)
			for _, s := range c.Slides {
				for _, e := range s.Exercises {
					fmt.Fprintf(w, "  %s  slide %d, line %d%s\n", e.ID, s.Number, e.Line, mark(s.Excluded, ", excluded"))
					for _, step := range e.Steps {
						text, rest, more := strings.Cut(step.Text, "\n")
						if more && strings.TrimSpace(rest) != "" {
							text += " …"
						}
						fmt.Fprintf(w, "    %4d  %-8s  %s%s\n", step.Line, step.Directive, text, mark(step.Hidden, "  (hidden)"))
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
