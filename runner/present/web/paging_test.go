package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"workshop/runner/ledger"
	"workshop/runner/page/browsertest"
	"workshop/runner/present"
)

// Whoever watches pages back, sees where the talk is, and follows again; the talk does not notice. The
// room's screen does not page by itself.
func TestPagingBack(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{Yes: true}, Options{})
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	presenter := join(t, browser, h.server.Invite(Presenter))
	room := newTab(t, browser, js[string](presenter, "location.href")+"audience")
	audience.do(chromedp.EmulateViewport(1280, 720))
	audience.types(kb.ArrowRight) // not before the talk
	presenter.types(kb.ArrowRight)
	presenter.types(kb.ArrowRight)
	for _, b := range []*tab{audience, room} {
		b.until(count(3, 3) + ` && document.getElementById("away").hidden`)
	}
	audience.types(kb.ArrowLeft)
	audience.until(count(2, 3) + ` && document.getElementById("talk").textContent === "The talk is at slide 3: Third"`)
	audience.click("#back")
	audience.until(count(1, 3))
	room.types(kb.ArrowLeft)

	// Marks of the slide that is looked at come as well, and each command can be copied.
	h.Do(present.Command{Do: present.VerbGoto, Text: "1"})
	audience.until(`document.getElementById("away").hidden`) // the talk has come
	h.Do(present.Command{Do: present.VerbGoto, Text: "3"})
	audience.until(count(3, 3))
	audience.types(kb.PageUp)
	audience.until(count(2, 3))
	audience.types(kb.PageUp)
	audience.until(count(1, 3))
	h.Do(present.Command{Do: present.VerbContinue}) // nothing is left from there on
	h.Do(present.Command{Do: present.VerbGoto, Text: "2"})
	audience.until(`document.getElementById("talk").textContent === "The talk is at slide 2: Second"`)
	audience.until(count(1, 3))
	audience.picture("audience-away", 1280, 720)
	audience.picture("audience-away-phone", 390, 844)
	buttons := js[string](audience, `[...document.querySelectorAll("#slide .copy")].map((b) => b.getAttribute("aria-label")).join()`)
	if buttons != `Copy: echo "six times seven is $((6 * 7))",Copy: false` {
		t.Errorf("buttons %s", buttons)
	}
	js[bool](audience, `(() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; return true; })()`)
	audience.click("#slide .copy")
	audience.until("window.copied === `echo \"six times seven is $((6 * 7))\"`")
	audience.types(kb.Escape)
	audience.until(count(2, 3) + ` && document.getElementById("away").hidden`)
	if h.State().Slide != 1 {
		t.Errorf("paging has turned the talk to slide %d", h.State().Slide+1)
	}
	room.until(count(2, 3))
}

// A slide that is paged to is what the audience may see of it, for everybody.
func TestSlideRoute(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{Yes: true}, Options{})
	h.Do(present.Command{Do: present.VerbRun})
	h.until("the wait is through", func(s *present.State) bool { return s.Running == nil && s.Busy == "" && len(s.Log) == 2 })
	h.Do(present.Command{Do: present.VerbGoto, Text: "3"})
	for _, role := range []Role{Audience, Remote, Presenter} {
		g := h.guest(role)
		var got struct {
			Slide slideView
			Steps stepsView
		}
		_, body := g.ask("GET", "slide?at=0", "", nil)
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if got.Slide.Title != "First" || got.Slide.Notes != "" || len(got.Steps.Steps) != 2 || got.Steps.Steps[0].State != "passed" ||
			got.Steps.Selected != -1 || got.Steps.Steps[0].Text != "" {
			t.Errorf("%s: %s", role, body)
		}
		for _, at := range []string{"3", "-1", "x", ""} {
			if resp, _ := g.ask("GET", "slide?at="+at, "", nil); resp.StatusCode != 404 {
				t.Errorf("slide %q: %s", at, resp.Status)
			}
		}
	}
}

