package lint

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown"
	"workshop/runner"
)

// Severity is the certainty of a failure.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Rule is a kind of mistake.
type Rule struct {
	Code     markdown.Code
	Severity Severity
	Summary  string // one line, lower case
	Doc      string // a paragraph: why it matters, what to do
	Bad      string // a deck, or several files in the txtar format, with the mistake
	Good     string // the same without the mistake
	Fixable  bool   // --fix can usually repair it

	// The check; all nil if reading or compiling finds the mistake.
	deck    func(*pass, *Deck)
	snippet func(*pass, *snippet)
	visit   func(*pass, *visit)
	session func(*pass, *flow)
}

// Find returns the rule with a code, nil if there is none.
func Find(code markdown.Code) *Rule {
	all := Rules()
	if i := slices.IndexFunc(all, func(r *Rule) bool { return r.Code == code }); i >= 0 {
		return all[i]
	}
	return nil
}

// Suggest is the code most like a mistyped one; "" if there is none.
func Suggest(code string) string {
	var known []string
	for _, r := range Rules() {
		known = append(known, string(r.Code))
	}
	return markdown.Suggest(code, known)
}

// Finding is a mistake that a rule found.
type Finding struct {
	markdown.Error
	Severity Severity
}

// Deck is a deck and the file system that it was read from.
type Deck struct {
	*markdown.Deck
	FS fs.FS // nil: the targets of links are not looked for
}

// Input is the input of [Run].
type Input struct {
	Decks  []Deck
	Plan   *runner.Plan       // of all the decks
	Errors markdown.ErrorList // of reading and compiling them

	// Docker says why the embedded engine cannot carry out a docker command with these arguments, in a
	// session that may build images or not; "" if it can. With nil that is not checked.
	Docker func(args []string, builds bool) string
}

// Options restrict the report. The zero value reports everything.
type Options struct {
	// Selection leaves out the findings on slides that it does not include. Findings
	// outside of slides, such as in a manifest, are always reported.
	Selection runner.Selection
}

// Report holds the findings, in the order of the positions.
type Report struct {
	Findings []*Finding
	Outside  []*Finding // what the options leave out
	Ignored  int        // number of findings that the decks ignore

	Workspace string // the directory to which a CI service resolves the names of files; "": the current one
}

// Count is the number of findings of a severity.
func (r *Report) Count(s Severity) (n int) {
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Run checks decks. It reads nothing but the names of files that slides link to, and executes
// nothing.
func Run(in Input, opts Options) *Report {
	p := &pass{in: in, catalogue: newCatalogue(), parser: newParser()}
	for _, e := range in.Errors {
		p.findings = append(p.findings, &Finding{*e, Error})
	}
	for _, d := range in.Decks {
		for _, w := range d.Warnings {
			p.findings = append(p.findings, &Finding{*w, Warning})
		}
	}
	if in.Plan != nil {
		for _, w := range in.Plan.Warnings {
			p.findings = append(p.findings, &Finding{*w, Warning})
		}
	}
	rules := Rules()
	for i := range in.Decks {
		for _, r := range rules {
			if r.deck != nil {
				p.rule = r
				r.deck(p, &in.Decks[i])
			}
		}
	}
	if in.Plan != nil {
		for _, s := range in.Plan.Sessions {
			p.walk(s, rules)
		}
	}
	p.typed()
	return p.done(opts)
}

// pass is one run of the rules.
type pass struct {
	in        Input
	rule      *Rule // the rule under way
	catalogue catalogue
	parser    *syntax.Parser
	findings  []*Finding
}

// report adds a finding of the rule under way.
func (p *pass) report(at markdown.Span, hint, format string, args ...any) *Finding {
	f := &Finding{Severity: p.rule.Severity, Error: markdown.Error{
		Code: p.rule.Code, Pos: at.Pos, End: at.End, Message: plain(fmt.Sprintf(format, args...)), Hint: hint,
	}}
	p.findings = append(p.findings, f)
	return f
}

// plain keeps text quoted from a deck on one line.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || 0x7f <= r && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return '�'
		}
		return r
	}, s)
}

// shorten is the beginning of a quoted text, on one line.
func shorten(s string) string {
	line, _, more := strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(line); len(r) > 50 {
		line, more = string(r[:50]), true
	}
	if more {
		line += "…"
	}
	return line
}

// done makes the report: sorted, and restricted by the options.
func (p *pass) done(opts Options) *Report {
	report := &Report{}
	left := func(*Finding) bool { return false }
	if !opts.Selection.Empty() {
		beyond := outside(p.in.Decks, opts.Selection)
		left = func(f *Finding) bool { return !ofDeck(f.Code) && beyond(f) }
	}
	p.ignore(report, left, opts.Selection.Empty())
	p.findings = slices.DeleteFunc(p.findings, func(f *Finding) bool {
		out := left(f)
		if out {
			report.Outside = append(report.Outside, f)
		}
		return out
	})
	slices.SortStableFunc(p.findings, func(a, b *Finding) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	report.Findings = slices.CompactFunc(p.findings, func(a, b *Finding) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Message == b.Message
	})
	return report
}

// outside returns a test for findings on slides that are not selected. A finding belongs to the
// last slide that begins before it in its file.
func outside(decks []Deck, sel runner.Selection) func(*Finding) bool {
	type start struct {
		pos      markdown.Pos
		selected bool
	}
	starts := map[string][]start{}
	for _, d := range decks {
		for _, c := range d.Chapters {
			for _, s := range c.Slides {
				selected := sel.Includes(c, s, nil) ||
					slices.ContainsFunc(s.Exercises, func(e *markdown.Exercise) bool { return sel.Includes(c, s, e) })
				starts[s.Pos.File] = append(starts[s.Pos.File], start{s.Pos, selected})
			}
		}
	}
	for _, list := range starts {
		slices.SortStableFunc(list, func(a, b start) int { return a.pos.Compare(b.pos) })
	}
	return func(f *Finding) bool {
		list := starts[f.Pos.File]
		n, found := slices.BinarySearchFunc(list, f.Pos, func(s start, pos markdown.Pos) int { return s.pos.Compare(pos) })
		if !found {
			n--
		}
		if n < 0 {
			return false
		}
		// One file may be several chapters, of which one is selected.
		for i := n; i >= 0 && list[i].pos == list[n].pos; i-- {
			if list[i].selected {
				return false
			}
		}
		for i := n + 1; i < len(list) && list[i].pos == list[n].pos; i++ {
			if list[i].selected {
				return false
			}
		}
		return true
	}
}
