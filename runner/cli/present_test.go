package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	expect "github.com/Netflix/go-expect"
	"github.com/creack/pty"

	"workshop/runner/screen"
	"workshop/runner/terminal"
)

// room is a talk on a console, with the screen that an audience sees.
type room struct {
	t       *testing.T
	console *expect.Console
	cmd     *exec.Cmd
	screen  *screen.Screen
	raw     *bytes.Buffer
}

// enterRoom starts `workshop present`; the last argument may be a TERM=….
func enterRoom(t *testing.T, cols, rows int, args ...string) *room {
	t.Helper()
	r := &room{t: t, screen: screen.New(cols, rows, screen.Hooks{}), raw: &bytes.Buffer{}}
	var err error
	if r.console, err = expect.NewConsole(expect.WithDefaultTimeout(20*time.Second), expect.WithStdout(r.screen, r.raw)); err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(r.console.Tty(), &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)}); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "TMUX=") })
	env = append(env, "TERM=xterm-256color")
	if last := len(args) - 1; strings.HasPrefix(args[last], "TERM=") {
		env, args = append(env, args[last]), args[:last]
	}
	r.cmd = exec.CommandContext(ctx, exe, append([]string{"present"}, args...)...)
	r.cmd.Args[0] = "workshop"
	r.cmd.Env = env
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = r.console.Tty(), r.console.Tty(), r.console.Tty()
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = r.cmd.Wait()
		_ = r.console.Close()
	})
	if slices.Contains(args, "--preflight") {
		r.sees("[y/N]")
	} else if slices.Contains(args, "--web") {
		r.sees("Enter begins here")
	} else {
		r.sees(" 0:0") // the clock: it accepts keys
	}
	return r
}

// press sends keys as a terminal does.
func (r *room) press(keys ...string) {
	r.t.Helper()
	for _, k := range keys {
		if key, err := terminal.ParseKey(k); err == nil {
			k = key.String()
		}
		if _, err := r.console.Send(k); err != nil {
			r.t.Fatal(err)
		}
	}
}

// onScreen is a condition on the contents of the screen, for a console.
type onScreen struct{ holds func() bool }

func (o onScreen) Match(any) bool { return o.holds() }
func (o onScreen) Criteria() any  { return "a text on the screen" }

func (r *room) text() string { return strings.Join(r.screen.Lines(), "\n") }

// sees waits until all the texts are on the screen. A text that begins with ! must be absent.
func (r *room) sees(texts ...string) {
	r.t.Helper()
	holds := func() bool {
		s := r.text()
		return !slices.ContainsFunc(texts, func(want string) bool {
			gone, not := strings.CutPrefix(want, "!")
			return not == strings.Contains(s, gone)
		})
	}
	if holds() {
		return
	}
	limit := time.Now().Add(10 * time.Second) // the console's own limit restarts with each byte, such as the clock's
	_, err := r.console.Expect(func(o *expect.ExpectOpts) error {
		o.Matchers = append(o.Matchers, onScreen{func() bool { return holds() || time.Now().After(limit) }})
		return nil
	})
	if err != nil || !holds() {
		r.t.Fatalf("%q: %v\n%s", texts, err, r.text())
	}
}

// ends quits the talk and checks that the terminal is restored.
func (r *room) ends() {
	r.t.Helper()
	r.press("q")
	if out, err := r.console.ExpectString("\x1b[?1049l"); err != nil {
		r.t.Fatalf("%v: %q", err, out)
	}
	done := make(chan error, 1)
	go func() { done <- r.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		r.t.Fatal("it does not end")
	}
	if got := r.cmd.ProcessState.ExitCode(); got != exitPassed {
		r.t.Errorf("exit status %d", got)
	}
}

const talk = `# Opening

Some *words*

---

## Hello

.exercise[
- Do:
  ` + "```bash" + `
  echo hel''lo
  ` + "```" + `
<!-- ` + "```wait hello```" + ` -->
- And:
  ` + "```bash" + `
  read -p 'name? ' name
  ` + "```" + `
<!-- ` + "```keys gopher```" + ` ` + "```key Enter```" + ` -->
]

???

Tell them [a joke](https://example.com/joke).

--

- More, see [this](https://example.com/this) and [that](https://example.com/that)

---

## Wrong

.exercise[
` + "```bash" + `
test -e fixed
` + "```" + `
` + "```bash" + `
echo the e''nd
` + "```" + `
]

---

## Last
`

