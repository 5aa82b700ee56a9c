package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
)

func newReport(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "report",
		Short:   "Make the reports of a run afterwards, from its JSON lines or those of its shards",
		GroupID: "deck",
		Args:    cobra.NoArgs,
	}
	cmd.AddCommand(newReportRender(streams), newReportMerge(streams))
	return cmd
}

func newReportRender(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "render FILE",
		Short: "Print the result of a run, and write its reports",
		Long: `Reads the JSON lines of a run (check --report jsonl=FILE; - for standard input), prints
the run as check does, and writes the reports that are asked for. They are those that
check would have written.

The lines of a run that was killed end anywhere: its step under way is interrupted, and
what comes after it has not run.

Exit status: that of the run.`,
		Args: cobra.ExactArgs(1),
	}
	j := &job{console: "console"}
	j.reportFlags(cmd, report.LaterFormats())
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []cobra.Completion{"jsonl"}, cobra.ShellCompDirectiveFilterFileExt
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error { return j.render(args[0], streams) }
	return cmd
}

func newReportMerge(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "merge --expect N FILE…",
		Short: "Make one run of the reports of its shards",
		Long: `Reads the reports of the shards of a run (check --shard I/N), prints the whole run as check
does, and writes the reports that are asked for. They are those of one run with the same
verdicts, but for times. Without an option for all shards, the id of the run is that of the CI
service; where there is none, an old report of the same deck is not noticed.

A FILE is a report of the format jsonl, or a log with the standard output of any number of
shards (check --report jsonl=-; - for standard input). Foreign lines in a log are ignored. A
record may stand behind a prefix, such as the time or the pod of kubectl logs, if the line
is whole.

Attempts of the same shard merge as attempts: the last whole one decides. An exercise that
failed in one and passed in another is flaky; an attempt that was broken or interrupted says
nothing about it.

Exit status: that of the run; 4 if a shard is missing, doubled, foreign or cut short, or if
an exercise is in no shard's list. Each of them is named, and the reports are written of the
rest.`,
		Args: cobra.MinimumNArgs(1),
	}
	j := &job{console: "console"}
	expect := cmd.Flags().Int("expect", 0, "the `N`umber of shards")
	if err := errors.Join(cmd.MarkFlagRequired("expect"), cmd.RegisterFlagCompletionFunc("expect", cobra.NoFileCompletions)); err != nil {
		panic(err) // the flag is defined above
	}
	j.reportFlags(cmd, report.LaterFormats())
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if *expect < 1 || *expect > runner.MaxShards {
			return fmt.Errorf("--expect: there cannot be %d shards, only 1 to %d", *expect, runner.MaxShards)
		}
		return j.merge(args, *expect, streams)
	}
	return cmd
}

// reportFlags adds the flags for reports in files.
func (j *job) reportFlags(cmd *cobra.Command, formats []string) {
	cmd.Flags().StringArrayVar(&j.reports, "report", nil,
		"also write a report: `FORMAT=FILE`, a format of "+strings.Join(formats, ", ")+" (repeatable)")
	cmd.Flags().StringVar(&j.record, "record", "",
		"write a recording of each exercise to `DIR` (asciicast v3); with an html report those that did not pass go beside it anyway")
	completeFormats(cmd, "report", formats)
	completeFolders(cmd, "record")
}

// workspace is the directory to which the CI service of this run resolves the names of files; "" for
// none.
func workspace() string { return cmp.Or(os.Getenv("GITHUB_WORKSPACE"), os.Getenv("CI_PROJECT_DIR")) }

// files opens the reports in files, of which none may be one that is read. Every end of the command
// writes them.
func (j *job) files(reads []string, streams Streams) (*report.Files, error) {
	for _, spec := range j.reports {
		_, to, err := report.ParseSpec(spec)
		if err == nil && (slices.ContainsFunc(reads, func(name string) bool { return same(name, to) }) || isSource(to)) {
			return nil, fmt.Errorf("--report %s would overwrite the file that it is made of", spec)
		}
	}
	files := &report.Files{Summary: os.Getenv("GITHUB_STEP_SUMMARY"), Workspace: workspace()}
	j.shards.begin(files, j.flakes)
	for _, spec := range j.reports {
		if name, file, err := report.ParseSpec(spec); err == nil && name == "console" && report.IsOutput(file) && j.console == "console" {
			continue // the command prints it anyway
		}
		if err := files.Add(spec, streams.Out); err != nil {
			return nil, fmt.Errorf("--report: %w", errors.Join(err, files.Finish(nil)))
		}
	}
	switch beside := besideReport(j.reports); {
	case j.record != "":
		files.Record(j.record, false)
	case beside != "":
		files.Record(beside, true)
	}
	return files, nil
}

