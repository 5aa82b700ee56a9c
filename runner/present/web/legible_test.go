package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"workshop/runner/page/browsertest"
	"workshop/runner/present"
)

const wideDeck = "# Wide\n\n```\n" +
	"docker service create --name registry --publish 5000:5000 " +
	"--mount type=volume,source=registry,target=/var/lib/registry --port 8080 the-end\n" +
	"```\n\n| One | Two | Three |\n|---|---|---|\n" +
	"| an-address-without-any-space-that-is-as-long-as-a-slide | another-address-without-any-space-that-is-long | " +
	"the-last-column-that-is-cut |\n\n" +
	".exercise[\n```bash\necho 'a line of what came'; " +
	"cat /nope/missing/a/name/that/is/so/long/that/it/needs/more/than/one/line\n```\n]\n\n???\n\nNotes.\n"

// whole is a condition: every element of a list is in the page, and no box around it cuts any of it.
const whole = `[...document.querySelectorAll(%q)].every((e) => {
	const r = e.getBoundingClientRect();
	if (r.height === 0 || r.bottom > innerHeight + 1 || r.right > innerWidth + 1) return false;
	for (let p = e.parentElement; p; p = p.parentElement) {
		const b = p.getBoundingClientRect();
		if (getComputedStyle(p).overflowY !== "visible" && p !== document.documentElement &&
			(r.bottom > b.bottom + 1 || r.top < b.top - 1)) return false;
	}
	return true;
})`

