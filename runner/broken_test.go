package runner

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
)

// TestBreak gives mistakes to the exercises around them.
func TestBreak(t *testing.T) {
	t.Parallel()
	const deck = "## One\n\n.exercise[\n```bash\ntrue\n```\n```wiat x```\n]\n\n---\n\n## Two\n\n.exercize[\n]\n\n---\n\n" +
		"## Three\n\n.exercise[\n```bash\ntrue\n```\n]\n\n.exercize[\n]\n"
	d, err := markdown.Parse("d.md", []byte(deck))
	var mistakes, more, others markdown.ErrorList
	if !errors.As(err, &mistakes) {
		t.Fatalf("no mistakes of reading: %v", err)
	}
	plan, err := Compile(d)
	if !errors.As(err, &more) {
		t.Fatalf("no mistakes of compiling: %v", err)
	}
	elsewhere := &markdown.Error{Pos: markdown.Pos{File: "deck.yml", Line: 1}}
	if others = plan.Break(append(append(mistakes, more...), elsewhere)); len(others) != 1 || others[0] != elsewhere {
		t.Errorf("on no slide: %v", others)
	}
	var got []string
	for _, e := range plan.Sessions[0].Exercises {
		line := e.ID
		for _, m := range e.Mistakes {
			line += " " + m.Pos.String()
		}
		got = append(got, line)
	}
	want := []string{"d/one d.md:7:1", "d/two d.md:14:1", "d/three", "d/three-unread-1 d.md:27:1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exercises (-want +got):\n%s", diff)
	}
	step := plan.Sessions[0].Exercises[0].Steps[1]
	if m := step.Mistake(); m == nil || !strings.Contains(m.Message, "wiat") {
		t.Errorf("the step has the mistake %v", m)
	}
}
