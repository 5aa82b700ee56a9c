package runner

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"workshop/markdown"
)

// FuzzExpected updates an expectation to an output. What it is updated to must hold for the
// output; without an old expectation it must hold for no other output.
func FuzzExpected(f *testing.F) {
	for _, s := range []string{
		"", "a", "...", `\...`, `\\\...`, "[..]", `\[..]`, `\\[..]`, "a [..] b [..]", `[..]\[..]\\[..]\\\`, " ...", "... ",
		"a\tb", "e\u0301", "é", "```", "~~~", "]", "---", "\n\na", "-->", "[...]", "[[..]..]", `[\[..]..]`, "\u00a0", "\ufffd",
	} {
		f.Add(s, "...\n"+s, "b\n"+s)
		f.Add("x\n"+s+"\ny", "x\n[..]\n...\ny", s)
	}
	f.Fuzz(func(t *testing.T, output, old, other string) {
		if len(output)+len(old)+len(other) > 1000 {
			t.Skip("it takes long")
		}
		lines := OutputLines(output)
		updated := texts(parseExpected(old).Update(lines))
		if !parseExpected(updated).Matches(lines) {
			t.Errorf("%q, updated to %q, becomes %q, which does not hold", old, lines, updated)
		}
		exact := texts(parseExpected("").Update(lines))
		others := [][]string{OutputLines(other), slices.Concat(lines, []string{"x"})}
		for i := range lines {
			changed := slices.Clone(lines)
			changed[i] += "x"
			others = append(others, changed, slices.Delete(slices.Clone(lines), i, i+1), slices.Insert(slices.Clone(lines), i, "x"))
			for _, wildcard := range []string{anyText, anyLines} {
				changed = slices.Clone(lines)
				changed[i] = strings.ReplaceAll(lines[i], wildcard, "x")
				others = append(others, changed)
			}
		}
		canon := func(lines []string) string { return norm.NFC.String(strings.Join(lines, "\n")) }
		for _, o := range others {
			if o = trimEnd(o); parseExpected(exact).Matches(o) != (canon(o) == canon(lines)) {
				t.Errorf("%q, expected for %q, and %q: %v", exact, lines, o, parseExpected(exact).Matches(o))
			}
		}
		if !parseExpected(exact).Matches(lines) {
			t.Errorf("%q does not hold for %q", exact, lines)
		}
		rewritten(t, lines, exact)
	})
}

func texts(lines []Line) string {
	all := make([]string, len(lines))
	for i, l := range lines {
		all[i] = l.Text
	}
	return strings.Join(all, "\n")
}

// rewritten writes an expectation for an output into decks and reads it again: it must be
// the same, or have been refused.
func rewritten(t *testing.T, output []string, exact string) {
	t.Helper()
	for _, deck := range []string{
		"## D\n\n.exercise[\n```bash\ntrue\n```\n```output\nold\n```\n]\n",
		"## D\n\n.exercise[\n- A\n  - B\n    ```bash\n    true\n    ```\n    ~~~output\n    old\n    ~~~\n- C\n]\n\n---\n## E\n",
		"## D\n\n.exercise[\n```bash\ntrue\n```\n<!--\n```output\n```\n-->\n]\n",
		"## D\n\n.exercise[\n```bash\ntrue\n```\n<!-- ```output old``` -->\n]\n",
	} {
		step := outputStep(t, deck)
		old := parseExpected(step.Text)
		if old.Matches(output) {
			continue // nothing is written
		}
		body := markdown.Body{Step: step}
		for _, l := range old.Update(output) {
			body.Lines = append(body.Lines, markdown.BodyLine{Text: l.Text, Kept: l.Kept})
		}
		text, err := markdown.Rewrite([]byte(deck), []markdown.Body{body})
		if err != nil {
			continue
		}
		if got := outputStep(t,
			string(text)).Text; !parseExpected(got).Matches(output) || parseExpected(got).Matches(append(slices.Clone(output),
			"x")) {
			t.Errorf("%q, expected for %q, was written as\n%s\nand read again as %q", exact, output, text, got)
		}
	}
}

// outputStep is the only output step of a deck.
func outputStep(t *testing.T, deck string) *markdown.Step {
	t.Helper()
	d, err := markdown.Parse("D", []byte(deck))
	if err != nil {
		t.Fatalf("%v\n%s", err, deck)
	}
	steps := d.Chapters[0].Slides[0].Exercises[0].Steps
	if len(steps) != 2 || steps[1].Directive != "output" {
		t.Fatalf("it has other steps:\n%s", deck)
	}
	return steps[1]
}
