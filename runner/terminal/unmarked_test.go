package terminal

import (
	"fmt"
	"strings"
	"testing"
)

// TestPromptWithoutMarksAtALook removes the marks of the prompt by a line that ends at about the moment of
// the first look at what the shell does: the next line is a command, and no input of that line.
func TestPromptWithoutMarksAtALook(t *testing.T) {
	for round := range 24 {
		ends := reading.Seconds() + float64(round-16)*0.0006
		t.Run(fmt.Sprintf("%.4f", ends), func(t *testing.T) {
			t.Parallel()
			s := newSession(t)
			line := fmt.Sprintf("unset -f $(compgen -A function __workshop); PS1='x '; sleep %.4f", ends)
			if _, status, err := do(t, s, line+"\n(exit 4)"); err != nil || status != 4 {
				t.Fatalf("status %d, %v\n%s", status, err, strings.Join(s.Screen(), "\n"))
			}
		})
	}
}
