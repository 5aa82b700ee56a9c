package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/sandbox"
)

func newRun(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [DECK…]",
		Short: "Do the workshop: run the exercises, with the terminal shown as it happens",
		Long: `Runs the exercises of a deck in order. On a terminal the shell is shown live; without
one a plain log is written. It stops at the first exercise that does not pass.

The sessions share this machine's network, so that the pages that the deck opens can
be looked at from a browser here.`,
		GroupID: "deck",
	}
	job := runFlags(cmd, "host")
	keepGoing := cmd.Flags().Bool("keep-going", false, "go on after an exercise that does not pass")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		job.stopAtFail = !*keepGoing
		job.console = "progress"
		if report.Detect(streams.Out, os.Getenv).TTY {
			job.console = "live"
		}
		return job.run(cmd.Context(), args, streams)
	}
	return cmd
}

func newCheck(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [DECK…]",
		Short: "Verify the deck: the exercises as a test suite, one line each",
		Long: `Runs the exercises of a deck and says which hold. What failed is shown with the
command, what was waited for, the last screen and the exit status.

Exit status: 0 passed, 1 failed, 2 bad input or usage, 3 nothing selected, 4 broken
environment, 130 interrupted.

The deck is linted first (workshop lint): errors stop before anything runs, warnings are
shown.`,
		GroupID: "deck",
	}
	job := runFlags(cmd, "private")
	failFast := cmd.Flags().Bool("fail-fast", false, "stop at the first exercise that does not pass")
	cmd.Flags().BoolVar(&job.update, "update", false, "write what snippets output into the deck's output fences, if it is the same three times")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		job.stopAtFail = *failFast
		job.console, job.lint = "console", true
		return job.run(cmd.Context(), args, streams)
	}
	return cmd
}

// job is a run as the command line describes it.
type job struct {
	dialect   *dialect
	selection func() (runner.Selection, error)
	fromStart bool
	limits    runner.Limits
	engine    string
	look      string
	network   string
	isolation string
	// networkAsked reports whether the network was chosen by hand.
	networkAsked func() bool
	inPlace      bool
	env          []string
	reports      []string
	forget       bool // verdicts are not remembered
	stopAtFail   bool
	update       bool // write what is output into the deck
	console      string
	lint         bool // first: errors stop, all warnings show
}

// stepFlags adds the flags that decide how decks are read, what their steps are typed
// into, and for how long.
func (j *job) stepFlags(cmd *cobra.Command) {
	j.dialect = dialectFlags(cmd)
	f := cmd.Flags()
	f.DurationVar(&j.limits.Wait, "wait", runner.DefaultWait, "limit of a wait; a longwait has ten times as long")
	f.DurationVar(&j.limits.Step, "step-timeout", runner.DefaultStep, "limit of a snippet until the prompt is back")
	f.BoolVar(&j.inPlace, "in-place", false, "start in the real working directory instead of a copy")
	f.StringArrayVar(&j.env, "env", nil, "hand `NAME[=VALUE]` of the environment to the shells (repeatable)")
}

// planFlags adds the flags that decide what is typed, into what, and for how long.
func (j *job) planFlags(cmd *cobra.Command) {
	j.stepFlags(cmd)
	j.selection = selectionFlags(cmd, j.dialect)
	f := cmd.Flags()
	f.BoolVar(&j.fromStart, "from-start", false, "also run what comes before the selection in its session")
	f.DurationVar(&j.limits.Run, "timeout", 0, "limit of the whole run; 0 means none")
}

// sandboxFlags adds the flags of what sessions are kept in, and what stands around them.
func (j *job) sandboxFlags(cmd *cobra.Command, network string) {
	f := cmd.Flags()
	f.StringVar(&j.engine, "engine", "auto", "`ENGINE` of the containers: embedded, docker (the real one at DOCKER_HOST), or auto: what the manifest says, else embedded")
	f.StringVar(&j.look, "compose", "auto", "the `LOOK` of both docker-compose and docker compose: v1 (1.29), v5, or auto: what the manifest says, else each its own")
	f.StringVar(&j.network, "network", network, "`NETWORK` of the sessions: private (a loopback of their own) or host")
	completeWords(cmd, "engine", "auto", "embedded", "docker")
	completeWords(cmd, "compose", "auto", "v1", "v5")
	completeWords(cmd, "network", "private", "host")
	j.networkAsked = func() bool { return f.Changed("network") }
	f.StringVar(&j.isolation, "isolation", "", "a weaker isolation of the processes than the best: `guardian` or group")
}

func runFlags(cmd *cobra.Command, network string) *job {
	j := &job{}
	j.planFlags(cmd)
	j.sandboxFlags(cmd, network)
	f := cmd.Flags()
	f.StringArrayVar(&j.reports, "report", nil, "also write a report: `FORMAT=FILE`, a format of "+strings.Join(report.FileFormats(), ", ")+" (repeatable)")
	f.BoolVar(&j.forget, "no-ledger", false, "do not remember the verdicts for workshop present")
	return j
}

// dialect is how decks are read.
type dialect struct{ compat, root string }

