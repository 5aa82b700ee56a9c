package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"workshop/runner/page/browsertest"
	"workshop/runner/present"
)

const liveDeck = `# First

.exercise[
` + "```bash" + `
echo "six times seven is $((6 * 7))"
` + "```" + `
<!--
` + "```wait is 42```" + `
-->
` + "```bash" + `
false
` + "```" + `
]

???

Remember the **towel**.

---

# Second

[again](#first)

---

# Third
`

// count is a condition: the page shows a slide.
func count(n, of int) string {
	return fmt.Sprintf(`document.getElementById("count").textContent === "%d / %d"`, n, of)
}

func badge(index int, text string) string {
	return fmt.Sprintf(`document.querySelector('#steps [data-index="%d"] .badge')?.textContent.startsWith(%q)`, index, text)
}

// selects is a condition: the presenter's page selects a step, which is so when the one before it has ended.
func selects(index int) string {
	return fmt.Sprintf(`document.querySelector("#steps [aria-current]")?.dataset.index === "%d"`, index)
}

// tapTwice runs the step of a remote. Between the two taps there is no time in which the page
// could forget the first one.
const tapTwice = `(() => {
	const run = document.getElementById("run");
	if (run.className !== "armed") run.click();
	run.click();
	return true;
})()`

// Audience, presenter and remote at once, then somebody who comes late.
func TestThreeViewsAtOnce(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	remote := join(t, browser, h.server.Invite(Remote))

	// Turning slides, from all who may; nothing runs.
	remote.click("#next")
	for _, b := range []*tab{presenter, audience, remote} {
		b.until(count(2, 3))
	}
	audience.until(`document.getElementById("polite").textContent === "Slide 2 of 3: Second"`)
	presenter.types(kb.PageUp)
	for _, b := range []*tab{presenter, audience, remote} {
		b.until(count(1, 3))
	}
	presenter.until(`document.getElementById("notes").textContent.includes("towel")`)
	remote.until(`document.getElementById("notes").textContent.includes("towel")`)
	html := js[string](audience, `document.documentElement.outerHTML + JSON.stringify(performance.getEntriesByType("resource"))`)
	if strings.Contains(html, "towel") || strings.Contains(html, "is 42") {
		t.Error("the audience sees notes or hidden steps")
	}

	// Nothing runs before consent, and the remote cannot give it.
	remote.click("#run")
	remote.until(`document.getElementById("run").className === "armed"`)
	if s := h.State(); s.Consent != nil || len(s.Log) > 0 {
		t.Error("one tap has run something")
	}
	js[bool](remote, tapTwice)
	presenter.until(`document.getElementById("consent").open`)
	steps := js[string](presenter, `document.getElementById("consent-steps").innerText`)
	if !strings.Contains(steps, "is 42") || !strings.Contains(steps, "hidden") || !strings.Contains(steps, "false") {
		t.Errorf("consent to %s", steps)
	}
	presenter.click("#allow")
	audience.until(screenText + `.includes("six times seven is 42")`)
	presenter.until(badge(1, "✓ passed"))
	presenter.until(badge(0, "✓ passed"))
	audience.until(`document.querySelector('[data-step="0"]').dataset.state === "passed"`)
	audience.until(`document.getElementById("polite").textContent.startsWith("passed: echo")`)
	if js[bool](presenter, "!("+count(1, 3)+")") {
		t.Error("running has turned the slide")
	}

	// A step that fails: what came, and again, skip, the shell.
	remote.until(`document.getElementById("run").textContent.includes("false")`)
	js[bool](remote, tapTwice)
	presenter.until(`document.querySelector("#trouble .why")?.textContent.includes("status 1")`)
	remote.until(`document.getElementById("step").className === "bad"`)
	presenter.until(`document.getElementById("assertive").textContent.includes("status 1")`)
	buttons := js[string](presenter, `[...document.querySelectorAll("#trouble button")].map((b) => b.textContent).join()`)
	if buttons != "aAgain,xSkip,eTake the shell" {
		t.Errorf("offered: %s", buttons)
	}
	presenter.click("#trouble button:nth-of-type(2)")
	presenter.until(`document.getElementById("trouble").hidden`)
	presenter.until(badge(2, "✗ failed, skipped"))

	// Typing: text, Ctrl, arrows, a composition, a paste; nothing of it turns slides.
	presenter.press("x")
	presenter.until(`document.activeElement.id === "keys"`)
	presenter.types("echo by-hand-$((40 + 2))" + kb.Enter)
	presenter.until(screenText + `.includes("by-hand-42")`)
	audience.until(screenText + `.includes("by-hand-42")`)
	// The program says itself that it runs: bash can swallow a ^C that comes while it starts one.
	presenter.types("sh -c 'echo sleeps; exec sleep 1000'" + kb.Enter)
	presenter.until(screenText + `.includes("\nsleeps")`)
	presenter.do(chromedp.KeyEvent("c", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	presenter.until(`/\^C\s*\n\$\s*$/.test(` + screenText + `.trimEnd())`) // the prompt is back
	presenter.types("echo arrow-x" + kb.ArrowLeft + kb.Backspace + "-" + kb.ArrowRight + "y" + kb.Enter)
	presenter.until(screenText + `.includes("\narrow-xy")`)
	compose(t, presenter, "echo 日本", "語")
	presenter.types(kb.Enter)
	presenter.until(screenText + `.includes("\n日本語")`)
	js[bool](presenter, `(() => {
		const data = new DataTransfer();
		data.setData("text/plain", "echo pasted\x1b[201~\r\necho twice");
		const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
		return document.getElementById("keys").dispatchEvent(paste);
	})()`)
	presenter.until(screenText + `.includes("echo twice")`)
	if text := js[string](presenter, screenText); strings.Contains(text, "\npasted") {
		t.Errorf("a paste has run by itself:\n%s", text)
	}
	presenter.types(kb.Enter)
	presenter.until(screenText + `.includes("\ntwice")`)
	presenter.do(chromedp.KeyEvent(kb.Escape, chromedp.KeyModifiers(chromedp.ModifierShift)))
	presenter.until(`document.activeElement.id !== "keys"`)
	if s := h.State(); s.Slide != 0 {
		t.Errorf("typing has turned to slide %d", s.Slide+1)
	}

	// Whoever comes late sees all there is, and what has been.
	late := join(t, browser, h.server.Invite(Audience))
	late.until(count(1, 3) + " && " + screenText + `.includes("twice")`)
	late.until(`document.querySelector('[data-step="0"]').dataset.state === "passed"`)
	missed := newTab(t, browser, js[string](late, `location.href`)+"missed")
	missed.until(`document.querySelectorAll("#log li").length === 2`)
	got := js[string](missed, `document.getElementById("log").innerText`)
	if !strings.Contains(got, `echo "six times seven is $((6 * 7))"`) || !strings.Contains(got, "\nsix times seven is 42") {
		t.Errorf("missed:\n%s", got)
	}
	missed.click("#whole")
	missed.until(`document.querySelector("#past pre").textContent.includes("by-hand-42")`)
	missed.click("#log button")
	missed.until(`["Cop", "Could"].some((word) => document.querySelector("#log button").textContent.startsWith(word))`)

	// Overview, search, links within the deck.
	presenter.press("t")
	presenter.until(`document.getElementById("overview").open`)
	presenter.types("thi")
	presenter.until(`document.querySelectorAll("#list button").length === 1`)
	presenter.types(kb.Enter)
	audience.until(count(3, 3))
	presenter.until(`!document.getElementById("overview").open`)
	presenter.types(kb.ArrowLeft)
	presenter.until(count(2, 3))
	presenter.click(`#slide a[href="#first"]`)
	audience.until(count(1, 3))
	presenter.press("b")
	audience.until(`getComputedStyle(document.querySelector(".stage")).visibility === "hidden"`)
	presenter.press("b")
	audience.until(`getComputedStyle(document.querySelector(".stage")).visibility === "visible"`)

	if elsewhere := js[[]string](presenter, elsewhereLoaded); len(elsewhere) > 0 {
		t.Errorf("loaded from elsewhere: %q", elsewhere)
	}
}

const claimDeck = "## A claim\n\n.exercise[\n```bash\nread x; echo starting; false\n```\n<!-- ```wait READY``` -->\n]\n"

// A command that a hidden wait follows is running until the wait is through, for everybody, and then as it has come out.
func TestClaimThatIsNotTrue(t *testing.T) {
	h := openRoom(t, claimDeck, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	remote := join(t, browser, h.server.Invite(Remote))
	missed := newTab(t, browser, js[string](audience, `location.href`)+"missed")
	shown := func(state string) string {
		return fmt.Sprintf(`document.querySelector('[data-step="0"]').dataset.state === %q`, state)
	}
	verdict := func(text string) string {
		return fmt.Sprintf(`document.querySelector("#log .verdict")?.textContent === %q`, text)
	}

	presenter.press("y")
	presenter.until(selects(1))
	presenter.until(badge(0, "running") + " && " + shown("running"))
	audience.until(shown("running"))
	missed.until(verdict("running …"))

	h.Do(present.Command{Do: present.VerbInput, Text: "x\r"})
	audience.until(screenText + `.includes("\nstarting")`)
	presenter.until(badge(0, "✗ failed") + " && " + badge(1, "✗ failed") + " && " + shown("failed"))
	audience.until(shown("failed"))
	audience.until(`document.getElementById("polite").textContent.startsWith("failed: read x")`)
	remote.until(`document.getElementById("step").className === "bad"`)
	missed.until(verdict("✗ not as expected"))

	presenter.click("#trouble button:nth-of-type(2)")
	presenter.until(badge(0, "✗ failed, skipped") + " && " + badge(1, "✗ failed, skipped"))
	audience.until(shown("failed") + ` && document.querySelector('[data-step="0"]').dataset.skipped === ""`)
	missed.until(verdict("✗ not as expected, skipped"))
}

// lateDeck is a deck whose first exercise fails when it is over, as soon as it is told to.
func lateDeck(t *testing.T) (deck string, fail func()) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	deck = "## Late\n\n.exercise[\n```bash\necho re''ady; read x < " + pipe + "; false\n```\n" +
		"<!-- ```wait ready``` -->\n]\n" +
		".exercise[\n```bash\ntrue\n```\n```bash\ntrue\n```\n]\n"
	return deck, func() {
		t.Helper()
		if err := os.WriteFile(pipe, []byte("\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// An exercise whose command fails when the exercise is over has failed, for everybody.
func TestLateFailure(t *testing.T) {
	deck, fail := lateDeck(t)
	h := openRoom(t, deck, present.Options{Yes: true}, Options{})
	run := func() {
		n := len(h.State().Log)
		h.Do(present.Command{Do: present.VerbRun})
		h.until("the step ends", func(s *present.State) bool {
			return s.Running == nil && s.Busy == "" && len(s.Log) > n
		})
	}
	// marks are the visible steps for the audience, and the log for those who missed them.
	marks := func() string {
		var all []string
		for _, step := range stepsOf(h.State(), Audience).Steps {
			all = append(all, string(step.State))
		}
		entries, _ := logFrom(h.State(), 0, maxLog)
		for _, e := range entries {
			all = append(all, "log: "+string(e.State))
		}
		return strings.Join(all, ", ")
	}
	expect := func(want string) {
		t.Helper()
		if got := marks(); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	run()
	expect("passed, , , log: passed")
	fail()
	run()
	expect("failed, passed, , log: failed, log: passed")
	if v := troubleOf(h.State()); v == nil || !v.Late || v.Index != 0 || v.Message != "the command ended with status 1" {
		t.Errorf("%+v", v)
	}
	run()
	expect("failed, passed, passed, log: failed, log: passed, log: passed")
}

// Pages show the failure as well, also where the command is not the last of the log.
func TestLateFailureOnPages(t *testing.T) {
	deck, fail := lateDeck(t)
	h := openRoom(t, deck, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	remote := join(t, browser, h.server.Invite(Remote))
	missed := newTab(t, browser, js[string](audience, `location.href`)+"missed")
	state := func(index int, state string) string {
		return fmt.Sprintf(`document.querySelector('[data-step="%d"]').dataset.state === %q`, index, state)
	}
	verdicts := func(texts string) string {
		const all = `[...document.querySelectorAll("#log .verdict")]`
		return fmt.Sprintf(all+`.map((v) => v.textContent).join() === %q`, texts)
	}
	presenter.press("y")
	presenter.until(selects(2) + " && " + badge(0, "✓ passed"))
	audience.until(state(0, "passed"))
	missed.until(verdicts("✓ checked"))
	fail() // nobody does anything: the pages show it by themselves
	presenter.until(badge(0, "✗ failed"))
	presenter.until(`document.querySelector("#trouble .why").textContent === "the command ended with status 1"`)
	presenter.until(`document.getElementById("trouble").innerText.includes("failed when the exercise was over.")`)
	audience.until(state(0, "failed"))
	remote.until(`document.querySelector("#step.bad")?.textContent.startsWith("the command ended with status 1: echo")`)
	missed.until(verdicts("✗ not as expected"))
	presenter.click("#trouble button:nth-of-type(2)")
	presenter.until(badge(0, "✗ failed, skipped"))
	presenter.press("y")
	presenter.until(badge(2, "✓ passed"))
	audience.until(state(2, "passed"))
	missed.until(verdicts("✗ not as expected, skipped,✓ checked"))
}

const sizesDeck = "# Sizes\n\n.exercise[\n```bash\necho 3000 a 7000 b\n```\n<!--\n```figure small /(\\d+) a/ B```\n" +
	"```figure large /(\\d+) b/ B```\n-->\n]\n\n- Twice as large\n\n<!-- .exercise[\n```claim large / small in 2..2.35```\n] -->\n"

// TestFiguresOnPages shows figures beside their sentences to all, when the presenter wants that.
func TestFiguresOnPages(t *testing.T) {
	h := openRoom(t, sizesDeck, present.Options{Yes: true}, Options{Resizes: true})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	both := func(text string) {
		for _, b := range []*tab{presenter, audience} {
			b.until(fmt.Sprintf(`document.querySelector("#slide li p").innerText === %q`, text))
		}
	}
	both("Twice as large")
	presenter.press("f")
	both("Twice as large · large / small: not measured")
	presenter.press("y")
	both("Twice as large ✓ large / small: 2.33, narrowly")
	presenter.until(`document.getElementById("figures").ariaPressed === "true"`)
	presenter.press("f")
	both("Twice as large")
}

// compose types with an input method.
func compose(t *testing.T, b *tab, parts ...string) {
	t.Helper()
	for _, text := range parts {
		_, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
			composition := input.ImeSetCompositionParams{Text: text, SelectionStart: int64(len(text)), SelectionEnd: int64(len(text))}
			if _, err := cdp.Call(ctx, target, input.ImeSetComposition, composition); err != nil {
				return cdp.Empty{}, err
			}
			return cdp.Call(ctx, target, input.InsertText, input.InsertTextParams{Text: text})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// line is a connection to a server that can be cut.
type line struct {
	net.Listener
	to   string
	mu   sync.Mutex
	down bool
	open map[net.Conn]bool
	work sync.WaitGroup
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &line{Listener: l, to: to, open: map[net.Conn]bool{}}
	c.work.Go(func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
			c.mu.Lock()
			if err != nil || c.down {
				c.mu.Unlock()
				a.Close()
				if b != nil {
					b.Close()
				}
				continue
			}
			c.open[a], c.open[b] = true, true
			c.mu.Unlock()
			for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
				c.work.Go(func() {
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
				})
			}
		}
	})
	t.Cleanup(func() { l.Close(); c.cut(true); c.work.Wait() })
	return c
}

// cut cuts all connections; down: and lets no new ones in.
func (c *line) cut(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
	for conn := range c.open {
		conn.Close()
	}
	c.open = map[net.Conn]bool{}
}

// A page whose line was cut says so, comes back by itself, and has the present state.
func TestReconnect(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{Yes: true}, Options{})
	wire := newLine(t, h.server.hosts[0])
	h.server.hosts = append([]string{wire.Addr().String()}, h.server.hosts...)
	browser := browsertest.Start(t)
	audience := join(t, browser, h.server.Invite(Audience))
	audience.until(count(1, 3))
	wire.cut(true)
	audience.until(`!document.getElementById("link").hidden && document.getElementById("link").textContent === "Connecting again …"`)
	h.Do(present.Command{Do: present.VerbNext})
	h.Do(present.Command{Do: present.VerbNext})
	h.until("slide 3", func(s *present.State) bool { return s.Slide == 2 })
	wire.cut(false)
	audience.until(count(3, 3))
	audience.until(`document.getElementById("link").hidden`)
}

// From a key to what it changes in the page: in the page where it was pressed, and in
// one of the audience.
func TestLatency(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{Yes: true}, Options{})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	audience := join(t, browser, h.server.Invite(Audience))
	presenter.click("#start")
	presenter.until(screenText + `.includes("$")`)
	js[bool](presenter, `(() => {
		window.pressed = [];
		window.drawn = [];
		document.addEventListener("keydown", (e) => pressed.push(performance.timeOrigin + e.timeStamp), true);
		new MutationObserver(() => {
			if (drawn.length < pressed.length) drawn.push(performance.timeOrigin + performance.now());
		}).observe(document.querySelector(".rows"), { childList: true, subtree: true });
		return true;
	})()`)
	js[bool](audience, `(() => {
		window.turned = [];
		new MutationObserver(() => turned.push(performance.timeOrigin + performance.now()))
			.observe(document.getElementById("count"), { childList: true });
		return true;
	})()`)
	const keys = 60
	presenter.press("x")
	js[bool](presenter, `(() => { pressed.length = drawn.length = 0; return true; })()`)
	for i := range keys {
		presenter.types(string(rune('a' + i%26)))
		presenter.until(fmt.Sprintf("drawn.length > %d", i))
	}
	typed := latencies(js[[]float64](presenter, "pressed"), js[[]float64](presenter, "drawn"))
	presenter.do(chromedp.KeyEvent(kb.Escape, chromedp.KeyModifiers(chromedp.ModifierShift)))
	js[bool](presenter, `(() => { pressed.length = 0; return true; })()`)
	for i := range keys {
		presenter.types([]string{kb.PageDown, kb.PageUp}[i%2])
		audience.until(fmt.Sprintf("turned.length > %d", i))
	}
	turned := latencies(js[[]float64](presenter, "pressed"), js[[]float64](audience, "turned"))
	for name, l := range map[string][]float64{"a key typed into the shell, to its echo": typed, "a slide turned, to the audience": turned} {
		p50, p95 := l[len(l)/2], l[len(l)*95/100]
		t.Logf("%s: p50 %.1f ms, p95 %.1f ms, of %d", name, p50, p95, len(l))
		if p50 > 100 && os.Getenv("REQUIRE_SPEED") == "1" || p50 > 1000 {
			t.Errorf("%s: %.1f ms", name, p50)
		}
	}
}

func latencies(from, to []float64) []float64 {
	var l []float64
	for i := range min(len(from), len(to)) {
		l = append(l, to[i]-from[i])
	}
	slices.Sort(l)
	return l
}

// A viewer that does not read holds up nobody, has nothing kept for it, and gets the
// latest when it reads again.
func TestSlowViewer(t *testing.T) {
	typed := "for i in {1..60000}; do echo \"line $i of a flood that goes on and on\"; done; echo the-$((40+2))-end"
	h := openRoom(t, "# One\n\n.exercise[\n```bash\n"+typed+"\n```\n]\n", present.Options{Yes: true}, Options{})
	slow, quick := h.guest(Audience), h.guest(Audience)
	raw, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", h.server.hosts[0])
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	_ = raw.(*net.TCPConn).SetReadBuffer(4 << 10)
	host := h.server.hosts[0]
	fmt.Fprintf(raw, "GET %sevents HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\n\r\n",
		strings.TrimPrefix(slow.place, "http://"+host), host, cookieName, slow.cookie.Value)
	ended := watch(t, quick, "the-42-end")
	begun := time.Now()
	h.Do(present.Command{Do: present.VerbRun})
	h.until("the end of the flood", func(s *present.State) bool { return len(s.Log) == 1 })
	flood := time.Since(begun)
	<-ended
	t.Logf("the quick viewer saw the end %v later", time.Since(begun)-flood)
	// What it finds is what fits into the buffers on the way, and then the latest.
	_ = raw.SetReadDeadline(time.Now().Add(15 * time.Second))
	read, seen := 0, false
	for r := bufio.NewReader(raw); !seen; {
		text, err := r.ReadString('\n')
		if read += len(text); err != nil {
			break // it was given up: it took too long
		}
		seen = strings.Contains(text, "the-42-end")
	}
	t.Logf("flood of 60,000 lines: %v; the slow viewer was sent %d KiB, saw the end: %v", flood.Round(time.Millisecond), read>>10, seen)
	if read > 16<<20 {
		t.Errorf("%d bytes were kept for a slow viewer", read)
	}
}

// A stream goes on when nothing happens for longer than a request may take.
func TestStreamLasts(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{}, Options{reading: 100 * time.Millisecond})
	ended := watch(t, h.guest(Audience), `"title":"Third"`)
	<-time.After(400 * time.Millisecond)
	h.Do(present.Command{Do: present.VerbGoto, Text: "3"})
	<-ended
	if h.State().Slide != 2 {
		t.Errorf("slide %d", h.State().Slide)
	}
}

// watch reads a stream until it holds a text.
func watch(t *testing.T, g *guest, text string) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.place+"events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(g.cookie)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(done)
		defer resp.Body.Close()
		for in := bufio.NewReader(resp.Body); ; {
			line, err := in.ReadString('\n')
			switch {
			case err != nil:
				t.Errorf("the stream has ended: %v", err)
				return
			case strings.Contains(line, text):
				return
			}
		}
	}()
	return done
}

// A stream brings a page from state to state: after any sequence of states, what has been
// merged is what a page that comes late gets.
func TestStreamOfStates(t *testing.T) {
	h := openRoom(t, liveDeck, present.Options{Yes: true}, Options{})
	early := stream{server: h.server, seat: &seat{role: Audience}, full: true}
	merged := map[string]any{}
	lines := map[string]any{}
	merge := func(event []byte) {
		var parts map[string]any
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(event), "data: ")), &parts); err != nil {
			t.Fatal(err)
		}
		for name, part := range parts {
			merged[name] = part
			if term, ok := part.(map[string]any); ok && name == "term" {
				if term["all"] == true {
					lines = map[string]any{}
				}
				if l, ok := term["lines"].(map[string]any); ok {
					for y, line := range l {
						lines[y] = line
					}
				}
				term["lines"], term["all"] = lines, true
			}
		}
	}
	for _, c := range []present.Command{
		{Do: present.VerbRun},
		{Do: present.VerbRun},
		{Do: present.VerbInput, Text: "clear\r"},
		{Do: present.VerbResize, Cols: 60, Rows: 10},
		{Do: present.VerbRun},
		{Do: present.VerbNext},
	} {
		h.Do(c)
		h.until("quiet", func(s *present.State) bool {
			if event := early.next(s); event != nil {
				merge(event)
			}
			return s.Running == nil && s.Busy == "" && s.Terminal != nil
		})
	}
	s := h.State()
	if event := early.next(s); event != nil {
		merge(event)
	}
	if event := early.next(s); event != nil {
		t.Errorf("the same state again: %s", event)
	}
	got, _ := json.Marshal(merged)
	merged, lines = map[string]any{}, map[string]any{}
	late := stream{server: h.server, seat: &seat{role: Audience}, full: true}
	merge(late.next(s))
	want, _ := json.Marshal(merged)
	if string(got) != string(want) {
		t.Errorf("merged\n%s\nat once\n%s", got, want)
	}
}
