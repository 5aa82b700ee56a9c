package lint

import (
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"workshop/markdown"
)

// The parts of SARIF 2.1.0 (OASIS, sarif-v2.1.0-os) that are written.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string      `json:"id"`
		Short   sarifText   `json:"shortDescription"`
		Full    sarifText   `json:"fullDescription"`
		Help    sarifText   `json:"help"`
		Default sarifConfig `json:"defaultConfiguration"`
	}
	sarifConfig struct {
		Level Severity `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     Severity        `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Fixes     []sarifFix      `json:"fixes,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
)

func writeSARIF(w io.Writer, r *Report) error {
	run := sarifRun{
		Tool: sarifTool{sarifDriver{Name: "workshop"}}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
	}
	rules := Rules()
	for _, rule := range rules {
		help := rule.Doc
		if rule.Bad != "" {
			help += "\n\nInstead of:\n\n" + indent(rule.Bad) + "\n\nwrite:\n\n" + indent(rule.Good)
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: string(rule.Code), Short: sarifText{rule.Summary}, Full: sarifText{rule.Doc},
			Help: sarifText{help}, Default: sarifConfig{rule.Severity},
		})
	}
	for _, f := range r.Findings {
		result := sarifResult{
			RuleID: string(f.Code), RuleIndex: slices.IndexFunc(rules, func(r *Rule) bool { return r.Code == f.Code }),
			Level: f.Severity, Message: sarifText{f.Message},
		}
		if f.Hint != "" {
			result.Message.Text += " (" + f.Hint + ")"
		}
		at := sarifPhysical{Artifact: artifact(f.Pos.File)}
		if f.Pos.Line > 0 {
			region := regionOf(markdown.Span{Pos: f.Pos, End: f.End})
			at.Region = &region
		}
		result.Locations = []sarifLocation{{at}}
		if len(f.Fix) > 0 {
			change := sarifChange{Artifact: artifact(f.Pos.File)}
			for _, e := range f.Fix {
				change.Replacements = append(change.Replacements, sarifReplacement{regionOf(e.Span), sarifText{e.New}})
			}
			result.Fixes = []sarifFix{{sarifText{"as workshop lint --fix does it"}, []sarifChange{change}}}
		}
		run.Results = append(run.Results, result)
	}
	return encode(w, sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func artifact(file string) sarifArtifact {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return sarifArtifact{u.String()}
}

func regionOf(s markdown.Span) sarifRegion {
	return sarifRegion{s.Pos.Line, s.Pos.Col, s.End.Line, s.End.Col}
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}
