package cli

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestWorkflows checks that each CI system's file is YAML and names the deck once.
func TestWorkflows(t *testing.T) {
	t.Chdir(t.TempDir())
	files, err := fs.Glob(starter, "starter/ci/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(ciFiles) {
		t.Errorf("%d files for %d systems", len(files), len(ciFiles))
	}
	for _, name := range files {
		system, yml := strings.CutSuffix(path.Base(name), ".yml")
		if !yml {
			continue // TestSlurmArray and TestBazelRule
		}
		f, err := workflow(system, "it's: a #deck")
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := yaml.Unmarshal(f.data, &doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		named := "DECK: 'it''s: a #deck'\n"
		if system == "kubernetes" {
			named = "- name: DECK\n              value: 'it''s: a #deck'\n"
		}
		if got := string(f.data); strings.Count(got, "it''s") != 1 || !strings.Contains(got, named) {
			t.Errorf("%s does not name the deck:\n%s", name, got)
		}
	}
}

// TestGitHubShards checks that the matrix lists as many shards as are merged, and that the merge runs
// also if a shard failed.
func TestGitHubShards(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := workflow("github-shards", "slides")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Env struct {
			Shards int `yaml:"SHARDS"`
		}
		Jobs struct {
			Check struct {
				Strategy struct {
					FailFast bool `yaml:"fail-fast"`
					Matrix   struct{ Shard []int }
				}
			}
			Merge struct{ Needs, If string }
		}
	}
	doc.Jobs.Check.Strategy.FailFast = true
	if err := yaml.Unmarshal(f.data, &doc); err != nil {
		t.Fatal(err)
	}
	check := doc.Jobs.Check.Strategy
	if doc.Jobs.Merge.If != "always()" || doc.Jobs.Merge.Needs != "check" || check.FailFast || len(check.Matrix.Shard) != doc.Env.Shards {
		t.Errorf("%+v", doc)
	}
	for i, shard := range check.Matrix.Shard {
		if shard != i+1 {
			t.Errorf("the shards are %v", check.Matrix.Shard)
		}
	}
	if !strings.Contains(string(f.data), `merge --expect "$SHARDS"`) {
		t.Error("the merge does not expect that number")
	}
}

// TestGitLabShards checks that as many shards run as are merged, that the merge runs also if a shard
// failed, and that only a broken environment is tried again.
func TestGitLabShards(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := workflow("gitlab-shards", "slides")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Variables struct {
			Shards string `yaml:"SHARDS"`
		}
		Check struct {
			Parallel int
			Retry    struct {
				Max       int
				When      []string
				ExitCodes []int `yaml:"exit_codes"`
			}
			Artifacts struct{ When string }
			Script    []string
		} `yaml:"workshop"`
		Merge struct {
			Needs  []string
			Rules  []struct{ When string }
			Script []string
		} `yaml:"workshop-merge"`
	}
	if err := yaml.Unmarshal(f.data, &doc); err != nil {
		t.Fatal(err)
	}
	check := doc.Check
	if strconv.Itoa(check.Parallel) != doc.Variables.Shards || check.Artifacts.When != "always" ||
		!slices.Equal(check.Retry.ExitCodes, []int{exitBroken}) ||
		check.Retry.Max == 0 || slices.Contains(check.Retry.When, "always") || slices.Contains(check.Retry.When, "script_failure") ||
		len(check.Retry.When) == 0 || !strings.Contains(check.Script[1], "--shard auto") {
		t.Errorf("%+v", check)
	}
	for _, r := range doc.Merge.Rules {
		if r.When != "always" {
			t.Errorf("the merge runs %q", r.When)
		}
	}
	if len(doc.Merge.Rules) == 0 || !slices.Equal(doc.Merge.Needs, []string{"workshop"}) ||
		!strings.Contains(doc.Merge.Script[1], `--expect "$SHARDS"`) {
		t.Errorf("%+v", doc.Merge)
	}
	if index, total, err := engineShard(environment("GITLAB_CI=true CI_NODE_INDEX=4 CI_NODE_TOTAL=4")); err != nil || index != 4 ||
		total != check.Parallel {
		t.Errorf("the last job runs shard %d of %d, %v", index, total, err)
	}
}

// TestSlurmArray checks that the array has as many tasks as are merged, and that a shell reads its name
// of the deck. A real Slurm runs it in .ci/slurm.
func TestSlurmArray(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := workflow("slurm", "it's: a #deck")
	if err != nil {
		t.Fatal(err)
	}
	text := string(f.data)
	array := regexp.MustCompile(`(?m)^#SBATCH --array=0-(\d+)$`).FindStringSubmatch(text)
	expect := regexp.MustCompile(`--expect (\d+) `).FindStringSubmatch(text)
	if array == nil || expect == nil {
		t.Fatal(text)
	}
	last, _ := strconv.Atoi(array[1])
	if strconv.Itoa(last+1) != expect[1] {
		t.Errorf("tasks 0 to %s, and %s are merged", array[1], expect[1])
	}
	if err := writeNew([]newFile{f}, false); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-c",
		`exec() { printf '%s\n' "${@: -1}"; }; . ./`+filepath.Base(f.name)).CombinedOutput()
	if err != nil || string(out) != "it's: a #deck\n" {
		t.Errorf("%q, %v", out, err)
	}
	if index, total, err := engineShard(environment("SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=3 " +
		"SLURM_ARRAY_TASK_COUNT=4")); err != nil ||
		index != 4 || strconv.Itoa(total) != expect[1] {
		t.Errorf("the last task runs shard %d of %d, %v", index, total, err)
	}
}

