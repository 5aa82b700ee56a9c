package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/lint"
	"workshop/runner/report"
	"workshop/services/compose"
)

func newLint(streams Streams) *cobra.Command {
	l := linter{streams: streams}
	var asJSON bool
	var explain string
	cmd := &cobra.Command{
		Use:     "lint [DECK…]",
		Short:   "Find mistakes without running anything",
		Long:    lintHelp(),
		GroupID: "deck",
	}
	f := cmd.Flags()
	f.StringVar(&l.format, "format", "text", "write the findings as `FORMAT`: "+strings.Join(lint.FormatNames(), ", "))
	f.BoolVar(&asJSON, "json", false, "the same as --format json")
	f.BoolVar(&l.strict, "strict", false, "exit with 1 even if there are only warnings")
	f.BoolVar(&l.fix, "fix", false, "repair in the files the findings that need no judgement, and report the rest")
	f.BoolVar(&l.diff, "diff", false, "show the changes of --fix without making them; exit with 1 if there are any")
	f.StringVar(&explain, "explain", "", "explain the rule with this `CODE`, with an example")
	cmd.MarkFlagsMutuallyExclusive("fix", "diff", "explain")
	cmd.MarkFlagsMutuallyExclusive("json", "format")
	l.dialect = dialectFlags(cmd)
	selection := selectionFlags(cmd, l.dialect)
	for flag, values := range map[string][]string{"format": lint.FormatNames(), "explain": lintCodes()} {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // the flag is defined above
		}
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if cmd.Flags().Changed("explain") {
			return explainRule(streams.Out, explain)
		}
		if asJSON {
			l.format = "json"
		}
		if !slices.Contains(lint.FormatNames(), l.format) {
			return fmt.Errorf("--format: there is no format %q; there are: %s", l.format, strings.Join(lint.FormatNames(), ", "))
		}
		if l.sel, err = selection(); err != nil {
			return err
		}
		return l.run(cmd.Context(), args)
	}
	return cmd
}

// linter holds the options of a lint command.
type linter struct {
	streams           Streams
	format            string
	strict, fix, diff bool
	dialect           *dialect
	sel               runner.Selection
}

func (l *linter) run(ctx context.Context, args []string) error {
	sources, found, err := l.look(ctx, args)
	if err != nil {
		return err
	}
	switch {
	case l.diff:
		return l.showFixes(sources, found)
	case l.fix:
		if found, err = l.repair(ctx, args, sources, found); err != nil {
			return err
		}
	}
	found.Workspace = workspace()
	if l.format == "text" && report.Detect(l.streams.Out, os.Getenv).Color {
		writeColoured(l.streams.Out, found)
	} else if err := found.Write(l.streams.Out, l.format); err != nil {
		return &codeError{exitBroken, err}
	}
	if l.format == "text" && (len(found.Findings) > 0 || found.Ignored > 0) {
		fmt.Fprintln(l.streams.Err, found.Summary())
	}
	return l.verdict(found)
}

// verdict returns an error with the exit status for the findings.
func (l *linter) verdict(found *lint.Report) error {
	unreadable := func(f *lint.Finding) bool { return f.Code == markdown.CodeUnreadableDeck }
	switch {
	case slices.ContainsFunc(found.Findings, unreadable):
		return &codeError{code: exitUsage}
	case found.Count(lint.Error) > 0, l.strict && len(found.Findings) > 0:
		return &codeError{code: exitFailed}
	}
	return nil
}

// look reads and checks decks. The report holds the mistakes in them; an error means that there is
// no report.
func (l *linter) look(ctx context.Context, args []string) ([]*source, *lint.Report, error) {
	plan, sources, err := l.dialect.load(args, io.Discard)
	var errs markdown.ErrorList
	if err != nil && !errors.As(err, &errs) {
		return nil, nil, err
	}
	if err := l.sel.Check(plan.Decks); err != nil {
		return nil, nil, err
	}
	outside, err := (&job{dialect: l.dialect}).outside(ctx, plan, sources)
	if err != nil {
		return nil, nil, err
	}
	plan.Warnings = append(plan.Warnings, outside...)
	return sources, lintPlan(plan, sources, errs, l.sel), nil
}