// autopilot is the value of --compat for decks that were written for the script of that
// name: it skipped what it did not know.
const autopilot = "autopilot"

func dialectFlags(cmd *cobra.Command) *dialect {
	d := &dialect{}
	f := cmd.Flags()
	f.StringVar(&d.compat, "compat", "", "skip steps with an unknown directive, with a warning, for decks of `autopilot`")
	f.StringVar(&d.root, "root", "", "`DIR` that holds all files of the deck; includes are relative to it (default: the deck's repository, else its folder)")
	if err := cmd.RegisterFlagCompletionFunc("compat", cobra.FixedCompletions([]string{autopilot}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is defined above
	}
	return d
}

// load reads and compiles decks; every mistake of all of them is in the error.
func (d *dialect) load(args []string, warnings io.Writer) (*runner.Plan, []*source, error) {
	if d.compat != "" && d.compat != autopilot {
		return nil, nil, fmt.Errorf("--compat: %q is not %s", d.compat, autopilot)
	}
	sources, err := openDecks(args, d.root)
	var errs markdown.ErrorList
	if err != nil && !errors.As(err, &errs) {
		return nil, nil, err
	}
	var decks []*markdown.Deck
	for _, src := range sources {
		if src != nil && src.deck != nil {
			decks = append(decks, src.deck)
		}
	}
	plan, err := runner.Compiler{Lenient: d.compat == autopilot}.Compile(decks...)
	var more markdown.ErrorList
	if errors.As(err, &more) {
		errs = append(errs, more...)
	}
	errs.Sort()
	warn(warnings, decks)
	skipped(warnings, plan)
	return plan, sources, errs.Err()
}

// skipped shows the steps that a plan leaves out.
func skipped(w io.Writer, plan *runner.Plan) {
	for _, e := range plan.Warnings {
		fmt.Fprintf(w, "warning: %v\n", e)
	}
}

// load reads, compiles and lints decks, and shows what is suspicious.
func (j *job) load(args []string, sel runner.Selection, streams Streams) (*runner.Plan, []*source, error) {
	plan, sources, err := j.dialect.load(args, io.Discard)
	var errs markdown.ErrorList
	if err != nil && !errors.As(err, &errs) {
		return nil, nil, err
	}
	if len(errs) > 0 {
		sel = runner.Selection{} // whatever is selected, nothing runs
	}
	found := lintPlan(plan, sources, errs, sel)
	stop, rest := found.Part()
	switch {
	case j.lint:
		warnOf(streams.Err, rest)
	case len(errs) > 0:
		skipped(streams.Err, plan)
		stop = errs
	default:
		skipped(streams.Err, plan)
		mentionOf(streams.Err, found)
		stop = nil
	}
	return plan, sources, stop.Err()
}

func (j *job) run(ctx context.Context, args []string, streams Streams) error {
	sel, err := j.selection()
	if err != nil {
		return err
	}
	plan, sources, err := j.load(args, sel, streams)
	if err != nil {
		return err
	}
	sel.FromStart = j.fromStart
	ledgers := j.ledgers(plan, sources)
	if err := plan.Select(sel); err != nil {
		return err
	}
	opts, err := j.options(sources)
	if err != nil {
		return err
	}
	if j.inPlace {
		for _, s := range plan.Sessions {
			if _, err := opts.Workdir(s); err != nil {
				return err
			}
		}
	}
	reporters, err := j.reporters(&opts, streams)
	if err != nil {
		return err
	}
	reporters = append(reporters, ledgers...)
	var reportErr error
	opts.Event = func(e runner.Event) {
		for _, r := range reporters {
			reportErr = errors.Join(reportErr, r.Event(e))
		}
	}
	ctx, force, stop := streams.interruptible(ctx)
	defer stop()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-force:
			given := make(chan struct{})
			go func() {
				defer close(given)
				for _, r := range reporters {
					_ = r.Finish(nil) // gives the terminal back
				}
			}()
			select { // nobody may be reading what we write
			case <-given:
			case <-time.After(150 * time.Millisecond):
			}
			os.Exit(exitInterrupted) // what the sessions started ends with this process
		case <-done:
		}
	}()
	var seen outputs
	if j.update {
		opts.Observe = seen.observe
	}
	result, err := runner.Run(ctx, plan, opts)
	if err != nil {
		for _, r := range reporters {
			_ = r.Finish(nil)
		}
		return err
	}
	for _, r := range reporters {
		reportErr = errors.Join(reportErr, r.Finish(result))
	}
	if reportErr != nil {
		return &codeError{exitBroken, fmt.Errorf("write the report: %w", reportErr)}
	}
	if code := verdictCode(result.Verdict); code != exitPassed {
		return &codeError{code: code}
	}
	if j.update {
		return seen.write(ctx, plan, opts, sources, streams)
	}
	return nil
}

func verdictCode(v runner.Verdict) int {
	switch v {
	case runner.Passed:
		return exitPassed
	case runner.Broken:
		return exitBroken
	case runner.Interrupted:
		return exitInterrupted
	default:
		return exitFailed
	}
}