// isSource reports whether a file that exists has the name of a document or a manifest, which no report
// has.
func isSource(name string) bool {
	info, err := os.Stat(name)
	manifest := filepath.Ext(name) == ".yml" || filepath.Ext(name) == ".yaml"
	return err == nil && info.Mode().IsRegular() && (markdown.IsDocument(name) || manifest)
}

// besideReport is the folder for recordings of exercises that did not pass: beside the page, with
// its name. "" if no page is written to a file.
func besideReport(specs []string) string {
	for _, spec := range specs {
		name, file, err := report.ParseSpec(spec)
		if err == nil && name == "html" && !report.IsOutput(file) && !strings.HasPrefix(file, "/dev/") {
			return strings.TrimSuffix(file, filepath.Ext(file)) + "-recordings"
		}
	}
	return ""
}

// abort writes the reports of a run that has not begun because of an error. It returns the error.
func abort(files *report.Files, err error) error {
	var coded *codeError
	if err == nil || errors.As(err, &coded) && coded.err == nil {
		return err
	}
	verdict := runner.Invalid
	if exitCode(err) == exitBroken {
		verdict = runner.Broken
	}
	if failed := files.Abort(runner.Result{Verdict: verdict, Problems: problems(err), Empty: exitCode(err) == exitNothing}); failed != nil {
		return errors.Join(err, fmt.Errorf("write the report: %w", failed))
	}
	return err
}

// problems are the mistakes that an error holds, each with its position.
func problems(err error) []*runner.Failure {
	var list markdown.ErrorList
	if !errors.As(err, &list) {
		return []*runner.Failure{{Message: strings.ReplaceAll(err.Error(), "\n", " ")}}
	}
	var all []*runner.Failure
	for _, e := range list {
		all = append(all, &runner.Failure{Pos: e.Pos, Message: e.Message, Hint: e.Hint})
	}
	return all
}

// render makes the reports of a run from its JSON lines.
func (j *job) render(name string, streams Streams) error {
	file, err := openLines(name, streams)
	if err != nil {
		return err
	}
	defer file.Close()
	files, err := j.laterFiles([]string{name}, streams)
	if err != nil {
		return err
	}
	result, err := report.Read(file, name, files)
	if err != nil {
		return errors.Join(err, files.Finish(nil))
	}
	if code := resultCode(result); code != exitPassed {
		return &codeError{code: code}
	}
	return nil
}

// merge makes the reports of a run from those of its shards. A file that cannot be read is one that is
// missing.
func (j *job) merge(names []string, expect int, streams Streams) error {
	files, err := j.laterFiles(names, streams)
	if err != nil {
		return err
	}
	merge := report.NewMerge()
	for _, name := range names {
		file, err := openLines(name, streams)
		if err == nil {
			err = merge.Add(file, name)
			file.Close()
		}
		if err != nil {
			merge.Lacks(err.Error())
		}
	}
	result, err := merge.Finish(expect, files)
	if err != nil {
		return &codeError{exitBroken, errors.Join(err, files.Finish(nil))}
	}
	if code := resultCode(result); code != exitPassed {
		return &codeError{code: code}
	}
	return nil
}

// openLines opens a file with JSON lines, - for standard input.
func openLines(name string, streams Streams) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(streams.In), nil
	}
	return os.Open(name)
}

// laterFiles opens the reports that are made of JSON lines, and the one on the screen.
func (j *job) laterFiles(from []string, streams Streams) (*report.Files, error) {
	files, err := j.files(from, streams)
	if err != nil {
		return nil, err
	}
	console, err := report.New("console", streams.Out, report.Detect(streams.Out, os.Getenv))
	if err != nil {
		return nil, err
	}
	files.Show(console)
	return files, nil
}
