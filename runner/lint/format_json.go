package lint

import (
	"encoding/json"
	"io"
)

// jsonVersion is the version of the document. New members do not change it.
const jsonVersion = 1

// The document that the format json writes.
type (
	jsonDoc struct {
		Version  int           `json:"version"`
		Findings []jsonFinding `json:"findings"`
		Errors   int           `json:"errors"`
		Warnings int           `json:"warnings"`
		Ignored  int           `json:"ignored"`
	}
	jsonFinding struct {
		File     string     `json:"file"`
		Line     int        `json:"line,omitempty"` // 1-based; absent: the whole file
		Col      int        `json:"col,omitempty"`  // 1-based, in characters
		EndLine  int        `json:"endLine,omitempty"`
		EndCol   int        `json:"endCol,omitempty"` // behind the last character
		Severity Severity   `json:"severity"`
		Code     string     `json:"code"`
		Message  string     `json:"message"`
		Hint     string     `json:"hint,omitempty"`
		Fix      []jsonEdit `json:"fix,omitempty"`
	}
	jsonEdit struct {
		Line    int    `json:"line"`
		Col     int    `json:"col"`
		EndLine int    `json:"endLine"`
		EndCol  int    `json:"endCol"`
		Old     string `json:"old"`
		New     string `json:"new"`
	}
)

func writeJSON(w io.Writer, r *Report) error {
	doc := jsonDoc{
		Version: jsonVersion, Findings: []jsonFinding{},
		Errors: r.Count(Error), Warnings: r.Count(Warning), Ignored: r.Ignored,
	}
	for _, f := range r.Findings {
		j := jsonFinding{
			File: f.Pos.File, Line: f.Pos.Line, Col: f.Pos.Col, EndLine: f.End.Line, EndCol: f.End.Col,
			Severity: f.Severity, Code: string(f.Code), Message: f.Message, Hint: f.Hint,
		}
		for _, e := range f.Fix {
			j.Fix = append(j.Fix, jsonEdit{e.Pos.Line, e.Pos.Col, e.End.Line, e.End.Col, e.Old, e.New})
		}
		doc.Findings = append(doc.Findings, j)
	}
	return encode(w, doc)
}

func encode(w io.Writer, doc any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}
