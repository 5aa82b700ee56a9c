package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"workshop/runner"
	"workshop/runner/audit"
	"workshop/runner/report"
)

func newAudit(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "audit [DECK…]",
		Short:   "Break one thing at a time, and report what the deck would not notice",
		Long:    auditHelp(),
		GroupID: "deck",
		Example: `  workshop audit slides --chapter intro     every change that can matter there
  workshop audit --sample 20 --min-score 90 a part of the deck, as in CI`,
	}
	a := &auditing{job: &job{lint: true, forget: true}}
	a.planFlags(cmd)
	a.sandboxFlags(cmd, "private")
	f := cmd.Flags()
	f.IntVarP(&a.jobs, "jobs", "j", 0, "run `N` sessions side by side; 0 means as many as there are processors")
	f.StringSliceVar(&a.codes, "only", nil, "only changes of these `CODES`, separated by commas")
	f.IntVar(&a.sample, "sample", 0, "only `N` changes, chosen by --seed and the same each time; 0 means all")
	f.Uint64Var(&a.seed, "seed", 1, "`NUMBER` that chooses the sample")
	f.IntVar(&a.least, "min-score", 0, "exit status 1 below this `PERCENTAGE` of noticed changes")
	f.StringVar(&a.picks.changed, "changed", "", "only chapters that differ from the git commit `REF`, as in check")
	f.StringArrayVar(&a.secretNames, "secret", nil, "mask the value of the variable `NAME` of the environment (repeatable)")
	f.BoolVar(&a.fix, "fix", false, "write hidden steps that notice survivors into the deck, each after it was tried")
	f.BoolVar(&a.json, "json", false, "print one JSON document")
	f.StringVar(&a.html, "report", "", "also write a page: `html=FILE`")
	if err := f.MarkHidden("in-place"); err != nil { // things are broken in copies only
		panic(err) // the flag is defined above
	}
	completeWords(cmd, "only", audit.Codes()...)
	for _, name := range []string{"jobs", "sample", "seed", "min-score", "secret", "report"} {
		if err := cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions); err != nil {
			panic(err) // the flag is defined above
		}
	}
	if err := cmd.RegisterFlagCompletionFunc("changed",
		func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return gitRefs(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		}); err != nil {
		panic(err) // likewise
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.audit(cmd.Context(), args, streams) }
	return cmd
}

// auditHelp is the help of the command, with the table of changes.
func auditHelp() string {
	var b strings.Builder
	b.WriteString(`Runs the deck once, which must pass, and then again and again with one thing broken, each
time in a sandbox of its own that ends at the first step that fails. What no step notices
survives: the report names the slide, the line and the change. A change counts as noticed
only if a step failed. If the environment broke, a measurement was inconclusive, or a
command hung without a limit of the deck, the change is undecided and does not count.

Steps are limited to ten times their time in the first run, and to 2 s at least; a limit
that the deck gives stays. An altered wait gets twice the time of the real one, and 1 s at
least. Each session also runs once more unchanged, beside the others:
should it fail, what was noticed in it is undecided.

A change that is right to survive is excused by a comment before its step:
  <!-- audit-ignore REASON -->
  <!-- audit-ignore CODE, CODE: REASON -->

Changes, by their codes:
`)
	for _, op := range audit.Operators() {
		for i, line := range report.Fold(op.Summary+map[bool]string{true: " (not counted)"}[op.Varies], 64) {
			fmt.Fprintf(&b, "  %-12s %s\n", map[bool]string{true: op.Code}[i == 0], line)
		}
	}
	b.WriteString(`
Exit status: 0 done, 1 the deck does not pass or the score is too low, 2 bad input or usage,
3 nothing to change, 4 broken environment or nothing decided, 130 interrupted.`)
	return b.String()
}

// auditing holds the options of an audit.
type auditing struct {
	*job
	codes  []string
	sample int
	seed   uint64
	least  int
	json   bool
	html   string // html=FILE, or ""
	fix    bool   // write steps that would notice survivors into the deck
}

