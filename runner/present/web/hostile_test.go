package web

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"workshop/runner/page/browsertest"
	"workshop/runner/present"
)

// hostile is a deck that wants to be more than text.
var hostile = strings.ReplaceAll(`class: title, x"><script>hack("class")</script>

# <script>hack("script")</script> A title <img src=x onerror=hack("heading")>

<img src=x onerror="hack('img')"> <svg onload="hack('svg')"><script>hack('svg script')</script></svg>

<iframe src="javascript:hack('iframe')"></iframe> <object data="data:text/html,<script>hack()</script>"></object>

<style>body { display: none !important } @import url(http://127.0.0.1:1/css);</style>
<link rel="stylesheet" href="http://127.0.0.1:1/css"> <base href="http://127.0.0.1:1/">
<meta http-equiv="refresh" content="0;url=http://127.0.0.1:1/">
<form action="http://127.0.0.1:1/"><input autofocus onfocus=hack('focus')></form>
<a href="javascript:hack('a')" onclick="hack('onclick')">raw</a>

[js](javascript:hack('link')) [js2](JaVaScRiPt:hack('case')) [js3](java&#115;cript:hack('entity'))
[data](data:text/html,<script>hack('data')</script>)
[vb](vbscript:hack) [file](file:///etc/passwd) [rel](../../etc) [proto](//127.0.0.1:1/)
[quote](http://example.com/"onmouseover="hack('attr'))
<javascript:hack('auto')> ![js](javascript:hack('image')) ![data](data:image/svg+xml,<svg onload=hack('svg'')>) ![out](../secret.png)
![remote](http://127.0.0.1:1/beacon.png) !["onerror=hack('alt')"](x.png"onerror="hack('src'))

.x"onclick="hack[span] .small"><script>hack('block')</script>[ text ]

~~~html
<script>hack('code')</script>
~~~

~~~x"><script>hack('lang')</script>
text
~~~

| a | <script>hack('th')</script> |
|---|---|
| <img src=x onerror=hack('td')> | b |

.exercise[
''''bash
printf '<script>hack("output")</script><img src=x onerror=hack("out")>\n'
printf '\033]0;hacked\007\033]52;c;aGFja2Vk\007\033]8;;javascript:hack(1)\007link\033]8;;\007\033Pq#0;2;0;0;0#0~~@@vv@@~~$\033\\\033[6n\n'
''''
]

???

<script>hack("notes")</script> <img src=x onerror=hack("notes")> [js](javascript:hack('notes'))

---

# Large

`, "''''", "```") + "| a | b | c |\n|---|---|---|\n" +
	strings.Repeat("| x | <b onclick=hack(1)>y</b> | "+strings.Repeat("z", 40)+" |\n", 180)

