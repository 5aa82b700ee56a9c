package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStressEnds checks that the process of --stress runs during the run, and ends with it, also if
// that is killed.
func TestStressEnds(t *testing.T) {
	for _, sig := range []syscall.Signal{0, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(fmt.Sprint(sig), func(t *testing.T) {
			dir := t.TempDir()
			up, end := filepath.Join(dir, "up"), filepath.Join(dir, "end")
			for _, name := range []string{up, end} {
				if err := syscall.Mkfifo(name, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			deck := filepath.Join(dir, "deck.md")
			text := "# Busy\n\n.exercise[\n```bash\necho up >" + up + "; read x <" + end + "\n```\n]\n"
			if err := os.WriteFile(deck, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			// Each process of the run holds its standard error.
			held, stderr, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			cmd := exec.CommandContext(t.Context(), named(t), "check", "--no-ledger", "--stress", deck)
			cmd.Stderr = stderr
			err = cmd.Start()
			stderr.Close()
			if err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(openPipe(t, up)).ReadString('\n'); line != "up\n" {
				t.Fatalf("%q, %v", line, err)
			}
			if names := childrenOf(t, cmd.Process.Pid); !slices.Contains(names, stressTool) {
				t.Errorf("the children are %q", names)
			}
			if sig != 0 {
				err = cmd.Process.Signal(sig)
			} else {
				err = os.WriteFile(end, []byte("end\n"), 0)
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = held.SetReadDeadline(time.Now().Add(20 * time.Second))
			if said, err := io.ReadAll(held); err != nil {
				t.Errorf("a process is left: %v; it said %q", err, said)
			}
			_ = cmd.Wait()
		})
	}
}

// childrenOf are the names of a process's children.
func childrenOf(t *testing.T, pid int) (names []string) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("no tasks: %v", err)
	}
	for _, task := range tasks {
		pids, _ := os.ReadFile(task) // a thread may have ended
		for child := range strings.FieldsSeq(string(pids)) {
			line, _ := os.ReadFile("/proc/" + child + "/cmdline")
			name, _, _ := strings.Cut(string(line), "\x00")
			names = append(names, name)
		}
	}
	return names
}
