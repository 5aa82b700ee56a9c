package web

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"workshop/runner/page/browsertest"
	"workshop/runner/present"
)

// tab is a page of a browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// newTab opens another page.
func newTab(t *testing.T, browser context.Context, url string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{t, ctx}
	b.do(chromedp.Navigate(url))
	return b
}

// join accepts an invitation, and waits until the page has all there is.
func join(t *testing.T, browser context.Context, link string) *tab {
	t.Helper()
	b := newTab(t, browser, link)
	b.do(chromedp.Click(chromedp.CSS("button")), chromedp.WaitReady(chromedp.CSS("[data-live]")))
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// js is the value of an expression.
func js[T any](b *tab, expression string) T {
	b.t.Helper()
	return browsertest.Value[T](b.t, b.ctx, expression)
}

// until waits until an expression holds.
func (b *tab) until(condition string) {
	b.t.Helper()
	browsertest.Until(b.t, b.ctx, condition)
}

// types presses keys, wherever the focus is.
func (b *tab) types(keys string) {
	b.t.Helper()
	for text := range strings.SplitAfterSeq(keys, kb.Enter) {
		if line, enter := strings.CutSuffix(text, kb.Enter); enter {
			b.do(chromedp.KeyEvent(line))
			b.press("Enter")
			continue
		}
		b.do(chromedp.KeyEvent(text))
	}
}

// press presses a key that stands for something else than text: a page that takes it
// gets no text from a browser.
func (b *tab) press(key string) {
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

// click clicks on an element. One that the page replaces meanwhile is looked for again.
func (b *tab) click(selector string) {
	b.t.Helper()
	for {
		err := chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector)))
		if err == nil {
			return
		}
		if !strings.Contains(err.Error(), "Could not find node with given id") {
			b.t.Fatal(err)
		}
	}
}

const screenText = `document.querySelector(".rows").innerText`

func (b *tab) scheme(name string) {
	b.t.Helper()
	browsertest.Scheme(b.t, b.ctx, name)
}

// pictures writes pictures of the page, as usual screens and a phone show it.
func (b *tab) pictures(name string) {
	b.t.Helper()
	for _, s := range [][2]int64{{1280, 720}, {1366, 768}, {1920, 1080}, {390, 844}} {
		b.picture(fmt.Sprintf("%s-%dx%d", name, s[0], s[1]), s[0], s[1])
	}
	b.do(chromedp.EmulateViewport(1440, 900))
}

// picture writes a picture of the page, light and dark, to the folder SCREENSHOTS, if there is one.
func (b *tab) picture(name string, width, height int64) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	b.do(chromedp.EmulateViewport(width, height))
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		js[int](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))`)
		png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-"+scheme+".png"), png, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

const pictureDeck = `class: title

# Making it faster, measured

A workshop about queues

---

## How fast is it?

.exercise[

- See what is listening on this machine, and how busy it is:
  ` + "```bash" + `
  printf 'NAME      STATE    RATE\nrng       up       9.8/s\nhasher    up      41.2/s\nworker    up       3.2/s\n'
  ` + "```" + `

- Count the units of work, and **remember the number**:
  ` + "```bash" + `
  for i in 1 2 3; do echo "worker $i: $((i * 3)) units"; done
  ` + "```" + `
<!--
` + "```wait worker 3: 9 units```" + `
-->

- Ask for more than there is:
  ` + "```bash" + `
  ls /srv/more
  ` + "```" + `

]

- It settles at a little more than **3 units per second**, see http://localhost:8000

.footnote[The counter is ` + "`work`" + ` in Redis.]

???

The exact value depends on the machine, 3.2 being typical. It cannot exceed 3.33, and
the next chapter says why; do not give it away.

Ask the room for a guess **before** the second command.

---

## What we saw

| service | work | limit |
|---|---:|---:|
| rng | one number a request | 10/s |
| hasher | one hash a request | 45/s |
| worker | all of it, one at a time | 3.3/s |

.warning[More workers help only until the slowest service is busy.]

` + "```python\ndef work(n):  # one unit\n    return hasher.post(rng.get(32))\n```" + `

---

## The end
`

// TestPictures makes pictures of all views at the usual sizes, for looking at: make screens.
func TestPictures(t *testing.T) {
	if os.Getenv("SCREENSHOTS") == "" {
		t.Skip("SCREENSHOTS says where to")
	}
	h := openRoom(t, pictureDeck, present.Options{}, Options{Resizes: true})
	browser := browsertest.Start(t)
	knock := newTab(t, browser, h.server.Invite(Audience))
	knock.pictures("join")
	presenter := join(t, browser, h.server.Invite(Presenter))
	presenter.do(chromedp.EmulateViewport(1440, 900))
	audience := join(t, browser, h.server.Invite(Audience))
	remote := join(t, browser, h.server.Invite(Remote))
	audience.pictures("audience-title")
	presenter.types(kb.ArrowRight)
	presenter.until(`document.getElementById("count").textContent === "2 / 4"`)
	presenter.pictures("presenter-before")
	presenter.press("y")
	presenter.until(`document.getElementById("consent").open`)
	presenter.pictures("consent")
	presenter.click("#allow")
	presenter.until(selects(1) + ` && document.getElementById("stop").hidden`)
	presenter.press("y")
	presenter.until(selects(3) + ` && document.getElementById("stop").hidden`)
	presenter.pictures("presenter")
	audience.pictures("audience")
	remote.pictures("remote")
	presenter.press("y")
	presenter.until(`!document.getElementById("trouble").hidden`)
	presenter.pictures("failure")
	audience.pictures("audience-failure")
	remote.pictures("remote-failure")
	base := strings.TrimSuffix(js[string](audience, "location.href"), "/")
	missed := newTab(t, browser, base+"/missed")
	missed.until(`document.querySelectorAll("#log li").length === 3`)
	missed.pictures("missed")
	printed := newTab(t, browser, base+"/print")
	printed.pictures("print")
	presenter.press("?")
	presenter.pictures("help")
	presenter.types(kb.Escape)
	presenter.until(`!document.querySelector("dialog[open]") && !document.activeElement.closest("dialog")`)
	presenter.press("i")
	presenter.click(`[data-invite="remote"]`)
	presenter.until(`!document.getElementById("invitation").hidden`)
	presenter.pictures("invite")
	presenter.types(kb.Escape)
	presenter.until(`!document.querySelector("dialog[open]") && !document.activeElement.closest("dialog")`)
	presenter.press("t")
	presenter.until(`document.getElementById("overview").open`)
	presenter.pictures("overview")
	presenter.types(kb.Escape)
	presenter.until(`!document.querySelector("dialog[open]") && !document.activeElement.closest("dialog")`)
	presenter.types(kb.ArrowRight)
	presenter.until(`document.getElementById("count").textContent === "3 / 4"`)
	audience.until(`document.getElementById("count").textContent === "3 / 4"`)
	audience.pictures("audience-table")
	presenter.pictures("presenter-table")
}
