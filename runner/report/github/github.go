// Package github writes the commands of GitHub Actions that annotate files, see
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
package github

import (
	"fmt"
	"path/filepath"
	"strings"

	"workshop/markdown"
)

// Limit is the number of annotations of one severity that GitHub shows of a step; it drops more
// without a word.
const Limit = 10

// Annotation is a message at a place in a file.
type Annotation struct {
	Workspace string       // see [Relative]
	Severity  string       // error, warning or notice
	Pos       markdown.Pos // the zero Pos: none
	End       markdown.Pos // behind the last character; it is shown within one line only
	Title     string
	Message   string
}

// The escapes of the commands, as in @actions/core: no text can end a value, or begin another
// command.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// Relative returns the name of a file, with slashes, as a CI service wants it: relative to the
// directory to which it resolves names, such as GITHUB_WORKSPACE of GitHub and CI_PROJECT_DIR of
// GitLab. A file elsewhere keeps its name, and so does every file if workspace is "".
func Relative(workspace, file string) string {
	if workspace == "" || file == "" {
		return filepath.ToSlash(file)
	}
	real := func(dir string) string {
		if r, err := filepath.EvalSymlinks(dir); err == nil {
			return r
		}
		return dir
	}
	if abs, err := filepath.Abs(file); err == nil {
		for _, place := range [][2]string{{workspace, abs}, {real(workspace), filepath.Join(real(filepath.Dir(abs)), filepath.Base(abs))}} {
			if rel, err := filepath.Rel(place[0], place[1]); err == nil && filepath.IsLocal(rel) {
				return filepath.ToSlash(rel)
			}
		}
	}
	return filepath.ToSlash(file)
}

// String is the annotation as a line, with its end.
func (a Annotation) String() string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if a.Pos.File != "" {
		add("file=%s", property.Replace(Relative(a.Workspace, a.Pos.File)))
	}
	if a.Pos.Line > 0 {
		add("line=%d,col=%d", a.Pos.Line, max(a.Pos.Col, 1))
	}
	if a.Pos.Line > 0 && a.End.Line == a.Pos.Line && a.End.Col > a.Pos.Col {
		add("endLine=%d,endColumn=%d", a.End.Line, a.End.Col)
	}
	if a.Title != "" {
		add("title=%s", property.Replace(a.Title))
	}
	return fmt.Sprintf("::%s %s::%s\n", a.Severity, strings.Join(all, ","), data.Replace(a.Message))
}
