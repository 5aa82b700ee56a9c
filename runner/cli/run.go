package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/sandbox"
	"workshop/runner/secret"
)

func newRun(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [DECK…]",
		Short: "Do the workshop: run the exercises, with the terminal shown as it happens",
		Long: `Runs the exercises of a deck in order. On a terminal the shell is shown live; without
one a plain log is written. It stops at the first exercise that does not pass.

The sessions share this machine's network, so that a browser here can show the pages
that the deck opens.`,
		GroupID: "deck",
	}
	job := runFlags(cmd, "host")
	job.jobs = 1
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
		Long: `Runs the exercises of a deck and reports which of them pass. A failure is shown with the
command, the expected text, the last screen and the exit status.

An exercise that fails in one attempt and passes in another (--retries, --repeat) is flaky,
and fails the run unless --allow-flaky is given. The exercises of quarantine.yml, beside the
manifest, fail without failing the run. A measurement for which the machine was too busy is
inconclusive, and fails it with --strict only.

Exit status: 0 passed, 1 failed, 2 bad input or usage, 3 nothing selected or left, 4 broken
environment, 130 interrupted.

The deck is linted first (workshop lint). An exercise with an error does not run and is
reported as broken; the others run, and the exit status is 2 at the end (--keep-broken:
as if it were not there). Mistakes of the manifest, and comments that span slides, stop
before anything runs. Warnings are shown.

With --watch a save runs the sessions again whose steps it changes, or whose working
directory, Compose contexts or mirrors hold the file; the manifest touches all. The verdicts of the other
sessions are shown as from before. A save that touches something ends the run under way.
Each run has new sessions, of which up to four wait for the save with their shells.

With --pause-on-failure sessions run one after the other. The person's shell is that of
the failed exercise, with its programs; what the person does is not its verdict.`,
		GroupID: "deck",
	}
	job := runFlags(cmd, "private")
	failFast := cmd.Flags().Bool("fail-fast", false, "stop at the first exercise that does not pass")
	cmd.Flags().IntVarP(&job.jobs, "jobs", "j", 0, "run `N` sessions side by side; 0 means as many as there are processors")
	completeNothing(cmd, "jobs")
	job.flakeFlags(cmd)
	job.pauseFlag(cmd)
	job.watchFlag(cmd)
	cmd.Flags().BoolVar(&job.update, "update", false,
		"write the snippets' output into the deck's output fences, if three runs agree")
	job.picks.flags(cmd)
	job.shards.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := errors.Join(job.picks.check(cmd, args), job.shards.check(job, os.Getenv)); err != nil {
			return err
		}
		job.stopAtFail = *failFast
		job.console, job.lint, job.dialect.fill = "console", true, job.update
		if job.watches {
			return job.watch(cmd.Context(), args, streams)
		}
		end, err := bazel{os.Getenv}.begin(job, cmd)
		if err != nil {
			return err
		}
		err = job.run(cmd.Context(), args, streams)
		return errors.Join(err, end(exitCode(err)))
	}
	return cmd
}

// job holds the options of a run.
type job struct {
	dialect   *dialect
	selection func() (runner.Selection, error)
	fromStart bool
	limits    runner.Limits
	engine    string
	look      string
	// engineArgs are further arguments of the embedded engine.
	engineArgs []string
	network    string
	isolation  string
	// networkAsked reports whether the command line names the network.
	networkAsked func() bool
	inPlace      bool
	env          []string
	reports      []string
	secretNames  []string
	secrets      *secret.Masker // their values
	record       string         // a folder for recordings
	forget       bool           // do not record the verdicts
	stopAtFail   bool
	update       bool // write the output into the deck
	jobs         int  // sessions that run side by side
	console      string
	lint         bool // lint first; warnings are all printed
	broken       broken
	flakes       flakes
	picks        picks
	shards       shards
	requireAll   bool
	pause        bool // after a failure, offer the shell
	watches      bool // run again after each save
	watching     *watching
	reading      *reading // of the deck, for a run that need not read it again; nil: it has to
}

