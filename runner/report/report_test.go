package report_test

import (
	"fmt"
	"testing"

	"workshop/runner/report"
)

func TestGolden(t *testing.T) {
	recordings := map[string]func(testing.TB) *recording{"mixed": mixed, "passed": passed, "empty": empty}
	for name, make := range recordings {
		for _, format := range []string{"console", "progress", "junit", "jsonl"} {
			t.Run(name+"/"+format, func(t *testing.T) {
				golden(t, name+"."+format, written(t, make(t), format, report.Options{RunID: "run", Cols: 80, Rows: 24}))
			})
		}
	}
	t.Run("console in colour", func(t *testing.T) {
		golden(t, "mixed-200.console", written(t, mixed(t), "console", report.Options{Color: true, Cols: 200, Rows: 50}))
	})
	_ = fmt.Sprint
}
