package lint_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"workshop/markdown"
	"workshop/runner/lint"
)

// hostile is a report of texts that would like to be something else.
func hostile() *lint.Report {
	at := func(file string, line, col, end int) markdown.Error {
		e := markdown.Error{Code: "never-ends", Pos: markdown.Pos{File: file, Line: line, Col: col}, Message: "plain", Hint: "a hint"}
		if end > 0 {
			e.End = markdown.Pos{File: file, Line: line, Col: end}
		}
		return e
	}
	r := &lint.Report{Ignored: 2}
	add := func(s lint.Severity, e markdown.Error) {
		r.Findings = append(r.Findings, &lint.Finding{Error: e, Severity: s})
	}
	add(lint.Warning, at("a b,c:d%.md", 3, 4, 9))
	e := at("a.md", 1, 1, 0)
	e.Message = "one\n::error::two\r\x1b[31m%0A::stop-commands::x <b>&\u2028"
	add(lint.Error, e)
	e = at("b.md", 0, 0, 0)
	e.Code, e.Hint, e.Message = "unreadable-deck", "", "no such file"
	add(lint.Error, e)
	e = at("c.md", 7, 2, 4)
	e.Code = "no-break-space"
	e.Fix = []markdown.Edit{{Span: markdown.Span{Pos: e.Pos, End: e.End}, Old: "\u00a0\u00a0", New: "  "}}
	add(lint.Warning, e)
	return r
}

// TestFormats compares each format of a hostile report with golden files.
func TestFormats(t *testing.T) {
	for _, f := range lint.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			var b bytes.Buffer
			if err := f.Write(&b, hostile()); err != nil {
				t.Fatal(err)
			}
			got := b.String()
			if f.Name == "sarif" { // the rules are those of the table
				got = regexp.MustCompile(`(?s)"rules": \[.*?\n          \]`).ReplaceAllString(got, `"rules": []`)
				got = regexp.MustCompile(`"ruleIndex": \d+`).ReplaceAllString(got, `"ruleIndex": 0`)
			}
			golden := filepath.Join("testdata", "report."+f.Name)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(- wanted, + got):\n%s", diff)
			}
			if strings.ContainsAny(got, "\x1b\r") {
				t.Errorf("not plain: %q", got)
			}
		})
	}
}

// TestGitHubCommands shows that each finding is one command, with any text.
func TestGitHubCommands(t *testing.T) {
	var b bytes.Buffer
	if err := hostile().Write(&b, "github"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	command := regexp.MustCompile(`^::(error|warning) file=[^:,]+(,(line|col|endLine|endColumn)=\d+)*,title=[a-z-]+::[^\r\n]*$`)
	if len(lines) != len(hostile().Findings) {
		t.Errorf("%d commands", len(lines))
	}
	for _, line := range lines {
		if !command.MatchString(line) {
			t.Errorf("not a command: %q", line)
		}
	}
}

// TestSARIF validates the format against its schema, which is OASIS's.
func TestSARIF(t *testing.T) {
	c := jsonschema.NewCompiler()
	schema, err := c.Compile(filepath.Join("testdata", "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	reports := []*lint.Report{{}, hostile()}
	for _, r := range lint.Rules() {
		if r.Bad != "" {
			reports = append(reports, lint.Run(load(t, r.Bad), lint.Options{}))
		}
	}
	for _, r := range reports {
		var b bytes.Buffer
		if err := r.Write(&b, "sarif"); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%v", err)
		}
	}
	// The schema does refuse other documents.
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"version": "2.1.0", "runs": [{"results": []}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(doc); !errors.As(err, &invalid) {
		t.Errorf("a run without a tool is valid: %v", err)
	}
}

// TestSARIFRules shows that results refer to the rules of their codes.
func TestSARIFRules(t *testing.T) {
	var b bytes.Buffer
	if err := hostile().Write(&b, "sarif"); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex int
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range doc.Runs[0].Results {
		if got := doc.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID; got != r.RuleID {
			t.Errorf("%s refers to %s", r.RuleID, got)
		}
	}
}