// TestLegible measures the pages at the sizes of usual screens: nothing is cut that nobody could scroll to, and the
// buttons of a failure are whole.
func TestLegible(t *testing.T) {
	h := openRoom(t, wideDeck, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	remote := join(t, browser, h.server.Invite(Remote))
	const inside = `[...document.querySelectorAll("#slide pre, #slide .scroll")].every((e) => e.scrollWidth <= e.clientWidth + 1)`
	const size = `parseFloat(getComputedStyle(document.querySelector("#slide pre code")).fontSize) >= 16`
	for _, s := range []struct{ width, height int64 }{{1280, 720}, {1366, 768}, {1920, 1080}} {
		audience.do(chromedp.EmulateViewport(s.width, s.height))
		audience.until(fmt.Sprintf("innerHeight === %d && %s && %s", s.height, inside, size))
	}
	audience.do(chromedp.EmulateViewport(390, 844))
	audience.until("innerWidth === 390 && " + inside)
	presenter.press("y")
	presenter.until(`!document.getElementById("trouble").hidden`)
	for _, s := range []struct{ width, height int64 }{{1280, 720}, {1366, 768}, {1024, 768}, {1440, 900}, {1920, 1080}} {
		presenter.do(chromedp.EmulateViewport(s.width, s.height))
		presenter.until(fmt.Sprintf("innerHeight === %d && document.querySelectorAll('#trouble .tools button').length === 3 && "+whole,
			s.height, "#trouble .tools button"))
	}
	remote.do(chromedp.EmulateViewport(390, 844))
	remote.until(fmt.Sprintf(whole, "#again, #skip, #blank, nav button"))
	remote.click("#blank")
	audience.until(`document.body.dataset.blank === ""`)
	remote.click("#again")
	remote.until(`document.getElementById("again").className === "armed"`)
	if n := len(h.State().Log); n != 1 {
		t.Errorf("one tap has run something: %d", n)
	}
	remote.click("#again")
	h.until("once more", func(s *present.State) bool { return len(s.Log) == 2 && s.Trouble != nil })
	presenter.until(`!document.getElementById("trouble").hidden && document.getElementById("stop").hidden`)
	presenter.press("x")
	h.until("skipped", func(s *present.State) bool { return s.Trouble == nil && s.Outcomes[0].Skipped })
}

// TestFailureOnAPhone keeps a failure with its buttons in sight where the page is longer than the screen, wherever that was scrolled
// to; the remote's as well.
func TestFailureOnAPhone(t *testing.T) {
	long := strings.Replace(wideDeck, "cat /nope", "cat "+strings.Repeat("/nope/a/long/name ", 30)+" /nope", 1)
	h := openRoom(t, long, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	remote := join(t, browser, h.server.Invite(Remote))
	for _, s := range [][2]int64{{390, 844}, {844, 390}, {768, 1024}} {
		for _, page := range []*tab{presenter, remote} {
			page.do(chromedp.EmulateViewport(s[0], s[1]))
			page.until(fmt.Sprintf("innerWidth === %d && innerHeight === %d", s[0], s[1]))
		}
		presenter.until(`document.getElementById("trouble").hidden`)
		presenter.click("#steps .go")
		presenter.until(`!document.getElementById("trouble").hidden`)
		remote.until(fmt.Sprintf(whole, "#again, #skip, #blank, nav button"))
		presenter.until("document.documentElement.scrollWidth <= innerWidth")
		for _, to := range []string{"0", "innerHeight / 2", "1e6"} {
			presenter.until(`(scrollTo(0, ` + to + `), true)`)
			presenter.until(fmt.Sprintf(whole, "#trouble .tools button, #trouble .why") +
				` && [...document.querySelectorAll("#trouble .tools button")].every((e) => e.getBoundingClientRect().height >= 40)`)
		}
		// At its end the page has nothing that the failure lies over.
		presenter.until(`document.querySelector(".progress").getBoundingClientRect().bottom <= ` +
			`document.getElementById("trouble").getBoundingClientRect().top + 1`)
		presenter.picture(fmt.Sprintf("failure-phone-%dx%d", s[0], s[1]), s[0], s[1])
		remote.picture(fmt.Sprintf("remote-failure-phone-%dx%d", s[0], s[1]), s[0], s[1])
		presenter.click("#trouble .tools button:nth-child(2)")
		h.until("skipped", func(s *present.State) bool { return s.Trouble == nil && s.Outcomes[0].Skipped })
	}
	presenter.until(`document.getElementById("trouble").hidden`)
	presenter.click("#steps .go")
	presenter.click("#trouble .tools button:nth-child(3)") // the shell comes in sight
	presenter.until(`document.getElementById("trouble").hidden && document.activeElement.id === "keys"`)
	presenter.until(`((r) => r.top > -1 && r.top < innerHeight / 2)(document.getElementById("terminal").getBoundingClientRect())`)
}

// TestStepsHaveRoom shows a long step whole where nothing else needs the place.
func TestStepsHaveRoom(t *testing.T) {
	deck := "# A\n\n.exercise[\n```bash\necho " + strings.Repeat("several words and ", 15) + "\n```\n]\n\n---\n\n# B\n"
	h := openRoom(t, deck, present.Options{Yes: true}, Options{Resizes: true})
	presenter := join(t, browsertest.Start(t), h.server.Invite(Presenter))
	for _, s := range [][2]int64{{1280, 720}, {1366, 768}, {1920, 1080}} {
		presenter.do(chromedp.EmulateViewport(s[0], s[1]))
		presenter.until(fmt.Sprintf("innerWidth === %d && innerHeight === %d", s[0], s[1]))
		presenter.until(`((e) => e.clientHeight > 100 && e.scrollHeight <= e.clientHeight + 1)(document.getElementById("steps"))`)
		presenter.until(fmt.Sprintf(whole, "#steps .pick, #steps .go, .then .frame"))
	}
}

// TestPhoneReads measures a slide on a phone: words of a table are whole where that is possible, the button that copies lies over
// nothing, and code has the whole width below it.
func TestPhoneReads(t *testing.T) {
	deck := "# Table\n\n| Path | Count | Share | What it means for those who run the site at night |\n|---|--:|--:|---|\n" +
		"| `/page/1` | 2 | 40 % | the most popular page, because it is the first link |\n\n" +
		".exercise[\n```bash\nfalse; echo " + strings.Repeat("several words and ", 20) + "\n```\n```bash\nfalse\n```\n]\n"
	h := openRoom(t, deck, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	audience.do(chromedp.EmulateViewport(390, 844))
	h.Do(present.Command{Do: present.VerbMove, N: 1})
	h.Do(present.Command{Do: present.VerbRun})
	h.until("it failed", func(s *present.State) bool { return s.Trouble != nil })
	h.Do(present.Command{Do: present.VerbSkip})
	audience.until(`innerWidth === 390 && document.querySelector('[data-step="1"][data-skipped]') !== null`)
	audience.until(`[...document.querySelectorAll("th")].slice(0, 3).every((e) => {
		const range = document.createRange();
		range.selectNodeContents(e);
		return range.getClientRects().length === 1;
	})`)
	audience.until(`document.querySelector(".scroll").scrollWidth <= document.querySelector(".scroll").clientWidth + 1`)
	// No text of a command is beside the button or beneath the mark but in the first lines, and none of it lies under them.
	audience.until(`[...document.querySelectorAll("pre.step")].every((pre) => {
		const button = pre.querySelector(".copy").getBoundingClientRect();
		const mark = pre.getBoundingClientRect().right - parseFloat(getComputedStyle(pre).paddingRight);
		const range = document.createRange();
		range.selectNodeContents(pre.querySelector("code"));
		return Math.abs(button.right - mark) <= 1 && [...range.getClientRects()].every((r) => r.right <= mark + 1 &&
			(r.right <= button.left + 1 || r.top >= button.bottom - 1 || r.bottom <= button.top + 1 || r.width > pre.clientWidth / 2));
	})`)
	audience.until(`(() => { // the widest line of the long command goes on below the button
		const pre = document.querySelector("pre.step"), range = document.createRange();
		range.selectNodeContents(pre.querySelector(".l"));
		return Math.max(...[...range.getClientRects()].map((r) => r.right)) > pre.querySelector(".copy").getBoundingClientRect().left;
	})()`)
	audience.picture("phone-reads", 390, 844)
}

// TestLectern measures the presenter's page at the sizes of usual screens: the current slide and the notes can be read,
// the selected step and all buttons are whole, also with a failure of two lines.
func TestLectern(t *testing.T) {
	long := strings.Replace(wideDeck, "]\n\n???", "]\n\n"+strings.Repeat("- A line of the text that people read\n", 30)+"\n???", 1)
	h := openRoom(t, long, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	const least = `[...document.querySelectorAll(%q)].every((e) => parseFloat(getComputedStyle(e).fontSize) >= %d)`
	measure := func(what string) {
		t.Helper()
		for _, s := range []struct{ width, height int64 }{{1024, 768}, {1280, 720}, {1366, 768}, {1440, 900}, {1920, 1080}} {
			presenter.do(chromedp.EmulateViewport(s.width, s.height))
			presenter.until(fmt.Sprintf("innerHeight === %d && "+least+" && "+least+" && "+whole, s.height,
				"#slide p, #slide li", 14, "#notes", 16, what+", .bar button:not([hidden]), .turn button, header button"))
		}
	}
	measure("#notes p, #steps [aria-current] .go")
	presenter.until(`document.getElementById("unfit").textContent === "Does not fit in the room"`)
	presenter.click("#notes-larger")
	presenter.until(`parseFloat(getComputedStyle(document.getElementById("notes")).fontSize) >= 20`)
	presenter.do(chromedp.Reload(), chromedp.WaitReady(chromedp.CSS("[data-live]")))
	presenter.until(`parseFloat(getComputedStyle(document.getElementById("notes")).fontSize) >= 20`)
	presenter.until(selects(0)) // the page is back
	presenter.press("y")
	presenter.until(`!document.getElementById("trouble").hidden && document.querySelector(".notes").hidden`)
	measure("#trouble .tools button, #trouble .why, #steps [aria-current] .go")
	presenter.press("x")
	presenter.until(`document.getElementById("trouble").hidden`)
	measure("#notes p")
}

// TestStage shows the room the terminal where it has to do with the slide, or what the presenter wants, in the size of the
// page that the room sees.
func TestStage(t *testing.T) {
	deck := "# Text\n\n---\n\n# Steps\n\n.exercise[\n```bash\necho a\n```\n]\n\n---\n\n# More text\n"
	h := openRoom(t, deck, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	remote := join(t, browser, h.server.Invite(Remote))
	shows := func(zoom string) { t.Helper(); audience.until(fmt.Sprintf("document.body.dataset.zoom === %q", zoom)) }
	shows("slide")
	presenter.press("PageDown")
	shows("slide") // there is no shell yet
	presenter.until(selects(0))
	presenter.press("y")
	shows("both")
	h.until("as large as a wide screen has room for", func(s *present.State) bool {
		return s.Terminal != nil && s.Terminal.Cols == 80 && s.Terminal.Rows == 36
	})
	presenter.press("+")
	h.until("larger letters", func(s *present.State) bool { return s.Terminal.Cols == 70 && s.Terminal.Rows == 32 })
	presenter.press("x")
	presenter.until(`document.activeElement.id === "keys"`)
	presenter.press("PageDown") // a clicker's
	shows("slide")
	presenter.until(`document.getElementById("count").textContent === "3 / 3"`)
	presenter.types("echo typed")
	shows("both")
	presenter.do(chromedp.KeyEvent(kb.Escape, chromedp.KeyModifiers(chromedp.ModifierShift)))
	for _, stage := range []string{"slide", "terminal", "both", "both"} {
		presenter.press("z")
		shows(stage)
	}
	audience.press("z")
	shows("slide")
	presenter.press("PageUp")
	remote.until(`!document.getElementById("smaller").hidden`)
	remote.click("#smaller")
	h.until("smaller letters, by the remote", func(s *present.State) bool { return s.Terminal.Cols == 80 })
	projector := newTab(t, browser, strings.TrimSuffix(js[string](presenter, "location.href"), "/")+"/audience")
	projector.do(chromedp.EmulateViewport(1600, 600))
	h.until("the projector's size", func(s *present.State) bool { return s.Terminal.Cols == 80 && s.Terminal.Rows < 30 })
	projector.do(chromedp.Navigate("about:blank"))
	h.until("it is closed", func(s *present.State) bool { return s.Terminal.Rows == 36 })
}