// The phone has the slide as a picture, and its marks.
func TestRemoteShowsTheSlide(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	remote := join(t, browser, h.server.Invite(Remote))
	remote.do(chromedp.EmulateViewport(390, 844))
	remote.until(`document.querySelector("#slide pre").textContent.includes("six times")`)
	js[bool](remote, tapTwice)
	remote.until(`document.querySelector('[data-step="0"]').dataset.state === "passed"`)
	remote.until(`!document.getElementById("larger").hidden`)
	for _, id := range []string{"prev", "next", "run", "larger", "smaller", "blank"} {
		r := js[[]float64](remote, `(() => { const r = document.getElementById("`+id+`").getBoundingClientRect(); return `+
			`[r.left, r.top, r.right, r.bottom]; })()`)
		if r[0] < 0 || r[1] < 0 || r[2] > 390 || r[3] > 844 || r[3]-r[1] < 40 {
			t.Errorf("%s is at %v", id, r)
		}
	}
	if h := js[float64](remote, `document.querySelector(".frame").getBoundingClientRect().height`); h < 190 {
		t.Errorf("the slide is %v pixels high", h)
	}
	remote.picture("remote-slide", 390, 844)
	columns := h.State().Columns
	remote.click("#larger")
	h.until("larger letters", func(s *present.State) bool { return s.Columns != columns })
	remote.click("#blank")
	h.until("blank", func(s *present.State) bool { return s.Blank })
	remote.until(`document.getElementById("blank").getAttribute("aria-pressed") === "true"`)
	remote.click("#blank")
	js[bool](remote, tapTwice) // the step that fails
	remote.until(`!document.getElementById("skip").hidden && !document.getElementById("again").hidden`)
	remote.picture("remote-slide-trouble", 390, 844)
	remote.click("#skip")
	remote.until(`document.querySelector('[data-step="2"]').dataset.skipped === ""`)
}

// Notes and verdicts are printed for those who lead, if they ask for them.
func TestPrintOnRequest(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{Yes: true}, Options{})
	h.Do(present.Command{Do: present.VerbRun})
	h.until("the wait is through", func(s *present.State) bool { return s.Running == nil && s.Busy == "" && len(s.Log) == 2 })
	for _, role := range []Role{Audience, Remote, Presenter} {
		g := h.guest(role)
		for query, more := range map[string]bool{"": false, "?notes&verdicts": role != Audience} {
			_, body := g.ask("GET", "print"+query, "", nil)
			for _, text := range []string{"towel", "✓ passed in this talk", "not checked"} {
				if strings.Contains(body, text) != more {
					t.Errorf("%s, print%s: %q is there: %v", role, query, text, !more)
				}
			}
		}
	}
}

