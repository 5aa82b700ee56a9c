package report

import (
	"strings"
	"testing"
	"time"

	"workshop/markdown"
	"workshop/runner"
)

func TestClean(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", `a \b "c" é 日本語 🐳`, `a \b "c" é 日本語 🐳`},
		{"C0", "\x1b[31m\x00\a\t\r\n", `\x1b[31m\x00\x07\t\r\n`},
		{"DEL", "\x7f", `\x7f`},
		{"C1", "\u0085\u009b", `\u0085\u009b`},
		{"8-bit", "\x9b31m", `\x9b31m`},
		{"bad UTF-8", "a\xff\xc3(", `a\xff\xc3(`},
		{"its sign", "\ufffd", "\ufffd"},
		{"direction", "\u202e\u2066\u200f", `\u202e\u2066\u200f`},
		{"invisible", "\ufeff\u200b\u00ad\u2028", `\ufeff\u200b\u00ad\u2028`},
		{"beyond the plane", "\U000e0041", `\U000e0041`},
		{"joiners", "👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم"},
		{"no character", "\ufffe\uffff", `\ufffe\uffff`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := clean(tc.in); got != tc.want {
				t.Errorf("clean(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func TestGuard(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "a :: b #1 ## c", "a :: b #1 ## c"},
		{"first", "::error::x", `\::error::x`},
		{"behind blanks", " \t\u00a0::error::x", " \t\u00a0\\::error::x"},
		{"old notation", "a ##[error]x", `a ##\[error]x`},
		{"Azure", "###vso[task.complete]", `###vso\[task.complete]`},
		{"twice", "##[a]##[b]", `##\[a]##\[b]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := guard(tc.in); got != tc.want {
				t.Errorf("guard(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		cells    int
		want     string
	}{
		{"fits", "abc", 3, "abc"},
		{"empty", "", 3, ""},
		{"breaks", "abcdefg", 3, "abc|def|g"},
		{"wide", "日本語", 3, "日|本|語"},
		{"wider than the room", "日本", 1, "日|本"},
		{"combining", "e\u0301e\u0301e\u0301", 2, "e\u0301e\u0301|e\u0301"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := strings.Join(wrap(tc.in, tc.cells), "|"); got != tc.want {
				t.Errorf("wrap(%q, %d) = %q, want %q", tc.in, tc.cells, got, tc.want)
			}
		})
	}
}

func TestEnds(t *testing.T) {
	for _, tc := range []struct {
		left, right string
		cells       int
		want        string
	}{
		{"left", "right", 12, "left   right"},
		{"left", "right", 10, "left right"},
		{"left", "right", 9, "left rig…"},
		{"日本語", "x", 6, "日…  x"},
		{"left", "", 6, "left  "},
		{"left", "right", 1, " "},
		{"left", "right", 0, ""},
	} {
		got := ends(tc.left, tc.right, tc.cells)
		if got != tc.want {
			t.Errorf("ends(%q, %q, %d) = %q, want %q", tc.left, tc.right, tc.cells, got, tc.want)
		}
		if w := widths.StringWidth(got); w != tc.cells {
			t.Errorf("ends(%q, %q, %d) is %d cells wide", tc.left, tc.right, tc.cells, w)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, tc := range []struct {
		in          time.Duration
		span, clock string
	}{
		{0, "0.0s", "0:00"},
		{340 * time.Millisecond, "0.3s", "0:00"},
		{59940 * time.Millisecond, "59.9s", "0:59"},
		{59960 * time.Millisecond, "1m00s", "0:59"},
		{61 * time.Second, "1m01s", "1:01"},
		{59*time.Minute + 59800*time.Millisecond, "60m00s", "59:59"},
		{2*time.Hour + 3*time.Minute + 4*time.Second, "2h03m", "2:03:04"},
	} {
		if got := span(tc.in); got != tc.span {
			t.Errorf("span(%v) = %s, want %s", tc.in, got, tc.span)
		}
		if got := clock(tc.in); got != tc.clock {
			t.Errorf("clock(%v) = %s, want %s", tc.in, got, tc.clock)
		}
	}
}

// TestPowerlessWriter splits a document at every byte behind a whole piece: nothing gets through at the
// border.
func TestPowerlessWriter(t *testing.T) {
	const text = "<a>::error::x&#xA;  ::warning::y&#xA;##[group]z [[ATTACHMENT|/etc/passwd]]\n  <b/>\n"
	begin := strings.Repeat("line\n", junitPiece/5+1)
	want := string(powerless([]byte(begin + text)))
	for i := range len(text) + 1 {
		var b strings.Builder
		w := &powerlessWriter{w: &b}
		for _, part := range []string{begin + text[:i], text[i:]} {
			if _, err := w.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.flush(len(w.pending)); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("split at %d: %q", i, b.String()[len(begin):])
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"short": "short", "put it there": "put it|there", "one two": "one|two", "enormous": "enormo|us", "a enormous b": "a|enormo|us b", "": "",
		"sixsix six": "sixsix|six", "日本 日本語": "日本|日本語",
	} {
		if got := strings.Join(Fold(in, 6), "|"); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// TestFlakyClaim gives a claim that held in the last attempt only.
func TestFlakyClaim(t *testing.T) {
	t.Parallel()
	attempt := func(v runner.Verdict, measured string) *runner.ExerciseResult {
		step := runner.Restore(&markdown.Step{Directive: "claim"}, runner.KindClaims, &runner.Claim{Sentence: "It is small", Text: "v < 10"})
		return &runner.ExerciseResult{
			Exercise: &runner.Exercise{Exercise: &markdown.Exercise{ID: "d/d"}}, Verdict: v,
			Steps: []*runner.StepResult{{Step: step, Verdict: v, Measured: measured}},
		}
	}
	for _, tt := range []struct {
		first *runner.ExerciseResult
		want  string
	}{
		{attempt(runner.Failed, "50"), "1 claim: 1 does not always hold; It is small: v < 10: 3, does not always hold"},
		{attempt(runner.Failed, ""), "1 claim: 1 holds; It is small: v < 10: 3, holds"}, // it was not measured
	} {
		last := attempt(runner.Passed, "3")
		last.Follow(tt.first, false)
		all := claimsIn(last)
		if got := claimSummary(all) + "; " + all[0].String(); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}
