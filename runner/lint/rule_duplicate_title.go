package lint

import "workshop/markdown"

var duplicateTitle = Rule{
	Code: "duplicate-title", Severity: Warning,
	Summary: "exercises of a chapter whose ids differ by a number only",
	Doc: `An exercise has its name from its slide's title. If two slides of a chapter have the same
title, a number (…-2) tells their exercises apart. The number changes if another exercise
is added before them: a selection, a report and a history of results then mean another
exercise. Give the slides titles of their own. Several exercises of one slide are allowed,
and so are a slide that continues the one before it under the same title, and sections of a
document in another style.`,
	Bad:  "## Cleaning up\n\n.exercise[ ```bash ls``` ]\n\n---\n\n## Looking\n\n---\n\n## Cleaning up\n\n.exercise[ ```bash pwd``` ]\n",
	Good: "## Cleaning up\n\n.exercise[ ```bash ls``` ]\n\n---\n\n## Cleaning up again\n\n.exercise[ ```bash pwd``` ]\n",
	deck: func(p *pass, d *Deck) {
		for _, c := range d.Chapters {
			if c.Sections() {
				continue
			}
			first := map[string]*markdown.Slide{}
			var base *markdown.Slide // the slide before its increments
			title := ""              // of the slides before, the last one that has one
			for _, s := range c.Slides {
				if s.Excluded {
					continue
				}
				slug := markdown.Slug(s.Title)
				goes := slug != "" && slug == title // on with the slide before
				if !s.Increment || base == nil {
					base = s
				}
				if slug != "" {
					title = slug
				}
				if len(s.Exercises) == 0 || slug == "" {
					continue
				}
				if other, ok := first[slug]; ok && other != base && !goes {
					p.report(s.Exercises[0].Pos.Point(), "give the slides titles of their own",
						"%s differs by its number only from the id of the exercise at %v", s.Exercises[0].ID, other.Pos)
				} else if !ok {
					first[slug] = base
				}
			}
		}
	},
}
