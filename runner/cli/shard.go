package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/report"
)

// shards holds the options of a run that several processes share: each runs a shard, a part of the plan.
type shards struct {
	spec      string // --shard
	durations string
	run       string // the id of the run; "": unknown

	index, total int // from 1; 0: the whole plan runs
	past         *runner.Result
}

// autoShard is the value of --shard for the variables of an engine, and ledgerDurations that of
// --durations for the ledger.
const (
	autoShard       = "auto"
	ledgerDurations = "ledger"
)

func (s *shards) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.spec, "shard", "", "run the part `I/N` of the sessions, counted from 1; auto: that of the engine which runs this process "+
		"(Kubernetes, Slurm, GitLab, Buildkite, CircleCI; Bazel needs no option)")
	f.StringVar(&s.durations, "durations", "",
		"balance the shards by the durations in a report `FILE`, of the format jsonl; ledger: by those of this machine")
	f.StringVar(&s.run, "run-id", "", "the `ID` of the run that all its shards share (default: that of the CI service)")
	completeWords(cmd, "shard", autoShard)
	if err := cmd.RegisterFlagCompletionFunc("run-id", cobra.NoFileCompletions); err != nil {
		panic(err) // the flag is defined above
	}
}

// check finds the shard of this process, and reads the durations before a report can replace them.
func (s *shards) check(j *job, getenv func(string) string) error {
	var err error
	switch {
	case s.spec == autoShard:
		s.index, s.total, err = engineShard(getenv)
	case s.spec != "":
		s.index, s.total, err = parseShard(s.spec)
	default:
		s.index, s.total, err = bazelShard(getenv)
	}
	switch {
	case err != nil:
		return err
	case s.total == 0 && s.durations != "":
		return errors.New("--durations balances shards: add --shard I/N")
	case s.total == 0:
		return nil
	case j.watches, j.update, j.pause:
		return errors.New("a shard is a part of a run by machines: --shard excludes --watch, --update and --pause-on-failure")
	}
	s.run = cmp.Or(s.run, runID(getenv))
	switch s.durations {
	case "":
	case ledgerDurations:
		j.forget = true // the other shards may read it later
	default:
		file, err := os.Open(s.durations)
		if err != nil {
			return fmt.Errorf("--durations: %w", err)
		}
		defer file.Close()
		if s.past, err = report.Read(file, s.durations, &report.Files{}); err != nil {
			return fmt.Errorf("--durations: %w", err)
		}
	}
	return nil
}

// parseShard reads I/N.
func parseShard(spec string) (index, total int, err error) {
	first, second, ok := strings.Cut(spec, "/")
	index, err1 := strconv.Atoi(first)
	total, err2 := strconv.Atoi(second)
	if !ok || err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("--shard: %q is neither of the form I/N, such as 1/4, nor auto", spec)
	}
	return index, total, checkShard("--shard "+spec, index, total)
}

// checkShard checks the number of a shard, from 1.
func checkShard(from string, index, total int) error {
	switch {
	case total < 1 || total > runner.MaxShards:
		return fmt.Errorf("%s: there cannot be %d shards, only 1 to %d", from, total, runner.MaxShards)
	case index < 1 || index > total:
		return fmt.Errorf("%s: there is no shard %d of %d: they count from 1 to %d", from, index, total, total)
	}
	return nil
}

// shardEngine is a service that starts a process for each shard, with the variables that say which.
type shardEngine struct {
	name, index, total string
	only               string // a variable that must be set as well
	first              int    // the index of the first shard
}

var shardEngines = []shardEngine{
	{name: "Kubernetes", index: "JOB_COMPLETION_INDEX", total: "WORKSHOP_SHARD_TOTAL"},
	{name: "Slurm", index: "SLURM_ARRAY_TASK_ID", total: "SLURM_ARRAY_TASK_COUNT"},
	{name: "GitLab", index: "CI_NODE_INDEX", total: "CI_NODE_TOTAL", only: "GITLAB_CI", first: 1},
	{name: "Buildkite", index: "BUILDKITE_PARALLEL_JOB", total: "BUILDKITE_PARALLEL_JOB_COUNT"},
	{name: "CircleCI", index: "CIRCLE_NODE_INDEX", total: "CIRCLE_NODE_TOTAL"},
}

