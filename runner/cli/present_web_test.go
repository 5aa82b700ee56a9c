package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"workshop/runner/page/browsertest"
)

// TestPresentInBrowsersAlone presents without a terminal: links are printed, each of them opens its
// view, and ^C ends the talk.
func TestPresentInBrowsersAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte("# The title of it\n\n.exercise[\n```bash\necho hello\n```\n]\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	served := serve(ctx, t, dir)
	links := served.links
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, role := range []string{"presenter", "remote", "audience"} {
		link := links[role]
		host := strings.Split(link, "/")[2]
		do := func(method, url string, cookie *http.Cookie) (*http.Response, string) {
			r, err := http.NewRequestWithContext(ctx, method, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if method == http.MethodPost {
				r.Header.Set("Origin", "http://"+host)
			}
			if cookie != nil {
				r.AddCookie(cookie)
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp, string(body)
		}
		in, _ := do(http.MethodPost, link, nil)
		if in.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s", role, in.Status)
		}
		resp, body := do(http.MethodGet, "http://"+host+in.Header.Get("Location"), in.Cookies()[0])
		if resp.StatusCode != http.StatusOK || !strings.Contains(body, `data-view="`+role+`"`) ||
			!strings.Contains(body, "<title>The title of it</title>") {
			t.Errorf("%s: %s\n%s", role, resp.Status, body)
		}
		if again, _ := do(http.MethodPost, link, nil); again.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: the link works twice: %s", role, again.Status)
		}
	}
	served.end(syscall.SIGINT)
	if code := served.cmd.ProcessState.ExitCode(); code != exitInterrupted || served.mistakes.Len() > 0 {
		t.Errorf("%d %s", code, served.mistakes.String())
	}
}

// served is a talk in browsers alone, in a process of its own.
type served struct {
	t        *testing.T
	cmd      *exec.Cmd
	links    map[string]string // by role
	lines    *bufio.Scanner
	mistakes strings.Builder
}

// serve starts a talk of deck.md in a folder, and waits for its links.
func serve(ctx context.Context, t *testing.T, dir string, args ...string) *served {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, links: map[string]string{}}
	s.cmd = exec.CommandContext(ctx, exe, append([]string{"present", "--web-only", "deck.md"}, args...)...)
	s.cmd.Args[0] = "workshop"
	s.cmd.Dir = dir
	s.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	s.cmd.Stderr = &s.mistakes
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.lines = bufio.NewScanner(out)
	for len(s.links) < 3 && s.lines.Scan() {
		if role, link, ok := strings.Cut(s.lines.Text(), " "); ok && strings.Contains(link, "http://127.0.0.1:") {
			s.links[role] = strings.TrimSpace(link)
		}
	}
	if len(s.links) != 3 {
		t.Fatalf("links %v, %s", s.links, s.mistakes.String())
	}
	return s
}

// end sends a signal, and waits for the end.
func (s *served) end(with syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(with); err != nil {
		s.t.Fatal(err)
	}
	for s.lines.Scan() { // the rest of its output
	}
	_ = s.cmd.Wait() // its state tells
}

