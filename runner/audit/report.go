package audit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"workshop/markdown"
	"workshop/runner"
)

// Report holds the findings of an audit.
type Report struct {
	Outcomes []*Outcome // in the order of the deck
	Planned  int        // mutants that were to be tried
	Whole    int        // all that there are
	Seed     uint64     // of the sample
	Least    int        // the score that is asked for
	Idle     markdown.ErrorList
}

// Doubt makes an outcome undecided that a failure decided, because the session failed unchanged, too; nil:
// it was not run.
func (o *Outcome) Doubt(unchanged *runner.SessionResult) {
	switch {
	case o.Verdict != Noticed && o.Verdict != Differs:
	case unchanged == nil:
		o.undecided("the session did not run unchanged beside the others")
	default:
		o.undecided("beside the others the session failed unchanged, too")
	}
}

// Text writes the report for people.
func (r *Report) Text(w io.Writer) {
	for _, v := range []Verdict{Survived, Undecided, Differs, Excused} {
		for _, o := range r.Outcomes {
			if o.Verdict == v {
				o.print(w)
			}
		}
	}
	if len(r.Idle) > 0 {
		fmt.Fprintln(w, printable(r.Idle.Error()))
	}
	fmt.Fprintln(w)
	r.Table(w)
	fmt.Fprintf(w, "\n%s\n", Total(r.Outcomes))
	if part := r.part(); part != "" {
		fmt.Fprintln(w, part)
	}
}

// part says which part of the changes was tried; "" for all.
func (r *Report) part() string {
	switch {
	case len(r.Outcomes) < r.Planned:
		return fmt.Sprintf("the audit was cut short after %d of %d changes: the score is that of a part", len(r.Outcomes), r.Planned)
	case r.Planned < r.Whole:
		return fmt.Sprintf("a sample of %d of %d changes, seed %d", r.Planned, r.Whole, r.Seed)
	}
	return ""
}

func (o *Outcome) print(w io.Writer) {
	fmt.Fprintf(w, "%-9s  %v  slide %d  %s: %s\n", o.Verdict, o.Pos, o.Exercise.Slide.Number, o.Code, printable(o.What))
	switch o.Verdict {
	case Differs:
		fmt.Fprintf(w, "           %v: %s\n", o.At, printable(o.Why))
	case Undecided, Excused:
		fmt.Fprintf(w, "           %s\n", printable(o.Why))
	}
	if o.Suggest != "" {
		fmt.Fprintf(w, "           this would notice: %s\n", printable(strings.ReplaceAll(o.Suggest, "\n", " ")))
	}
	if o.Proved != "" {
		fmt.Fprintf(w, "           %s\n", printable(o.Proved))
	}
}

// row is a line of the table: the outcomes of one operator.
type row struct {
	*Operator
	Count
}

func (r *Report) rows() (all []row) {
	for _, op := range Operators() {
		line := row{Operator: op}
		for _, o := range r.Outcomes {
			if o.Code == op.Code {
				line.Add(o.Verdict)
			}
		}
		if line.Count != (Count{}) {
			all = append(all, line)
		}
	}
	return all
}

// Table writes the counts by operator.
func (r *Report) Table(w io.Writer) {
	fmt.Fprintf(w, "%-12s %8s %9s %8s %10s\n", "change", "noticed", "survived", "excused", "undecided")
	for _, l := range r.rows() {
		if !l.Varies {
			fmt.Fprintf(w, "%-12s %8d %9d %8d %10d\n", l.Code, l.Noticed, l.Survived, l.Excused, l.Undecided)
		}
	}
	for _, l := range r.rows() {
		if l.Varies {
			fmt.Fprintf(w, "%-12s %s\n", l.Code, map[bool]string{
				true: "a step fails there", false: "the deck passes there as well",
			}[l.Differs > 0]+map[bool]string{true: fmt.Sprintf("; undecided: %d", l.Undecided)}[l.Undecided > 0])
		}
	}
}

