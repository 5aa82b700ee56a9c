package web

import (
	"strings"
	"testing"

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
	if a, b := v.Steps[0], v.Steps[1]; a.Risk != "" || a.Slide != "1 · Safe" || b.Risk != "sudo, removes folders, writes outside of its folder" || b.Slide != "2 · Risky" {
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
