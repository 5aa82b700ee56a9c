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
	"sync"
	"time"

	"workshop/runner"
	"workshop/runner/audit"
	"workshop/runner/report"
)

// examination is an audit in progress.
type examination struct {
	*auditing
	plan    *runner.Plan
	sources []*source
	out     io.Writer
	said    io.Writer // remarks and the progress
	tty     bool      // said is a terminal on which a line may be redrawn

	mu       sync.Mutex
	done     int
	all      int
	left     time.Duration // an estimate for one session after the other
	abreast  int
	outcomes []*audit.Outcome // by the order of the deck; nil: not yet
}

// trial is a session to run: that of a mutant, or one unchanged.
type trial struct {
	subject *audit.Subject
	mutant  *audit.Mutant // nil: unchanged
	at      int           // the index of its outcome
}

func (t *trial) estimate(run runner.Limits) time.Duration {
	if t.mutant == nil {
		return t.subject.Result.Duration
	}
	return t.mutant.Estimate(run)
}

func (e *examination) run(ctx context.Context) error {
	opts, err := e.options(e.sources)
	if err != nil {
		return err
	}
	jobs, err := e.jobsOf(ctx, &opts)
	if err != nil {
		return err
	}
	baseline, err := e.optionsIn(audit.World{}, "--observe")
	if err != nil {
		return err
	}
	baseline.Jobs, baseline.StopAtFail = jobs, false
	seen := &observations{}
	seen.watch(&baseline)
	begun := time.Now()
	result, err := runner.Run(ctx, e.plan, baseline)
	if err != nil {
		return err
	}
	if code := resultCode(result); code != exitPassed {
		fmt.Fprintf(e.said, "the deck itself has %s%s\n", result.Verdict, firstFailure(result))
		return &codeError{code, errors.New("nothing is broken on purpose: the deck must pass first (workshop check)")}
	}
	fmt.Fprintf(e.said, "unchanged: %s in %s, %s\n", result.Verdict, roughly(time.Since(begun)), count(len(result.Sessions), "session"))
	subjects := e.subjects(result, &opts, seen)
	var mutants []*audit.Mutant
	for _, s := range subjects {
		mutants = append(mutants, s.Mutants(e.codes)...)
	}
	whole := len(mutants)
	if whole == 0 {
		return &codeError{exitNothing, errors.New("nothing to break: the deck shows no snippet that could be changed")}
	}
	mutants = audit.Sample(mutants, e.sample, e.seed)
	trials := e.trials(mutants)
	e.outcomes = make([]*audit.Outcome, len(mutants))
	e.all, e.abreast = len(trials), min(jobs, len(trials))
	for _, t := range trials {
		e.left += t.estimate(e.limits)
	}
	which := count(whole, "change")
	if len(mutants) < whole {
		which = fmt.Sprintf("%d of %d changes (seed %d)", len(mutants), whole, e.seed)
	}
	fmt.Fprintf(e.said, "%s, about %s, %d at once\n", which, roughly(e.remaining()), e.abreast)
	controls, err := e.tryAll(ctx, trials, jobs)
	e.status("")
	if err != nil {
		return err
	}
	return e.finish(ctx, controls, whole)
}

