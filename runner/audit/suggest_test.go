package audit

import (
	"strings"
	"testing"

	"workshop/markdown"
	"workshop/runner"
)

// TestPropose proposes steps by what a snippet printed: in the run that passed, unchanged once more, and changed.
func TestPropose(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text               string // of the slide
		passed, unchanged, other string
		want                     string // "": nothing
	}{
		{"a line that is missing", "", "a\nb", "a\nb", "a", "```wait b```"},
		{
			"a number that the slide says", "It holds 3 books.", "3 books", "3 books", "4 books",
			"```figure books /([\\d.]+) +books/``` ```claim books == 3```",
		},
		{"a number that it does not say", "It holds books.", "3 books", "3 books", "4 books", "```wait 3 books```"},
		{"a number in code", "It holds `3` books.", "3 books", "3 books", "4 books", "```wait 3 books```"},
		{
			"a size that it says", "It is 12 MB.", "size: 12 MB", "size: 12 MB", "size: 9 MB",
			"```figure size /size: +([\\d.]+) +MB/ MB``` ```claim size == 12 MB```",
		},
		{
			"a time that is longer", "", "connected (204 bytes), time=3.21 ms", "connected (204 bytes), time=4.02 ms",
			"connected (204 bytes), time=104.3 ms", "```figure time /\\(\\d+ +bytes\\), +time=([\\d.]+) +ms/ ms``` ```claim time < 20 ms```",
		},
		{"a number that is smaller", "", "97 of it", "93 of it", "12 of it", "```figure of /([\\d.]+) +of +it/``` ```claim of > 30```"},
		{"a number that is near", "", "97 of it", "93 of it", "92 of it", ""},
		{"a number that varies as much by itself", "", "97 of it", "60 of it", "150 of it", ""},
		{"a number of lines before one that varies", "", "97 of it", "93 of it", "12 of it\n14 of it", "```claim lines == 1```"},
		{"the median", "", "a 3\na 5\na 400", "a 4\na 4\na 4", "a 90\na 80\na 3", "```figure a /a +([\\d.]+)/``` ```claim a < 20```"},
		{"a name that is taken", "", "in 3", "in 4", "in 900", "```figure in_2 /in +([\\d.]+)/``` ```claim in_2 < 60```"},
		{"a slash", "", "km/h: 3", "km/h: 4", "km/h: 900", "```figure h /km\\/h: +([\\d.]+)/``` ```claim h < 60```"},
		{"a time of day", "", "at 09:10", "at 09:11", "at 23:59", ""},
		{"a part of a word", "", "x86", "x87", "x8600", ""},
		{"a number of lines", "", "x\ny\nz", "a\nb\nc", "a\nb", "```claim lines == 3```"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := subject(t, tc.text+"\n"+snippet("head -n 2 x"))
			printing := func(text string) *runner.SessionResult {
				r := *s.Result
				e := *r.Exercises[0]
				step := *e.Steps[0]
				step.Printed = text + "\n"
				e.Steps = []*runner.StepResult{&step}
				r.Exercises = []*runner.ExerciseResult{&e}
				return &r
			}
			m := s.Mutants([]string{"number"})[0]
			s.Result = printing(tc.passed)
			o := Judge(m, printing(tc.other))
			got := ""
			if all := o.Propose(printing(tc.unchanged)); len(all) > 0 {
				got = all[0].String()
				deck := "# D\n\n.exercise[\n" + snippet("x") + "\n" + strings.ReplaceAll(got, "``` ```", "```\n```") + "\n]\n"
				d, err := markdown.Parse("d.md", []byte(deck))
				if err != nil {
					t.Fatal(err)
				}
				if plan, err := runner.Compile(d); err != nil || !plan.Readable() {
					t.Errorf("it cannot be read: %v", err)
				}
			}
			if got != tc.want {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
		})
	}
}
