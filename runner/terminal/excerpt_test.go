package terminal

import (
	"fmt"
	"strings"
	"testing"
)

// TestExcerpt shortens outputs for reports: lines stay whole, and what is left out is said.
func TestExcerpt(t *testing.T) {
	var numbers strings.Builder
	for i := range 3000 {
		fmt.Fprintln(&numbers, i+1)
	}
	for _, tc := range []struct {
		name, text  string
		whole       bool
		first, last string
		left        string
	}{
		{"short", "one\ntwo\n", true, "one", "two", ""},
		{"3000 lines", numbers.String(), true, "1", "3000", "… 2103 lines left out …"},
		{"its beginning is lost", "7\n8\n", false, "… the beginning is left out …", "8", "… the beginning is left out …"},
		{"long, its beginning is lost", numbers.String(), false, "… the beginning is left out …", "3000", "… the beginning is left out …"},
		{"one line", strings.Repeat("é", 5000), true, "… 6928 bytes left out …", strings.Repeat("é", 1536), "… 6928 bytes left out …"},
		{
			"one line, ended", strings.Repeat("x", 9999) + "\n", true, "… 6928 bytes left out …", strings.Repeat("x", 3071),
			"… 6928 bytes left out …",
		},
	} {
		got := excerpt([]byte(tc.text), tc.whole)
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		if lines[0] != tc.first || lines[len(lines)-1] != tc.last || !strings.Contains(got, tc.left) {
			t.Errorf("%s: %.60q … %.60q", tc.name, got, lines[len(lines)-1])
		}
		if tc.left == "" && got != tc.text || len(got) > tailSize+100 {
			t.Errorf("%s: %d bytes: %.60q", tc.name, len(got), got)
		}
		if tc.name == "3000 lines" {
			for i, line := range lines {
				if line != tc.left && !strings.Contains(tc.text, line+"\n") || i > 0 && line != tc.left && !strings.Contains(tc.text, "\n"+line+"\n") {
					t.Errorf("line %d is cut: %q", i, line)
				}
			}
			if shown := len(lines) - 1; !strings.Contains(tc.left, fmt.Sprint(3000-shown)) {
				t.Errorf("%d lines are shown, and %s", shown, tc.left)
			}
		}
	}
}