// All views say that a recording is one, and the marks do not change.
func TestReplayIsLabelled(t *testing.T) {
	const at = "2026-11-29T12:00:00"
	book, err := ledger.FromReport(strings.NewReader(
		`{"v":1,"time":"` + at + `Z","kind":"step-started","exercise":"deck/first","step":1,"directive":"bash",` +
			`"input":"echo \"six times seven is $((6 * 7))\""}
{"v":1,"time":"` + at + `.1Z","kind":"output","exercise":"deck/first","step":1,"text":"recorded 42\n$ "}
{"v":1,"time":"` + at + `.2Z","kind":"step-finished","exercise":"deck/first","step":1,"verdict":"passed","seconds":0.2}
{"v":1,"time":"` + at + `.2Z","kind":"step-started","exercise":"deck/first","step":2,"directive":"wait","input":"is 42"}
{"v":1,"time":"` + at + `.3Z","kind":"step-finished","exercise":"deck/first","step":2,"verdict":"passed","seconds":0.1}
`))
	if err != nil {
		t.Fatal(err)
	}
	h := openRoom(t, liveDeck, present.Options{Ledger: book}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	presenter.press("R")
	for _, b := range []*tab{presenter, audience} {
		b.until(screenText + `.includes("recorded 42") && ` + screenText + `.includes("End of the recording")`)
		b.until(`document.getElementById("terminal").dataset.recorded === "Recording of 29 November 2026, not live"`)
		b.until(`getComputedStyle(document.getElementById("terminal"), "::after").content.includes("not live")`)
		b.until(`!document.querySelector('#slide [data-step="0"]').dataset.state`)
	}
	audience.picture("audience-recording", 1280, 720)
	presenter.picture("presenter-recording", 1366, 768)
	missed := newTab(t, browser, js[string](audience, `location.href`)+"missed")
	missed.until(`!document.getElementById("none").hidden`)
	remote := join(t, browser, h.server.Invite(Remote))
	remote.until(`document.getElementById("step").textContent.includes("not live")`)
	for _, leave := range []func(){
		func() { presenter.types(kb.Escape) }, func() { presenter.click("#live") },
		func() { remote.click("#replay") },
	} {
		for _, b := range []*tab{presenter, remote} { // one button, and that one leaves
			b.until(`document.getElementById("stop").hidden`)
		}
		leave()
		for _, b := range []*tab{presenter, audience} {
			b.until(`document.getElementById("terminal").dataset.recorded === undefined`)
		}
		presenter.until(`document.getElementById("live").hidden`)
		presenter.press("R")
		remote.until(`document.getElementById("replay").textContent === "Leave it"`)
	}
}

// The panel of a failure offers the recording of the command where there is one, and only there.
func TestPanelOffersTheRecording(t *testing.T) {
	const at = "2026-11-29T12:00:00"
	book, err := ledger.FromReport(strings.NewReader(
		`{"v":1,"time":"` + at + `Z","kind":"step-started","exercise":"deck/first","step":1,"directive":"bash","input":"cat wanted"}
{"v":1,"time":"` + at + `.1Z","kind":"output","exercise":"deck/first","step":1,"text":"as it was\n$ "}
{"v":1,"time":"` + at + `.2Z","kind":"step-finished","exercise":"deck/first","step":1,"verdict":"passed","seconds":0.2}
`))
	if err != nil {
		t.Fatal(err)
	}
	h := openRoom(t, "# First\n\n.exercise[\n```bash\ncat wanted\n```\n```bash\nfalse\n```\n]\n",
		present.Options{Yes: true, Ledger: book}, Options{})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	remote := join(t, browser, h.server.Invite(Remote))
	presenter.do(chromedp.EmulateViewport(1280, 720))
	remote.do(chromedp.EmulateViewport(390, 844))
	const buttons = `[...document.querySelectorAll("#trouble button")].map((b) => b.textContent).join()`
	presenter.types(kb.Enter)
	presenter.until(buttons + ` === "aAgain,xSkip,eTake the shell,RReplay"`)
	presenter.until(`innerWidth === 1280 && new Set([...document.querySelectorAll("#trouble button")].map((b) => b.offsetTop)).size === 1`)
	presenter.until(`!document.querySelector("#trouble dl").textContent.includes("exit status")`) // the message says it
	presenter.click("#trouble button:last-child")
	presenter.until(screenText + `.includes("as it was")`)
	presenter.until(screenText + `.includes("End of the recording")`)
	presenter.press("R")
	presenter.until(`document.getElementById("terminal").dataset.recorded === undefined`)
	remote.until(`document.getElementById("replay").textContent === "Replay"`)
	remote.until(fmt.Sprintf(whole, "#again, #skip, #replay, #blank"))
	remote.click("#replay")
	presenter.until(screenText + `.includes("End of the recording")`)
	remote.until(`document.getElementById("replay").textContent === "Leave it" && document.getElementById("step").className === "warn"`)
	remote.picture("remote-recording", 390, 844)
	remote.click("#replay")
	presenter.until(`document.getElementById("terminal").dataset.recorded === undefined`)
	presenter.press("x")
	presenter.until(`document.getElementById("trouble").hidden`)
	presenter.types(kb.Enter) // also while a button of the hidden panel still has the focus
	presenter.until(buttons + ` === "aAgain,xSkip,eTake the shell"`)
	remote.until(`!document.getElementById("again").hidden && document.getElementById("replay").hidden`)
}

// The remote says that the presenter is asked whether the deck may run, and goes on when that was answered.
func TestRemoteSaysThatItIsAsked(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{}, Options{})
	browser := browsertest.Start(t)
	remote := join(t, browser, h.server.Invite(Remote))
	remote.do(chromedp.EmulateViewport(390, 844))
	remote.click("#run")
	remote.click("#run")
	remote.until(`document.getElementById("step").textContent.includes("It is asked there") && document.getElementById("run").hidden`)
	remote.picture("remote-asks", 390, 844)
	h.Do(present.Command{Do: present.VerbAllow})
	h.until("it ran", func(s *present.State) bool { return s.Running == nil && s.Busy == "" && len(s.Log) > 0 })
	remote.until(`!document.getElementById("step").textContent.includes("asked")`)
}

// A picture that is missing is named in its place, in the room and on paper.
func TestMissingPicture(t *testing.T) {
	h := openRoom(t, "# A\n\n![The plan](img/plan.png)\n\n![](other.png)\n", present.Options{}, Options{})
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	printed := newTab(t, browser, strings.TrimSuffix(js[string](audience, "location.href"), "/")+"/print")
	for _, page := range []*tab{audience, printed} {
		page.until(`[...document.querySelectorAll(".absent")].map((e) => e.textContent).join() === "The plan (picture ` +
			`missing),other.png (picture missing)"`)
		page.until(`document.querySelector("img") === null`)
	}
	audience.picture("picture-missing", 390, 844)
}

