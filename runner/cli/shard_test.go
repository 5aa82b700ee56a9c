package cli

import (
	"strings"
	"testing"
)

// TestEngineShard checks the shards that engines name by their variables.
func TestEngineShard(t *testing.T) {
	for _, c := range []struct {
		env          string
		index, total int
		err          string
	}{
		{env: "JOB_COMPLETION_INDEX=0 WORKSHOP_SHARD_TOTAL=8", index: 1, total: 8},
		{env: "JOB_COMPLETION_INDEX=7 WORKSHOP_SHARD_TOTAL=8", index: 8, total: 8},
		{env: "JOB_COMPLETION_INDEX=8 WORKSHOP_SHARD_TOTAL=8", err: "there is no shard 9 of 8"},
		{env: "JOB_COMPLETION_INDEX=1", err: "WORKSHOP_SHARD_TOTAL is not set"},
		{env: "WORKSHOP_SHARD_TOTAL=8", err: "JOB_COMPLETION_INDEX is not set"},
		{env: "JOB_COMPLETION_INDEX=x WORKSHOP_SHARD_TOTAL=8", err: `is "x", not a number`},
		{env: "JOB_COMPLETION_INDEX=0 WORKSHOP_SHARD_TOTAL=0", err: "there cannot be 0 shards"},
		{env: "S_ID=3 S_MIN=1 S_MAX=3 S_COUNT=3 S_STEP=1", index: 3, total: 3},
		{env: "S_ID=4 S_MIN=0 S_MAX=8 S_COUNT=5 S_STEP=2", index: 3, total: 5},
		{env: "S_ID=0 S_MIN=0 S_COUNT=1", index: 1, total: 1},
		{env: "S_ID=7 S_MIN=1 S_MAX=7 S_COUNT=3", err: "a gap leaves shards out (use --array=0-2)"},
		{env: "S_ID=3 S_COUNT=3", err: "SLURM_ARRAY_TASK_MIN"},
		{env: "S_ID=3 S_MIN=1", err: "SLURM_ARRAY_TASK_COUNT is not set"},
		{env: "GITLAB_CI=true CI_NODE_INDEX=1 CI_NODE_TOTAL=4", index: 1, total: 4},
		{env: "GITLAB_CI=true CI_NODE_INDEX=4 CI_NODE_TOTAL=4", index: 4, total: 4},
		{env: "GITLAB_CI=true CI_NODE_INDEX=0 CI_NODE_TOTAL=4", err: "there is no shard 0 of 4"},
		{env: "GITLAB_CI=true CI_NODE_TOTAL=1", index: 1, total: 1}, // a job without parallel:
		{env: "GITLAB_CI=true CI_NODE_TOTAL=2", err: "CI_NODE_INDEX is not set"},
		{env: "CI_NODE_INDEX=0 CI_NODE_TOTAL=4", err: "no variables of an engine are set"}, // others use the names, and count from 0
		{env: "BUILDKITE_PARALLEL_JOB=0 BUILDKITE_PARALLEL_JOB_COUNT=5", index: 1, total: 5},
		{env: "BUILDKITE_PARALLEL_JOB=0", err: "BUILDKITE_PARALLEL_JOB_COUNT is not set"},
		{env: "CIRCLE_NODE_INDEX=1 CIRCLE_NODE_TOTAL=2", index: 2, total: 2},
		{
			env: "CIRCLE_NODE_INDEX=1 CIRCLE_NODE_TOTAL=2 BUILDKITE_PARALLEL_JOB=0 BUILDKITE_PARALLEL_JOB_COUNT=5",
			err: "both Buildkite and CircleCI number the shards",
		},
		{env: "TEST_SHARD_INDEX=2 TEST_TOTAL_SHARDS=3", index: 3, total: 3},
		{env: "TEST_SHARD_INDEX=2", err: "TEST_TOTAL_SHARDS is not set"},
		{env: "", err: "no variables of an engine are set"},
	} {
		index, total, err := engineShard(environment(strings.ReplaceAll(c.env, "S_", "SLURM_ARRAY_TASK_")))
		switch {
		case c.err == "" && err == nil && index == c.index && total == c.total:
		case c.err != "" && err != nil && strings.Contains(err.Error(), c.err):
		default:
			t.Errorf("%s: %d/%d, %v; want %d/%d, %q", c.env, index, total, err, c.index, c.total, c.err)
		}
	}
}

// environment returns a function like os.Getenv of "NAME=VALUE …".
func environment(vars string) func(string) string {
	return func(name string) string {
		for kv := range strings.FieldsSeq(vars) {
			if k, v, _ := strings.Cut(kv, "="); k == name {
				return v
			}
		}
		return ""
	}
}

// TestRunID checks the id that the shards of a run share.
func TestRunID(t *testing.T) {
	for env, want := range map[string]string{
		"":                                     "",
		"GITHUB_RUN_ID=7":                      "", // not in GitHub Actions
		"GITHUB_RUN_ID=7 GITHUB_ACTIONS=true":  "7",
		"CI_PIPELINE_ID=8 GITLAB_CI=true":      "8",
		"SLURM_ARRAY_JOB_ID=9":                 "9",
		"WORKSHOP_RUN_ID=x SLURM_ARRAY_JOB_ID": "x",
	} {
		if got := runID(environment(env)); got != want {
			t.Errorf("%s: %q, want %q", env, got, want)
		}
	}
}