// dockerOnEmbedded says why the embedded engine cannot carry out a docker command.
func dockerOnEmbedded(args []string, builds bool) string {
	return compose.CheckDocker(args, compose.DockerUse{Builds: builds})
}

// lintPlan checks a plan and adds the mistakes that were found while making it.
func lintPlan(plan *runner.Plan, sources []*source, errs markdown.ErrorList, sel runner.Selection) *lint.Report {
	in := lint.Input{Plan: plan, Errors: errs, Docker: dockerOnEmbedded}
	for _, src := range sources {
		if src != nil && src.deck != nil {
			in.Decks = append(in.Decks, lint.Deck{Deck: src.deck, FS: src.fsys})
		}
	}
	return lint.Run(in, lint.Options{Selection: sel})
}

// fixes returns the old and the new contents of the files that can be repaired.
func fixes(sources []*source, found *lint.Report) (files map[string][2][]byte, edits int, err error) {
	files = map[string][2][]byte{}
	for name, list := range found.Fixes() {
		for _, src := range sources {
			if src.root == "" {
				return nil, 0, errors.New("the deck is built in: it cannot be repaired")
			}
		}
		before, err := os.ReadFile(name)
		if err != nil {
			return nil, 0, err
		}
		after, n := lint.Apply(before, list)
		if n > 0 {
			files[name] = [2][]byte{before, after}
			edits += n
		}
	}
	return files, edits, nil
}

// repair applies the fixes, and repeats this as long as a repair reveals another finding.
func (l *linter) repair(ctx context.Context, args []string, sources []*source, found *lint.Report) (*lint.Report, error) {
	const rounds = 10
	total := map[string]int{}
	for range rounds {
		files, edits, err := fixes(sources, found)
		if err != nil {
			return nil, err
		}
		if edits == 0 {
			break
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if err := replaceFile(name, files[name][1]); err != nil {
				return nil, fmt.Errorf("repair %s: %w", name, err)
			}
			total[name]++
		}
		if sources, found, err = l.look(ctx, args); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(total)) {
		fmt.Fprintf(l.streams.Err, "repaired %s\n", name)
	}
	return found, nil
}

func (l *linter) showFixes(sources []*source, found *lint.Report) error {
	files, edits, err := fixes(sources, found)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprint(l.streams.Out, lint.Diff(name, files[name][0], files[name][1]))
	}
	if edits > 0 {
		return &codeError{code: exitFailed}
	}
	return nil
}

// writeColoured writes the findings as text for a terminal, with colours.
func writeColoured(w io.Writer, found *lint.Report) {
	for _, f := range found.Findings {
		colour := "\x1b[33m"
		if f.Severity == lint.Error {
			colour = "\x1b[31m"
		}
		severity, code := string(f.Severity)+":", "["+string(f.Code)+"]"
		line := strings.Replace(f.Line(), " "+severity+" ", " "+colour+severity+"\x1b[0m ", 1)
		fmt.Fprintln(w, strings.Replace(line, " "+code, " \x1b[2m"+code+"\x1b[0m", 1))
	}
}

// maxLines is the most warnings that another command prints one by one.
const maxLines = 10

// warnOf prints the findings beside a run, with their codes.
func warnOf(w io.Writer, found *lint.Report) {
	list := make(markdown.ErrorList, len(found.Findings))
	for i, f := range found.Findings {
		e := f.Error
		e.Message += " [" + string(f.Code) + "]"
		list[i] = &e
	}
	warn(w, list)
}

// warn prints warnings: all of them if they are few, else their number by rule.
func warn(w io.Writer, list markdown.ErrorList) {
	if len(list) <= maxLines {
		for _, e := range list {
			fmt.Fprintf(w, "warning: %v\n", e)
		}
		return
	}
	first := map[markdown.Code]*markdown.Error{}
	count := map[markdown.Code]int{}
	var order []markdown.Code
	for _, e := range list {
		if first[e.Code] == nil {
			first[e.Code] = e
			order = append(order, e.Code)
		}
		count[e.Code]++
	}
	slices.SortStableFunc(order, func(a, b markdown.Code) int { return count[b] - count[a] })
	fmt.Fprintf(w, "%d warnings (workshop lint shows all of them):\n", len(list))
	for _, code := range order {
		fmt.Fprintf(w, "%5d  %s: %s, first at %v\n", count[code], code, summary(code), first[code].Pos)
	}
}

