package markdown

import (
	"strings"
	"testing"
)

// FuzzRewrite writes any lines into the last step of any file: either it refuses, or the
// file is read as before, but for this step's text, and everything else is the same.
func FuzzRewrite(f *testing.F) {
	f.Add("## D\n\n.exercise[\n- a\n  ```output\n  b\n  ```\n]\n", "x\n```\n  y")
	f.Add("\ufeff.exercise[\r\n<!--\r\n```output\r\n```\r\n-->\r\n]\r\n", "x\n\n-- >")
	f.Add(".exercise[ <!-- ```output a``` --> ]", "b")
	f.Add(".lab[\n1. ~~~output\n\n\ta\n   ~~~~\n]", "~~~\n~~~~ x")
	f.Add(".exercise[\n    ```output\n  a\n    ```\n]", "a\n    ```\nb")
	f.Fuzz(func(t *testing.T, src, lines string) {
		all := func(src string) (steps []*Step, err error) {
			d, err := Parse("D", []byte(src))
			for _, c := range d.Chapters {
				for _, s := range c.Slides {
					for _, e := range s.Exercises {
						steps = append(steps, e.Steps...)
					}
				}
			}
			return steps, err
		}
		before, err := all(src)
		if err != nil || len(before) == 0 {
			return
		}
		step := before[len(before)-1]
		body := Body{Step: step}
		for line := range strings.SplitSeq(lines, "\n") {
			body.Lines = append(body.Lines, BodyLine{line, -1})
		}
		got, err := Rewrite([]byte(src), []Body{body})
		if err != nil {
			return
		}
		after, err := all(string(got))
		if err != nil || len(after) != len(before) {
			t.Fatalf("%q became %q: %d steps, now %d, %v", src, got, len(before), len(after), err)
		}
		for i, s := range after {
			want := before[i].Text
			if i == len(after)-1 {
				want = lines
			}
			same := s.Text == want || i == len(after)-1 && strings.Trim(s.Text, " \t") == strings.Trim(want, " \t")
			if s.Directive != before[i].Directive || !same && s.Directive != "bash" && s.Directive != "hide" {
				t.Fatalf("%q became %q: step %d is %q with %q, not %q", src, got, i, s.Directive, s.Text, want)
			}
		}
	})
}
