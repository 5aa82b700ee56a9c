package audit

import (
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner"
)

// Scope reads the reason of an excuse: CODE, CODE: REASON. Without known codes the whole text is the reason.
func Scope(text string) (codes []string, reason string) {
	list, rest, ok := strings.Cut(text, ":")
	if !ok {
		return nil, text
	}
	known := Codes()
	for _, code := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !slices.Contains(known, code) {
			return nil, text
		}
		codes = append(codes, code)
	}
	return codes, strings.TrimSpace(rest)
}

// Idle are the excuses that excuse none of the outcomes, and those without a reason. Those for steps that
// were not selected, or for other chapters than those of the plan's sessions, are not looked at.
func Idle(plan *runner.Plan, outcomes []*Outcome) (list markdown.ErrorList) {
	selected, chapters := map[*markdown.Step]bool{}, map[*markdown.Chapter]bool{}
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			for _, step := range e.Steps {
				if !e.Setup {
					selected[step.Step], chapters[e.Chapter] = true, true
				}
			}
		}
	}
	elsewhere := func(c *markdown.Chapter, excuse *markdown.Ignore) bool {
		for _, s := range c.Slides {
			for _, e := range s.Exercises {
				for _, step := range e.Steps {
					if excuse.Excuses(step) && !selected[step] {
						return true
					}
				}
			}
		}
		return !chapters[c]
	}
	for _, d := range plan.Decks {
		for _, c := range d.Chapters {
			for _, e := range c.Excuses {
				if elsewhere(c, e) {
					continue
				}
				if _, reason := Scope(e.Reason); reason == "" {
					list.Add("audit-ignore", e.Span, "audit-ignore REASON", "no reason is given")
					continue
				}
				if !slices.ContainsFunc(outcomes, func(o *Outcome) bool {
					return o.Verdict == Excused && o.Exercise.Chapter == c && e.Excuses(o.Mutant.Step.Step) && o.meant(e.Reason)
				}) {
					list.Add("audit-ignore", e.Span, "remove it", "nothing that survives is excused here")
				}
			}
		}
	}
	return list
}