// A deck that wants to do something in the browsers of a room does nothing.
func TestHostileDeck(t *testing.T) {
	h := openRoom(t, hostile, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	remote := join(t, browser, h.server.Invite(Remote))
	printed := newTab(t, browser, js[string](audience, "location.href")+"print")
	missed := newTab(t, browser, js[string](audience, "location.href")+"missed")
	pages := map[string]*tab{"presenter": presenter, "audience": audience, "remote": remote, "print": printed, "missed": missed}
	for _, b := range pages {
		js[bool](b, `(() => { window.hacked = []; window.hack = (...a) => { hacked.push(a.join()); }; return true; })()`)
	}
	// Once more with hack in place: whatever waits to be called can be.
	presenter.press("PageDown")
	audience.until(count(2, 2))
	presenter.press("PageUp")
	audience.until(count(1, 2))
	presenter.press("y")
	presenter.until(badge(0, "✓ passed"))
	audience.until(screenText + `.includes("<script>hack(\"output\")</script>")`)
	missed.until(`document.getElementById("log").innerText.includes("<script>hack(\"output\")</script>")`)
	for _, b := range []*tab{presenter, audience} { // everything is touched
		js[int](b, `(() => {
			for (const e of document.querySelectorAll("#slide *, .rows *")) {
				if (e.closest("a")) continue; // these are looked at below
				for (const n of ["click", "mouseover", "focus", "error", "load"])
					e.dispatchEvent(new MouseEvent(n, { bubbles: true, cancelable: true }));
			}
			return 1;
		})()`)
	}
	for name, b := range pages {
		b.until("true")
		if got := js[[]string](b, "hacked"); len(got) > 0 {
			t.Errorf("%s: run: %q", name, got)
		}
		bad := js[[]string](b, `[...document.querySelectorAll("*")].flatMap((e) => [
			...(["IFRAME", "OBJECT", "EMBED", "BASE", "SVG", "FORM"].includes(e.tagName.toUpperCase()) && !e.closest("dialog") ? [e.tagName] : []),
			...(e.tagName === "SCRIPT" && new URL(e.src).origin !== location.origin ? ["script " + e.src] : []),
			...(e.tagName === "META" && e.httpEquiv ? ["meta"] : []),
			...[...e.attributes].filter((a) => /^on/i.test(a.name) ||
				(["href", "src", "action", "data"].includes(a.name) && /^\s*(javascript|data|vbscript|file):/i.test(a.value)),
			).map((a) => e.tagName + " " + a.name + "=" + a.value),
			...(e.closest("#slide, .paper") && e.getAttribute("style") && !e.matches(".slide, .paper") ? ["style " + e.getAttribute("style")] : []),
		])`)
		if len(bad) > 0 {
			t.Errorf("%s: %q", name, bad)
		}
		if elsewhere := js[[]string](b, elsewhereLoaded); len(elsewhere) > 0 {
			t.Errorf("%s: loaded from elsewhere: %q", name, elsewhere)
		}
		at := js[string](b, `location.href + " " + document.title`)
		if !strings.HasPrefix(at, "http://"+h.server.hosts[0]) || strings.Contains(at, "hacked") {
			t.Errorf("%s: is at %s", name, at)
		}
		if js[string](b, `getComputedStyle(document.body).display`) == "none" {
			t.Errorf("%s: is hidden", name)
		}
	}
	links := js[[]string](audience,
		`[...document.querySelectorAll("#slide a")].map((a) => a.getAttribute("href") + " " + a.target + " " + a.rel)`)
	for _, l := range links {
		if !strings.HasPrefix(l, "http://") || !strings.HasSuffix(l, " _blank noopener noreferrer") {
			t.Errorf("link %s", l)
		}
	}
	if text := js[string](audience, `document.getElementById("slide").innerText`); !strings.Contains(text, "<script>hack('code')</script>") {
		t.Errorf("code is not shown as it was written:\n%s", text)
	}
	presenter.press("PageDown")
	audience.until(count(2, 2))
	if n := js[int](audience, `document.querySelectorAll("#slide tr").length`); n < 100 {
		t.Errorf("%d rows of a large table", n)
	}
}

// Text can be read in both themes: a contrast of 4.5 at least (WCAG 2.1, 1.4.3), of what
// is disabled less.
func TestContrast(t *testing.T) {
	h := openRoom(t, pictureDeck, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	remote := join(t, browser, h.server.Invite(Remote))
	presenter.press("PageDown")
	presenter.until(count(2, 4))
	for _, next := range []string{selects(1), selects(3), badge(3, "✗ failed")} {
		presenter.press("y")
		presenter.until(next)
	}
	presenter.until(`!document.getElementById("trouble").hidden`)
	presenter.press("e")
	presenter.types(`for i in 1 2 3 4 5 6 7; do ` +
		`printf "\e[3${i}mcolour\e[9${i}mbright\e[0m\e[4${i}mbehind\e[10${i}mbright\e[7mreverse\e[0m "; done; ` +
		`printf '\e[2mdim \e[0;7mreverse\e[0;30;42mls'; printf '\e[0m\n'; echo done-$((1+1))` + "\r")
	presenter.until(screenText + `.includes("done-2")`)
	audience.until(screenText + `.includes("done-2")`)
	missed := newTab(t, browser, js[string](audience, "location.href")+"missed")
	missed.until(`document.querySelectorAll("#log li").length === 3`)
	table := newTab(t, browser, js[string](audience, "location.href")+"print")
	for name, b := range map[string]*tab{"presenter": presenter, "audience": audience, "remote": remote, "missed": missed, "print": table} {
		for _, scheme := range []string{"light", "dark"} {
			b.scheme(scheme)
			if low := js[[]string](b, contrast); len(low) > 0 {
				t.Errorf("%s, %s: too little contrast:\n%s", name, scheme, strings.Join(low, "\n"))
			}
		}
	}
}

// elsewhereLoaded are the addresses from which a page has loaded something, without its own server.
const elsewhereLoaded = `performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith(location.origin))`

// contrast are the texts of a page that can be read too badly.
const contrast = `(() => {
	const parse = (c) => { const n = c.match(/[\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
	const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
	const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
	const light = (c) => c.slice(0, 3).map((v) => linear(v / 255)).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), low = new Set();
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement, style = getComputedStyle(e);
		if (!walker.currentNode.data.trim() || !e.getClientRects().length || style.visibility === "hidden") continue;
		if (e.closest("[hidden], .aside, dialog:not([open]), noscript, script, style, button:disabled, textarea")) continue;
		const layers = [];
		let opacity = 1;
		for (let p = e; p; p = p.parentElement) {
			layers.unshift(parse(getComputedStyle(p).backgroundColor));
			opacity *= Number(getComputedStyle(p).opacity);
		}
		const ground = layers.reduce((b, a) => over(a, b), [255, 255, 255, 1]);
		const color = parse(style.color);
		color[3] *= opacity;
		const a = light(over(color, ground)), b = light(ground), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const text = walker.currentNode.data.trim().slice(0, 40);
		if (ratio < 4.5) low.add(ratio.toFixed(2) + " " + e.tagName + "." + e.className + " " + text +
			" " + style.color + " on " + ground.join());
	}
	return [...low];
})()`

// On paper each slide has a page.
func TestPrint(t *testing.T) {
	h := openRoom(t, pictureDeck+"\n---\n\n# Full\n\n"+strings.Repeat("- a line of text\n", 14)+
		"\n---\n\n# More\n\n--\n\nthan that\n", present.Options{}, Options{})
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	printed := newTab(t, browser, js[string](audience, "location.href")+"print")
	const fits = `[...document.querySelectorAll(".paper > .slide")].every((s) => s.scrollHeight <= s.parentElement.clientHeight + 1)`
	const letters = `parseFloat(getComputedStyle(document.querySelector(".paper .c-title")).fontSize) / ` +
		`document.querySelector(".paper").clientWidth`
	large := js[float64](printed, letters)
	for _, width := range []int64{390, 844, 320} { // a phone that is turned
		printed.do(chromedp.EmulateViewport(width, 600))
		printed.until(fmt.Sprintf("innerWidth === %d && %s", width, fits))
		if small := js[float64](printed, letters); math.Abs(small-large) > 0.0005 {
			t.Errorf("letters of %v page widths were %v", small, large)
		}
	}
	printed.do(chromedp.EmulateViewport(1280, 720))
	pdf, err := chromedp.Run(printed.ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize()))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(pdf, []byte("/Type /Page\n")); n != 6 {
		t.Errorf("%d pages of 6 slides (an increment is no page of its own)", n)
	}
	if !bytes.Contains(pdf, []byte(fmt.Sprintf("/MediaBox [0 0 %d", 842))) && !bytes.Contains(pdf, []byte("/MediaBox [0 0 841")) {
		t.Errorf("the pages have another size than the slides")
	}
}
