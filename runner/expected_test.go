package runner

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines are written with a | between them.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "|")
}

func TestExpected(t *testing.T) {
	tests := []struct {
		want, output string
		update       string // the updated expectation; "" if the output is as expected
	}{
		{"", "", ""},
		{"a|b", "a|b", ""},
		{"a  |b|", "a|b", ""},
		{"a\tb", "a       b", ""},
		{"...", "", ""},
		{"...", "a|b|c", ""},
		{"a|...", "a", ""},
		{"a|...|z", "a|b|z|z", ""},
		{"...|b|...", "a|b|c", ""},
		{"...|b|...|b|...", "a|b|c|x|b", ""},
		{"took [..]s", "took 12s", ""},
		{"[..]", "x", ""},
		{"[..] of [..]: ok", "1 of 2 of 3: ok", ""},
		{"a[..]a", "a", "a"},
		{"a", "b", "b"},
		{"a|b|c", "a|c", "a|c"},
		{"a|c", "a|b|c", "a|b|c"},
		{"", "a|b", "a|b"},
		{"a|b", "", ""},
		{"took [..]s|a|end", "took 3s|b|end", "took [..]s|b|end"},
		{"a|...|y|z", "A|1|2|3|y|z", "A|...|y|z"},
		{"a|...|y", "a|1|2|x", "a|...|x"},
		{"...|b|...|b", "a|c|b", "...|c|...|b"},
		{"1 [..]|2 [..]|3 [..]", "1 x|3 y|4 z", "1 [..]|3 [..]|4 z"},
		{`a|\...`, "a|...", ""},
		{`a|\...`, "a|b", "a|b"},
		{`\\...`, `\...`, ""},
		{"old", "...", `\...`},
		{"old", `\...`, `\\...`},
		{" ...", " ...", ""},
		{`a \[..]`, "a [..]", ""},
		{`a \[..]`, "a b", "a b"},
		{`a \\[..]`, `a \b`, ""},
		{`a \\\[..] [..]`, `a \[..] b`, ""},
		{"old", `a \[..][..] ...`, `a \\\[..]\[..] ...`},
		{`\[..]` + "\tb", "[..]    b", ""},
		{`C:\a\...\b\`, `C:\a\...\b\`, ""},
		{"caf\u00e9 [..]\u00e9", "cafe\u0301 xe\u0301", ""},
		{"cafe", "cafe\u0301", "cafe\u0301"},
		{"日\tb", "日      b", ""},
	}
	for _, tt := range tests {
		e := parseExpected(strings.Join(lines(tt.want), "\n"))
		output := lines(tt.output)
		if got := e.Matches(output); got != (tt.update == "" && (tt.output != "" || strings.Trim(tt.want, ".[]|") == "")) {
			t.Errorf("%q for %q: %v", tt.output, tt.want, got)
		}
		var now []string
		for _, l := range e.Update(output) {
			now = append(now, l.Text)
			if l.Kept >= 0 && l.Text != e.Lines()[l.Kept] {
				t.Errorf("%q for %q: %+v was not there", tt.output, tt.want, l)
			}
		}
		if got := strings.Join(now, "|"); tt.update != "" && got != tt.update {
			t.Errorf("%q for %q: updated to %q, not %q", tt.output, tt.want, got, tt.update)
		}
		if !parseExpected(strings.Join(now, "\n")).Matches(output) {
			t.Errorf("%q for %q: the update, %q, does not match", tt.output, tt.want, now)
		}
		if (e.Diff(output) == "") != e.Matches(output) {
			t.Errorf("%q for %q: difference %q", tt.output, tt.want, e.Diff(output))
		}
	}
}

func TestDiff(t *testing.T) {
	e := parseExpected("one\ntook [..] s\n...\nlast")
	want := strings.Join([]string{
		"--- expected", "+++ output", "@@ -1,4 +1,4 @@", " one", " took [..] s", " ...",
		"-last", "+very last", "",
	}, "\n")
	if diff := cmp.Diff(want, e.Diff(lines("one|took 5 s|a|b|very last"))); diff != "" {
		t.Error(diff)
	}
}

// Lines that look alike are told apart.
func TestDiffAlike(t *testing.T) {
	e := parseExpected("a b\nsame\ntook [..] s\n" + `\...`)
	want := strings.Join([]string{
		"--- expected", "+++ output", "@@ -1,4 +1,4 @@", "-a b", "+a\u00a0b",
		`\ the output has U+00A0 NO-BREAK SPACE at column 2, where U+0020 SPACE is expected`, " same",
		"-took [..] s", `-\...`, "+took 5\u00a0s", `\ the output has U+00A0 NO-BREAK SPACE at column 7`, "+…",
		`\ the output has U+2026 HORIZONTAL ELLIPSIS at column 1, where U+002E '.' is expected`, "",
	}, "\n")
	if diff := cmp.Diff(want, e.Diff(lines("a\u00a0b|same|took 5\u00a0s|…"))); diff != "" {
		t.Error(diff)
	}
}

// What an output is compared with costs little, however long both are.
func TestExpectedSize(t *testing.T) {
	long := strings.Split(strings.Repeat("x\n", 100_000), "\n")
	other := append([]string{"y"}, append(long, "y")...)
	e := &Expected{long}
	if e.Matches(other) || len(e.Update(other)) == 0 || e.Diff(other) == "" {
		t.Error("two outputs are the same")
	}
}
