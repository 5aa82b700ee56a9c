package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/runner"
)

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// between is what stands between two markers.
func between(t *testing.T, s, begin, end string) string {
	t.Helper()
	_, s, ok := strings.Cut(s, begin)
	if !ok {
		t.Fatalf("%q does not occur", begin)
	}
	s, _, ok = strings.Cut(s, end)
	if !ok {
		t.Fatalf("%q does not occur", end)
	}
	return s
}

// TestReadmeExample runs the slide of the README, and the same with the wrong text:
// the output is the README's, but for durations and the isolation in force.
func TestReadmeExample(t *testing.T) {
	text := readme(t)
	slide := between(t, text, "````markdown\n", "````\n")
	dir := t.TempDir()
	for name, deck := range map[string]string{
		"hello.md": slide,
		"noon.md":  strings.Replace(slide, "wait hello at 1 s", "wait hello at noon", 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(deck), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"workshop check hello.md", "workshop check --wait 2s noon.md"} {
		cmd := exec.CommandContext(t.Context(), exe, strings.Fields(command)[1:]...)
		cmd.Args[0], cmd.Dir = "workshop", dir
		out, _ := cmd.Output()
		got, want := comparable(string(out)), comparable(between(t, text, "$ "+command+"\n", "```\n"))
		if head, ok := strings.CutSuffix(want, "…\n"); ok {
			if !strings.HasPrefix(got, head) {
				t.Errorf("%s: %s", command, cmp.Diff(head, got))
			}
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", command, diff)
		}
	}
}

// named is this test binary under the product's name, so that it also is the product
// for those whom it starts by its path.
func named(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "workshop")
	if os.Link(exe, path) == nil {
		return path
	}
	b, err := os.ReadFile(exe)
	if err == nil {
		err = os.WriteFile(path, b, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReadmeApplication runs the README's deck about another application.
func TestReadmeApplication(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("REQUIRE_PYTHON") != "" {
			t.Fatalf("REQUIRE_PYTHON is set, but %v", err)
		}
		t.Skipf("the application is in Python: %v (REQUIRE_PYTHON=1 makes this a failure)", err)
	}
	text := readme(t)
	dir := t.TempDir()
	_, own, _ := strings.Cut(text, "### An application of your own")
	for name, content := range map[string]string{
		"shop/docker-compose.yml": between(t, own, "```yaml\n", "```\n"),
		"shop/deck.md":            between(t, own, "````markdown\n", "````\n"),
		"shop/goods/prices.txt":   "pears 2\napples 3\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), named(t), "check", "shop")
	cmd.Dir = dir
	out, _ := cmd.CombinedOutput()
	if diff := cmp.Diff(comparable(between(t, own, "$ workshop check shop\n", "```\n")), comparable(string(out))); diff != "" {
		t.Error(diff)
	}
}

var varying = []*regexp.Regexp{
	regexp.MustCompile(` *\d+\.\ds\b`),
	regexp.MustCompile(`(?m)^note: sessions are isolated by .*$`),
	regexp.MustCompile(`(?m)^    nearest .*$`),
}

func comparable(s string) string {
	for _, re := range varying {
		s = re.ReplaceAllString(s, "…")
	}
	return s
}

// TestReadmePlan compares the plan in the README with that of its slide.
func TestReadmePlan(t *testing.T) {
	text := readme(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hello.md"), []byte(between(t, text, "````markdown\n", "````\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "plan", "hello.md")
	cmd.Args[0], cmd.Dir = "workshop", dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	head, tail, _ := strings.Cut(between(t, text, "$ workshop plan hello.md\n", "```\n"), "…\n")
	if !strings.HasPrefix(string(out), head) || !strings.HasSuffix(string(out), "\n"+tail) {
		t.Errorf("not as in the README:\n%s", out)
	}
}

// TestReadmeDirectives compares the README's table with the program's.
func TestReadmeDirectives(t *testing.T) {
	var want strings.Builder
	for _, d := range runner.Directives() {
		want.WriteString("| `" + d.Name + "` | " + d.Summary + " |\n")
	}
	_, got, _ := strings.Cut(between(t, readme(t), "<!-- directives", "\n\nA fence"), "|---|---|\n")
	if diff := cmp.Diff(want.String(), got+"\n"); diff != "" {
		t.Error(diff)
	}
}
