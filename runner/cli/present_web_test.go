package cli

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPresentInBrowsersAlone presents without a terminal: links are printed, each of them opens its
// view, and ^C ends the talk.
func TestPresentInBrowsersAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte("# The title of it\n\n.exercise[\n```bash\necho hello\n```\n]\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, "present", "--web", "deck.md")
	cmd.Args[0] = "workshop"
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	var mistakes strings.Builder
	cmd.Stderr = &mistakes
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{}
	lines := bufio.NewScanner(out)
	for len(links) < 3 && lines.Scan() {
		if role, link, ok := strings.Cut(lines.Text(), " "); ok && strings.Contains(link, "http://127.0.0.1:") {
			links[role] = strings.TrimSpace(link)
		}
	}
	if len(links) != 3 {
		t.Fatalf("links %v, %s", links, mistakes.String())
	}
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
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // the rest of its output
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted || mistakes.Len() > 0 {
		t.Errorf("%v %s", err, mistakes.String())
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