// TestPresentRestart kills the presenter's process with three seats open, and starts it again: they go
// on by themselves. When it is told to end, they say so.
func TestPresentRestart(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte("# One\n\n---\n\n# Two\n\n---\n\n# Three\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	first := serve(ctx, t, dir, "--room=127.0.0.1")
	if link := first.links["audience"]; len(link[strings.LastIndex(link, "/")+1:]) != 6 {
		t.Errorf("%s has no short code", link)
	}
	browser := browsertest.Start(t)
	tabs := map[string]context.Context{}
	for role, link := range first.links {
		tab, stop := chromedp.NewContext(browser)
		t.Cleanup(stop)
		err := chromedp.Do(tab, chromedp.Navigate(link), chromedp.Click(chromedp.CSS("button")), chromedp.WaitReady(chromedp.CSS("[data-live]")))
		if err != nil {
			t.Fatal(err)
		}
		tabs[role] = tab
	}
	shows := func(n int) {
		t.Helper()
		for _, tab := range tabs {
			browsertest.Until(t, tab, fmt.Sprintf(`"live" in document.body.dataset && document.getElementById("count").textContent === "%d / 3"`, n))
		}
	}
	next := func() {
		t.Helper()
		if err := chromedp.Do(tabs["remote"], chromedp.Click(chromedp.CSS("#next"))); err != nil {
			t.Fatal(err)
		}
	}
	next()
	shows(2)
	first.end(syscall.SIGKILL)
	for _, tab := range tabs {
		browsertest.Until(t, tab, `document.getElementById("link").textContent === "Connecting again …"`)
	}
	second := serve(ctx, t, dir, "--room=127.0.0.1")
	shows(2)
	if second.links["audience"] != first.links["audience"] {
		t.Errorf("%s was %s", second.links["audience"], first.links["audience"])
	}
	next()
	shows(3)
	browsertest.Until(t, tabs["presenter"], "document.body.dataset.pen === \"\"")
	second.end(syscall.SIGTERM)
	for _, tab := range tabs {
		browsertest.Until(t, tab, `document.getElementById("link").textContent === "The talk has ended."`)
	}
	third := serve(ctx, t, dir, "--room=127.0.0.1", "--new-seats")
	if third.links["audience"] == first.links["audience"] {
		t.Error("the code of the last talk is still valid")
	}
	if err := chromedp.Do(tabs["audience"], chromedp.Navigate(strings.Replace(first.links["audience"], "/join", "", 1))); err != nil {
		t.Fatal(err)
	}
	browsertest.Until(t, tabs["audience"], `document.body.innerText.includes("needs an invitation")`)
	third.end(syscall.SIGTERM)
	for _, s := range []*served{first, second, third} {
		if s.mistakes.Len() > 0 {
			t.Error(s.mistakes.String())
		}
	}
}

// TestPresentRoom asks for the address of the room, and shows its code.
func TestPresentRoom(t *testing.T) {
	deck := filepath.Join(t.TempDir(), "deck.md")
	if err := os.WriteFile(deck, []byte("# The title of it\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	console, cmd := onConsole(t, "present", "--web-only", "--room", deck)
	see(t, console, "At which address", "127.0.0.1  this machine only", "] ")
	if _, err := console.Send("127.0.0.1\n"); err != nil {
		t.Fatal(err)
	}
	see(t, console, "presenter  http://127.0.0.1:", "audience   http://127.0.0.1:", "█████",
		"Only this machine can reach this address", "Enter prints new links")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted {
		t.Error(err)
	}
	console, cmd = onConsole(t, "present", "--web-only", "--room", deck)
	see(t, console, "At which address", "] ")
	if _, err := console.Send("192.0.2.7\n"); err != nil {
		t.Fatal(err)
	}
	see(t, console, `--room: "192.0.2.7" is none of them`)
	if err := cmd.Wait(); err == nil {
		t.Error("an address of another machine is accepted")
	}
}

// TestPresentInBrowsersFromATerminal presents on a terminal: the links come first, then both faces.
// With --web-only, Enter prints new links.
func TestPresentInBrowsersFromATerminal(t *testing.T) {
	deck := filepath.Join(t.TempDir(), "deck.md")
	if err := os.WriteFile(deck, []byte("# The title of it\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	console, cmd := onConsole(t, "present", "--web-only", deck)
	see(t, console, "presenter  http://127.0.0.1:", "audience", "Enter prints new links")
	if _, err := console.Send("\n"); err != nil {
		t.Fatal(err)
	}
	see(t, console, "presenter  http://127.0.0.1:")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted {
		t.Error(err)
	}
	console, cmd = onConsole(t, "present", "--web", deck)
	see(t, console, "presenter  http://127.0.0.1:", "Enter begins here, too.")
	if _, err := console.Send("\n"); err != nil {
		t.Fatal(err)
	}
	see(t, console, "The title of it")
	if _, err := console.Send("q"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestOneTruth runs a step and its hidden wait: the terminal, the three pages, the list of what was missed, a check
// and the ledger say the same, while it runs, and when the wait has passed or failed.
func TestOneTruth(t *testing.T) {
	for said, want := range map[string]string{"READY": "passed", "starting": "failed"} {
		t.Run(want, func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", t.TempDir())
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			gate := filepath.Join(t.TempDir(), "gate")
			if err := os.WriteFile(gate, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			deck := writeDeck(t, "# A\n\n.exercise[\n```bash\necho begun; cat "+gate+"; echo "+said+"\n```\n<!-- ```wait READY``` -->\n]\n")
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			check := exec.CommandContext(t.Context(), exe, "check", "--wait", "2s", "--network", "private", "--report", "jsonl=-", deck)
			check.Args[0] = "workshop"
			report, err := check.Output()
			if !strings.Contains(string(report), `"kind":"run-finished","verdict":"`+want+`"`) {
				t.Errorf("the report of check: %s, %v", report, err)
			}
			if err := errors.Join(os.Remove(gate), syscall.Mkfifo(gate, 0o600)); err != nil {
				t.Fatal(err)
			}

			r := enterRoom(t, 100, 30, "--web", "--yes", "--wait", "2s", "--network", "private", deck)
			links := map[string]string{}
			for line := range strings.Lines(r.raw.String()) {
				if role, link, ok := strings.Cut(line, " "); ok && strings.Contains(link, "http://127.0.0.1:") {
					links[role] = strings.TrimSpace(link)
				}
			}
			r.press("Enter")
			r.sees(" 0:0", map[string]string{"passed": "✓ checked", "failed": "✗ failed"}[want]) // from the ledger
			seats := map[string]*seat{}
			for _, role := range []string{"presenter", "remote", "audience"} {
				seats[role] = sit(t, links[role])
			}
			all := func(state string) {
				t.Helper()
				for role, s := range seats {
					if got := s.state("events"); got != state {
						t.Errorf("%s shows %q, want %q", role, got, state)
					}
				}
				if got := seats["audience"].state("log"); got != state {
					t.Errorf("the list of what was missed shows %q, want %q", got, state)
				}
			}
			r.press("Enter")
			r.sees("● ", "\nbegun")
			for role, s := range seats {
				if got := s.state("events"); got != "running" {
					t.Errorf("%s shows %q while it runs", role, got)
				}
			}
			if err := os.WriteFile(gate, nil, 0o600); err != nil { // waits for its reader
				t.Fatal(err)
			}
			r.sees(map[string]string{"passed": "✓ ", "failed": "later"}[want], "!● ")
			all(want)
			if want == "failed" {
				r.sees("✗ failed")
				r.press("x")
				r.sees("✗ failed, skipped")
				all(want)
			}
			r.ends()
		})
	}
}

// seat is a page of a talk.
type seat struct {
	t      *testing.T
	base   string
	cookie *http.Cookie
}

// sit accepts an invitation.
func sit(t *testing.T, link string) *seat {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "http://"+r.URL.Host)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if len(resp.Cookies()) == 0 {
		t.Fatalf("%s: %s", link, resp.Status)
	}
	return &seat{t, "http://" + r.URL.Host + resp.Header.Get("Location"), resp.Cookies()[0]}
}

// state is the state of the first step that a page shows, or the list of commands.
func (s *seat) state(page string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+page, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.AddCookie(s.cookie)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	type marked struct {
		State string `json:"state"`
	}
	var v struct {
		Entries []marked `json:"entries"`
		Steps   struct {
			Steps []marked `json:"steps"`
		} `json:"steps"`
	}
	in := bufio.NewReader(resp.Body)
	line, err := in.ReadString('\n')
	if line == "" {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &v); err != nil {
		s.t.Fatalf("%v: %s", err, line)
	}
	if all := append(v.Entries, v.Steps.Steps...); len(all) > 0 {
		return all[0].State
	}
	return ""
}