// trials are the sessions to run. Those that must run alone come last. In the middle of the mutants of a
// session it runs once unchanged.
func (e *examination) trials(mutants []*audit.Mutant) (all []*trial) {
	of := map[*audit.Subject][]*trial{}
	var subjects []*audit.Subject
	for i, m := range mutants {
		if of[m.Subject] == nil {
			subjects = append(subjects, m.Subject)
		}
		of[m.Subject] = append(of[m.Subject], &trial{m.Subject, m, i})
	}
	slices.SortStableFunc(subjects, func(a, b *audit.Subject) int { return btoi(a.Session.Exclusive) - btoi(b.Session.Exclusive) })
	for _, s := range subjects {
		list := of[s]
		all = append(all, slices.Insert(list, len(list)/2, &trial{subject: s})...)
	}
	return all
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// remaining is the estimated time to the end. The caller holds e.mu, or is alone.
func (e *examination) remaining() time.Duration { return e.left / time.Duration(max(1, e.abreast)) }

// tryAll runs trials side by side, and returns the results of the unchanged sessions.
func (e *examination) tryAll(ctx context.Context, trials []*trial, jobs int) (map[*audit.Subject]*runner.SessionResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	controls := map[*audit.Subject]*runner.SessionResult{}
	var failed error
	var workers sync.WaitGroup
	var alone sync.RWMutex // held for writing by a session that measures this machine
	next := make(chan *trial)
	for range jobs {
		workers.Go(func() {
			for t := range next {
				lock, unlock := alone.RLock, alone.RUnlock
				if t.subject.Session.Exclusive {
					lock, unlock = alone.Lock, alone.Unlock
				}
				lock()
				r, err := e.try(ctx, t.subject, t.mutant, nil)
				unlock()
				e.mu.Lock()
				switch {
				case err != nil && ctx.Err() == nil:
					failed = errors.Join(failed, err)
					cancel()
				case err != nil || ctx.Err() != nil: // what was cut short says nothing
				case t.mutant == nil:
					controls[t.subject] = r
				default:
					e.outcomes[t.at] = audit.Judge(t.mutant, r)
				}
				e.advance(t)
				e.mu.Unlock()
			}
		})
	}
	for _, t := range trials {
		if ctx.Err() != nil {
			break
		}
		next <- t
	}
	close(next)
	workers.Wait()
	return controls, failed
}

// advance shows the progress after a trial. The caller holds e.mu.
func (e *examination) advance(t *trial) {
	e.done++
	e.left -= t.estimate(e.limits)
	e.status(fmt.Sprintf("%d of %d, about %s left", e.done, e.all, roughly(e.remaining())))
}

// status redraws the line of the progress on a terminal; elsewhere every tenth of the way gets a line.
func (e *examination) status(text string) {
	switch {
	case e.tty:
		fmt.Fprintf(e.said, "\r\x1b[K%s", text)
	case text != "" && (e.done*10/e.all != (e.done-1)*10/e.all):
		fmt.Fprintln(e.said, text)
	}
}

// try runs the session of a mutant, or one unchanged, with further changes.
func (e *examination) try(ctx context.Context, s *audit.Subject, m *audit.Mutant, more []runner.Alteration) (*runner.SessionResult, error) {
	world, changes, limit := audit.World{}, more, s.Limit(e.limits)
	if m != nil {
		world, changes, limit = m.World, slices.Concat(m.Changes, more), m.Limit(e.limits)
	}
	opts, err := e.optionsIn(world)
	if err != nil {
		return nil, err
	}
	session, err := s.Session.Altered(limit, changes...)
	if err != nil {
		return nil, err
	}
	plan := &runner.Plan{Decks: e.plan.Decks, Sessions: []*runner.Session{session}}
	result, err := runner.Run(ctx, plan, opts)
	if err != nil {
		return nil, err
	}
	return result.Sessions[0], nil
}

// optionsIn are the options of a run in another world, with further arguments of the embedded engine.
func (e *examination) optionsIn(world audit.World, engineArgs ...string) (runner.Options, error) {
	j := *e.job
	if world.Look != "" {
		j.look = world.Look
	}
	j.engineArgs = engineArgs
	if world.Fault != "" {
		j.engineArgs = append(j.engineArgs, "--fault", world.Fault)
	}
	opts, err := j.options(e.sources)
	if err != nil {
		return opts, err
	}
	opts.StopAtFail, opts.KeepOutput = true, true
	opts.Cols, opts.Rows = world.Cols, world.Rows
	opts.Override = append(opts.Override, world.Env...)
	if world.Offline {
		opts.Sandbox.PrivateNetwork = true
	}
	if world.Missing != "" {
		start := opts.Stack
		opts.Stack = func(ctx context.Context, h runner.Host) (runner.Stack, error) {
			s, err := start(ctx, h)
			if err != nil {
				return nil, err
			}
			path, err := pathWithout(world.Missing, opts.Path, h)
			return inWorld{s, []string{"PATH=" + path}}, err
		}
	}
	return opts, nil
}

// inWorld is a stack with further variables for the shell.
type inWorld struct {
	runner.Stack
	env []string
}

func (w inWorld) Env() []string { return append(slices.Clone(w.Stack.Env()), w.env...) }

// pathWithout is the PATH of a session in which a program is not installed. Each directory that holds it is
// replaced by one of links to all its other entries.
func pathWithout(program, path string, h runner.Host) (string, error) {
	dirs := []string{h.Sandbox.Inside(h.Bin)}
	for i, dir := range filepath.SplitList(path) {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			dirs = append(dirs, dir)
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return "", err
		}
		links := filepath.Join(h.Dir, fmt.Sprintf("path-%d", i))
		if err := os.Mkdir(links, 0o700); err != nil {
			return "", err
		}
		for _, entry := range entries {
			if entry.Name() == program {
				continue
			}
			if err := os.Symlink(filepath.Join(dir, entry.Name()), filepath.Join(links, entry.Name())); err != nil {
				return "", err
			}
		}
		dirs = append(dirs, h.Sandbox.Inside(links))
	}
	return strings.Join(dirs, string(os.PathListSeparator)), nil
}

// finish judges by the unchanged sessions, and reports.
func (e *examination) finish(ctx context.Context, controls map[*audit.Subject]*runner.SessionResult, whole int) error {
	var outcomes []*audit.Outcome
	for _, o := range e.outcomes {
		if o == nil {
			continue
		}
		if c := controls[o.Subject]; c == nil || c.Verdict != runner.Passed && c.Verdict != o.Subject.Result.Verdict {
			o.Doubt(c)
		}
		outcomes = append(outcomes, o)
	}
	if err := e.suggest(ctx, outcomes, controls); err != nil && ctx.Err() == nil {
		return err
	}
	r := &audit.Report{
		Outcomes: outcomes, Planned: len(e.outcomes), Whole: whole, Seed: e.seed, Idle: audit.Idle(e.plan, outcomes), Least: e.least,
	}
	if len(outcomes) < whole || e.codes != nil {
		r.Idle = nil // an excuse may be for a change that was not tried
	}
	if e.json {
		if err := r.JSON(e.out); err != nil {
			return &codeError{exitBroken, err}
		}
	} else {
		r.Text(e.out)
	}
	if err := e.page(r); err != nil {
		return &codeError{exitBroken, err}
	}
	total := audit.Total(outcomes)
	switch {
	case ctx.Err() != nil:
		return &codeError{exitInterrupted, fmt.Errorf("the audit was cut short: %d of %d changes were tried", len(outcomes), len(e.outcomes))}
	case total.Undecided == len(outcomes):
		return &codeError{exitBroken, errors.New("no change could be decided")}
	case e.least > 0 && total.Score() < e.least:
		return &codeError{exitFailed, fmt.Errorf("the score is %d%%, less than --min-score %d", total.Score(), e.least)}
	}
	return nil
}

// page writes the report as a page, if one is asked for.
func (e *examination) page(r *audit.Report) (err error) {
	if e.html == "" {
		return nil
	}
	_, file, err := report.ParseSpec(e.html)
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return r.HTML(report.MaskWriter(f, e.secrets))
}