// TestBazelRule checks the name of the deck in the rule. A real Bazel runs it in .ci/bazel.
func TestBazelRule(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := workflow("bazel", "docs/deck")
	if err != nil {
		t.Fatal(err)
	}
	if text := string(f.data); !strings.Contains(text, "DECK = \"docs/deck\"\n") || !strings.Contains(text, "shard_count = ") {
		t.Error(text)
	}
	// The rule's arguments read a deck of links to files elsewhere, as Bazel makes them; without --root they do not.
	workspace, args := t.TempDir(), bazelArgs.FindStringSubmatch(string(f.data))
	if args == nil {
		t.Fatalf("no arguments:\n%s", f.data)
	}
	write(t, filepath.Join(workspace, "docs/deck/a.md"), "# A\n\n.exercise[\n```bash\ntrue\n```\n]\n")
	if err := os.MkdirAll("docs/deck", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(workspace, "docs/deck/a.md"), "docs/deck/a.md"); err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, word := range strings.Split(args[1], "\n") {
		word, _, _ = strings.Cut(strings.TrimSpace(word), ",")
		words = append(words, strings.ReplaceAll(strings.Trim(word, `"`), "DECK", "docs/deck"))
	}
	words = slices.Insert(slices.DeleteFunc(words, func(w string) bool { return w == "" }), 1, "--dry-run")
	for _, c := range []struct {
		words []string
		want  int
	}{
		{words, exitPassed},
		{slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "--root=/" }), exitUsage},
	} {
		cmd := exec.CommandContext(t.Context(), named(t), c.words...)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != c.want {
			t.Errorf("%q: status %d, want %d\n%s", c.words, got, c.want, out)
		}
	}
	if _, err := workflow("bazel", "a deck"); err == nil || !strings.Contains(err.Error(), "can hold only letters") {
		t.Errorf("a path that a rule cannot name: %v", err)
	}
}

// bazelArgs matches the arguments of the rule.
var bazelArgs = regexp.MustCompile(`(?s)args = \[\n(.*?)\n    \],`)

// TestKubernetesJob checks that the Job has a pod for each shard, that none is retried because of a
// failed exercise, and that the Job ends.
func TestKubernetesJob(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := workflow("kubernetes", "slides")
	if err != nil {
		t.Fatal(err)
	}
	var job struct {
		Spec struct {
			CompletionMode                              string
			Completions, Parallelism, MaxFailedIndexes  int
			BackoffLimitPerIndex, ActiveDeadlineSeconds int
			PodFailurePolicy                            struct{ Rules []rule }
			Template                                    struct{ Spec podSpec }
		}
	}
	text := camel.ReplaceAllStringFunc(string(f.data), strings.ToLower) // the library knows the lower case of a field's name only
	if err := yaml.Unmarshal([]byte(text), &job); err != nil {
		t.Fatal(err)
	}
	s := job.Spec
	if s.CompletionMode != "Indexed" || s.Parallelism != s.Completions || s.MaxFailedIndexes != s.Completions || s.BackoffLimitPerIndex == 0 ||
		s.ActiveDeadlineSeconds == 0 || s.Template.Spec.RestartPolicy != "Never" {
		t.Errorf("%+v", s)
	}
	actions := map[int]string{}
	for _, r := range s.PodFailurePolicy.Rules {
		for _, code := range r.OnExitCodes.Values {
			actions[code] = r.Action
		}
	}
	want := map[int]string{
		exitFailed: "FailIndex", exitUsage: "FailIndex", exitNothing: "FailIndex", exitBroken: "Count",
		exitInterrupted: "Count",
	}
	if !maps.Equal(actions, want) {
		t.Errorf("the actions are %v, want %v", actions, want)
	}
	env := map[string]string{}
	for _, v := range s.Template.Spec.Containers[0].Env {
		env[v.Name] = v.Value
	}
	if env["WORKSHOP_SHARD_TOTAL"] != strconv.Itoa(s.Completions) ||
		!strings.Contains(string(f.data), "--expect "+env["WORKSHOP_SHARD_TOTAL"]+" ") {
		t.Errorf("%d pods, and the variables %v", s.Completions, env)
	}
	if index, total, err := engineShard(func(name string) string {
		return map[string]string{"JOB_COMPLETION_INDEX": "3", "WORKSHOP_SHARD_TOTAL": env["WORKSHOP_SHARD_TOTAL"]}[name]
	}); err != nil || index != 4 || total != s.Completions {
		t.Errorf("the last pod runs shard %d of %d, %v", index, total, err)
	}
}

// camel matches the name of a field of Kubernetes in YAML.
var camel = regexp.MustCompile(`(?m)^[ -]*[a-z]+[A-Z][A-Za-z]*:`)

// rule and podSpec are parts of the types of a Job.
type rule struct {
	Action      string
	OnExitCodes struct{ Values []int }
}

type podSpec struct {
	RestartPolicy string
	Containers    []struct {
		Env []struct{ Name, Value string }
	}
}
