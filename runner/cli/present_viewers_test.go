package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestPresentViewers turns slides before 200 viewers and prints how long a slide takes to reach them, and
// the memory of the program. Each viewer is a stream of its own. The goals are 50 ms for 95 of 100 and
// 100 MB, on two cores that do nothing else; nothing is asserted on time.
func TestPresentViewers(t *testing.T) {
	const viewers, turns = 200, 40
	dir := t.TempDir()
	var deck strings.Builder
	for i := range turns + 1 {
		fmt.Fprintf(&deck, "## Slide %d\n\nSome words, and `code`:\n\n```bash\nkubectl get pods --all-namespaces # %d\n```\n\n---\n\n", i+1, i)
	}
	if err := os.WriteFile(filepath.Join(dir, "deck.md"), []byte(deck.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	talk := serve(ctx, t, dir, "--room=127.0.0.1")
	host := "http://" + strings.Split(talk.links["audience"], "/")[2]
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, url, body string, cookie *http.Cookie) *http.Response {
		r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", host)
		r.Header.Set("Content-Type", "application/json")
		if cookie != nil {
			r.AddCookie(cookie)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	join := func(link string) (place string, cookie *http.Cookie) {
		resp := ask(http.MethodPost, link, "", nil)
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s", link, resp.Status)
		}
		return host + resp.Header.Get("Location"), resp.Cookies()[0]
	}
	presenter, pen := join(talk.links["presenter"])

	type arrival struct {
		slide int
		at    time.Time
	}
	arrivals := make(chan arrival, viewers)
	var reading sync.WaitGroup
	began := time.Now()
	for range viewers {
		place, cookie := join(talk.links["audience"])
		resp := ask(http.MethodGet, place+"events?view=audience", "", cookie)
		reading.Go(func() {
			defer resp.Body.Close()
			lines := bufio.NewScanner(resp.Body)
			lines.Buffer(nil, 1<<20)
			for lines.Scan() {
				at := time.Now()
				var event struct {
					Slide *struct{ Index int }
				}
				data, ok := strings.CutPrefix(lines.Text(), "data: ")
				if ok && json.Unmarshal([]byte(data), &event) == nil && event.Slide != nil {
					arrivals <- arrival{event.Slide.Index, at}
				}
			}
		})
	}
	everybody := func(slide int) (at []time.Time) {
		t.Helper()
		for len(at) < viewers {
			select {
			case a := <-arrivals:
				if a.slide == slide {
					at = append(at, a.at)
				}
			case <-ctx.Done():
				t.Fatalf("slide %d has reached %d of %d viewers", slide+1, len(at), viewers)
			}
		}
		return at
	}
	everybody(0)
	t.Logf("%d viewers joined within %v", viewers, time.Since(began).Round(time.Millisecond))
	var all []time.Duration
	for i := range turns {
		turned := time.Now()
		ask(http.MethodPost, presenter+"do", `{"do":"next"}`, pen).Body.Close()
		for _, at := range everybody(i + 1) {
			all = append(all, at.Sub(turned))
		}
	}
	slices.Sort(all)
	t.Logf("slide to viewer: p50 %v, p95 %v, max %v of %d", all[len(all)/2], all[len(all)*95/100], all[len(all)-1], len(all))
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", talk.cmd.Process.Pid)); err == nil {
		t.Logf("memory of the program: %s", regexp.MustCompile(`VmHWM.*|VmRSS.*`).FindAllString(string(status), -1))
	}
	talk.end(syscall.SIGTERM)
	reading.Wait()
}
