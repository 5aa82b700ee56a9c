package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// ExportCast2 writes a recording in the form of asciicast v2, for players that do not read v3.
func ExportCast2(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := create(to, true)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	err = castEvents(in, from, func(h castHeader) error {
		return json.NewEncoder(w).Encode(map[string]any{
			"version": 2, "width": h.Term.Cols, "height": h.Term.Rows, "timestamp": h.Timestamp, "title": h.Title,
		})
	}, func(seconds float64, code, data string) error {
		return json.NewEncoder(w).Encode([]any{json.Number(fmt.Sprintf("%.3f", seconds)), code, data})
	})
	if err == nil {
		err = w.Flush()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	return err
}

// castEvents reads a recording: its header, then each event with its time in seconds from the
// beginning. A line that was cut off at the end is left out.
func castEvents(file *os.File, name string, header func(castHeader) error, event func(seconds float64, code, data string) error) error {
	lines := bufio.NewReader(file)
	at := 0.0
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if err != nil {
			if n == 1 {
				return fmt.Errorf("%s:1: not a recording of the form asciicast v3", name)
			}
			if errors.Is(err, io.EOF) { // the last line may not be whole
				return nil
			}
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if n == 1 {
			var h castHeader
			if err := json.Unmarshal(line, &h); err != nil || h.Version != 3 {
				return fmt.Errorf("%s:1: not a recording of the form asciicast v3", name)
			}
			if err := header(h); err != nil {
				return err
			}
			continue
		}
		var interval float64
		var code, data string
		if err := json.Unmarshal(line, &[]any{&interval, &code, &data}); err != nil {
			return fmt.Errorf("%s:%d: not an event of a recording: %w", name, n, err)
		}
		at += interval
		if err := event(at, code, data); err != nil {
			return err
		}
	}
}
