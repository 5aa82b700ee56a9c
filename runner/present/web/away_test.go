package web

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"workshop/runner/page/browsertest"
	"workshop/runner/present"
)

// hide has a page believe that nobody sees it, or that somebody does again.
func (b *tab) hide(hidden bool) {
	b.t.Helper()
	js[bool](b, fmt.Sprintf(`(() => {
		Object.defineProperty(document, "hidden", { configurable: true, get: () => %v });
		return document.dispatchEvent(new Event("visibilitychange"));
	})()`, hidden))
}

// After a restart the remote says what the presenter's page says, and runs what came before with the same words.
func TestRemoteAfterARestart(t *testing.T) {
	deck := "# One\n\n.exercise[\n```bash\necho first\n```\n]\n\n---\n\n# Two\n\n.exercise[\n```bash\necho second\n```\n]\n\n---\n\n# Three\n"
	dir := t.TempDir()
	h := openRoom(t, deck, present.Options{Yes: true, Memory: present.NewMemory(dir, "x")}, Options{Resizes: true})
	h.Do(present.Command{Do: present.VerbNext})
	h.Do(present.Command{Do: present.VerbSelect, N: 1}) // as if all steps were run
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = openRoom(t, deck, present.Options{Yes: true, Memory: present.NewMemory(dir, "x")}, Options{Resizes: true})
	browser := browsertest.Start(t)
	remote := join(t, browser, h.server.Invite(Remote))
	remote.do(chromedp.EmulateViewport(390, 844))
	presenter := join(t, browser, h.server.Invite(Presenter))
	presenter.do(chromedp.EmulateViewport(1280, 720))
	const offers = `!document.getElementById("forward").hidden && document.getElementById("forward").textContent === "FRun what came before"`
	said := js[string](presenter, `document.getElementById("state").textContent`)
	if said != "resumed at slide 2 in a new shell: F runs what came before" {
		t.Errorf("the presenter's page says %q", said)
	}
	remote.until(fmt.Sprintf(`document.getElementById("step").textContent === %q`, said))
	for _, b := range []*tab{remote, presenter} {
		b.until(offers)
	}
	remote.until(`((e) => e.scrollWidth <= e.clientWidth)(document.getElementById("forward")) && ` +
		`document.documentElement.scrollWidth <= innerWidth`)
	remote.picture("remote-restart", 390, 844)
	presenter.picture("presenter-restart", 1280, 720)
	presenter.picture("presenter-restart-phone", 390, 844)
	h.Do(present.Command{Do: present.VerbNext}) // a slide without steps has it as well
	remote.until(offers + ` && document.getElementById("step").textContent === "There are no steps on this slide. F runs what came before."`)
	h.Do(present.Command{Do: present.VerbPrev})
	remote.until(count(2, 3) + " && " + offers)
	remote.click("#forward")
	remote.until(`document.getElementById("forward").className === "armed" && document.getElementById("forward").textContent === "FTap again"`)
	if n := len(h.State().Log); n != 0 {
		t.Error("one tap has run something")
	}
	js[bool](remote, `(() => {
		const forward = document.getElementById("forward");
		if (forward.className !== "armed") forward.click();
		forward.click();
		return true;
	})()`)
	h.until("the first step ran", func(s *present.State) bool { return s.Running == nil && s.Busy == "" && len(s.Log) == 1 })
	if s := h.State(); s.Log[0].Step.Index != 0 || s.Slide != 1 {
		t.Errorf("step %d, slide %d", s.Log[0].Step.Index, s.Slide+1)
	}
	for _, b := range []*tab{remote, presenter} { // nothing is left that comes before
		b.until(`document.getElementById("forward").hidden`)
	}
	h.Do(present.Command{Do: present.VerbGoto, Text: "nowhere"})
	// What cannot be done is said.
	remote.until(`document.getElementById("step").textContent.startsWith("there is no slide") && ` +
		`document.getElementById("step").className === "bad"`)
}

