package lint

import "workshop/markdown"

var duplicateTitle = Rule{
	Code: "duplicate-title", Severity: Warning,
	Summary: "exercises of a chapter whose ids differ by a number only",
	Doc: `An exercise is called after its slide's title. Two slides of a chapter with the same
title have exercises that are told apart by a number (…-2), which changes when one is
added before them: a selection, a report and a history of results then mean another
exercise. Give the slides titles of their own. Several exercises of one slide are not
meant.`,
	Bad:  "## Cleaning up\n\n.exercise[ ```bash ls``` ]\n\n---\n\n## Cleaning up\n\n.exercise[ ```bash pwd``` ]\n",
	Good: "## Cleaning up\n\n.exercise[ ```bash ls``` ]\n\n---\n\n## Cleaning up again\n\n.exercise[ ```bash pwd``` ]\n",
	deck: func(p *pass, d *Deck) {
		for _, c := range d.Chapters {
			first := map[string]*markdown.Slide{}
			var base *markdown.Slide // what an increment goes on with
			for _, s := range c.Slides {
				if !s.Increment || base == nil {
					base = s
				}
				slug := markdown.Slug(s.Title)
				if len(s.Exercises) == 0 || s.Excluded || slug == "" {
					continue
				}
				if other, ok := first[slug]; !ok {
					first[slug] = base
				} else if other != base {
					p.report(s.Exercises[0].Pos.Point(), "give the slides titles of their own", "%s differs by its number only from the id of the exercise at %v", s.Exercises[0].ID, other.Pos)
				}
			}
		}
	},
}