// The document that audit --json prints. Its version changes when a member is removed or changes its meaning.
type (
	document struct {
		Format   string       `json:"format"`
		Version  int          `json:"version"`
		Score    int          `json:"score"` // in percent
		MinScore int          `json:"min_score,omitempty"`
		Whole    int          `json:"changes"` // that there are
		Planned  int          `json:"planned"` // that were to be tried
		Tried    int          `json:"tried"`
		Seed     uint64       `json:"seed"`
		Counts   counts       `json:"counts"`
		Kinds    []kindDoc    `json:"kinds"`
		Results  []outcomeDoc `json:"results"`
		Remarks  []string     `json:"remarks,omitempty"`
	}
	counts struct {
		Noticed   int `json:"noticed"`
		Survived  int `json:"survived"`
		Excused   int `json:"excused"`
		Undecided int `json:"undecided"`
		Holds     int `json:"holds"`
		Differs   int `json:"differs"`
	}
	kindDoc struct {
		Code    string `json:"code"`
		Group   string `json:"group"`
		Summary string `json:"summary"`
		Counted bool   `json:"counted"`
		Counts  counts `json:"counts"`
	}
	outcomeDoc struct {
		Verdict  Verdict   `json:"verdict"`
		Code     string    `json:"code"`
		Change   string    `json:"change"`
		Exercise string    `json:"exercise"`
		Slide    int       `json:"slide"`
		File     string    `json:"file"`
		Line     int       `json:"line"`
		Col      int       `json:"col"`
		By       *placeDoc `json:"noticed_by,omitempty"`
		Why      string    `json:"why,omitempty"`
		Suggest  string    `json:"suggestion,omitempty"`
		Proved   string    `json:"suggestion_tried,omitempty"`
	}
	placeDoc struct {
		File      string `json:"file"`
		Line      int    `json:"line"`
		Directive string `json:"directive,omitempty"`
		Text      string `json:"text,omitempty"`
	}
)

// JSON writes the report as one document.
func (r *Report) JSON(w io.Writer) error {
	total := Total(r.Outcomes)
	doc := document{
		Format: "workshop-audit", Version: 1, Score: total.Score(), MinScore: r.Least, Whole: r.Whole, Planned: r.Planned,
		Tried: len(r.Outcomes), Seed: r.Seed, Counts: counts(total), Kinds: []kindDoc{}, Results: []outcomeDoc{},
	}
	for _, l := range r.rows() {
		doc.Kinds = append(doc.Kinds, kindDoc{l.Code, l.Group, l.Summary, !l.Varies, counts(l.Count)})
	}
	for _, o := range r.Outcomes {
		d := outcomeDoc{
			Verdict: o.Verdict, Code: o.Code, Change: o.What, Exercise: o.Exercise.ID, Slide: o.Exercise.Slide.Number,
			File: o.Pos.File, Line: o.Pos.Line, Col: o.Pos.Col, Why: o.Why, Suggest: o.Suggest, Proved: o.Proved,
		}
		if o.Verdict == Noticed || o.Verdict == Differs {
			d.By = &placeDoc{File: o.At.File, Line: o.At.Line}
			if o.Step != nil {
				d.By.Directive, d.By.Text = o.Step.Directive, o.Step.Text
			}
		}
		doc.Results = append(doc.Results, d)
	}
	for _, e := range r.Idle {
		doc.Remarks = append(doc.Remarks, e.Error())
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// Survivors are the outcomes that survived, in the order of the deck.
func (r *Report) Survivors() []*Outcome {
	list := slices.DeleteFunc(slices.Clone(r.Outcomes), func(o *Outcome) bool { return o.Verdict != Survived })
	slices.SortStableFunc(list, func(a, b *Outcome) int { return cmp.Or(a.Pos.Compare(b.Pos)) })
	return list
}

// printable is a text for a terminal: control characters are shown by their names.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return '�'
		}
		return r
	}, s)
}