// stepFlags adds the flags for the dialect, the environment and the limits of the steps.
func (j *job) stepFlags(cmd *cobra.Command) {
	j.dialect = dialectFlags(cmd)
	f := cmd.Flags()
	f.DurationVar(&j.limits.Wait, "wait", runner.DefaultWait, "limit of a wait; a longwait has ten times as long")
	f.DurationVar(&j.limits.Step, "step-timeout", runner.DefaultStep, "limit of a snippet until the prompt is back")
	f.BoolVar(&j.inPlace, "in-place", false, "start in the real working directory instead of a copy")
	f.StringArrayVar(&j.env, "env", nil, "pass the variable `NAME[=VALUE]` to the shells (repeatable)")
	completeNothing(cmd, "wait", "step-timeout")
	completeVariables(cmd, "env")
}

// planFlags adds the flags of a plan: those of its steps, its selection and its limits.
func (j *job) planFlags(cmd *cobra.Command) {
	j.stepFlags(cmd)
	j.selection = selectionFlags(cmd, j.dialect)
	f := cmd.Flags()
	f.BoolVar(&j.fromStart, "from-start", false, "also run the steps before the selection in its session")
	f.DurationVar(&j.limits.Run, "timeout", 0, "limit of the whole run; 0 means none")
	completeNothing(cmd, "timeout")
}

// sandboxFlags adds the flags for the engine, the network and the isolation of sessions.
func (j *job) sandboxFlags(cmd *cobra.Command, network string) {
	f := cmd.Flags()
	f.StringVar(&j.engine, "engine", "auto",
		"`ENGINE` of the containers: embedded, docker (the real one at DOCKER_HOST), or auto: the manifest's choice, else embedded")
	f.StringVar(&j.look, "compose", "auto",
		"the `LOOK` of both docker-compose and docker compose: v1 (1.29), v5, or auto: the manifest's choice, else each its own")
	f.StringVar(&j.network, "network", network, "`NETWORK` of the sessions: private (a loopback of their own) or host")
	completeWords(cmd, "engine", "auto", "embedded", "docker")
	completeWords(cmd, "compose", "auto", "v1", "v5")
	completeWords(cmd, "network", "private", "host")
	j.networkAsked = func() bool { return f.Changed("network") }
	f.StringVar(&j.isolation, "isolation", "", "a weaker isolation of the processes than the best: `guardian` or group")
	completeWords(cmd, "isolation", "guardian", "group")
}

func runFlags(cmd *cobra.Command, network string) *job {
	j := &job{}
	j.planFlags(cmd)
	j.sandboxFlags(cmd, network)
	f := cmd.Flags()
	j.reportFlags(cmd, report.FileFormats())
	f.BoolVar(&j.broken.keep, "keep-broken", false, "let exercises with mistakes of reading have no part in the exit status")
	f.BoolVar(&j.requireAll, "require-all", false, "exercises whose requirements are not met are broken, not skipped")
	f.StringArrayVar(&j.secretNames, "secret", nil,
		"mask the value of the variable `NAME` of the environment in every report (repeatable; secrets: in a manifest)")
	completeVariables(cmd, "secret")
	f.BoolVar(&j.forget, "no-ledger", false, "do not remember the verdicts, for workshop present and --failed")
	return j
}

// dialect holds the options for reading decks.
type dialect struct {
	compat, root, style string
	fill                bool // commands at prompts without output get an output step
}

// autopilot is the value of --compat for decks that were written for the script of that name. It
// skipped unknown directives.
const autopilot = "autopilot"

func dialectFlags(cmd *cobra.Command) *dialect {
	d := &dialect{}
	f := cmd.Flags()
	f.StringVar(&d.compat, "compat", "", "read decks of `autopilot`: skip steps with an unknown directive, with a warning, "+
		"and press the key of keys ^C")
	f.StringVar(&d.style, "style", "", "read the documents as `STYLE`: "+strings.Join(markdown.StyleNames(), ", ")+
		" (default: what the deck says, else what it looks like)")
	completeWords(cmd, "style", markdown.StyleNames()...)
	f.StringVar(&d.root, "root", "",
		"`DIR` that holds all files of the deck; includes are relative to it (default: the deck's repository, else its folder)")
	completeFolders(cmd, "root")
	completeWords(cmd, "compat", autopilot)
	return d
}

