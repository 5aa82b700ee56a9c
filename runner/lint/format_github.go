package lint

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// The escapes of workflow commands, as @actions/core writes them: nothing that a deck
// holds can end a value, or begin another command.
var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func writeGitHub(w io.Writer, r *Report) error {
	for _, f := range r.Findings {
		at := "file=" + commandProperty.Replace(filepath.ToSlash(f.Pos.File))
		if f.Pos.Line > 0 {
			at += fmt.Sprintf(",line=%d,col=%d", f.Pos.Line, max(f.Pos.Col, 1))
		}
		if f.End.Line == f.Pos.Line && f.End.Col > f.Pos.Col { // columns are shown within one line only
			at += fmt.Sprintf(",endLine=%d,endColumn=%d", f.End.Line, f.End.Col)
		}
		message := f.Message
		if f.Hint != "" {
			message += " (" + f.Hint + ")"
		}
		_, err := fmt.Fprintf(w, "::%s %s,title=%s::%s\n", f.Severity, at, commandProperty.Replace(string(f.Code)), commandData.Replace(plain(message)))
		if err != nil {
			return err
		}
	}
	return nil
}
