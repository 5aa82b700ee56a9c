package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"workshop/runner"
	"workshop/runner/present"
	"workshop/runner/present/web"
	"workshop/runner/report"
)

func newExport(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Make pictures of recordings, handouts of runs, and a site of a deck",
		Long: `Makes files for others from what check has written:

  workshop check --record casts --report jsonl=run.jsonl
  workshop export svg casts/scaling/viewing-logs.cast logs.svg
  workshop export handout run.jsonl handout.html
  workshop export site --report run.jsonl site slides`,
		GroupID: "deck",
		Args:    cobra.NoArgs,
	}
	cmd.AddCommand(
		exporter("svg RECORDING FILE", "Write a recording as an animated SVG picture, without a script", "cast", report.ExportSVG),
		exporter("cast2 RECORDING FILE", "Write a recording as asciicast v2, for players that do not read v3", "cast", report.ExportCast2),
		exporter("handout JSONL FILE", "Write a deck with each command and its output in the run: Markdown, or a page (FILE.html)", "jsonl",
			exportHandout),
		newExportSite(streams),
	)
	return cmd
}

// exporter is a command that makes a file of another one, whose name ends in ext.
func exporter(use, short, ext string, export func(from, to string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return []cobra.Completion{ext}, cobra.ShellCompDirectiveFilterFileExt
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if same(args[0], args[1]) {
				return fmt.Errorf("%s would overwrite the file that it is made of", args[1])
			}
			return export(args[0], args[1])
		},
	}
}

// newExportSite is the command for the talk for afterwards.
func newExportSite(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "site DIR [DECK]",
		Short: "Write a deck as a page for after the talk, with the output of its commands and a search",
		Long: `Writes all slides of a deck to DIR/index.html, and their pictures beside it. The page needs no
server: it works from a file. With --report each command has its real output and its verdict,
from a check of this deck:

  workshop check --report jsonl=run.jsonl slides
  workshop export site --report run.jsonl site slides

Speaker's notes and hidden steps are left out. Nothing is executed.`,
		Args: cobra.RangeArgs(1, 2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveFilterDirs
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	var from string
	cmd.Flags().StringVar(&from, "report", "", "take output and verdicts from the report `FILE` of a check, of the format jsonl")
	completeFiles(cmd, "report", "jsonl")
	dialect := dialectFlags(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		plan, sources, err := dialect.shown(args[1:], streams.Err)
		if err != nil {
			return err
		}
		leadNowhere(plan, lintPlan(plan, sources, nil, runner.Selection{}))
		site := web.Site{Deck: present.NewDeck(plan), Images: sources[0].picture}
		if from != "" {
			if site.Book, err = bookOf("--report", from, plan); err != nil {
				return err
			}
		}
		missing, err := site.Write(args[0])
		for _, name := range missing {
			fmt.Fprintf(streams.Err, "%s: no such picture\n", name)
		}
		return err
	}
	return cmd
}

// same reports whether two names are of one file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

func exportHandout(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	files := &report.Files{}
	if err := files.Handout(to); err != nil {
		return err
	}
	_, err = report.Read(in, from, files)
	if err != nil {
		_ = files.Finish(nil)
	}
	return err
}
