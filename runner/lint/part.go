package lint

import (
	"slices"

	"workshop/markdown"
	"workshop/runner"
)

// ofDeck reports whether a kind of error leaves no deck to run or to show.
func ofDeck(code markdown.Code) bool {
	return slices.Contains([]markdown.Code{
		markdown.CodeUnreadableDeck, markdown.CodeManifestSyntax, markdown.CodeManifestKey, markdown.CodeManifestValue,
		markdown.CodeEmptyManifest, markdown.CodeDuplicateChapter, markdown.CodeUnknownChapter, markdown.CodeNeedsCycle,
		runner.CodeSelection,
	}, code)
}

// ofSlides reports whether a kind of error leaves slides that can be shown and must not be run:
// their steps are not those that the author meant.
func ofSlides(code markdown.Code) bool {
	return slices.Contains([]markdown.Code{
		markdown.CodeNotText, markdown.CodeTooLarge, markdown.CodeTooManyErrors, markdown.CodeCommentSpans,
	}, code)
}

// Parts are the findings by their consequences for a run.
type Parts struct {
	Deck   markdown.ErrorList // errors that leave no deck to run or to show
	Slides markdown.ErrorList // errors that allow to show the slides, and not to run the deck
	Steps  markdown.ErrorList // errors of single steps and slides: the others can run
	Beyond markdown.ErrorList // the same, outside of the selection
	Rest   *Report            // no errors
}

// Part sorts the findings. The errors of rules that only lint applies are left out unless linted
// is set.
func (r *Report) Part(linted bool) Parts {
	p := Parts{Rest: &Report{Ignored: r.Ignored}}
	for _, f := range r.Findings {
		switch e := f.labelled(); {
		case f.Severity != Error:
			p.Rest.Findings = append(p.Rest.Findings, f)
		case !linted && f.linted():
		case ofDeck(f.Code):
			p.Deck = append(p.Deck, e)
		case ofSlides(f.Code):
			p.Slides = append(p.Slides, e)
		default:
			p.Steps = append(p.Steps, e)
		}
	}
	for _, f := range r.Outside {
		if f.Severity == Error && (linted || !f.linted()) && !ofDeck(f.Code) && !ofSlides(f.Code) {
			p.Beyond = append(p.Beyond, f.labelled())
		}
	}
	return p
}

// linted reports whether a rule of this package found it, not the reading or compiling of the deck.
func (f *Finding) linted() bool {
	r := Find(f.Code)
	return r != nil && (r.deck != nil || r.snippet != nil || r.visit != nil || r.session != nil)
}

// labelled is the finding as an error. Its code is shown if one would look for the rule.
func (f *Finding) labelled() *markdown.Error {
	e := f.Error
	if f.linted() {
		e.Message += " [" + string(f.Code) + "]"
	}
	return &e
}
