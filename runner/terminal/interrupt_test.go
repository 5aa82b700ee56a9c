package terminal

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	expect "github.com/Netflix/go-expect"
)

// neighbours is how many pairs of an interrupt and a next line are tried.
func neighbours() int {
	n, err := strconv.Atoi(os.Getenv("NEIGHBOURS"))
	if err != nil {
		return 200
	}
	return n
}

// TestInterruptNeighbours types a line directly behind an interrupt that meets a command
// that has just ended, or the prompt: the line loses nothing, in any shell.
func TestInterruptNeighbours(t *testing.T) {
	interrupt, _ := ParseKey("^C")
	letter, _ := ParseKey("x")
	sorts := map[string]func(t *testing.T, s *Session){
		"recover from a reject": func(t *testing.T, s *Session) {
			err := s.Submit(limited(t), "echo error", expect.String("error"))
			if err == nil {
				_, err = s.AwaitPrompt(limited(t))
			}
			if !errors.As(err, new(*RejectedError)) {
				t.Fatal(err)
			}
			if err := s.Recover(limited(t)); err != nil {
				t.Fatal(err)
			}
		},
		"a key behind a wait": func(t *testing.T, s *Session) {
			if err := s.Submit(limited(t), "echo tok"); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Expect(limited(t), expect.String("tok")); err != nil {
				t.Fatal(err)
			}
			if err := s.Press(limited(t), interrupt); err != nil {
				t.Fatal(err)
			}
			if _, err := s.AwaitPrompt(limited(t)); err != nil {
				t.Fatal(err)
			}
		},
		"keys at the prompt": func(t *testing.T, s *Session) {
			for range 2 {
				for _, key := range []Key{letter, interrupt} {
					if err := s.Press(limited(t), key); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := s.AwaitPrompt(limited(t)); err != nil {
				t.Fatal(err)
			}
		},
		"a key at the prompt": func(t *testing.T, s *Session) {
			if err := s.Press(limited(t), interrupt, interrupt); err != nil {
				t.Fatal(err)
			}
			if _, err := s.AwaitPrompt(limited(t)); err != nil {
				t.Fatal(err)
			}
		},
	}
	for _, shell := range []string{"", "bash --norc", "dash", "busybox sh", "mksh", "ksh", "zsh -f", "script -qe /dev/null"} {
		for name, sort := range sorts {
			for line, want := range map[string]int{"! true": 1, "false": 1, "(exit 7)": 7, "true": 0, "#exit 5": 0} {
				if strings.HasPrefix(shell, "zsh") && line[0] == '#' { // no comment there
					continue
				}
				t.Run(strings.TrimSpace(shell+" "+name)+"/"+line, func(t *testing.T) {
					t.Parallel()
					s := newSession(t)
					if shell != "" {
						needs(t, strings.Fields(shell)[0])
						if _, _, err := do(t, s, shell); err != nil {
							t.Fatal(err)
						}
					}
					rounds := neighbours()
					if (shell != "" || name == "keys at the prompt") && os.Getenv("NEIGHBOURS") == "" {
						rounds /= 10
					}
					for i := range rounds {
						sort(t, s)
						ctx := limited(t)
						if err := s.Submit(ctx, line); err != nil {
							t.Fatalf("round %d: %v", i, err)
						}
						if got, err := s.AwaitPrompt(ctx); err != nil || got != want {
							t.Fatalf("round %d: status %d, %v\n%q", i, got, err, s.Screen())
						}
					}
				})
			}
		}
	}
}

// TestInterruptAtBegin interrupts commands at their very beginning, when the shell may not
// have put them into the foreground yet: they end, also in a terminal in the terminal.
func TestInterruptAtBegin(t *testing.T) {
	for _, shell := range []string{"", "bash --norc", "script -qe /dev/null"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			s := newSession(t)
			if shell != "" {
				needs(t, strings.Fields(shell)[0])
				if _, _, err := do(t, s, shell); err != nil {
					t.Fatal(err)
				}
			}
			for i := range neighbours() / 4 {
				if err := s.Submit(limited(t), "sleep 1000"); err != nil {
					t.Fatalf("round %d: %v", i, err)
				}
				s.mu.Lock()
				s.interrupting(func() { s.prompt.press([]byte{interruptKey}) })
				s.mu.Unlock()
				if _, err := s.AwaitPrompt(limited(t)); err != nil {
					t.Fatalf("round %d: %v\n%q", i, err, s.Screen())
				}
			}
		})
	}
}

// TestInterruptKeepsATimeout interrupts a loop of the shell: its status is that of the read before, where
// that is above 128.
func TestInterruptKeepsATimeout(t *testing.T) {
	interrupt, _ := ParseKey("^C")
	s := newSession(t)
	for range 200 {
		ctx := limited(t)
		if err := s.Submit(ctx, "while read -t 0.002 -u 9 || true; do echo tick; done 9<> <(:)"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Expect(ctx, expect.String("tick")); err != nil {
			t.Fatal(err)
		}
		if err := s.Press(ctx, interrupt); err != nil {
			t.Fatal(err)
		}
		status, err := s.AwaitPrompt(ctx)
		if err != nil || !s.Excused() {
			t.Errorf("status %d, %v: an interrupt ended it", status, err)
		}
	}
}

// TestInterruptBeforePromptsRedrawn asks a line editor that redraws its prompt twice for each question whether it has
// noticed an interrupt: the questions have an end.
func TestInterruptBeforePromptsRedrawn(t *testing.T) {
	needs(t, "zsh")
	s := newSession(t)
	ctx := limited(t)
	for _, line := range []string{"zsh -f", "__k() { __s; zle reset-prompt; zle -R; zle reset-prompt; zle -R; }"} {
		if out, _, err := do(t, s, line); err != nil {
			t.Fatal(out, err)
		}
	}
	interrupt, _ := ParseKey("^C")
	for i := range 10 {
		if err := s.Submit(ctx, "true"); err != nil {
			t.Fatal(err)
		}
		if err := s.Press(ctx, interrupt); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AwaitPrompt(ctx); err != nil {
			t.Fatal(err)
		}
		if _, status, err := do(t, s, fmt.Sprintf("(exit %d)", i)); err != nil || status != i {
			t.Fatalf("round %d: status %d, %v", i, status, err)
		}
	}
}