// Words of a table are whole on paper where that is possible, and a word that is too long is broken.
func TestPrintedTable(t *testing.T) {
	deck := func(word string) string {
		return "# A\n\n| Path | Count | Share | What it means for the people who run the site at night |\n|---|--:|--:|---|\n" +
			"| `/page/1` | 2 | 40 % | " + word + " the most popular page, because it is the first link |\n"
	}
	h := openRoom(t, deck("")+"\n---\n\n"+deck(strings.Repeat("x", 300)), present.Options{}, Options{})
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	printed := newTab(t, browser, strings.TrimSuffix(js[string](audience, "location.href"), "/")+"/print")
	for _, width := range []int64{1280, 390} {
		printed.do(chromedp.EmulateViewport(width, 844))
		printed.until(fmt.Sprintf("innerWidth === %d", width))
		printed.until(`[...document.querySelectorAll("section:first-of-type th")].slice(0, 3).every((e) => {
			const range = document.createRange();
			range.selectNodeContents(e);
			return range.getClientRects().length === 1;
		})`)
		printed.until(`[...document.querySelectorAll(".scroll")].every((e) => e.scrollWidth <= e.clientWidth + 1)`)
	}
}

// What was said to the presenter is not cut for the clock, and can be read where it is. What runs before a step is a key.
func TestResumedOnThePage(t *testing.T) {
	dir := t.TempDir()
	open := func() *room {
		return openRoom(t, liveDeck, present.Options{Yes: true, Memory: present.NewMemory(dir, "x")}, Options{Length: 45 * time.Minute})
	}
	h := open()
	h.Do(present.Command{Do: present.VerbGoto, Text: "2"})
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = open()
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	for _, s := range [][2]int64{{1366, 768}, {1280, 720}, {390, 844}} {
		presenter.do(chromedp.EmulateViewport(s[0], s[1]))
		presenter.until(fmt.Sprintf("innerWidth === %d", s[0]))
		presenter.until(`document.getElementById("state").textContent === "resumed at slide 2 in a new shell: F runs what came before"`)
		presenter.until(`((e) => e.scrollWidth <= e.clientWidth + 1)(document.getElementById("state"))`)
		if s[0] == 390 { // where nothing can be pointed at
			presenter.until(`((e) => e.scrollWidth <= e.clientWidth + 1)(document.getElementById("left"))`)
		}
		presenter.until("document.documentElement.scrollWidth <= innerWidth")
		presenter.picture(fmt.Sprintf("resumed-%dx%d", s[0], s[1]), s[0], s[1])
	}
	presenter.press("F")
	h.until("it ran", func(s *present.State) bool { return s.Running == nil && s.Busy == "" && len(s.Log) > 0 })
}

// covered are the elements that the word on the line to the talk lies over; "none": there is no such word.
const covered = `(() => {
	scrollTo(0, 0);
	const link = document.getElementById("link"), l = link.getBoundingClientRect();
	if (l.height === 0 || l.top < 0 || l.bottom > innerHeight) return "none";
	return [...document.querySelectorAll("body *")].filter((e) => {
		const r = e.getBoundingClientRect();
		return !link.contains(e) && !e.classList.contains("aside") && e.checkVisibility({ visibilityProperty: true }) && r.width * r.height > 0 &&
			r.left < l.right && r.right > l.left && r.top < l.bottom - 1 && r.bottom > l.top + 1;
	}).map((e) => e.outerHTML.slice(0, 80)).join("\n");
})()`

