package lint_test

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/lint"
)

// load reads a deck, or several files in the txtar format, as a linter gets it.
func load(t testing.TB, text string) lint.Input {
	t.Helper()
	fsys := fstest.MapFS{}
	ar := txtar.Parse([]byte(text))
	if len(ar.Files) == 0 {
		ar.Files = []txtar.File{{Name: "deck.md", Data: []byte(text)}}
	}
	name := ar.Files[0].Name
	for _, f := range ar.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		if f.Name == "workshop.yml" {
			name = f.Name
		}
	}
	return input(t, fsys, name)
}

func input(t testing.TB, fsys fs.FS, name string) lint.Input {
	t.Helper()
	deck, err := markdown.Load(fsys, name, markdown.Options{Directives: runner.DirectiveNames()})
	var errs, more markdown.ErrorList
	if err != nil && !errors.As(err, &errs) {
		t.Fatal(err)
	}
	plan, err := runner.Compile(deck)
	if err != nil && !errors.As(err, &more) {
		t.Fatal(err)
	}
	return lint.Input{
		Decks: []lint.Deck{{Deck: deck, FS: fsys}}, Plan: plan, Errors: append(errs, more...),
		Docker: func(args []string, _ bool) string {
			if slices.Contains(args, "push") {
				return "no registry"
			}
			return ""
		},
	}
}

func codes(r *lint.Report) (list []string) {
	for _, f := range r.Findings {
		list = append(list, string(f.Code))
	}
	return list
}

// TestExamples shows that each rule finds the mistake in the bad deck of its documentation,
// and none in the good one.
func TestExamples(t *testing.T) {
	// What these are about is not to be shown in a few lines.
	bare := []markdown.Code{
		markdown.CodeUnreadableDeck, markdown.CodeTooLarge, markdown.CodeTooManyErrors,
		markdown.CodeTooManyWarnings, runner.CodeSkippedStep, lint.CodeLeavesDeck,
	}
	seen := map[markdown.Code]bool{}
	for _, r := range lint.Rules() {
		t.Run(string(r.Code), func(t *testing.T) {
			if seen[r.Code] || r.Summary == "" || r.Doc == "" || strings.Contains(r.Summary,
				"\n") || !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(string(r.Code)) {
				t.Errorf("not well described: %+v", r)
			}
			seen[r.Code] = true
			if slices.Contains(bare, r.Code) {
				return
			}
			bad := lint.Run(load(t, r.Bad), lint.Options{})
			if !slices.Contains(codes(bad), string(r.Code)) {
				t.Errorf("not found in\n%s\nbut %v", r.Bad, codes(bad))
			}
			for _, f := range bad.Findings {
				if rule := lint.Find(f.Code); rule == nil || rule.Severity != f.Severity {
					t.Errorf("%s is reported as %s, the table says %v", f.Code, f.Severity, rule)
				}
				if f.Code == r.Code && r.Fixable != (len(f.Fix) > 0) && r.Code != markdown.CodeUnknownBlock {
					t.Errorf("fixable: %v, and %d edits", r.Fixable, len(f.Fix))
				}
			}
			if good := lint.Run(load(t, r.Good), lint.Options{}); len(good.Findings) > 0 {
				t.Errorf("found in what is recommended:\n%s\n%v", r.Good, good.Findings[0])
			}
		})
	}
}
