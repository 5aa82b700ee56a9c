package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// placed is a chapter whose output holds the paths of its session.
const placed = "## Where\n\n.exercise[\n```bash\ndocker-compose up -d && docker-compose logs\n```\n```wait started in " +
	"/srv/workshop/work/work```\n" +
	"```bash\npwd; cd; pwd; mktemp -d; cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '/[w]orkshop-[0-9]'; echo \"$DOCKER_HOST\"\n```\n" +
	"```output\n/srv/workshop/work/work\n/srv/workshop/home\n/srv/workshop/tmp/tmp.[..]\n0\nunix:///srv/workshop/docker.sock\n```\n]\n"

// TestSamePath runs two sessions at once, as root and as an ordinary user, twice each: the
// directories of all of them are at the same path, which is not on the machine.
func TestSamePath(t *testing.T) {
	dir, binary := t.TempDir(), named(t)
	files := map[string]string{
		"deck/a.md": placed, "deck/b.md": placed, "deck/workshop.yml": "session: chapter\nworkdir: work\nstatuses: last\ncontent: [a.md, b.md]\n",
		"deck/work/docker-compose.yml": "services:\n  it:\n    x-workshop:\n" +
			"      command: echo \"started in $$PWD\"; exec sleep 1000\n",
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	asUsers(t, dir, binary, func(t *testing.T, workshop func(...string) (string, error)) {
		for range 2 {
			out, err := workshop("check", "--no-ledger", "--wait", "20s", "-j", "2", "deck")
			if strings.Contains(out, "no mount namespace") && os.Getenv("REQUIRE_NAMESPACE") != "1" {
				t.Skipf("no mount namespace: %s", out)
			}
			if err != nil || !strings.Contains(out, "2 passed") {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	})
	if _, err := os.Lstat(sessionPlace); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is on the machine: %v", sessionPlace, err)
	}
}

// asUsers runs a test as this user and, if that is root, as an ordinary one. The test gets a function
// that runs the binary in a directory. It must leave no temporary file behind.
func asUsers(t *testing.T, dir, binary string, test func(t *testing.T, workshop func(...string) (string, error))) {
	t.Helper()
	// The ordinary user must reach the binary and the directory.
	for _, path := range []string{dir, filepath.Dir(dir), filepath.Dir(binary), filepath.Dir(filepath.Dir(binary)), binary} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	users := []int{os.Getuid()}
	if os.Getuid() == 0 {
		users = append(users, 65534)
	}
	for _, uid := range users {
		t.Run(fmt.Sprint("user ", uid), func(t *testing.T) {
			temp, home := filepath.Join(dir, fmt.Sprint(uid)), filepath.Join(dir, fmt.Sprint("home", uid))
			for _, path := range []string{temp, home} {
				if err := errors.Join(os.Mkdir(path, 0o700), os.Chown(path, uid, uid)); err != nil {
					t.Fatal(err)
				}
			}
			test(t, func(args ...string) (string, error) {
				cmd := exec.CommandContext(t.Context(), binary, args...)
				cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+temp, "HOME="+home)
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
				out, err := cmd.CombinedOutput()
				return string(out), err
			})
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("%v is left behind, %v", left, err)
			}
		})
	}
}
