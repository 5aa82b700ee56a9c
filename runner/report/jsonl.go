package report

import (
	"io"

	"workshop/runner"
)

// jsonl writes the records of a run, one a line, as described in the package's documentation. It
// writes each line at once, so that a reader of the growing file, or of a file left by a crash,
// finds whole lines. Only SIGKILL can cut the last one: Linux then ends a write at the end of a
// page of the file.
type jsonl struct{ w io.Writer }

func newJSONL(w io.Writer, _ Options) Reporter { return jsonl{w} }

// line writes a line.
func (j jsonl) line(b []byte) error {
	_, err := j.w.Write(b)
	return err
}

// Event has nothing to do: the lines hold the events.
func (jsonl) Event(runner.Event) error { return nil }

// Finish has nothing to do: the last event ends the report.
func (jsonl) Finish(*runner.Result) error { return nil }
