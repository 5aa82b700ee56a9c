package cli

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestWorkflows checks that each CI system's file is YAML and names the deck once.
func TestWorkflows(t *testing.T) {
	t.Chdir(t.TempDir())
	files, err := fs.Glob(starter, "starter/ci/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(ciFiles) {
		t.Errorf("%d files for %d systems", len(files), len(ciFiles))
	}
	for _, name := range files {
		system := strings.TrimSuffix(path.Base(name), ".yml")
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
	want := map[int]string{exitFailed: "FailIndex", exitUsage: "FailIndex", exitNothing: "FailIndex", exitBroken: "Count", exitInterrupted: "Count"}
	if !maps.Equal(actions, want) {
		t.Errorf("the actions are %v, want %v", actions, want)
	}
	env := map[string]string{}
	for _, v := range s.Template.Spec.Containers[0].Env {
		env[v.Name] = v.Value
	}
	if env["WORKSHOP_SHARD_TOTAL"] != strconv.Itoa(s.Completions) || !strings.Contains(string(f.data), "--expect "+env["WORKSHOP_SHARD_TOTAL"]+" ") {
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
