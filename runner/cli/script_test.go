package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"workshop/runner/sandbox"
)

// TestMain lets the test binary stand for the program: as a sandbox's supervisor, under the names
// of the bundled tools, and as the command of the scripts.
func TestMain(m *testing.M) {
	if code, ok := sandbox.Main(); ok {
		os.Exit(code)
	}
	// The program starts itself under the name of this binary, with a command such as engine.
	// The arguments of tests are flags.
	name, command := filepath.Base(os.Args[0]), len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-")
	if name == "workshop" || tools[name] != nil || command {
		product()
	}
	testscript.Main(elsewhere{m}, map[string]func(){"workshop": product})
}

// gorace is a value of the race detector's variable GORACE. It removes the sleep of one second at
// the end of each process.
const gorace = "atexit_sleep_ms=0"

// elsewhere runs the tests with a state folder of their own, and removes the shared files after all
// tests.
type elsewhere struct{ *testing.M }

func (e elsewhere) Run() int {
	dir, err := os.MkdirTemp("", "workshop-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for name, value := range map[string]string{
		"XDG_CACHE_HOME": filepath.Join(dir, "XDG_CACHE_HOME"), "XDG_STATE_HOME": filepath.Join(dir, "XDG_STATE_HOME"),
		"GORACE": gorace,
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	// Where these tests run must not change what the program writes in them.
	for _, name := range []string{"CI", "CI_PROJECT_DIR", "COLUMNS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "NO_COLOR"} {
		if err := os.Unsetenv(name); err != nil {
			panic(err)
		}
	}
	code := e.M.Run()
	if staticDir != "" {
		os.RemoveAll(staticDir)
	}
	return code
}

func product() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	os.Exit(Main(context.Background(), os.Args, Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Signals: signals}))
}

// TestScript runs testdata/script. UPDATE_GOLDEN=1 updates the expected output in the scripts.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "../../testdata/script",
		UpdateScripts: os.Getenv("UPDATE_GOLDEN") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("GORACE", gorace)
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, ".state"))
			if shared := os.Getenv("WORKSHOP_SHARED"); shared != "" {
				env.Setenv("WORKSHOP_SHARED", shared)
			}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "shared" {
				if os.Getenv("WORKSHOP_SHARED") == "" && os.Getenv("REQUIRE_SHARED") != "" {
					return false, errors.New("WORKSHOP_SHARED is required")
				}
				return os.Getenv("WORKSHOP_SHARED") != "", nil
			}
			return false, errors.New("unknown condition " + cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "replace": replace},
	})
}

// exits runs `exits CODE COMMAND…`: the command must end with exactly that status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("%v", err)
	}
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// replace runs `replace FILE OLD NEW`: OLD must stand in the file.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	if !bytes.Contains(b, []byte(args[1])) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(name, bytes.Replace(b, []byte(args[1]), []byte(args[2]), 1), 0o600))
}
