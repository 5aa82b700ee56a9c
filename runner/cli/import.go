package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"workshop/markdown"
	"workshop/runner/report"
)

func newImport(streams Streams) *cobra.Command {
	var styles strings.Builder
	for _, st := range markdown.Styles() {
		for i, line := range report.Fold(st.Summary, 66) {
			if i > 0 {
				st.Name = ""
			}
			fmt.Fprintf(&styles, "  %-13s%s\n", st.Name, line)
		}
	}
	cmd := &cobra.Command{
		Use:   "import DECK [DIR]",
		Short: "Write a deck of slides from documents in another style",
		Long: `Reads documents in any style, and writes them to DIR (default: slides) as a deck: a
manifest, and a file for each document, whose sections are slides and whose commands are
exercises. It reports the parts that it cannot carry over. It executes nothing, and
overwrites nothing without --force.

Styles, by --style or by the look of the documents:
` + styles.String(),
		GroupID: "deck",
		Args:    cobra.RangeArgs(1, 2),
	}
	d := dialectFlags(cmd)
	force := cmd.Flags().Bool("force", false, "overwrite the files that exist")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		_, sources, err := d.shown(args[:1], streams.Err)
		if err != nil {
			return err
		}
		deck := sources[0].deck
		dir := "slides"
		if len(args) > 1 {
			dir = args[1]
		}
		files, left, err := imported(deck, dir)
		if err != nil {
			return err
		}
		if err := writeNew(files, *force); err != nil {
			return err
		}
		for _, f := range files {
			fmt.Fprintln(streams.Out, f.name)
		}
		for _, e := range left {
			fmt.Fprintf(streams.Out, "not carried: %v\n", e)
		}
		exercises, steps := 0, 0
		for _, c := range deck.Chapters {
			for _, s := range c.Slides {
				exercises += len(s.Exercises)
				for _, e := range s.Exercises {
					steps += len(e.Steps)
				}
			}
		}
		fmt.Fprintf(streams.Out, "\n%s with %s, read as %s; %s not carried\n\nNext:\n  workshop check %s\n",
			count(exercises, "exercise"), count(steps, "step"), deck.Style, count(len(left), "part"), shellWord(dir))
		return nil
	}
	return cmd
}

// imported are the files of a deck made of documents, below dir, and the parts that are left out.
func imported(deck *markdown.Deck, dir string) (files []newFile, left markdown.ErrorList, err error) {
	manifest := struct {
		Title   string   `yaml:"title"`
		Session string   `yaml:"session"`
		Workdir string   `yaml:"workdir,omitempty"`
		Content []string `yaml:"content"`
	}{Title: deck.Title, Session: string(deck.Session)}
	for _, c := range deck.Chapters {
		if !c.Sections() {
			return nil, nil, errors.New("the documents are a deck of slides already: there is nothing to import")
		}
		text, more := markdown.Export(c)
		left = append(left, more...)
		name := c.Name + ".md"
		manifest.Content = append(manifest.Content, name)
		files = append(files, newFile{filepath.Join(dir, name), []byte(text)})
	}
	text, err := yaml.Marshal(manifest)
	return append([]newFile{{filepath.Join(dir, "workshop.yml"), text}}, files...), left, err
}