// load reads and compiles decks. The error holds the mistakes of all of them.
func (d *dialect) load(args []string, warnings io.Writer) (*runner.Plan, []*source, error) {
	if d.compat != "" && d.compat != autopilot {
		return nil, nil, fmt.Errorf("--compat: %q is not %s", d.compat, autopilot)
	}
	if d.style != "" && !slices.Contains(markdown.StyleNames(), d.style) {
		return nil, nil, fmt.Errorf("--style: there is no style %q; there are: %s", d.style, strings.Join(markdown.StyleNames(), ", "))
	}
	sources, err := openDecks(args, d.root, markdown.Options{Style: d.style, Fill: d.fill})
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
	plan, err := runner.Compiler{Lenient: d.compat == autopilot, LastOnly: d.compat == autopilot}.Compile(decks...)
	var more markdown.ErrorList
	if errors.As(err, &more) {
		errs = append(errs, more...)
	}
	errs.Sort()
	var list markdown.ErrorList
	for _, d := range decks {
		list = append(list, d.Warnings...)
	}
	warn(warnings, append(list, plan.Warnings...))
	return plan, sources, errs.Err()
}

// load reads, compiles and lints decks, and prints the warnings. It completes the selection.
func (j *job) load(ctx context.Context, args []string, sel *runner.Selection, warnings io.Writer) (*runner.Plan, []*source, error) {
	plan, sources, err := j.dialect.load(args, io.Discard)
	var errs markdown.ErrorList
	if err != nil && !errors.As(err, &errs) {
		return nil, nil, err
	}
	if err := unasked(plan, sources, args); err != nil {
		// The name of a style may be mistyped.
		if stop := lintPlan(plan, sources, errs, runner.Selection{}).Part(false).Deck; len(stop) > 0 {
			return nil, nil, stop.Err()
		}
		return nil, nil, err
	}
	if err := j.picks.choose(ctx, j, plan, sources, sel); err != nil {
		// A mistake of the manifest may be the reason why nothing is left.
		if stop := lintPlan(plan, sources, errs, runner.Selection{}).Part(false).Deck; len(stop) > 0 {
			return nil, nil, stop.Err()
		}
		return nil, nil, err
	}
	if err := j.findSecrets(sources, warnings); err != nil {
		return nil, nil, err
	}
	found := lintPlan(plan, sources, errs, *sel)
	parts := found.Part(j.lint)
	said := report.MaskWriter(warnings, j.secrets)
	if j.lint {
		warnOf(said, parts.Rest)
	} else {
		warn(said, plan.Warnings)
		mentionOf(said, found)
	}
	return plan, sources, j.broken.find(plan, parts)
}

// garbage is the share of the heap, in percent, that may be garbage during a run: see ADR 35.
const garbage = 30

// frugal bounds the garbage of a run, unless the environment does. restore ends that.
func frugal() (restore func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(garbage)
	return func() { debug.SetGCPercent(before) }
}

func (j *job) run(ctx context.Context, args []string, streams Streams) error {
	defer frugal()()
	files, err := j.files(args, streams)
	if err != nil {
		return err
	}
	return j.secrets.Error(abort(files, j.runReported(ctx, args, streams, files)))
}

// reading is a deck as it was read for a run, narrowed to the selection.
type reading struct {
	plan     *runner.Plan
	sources  []*source
	sel      runner.Selection
	whole    int // the number of exercises before the selection
	ledgers  []report.Reporter
	warnings []byte // not shown yet
}