// options are the runner's, as far as they do not depend on the terminal.
func (j *job) options(sources []*source) (runner.Options, error) {
	opts := runner.Options{Limits: j.limits, StopAtFail: j.stopAtFail, Path: os.Getenv("PATH")}
	switch j.network {
	case "private":
		opts.Sandbox.PrivateNetwork = true
	case "host":
	default:
		return opts, fmt.Errorf("--network: %q is neither private nor host", j.network)
	}
	switch j.isolation {
	case "":
	case "guardian":
		opts.Sandbox.Isolation = sandbox.Guardian
	case "group":
		opts.Sandbox.Isolation = sandbox.Group
	default:
		return opts, fmt.Errorf("--isolation: %q is neither guardian nor group", j.isolation)
	}
	for name, d := range map[string]time.Duration{"wait": j.limits.Wait, "step-timeout": j.limits.Step} {
		if d <= 0 {
			return opts, fmt.Errorf("--%s: the limit must be more than nothing", name)
		}
	}
	if j.limits.Run < 0 {
		return opts, errors.New("--timeout: the limit must not be negative")
	}
	opts.Env = shellEnv(os.Environ(), j.env)
	opts.Workdir = func(s *runner.Session) (runner.Workdir, error) {
		for _, src := range sources {
			if src.deck == s.Deck {
				return src.workdir(s, j.inPlace)
			}
		}
		return runner.Workdir{}, errors.New("the deck has no source")
	}
	exe, err := os.Executable()
	if err != nil {
		return opts, &codeError{exitBroken, err}
	}
	if err := j.chooseEngine(&opts, sources, exe); err != nil {
		return opts, err
	}
	return opts, nil
}

// chooseEngine gives each session the engine and the look that the command line asks
// for, else its deck's manifest.
func (j *job) chooseEngine(opts *runner.Options, sources []*source, exe string) error {
	if _, ok := looks[j.look]; !ok {
		return fmt.Errorf("--compose: %q is not one of v1, v5, auto", j.look)
	}
	for _, src := range sources {
		kind, err := engineOf(j.engine, src.deck)
		if err != nil {
			return err
		}
		if src.deck.Network == "host" && !j.networkAsked() {
			opts.Sandbox.PrivateNetwork = false
		}
		if kind.ownNetwork || !opts.Sandbox.PrivateNetwork {
			continue
		}
		if j.networkAsked() {
			return fmt.Errorf("--network private: the ports of the %s engine are the machine's, so its sessions share the machine's network", kind.name)
		}
		opts.Sandbox.PrivateNetwork = false // one network for the run
	}
	opts.Stack = func(ctx context.Context, h runner.Host) (runner.Stack, error) {
		kind, err := engineOf(j.engine, h.Deck)
		if err != nil {
			return nil, err
		}
		look := j.look
		if look == "auto" || look == "" {
			look = h.Deck.Compose
		}
		return startStack(ctx, exe, kind, look, h)
	}
	return nil
}

// inherited are the variables that a shell gets from the one that runs it.
var inherited = []string{"LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", "USER", "LOGNAME", "COLORTERM"}

// shellEnv is the environment of the exercises' shells: an allowlist, and what is
// asked for by NAME or NAME=VALUE.
func shellEnv(environ, wanted []string) []string {
	env := []string{"SHELL=/bin/bash", "PAGER=cat", "GIT_PAGER=cat"}
	locale := false
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		for _, allowed := range inherited {
			if name == allowed {
				env = append(env, kv)
				locale = locale || value != "" && (name == "LANG" || name == "LC_ALL" || name == "LC_CTYPE")
			}
		}
		for _, w := range wanted {
			if name == w {
				env = append(env, kv)
			}
		}
	}
	if !locale {
		env = append(env, "LANG=C.UTF-8")
	}
	for _, w := range wanted {
		if strings.Contains(w, "=") {
			env = append(env, w)
		}
	}
	return env
}

// reporters are the console and the reports that were asked for.
func (j *job) reporters(opts *runner.Options, streams Streams) ([]report.Reporter, error) {
	ropts := report.Detect(streams.Out, os.Getenv)
	if j.console == "live" {
		opts.Cols, opts.Rows = report.LiveSize(ropts.Cols, ropts.Rows)
		opts.Resized = resized(ropts.Size)
	}
	console, err := report.New(j.console, streams.Out, ropts)
	if err != nil {
		return nil, err
	}
	all := []report.Reporter{console}
	for _, spec := range j.reports {
		r, err := report.Open(spec, streams.Out)
		if err != nil {
			return nil, fmt.Errorf("--report: %w", err)
		}
		all = append(all, r)
	}
	return all, nil
}

// resized delivers the sizes that are left for the shell, whenever the terminal that
// we run on changes.
func resized(size func() (cols, rows int)) <-chan [2]int {
	signals, sizes := make(chan os.Signal, 1), make(chan [2]int)
	signal.Notify(signals, syscall.SIGWINCH)
	go func() {
		for range signals {
			if cols, rows := size(); cols > 0 && rows > 0 {
				cols, rows = report.LiveSize(cols, rows)
				sizes <- [2]int{cols, rows}
			}
		}
	}()
	return sizes
}
