package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
)

// flakes holds the options about exercises that do not always pass.
type flakes struct {
	retries, repeat       int
	allow, strict, stress bool
}

// flakeFlags adds the flags about exercises that do not always pass.
func (j *job) flakeFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&j.flakes.retries, "retries", 0,
		fmt.Sprintf("run a session in which an exercise fails again, up to `N` times; not if more than %d exercises fail", runner.MaxFailures))
	f.BoolVar(&j.flakes.allow, "allow-flaky", false, "exercises that fail, and pass in the last attempt, do not fail the run")
	f.BoolVar(&j.flakes.strict, "strict", false, "a measurement that could not decide fails the run")
	f.IntVar(&j.flakes.repeat, "repeat", 1, "run every session `N` times, and print how often each exercise failed")
	f.BoolVar(&j.flakes.stress, "stress", false, "keep the processors busy during the run, to provoke failures")
	completeNothing(cmd, "retries", "repeat")
}

// check finds contradictions between the flags.
func (f *flakes) check(j *job) error {
	switch {
	case f.retries < 0 || f.retries > runner.MaxRetries:
		return fmt.Errorf("--retries: %d is not a number from 0 to %d", f.retries, runner.MaxRetries)
	case f.repeat < 0:
		return fmt.Errorf("--repeat: %d is less than 0", f.repeat)
	case f.retries > 0 && f.repeat > 1:
		return errors.New("--retries and --repeat exclude each other: with --repeat every session runs again anyway")
	case j.update && (f.retries > 0 || f.repeat > 1):
		return errors.New("--update runs the deck three times itself: it excludes --retries and --repeat")
	}
	return nil
}

// begin checks the options, adds them to those of a run, and makes the processors busy until stop is
// called.
func (f *flakes) begin(j *job, opts *runner.Options, plan *runner.Plan, sources []*source, streams Streams) (stop func(), err error) {
	if err := errors.Join(f.check(j), f.add(opts, plan, sources, time.Now())); err != nil || !f.stress {
		return func() {}, err
	}
	return startStress(streams)
}

// add adds the options to those of a run.
func (f *flakes) add(opts *runner.Options, plan *runner.Plan, sources []*source, now time.Time) error {
	opts.Retries, opts.AllowFlaky, opts.Strict = f.retries, f.allow, f.strict
	if f.repeat > 1 {
		opts.Repeat = f.repeat
	}
	held := quarantine{}
	var errs markdown.ErrorList
	for _, src := range sources {
		errs = append(errs, held.load(src, now)...)
	}
	if err := errs.Err(); err != nil {
		return err
	}
	opts.Notes = append(opts.Notes, held.notes...)
	opts.Quarantined = held.remarks(plan)
	return nil
}

// quarantine holds the exercises in quarantine, by deck.
type quarantine struct {
	entries map[*markdown.Deck]map[string]*markdown.Quarantine
	notes   []string
}

// warnBefore is the time before the end of an entry from which on each run says so.
const warnBefore = 14 * 24 * time.Hour

// maxQuarantined is the share of a deck that may be in quarantine, in percent; one exercise always may.
const maxQuarantined = 5

// load reads the quarantine of a deck. Entries whose last day is over do not count.
func (q *quarantine) load(src *source, now time.Time) markdown.ErrorList {
	all, err := markdown.LoadQuarantine(src.fsys, src.deck, src.opts)
	var errs markdown.ErrorList
	if errors.As(err, &errs) {
		return errs
	}
	held := map[string]*markdown.Quarantine{}
	limit := max(1, exercisesOf(src.deck)*maxQuarantined/100)
	if slices.ContainsFunc(all, func(e *markdown.Quarantine) bool { return e.Foreign }) {
		limit = len(all) // the file is a part of the deck
	}
	for _, e := range all {
		if e.Foreign {
			continue
		}
		end := e.Expires.AddDate(0, 0, 1)
		switch left := end.Sub(now); {
		case left <= 0:
			q.notes = append(q.notes, fmt.Sprintf("%v: the quarantine of %s ended on %s: it counts again (owner: %s)",
				e.Until, e.Exercise, e.Expires.Format(time.DateOnly), e.Owner))
			continue
		case left <= warnBefore:
			q.notes = append(q.notes, fmt.Sprintf("%v: the quarantine of %s ends on %s: then it counts again (owner: %s)",
				e.Until, e.Exercise, e.Expires.Format(time.DateOnly), e.Owner))
		}
		if held[e.Exercise] = e; len(held) > limit {
			errs.Add(markdown.CodeManifestValue, e.Pos.Point(), "repair one of them, or leave it out of the deck",
				"more than %d %% of the deck's %d exercises are in quarantine: at most %d may be", maxQuarantined, exercisesOf(src.deck), limit)
			return errs
		}
	}
	if q.entries == nil {
		q.entries = map[*markdown.Deck]map[string]*markdown.Quarantine{}
	}
	q.entries[src.deck] = held
	return nil
}

func exercisesOf(d *markdown.Deck) (n int) {
	for _, c := range d.Chapters {
		for _, s := range c.Slides {
			if !s.Excluded {
				n += len(s.Exercises)
			}
		}
	}
	return n
}

// remarks returns the function with the remarks on the exercises of a plan that are in quarantine.
func (q *quarantine) remarks(plan *runner.Plan) func(*runner.Exercise) string {
	held := map[*runner.Exercise]string{}
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			if in := q.entries[s.Deck][e.ID]; in != nil {
				held[e] = fmt.Sprintf("%v: %s is in quarantine until %s (%s; owner: %s)",
					in.Pos, in.Exercise, in.Expires.Format(time.DateOnly), in.Reason, in.Owner)
			}
		}
	}
	return func(e *runner.Exercise) string { return held[e] }
}

// stressTool is the name under which this program keeps the processors busy.
const stressTool = "workshop-stress"

// loops is the number of busy loops for each processor: a program gets a third of one.
const loops = 2

// keepBusy is the tool of that name. It ends at the end of its standard input, and so with the
// process that started it, however that one ends.
func keepBusy(_ context.Context, _ []string, s Streams) int {
	var busy atomic.Uint64
	for range loops * runtime.NumCPU() {
		go func() {
			for n := uint64(0); ; n++ {
				busy.Store(n)
			}
		}()
	}
	var b [1]byte
	_, _ = s.In.Read(b[:]) // any end will do
	return exitPassed
}

// startStress starts the process that keeps the processors busy, and returns the function that ends it.
func startStress(streams Streams) (stop func(), err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, &codeError{exitBroken, err}
	}
	cmd := exec.Command(exe) //nolint:noctx // it ends with its input
	cmd.Args, cmd.Stderr = []string{stressTool}, streams.Err
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, &codeError{exitBroken, fmt.Errorf("--stress: %w", err)}
	}
	return func() {
		_ = in.Close()
		_ = cmd.Wait()
	}, nil
}
