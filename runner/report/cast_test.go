package report_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/screen"
)

// cast is a recording, read back strictly.
type cast struct {
	cols, rows int
	title      string
	markers    []string
	frames     [][]string // the screen at each marker
	seconds    float64
	output     string
}

func readCast(t testing.TB, file string) cast {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<22)
	var c cast
	var s *screen.Screen
	for n := 0; lines.Scan(); n++ {
		if n == 0 {
			var h struct {
				Version int
				Term    struct{ Cols, Rows int }
				Title   string
			}
			if err := json.Unmarshal(lines.Bytes(), &h); err != nil || h.Version != 3 || h.Term.Cols < 1 || h.Term.Rows < 1 {
				t.Fatalf("%s: the header %s: %v", file, lines.Text(), err)
			}
			c.cols, c.rows, c.title = h.Term.Cols, h.Term.Rows, h.Title
			s = screen.New(c.cols, c.rows, screen.Hooks{OSC: func(b []byte) { t.Errorf("%s holds a command of the system: %q", file, b) }})
			continue
		}
		var interval float64
		var code, data string
		if err := json.Unmarshal(lines.Bytes(), &[]any{&interval, &code, &data}); err != nil || interval < 0 {
			t.Fatalf("%s: the event %s: %v", file, lines.Text(), err)
		}
		c.seconds += interval
		switch code {
		case "o":
			s.Write([]byte(data))
			c.output += data
		case "m":
			c.markers, c.frames = append(c.markers, data), append(c.frames, s.Text())
		case "r":
		default:
			t.Errorf("%s: an event %q", file, code)
		}
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return c
}

