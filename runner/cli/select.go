package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/report"
)

// picks selects exercises by their last results and by the changes of files.
type picks struct {
	failed  string // of lastRun, or a file; "": not given
	changed string // a commit; "": not given
	dryRun  bool

	past      *runner.Result // of the file
	fromStart bool           // the flag --from-start was given
	why       map[*markdown.Exercise]string
	remarks   []string
}

// lastRun is the value of --failed without a file.
const lastRun = "last"

func (p *picks) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.failed, "failed", "",
		"only the exercises that did not pass in the last run here, or in that of a report `FILE`, of the format jsonl")
	f.Lookup("failed").NoOptDefVal = lastRun
	f.StringVar(&p.changed, "changed", "",
		"only chapters of which a file, an include or the working directory differs from the git commit `REF`, and those that build on them")
	f.BoolVar(&p.dryRun, "dry-run", false, "print the exercises that would run, and why; execute nothing")
	completions := map[string]cobra.CompletionFunc{
		"failed": cobra.FixedCompletions([]string{"jsonl"}, cobra.ShellCompDirectiveFilterFileExt),
		"changed": func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return gitRefs(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		},
	}
	for flag, complete := range completions {
		if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
			panic(err) // the flag is defined above
		}
	}
}

// check looks for contradictions on the command line. It reads the report of --failed before a
// report of this run can replace it.
func (p *picks) check(cmd *cobra.Command, args []string) error {
	given := cmd.Flags().Changed
	p.fromStart = given("from-start")
	switch {
	case given("changed") && p.changed == "":
		return errors.New("--changed: the name of a commit is missing (such as --changed main)")
	case given("failed") && p.failed == "":
		return errors.New("--failed: the name of a file is missing (such as --failed=run.jsonl)")
	}
	if p.dryRun {
		for _, flag := range []string{"report", "record", "update"} {
			if given(flag) {
				return fmt.Errorf("--dry-run executes nothing, so there is nothing for --%s", flag)
			}
		}
	}
	if p.failed == lastRun {
		i := slices.IndexFunc(args, func(arg string) bool { return filepath.Ext(arg) == ".jsonl" })
		if i >= 0 {
			return fmt.Errorf("%s is no deck (did you mean --failed=%s?)", args[i], args[i])
		}
	}
	if p.failed == "" || p.failed == lastRun {
		return nil
	}
	file, err := os.Open(p.failed)
	if err != nil {
		return fmt.Errorf("--failed: %w", err)
	}
	defer file.Close()
	if p.past, err = report.Read(file, p.failed, &report.Files{}); err != nil {
		return fmt.Errorf("--failed: %w", err)
	}
	if p.past.Plan.Exercises() == 0 {
		return fmt.Errorf("--failed: %s holds no exercise: that run did not begin", p.failed)
	}
	return nil
}

// given reports whether exercises are selected.
func (p *picks) given() bool { return p.failed != "" || p.changed != "" }

// builds reports whether the exercises run on which the selected ones build. Nobody named these:
// unless the command line says otherwise, their sessions are run from the start.
func (p *picks) builds() bool { return p.given() && !p.fromStart }

// choose completes a selection.
func (p *picks) choose(ctx context.Context, j *job, plan *runner.Plan, sources []*source, sel *runner.Selection) error {
	p.why, p.remarks = map[*markdown.Exercise]string{}, nil
	for _, pick := range []struct {
		given bool
		find  func() (map[*markdown.Exercise]string, error)
	}{
		{p.failed != "", func() (map[*markdown.Exercise]string, error) { return p.findFailed(plan, sources) }},
		{p.changed != "", func() (map[*markdown.Exercise]string, error) { return p.findChanged(ctx, j, plan, sources) }},
	} {
		if !pick.given {
			continue
		}
		found, err := pick.find()
		if err != nil {
			return err
		}
		p.pick(found, sel)
	}
	return nil
}