func writeDeck(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "talk.md")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestPresent goes through a deck with every key, at both sizes.
func TestPresent(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {200, 50}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", t.TempDir())
			r := enterRoom(t, size[0], size[1], "--wait", "5s", "--network", "private", writeDeck(t, talk))
			r.sees("Opening", "Some words", "1/5")
			r.press("Right")
			r.sees("Hello", "2/5", "never checked")
			r.press("Enter")
			r.sees("This deck wants to run", "wait (hidden)", "echo hel''lo")
			r.press("n")
			r.sees("!This deck wants", "!shell of talk", "· echo hel''lo") // nothing has run
			r.press("y")
			r.sees("This deck wants to run", "only show it", "!The counter is")
			r.press("y")
			r.sees("shell of talk", "$ echo hel''lo", "✓ echo hel''lo", "▶· read -p", "2/5")
			r.press("h")
			r.sees("· keys gopher", "[hidden]")
			r.press("^E")
			r.sees("name? gopher", "✓ keys gopher", "✓ key Enter", "✓ read -p", "2/5")
			r.press("Enter")
			r.sees("no step is left on this slide")
			r.press("Down", "Up", "Up")
			r.sees("▶✓ keys gopher")
			r.press("Right")
			r.sees("3/5", "More, see this and that")
			r.press("o")
			r.sees("Open which page?", "1   https://example.com/that")
			r.press("Escape")
			r.sees("!Open which page?")
			r.press("N")
			r.sees("Tell them a joke")
			r.press("N", "t")
			r.sees("  4  Wrong", "  5  Last")
			r.press("Down", "Enter")
			r.sees("4/5", "test -e fixed")
			r.press("b")
			r.sees("!4/5", "!Wrong")
			r.press("b")
			r.sees("4/5")
			r.press("1", "Enter")
			r.sees("1/5", "Opening")
			r.press("Space", "PageDown")
			r.sees("3/5")
			r.press("PageUp", "p")
			r.sees("1/5")
			r.press("g", "talk/wrong", "Enter")
			r.sees("4/5")
			r.press("/", "gopher", "Enter")
			r.sees("2/5")
			r.press("g", "nowhere", "Enter")
			r.sees(`there is no slide "nowhere"`)
			r.press("s", "v")
			r.sees("[typing unverified hidden]")
			r.press("s", "v", "h", "?")
			r.sees("run the selected step", "!unverified")
			r.press("Escape")
			r.sees("!run the selected step")
			r.press("End")
			r.sees("5/5", "Last")
			r.press("Left", "Enter")
			r.sees("✗ test -e fixed", "the command ended", "a  again", "4/5")
			r.press("Tab")
			r.sees("^]: back to the slides")
			r.press("touch fixed", "Enter")
			r.sees("$ touch fixed")
			r.press("C-]", "a")
			r.sees("✓ test -e fixed", "!again", "▶· echo the e''nd")
			r.press("x")
			r.sees("– echo the e''nd", "skipped")
			r.press("Up", "c")
			r.sees("✓ echo the e''nd", "the end")
			r.press("z", "z")
			r.sees("!4/5 \n", "$ touch fixed", "!✓ echo")
			r.press("z")
			r.sees("✓ echo the e''nd")
			r.press("r")
			r.sees("the deck was read again", "✓ echo the e''nd", "4/5")
			r.ends()
		})
	}
}

// TestPresentNavigatesOnly presses every key of a clicker: no step runs. CI is set: a terminal is
// there nevertheless, so the talk is shown.
func TestPresentNavigatesOnly(t *testing.T) {
	t.Setenv("CI", "true")
	r := enterRoom(t, 80, 24, "--yes", "--network", "private", writeDeck(t, talk))
	r.sees("1/5")
	for _, k := range []string{"Right", "PageDown", "Down", "Up", "Left", "PageUp", "Home", "End", "F5", "."} {
		r.press(k)
	}
	r.press(".", "2", "Enter")
	r.sees("2/5", "▶· echo hel''lo", "never checked", "!shell of")
	r.ends()
}

