package guard

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDead checks that a guard counts as dead only if it certainly has ended.
func TestDead(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	other := identity(cmd.Process.Pid)
	if dead(other) {
		t.Errorf("%s lives", other)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	own := identity(os.Getpid())
	part := func(i int, value string) string {
		parts := strings.Split(own, "/")
		parts[i] = value
		return strings.Join(parts, "/")
	}
	for id, want := range map[string]bool{
		own:                  false,
		other:                true,
		part(0, "elsewhere"): false, // another machine
		part(1, "x"):         true,  // before the last start of this one
		part(2, "1"):         false, // a container, for example
		part(4, "1"):         true,  // the PID has been given to another process
		"":                   false,
		"a user's own":       false,
	} {
		if got := dead(id); got != want {
			t.Errorf("%q: dead is %v, want %v", id, got, want)
		}
	}
}