// TestCastMarkers runs 50 exercises, and compares the frame of each marker with the screen that the
// bytes of the terminal had drawn at the end of the step.
func TestCastMarkers(t *testing.T) {
	var text strings.Builder
	commands := []string{
		`echo "exercise NN"`, `seq NN 200`, `printf '\033[1;31mred NN\033[m \033[44mblue\033[K\n'`,
		`clear; echo NN`, `printf 'a\rb\n\033[5;10Hhere NN\n'`, `printf '%s\n' 日本 é NN "$(seq -s ' ' 60)"`,
		`printf '\033]0;title\007\033]52;c;aGk=\007\033[6nNN\n'; sleep 0.05; echo`, `stty size; tput smcup; echo NN; tput rmcup`,
	}
	for n := range 50 {
		command := strings.ReplaceAll(commands[n%len(commands)], "NN", fmt.Sprint(n))
		fmt.Fprintf(&text, "## Exercise %d\n\n.exercise[\n```bash\n%s\n```\n```wait %d```\n]\n\n---\n\n", n, command, n)
	}
	d, err := markdown.Parse("fifty.md", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := &report.Files{}
	files.Record(dir, false)
	var s *screen.Screen
	want, at := map[string][][]string{}, ""
	result, err := runner.Run(t.Context(), compile(t, d), runner.Options{Path: os.Getenv("PATH"), Event: func(e runner.Event) {
		switch e.Kind {
		case runner.SessionStarted:
			s = screen.New(e.Cols, e.Rows, screen.Hooks{})
		case runner.ExerciseStarted:
			at = e.Exercise.ID
		case runner.EventOutput:
			s.Write(e.Data)
		case runner.StepFinished:
			want[at] = append(want[at], s.Text())
		}
		if err := files.Event(e); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Finish(result); err != nil {
		t.Fatal(err)
	}
	if len(want) != 50 {
		t.Errorf("%d exercises ran: %s", len(want), result.Verdict)
	}
	for id, frames := range want {
		got := readCast(t, filepath.Join(dir, filepath.FromSlash(id)+".cast"))
		if diff := cmp.Diff(frames, got.frames); diff != "" {
			t.Errorf("%s (-engine +recording):\n%s", id, diff)
		}
		if got.title != id || len(got.markers) != 2 || !strings.HasPrefix(got.markers[0], "ok: bash ") {
			t.Errorf("%s: title %q, markers %q", id, got.title, got.markers)
		}
	}
}

// recorded writes the recordings of a run, and returns their names.
func recorded(t *testing.T, r *recording, failures bool) (dir string, files []string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "casts")
	all := &report.Files{}
	all.Record(dir, failures)
	r.play(t, all)
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(dir, path)
			files = append(files, name)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	slices.Sort(files)
	return dir, files
}

func TestCastNames(t *testing.T) {
	_, all := recorded(t, mixed(t), false)
	want := []string{
		"größe/日本語.cast", "last/interrupted.cast", "scaling/starting-in-the-background--set-up-of-last.cast",
		"scaling/starting-in-the-background.cast", "scaling/using-everything.cast", "scaling/viewing-logs.cast",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	if _, failures := recorded(t, mixed(t), true); !slices.Equal(failures, []string{
		"größe/日本語.cast", "last/interrupted.cast", "scaling/using-everything.cast", "scaling/viewing-logs.cast",
	}) {
		t.Errorf("of what did not pass: %q", failures)
	}
	if dir, failures := recorded(t, passed(t), true); len(failures) > 0 {
		t.Errorf("%q", failures)
	} else if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("an empty folder is left: %v", err)
	}
	for _, id := range []string{"../../x", "/etc/passwd", "..", ".hidden/..", "a\x00b/c\x1b", strings.Repeat("é", 300)} {
		dir, files := recorded(t, hostileIn(t, id), false)
		if len(files) != 1 || strings.Contains(files[0], "..") || strings.ContainsAny(files[0], "\x00\x1b") {
			t.Errorf("%q is recorded in %s as %q", id, dir, files)
		}
		if above := names(t, filepath.Dir(dir)); len(above) != 1 {
			t.Errorf("%q wrote outside: %q", id, above)
		}
	}
}

// TestCastsForgotten leaves recordings of an earlier run, and files that are none of the deck's, in a folder
// whose name is a pattern of file names, too.
func TestCastsForgotten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "casts [1-2]*")
	old := map[string]bool{ // whether the file stays
		"scaling/viewing-logs.cast":                        false,
		"scaling/viewing-logs--attempt-2.cast":             false,
		"scaling/viewing-logs--attempt-2-2.cast":           false,
		"größe/日本語--attempt-3.cast":                        false,
		"scaling/viewing-logs--attempt-2.txt":              true,
		"scaling/viewing-logs-of-another-deck.cast":        true,
		"scaling/viewing--attempt-2.cast":                  true,
		"other/viewing-logs.cast":                          true,
		"scaling/deeper/viewing-logs--attempt-2.cast":      true,
		"last/of-another--attempt-2--of-interrupted.cast":  true,
		"last/interrupted--attempt-2--attempt-3.cast":      false,
		"scaling/starting-in-the-background--set-up-.cast": true,
	}
	for name := range old {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	all := &report.Files{}
	all.Record(dir, false)
	if err := all.Event(mixed(t).events[0]); err != nil { // nothing is recorded yet
		t.Fatal(err)
	}
	for name, stays := range old {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != stays {
			t.Errorf("%s: %v; it should stay: %t", name, err, stays)
		}
	}
}

// TestCastPlayed plays recordings with asciinema. That of Debian reads version 2, in which the times
// count from the beginning. REQUIRE_ASCIINEMA=1 makes its absence a failure.
func TestCastPlayed(t *testing.T) {
	asciinema, err := exec.LookPath("asciinema")
	if err != nil {
		if os.Getenv("REQUIRE_ASCIINEMA") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir, files := recorded(t, mixed(t), false)
	for _, name := range files {
		file := filepath.Join(dir, name)
		old := filepath.Join(t.TempDir(), "v2.cast")
		if err := report.ExportCast2(file, old); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), asciinema, "play", "--idle-time-limit", "0.001", old)
		keyboard, tty, err := pty.Open() // it wants a terminal for its keys
		if err != nil {
			t.Fatal(err)
		}
		defer keyboard.Close()
		defer tty.Close()
		cmd.Stdin, cmd.SysProcAttr = tty, &syscall.SysProcAttr{Setsid: true, Setctty: true}
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+t.TempDir())
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, &stderr)
		}
		if want := readCast(t, file).output; string(out) != want {
			t.Errorf("%s: played %q, want %q", name, out, want)
		}
	}
}

// TestCastWhileItRuns reads a recording during its exercise: it holds whole lines, those before the end
// of a step, and what is older than a second.
func TestCastWhileItRuns(t *testing.T) {
	r := passed(t)
	dir := t.TempDir()
	files := &report.Files{}
	files.Record(dir, false)
	name := ""
	holds := func(when, text string) {
		t.Helper()
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(b), "]\n") || !strings.Contains(string(b), text) {
			t.Errorf("%s the recording holds no %q, or ends within a line: %q", when, text, b)
		}
	}
	for _, e := range r.events {
		if err := files.Event(e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Kind == runner.StepStarted && name == "":
			name = filepath.Join(dir, e.Exercise.ID+".cast")
			for i, text := range []string{"first", "second"} {
				at := e.Time.Add(time.Duration(i) * 1500 * time.Millisecond)
				out := runner.Event{Kind: runner.EventOutput, Time: at, Session: e.Session, Exercise: e.Exercise, Step: e.Step, Data: []byte(text)}
				if err := files.Event(out); err != nil {
					t.Fatal(err)
				}
			}
			holds("behind more than a second", "second")
		case e.Kind == runner.StepFinished:
			if name != "" {
				holds("behind a step", `"m","ok`)
			}
			if err := files.Finish(nil); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Error("no step ended")
}
