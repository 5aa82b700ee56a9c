package lint

import (
	"cmp"
	"path"
	"slices"

	"workshop/markdown"
)

// request is one code of a markdown.Ignore.
type request struct {
	*markdown.Ignore
	code markdown.Code
	used bool
}

// ignore removes the findings that the decks ignore. It reports requests that are not
// understood and, if all findings are to be reported, requests without a finding. Those that are
// left out do not count.
func (p *pass) ignore(report *Report, left func(*Finding) bool, all bool) {
	var manifest []*request
	comments := map[string][]*request{} // by file, in the order of the covered text
	var requests []*request
	read := func(i *markdown.Ignore, add func(*request)) {
		if !p.understood(i) {
			return
		}
		for _, code := range i.Codes {
			r := &request{Ignore: i, code: markdown.Code(code)}
			requests = append(requests, r)
			add(r)
		}
	}
	for _, d := range p.in.Decks {
		for _, i := range d.Lint.Ignores {
			read(i, func(r *request) { manifest = append(manifest, r) })
		}
		for _, c := range d.Chapters {
			for _, i := range c.Ignores {
				read(i, func(r *request) { comments[i.Pos.File] = append(comments[i.Pos.File], r) })
			}
		}
	}
	for _, list := range comments {
		slices.SortStableFunc(list, func(a, b *request) int { return a.Covers.Pos.Compare(b.Covers.Pos) })
	}
	p.findings = slices.DeleteFunc(p.findings, func(f *Finding) bool {
		if !ignorable(f.Code) {
			return false
		}
		ignored := false
		for _, r := range manifest {
			if r.code == f.Code && matches(r.Files, f.Pos.File) {
				r.used, ignored = true, true
			}
		}
		list := comments[f.Pos.File]
		// The texts covered by requests do not overlap, except those of adjacent requests.
		n, _ := slices.BinarySearchFunc(list, f.Pos, func(r *request, pos markdown.Pos) int {
			return cmp.Or(r.Covers.Pos.Compare(pos), -1)
		})
		for n--; n >= 0 && list[n].Covers.End.Compare(f.Pos) >= 0; n-- {
			if list[n].code == f.Code {
				list[n].used, ignored = true, true
			}
		}
		if ignored && !left(f) {
			report.Ignored++
		}
		return ignored
	})
	for _, r := range requests {
		if !r.used && all {
			p.rule = &unusedIgnore
			p.report(r.Span, "remove it", "%s is ignored here, and nothing of that kind is found", r.code)
		}
	}
}

// understood reports whether a request has a reason and known codes; if not, it adds a
// finding.
func (p *pass) understood(i *markdown.Ignore) bool {
	p.rule = &badIgnore
	known := len(p.findings)
	if len(i.Codes) == 0 {
		p.report(i.Span, "lint-ignore CODE: reason", "it is not said what is to be ignored")
	}
	for _, code := range i.Codes {
		switch r := Find(markdown.Code(code)); {
		case r == nil && Suggest(code) != "":
			p.report(i.Span, "did you mean "+Suggest(code)+"?", "no rule has the code %s", shorten(code))
		case r == nil:
			p.report(i.Span, "workshop help lint lists them", "no rule has the code %s", shorten(code))
		case !ignorable(r.Code):
			p.report(i.Span, "repair it", "%s cannot be ignored: with one, a run has no meaning", code)
		}
	}
	if i.Reason == "" {
		p.report(i.Span, "lint-ignore CODE: reason", "no reason is given")
	}
	return len(p.findings) == known
}

// ignorable reports whether a kind of finding may be ignored.
func ignorable(code markdown.Code) bool {
	return code != badIgnore.Code && !ofDeck(code) && !ofSlides(code)
}

// matches reports whether a file matches one of the patterns; no patterns match every file.
func matches(patterns []string, file string) bool {
	if len(patterns) == 0 {
		return true
	}
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, _ := path.Match(pattern, file) // its syntax was checked
		return ok
	})
}