// read reads decks, and selects what is to run.
func (j *job) read(ctx context.Context, args []string, warnings io.Writer) (*reading, error) {
	sel, err := j.selection()
	if err != nil {
		return nil, err
	}
	plan, sources, err := j.load(ctx, args, &sel, warnings)
	if err != nil {
		return nil, err
	}
	sel.FromStart = j.fromStart || j.picks.builds()
	d := &reading{plan: plan, sources: sources, sel: sel, whole: plan.Own(), ledgers: j.ledgers(plan, sources, warnings)}
	if err := plan.Select(sel); err != nil {
		return nil, emptiness(err, sel, sources)
	}
	return d, nil
}

// runReported runs decks with reports in files.
func (j *job) runReported(ctx context.Context, args []string, streams Streams, files *report.Files) error {
	d := j.reading
	if d == nil {
		var err error
		if d, err = j.read(ctx, args, streams.Err); err != nil {
			return err
		}
	} else if _, err := streams.Err.Write(d.warnings); err != nil {
		return err
	}
	plan, sources, sel := d.plan, d.sources, d.sel
	j.watching.begin(ctx, j, plan, sources)
	if !j.watches && !j.update { // the deck has been linted, and is not read again
		for _, d := range plan.Decks {
			d.Forget()
		}
	}
	files.Secrets = j.secrets
	j.broken.print(report.MaskWriter(streams.Err, j.secrets))
	notes := j.picks.notes(plan, sel, d.whole)
	plan = j.shards.divide(plan, sources, files, report.MaskWriter(streams.Err, j.secrets))
	if j.picks.dryRun {
		return j.picks.print(streams.Out, plan, sel, d.whole)
	}
	opts, err := j.options(sources)
	if err != nil {
		return err
	}
	opts.Notes = append(notes, alone(sources)...)
	if j.inPlace {
		for _, s := range plan.Sessions {
			if _, err := opts.Workdir(s); err != nil {
				return err
			}
		}
	}
	if err := j.abreast(ctx, plan, &opts); err != nil {
		return err
	}
	stop, err := j.flakes.begin(j, &opts, plan, sources, streams)
	if err != nil {
		return err
	}
	defer stop()
	console, err := j.consoleReport(&opts, streams)
	if err != nil {
		return err
	}
	if err := j.pauses(&opts, console, streams); err != nil {
		return err
	}
	reporters := report.Masked(j.secrets, append([]report.Reporter{console, files}, d.ledgers...)...)
	var reportErr error
	opts.Event = func(e runner.Event) { reportErr = errors.Join(reportErr, reporters.Event(e)) }
	ctx, force, cancel := streams.interruptible(ctx)
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-force:
			given := make(chan struct{})
			go func() {
				defer close(given)
				_ = reporters.Finish(nil) // gives the terminal back
			}()
			select { // the reader of our output may be gone
			case <-given:
			case <-time.After(150 * time.Millisecond):
			}
			os.Exit(exitInterrupted) // the sessions' processes end with this process
		case <-done:
		}
	}()
	var seen outputs
	if j.update {
		opts.Observe = seen.observe
	}
	opts.Waiting = j.watching.sessionsFor(opts)
	result, err := j.shards.execute(ctx, plan, opts)
	if err != nil {
		_ = console.Finish(nil)
		return err
	}
	j.watching.keep(result)
	reportErr = errors.Join(reportErr, reporters.Finish(result))
	if reportErr != nil {
		return &codeError{exitBroken, fmt.Errorf("write the report: %w", reportErr)}
	}
	if code := j.shards.code(result); code != exitPassed {
		if j.update {
			fmt.Fprintln(streams.Out, "nothing is written: only a run that passes shows what is right")
		}
		return &codeError{code: code}
	}
	if j.update {
		if err := seen.secret(j.secrets); err != nil {
			return err
		}
		return seen.write(ctx, plan, opts, sources, streams)
	}
	return nil
}

// alone are remarks at documents that have nothing of the manifest that lists them, as they are decks of their own.
func alone(sources []*source) (notes []string) {
	for _, src := range sources {
		if u := src.deck.Unheeded; u != nil {
			notes = append(notes, fmt.Sprintf("%s is a deck by itself, without the %s of the manifest that lists it: workshop check %s",
				src.deck.File, strings.Join(u.Keys, ", "), shellWord(u.Manifest)))
		}
	}
	return notes
}

