package audit

import (
	"slices"
	"strings"

	"workshop/markdown"
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

// Idle are the excuses of decks that excuse none of the outcomes, and those without a reason.
func Idle(decks []*markdown.Deck, outcomes []*Outcome) (list markdown.ErrorList) {
	for _, d := range decks {
		for _, c := range d.Chapters {
			for _, e := range c.Excuses {
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
