package lint

import (
	"fmt"
	"io"
	"strings"
)

// Format writes a report in one form.
type Format struct {
	Name    string
	Summary string
	Write   func(w io.Writer, r *Report) error
}

// Formats are all formats: a new one is a file format_NAME.go and a line here.
func Formats() []Format {
	return []Format{
		{"text", "a line for each finding", writeText},
		{"json", "one document, described in workshop help lint", writeJSON},
		{"github", "workflow commands of GitHub Actions, which annotate a change", writeGitHub},
		{"sarif", "SARIF 2.1.0, for code scanning", writeSARIF},
	}
}

// FormatNames are the names of the formats.
func FormatNames() (names []string) {
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// Write writes the report in the format with a name.
func (r *Report) Write(w io.Writer, format string) error {
	for _, f := range Formats() {
		if f.Name == format {
			return f.Write(w, r)
		}
	}
	return fmt.Errorf("unknown format %q: there are %s", format, strings.Join(FormatNames(), ", "))
}

// Line is a finding on one line.
func (f *Finding) Line() string {
	e := f.Error
	e.Message = string(f.Severity) + ": " + e.Message + " [" + string(f.Code) + "]"
	return plain(e.Error())
}

func writeText(w io.Writer, r *Report) error {
	for _, f := range r.Findings {
		if _, err := fmt.Fprintln(w, f.Line()); err != nil {
			return err
		}
	}
	return nil
}

// Summary counts the findings, in words.
func (r *Report) Summary() string {
	s := count(r.Count(Error), "error") + ", " + count(r.Count(Warning), "warning")
	if r.Ignored > 0 {
		s += fmt.Sprintf(", %d ignored", r.Ignored)
	}
	return s
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