// TestPresentResize changes the size of the terminal during a talk.
func TestPresentResize(t *testing.T) {
	r := enterRoom(t, 80, 24, "--yes", "--network", "private", writeDeck(t, talk))
	r.press("Right", "Enter")
	r.sees("✓ echo hel''lo", "▶· read -p", "shell of talk")
	for _, size := range [][2]int{{200, 50}, {40, 12}, {80, 24}} {
		r.screen.Resize(size[0], size[1])
		if err := pty.Setsize(r.console.Tty(), &pty.Winsize{Rows: uint16(size[1]), Cols: uint16(size[0])}); err != nil {
			t.Fatal(err)
		}
		if err := r.cmd.Process.Signal(syscall.SIGWINCH); err != nil {
			t.Fatal(err)
		}
		r.sees("2/5", "Hello")
		r.press("Tab", "C-l", "stty size", "Enter")
		rows, cols := size[1]-2, size[0]-size[0]*48/100-3
		if size[0] < 120 {
			rows, cols = max(size[1]*2/5-1, 2), size[0]
		}
		r.sees(fmt.Sprintf("%d %d", rows, cols))
		r.press("C-]")
	}
	r.ends()
}

// TestPresentKill kills a talk: the next talk continues at the same place.
func TestPresentKill(t *testing.T) {
	deck := writeDeck(t, talk)
	r := enterRoom(t, 80, 24, "--yes", "--network", "private", deck)
	r.press("Right", "Enter")
	r.sees("✓ echo hel''lo", "▶· read -p")
	r.press("h", "4", "Enter", "Down")
	r.sees("4/5", "▶· echo the e''nd")
	// The place is saved at once, but not before the answer to the key.
	dir := filepath.Join(os.Getenv("XDG_STATE_HOME"), "workshop", "talks")
	remembered := func() bool {
		files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
		return slices.ContainsFunc(files, func(f string) bool {
			b, _ := os.ReadFile(f)
			return bytes.Contains(b, []byte(`"title":"Wrong","step":1`))
		})
	}
	for begun := time.Now(); !remembered(); {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("it is not remembered")
		}
		r.press("N") // any key that changes the state
		r.sees("4/5")
	}
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = r.cmd.Wait()
	r = enterRoom(t, 80, 24, "--yes", "--network", "private", deck)
	r.sees("4/5", "▶· echo the e''nd", "resumed at slide 4 in a new shell: F runs what came before", "[hidden]")
	r.press("F")
	r.sees("✗ test -e fixed", "the command ended")
	r.ends()
}

