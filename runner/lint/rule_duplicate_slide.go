package lint

import "workshop/markdown"

var duplicateSlide = Rule{
	Code: "duplicate-slide", Severity: Warning,
	Summary: "a slide's name that another slide has, too",
	Doc: `A link to #name leads to one slide only. Names (name: …) are unique in a deck; slides
that the manifest excludes do not count.`,
	Bad:  "name: start\n\n# One\n\n---\n\nname: start\n\n# Two\n",
	Good: "name: start\n\n# One\n\n---\n\nname: second\n\n# Two\n",
	deck: func(p *pass, d *Deck) {
		first := map[string]markdown.Pos{}
		for _, c := range d.Chapters {
			for _, s := range c.Slides {
				if s.Name == "" || s.Excluded {
					continue
				}
				if pos, ok := first[s.Name]; ok {
					p.report(s.Pos.Point(), "names are unique in a deck", "the slide at %v is named %s, too", pos, shorten(s.Name))
					continue
				}
				first[s.Name] = s.Pos
			}
		}
	},
}