// pick narrows a selection to exercises that were found, with the reasons.
func (p *picks) pick(found map[*markdown.Exercise]string, sel *runner.Selection) {
	earlier := sel.Picked
	sel.Picked = map[*markdown.Exercise]bool{}
	for e, why := range found {
		if earlier != nil && !earlier[e] {
			continue
		}
		sel.Picked[e] = true
		if before := p.why[e]; before != "" {
			why = before + "; " + why
		}
		p.why[e] = why
	}
}

// own calls a function for each exercise of a plan that does not run as set-up, in order.
func own(plan *runner.Plan, each func(*runner.Session, *runner.Exercise)) {
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			if !e.Setup {
				each(s, e)
			}
		}
	}
}

// results are the last results of exercises.
type results struct {
	verdict map[*runner.Exercise]runner.Verdict
	failed  int // exercises that did not pass, those included that the deck no longer has
}

// findFailed finds the exercises that did not pass.
func (p *picks) findFailed(plan *runner.Plan, sources []*source) (map[*markdown.Exercise]string, error) {
	in := "the last run here"
	if p.past != nil {
		in = p.failed
	}
	last, err := p.remembered(plan, sources)
	if p.past != nil {
		last, err = reported(p.past, plan), nil
	}
	if err != nil {
		return nil, err
	}
	found := map[*markdown.Exercise]string{}
	known, present := 0, 0
	own(plan, func(_ *runner.Session, e *runner.Exercise) {
		v, ok := last.verdict[e]
		if !ok {
			return
		}
		known++
		if !v.Wanting() {
			return
		}
		present++
		if !e.Verifies() { // nothing of it can fail any more
			return
		}
		why := string(v)
		if v == runner.Interrupted {
			why = "did not end"
		}
		found[e.Exercise] = why + " in " + in
	})
	if gone := last.failed - present; gone > 0 {
		p.remarks = append(p.remarks, fmt.Sprintf("%s that did not pass in %s: not in the deck any more", count(gone, "exercise"), in))
	}
	if len(found) > 0 {
		return found, nil
	}
	switch whole := plan.Own(); {
	case last.failed > 0 && known == 0:
		return nil, fmt.Errorf("--failed: no exercise of %s is in this deck", in)
	case last.failed > 0:
		return nil, &codeError{exitNothing, fmt.Errorf("nothing is left to run: %s (without --failed all %d run)", strings.Join(p.remarks, "; "), whole)}
	default:
		return nil, &codeError{exitNothing, fmt.Errorf("nothing to run: no exercise failed in %s, of %s in the deck (without --failed all run)", in, count(whole, "exercise"))}
	}
}

// remembered are the last results in the ledgers.
func (p *picks) remembered(plan *runner.Plan, sources []*source) (results, error) {
	r := results{verdict: map[*runner.Exercise]runner.Verdict{}}
	if p.failed != lastRun {
		return r, nil
	}
	known := false
	for _, src := range sources {
		book, err := openLedger(plan, src)
		if err != nil {
			return r, &codeError{exitBroken, fmt.Errorf("--failed: %w", err)}
		}
		known = known || book.Runs()
		r.failed += len(book.Failed())
		own(plan, func(s *runner.Session, e *runner.Exercise) {
			if run, ok := book.LastRun(e.ID); ok && s.Deck == src.deck {
				r.verdict[e] = run.Verdict
			}
		})
	}
	if !known {
		return r, errors.New("--failed: no run of this deck is remembered here (check it without --failed first, or name a report: --failed=run.jsonl)")
	}
	return r, nil
}

// reported are the results of a run that was read from a report.
func reported(past *runner.Result, plan *runner.Plan) results {
	r := results{verdict: map[*runner.Exercise]runner.Verdict{}}
	ids := map[[2]string]*runner.Exercise{}
	own(plan, func(s *runner.Session, e *runner.Exercise) { ids[[2]string{s.Deck.Name, e.ID}] = e })
	for _, s := range past.Sessions {
		for _, e := range s.Exercises {
			if e.Setup || s.Deck == nil {
				continue
			}
			v := s.Outcome(e)
			if v.Wanting() {
				r.failed++
			}
			if x := ids[[2]string{s.Deck.Name, e.ID}]; x != nil {
				r.verdict[x] = v
			}
		}
	}
	return r
}

