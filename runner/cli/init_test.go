package cli

import (
	"io/fs"
	"path"
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
		if got := string(f.data); strings.Count(got, "DECK: ") != 1 || !strings.Contains(got, "DECK: 'it''s: a #deck'\n") {
			t.Errorf("%s does not name the deck:\n%s", name, got)
		}
	}
}
