package report

import (
	"fmt"
	"strings"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/page"
)

// htmlExercise is an exercise as its template shows it.
type htmlExercise struct {
	Index                          string // of the recording
	Found, Story                   string // the verdict of all attempts, and what came of each
	Attempt                        int    // earlier than the last one; 0: the last one
	Anchor, ID, Title, Place, Took string
	Verdict, Mark, Says, Search    string
	Late, Open, Recorded           bool
	Slide                          string // as HTML
	Number                         int
	Failure                        string
	Details                        []htmlDetail
	Steps                          []htmlStep
	Screen                         []string // as HTML
	Cols                           int
	Left                           int
	PictureName                    string
	Picture                        string
}

type htmlDetail struct{ Name, Text string }

type htmlStep struct {
	Number                                   int
	Verdict, Mark, Directive, Input, Expects string
	Output, Place, Took                      string
	Hidden, Ran                              bool
}

func (h *htmlReport) view(p place, part htmlPart) htmlExercise {
	v := htmlExercise{
		Index: fmt.Sprintf("%d-%d-%d", p.key.session, p.key.exercise, p.key.attempt), Found: string(p.Verdict),
		Anchor: p.anchor, ID: clean(p.ID), Title: title(p.Exercise), Place: at(p.Exercise), Late: p.Late,
		Verdict: string(p.Verdict), Mark: markOf(p.Verdict), Says: clean(string(p.Verdict)),
		Cols: part.Cols, Screen: part.Screen, Recorded: len(part.data) > 0, Left: part.Left,
	}
	switch {
	case p.Counts != nil:
		if v.Story = p.Story(); v.Story == "" {
			v.Story = plural(p.Attempt, "attempt") + ": " + tally(p.Counts).String()
		}
	case strings.HasSuffix(p.anchor, fmt.Sprintf("--attempt-%d", p.Attempt)):
		v.Attempt = p.Attempt
	}
	if p.Duration > 0 {
		v.Took = span(p.Duration)
	}
	if f := p.OwnFailure(); f != nil { // that of an earlier attempt is shown with it
		v.Failure = says(f)
		for _, d := range details(f) {
			v.Details = append(v.Details, htmlDetail{d.name, strings.Join(d.lines, "\n")})
		}
		if name, lines := picture(f); !v.Recorded {
			v.PictureName, v.Picture = name, strings.Join(lines, "\n")
		}
	}
	if h.last.source != part.Slide.Source {
		h.last.source, h.last.html = part.Slide.Source, page.Alone(part.Slide.Source)
	}
	v.Slide, v.Number = h.last.html, part.Slide.Number
	for i, s := range p.Steps {
		v.Steps = append(v.Steps, stepView(i, s, part))
	}
	v.Search = strings.ToLower(strings.Join([]string{v.ID, v.Title, v.Place, v.Failure, searchOf(p.Steps)}, " "))
	return v
}

func searchOf(steps []*runner.StepResult) string {
	var all []string
	for _, s := range steps {
		all = append(all, doing(s.Step))
	}
	return strings.Join(all, " ")
}

func stepView(i int, s *runner.StepResult, part htmlPart) htmlStep {
	v := htmlStep{
		Number: i + 1, Verdict: string(s.Verdict), Mark: markOf(s.Verdict), Directive: clean(s.Directive), Input: block(s.Text),
		Output: block(s.Output), Place: clean(s.Pos.String()), Hidden: s.Hidden, Ran: s.Verdict != runner.Skipped,
	}
	if v.Ran {
		v.Took = span(s.Duration)
	}
	if i < len(part.Expects) {
		v.Expects = clean(part.Expects[i])
	}
	return v
}

// block is a text of several lines.
func block(s string) string { return strings.Join(cleanLines(s), "\n") }

// htmlHead is the beginning and the end of the page.
type htmlHead struct {
	Title, Verdict, Mark, Counts, Took, Date string
	page.Bundle
	Filters     []htmlFilter
	Problems    []string
	Notes       []string
	Total       int
	Setups      int // exercises that ran as set-up
	Attempts    int // of a repeated run
	Repeats     []htmlRepeat
	ClaimCounts string
	Claims      []htmlClaim
}

type htmlClaim struct{ Anchor, Sentence, Text, Measured, Verdict, Mark, Says string }

type htmlRepeat struct{ Anchor, ID, Counts, Bounds string }

type htmlFilter struct {
	Verdict, Mark string
	Count         int
	Meaning       string
}

func headOf(r *runner.Result, places []place) (*htmlHead, error) {
	h := &htmlHead{
		Title: reportTitle(r.Plan.Decks), Verdict: string(r.Verdict), Mark: markOf(r.Verdict), Took: span(r.Duration),
		Date: r.Started.UTC().Format("2006-01-02 15:04 MST"),
	}
	counts := tallyOf(r)
	h.Total = counts.total()
	for v, n := range tallied(r, true) {
		counts[v] += n
		h.Setups += n
	}
	for _, s := range r.Sessions {
		if unreported(s) {
			h.Problems = append(h.Problems, says(s.Failure))
		}
	}
	for _, f := range r.Problems {
		h.Problems = append(h.Problems, says(f))
	}
	for _, f := range verdictForms {
		if n := counts[f.verdict]; n > 0 {
			h.Filters = append(h.Filters, htmlFilter{string(f.verdict), f.mark, n, f.meaning})
		}
	}
	if all := repeats(r); all != nil {
		h.Attempts = r.Repeat
		for i, p := range places {
			h.Repeats = append(h.Repeats, htmlRepeat{p.anchor, clean(p.ID), all[i].counts.String(), all[i].said()})
		}
	}
	for _, p := range places {
		for _, c := range claimsIn(p.ExerciseResult) {
			h.Claims = append(h.Claims, htmlClaim{p.anchor, c.sentence, c.text, c.measured, string(c.verdict), markOf(c.verdict), c.said()})
		}
	}
	h.ClaimCounts = claimSummary(claimsOf(r))
	for _, n := range r.Notes {
		h.Notes = append(h.Notes, clean(n))
	}
	return h, h.assets()
}

// assets adds the styles and the script.
func (h *htmlHead) assets() (err error) {
	h.Bundle, err = page.NewBundle(
		page.Asset{From: htmlFiles, Name: "page/report.css"},
		page.Asset{From: page.Files, Name: "runs.js"}, page.Asset{From: htmlFiles, Name: "page/report.js"},
	)
	return err
}

func reportTitle(decks []*markdown.Deck) string {
	var all []string
	for _, d := range decks {
		if d.Title != "" {
			all = append(all, clean(d.Title))
		}
	}
	if len(all) == 0 {
		return "Workshop"
	}
	return strings.Join(all, ", ")
}
