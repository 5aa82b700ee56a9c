package terminal

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRecoverWaitsForANestedShell recovers while the shells get no turn, as on a busy machine: the nested
// one must not be killed.
func TestRecoverWaitsForANestedShell(t *testing.T) {
	for _, shell := range []string{"bash --norc", "dash", "busybox sh", "mksh", "ksh", "zsh -f", "script -qc mksh /dev/null"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			needs(t, strings.Fields(shell)[0])
			s := newSession(t)
			ctx := limited(t)
			for _, line := range []string{shell, "A=1"} {
				if out, _, err := do(t, s, line); err != nil {
					t.Fatal(out, err)
				}
			}
			if err := s.Submit(ctx, "sleep 100"); err != nil {
				t.Fatal(err)
			}
			// First the outer one, which would take the terminal from the other.
			shells := []int{s.prompt.shell, s.shellProcess()}
			if shells[1] == 0 {
				shells = []int{s.dev.front().relays[0]}
			}
			signal := func(pid int, number unix.Signal) {
				t.Helper()
				if err := unix.Kill(pid, number); err != nil {
					t.Error(pid, number, err)
				}
			}
			for _, pid := range shells {
				for signal(pid, unix.SIGSTOP); stat(pid)[statState] != "T"; {
					runtime.Gosched()
				}
			}
			resumed := make(chan struct{})
			time.AfterFunc(2500*time.Millisecond, func() {
				defer close(resumed)
				for i := range shells {
					signal(shells[len(shells)-1-i], unix.SIGCONT)
				}
			})
			err := s.Recover(ctx)
			if <-resumed; err != nil {
				t.Fatal(err)
			}
			if out, _, err := do(t, s, "echo af''ter $A"); err != nil || !strings.HasPrefix(out, "after 1\n") {
				t.Errorf("afterwards: %q, %v", out, err)
			}
		})
	}
}