func (a *auditing) check() error {
	known := audit.Codes()
	for _, code := range a.codes {
		if !slices.Contains(known, code) {
			return fmt.Errorf("--only: there is no change %q; there are: %s", code, strings.Join(known, ", "))
		}
	}
	format, file, err := report.ParseSpec(a.html)
	switch {
	case a.html != "" && (err != nil || format != "html" || report.IsOutput(file)):
		return fmt.Errorf("--report: %q must be html=FILE", a.html)
	case a.inPlace:
		return errors.New("--in-place: an audit breaks things, so it works on copies")
	case a.sample < 0:
		return fmt.Errorf("--sample: %d is less than 0", a.sample)
	case a.jobs < 0:
		return fmt.Errorf("--jobs: %d is less than 0", a.jobs)
	case a.least < 0 || a.least > 100:
		return fmt.Errorf("--min-score: %d is no percentage", a.least)
	}
	return nil
}

func (a *auditing) audit(ctx context.Context, args []string, streams Streams) error {
	if err := a.check(); err != nil {
		return err
	}
	sel, err := a.selection()
	if err != nil {
		return err
	}
	plan, sources, err := a.load(ctx, args, &sel, streams.Err)
	if err != nil {
		return err
	}
	sel.FromStart = a.fromStart || a.picks.changed != ""
	if err := plan.Select(sel); err != nil {
		return emptiness(err, sel, sources)
	}
	said := report.MaskWriter(streams.Err, a.secrets)
	if !plan.Readable() {
		return a.broken.mistakes.Err()
	}
	a.broken.print(said)
	ctx, force, cancel := streams.interruptible(ctx)
	defer cancel()
	go func() {
		select {
		case <-force:
			os.Exit(exitInterrupted) // the sessions' processes end with this process
		case <-ctx.Done():
		}
	}()
	if limit := a.limits.Run; limit > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, limit)
		defer stop()
		a.limits.Run = 0
	}
	e := &examination{auditing: a, plan: plan, sources: sources, out: report.MaskWriter(streams.Out, a.secrets), said: said}
	e.tty = report.Detect(streams.Err, os.Getenv).TTY
	return a.secrets.Error(e.run(ctx))
}

// jobsOf is the number of sessions that may run side by side: one where they share the ports of a machine
// or an engine.
func (e *examination) jobsOf(ctx context.Context, opts *runner.Options) (int, error) {
	jobs := e.jobs
	if jobs == 0 {
		jobs = runtime.NumCPU()
	}
	if jobs == 1 {
		return 1, nil
	}
	own, err := ownNetworks(ctx, opts.Sandbox)
	if err != nil {
		return 0, err
	}
	for _, s := range e.plan.Sessions {
		kind, err := engineOf(e.engine, s.Deck)
		if err != nil {
			return 0, err
		}
		own = own && kind.ownNetwork
	}
	if !own {
		fmt.Fprintln(e.said, "note: the sessions share this machine's network or its engine, so they run one after the other")
		return 1, nil
	}
	return jobs, nil
}

// subjects are the sessions of a run that passed.
func (e *examination) subjects(result *runner.Result, opts *runner.Options, seen *observations) []*audit.Subject {
	var all []*audit.Subject
	for _, r := range result.Sessions {
		all = append(all, &audit.Subject{Session: r.Session, Result: r, Surroundings: audit.Surroundings{
			Installed: func(name string) bool {
				_, err := exec.LookPath(name)
				return err == nil && !slices.Contains(ourCommands(), name)
			},
			Network:  !opts.Sandbox.PrivateNetwork,
			Locale:   localeOf(append(slices.Clone(opts.Env), opts.Override...)),
			Look:     lookIn(e.look, r.Session),
			Services: seen.services(r.Session),
		}})
	}
	return all
}

// localeOf is the locale of an environment: the first of the variables that is set, as setlocale(3) has it.
func localeOf(env []string) string {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value, _ := lookup(env, name); value != "" {
			return value
		}
	}
	return "C"
}

// lookIn is the look of the Compose commands that a session types; "" if it types none.
func lookIn(asked string, s *runner.Session) string {
	for _, e := range s.Exercises {
		for _, step := range e.Steps {
			for name, look := range map[string]string{"docker-compose": "v1", "docker compose": "v5"} {
				if !step.Snippet() || !strings.Contains(step.Text, name) {
					continue
				}
				switch {
				case asked != "auto" && asked != "":
					return asked
				case s.Deck.Compose != "auto" && s.Deck.Compose != "":
					return s.Deck.Compose
				}
				return look
			}
		}
	}
	return ""
}

// roughly is a duration for people.
func roughly(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