// findChanged finds the exercises of chapters that differ from a commit, and those that another
// program ran last.
func (p *picks) findChanged(ctx context.Context, j *job, plan *runner.Plan, sources []*source) (map[*markdown.Exercise]string, error) {
	found := map[*markdown.Exercise]string{}
	for _, src := range sources {
		changed, err := gitChanges(ctx, src, p.changed)
		if err != nil {
			return nil, err
		}
		chapters, err := src.touched(ctx, j, plan, changed)
		if err != nil {
			return nil, err
		}
		book, err := openLedger(plan, src)
		if err != nil {
			book = &ledger.Ledger{}
		}
		known := false
		own(plan, func(s *runner.Session, e *runner.Exercise) {
			if s.Deck != src.deck {
				return
			}
			last, ok := book.LastRun(e.ID)
			known = known || ok
			switch why := chapters[e.Chapter]; {
			case why != "":
				found[e.Exercise] = why
			case ok && last.Program != book.Program:
				found[e.Exercise] = "another build of workshop ran it last"
			}
		})
		if !known {
			p.remarks = append(p.remarks, "no run of "+src.deck.Name+" is remembered here: whether workshop itself has changed is not known")
		}
	}
	if len(found) == 0 {
		return nil, &codeError{exitNothing, fmt.Errorf("nothing to run: no chapter differs from %s, of %s in the deck",
			p.changed, count(plan.Own(), "exercise"))}
	}
	return found, nil
}

// build identifies this program, as it is installed; "" if it cannot be examined.
func build() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(exe)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d", version(), info.Size(), info.ModTime().UnixNano())
}

// notes says what a selection leaves out of all exercises of the deck.
func (p *picks) notes(plan *runner.Plan, sel runner.Selection, whole int) []string {
	if sel.Empty() {
		return nil
	}
	return append([]string{leftOut("selected", plan, whole)}, p.remarks...)
}

// leftOut counts the exercises of a selection and those that it leaves out.
func leftOut(verb string, plan *runner.Plan, whole int) string {
	chosen := plan.Own()
	setups := plan.Exercises() - chosen
	text := fmt.Sprintf("%s: %d of %s; left out: %d", verb, chosen, count(whole, "exercise"), whole-chosen)
	if setups > 0 {
		text += fmt.Sprintf("; run as set-up: %d", setups)
	}
	return text
}

// print prints the exercises that would run, each with the reason.
func (p *picks) print(w io.Writer, plan *runner.Plan, sel runner.Selection, whole int) error {
	var rows [][4]string
	var wide [3]int
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			row := [4]string{"run", e.ID, fmt.Sprintf("%s:%d", e.Pos.File, e.Pos.Line), p.reason(e, sel)}
			switch {
			case e.Setup:
				row[0] = "set-up"
			case len(e.Mistakes) > 0:
				row[0], row[3] = "broken", e.Mistakes[0].Message
			}
			for i := range wide {
				wide[i] = max(wide[i], utf8.RuneCountInString(row[i]))
			}
			rows = append(rows, row)
		}
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%-*s  %-*s  %-*s  %s\n", wide[0], r[0], wide[1], r[1], wide[2], r[2], r[3])
	}
	fmt.Fprintf(&b, "\n%s\n", leftOut("would run", plan, whole))
	for _, remark := range p.remarks {
		fmt.Fprintf(&b, "note: %s\n", remark)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// reason is the reason why an exercise runs.
func (p *picks) reason(e *runner.Exercise, sel runner.Selection) string {
	switch why := p.why[e.Exercise]; {
	case e.Setup:
		return "exercises behind it in its session build on it"
	case why != "":
		return why
	case sel.Empty():
		return "the whole deck runs"
	}
	return "named by the selection"
}