// A page that nobody saw when the talk ended says so when it is seen again, and its clock stands where it was.
func TestEndOfTheTalkBehindAHiddenPage(t *testing.T) {
	h := openRoom(t, "# Only\n", present.Options{}, Options{Length: 30 * time.Minute})
	browser := browsertest.Start(t)
	pages := map[string]*tab{}
	for name, role := range map[string]Role{"presenter": Presenter, "remote": Remote, "audience": Audience} {
		b := join(t, browser, h.server.Invite(role))
		b.until(`document.getElementById("slide").textContent !== ""`)
		b.hide(true)
		pages[name] = b
	}
	if err := errors.Join(h.Close(), h.server.Close()); err != nil {
		t.Fatal(err)
	}
	for name, b := range pages {
		clock := ""
		if name != "audience" {
			clock = js[string](b, `document.getElementById("timer").textContent`)
		}
		js[int](b, `(() => { const at = Date.now; Date.now = () => at() + 3600000; return 1; })()`) // an hour later
		b.hide(false)
		b.until(`document.getElementById("link").textContent === "The talk has ended, or cannot be reached from here."`)
		if name == "audience" {
			continue
		}
		b.until(`getComputedStyle(document.getElementById("next")).pointerEvents === "none"`)
		js[int](b, `(() => { window.seconds = 0; setInterval(() => window.seconds++, 1000); return 1; })()`)
		b.until("window.seconds >= 2")
		if got := js[string](b, `document.getElementById("timer").textContent`); got != clock {
			t.Errorf("%s: the clock has gone on from %q to %q", name, clock, got)
		}
		b.picture("end-hidden-"+name, 390, 844)
	}
}

// A page that was hidden, and whose talk goes on, goes on.
func TestHiddenPageComesBack(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{}, Options{})
	browser := browsertest.Start(t)
	remote := join(t, browser, h.server.Invite(Remote))
	remote.until(count(1, 3))
	remote.hide(true)
	h.Do(present.Command{Do: present.VerbNext})
	js[int](remote, `(() => { const at = Date.now; Date.now = () => at() + 600000; return 1; })()`)
	remote.hide(false)
	remote.until(count(2, 3) + ` && document.getElementById("link").hidden && document.getElementById("timer").textContent.startsWith("10:")`)
}

// An order that does not arrive is said on the page, and not later.
func TestUnsent(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{Yes: true}, Options{Resizes: true})
	wire := newLine(t, h.server.hosts[0])
	h.server.hosts = append([]string{wire.Addr().String()}, h.server.hosts...)
	browser := browsertest.Start(t)
	for name, role := range map[string]Role{"presenter": Presenter, "remote": Remote} {
		b := join(t, browser, h.server.Invite(role))
		b.do(chromedp.EmulateViewport(390, 844))
		b.until(count(1, 3) + ` && document.getElementById("next").checkVisibility()`)
		wire.cut(true)
		b.until(`document.getElementById("line").textContent !== ""`)
		js[bool](b, `(() => { // what is said goes again
			window.told = [];
			new MutationObserver(() => { const text = document.getElementById("unsent"); if (text.checkVisibility()) told.push(text.textContent); })
				.observe(document.getElementById("unsent"), { childList: true });
			return true;
		})()`)
		b.click("#next")
		b.until(`window.told.includes("Not sent: the talk cannot be reached")`)
		b.picture("unsent-"+name, 390, 844)
		b.until(`document.getElementById("unsent").textContent === ""`)
		wire.cut(false)
		b.until(`"live" in document.body.dataset && document.getElementById("link").hidden`)
		if s := h.State(); s.Slide != 0 {
			t.Errorf("%s: it was sent later", name)
		}
	}
}

// A link that leads nowhere looks different in the room, and cannot be followed.
func TestBrokenLink(t *testing.T) {
	h := openRoom(t, "# A\n\n[gone](nowhere.md), [none](#none), [here](#a)\n", present.Options{}, Options{})
	h.State().Current().Slide().Nowhere = []string{"nowhere.md", "#none"}
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	audience.until(`document.querySelector("#slide p").textContent === "gone (broken link), none (broken link), here"`)
	audience.until(`[...document.querySelectorAll("#slide a")].map((a) => a.textContent).join() === "here"`)
	audience.picture("broken-link", 1280, 720)
	audience.picture("broken-link-phone", 390, 844)
}

// A terminal that is wider than the page shows at its sides that there is more, also while it shows a recording.
func TestWideTerminalOnAPhone(t *testing.T) {
	h := openRoom(t, "# A\n\n.exercise[\n```bash\nprintf '%0100d\\n' {1..9}\n```\n]\n", present.Options{Yes: true}, Options{})
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	audience.do(chromedp.EmulateViewport(390, 844))
	h.Do(present.Command{Do: present.VerbResize, Cols: 100, Rows: 30})
	h.Do(present.Command{Do: present.VerbRun})
	h.until("it ran", func(s *present.State) bool { return s.Running == nil && s.Busy == "" && len(s.Log) == 1 })
	const sign = `getComputedStyle(document.getElementById("terminal"), "::before").content`
	more := func(where, signs string) {
		t.Helper()
		audience.until(fmt.Sprintf(`document.getElementById("terminal").dataset.more === %q && %s === %q`, where, sign, signs))
	}
	scroll := func(to string) { js[int](audience, `(document.querySelector(".scroller").scrollLeft = `+to+`, 1)`) }
	more("right", `"›"`)
	audience.picture("wide-terminal", 390, 844)
	scroll("20")
	more("left right", `"‹ ›"`)
	audience.picture("wide-terminal-middle", 390, 844)
	scroll("9999")
	more("left", `"‹"`)
	audience.do(chromedp.EmulateViewport(1280, 720))
	more("", "none")
	if text := js[string](audience, screenText); !strings.Contains(text, "0001") {
		t.Errorf("%s", text)
	}
}