// mentionOf prints one line about findings beside a run that is watched.
func mentionOf(w io.Writer, found *lint.Report) {
	if len(found.Findings) > 0 {
		fmt.Fprintf(w, "lint: %s (workshop lint shows them)\n", found.Summary())
	}
}

// groupOf prints one line about findings: how many there are of each rule.
func groupOf(w io.Writer, found *lint.Report) {
	count := map[markdown.Code]int{}
	for _, f := range found.Findings {
		count[f.Code]++
	}
	if len(count) == 0 {
		return
	}
	order := slices.SortedFunc(maps.Keys(count), func(a, b markdown.Code) int {
		return cmp.Or(count[b]-count[a], strings.Compare(string(a), string(b)))
	})
	var groups []string
	for _, code := range order {
		groups = append(groups, fmt.Sprintf("%d %s", count[code], code))
	}
	fmt.Fprintf(w, "lint: %s: %s (workshop lint shows them)\n", found.Summary(), strings.Join(groups, ", "))
}

func summary(code markdown.Code) string {
	if r := lint.Find(code); r != nil {
		return r.Summary
	}
	return ""
}

func lintCodes() (codes []string) {
	for _, r := range lint.Rules() {
		codes = append(codes, string(r.Code))
	}
	return codes
}

// explainRule prints the documentation of a rule.
func explainRule(w io.Writer, code string) error {
	r := lint.Find(markdown.Code(code))
	if r == nil {
		hint := "; workshop help lint lists them"
		if near := lint.Suggest(code); near != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", near)
		}
		return fmt.Errorf("--explain: no rule has the code %q%s", code, hint)
	}
	fixable := ""
	if r.Fixable {
		fixable = ", --fix repairs it where that needs no judgement"
	}
	fmt.Fprintf(w, "%s (%s%s)\n%s\n\n%s\n", r.Code, r.Severity, fixable, r.Summary, r.Doc)
	if r.Bad != "" {
		fmt.Fprintf(w, "\nInstead of:\n\n%s\nwrite:\n\n%s", example(r.Bad), example(r.Good))
	}
	return nil
}

// example indents a text and makes its invisible characters visible.
func example(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if bare := strings.TrimRight(line, " "); bare != line {
			line = bare + strings.Repeat("·", len(line)-len(bare))
		}
		line = strings.NewReplacer("\u200b", "<U+200B>", "\u00a0", "<U+00A0>").Replace(strings.ToValidUTF8(line, "<?>"))
		b.WriteString(strings.TrimRight("    "+line, " ") + "\n")
	}
	return b.String()
}

// lintHelp is the help on linting, with the rules from their table.
func lintHelp() string {
	var b strings.Builder
	b.WriteString(`Checks decks for known mistakes, and reports each finding with its place, its code and
a hint. Nothing is executed, and nothing is sent over the network. An error will surely
make a run fail: check does not run its exercise. A warning is most likely a mistake, or
makes one exercise fail.

Exit status: 0 nothing or only warnings (--strict: 1), 1 errors, 2 unreadable or usage.

To ignore a finding, give a reason. In the slides, for the lines up to the next step or
blank line:

  <!-- lint-ignore CODE, CODE: reason -->

or, within a comment, a line "lint-ignore CODE: reason". In the manifest, for the deck
or for some of its files, beside the number of lines that fit on a slide:

  lint:
    slide-lines: 30
    ignore:
    - code: never-ends
      reason: the teacher stops them
      files: [tour/*.md]

--json writes one document: version (1; later additions do not change it), errors,
warnings and ignored (counts), and findings, a list of file, line, col, endLine, endCol
(1-based, in characters, the end behind the last one; absent where unknown), severity,
code, message, hint and fix, a list of edits with line, col, endLine, endCol, old, new.

The rules (+: --fix repairs it where that needs no judgement):
`)
	for _, r := range lint.Rules() {
		mark := " "
		if r.Fixable {
			mark = "+"
		}
		fmt.Fprintf(&b, "\n  %s %-19s %-7s  %s", mark, r.Code, r.Severity, r.Summary)
	}
	return b.String()
}
