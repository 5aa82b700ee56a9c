package cli

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"workshop/runner/page/browsertest"
)

// TestExportSite opens the talk for afterwards from a file: slides, real output, pictures, search.
func TestExportSite(t *testing.T) {
	dir := t.TempDir()
	deck := "# One with a title that is long\n\nSee [the second](#two).\n\n.exercise[\n```bash\necho \"six times " +
		"$((6*7)) <b>&\" # a-remark-without-a-blank-that-fills-more-than-a-line-of-a-phone-to-its-end\n```\n<!-- ```wait 42``` -->\n" +
		"```bash\nls /nope\n```\n<!-- ```status 2``` -->\n]\n\n???\n\nDo not forget the towel.\n\n---\n\n# Two\n\n![a " +
		"picture](pic/a.png)\n\n![](pic/gone.png) ![A \"plan\"](pic/no-plan.png)\n\n--\n\nThe rest, [as before](gone.md).\n"
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 3))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"deck.md": deck, "pic/a.png": picture.String()} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	workshop := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), exe, args...)
		cmd.Args[0], cmd.Dir = "workshop", dir
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, args := range [][]string{
		{"check", "--report", "jsonl=run.jsonl", "deck.md"},
		{"export", "site", "--report", "run.jsonl", "site", "deck.md"},
		{"export", "site", "--report", "run.jsonl", "site", "deck.md"}, // once more
	} {
		if out, err := workshop(args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	if out, err := workshop("export", "site", "pic", "deck.md"); err == nil || !strings.Contains(out, "not empty, and not a site") {
		t.Errorf("another folder was written to: %v %s", err, out)
	}
	page, stop := chromedp.NewContext(browsertest.Start(t))
	t.Cleanup(stop)
	if err := chromedp.Do(page, chromedp.Navigate("file://"+filepath.Join(dir, "site", "index.html"))); err != nil {
		t.Fatal(err)
	}
	holds := func(conditions ...string) {
		t.Helper()
		for _, c := range conditions {
			browsertest.Until(t, page, c)
		}
	}
	holds(
		`document.querySelectorAll(".card").length === 2`,
		`[...document.querySelectorAll(".output")].map((o) => o.textContent).join("|").startsWith("six times 42 <b>&|ls: ")`,
		`[...document.querySelectorAll(".verdict")].every((v) => v.textContent.startsWith("✓ passed on "))`,
		`document.querySelectorAll("img").length === 1 && document.querySelector("img").naturalWidth === 4`,
		`[...document.querySelectorAll(".absent")].map((e) => e.textContent).join("|") === 'pic/gone.png (picture `+
			`missing)|A "plan" (picture missing)'`,
		`document.querySelector("article:not([hidden]) .nowhere").textContent === "as before (broken link)"`,
		`!document.documentElement.outerHTML.includes("towel")`,
		`getComputedStyle(document.querySelector(".output")).backgroundColor === "rgb(15, 21, 30)"`,
		`!document.getElementById("find").form.hidden`,
		`document.querySelector('[data-step] .copy').getAttribute("aria-label").startsWith("Copy: echo")`,
		`document.querySelector('article a').getAttribute("href") === "#s3" && document.getElementById("s3")`,
	)
	browsertest.Value[bool](t, page, `(() => { const f = document.getElementById("find"); f.value = "NOPE cannot"; `+
		`f.dispatchEvent(new Event("input")); return true; })()`)
	holds(`document.getElementById("found").textContent === "1 of 2 slides"`,
		`document.getElementById("s3").hidden && !document.getElementById("s1").hidden`)
	if err := chromedp.Do(page, chromedp.Click(chromedp.CSS("article a"))); err != nil {
		t.Fatal(err)
	}
	holds(`!document.getElementById("s3").hidden`)
	// Neither the number nor a button lies over a text, also on a phone.
	for width := int64(320); width <= 460; width += 20 {
		if err := chromedp.Do(page, chromedp.EmulateViewport(width, 844)); err != nil {
			t.Fatal(err)
		}
		holds(fmt.Sprintf(`innerWidth === %d`, width), `(() => {
			const texts = [...document.querySelectorAll(".card h1, .card pre[data-step] code")].flatMap((e) => {
				const r = document.createRange();
				r.selectNodeContents(e);
				return [...r.getClientRects()];
			});
			const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
			const others = [...document.querySelectorAll(".number a, .copy")];
			return texts.length > 3 && others.every((e) => !texts.some((b) => over(e.getBoundingClientRect(), b)));
		})()`)
	}
	if shots := os.Getenv("SCREENSHOTS"); shots != "" {
		for scheme, width := range map[string]int64{"light": 1280, "dark": 390} {
			browsertest.Scheme(t, page, scheme)
			if err := chromedp.Do(page, chromedp.EmulateViewport(width, 800)); err != nil {
				t.Fatal(err)
			}
			shot, err := chromedp.Run(page, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(shots, "site-"+scheme+".png"), shot, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