// The word on the line to the talk covers nothing at any size, and nothing else is moved out of sight for it.
func TestTheEndCoversNothing(t *testing.T) {
	h := openRoom(t, "# A heading that is as wide as a phone and goes on\n\n"+strings.Repeat("- Text\n", 12), present.Options{}, Options{})
	browser := browsertest.Start(t)
	pages := map[string]*tab{}
	for name, role := range map[string]Role{"presenter": Presenter, "remote": Remote, "audience": Audience} {
		pages[name] = join(t, browser, h.server.Invite(role))
		pages[name].until(`document.getElementById("slide").textContent !== ""`)
		if name != "audience" && js[string](pages[name], `document.getElementById("timer").textContent`) == "" {
			t.Errorf("%s has no clock", name)
		}
		pages[name].until(`document.getElementById("count").offsetHeight < 40`)
	}
	pages["missed"] = newTab(t, browser, strings.TrimSuffix(js[string](pages["audience"], "location.href"), "/")+"/missed")
	pages["missed"].until(`"live" in document.body.dataset`)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for name, page := range pages {
		page.until(`document.getElementById("link").textContent === "The talk has ended."`)
		for _, s := range [][2]int64{{1280, 720}, {1024, 768}, {844, 390}, {390, 844}} {
			page.do(chromedp.EmulateViewport(s[0], s[1]))
			page.until(fmt.Sprintf("innerWidth === %d && innerHeight === %d", s[0], s[1]))
			page.until(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
			if got := js[string](page, covered); got != "" {
				t.Errorf("%s at %v: it covers %s", name, s, got)
			}
			if scrolls := name == "missed" || name == "presenter" && s[0] < 1024; !scrolls &&
				js[bool](page, "document.documentElement.scrollHeight > innerHeight") {
				t.Errorf("%s at %v: its last row is out of sight", name, s)
			}
			if js[bool](page, "document.documentElement.scrollWidth > innerWidth") {
				t.Errorf("%s at %v: it is too wide", name, s)
			}
			page.picture(fmt.Sprintf("end-%s-%dx%d", name, s[0], s[1]), s[0], s[1])
		}
	}
}

// When the talk is over its clocks stand, and show how long it has taken and what was left of it.
func TestClocksStandAtTheEnd(t *testing.T) {
	h := openRoom(t, "# Only\n", present.Options{}, Options{Length: 30 * time.Minute})
	browser := browsertest.Start(t)
	presenter, remote := join(t, browser, h.server.Invite(Presenter)), join(t, browser, h.server.Invite(Remote))
	clocks := map[*tab][]string{presenter: {"timer", "left", "now"}, remote: {"timer"}}
	for page, ids := range clocks { // from now on it is ten minutes later
		js[int](page, `(() => { const at = Date.now; Date.now = () => at() + 600000; return 1; })()`)
		page.until(`document.getElementById("timer").textContent.startsWith("10:")`)
		if slices.Contains(ids, "left") {
			page.until(`/^(20:00|19:\d\d) left: 0 min of commands, (19|20) for talking$/.test(document.getElementById("left").textContent)`)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for page, ids := range clocks {
		page.until(`document.getElementById("link").textContent === "The talk has ended."`)
		shown := `[` + "\"" + strings.Join(ids, `","`) + `"].map((id) => document.getElementById(id).textContent).join()`
		end := js[string](page, shown)
		if !strings.HasPrefix(end, "10:") {
			t.Errorf("at the end the clocks show %q", end)
		}
		// An hour later, after two seconds of the page's own clocks.
		js[int](page, `(() => {
			const at = Date.now;
			Date.now = () => at() + 3600000;
			window.seconds = 0;
			setInterval(() => window.seconds++, 1000);
			return 1;
		})()`)
		page.until("window.seconds >= 2")
		if got := js[string](page, shown); got != end {
			t.Errorf("the talk is over: %q, later %q", end, got)
		}
	}
}

// The last slide has none behind it, and when the talk is over nothing can be ordered any more.
func TestTheEnd(t *testing.T) {
	h := openRoom(t, "# Only\n", present.Options{}, Options{})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	remote := join(t, browser, h.server.Invite(Remote))
	presenter.until(`document.getElementById("next-title").textContent === "this is the last slide" && ` +
		`document.getElementById("after").parentElement.hidden`)
	remote.until(`document.getElementById("step").textContent === "There are no steps on this slide."`)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for page, button := range map[*tab]string{presenter: "#next", remote: "#next"} {
		page.until(`document.getElementById("link").textContent === "The talk has ended."`)
		page.until(`getComputedStyle(document.querySelector("` + button + `")).pointerEvents === "none"`)
	}
	remote.picture("remote-end", 390, 844)
	presenter.press("?")
	presenter.click("#help button") // what is open can still be closed
	presenter.until(`!document.getElementById("help").open`)
}

// The presenter sees how many minutes of commands and of talking are left.
func TestPaceOfTheTalk(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{}, Options{Length: 30 * time.Minute})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	presenter.until(`document.getElementById("left").textContent.endsWith(" left: 0 min of commands and 2 not measured, 30 for talking")`)
	presenter.picture("presenter-pace", 1280, 720)
	presenter.types(kb.ArrowRight)
	presenter.until(`document.getElementById("left").textContent.endsWith(" left: 0 min of commands, 30 for talking")`)
}
