package report_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/page/browsertest"
	"workshop/runner/report"
	"workshop/runner/screen"
)

// reportTab is a report in a browser.
type reportTab struct {
	t   *testing.T
	ctx context.Context
}

// value is the value of an expression.
func value[T any](b *reportTab, expression string) T {
	b.t.Helper()
	return browsertest.Value[T](b.t, b.ctx, expression)
}

// until waits until an expression holds.
func (b *reportTab) until(condition string) {
	b.t.Helper()
	browsertest.Until(b.t, b.ctx, condition)
}

func (b *reportTab) press(key string) {
	b.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		_, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
			return cdp.Call(ctx, target, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: key})
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// watched opens a page, and records its requests and complaints.
func watched(t *testing.T, browser context.Context, url string) (*reportTab, func() []string) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	var mu sync.Mutex
	var seen []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf(format, args...))
	}
	err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *network.EventRequestWillBeSent:
			if e.Request.URL != url && !strings.HasPrefix(e.Request.URL, url+"#") {
				note("request: %s", e.Request.URL)
			}
		case *runtime.EventConsoleAPICalled:
			note("console: %s", e.Type)
		case *runtime.EventExceptionThrown:
			note("exception: %s", e.ExceptionDetails.Text)
		case *cdplog.EventEntryAdded:
			note("log: %s", e.Entry.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
		if _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); err != nil {
			return cdp.Empty{}, err
		}
		return cdp.Call(ctx, target, cdplog.Enable, cdp.Empty{})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	return &reportTab{t, ctx}, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), seen...)
	}
}