// Whoever has paged back sees the marks of that slide as they are, also of a step that runs from another slide. The
// remote says on which slide a step has failed, and offers the steps of its own slide.
func TestMarksElsewhere(t *testing.T) {
	deck := "# One\n\n.exercise[\n```bash\nread x; false\n```\n]\n\n---\n\n# Two\n\n.exercise[\n```bash\ntrue\n```\n]\n"
	h := openRoom(t, deck, present.Options{Yes: true}, Options{})
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	remote := join(t, browser, h.server.Invite(Remote))
	remote.do(chromedp.EmulateViewport(390, 844))
	presenter := join(t, browser, h.server.Invite(Presenter))
	h.Do(present.Command{Do: present.VerbNext})
	audience.until(count(2, 2))
	audience.click("#back")
	audience.until(count(1, 2) + ` && document.getElementById("back").disabled`)
	state := func(text string) {
		t.Helper()
		audience.until(count(1, 2) + fmt.Sprintf(` && document.querySelector("#slide [data-step]").dataset.state === %q`, text))
	}
	h.Do(present.Command{Do: present.VerbForward})
	h.until("it runs", func(s *present.State) bool { return s.Running != nil })
	state("running")
	h.Do(present.Command{Do: present.VerbInput, Text: "x\r"})
	state("failed")
	remote.until(`document.getElementById("step").textContent.startsWith("Slide 1 · One: the command ended with status 1: read x")`)
	remote.until(`document.getElementById("run").textContent === "Run  true" && !document.getElementById("run").hidden ` +
		`&& !document.getElementById("skip").hidden`)
	remote.until("document.documentElement.scrollHeight <= innerHeight")
	remote.picture("remote-trouble-elsewhere", 390, 844)
	presenter.until(`document.querySelector("#trouble dl").innerText.includes("1 · One")`)
	h.Do(present.Command{Do: present.VerbSkip})
	audience.until(`"skipped" in document.querySelector("#slide [data-step]").dataset`)
}

// A page that says how large the terminal is says so again when it comes back: the talk may have been started again.
func TestSizeAfterALine(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{Yes: true}, Options{Resizes: true})
	wire := newLine(t, h.server.hosts[0])
	h.server.hosts = append([]string{wire.Addr().String()}, h.server.hosts...)
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	presenter.click("#start")
	var rows int
	h.until("the page's size", func(s *present.State) bool {
		if s.Terminal == nil || s.Busy != "" || len(s.Terminal.Lines) == 24 {
			return false
		}
		rows = len(s.Terminal.Lines)
		return true
	})
	h.Do(present.Command{Do: present.VerbResize, Cols: 80, Rows: 24}) // as that of a new talk
	h.until("another size", func(s *present.State) bool { return len(s.Terminal.Lines) == 24 })
	wire.cut(false)
	h.until("the page's size again", func(s *present.State) bool { return len(s.Terminal.Lines) == rows })
}

// A link within the deck pages back to its slide, and says so where it does not.
func TestLinksOfTheAudience(t *testing.T) {
	h := openRoom(t, "# One\n\n[on](#two) [nowhere](#none)\n\n---\n\n# Two\n\n[back](#one)\n", present.Options{}, Options{})
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	said := func(text string) {
		t.Helper()
		audience.until(fmt.Sprintf(`document.getElementById("unsent").textContent === %q`, text))
	}
	audience.until(count(1, 2))
	audience.click(`a[href="#two"]`)
	said("The talk has not come there yet")
	audience.click(`a[href="#none"]`)
	said("There is no such slide")
	h.Do(present.Command{Do: present.VerbNext})
	audience.until(count(2, 2))
	audience.click(`a[href="#one"]`)
	audience.until(count(1, 2) + ` && !document.getElementById("away").hidden`)
	audience.click(`a[href="#two"]`)
	audience.until(count(2, 2) + ` && document.getElementById("away").hidden`)
}

// A presenter without the pen is told why nothing can be pressed.
func TestWithoutThePen(t *testing.T) {
	h := openRoom(t, "# A\n", present.Options{}, Options{})
	browser := browsertest.Start(t)
	first := join(t, browser, h.server.Invite(Presenter))
	first.until(`document.getElementById("state").textContent === ""`)
	join(t, browser, h.server.Invite(Presenter)) // takes the pen
	first.until(`document.getElementById("state").textContent.endsWith(" has the pen: you can look.")`)
	first.picture("no-pen", 1280, 720)
}
