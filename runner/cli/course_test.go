package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// course is a course about another application.
type course struct {
	deck     string
	programs []string
	root     bool // root may run it without Docker
	images   func(t *testing.T)
}

var courses = []course{
	{"course", []string{"/usr/bin/python3", "curl", "redis-server"}, true, pageImages},
	{"database", []string{"psql", "pg_ctlcluster"}, false, databaseImage}, // the packages of the client and of the server
}

// copied skips the test if a program is missing, and returns a directory with a copy of the deck.
func (c course) copied(t *testing.T) string {
	t.Helper()
	for _, program := range c.programs {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("REQUIRE_PROGRAMS") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, c.deck), os.DirFS("../../testdata/decks/"+c.deck)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestCourses checks courses about other applications on the embedded engine, as root and as an
// ordinary user: their programs know nothing of the engine.
func TestCourses(t *testing.T) {
	t.Parallel()
	for _, course := range courses {
		t.Run(course.deck, func(t *testing.T) {
			dir := course.copied(t)
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

// TestDockerCourses checks the same courses, with the same Compose files, on a real engine. Their images
// hold programs of this machine.
func TestDockerCourses(t *testing.T) {
	needDocker(t)
	for _, course := range courses {
		t.Run(course.deck, func(t *testing.T) {
			dir := course.copied(t)
			course.images(t)
			cmd := exec.CommandContext(t.Context(), static(t), "check", "--no-ledger", "--engine", "docker", course.deck)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "1 passed") {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

func pageImages(t *testing.T) {
	library, err := exec.Command("/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))").Output()
	if err != nil {
		t.Fatal(err)
	}
	importImage(t, "course/python:1", `CMD ["python3"]`, "/usr/bin/python3", "/usr/bin/curl", strings.TrimSpace(string(library)))
	importImage(t, "course/redis:1", `CMD ["redis-server", "--save", "", "--protected-mode", "no"]`, "/usr/bin/redis-server")
}

// databaseImage makes an image whose server has its files in the volume, and runs as a user of its own.
func databaseImage(t *testing.T) {
	server, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(server) == 0 {
		t.Fatalf("no server of PostgreSQL: %v", err)
	}
	bin := server[len(server)-1]
	dir := filepath.Dir(bin)
	start := "D=/var/lib/postgresql/data; chown postgres $D; setpriv --reuid postgres --regid postgres --clear-groups sh -c '" +
		"initdb -D '$D/db' -U postgres -A trust && echo host all all samenet trust >> '$D/db/pg_hba.conf' && " +
		"exec postgres -D '$D/db' -c listen_addresses=* -c unix_socket_directories='$D"
	importImage(t, "course/postgres:1", "ENV PATH="+bin+":/usr/bin:/bin\nCMD "+`["sh", "-c", "`+start+`"]`,
		bin+"/initdb", bin+"/postgres", bin+"/psql", bin+"/pg_isready", dir+"/lib/dict_snowball.so", dir+"/lib/plpgsql.so",
		"/usr/share/postgresql/"+filepath.Base(dir), "/bin/sh", "/bin/chown", "/usr/bin/setpriv", "/etc/passwd", "/etc/group")
}

// importImage makes an image of files of this machine, with the libraries that they need, and removes it
// at the end of the test.
func importImage(t *testing.T, image, changes string, files ...string) {
	t.Helper()
	programs := slices.Clone(files)
	for _, file := range files {
		modules, err := filepath.Glob(file + "/lib-dynload/*.so")
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, modules...)
	}
	// Each line is "name => path (address)", or "path (address)" for the loader.
	libraries, _ := exec.Command("ldd", programs...).Output() // it fails for directories
	for line := range strings.Lines(string(libraries)) {
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "/") && !strings.HasSuffix(word, ":") {
				files = append(files, word)
			}
		}
	}
	slices.Sort(files)
	tar := exec.Command("tar", append([]string{
		"-C", "/", "-chP", "--exclude=__pycache__", "--exclude=test", "--exclude=config-3*",
		"--transform=s,^/,,",
	},
		slices.Compact(files)...)...)
	args := []string{"import"}
	for change := range strings.SplitSeq(changes, "\n") {
		args = append(args, "--change", change)
	}
	load := exec.Command("docker", append(args, "-", image)...)
	var err error
	if load.Stdin, err = tar.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := tar.Start(); err != nil {
		t.Fatal(err)
	}
	out, err := load.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := tar.Wait(); err != nil {
		t.Fatalf("tar: %v", err)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("docker", "rmi", image).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
}