// queues is the deck testdata/queues.md.
func queues(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "queues.md"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// realReport runs a deck, and returns its page, and the screen at the end of each step by exercise.
func realReport(t *testing.T, text []byte) (file string, frames map[string][]string) {
	t.Helper()
	d, err := markdown.Parse("queues.md", text)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "report.html")
	files := &report.Files{}
	if err := files.Add("html="+file, nil); err != nil {
		t.Fatal(err)
	}
	var s *screen.Screen
	frames = map[string][]string{}
	result, err := runner.Run(t.Context(), compile(t, d), runner.Options{
		Path: os.Getenv("PATH"), Limits: runner.Limits{Wait: 300 * time.Millisecond},
		Event: func(e runner.Event) {
			switch e.Kind {
			case runner.SessionStarted:
				s = screen.New(e.Cols, e.Rows, screen.Hooks{})
			case runner.EventOutput:
				s.Write(e.Data)
			case runner.StepFinished:
				frames[e.Exercise.ID] = append(frames[e.Exercise.ID], strings.Join(s.Text(), "\n"))
			}
			if err := files.Event(e); err != nil {
				t.Error(err)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Finish(result); err != nil {
		t.Fatal(err)
	}
	return file, frames
}

// shownRows is the text of the terminal of an exercise.
const shownRows = `[...document.getElementById(%q).querySelectorAll(".rows > div")]` +
	`.map((d) => d.textContent.trimEnd()).join("\n").trimEnd()`

// TestReportInBrowser reads the report as a person does.
func TestReportInBrowser(t *testing.T) {
	browser := browsertest.Start(t)
	file, frames := realReport(t, queues(t))
	b, seen := watched(t, browser, "file://"+file)
	pictures(b, "report")

	// What did not pass is first and open.
	if first := value[[]string](b, `[...document.querySelectorAll(".exercise[open]")].map((e) => e.id)`); !cmp.Equal(first,
		[]string{"queues/a-wrong-text", "queues/a-missing-tool"}) {
		t.Errorf("open are %q", first)
	}

	// Each marker shows the screen of its step.
	for id, wants := range frames {
		value[int](b, fmt.Sprintf(`(document.getElementById(%q).open = true, 1)`, id))
		b.until(fmt.Sprintf(`document.getElementById(%q).querySelector(".controls")`, id))
		for i, want := range wants {
			show := fmt.Sprintf(`document.getElementById(%q).querySelectorAll(".steps .show")[%d].click()`, id, i)
			got := value[string](b, "("+show+", "+fmt.Sprintf(shownRows, id)+")")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, step %d (-engine +page):\n%s", id, i+1, diff)
			}
		}
	}

	// It plays, from the beginning to the end.
	const player = `document.getElementById("queues/counting").querySelector(".player")`
	value[int](b, `(`+player+`.querySelector(".terminal").focus(), 1)`)
	b.press("Home")
	if text := value[string](b, fmt.Sprintf(shownRows, "queues/counting")); strings.Contains(text, "all done") {
		t.Errorf("the beginning is\n%s", text)
	}
	b.press(">")
	b.press(">")
	b.press(" ")
	b.until(player + `.querySelector('[aria-label="Play"]') && ` + player + `.querySelector(".time").textContent.match(/^(\S+) \/ \1$/)`)
	if text := value[string](b, fmt.Sprintf(shownRows, "queues/counting")); text != frames["queues/counting"][1] {
		t.Errorf("the end is\n%s\nwant\n%s", text, frames["queues/counting"][1])
	}
	b.press("[")
	if text := value[string](b, fmt.Sprintf(shownRows, "queues/counting")); text != frames["queues/counting"][0] {
		t.Errorf("the marker before is\n%s\nwant\n%s", text, frames["queues/counting"][0])
	}

	// Filters, and a link to an exercise.
	shown := `[...document.querySelectorAll(".exercise:not([hidden])")].map((e) => e.id).join(" ")`
	if got := value[string](b, `(document.querySelector('[data-filter="passed"]').click(), `+shown+`)`); got != "queues/counting" {
		t.Errorf("passed are %s", got)
	}
	value[int](b, `(location.hash = "#queues/a-missing-tool", 1)`)
	b.until(`document.activeElement.closest(".exercise")?.id === "queues/a-missing-tool"`)
	search := `const f = document.querySelector("[name=text]"); f.value = "no-such"; f.dispatchEvent(new Event("input", { bubbles: true }))`
	if got := value[string](b, `(() => { `+search+`; return `+shown+`; })()`); got != "queues/a-missing-tool" {
		t.Errorf("with the text are %s", got)
	}
	value[int](b, `(document.activeElement.blur(), 1)`)
	b.press("/")
	if got := value[string](b, `document.activeElement.name`); got != "text" {
		t.Errorf("/ leads to %q", got)
	}
	if all := seen(); len(all) > 0 {
		t.Errorf("the page is not quiet: %q", all)
	}
}

// TestFrames compares the frame at each marker of 50 exercises with the screen that the engine had
// at the end of the step.
func TestFrames(t *testing.T) {
	draws := []string{
		`seq 30`, `printf '\e[31mred \e[7mreverse\e[m plain\n'`, `printf '%0120d\n' 7`, `clear; echo cleared`,
		`printf 'a\rb\n\e[5;10Hthere\e[20;1H\n'`, `printf '日本語 é \xf0\x9f\x90\xb3\n'`, `for i in {1..50}; do printf "\r$i %%"; done; echo`,
		`printf '\e[?1049hfull\e[2;2Hscreen\e[?1049l'; echo back`, `printf 'tab\tstop\e[3D\e[2Kerased\n'`, `yes flood | head -2000`,
	}
	var text strings.Builder
	for i := range 50 {
		fmt.Fprintf(&text, "## Frame %d\n\n.exercise[\n```bash\n%s\n```\n```bash\necho %d\n```\n]\n\n---\n\n", i, draws[i%len(draws)], i)
	}
	browser := browsertest.Start(t)
	file, frames := realReport(t, []byte(text.String()))
	b, _ := watched(t, browser, "file://"+file)
	value[int](b, `(document.querySelectorAll("details").forEach((d) => d.open = true), 1)`)
	b.until(`document.querySelectorAll(".controls").length === 50`)
	if len(frames) != 50 {
		t.Fatalf("%d exercises", len(frames))
	}
	for id, want := range frames {
		got := value[[]string](b, fmt.Sprintf(`[...document.getElementById(%q).querySelectorAll(".steps .show")].map((s) => (s.click(), %s))`, id,
			fmt.Sprintf(shownRows, id)))
		if diff := cmp.Diff(want, got); diff != "" || len(want) != 2 {
			t.Errorf("%s (-engine +page):\n%s", id, diff)
		}
	}
}

// TestReportAccessible checks names, contrast, headings and room, in both schemes and on a phone.
func TestReportAccessible(t *testing.T) {
	browser := browsertest.Start(t)
	file, _ := realReport(t, queues(t))
	b, _ := watched(t, browser, "file://"+file)
	value[int](b, `(document.querySelectorAll("details").forEach((d) => d.open = true), 1)`)
	b.until(`document.querySelectorAll(".controls").length === document.querySelectorAll(".player").length`)
	for _, scheme := range []string{"light", "dark"} {
		browsertest.Scheme(b.t, b.ctx, scheme)
		for _, fault := range value[[]string](b, accessible) {
			t.Errorf("%s: %s", scheme, fault)
		}
	}
	for _, width := range []int64{390, 320} {
		if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 844)); err != nil {
			t.Fatal(err)
		}
		if wide := value[int](b, `document.documentElement.scrollWidth`); wide > int(width) {
			t.Errorf("the page is %d wide on a phone of %d", wide, width)
		}
	}
}

// accessible is a script that returns the faults that a page has for people who do not see it, or
// see little: controls without names, positive tabindex, ids that occur twice, levels of headings
// left out, scrolled parts without focus, and text with too little contrast (WCAG 2, 4.5:1).
const accessible = `(() => {
  const faults = [], seen = new Set();
  const name = (e) => (e.getAttribute("aria-label") || e.textContent || e.closest("label")?.textContent || "").trim();
  for (const e of document.querySelectorAll("button, input, select, a[href], summary, section, [role=region], [role=group]"))
    if (!name(e)) faults.push("no name: " + e.outerHTML.slice(0, 100));
  for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) faults.push("tabindex " + e.tabIndex);
  for (const e of document.querySelectorAll("[id]")) { if (seen.has(e.id)) faults.push("twice: " + e.id); seen.add(e.id); }
  if (!document.documentElement.lang || !document.title) faults.push("no language or title");
  if (document.querySelectorAll("main").length !== 1 || document.querySelectorAll("header h1").length !== 1) faults.push("no main or h1");
  for (const e of document.querySelectorAll("pre, .terminal"))
    if (e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0) faults.push("scrolls without focus: " + e.outerHTML.slice(0, 100));
  const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const back = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((under, c) => over(c, under), [255, 255, 255, 1]);
  };
  const part = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  for (const e of document.querySelectorAll("body *")) {
    const says = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!says || !e.checkVisibility() || ["SCRIPT", "OPTION"].includes(e.tagName)) continue;
    const ground = back(e), a = light(over(parse(getComputedStyle(e).color), ground)), b = light(ground);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faults.push("contrast " + ratio.toFixed(2) + ": " + e.outerHTML.slice(0, 120));
  }
  return faults;
})()`

// pictures writes pictures of the page to the folder SCREENSHOTS, for looking at.
func pictures(b *reportTab, name string) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"", 1280, 1000}, {"-phone", 390, 844}} {
		for _, scheme := range []string{"light", "dark"} {
			browsertest.Scheme(b.t, b.ctx, scheme)
			if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(size.width, size.height)); err != nil {
				b.t.Fatal(err)
			}
			value[int](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))`)
			png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				b.t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name+size.name+"-"+scheme+".png"), png, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// TestAttemptsInBrowser reads the report of a repeated run, in which an exercise failed once.
func TestAttemptsInBrowser(t *testing.T) {
	browser := browsertest.Start(t)
	d, err := markdown.Parse("flaky.md", []byte("# At times\n\n.exercise[\n```bash\necho >>$COUNT; wc -l <$COUNT; test $(wc -l "+
		"<$COUNT) -gt 1\n```\n]\n"+
		"\n---\n\n## Always\n\n.exercise[\n```bash\ntrue\n```\n]\n"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, file := &report.Files{}, filepath.Join(dir, "report.html")
	if err := files.Add("html="+file, nil); err != nil {
		t.Fatal(err)
	}
	result, err := runner.Run(t.Context(), compile(t, d), runner.Options{
		Path: os.Getenv("PATH"), Env: []string{"COUNT=" + filepath.Join(dir, "count")}, Repeat: 3,
		Event: func(e runner.Event) {
			if err := files.Event(e); err != nil {
				t.Error(err)
			}
		},
	})
	if err := errors.Join(err, files.Finish(result)); err != nil {
		t.Fatal(err)
	}
	b, seen := watched(t, browser, "file://"+file)
	pictures(b, "attempts")
	b.until(`document.querySelectorAll(".exercise[open] .controls").length === 2`)
	for id, want := range map[string]string{"flaky/at-times": "3", "flaky/at-times--attempt-1": "1"} {
		if got := value[string](b, fmt.Sprintf(shownRows, id)); !slices.Contains(strings.Split(got, "\n"), want) {
			t.Errorf("%s shows\n%s", id, got)
		}
	}
	if got := value[string](b, `document.querySelector(".repeats tbody").textContent`); !strings.Contains(got, "2 passed, 1 failed") {
		t.Errorf("the table says %q", got)
	}
	const shown = `[...document.querySelectorAll(".exercise:not([hidden])")].map((e) => e.id).join(" ")`
	if got := value[string](b, `(document.querySelector('[data-filter="flaky"]').click(), `+shown+`)`); got != "flaky/at-times "+
		"flaky/at-times--attempt-1" {
		t.Errorf("flaky are %s", got)
	}
	if got := value[string](b, `document.querySelector(".filters output").textContent`); got != "1 of 2 shown" {
		t.Errorf("the filter says %q", got)
	}
	for _, scheme := range []string{"light", "dark"} {
		browsertest.Scheme(t, b.ctx, scheme)
		for _, fault := range value[[]string](b, accessible) {
			t.Errorf("%s: %s", scheme, fault)
		}
	}
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(320, 844)); err != nil {
		t.Fatal(err)
	}
	if wide := value[int](b, `document.documentElement.scrollWidth`); wide > 320 {
		t.Errorf("the page is %d wide on a phone of 320", wide)
	}
	if all := seen(); len(all) > 0 {
		t.Errorf("the page is not quiet: %q", all)
	}
}
