package web

import (
	"strings"
	"sync"
	"testing"
	"unsafe"

	"workshop/runner/present"
)

// Code that would take a lexer seconds is shown without colours, on the slide and in print.
func TestSlowCode(t *testing.T) {
	h := openRoom(t, "# Slow\n\n```c++\nint a;"+strings.Repeat("\n", 8000)+"int b;\n```\n", present.Options{}, Options{})
	_, printed := h.guest(Audience).ask("GET", "print", "", nil)
	for name, html := range map[string]string{"slide": slideHTML(h.State().Deck.Slides[0], nil), "print": printed} {
		if !strings.Contains(html, "<code>int a;\n\n\n") || !strings.Contains(html, "\n\n\nint b;") || strings.Contains(html, `<span class="t-`) {
			t.Errorf("%s: %.2000q", name, html)
		}
	}
}

// However many pages ask at once, a slide is made once; a deck that was edited is made anew.
func TestSlideIsMadeOnce(t *testing.T) {
	h := openRoom(t, "# One\n\n```go\nfunc f() {}\n```\n\n???\n\nSay it.\n", present.Options{}, Options{})
	deck := h.State().Deck
	var c slideCache
	var all sync.WaitGroup
	made := make([][2]*byte, 20)
	for i := range made {
		all.Go(func() {
			slide := c.of(deck, deck.Slides[0])
			made[i] = [2]*byte{unsafe.StringData(slide.html()), unsafe.StringData(slide.notes())}
		})
	}
	all.Wait()
	for i, m := range made {
		if m != made[0] {
			t.Errorf("%d was made by itself", i)
		}
	}
	edited := present.NewDeck(deck.Plan)
	if html := c.of(edited, edited.Slides[0]).html(); html == "" || unsafe.StringData(html) == made[0][0] {
		t.Error("the slide of another deck is the same one")
	}
	if len(c.slide) != 1 {
		t.Errorf("%d slides are kept", len(c.slide))
	}
}

// The question before anything runs marks the steps that will not run.
func TestSkippedStep(t *testing.T) {
	text := "<!-- workshop: style plain -->\n\n## Use\n\n```bash skip\nmake install\n```\n\n```bash\ntrue\n```\n"
	h := openRoom(t, text, present.Options{}, Options{})
	v := consentOf(&present.Consent{Steps: h.State().Deck.Steps})
	if len(v.Steps) != 2 || v.Steps[0].Name != "bash (skipped)" || v.Steps[1].Name != "bash" {
		t.Errorf("%+v", v.Steps)
	}
}
