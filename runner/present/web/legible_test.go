package web

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

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
