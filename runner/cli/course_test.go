package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCourses checks courses about other applications on the embedded engine, as root and as an
// ordinary user: their programs know nothing of the engine, and a Compose file is one for Docker, too.
func TestCourses(t *testing.T) {
	t.Parallel()
	for _, course := range []struct {
		deck     string
		programs []string
		root     bool // root may run it
	}{
		{"course", []string{"python3", "curl"}, true},
		{"database", []string{"psql", "pg_ctlcluster"}, false}, // the packages of the client and of the server
	} {
		t.Run(course.deck, func(t *testing.T) {
			for _, program := range course.programs {
				if _, err := exec.LookPath(program); err != nil {
					if os.Getenv("REQUIRE_PROGRAMS") == "1" {
						t.Fatal(err)
					}
					t.Skip(err)
				}
			}
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, course.deck), os.DirFS("../../testdata/decks/"+course.deck)); err != nil {
				t.Fatal(err)
			}
			asUsers(t, dir, named(t), func(t *testing.T, workshop func(...string) (string, error)) {
				if strings.HasSuffix(t.Name(), "_0") && !course.root {
					t.Skip("its programs refuse to run as root")
				}
				out, err := workshop("doctor", course.deck)
				if strings.Contains(out, "instead containers") && os.Getenv("REQUIRE_NAMESPACE") != "1" {
					t.Skip(out)
				}
				if err != nil || !strings.Contains(out, "ok      containers") {
					t.Fatalf("%v\n%s", err, out)
				}
				if out, err = workshop("check", "--no-ledger", course.deck); err != nil || !strings.Contains(out, "1 passed") {
					t.Fatalf("%v\n%s", err, out)
				}
			})
		})
	}
}
