package services

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"workshop/runner/page/browsertest"
)

// startMining runs the application on real sockets in this process, and returns the address of its
// page.
func startMining(t *testing.T, workers int) (url string, a *app) {
	t.Helper()
	a = newApp(t, onSocket)
	t.Cleanup(a.stop)
	for _, name := range []string{"redis", "rng", "hasher", "webui"} {
		a.start(name)
		<-a.ready
	}
	for range workers {
		a.start("worker")
	}
	return "http://" + a.hosts["webui:80"].Addr().String(), a
}

// await waits until condition holds after a measurement of the page, and returns the value of
// result. Both are JavaScript expressions.
func await[T any](condition, result string) chromedp.Action[T] {
	return chromedp.Evaluate[T](fmt.Sprintf(`new Promise((resolve) => {
		const check = () => {
			if (!(%s)) return;
			document.removeEventListener("sample", check);
			resolve(%s);
		};
		document.addEventListener("sample", check);
		check();
	})`, condition, result), chromedp.EvalAwaitPromise)
}

// TestGraphShowsThePlateau checks that the graph of ten workers climbs to ten hashes a second and
// stays there.
func TestGraphShowsThePlateau(t *testing.T) {
	ctx := browsertest.Start(t)
	url, _ := startMining(t, 10)
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	const plateau = 12 // seconds
	type graph struct {
		Rates                             []float64 // without gaps
		Text, Spoken, Label, Title, Curve string
		Foreign                           []string
	}
	// If the machine is busy for a moment, as when the browser starts, the test waits for later
	// points.
	stays := fmt.Sprintf(`points.slice(-%d).every((p) => 9 <= p.rate && p.rate <= 10.5)`, plateau)
	got, err := chromedp.Run(ctx, await[graph](fmt.Sprintf(`points.length >= span + %d && %s || points.length >= span + %d`, plateau, stays,
		5*plateau), `({
		Rates: points.map((p) => p.rate).filter((r) => r !== null),
		Text: $("rate").textContent,
		Spoken: $("spoken").textContent,
		Label: $("graph").getAttribute("aria-label"),
		Title: document.title,
		Curve: document.querySelector("path.curve").getAttribute("d"),
		Foreign: performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith(location.origin)),
	})`))
	if err != nil {
		t.Fatal(err)
	}
	screenshots(t, ctx)
	if len(got.Rates) < plateau {
		t.Fatalf("rates: %.1f", got.Rates)
	}
	for _, rate := range got.Rates[len(got.Rates)-plateau:] {
		if rate < 9 || rate > 10.5 {
			skipIfTooBusy(t)
			t.Errorf("no plateau at ten: %.1f", got.Rates)
			break
		}
	}
	want := fmt.Sprintf("%.1f", got.Rates[len(got.Rates)-1])
	if got.Text != want || got.Title != want+"/s · DockerCoins" {
		t.Errorf("the page says %q, title %q; want %s", got.Text, got.Title, want)
	}
	if !strings.Contains(got.Spoken, " hashes per second, ") || !strings.Contains(got.Label, "two minutes: now ") {
		t.Errorf("for screen readers: %q, %q", got.Spoken, got.Label)
	}
	if n := strings.Count(got.Curve, "L") + 1; n != len(got.Rates) {
		t.Errorf("a curve of %d points for %d rates: %s", n, len(got.Rates), got.Curve)
	}
	if len(got.Foreign) > 0 {
		t.Errorf("loaded from elsewhere: %q", got.Foreign)
	}
}

// screenshots writes pictures of the page to the folder SCREENSHOTS, if it is set.
func screenshots(t *testing.T, ctx context.Context) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		browsertest.Scheme(t, ctx, scheme)
		picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, scheme+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// skipIfTooBusy skips the test on a machine that is too busy to keep time.
func skipIfTooBusy(t *testing.T) {
	const n, nap, limit = 100, 10 * time.Millisecond, 5 * time.Millisecond
	begin := time.Now()
	for range n {
		pause(nap)
	}
	if late := time.Since(begin)/n - nap; late > limit {
		t.Skipf("inconclusive: timers of 10 ms are %v late on this machine", late)
	}
}

// TestPageFunctions calls the functions of the page with known results.
func TestPageFunctions(t *testing.T) {
	ctx := browsertest.Start(t)
	url, a := startMining(t, 0)
	tests := []struct{ name, script, want string }{
		{"slope", `slope([0, 1, 2, 3].map((t) => ({ time: t, hashes: 5 * t })))`, `5`},
		{"slope of too little", `slope([{ time: 0, hashes: 0 }, { time: 1, hashes: 1 }])`, `null`},
		{"slope of steps", `+slope([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((t) => ({ time: t, hashes: 4 * Math.floor(t / 1.2) }))).toFixed(1)`, `3.3`},
		{"ticks of nothing", `ticks(0)`, `[0,1,2,3,4,5]`},
		{"ticks of 3.3", `ticks(3.3)`, `[0,1,2,3,4,5]`},
		{"ticks of 9.9", `ticks(9.9)`, `[0,2,4,6,8,10,12]`},
		{"ticks of 32", `ticks(32)`, `[0,10,20,30,40]`},
		{"ticks of 1000", `ticks(1000)`, `[0,200,400,600,800,1000,1200]`},
		{"runs", `runs([{ rate: null }, { rate: 1 }, { rate: 2 }, { rate: null }, { rate: 3 }]).map((r) => r.length)`, `[2,1]`},
		{"reset", `(() => {
			samples = [];
			const before = [0, 1, 2, 3].map((t) => add({ now: t, hashes: 9 * t }));
			return before.concat([4, 5, 6, 7].map((t) => add({ now: t, hashes: 2 * t })));
		})()`, `[null,null,9,9,null,null,2,2]`},
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, await[bool](`points.length >= 1`, `true`)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := chromedp.Run(ctx, chromedp.Evaluate[string]("JSON.stringify("+tt.script+")"))
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("%s: %s, want %s", tt.script, got, tt.want)
			}
		})
	}
	// The services end, and the page reports it.
	a.stop()
	state, err := chromedp.Run(ctx, await[string](`$("state").className === "lost"`, `$("state").textContent`))
	if err != nil || state != "the server does not answer" {
		t.Errorf("state %q, %v", state, err)
	}
}
