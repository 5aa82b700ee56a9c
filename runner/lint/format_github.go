package lint

import (
	"io"

	"workshop/runner/report/github"
)

func writeGitHub(w io.Writer, r *Report) error {
	for _, f := range r.Findings {
		message := f.Message
		if f.Hint != "" {
			message += " (" + f.Hint + ")"
		}
		a := github.Annotation{
			Workspace: r.Workspace, Severity: string(f.Severity), Pos: f.Pos, End: f.End, Title: string(f.Code), Message: plain(message),
		}
		if _, err := io.WriteString(w, a.String()); err != nil {
			return err
		}
	}
	return nil
}