// bazelEngine is the one whose variables are read without asking.
var bazelEngine = shardEngine{name: "Bazel", index: "TEST_SHARD_INDEX", total: "TEST_TOTAL_SHARDS"}

func (e shardEngine) present(getenv func(string) string) bool {
	return (e.only == "" || getenv(e.only) != "") && (getenv(e.index) != "" || getenv(e.total) != "")
}

// shard reads the number of the shard, from 1, and their number.
func (e shardEngine) shard(getenv func(string) string) (index, total int, err error) {
	if e.name == "GitLab" && getenv(e.index) == "" && getenv(e.total) == "1" { // a job without parallel:
		return 1, 1, nil
	}
	for _, v := range []struct {
		name string
		to   *int
	}{{e.index, &index}, {e.total, &total}} {
		text := getenv(v.name)
		if text == "" {
			return 0, 0, fmt.Errorf("%s: the variable %s is not set, so the shard is not known (--shard I/N names it)", e.name, v.name)
		}
		if *v.to, err = strconv.Atoi(text); err != nil {
			return 0, 0, fmt.Errorf("%s: the variable %s is %q, not a number", e.name, v.name, text)
		}
	}
	from := fmt.Sprintf("%s: %s=%d", e.name, e.index, index)
	if e.name == "Slurm" {
		first, step, err := e.slurmArray(getenv, total)
		if err != nil {
			return 0, 0, err
		}
		if (index-first)%step != 0 {
			return 0, 0, fmt.Errorf("%s is not in the array", from)
		}
		index = (index - first) / step
	}
	index += 1 - e.first
	return index, total, checkShard(from, index, total)
}

// slurmArray is the first index of a Slurm array, and the step between its indexes.
func (e shardEngine) slurmArray(getenv func(string) string, total int) (first, step int, err error) {
	number := func(name string, otherwise int) int {
		n, err := strconv.Atoi(getenv(name))
		if err != nil {
			return otherwise
		}
		return n
	}
	if first, err = strconv.Atoi(getenv("SLURM_ARRAY_TASK_MIN")); err != nil {
		return 0, 0, fmt.Errorf("%s: the variable SLURM_ARRAY_TASK_MIN is %q, not a number", e.name, getenv("SLURM_ARRAY_TASK_MIN"))
	}
	step = max(number("SLURM_ARRAY_TASK_STEP", 1), 1)
	if last := number("SLURM_ARRAY_TASK_MAX", first+(total-1)*step); last != first+(total-1)*step {
		return 0, 0, fmt.Errorf("%s: the array has %d indexes from %d to %d: a gap leaves shards out (use --array=0-%d)",
			e.name, total, first, last, total-1)
	}
	return first, step, nil
}

