package terminal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// atTheLook runs a test with times in seconds from a line's beginning to about the moment of the first look at what
// the shell does.
func atTheLook(t *testing.T, test func(t *testing.T, s *Session, ends float64)) {
	for round := range 24 {
		ends := reading.Seconds() + float64(round-16)*0.0006
		t.Run(fmt.Sprintf("%.4f", ends), func(t *testing.T) {
			t.Parallel()
			test(t, newSession(t), ends)
		})
	}
}

// TestPromptWithoutMarksAtALook removes the marks of the prompt by a line that ends at the look: the next line is a
// command, and no input of that line.
func TestPromptWithoutMarksAtALook(t *testing.T) {
	atTheLook(t, func(t *testing.T, s *Session, ends float64) {
		line := fmt.Sprintf("unset -f $(compgen -A function __workshop); PS1='x '; sleep %.4f", ends)
		if _, status, err := do(t, s, line+"\n(exit 4)"); err != nil || status != 4 {
			t.Fatalf("status %d, %v\n%s", status, err, strings.Join(s.Screen(), "\n"))
		}
	})
}

// TestQueryAtALook asks for the place of the cursor by a line that fails at the look. The shell has still to show that
// it has taken the answer; the status is the line's.
func TestQueryAtALook(t *testing.T) {
	atTheLook(t, func(t *testing.T, s *Session, ends float64) {
		text := fmt.Sprintf("printf '\\033[6n'; sleep %.4f; (exit 4)\ntrue", ends)
		var failed *StatusError
		if err := s.SubmitSnippet(limited(t), Snippet{Text: text}); !errors.As(err, &failed) || failed.Status != 4 {
			t.Fatalf("%v\n%s", err, strings.Join(s.Screen(), "\n"))
		}
	})
}

// TestReplacedShellAtALook replaces the session's shell by another one that shows its prompt at about the look. A
// question to the session's own shell must not keep that one from its integration.
func TestReplacedShellAtALook(t *testing.T) {
	atTheLook(t, func(t *testing.T, s *Session, ends float64) {
		text := fmt.Sprintf("exec sh -c 'sleep %.4f; exec nice -n 19 bash --norc'\n(exit 4)\ntrue", ends-0.01)
		var failed *StatusError
		if err := s.SubmitSnippet(limited(t), Snippet{Text: text}); !errors.As(err, &failed) || failed.Status != 4 {
			t.Fatalf("%v\n%s", err, strings.Join(s.Screen(), "\n"))
		}
	})
}

// TestLineBehindAnUnprovedPrompt types a line while the shell has still to prove that it reads: the status of the line
// before counts, and the line waits for the proof.
func TestLineBehindAnUnprovedPrompt(t *testing.T) {
	for _, status := range []int{0, 3} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			s := newSession(t)
			ctx := limited(t)
			if err := s.submitLine(ctx, fmt.Sprintf("(exit %d)", status), false, false); err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			s.prompt.interrupt.unproved = true
			s.prompt.promptShown(true)
			s.mu.Unlock()
			err := s.submitLine(ctx, "read -r x", true, true)
			if status != 0 {
				var failed *StatusError
				if !errors.As(err, &failed) || failed.Status != status {
					t.Errorf("error %v, want status %d", err, status)
				}
				return
			}
			if err != nil || s.holds(func() bool { return s.prompt.interrupt.unproved }) {
				t.Errorf("error %v, or typed before the shell had proved that it reads", err)
			}
		})
	}
}