// options returns the runner's options that do not depend on the terminal.
func (j *job) options(sources []*source) (runner.Options, error) {
	opts := runner.Options{Limits: j.limits, StopAtFail: j.stopAtFail, KeepBroken: j.broken.keep, Path: os.Getenv("PATH")}
	opts.Sandbox.Place = sessionPlace
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
			return opts, fmt.Errorf("--%s: the limit must be positive", name)
		}
	}
	if j.limits.Run < 0 {
		return opts, errors.New("--timeout: the limit must not be negative")
	}
	opts.Env, opts.Override = shellEnv(os.Environ(), nil), asked(os.Environ(), j.env)
	opts.RequireAll = j.requireAll
	opts.Folder = func(s *runner.Session, dir string) (runner.Workdir, error) {
		for _, src := range sources {
			if src.deck == s.Deck {
				sub, err := fs.Sub(src.fsys, dir)
				return runner.Workdir{FS: sub}, err
			}
		}
		return runner.Workdir{}, errors.New("the deck has no source")
	}
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

// sessionPlace is the path of a session's directory where a mount namespace can be had: the same in
// every run, so that a verdict does not depend on a random name. Nothing is made on the machine.
const sessionPlace = "/srv/workshop"

// chooseEngine gives each session the engine and the look from the command line, else from its
// deck's manifest.
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
		if !kind.ownNetwork {
			opts.Sandbox.Place = "" // a real engine mounts directories by their paths on the machine
		}
		if kind.ownNetwork || !opts.Sandbox.PrivateNetwork {
			continue
		}
		if j.networkAsked() {
			return fmt.Errorf("--network private: the ports of the %s engine are the machine's, so its sessions share the machine's network",
				kind.name)
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
		args := j.engineArgs
		if kind.ownNetwork && (j.networkAsked() && j.network == "host" || h.Deck.Network == "host") {
			args = append(slices.Clone(args), "--network", "host")
		}
		return startStack(ctx, exe, kind, look, args, h)
	}
	return nil
}

// inherited are the variables that a shell inherits from the runner.
var inherited = []string{"LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", "USER", "LOGNAME", "COLORTERM"}

// shellEnv returns the environment of the exercises' shells: an allowlist, and the variables given
// as NAME or NAME=VALUE.
func shellEnv(environ, wanted []string) []string {
	// Nobody pages in a test; of the editors vi is the one that a machine has by POSIX, whatever else
	// is installed.
	env := []string{"SHELL=/bin/bash", "EDITOR=vi", "PAGER=cat", "GIT_PAGER=cat"}
	locale := false
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		for _, allowed := range inherited {
			if name == allowed {
				env = append(env, kv)
				locale = locale || value != "" && (name == "LANG" || name == "LC_ALL" || name == "LC_CTYPE")
			}
		}
	}
	if !locale {
		env = append(env, "LANG=C.UTF-8")
	}
	return append(env, asked(environ, wanted)...)
}

// asked are the variables of --env.
func asked(environ, wanted []string) (env []string) {
	for _, w := range wanted {
		if strings.Contains(w, "=") {
			env = append(env, w)
			continue
		}
		for _, kv := range environ {
			if name, _, _ := strings.Cut(kv, "="); name == w {
				env = append(env, kv)
			}
		}
	}
	return env
}

// consoleReport returns the report on the screen.
func (j *job) consoleReport(opts *runner.Options, streams Streams) (report.Reporter, error) {
	ropts := report.Detect(streams.Out, os.Getenv)
	ropts.Secrets = j.secrets
	if j.console == "live" {
		opts.Cols, opts.Rows = report.LiveSize(ropts.Cols, ropts.Rows)
		opts.Resized = resized(ropts.Size)
	}
	return report.New(j.console, streams.Out, ropts)
}

// resized delivers the size that is left for the shell whenever the size of our terminal changes.
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
