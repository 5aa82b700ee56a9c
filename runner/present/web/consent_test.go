package web

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"workshop/runner/page/browsertest"
	"workshop/runner/present"
)

// TestConsentMarksRisks asks with the slide of each step, and marks the commands that deserve a second look.
func TestConsentMarksRisks(t *testing.T) {
	h := openRoom(t, "# Safe\n\n.exercise[\n```bash\necho a\n```\n]\n\n---\n\n# Risky\n\n.exercise[\n```bash\nsudo rm -rf /srv/x\n```\n]\n",
		present.Options{}, Options{})
	h.Do(present.Command{Do: present.VerbRun})
	v := consentOf(h.State().Consent)
	if v == nil || len(v.Steps) != 2 {
		t.Fatalf("%+v", v)
	}
	if a, b := v.Steps[0], v.Steps[1]; a.Risk != "" || a.Slide != "1 · Safe" ||
		b.Risk != "sudo, removes folders, writes outside of its folder" || b.Slide != "2 · Risky" {
		t.Errorf("%+v", v.Steps)
	}
}

// TestConsentOfAnEdit shows a page what is new since somebody has agreed, and what is gone.
func TestConsentOfAnEdit(t *testing.T) {
	h := openRoom(t, "# Slide\n\n.exercise[\n```bash\necho a\n```\n```bash\necho b\n```\n]\n",
		present.Options{Memory: present.NewMemory(t.TempDir(), "deck")}, Options{})
	browser := browsertest.Start(t)
	presenter := join(t, browser, h.server.Invite(Presenter))
	presenter.press("y")
	presenter.until(`document.querySelectorAll("#consent-steps li").length === 3`)
	presenter.click("#allow")
	h.until("it has run", func(s *present.State) bool { return len(s.Log) == 1 && s.Running == nil && s.Busy == "" })
	h.write("deck.md", "# Slide\n\n.exercise[\n```bash\necho a\n```\n```bash\necho c > ~/c\n```\n]\n")
	presenter.press("r")
	presenter.until(`document.getElementById("steps").textContent.includes("echo c")`)
	presenter.press("y")
	presenter.until(`document.getElementById("consent").open`)
	want := "1 · Slide\nbash\necho c > ~/c\n⚠ writes outside of its folder\nremoved\nbash  echo b"
	if text := js[string](presenter, `document.getElementById("consent-steps").innerText`); !strings.HasPrefix(text, want) {
		t.Errorf("%q", text)
	}
	presenter.until(`document.getElementById("consent-what").textContent.includes("of 2 steps in all")`)
}

// A key right behind the answer to the question is for the page, and the question comes again when it is asked again.
func TestKeyBehindConsent(t *testing.T) {
	h := openRoom(t, "# A\n\n.exercise[\n```bash\necho o''ne\n```\n]\n\n---\n\n# B\n", present.Options{}, Options{})
	presenter := join(t, browsertest.Start(t), h.server.Invite(Presenter))
	const open = `document.getElementById("consent").open`
	// All of it is one task of the page: the server has not answered yet, and the button still has the focus.
	answer := func(button, then string) {
		js[bool](presenter, `document.getElementById("`+button+`").focus(), document.activeElement.click(), document.activeElement`+
			`.dispatchEvent(new KeyboardEvent("keydown", { key: "`+then+`", bubbles: true }))`)
	}
	presenter.types(kb.Enter)
	presenter.until(open)
	answer("refuse", "Enter")
	presenter.until(open) // asked again
	answer("refuse", "ArrowRight")
	h.until("the second slide", func(s *present.State) bool { return s.Slide == 1 && s.Consent == nil })
	presenter.types(kb.ArrowLeft)
	presenter.until(`document.getElementById("count").textContent === "1 / 2"`)
	presenter.types(kb.Enter)
	presenter.until(open)
	answer("allow", "ArrowRight")
	h.until("it runs, a slide on", func(s *present.State) bool { return s.Slide == 1 && len(s.Log) == 1 })
	if js[bool](presenter, open) {
		t.Error("the question is still there")
	}
}

// A presenter's page lists what reading the deck has said.
func TestRemarksOnThePage(t *testing.T) {
	h := openRoom(t, "# A\n", present.Options{}, Options{})
	s := *h.State()
	s.Remarks = []string{"deck.md:1:1: \x1b]0;odd\a"}
	if v := deckOf(&s, true); len(v.Remarks) != 1 || strings.ContainsAny(v.Remarks[0], "\x1b\a") {
		t.Errorf("%q", v.Remarks)
	}
	if v := deckOf(&s, false); v.Remarks != nil {
		t.Errorf("the audience gets %q", v.Remarks)
	}
	presenter := join(t, browsertest.Start(t), h.server.Invite(Presenter))
	presenter.press("m")
	presenter.until(`document.getElementById("remarks").open && document.getElementById("said").innerText === "none"`)
}
