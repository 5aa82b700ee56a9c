package audit

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"workshop/runner/page"
)

//go:embed audit.html
var htmlText string

var htmlPage = template.Must(template.New("audit").Parse(htmlText))

// htmlGroup is a section of the page: the outcomes with a verdict.
type htmlGroup struct {
	Title    string
	Outcomes []htmlOutcome
}

type htmlOutcome struct {
	*Outcome
	Change, Reason string
}

// HTML writes the report as a page: one file without a request to any host.
func (r *Report) HTML(w io.Writer) error {
	base, err := page.Files.ReadFile("base.css")
	if err != nil {
		return err
	}
	data := struct {
		Base        template.CSS
		Total, Part string
		Least       int
		Rows        []row
		Groups      []htmlGroup
		Idle        []string
	}{
		Base:  template.CSS(base), //nolint:gosec // it is embedded
		Total: Total(r.Outcomes).String(), Part: r.part(), Least: r.Least, Rows: r.rows(),
	}
	for _, g := range []struct {
		verdict Verdict
		title   string
	}{
		{Survived, "Nothing notices"},
		{Undecided, "Undecided"},
		{Differs, "Another machine"},
		{Excused, "Excused"},
		{Noticed, "Noticed"},
	} {
		group := htmlGroup{Title: g.title}
		for _, o := range r.Outcomes {
			if o.Verdict != g.verdict {
				continue
			}
			reason := page.Printable(o.Why)
			if o.Verdict == Noticed || o.Verdict == Differs {
				reason = fmt.Sprintf("%v: %s", o.At, reason)
			}
			group.Outcomes = append(group.Outcomes, htmlOutcome{o, page.Printable(o.What), reason})
		}
		if len(group.Outcomes) > 0 {
			data.Groups = append(data.Groups, group)
		}
	}
	for _, e := range r.Idle {
		data.Idle = append(data.Idle, page.Printable(e.Error()))
	}
	return htmlPage.Execute(w, data)
}