// engineShard is the shard that an engine gives to this process.
func engineShard(getenv func(string) string) (index, total int, err error) {
	if index, total, err := bazelShard(getenv); err != nil || total > 0 {
		return index, total, err
	}
	var found []shardEngine
	var names []string
	for _, e := range shardEngines {
		names = append(names, e.name)
		if e.present(getenv) {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 0:
		return 0, 0, fmt.Errorf("--shard auto: no variables of an engine are set (of %s): name the shard, as --shard 1/4",
			strings.Join(names, ", "))
	case len(found) > 1:
		return 0, 0, fmt.Errorf("--shard auto: both %s and %s number the shards: name the shard, as --shard 1/4", found[0].name, found[1].name)
	}
	return found[0].shard(getenv)
}

// bazelShard is the shard of Bazel's protocol; no shard outside Bazel, or if the test has no shards.
func bazelShard(getenv func(string) string) (index, total int, err error) {
	if !bazelEngine.present(getenv) || getenv(bazelEngine.total) == "0" {
		return 0, 0, nil
	}
	return bazelEngine.shard(getenv)
}

// runIDs are variables with an id that all shards of a run share, and only they.
var runIDs = []struct{ name, only string }{
	{"WORKSHOP_RUN_ID", ""},
	{"GITHUB_RUN_ID", "GITHUB_ACTIONS"},
	{"CI_PIPELINE_ID", "GITLAB_CI"},
	{"BUILDKITE_BUILD_ID", "BUILDKITE"},
	{"CIRCLE_WORKFLOW_ID", "CIRCLECI"},
	{"SLURM_ARRAY_JOB_ID", ""},
}

func runID(getenv func(string) string) string {
	for _, v := range runIDs {
		if v.only == "" || getenv(v.only) != "" {
			if id := getenv(v.name); id != "" {
				return id
			}
		}
	}
	return ""
}

// begin tells the reports which shard they are about.
func (s *shards) begin(files *report.Files, f flakes) {
	if s.total > 0 {
		files.Run = s.run
		files.Shard = &report.Shard{Index: s.index, Total: s.total, AllowFlaky: f.allow, Strict: f.strict}
	}
}

// divide narrows a plan to that of the shard, and says so.
func (s *shards) divide(plan *runner.Plan, sources []*source, files *report.Files, w io.Writer) *runner.Plan {
	if s.total == 0 {
		return plan
	}
	division := plan.Divide(s.total, s.took(plan, sources))
	files.Shard.Division = division
	files.Run = cmp.Or(s.run, report.NamelessRun(division))
	part := division.Shard(s.index)
	fmt.Fprintf(w, "shard %d of %d: %d of %s, %d of %s\n", s.index, s.total, len(part.Sessions), count(len(division.Plan.Sessions), "session"),
		part.Own(), count(plan.Own(), "exercise"))
	return part
}

// took returns the durations of an earlier run.
func (s *shards) took(plan *runner.Plan, sources []*source) runner.Took {
	known := map[[2]string]time.Duration{}
	switch {
	case s.past != nil:
		for _, sr := range s.past.Sessions {
			for _, e := range sr.Exercises {
				if v := e.OfAttempt(); sr.Deck != nil && v != runner.Skipped && v != runner.Interrupted {
					known[[2]string{sr.Deck.Name, e.ID}] = e.Duration
				}
			}
		}
	case s.durations == ledgerDurations:
		books := map[*source]*ledger.Ledger{}
		own(plan, func(ss *runner.Session, e *runner.Exercise) {
			src := sources[slices.IndexFunc(sources, func(src *source) bool { return src.deck == ss.Deck })]
			if books[src] == nil {
				book, err := openLedger(plan, src)
				if err != nil {
					book = &ledger.Ledger{} // nothing is known
				}
				books[src] = book
			}
			if last, ok := books[src].LastRun(e.ID); ok && last.Duration > 0 { // else the run was killed before it
				known[[2]string{ss.Deck.Name, e.ID}] = last.Duration
			}
		})
	}
	return func(ss *runner.Session, e *runner.Exercise) (time.Duration, bool) {
		d, ok := known[[2]string{ss.Deck.Name, e.ID}]
		return d, ok
	}
}

// execute runs a plan. That of a shard may be empty: its report says that it has ended.
func (s *shards) execute(ctx context.Context, plan *runner.Plan, opts runner.Options) (*runner.Result, error) {
	if s.total == 0 || len(plan.Sessions) > 0 {
		return runner.Run(ctx, plan, opts)
	}
	result := &runner.Result{Plan: plan, Verdict: runner.Passed, Started: time.Now()}
	opts.Event(runner.Event{Kind: runner.RunStarted, Time: result.Started, Plan: plan})
	opts.Event(runner.Event{Kind: runner.RunFinished, Time: result.Started, Plan: plan, Verdict: result.Verdict, Result: result})
	return result, nil
}

// code is the exit status of a shard for a result. Nothing is left to run only if that holds for all
// shards, which the merge of their reports says.
func (s *shards) code(r *runner.Result) int {
	code := resultCode(r)
	if s.total > 0 && code == exitNothing {
		return exitPassed
	}
	return code
}