// TestPresentReload edits the deck during a talk: the place and the shell stay.
func TestPresentReload(t *testing.T) {
	deck := writeDeck(t, talk)
	r := enterRoom(t, 80, 24, "--yes", "--network", "private", deck)
	r.press("Right", "Enter")
	r.sees("✓ echo hel''lo", "▶· read -p")
	edit := func(old, with string) {
		b, err := os.ReadFile(deck)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(deck, bytes.Replace(b, []byte(old), []byte(with), 1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit("# Opening", "# Before\n\n---\n\n# Opening")
	r.sees("3/6", "the deck was read again", "✓ echo hel''lo", "▶· read -p", "$ echo hel''lo")
	edit("## Last", "## Last\n\n.exercise[\n```bsh\n```\n]")
	r.sees("unknown directive", "3/6")
	edit("```bsh", "```bash\necho now")
	r.sees("the deck was read again")
	r.press("End")
	r.sees("▶· echo now")
	r.ends()
}

// TestPresentWarning checks that a warning about an edited deck appears on the talk's screen, not
// over it.
func TestPresentWarning(t *testing.T) {
	deck := writeDeck(t, "# A\n\n---\n\n# B\n")
	r := enterRoom(t, 80, 24, "--compat", "autopilot", deck)
	if err := os.WriteFile(deck, []byte("# Alone\n\n.exercise[\n```bash\ntrue\n```\n<!-- ```nosuch x``` -->\n]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.sees("1/1", "unknown directive")
	if !strings.HasPrefix(strings.TrimSpace(r.text()), "Alone\n  ━━━━━\n") {
		t.Errorf("the screen was scrolled:\n%s", r.text())
	}
	r.ends()
}

// TestPresentRemarks checks that mistakes which were printed before the talk took the terminal are counted there, and that a key
// shows them; and that a key pressed right behind the one that closes a list is not lost.
func TestPresentRemarks(t *testing.T) {
	for _, cols := range []int{80, 200} {
		r := enterRoom(t, cols, 24, "--from-start", writeDeck(t, "# Alone\n\n.exercise[\n```bash\ntrue\n```\n```open "+
			":99999```\n]\n\n---\n\n# Next\n"))
		r.sees("one mistake in a step: m shows it", " m: 1 remark  1/2")
		r.press("m")
		r.sees("Mistakes and remarks", "talk.md:7:", "!Alone")
		r.press("\x1bn") // in one write, as Alt with n comes
		r.sees("Next", "2/2", "!Mistakes and", "!m: 1")
		r.press("t")
		r.sees("1  Alone", "2  Next")
		r.press("\x1b\x1b[D")
		r.sees("Alone", "1/2", "!2  Next")
		r.press("\x1bn") // nothing is open: Alt with n means nothing
		r.press("?")
		r.sees("previous; nothing runs")
		r.press("\x1bt")
		r.sees("1  Alone", "2  Next", "1/2")
		r.press("t")
		r.ends()
	}
}

// TestPresentWarnings lists what lint warns of one by one, though one line before the talk tells of it.
func TestPresentWarnings(t *testing.T) {
	r := enterRoom(t, 200, 24, "--from-start", writeDeck(t, "# Alone\n\n![A "+
		"plan](plan.png)\n\n[There](nowhere.md)\n\n.exercise[\n```bash\ntrue\n```\n]\n"))
	if text := r.raw.String(); !strings.Contains(text, "lint: 0 errors, 2 warnings") || strings.Contains(text, "no such file for this") {
		t.Errorf("before the talk: %q", text)
	}
	r.sees("A plan (plan.png: no such file)", "There (broken link)", " m: 2 remarks ")
	r.press("m")
	r.sees("talk.md:3:11: plan.png: no such file for this image", "talk.md:5:9: nowhere.md: no such file for this link")
	r.press("Escape")
	r.ends()
}

// TestPresentInvitation shows the audience's address again, which has left the terminal when the talk began.
func TestPresentInvitation(t *testing.T) {
	r := enterRoom(t, 80, 24, "--web", writeDeck(t, "# Alone\n"))
	r.press("Enter")
	r.sees("Alone", "1/1", "!http://")
	r.press("i")
	r.sees("The audience's address", "http://127.0.0.1:", "/join/", "It works once, on this machine only", "--room")
	r.press("Escape")
	r.sees("Alone", "!http://")
	r.ends()
}

// TestPresentAt runs the deck up to an exercise.
func TestPresentAt(t *testing.T) {
	r := enterRoom(t, 80, 24, "--yes", "--network", "private", "--at", "talk/wrong", writeDeck(t, talk))
	r.sees("4/5", "▶· test -e fixed", "name? gopher")
	r.press("Left", "Left")
	r.sees("✓ echo hel''lo", "2/5")
	r.ends()
}

// TestPresentPreflight answers the questions of --preflight. The consent is for one content of the
// deck; after an edit the question comes again.
func TestPresentPreflight(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	deck := writeDeck(t, "# A\n\n.exercise[\n```bash\necho o''ne\n```\n]\n")
	args := []string{"--preflight", "--network", "private", deck}
	leave := func(r *room, answer string, want int) {
		t.Helper()
		r.sees("Run it? [y/N]")
		if answer == "" {
			if err := r.cmd.Process.Signal(os.Interrupt); err != nil { // a signal, as the terminal is not in raw mode here
				t.Fatal(err)
			}
		}
		r.press(answer)
		_ = r.cmd.Wait()
		if got := r.cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%q: exit status %d", answer, got)
		}
	}
	leave(enterRoom(t, 80, 24, args...), "", exitInterrupted)
	leave(enterRoom(t, 80, 24, args...), "n\r", exitUsage)
	r := enterRoom(t, 80, 24, args...)
	r.sees("echo o''ne", "Run it? [y/N]")
	r.press("y\r")
	r.sees("no risks", "Enter presents the deck")
	r.press("Enter")
	r.sees("✓ checked just now", "1/1")
	r.press("Enter")
	r.sees("\none", "✓ ")
	if err := os.WriteFile(deck, []byte("# A\n\n.exercise[\n```bash\necho t''wo\n```\n]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.sees("was read again")
	r.press("Enter")
	r.sees("This deck wants to run", "echo t''wo")
	r.press("n")
	r.ends()
}

// TestPresentPreflightMarks gives each visible step of an exercise at risk the mark that a talk gives it.
func TestPresentPreflightMarks(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	deck := writeDeck(t, "# A\n\n.exercise[\n```bash\necho o''ne\n```\n```bash\necho starting\n```\n<!-- ```wait "+
		"nothing``` -->\n```bash\necho t''wo\n```\n]\n")
	r := enterRoom(t, 80, 24, "--preflight", "--wait", "200ms", "--network", "private", deck)
	r.press("y\r")
	r.sees("risks:", "✓ passed     echo o''ne\n", "✗ failed     echo starting\n", "· not run    echo t''wo\n", "Enter presents the deck")
	r.press("Enter")
	r.sees("1/1")
	r.ends()
}

// TestPresentBrowser opens a browser that keeps running: quitting does not wait for it.
func TestPresentBrowser(t *testing.T) {
	bin := t.TempDir()
	// The browser keeps its output open, like one started by xdg-open.
	browser := "#!/bin/sh\necho \"$1\" > " + bin + "/opened\ncat < " + bin + "/closed\n"
	if err := syscall.Mkfifo(filepath.Join(bin, "closed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(browser), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	r := enterRoom(t, 80, 24, writeDeck(t, "# A\n\nSee [this](https://example.com/this).\n"))
	r.press("o")
	r.sees("https://example.com/this")
	closed, err := os.OpenFile(filepath.Join(bin, "closed"), os.O_WRONLY, 0) // waits for its reader
	if err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	r.ends()
	if got, err := os.ReadFile(filepath.Join(bin, "opened")); err != nil || string(got) != "https://example.com/this\n" {
		t.Errorf("%q %v", got, err)
	}
}

// TestPresentAutopilot uses the keys of the old autopilot.
func TestPresentAutopilot(t *testing.T) {
	r := enterRoom(t, 80, 24, "--yes", "--network", "private", "--keys", "autopilot", writeDeck(t, talk))
	r.sees("1/5")
	r.press("Space")
	r.sees("2/5", "!shell of")
	r.press("Space")
	r.sees("✓ echo hel''lo", "▶· read -p")
	r.press("Right")
	r.sees("3/5")
	r.ends()
}

// TestPresentHostile presents a deck that tries to attack the presenter's terminal, and runs a
// program that tries the same.
func TestPresentHostile(t *testing.T) {
	const evil = "\x1b]52;c;ZXZpbA==\x07\x1b]0;evil\x07\x1bP+q544e\x1b\\\x1b[6n\x1b]8;;javascript:x\x07\u202e\u009d52;c;eA==\u009c"
	deck := writeDeck(t, "## Evil "+evil+"\n\ntext "+evil+" [link](javascript:alert(1))\n\n```sh\ncode "+evil+
		"\n```\n\n<script>alert(1)</script>\n\n.exercise[\n```bash\n"+
		"printf '\\033]52;c;ZXZpbA==\\007\\033]0;evil\\007\\033Pevil\\033\\\\\\033[6ndo''ne\\n'\n```\n]\n\n???\n\n"+evil+"\n")
	r := enterRoom(t, 80, 24, "--yes", "--network", "private", deck)
	r.press("N")
	r.sees("Evil", "text", "notes")
	r.press("Enter")
	r.sees("done", "✓")
	r.press("o")
	r.ends()
	const own = "\x1b[2;1H\x1b[6n\x1b]66;s=2; \a\x1b[6n" // the talk's own question, about sizes of text
	raw := strings.ReplaceAll(r.raw.String(), own, "")
	for _, bad := range []string{"\x1b]52", "\x1b]0;evil", "\x1bP+q", "\x1b[6n", "\x1b]8", "\u202e", "\u009d"} {
		if i := strings.Index(raw, bad); i >= 0 {
			t.Errorf("%q reaches the terminal: %q", bad, raw[max(i-40, 0):min(i+60, len(raw))])
		}
	}
}

// TestPresentFlood bounds the memory and the response time to a key while a shell floods its
// output.
func TestPresentFlood(t *testing.T) {
	deck := "## Flood\n\n.exercise[\n```bash\nyes 'a line of a flood that goes on'\n```\n```wait flood```\n]\n\n---\n\n## Next\n\n---\n\n" +
		"## Third\n"
	r := enterRoom(t, 80, 24, "--yes", "--network", "private", writeDeck(t, deck))
	r.press("Enter")
	r.sees("a line of a flood", "● yes", "▶ flood")
	r.press("Enter")
	r.sees("✓ flood")
	for i := range 40 {
		r.press([]string{"Right", "Left"}[i%2])
		r.sees([]string{"2/3", "1/3"}[i%2])
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no proc(5) here")
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(after, &kib); err != nil || kib > 160<<10 {
		t.Errorf("%d KiB at most, %v", kib, err)
	}
	t.Logf("%d KiB at most", kib)
	r.press("^C")
	r.ends()
}

// TestPresentFrame measures the time between a key and the new screen, on a deck of the largest
// size.
func TestPresentFrame(t *testing.T) {
	const slides = 2653
	var deck strings.Builder
	for i := range slides {
		fmt.Fprintf(&deck,
			"## Slide %d\n\n- one *thing*\n\n- another `thing`\n\n```bash\necho code %d | grep x # y\n```\n\n.exercise[\n```bash\necho %d\n```\n"+
				"]\n\n---\n\n", i+1, i, i)
	}
	r := enterRoom(t, 80, 24, "--yes", "--network", "private", writeDeck(t, deck.String()))
	r.sees(fmt.Sprintf("1/%d", slides+1))
	var took []time.Duration
	for i := range 60 {
		begun := time.Now()
		r.press("Right")
		r.sees(fmt.Sprintf("Slide %d", i+2), fmt.Sprintf("%d/%d", i+2, slides+1))
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	t.Logf("a frame after a key: median %v, worst %v", took[len(took)/2], took[len(took)-1]) // 16 ms on an idle machine
	r.ends()
}

// TestPresentPictures shows a picture on terminals that support it: in kitty's protocol, which the
// environment announces, and as sixels, which the terminal announces.
func TestPresentPictures(t *testing.T) {
	deck := writeDeck(t, "## Picture\n\n![the curve](curve.png)\n\n![elsewhere](../../../etc/passwd)\n\n---\n\n## Next\n")
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 100, 60))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(deck), "curve.png"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, env, answer, want, last string }{
		{"text", "TERM=xterm-256color", "", "", "🖼  the curve"},
		{"kitty", "TERM=xterm-kitty", "", "\x1b_G", "\U0010eeee\u0305\u0305"},
		{"sixel", "TERM=xterm-256color", "\x1b[?62;4c", "\x1bP0;1q", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := enterRoom(t, 80, 24, "--from-start", deck, tt.env)
			r.sees("Picture", "elsewhere")
			if tt.answer != "" {
				r.press(tt.answer)
				r.sees("!the curve")
			}
			if !strings.Contains(r.raw.String(), tt.want) {
				if _, err := r.console.ExpectString(tt.want); err != nil {
					t.Fatal(err)
				}
			}
			r.sees(tt.last, "elsewhere")
			if n := strings.Count(r.raw.String(), "\x1b_G") + strings.Count(r.raw.String(), "\x1bP0;1q"); tt.want == "" && n > 0 {
				t.Errorf("%d pictures", n)
			}
			r.press("Right")
			r.sees("Next", "2/2")
			r.ends()
		})
	}
}

// TestPresentSizes gives headings twice their size on a terminal that answers that it knows sizes, and on no other.
func TestPresentSizes(t *testing.T) {
	deck := writeDeck(t, "# Heading\n\nText\n\n---\n\n# Next\n")
	const question, sized = "\x1b]66;s=2; \a", "\x1b]66;s=2;Heading\a"
	for _, known := range []bool{false, true} {
		r := enterRoom(t, 80, 24, "--from-start", deck)
		expects := func(text string) {
			t.Helper()
			if !strings.Contains(r.raw.String(), text) {
				if _, err := r.console.ExpectString(text); err != nil {
					t.Fatal(err)
				}
			}
		}
		expects(question)
		if known {
			r.press("\x1b[2;1R\x1b[2;3R")
			expects(sized)
			r.sees("H e a d i n g", "Text")
		} else {
			r.press("\x1b[2;1R\x1b[2;1R")
		}
		r.press("Right")
		r.sees("2/2", "!Text")
		if known {
			expects("\x1b]66;s=2;Next\a")
		} else if strings.Contains(r.raw.String(), sized) {
			t.Error("it does not know sizes")
		}
		r.ends()
	}
}

// TestPresentSlides visits every slide of the deck that ships, and checks that each fits on a small
// terminal.
func TestPresentSlides(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {200, 50}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			r := enterRoom(t, size[0], size[1], "--from-start", "../../slides")
			const slides = 50
			for n := 1; n < slides; n++ {
				r.sees(fmt.Sprintf("%d/%d", n, slides))
				if regexp.MustCompile(`▼ \d+ more`).MatchString(r.text()) {
					t.Errorf("slide %d does not fit:\n%s", n, r.text())
				}
				r.press("Right")
			}
			r.sees(fmt.Sprintf("%d/%d", slides, slides))
			r.ends()
		})
	}
}

// TestScreens writes what terminals of the usual sizes show of a talk to the folder SCREENSHOTS, for looking at: make screens.
func TestScreens(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Skip("SCREENSHOTS says where to")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	deck := writeDeck(t, "class: title\n\n# Making it faster, measured\n\nA workshop about queues\n\n---\n\n## How fast is it?\n\n"+
		".exercise[\n\n- See what is listening:\n  ```bash\n  printf 'NAME  STATE\\nrng   up\\n'\n  ```\n\n- Ask for more than there is:\n"+
		"  ```bash\n  ls /srv/more\n  ```\n\n]\n\n- It settles at about **3 units per second**\n\n.footnote[The counter is `work`.]\n\n???\n\n"+
		"Ask for a guess.\n\n---\n\n## What we saw\n\n| service | work | limit |\n|---|---|---:|\n| rng | one number | 10/s |\n\n"+
		"```python\ndef work(n):  # one unit\n    return n\n```\n\n.warning[More workers help only until then.]\n")
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 50}} {
		r := enterRoom(t, size[0], size[1], "--from-start", "--network", "private", deck)
		write := func(name string) {
			t.Helper()
			name = fmt.Sprintf("terminal-%s-%dx%d.txt", name, size[0], size[1])
			if err := os.WriteFile(filepath.Join(dir, name), []byte(r.text()+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r.sees("A workshop about queues", "1/3", "0:00")
		write("title")
		r.press("Right")
		r.sees("How fast is it?", "The counter is", "2/3", "!about queues")
		write("before")
		if size[0] == 80 { // the answer is remembered
			r.press("Enter")
			r.sees("This deck wants to run")
			write("consent")
			r.press("y")
		} else {
			r.press("Enter")
		}
		r.sees("✓ ", "rng   up\n", "⏎ ls")
		r.press("Enter")
		r.sees("expected", "fresh prompt", "!● ls")
		write("failure")
		r.press("x", "Right")
		r.sees("What we saw", "More workers", "3/3", "!fresh prompt", "!The counter is")
		write("table")
		r.press("?")
		r.sees("previous; nothing runs", "!More workers")
		write("help")
		r.press("?", "t")
		r.sees("1  Making it faster")
		write("overview")
		r.press("t")
		r.ends()
	}
}
