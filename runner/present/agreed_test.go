package present

import (
	"strings"
	"testing"
)

// TestConsentAfterEdit asks after an edit for what is new only, and for everything if the order has changed.
func TestConsentAfterEdit(t *testing.T) {
	dir := t.TempDir()
	const one = "# One\n\n.exercise[\n```bash\necho a\n```\n```bash\necho b\n```\n]\n"
	const two = "\n---\n\n# Two\n\n.exercise[\n```bash\necho c\n```\n]\n"
	h := openHall(t, dir, one+two, Options{Memory: NewMemory(t.TempDir(), "deck")})
	asks := func(deck string) *Consent {
		t.Helper()
		h.write(deck)
		h.Do(Command{Do: VerbReload})
		h.until("it is read again", func(s *State) bool {
			return strings.Contains(s.Message.Text, "read again") && len(s.Deck.Slides) == strings.Count(deck, "# ")
		})
		h.do(Command{Do: VerbGoto, Text: "1"})
		return h.do(Command{Do: VerbRun}).Consent
	}
	if c := h.do(Command{Do: VerbRun}).Consent; c == nil || c.Edited || len(c.Steps) != 3 || c.All != 3 {
		t.Fatalf("first: %+v", c)
	}
	h.do(Command{Do: VerbAllow})
	h.until("it runs", func(s *State) bool { return idle(s) && len(s.Log) == 1 })
	const three = "\n---\n\n# Three\n\n.exercise[\n```bash\nsudo rm -rf /\n```\n]\n"
	c := asks(strings.Replace(one, "echo b", "echo B", 1) + two + three)
	if c == nil || !c.Edited || len(c.Steps) != 2 || c.Steps[0].Text != "echo B" || c.Steps[1].Text != "sudo rm -rf /" || c.All != 4 ||
		len(c.Removed) != 1 || !strings.Contains(c.Removed[0], "echo b") {
		t.Fatalf("edited: %+v", c)
	}
	h.do(Command{Do: VerbRefuse})
	if c = asks(one); c == nil || !c.Edited || len(c.Steps) != 0 || len(c.Removed) != 1 {
		t.Fatalf("less: %+v", c)
	}
	h.do(Command{Do: VerbRefuse})
	if c = asks(strings.NewReplacer("echo a", "echo b", "echo b", "echo a").Replace(one) + two); c == nil || c.Edited || len(c.Steps) != 3 {
		t.Fatalf("another order: %+v", c)
	}
}

// TestConsentElsewhere does not ask in a talk that was open while somebody agreed to the same content in another one.
func TestConsentElsewhere(t *testing.T) {
	memory, deck := t.TempDir(), "# One\n\n.exercise[\n```bash\necho a\n```\n]\n"
	first := openHall(t, t.TempDir(), deck, Options{Memory: NewMemory(memory, "deck")})
	second := openHall(t, t.TempDir(), deck, Options{Memory: NewMemory(memory, "deck")})
	if first.do(Command{Do: VerbRun}).Consent == nil {
		t.Fatal("nobody was asked")
	}
	first.do(Command{Do: VerbAllow})
	if c := second.do(Command{Do: VerbRun}).Consent; c != nil {
		t.Fatalf("asked about nothing new: %+v", c)
	}
	second.until("it runs", func(s *State) bool { return idle(s) && len(s.Log) == 1 })
}
