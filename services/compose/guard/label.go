package guard

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Label is the label of all objects that are created through a guard. Its value is the guard's
// identity, which tells whether the guard still lives.
const Label = "workshop.run"

// identity identifies a process permanently by the machine, its last start, the PID namespace, the
// PID, and the start time of the process.
func identity(pid int) string {
	host, _ := os.Hostname()
	return strings.Join([]string{host, bootID(), pidNamespace(), strconv.Itoa(pid), began(pid)}, "/")
}

// dead reports whether a guard has certainly ended. A guard on another machine, or in another PID
// namespace, does not count as dead.
func dead(id string) bool {
	parts := strings.Split(id, "/")
	if len(parts) != 5 {
		return false
	}
	host, _ := os.Hostname()
	pid, err := strconv.Atoi(parts[3])
	switch {
	case err != nil || parts[0] != host:
		return false
	case parts[1] != bootID():
		return true
	case parts[2] != pidNamespace():
		return false
	case syscall.Kill(pid, 0) == syscall.ESRCH:
		return true
	}
	return began(pid) != parts[4]
}

// statePattern is the pattern of a guard's own directory for os.MkdirTemp. It contains the guard's
// identity.
func statePattern() string {
	return fmt.Sprintf("%s%d-%s-%s-*", stateName, os.Getpid(), pidNamespace(), began(os.Getpid()))
}

const stateName = "workshop-docker-"

// sweepStates removes the directories of guards that have ended.
func sweepStates() error {
	all, err := filepath.Glob(filepath.Join(os.TempDir(), stateName+"*-*-*-*"))
	if err != nil {
		return err
	}
	for _, dir := range all {
		parts := strings.Split(strings.TrimPrefix(filepath.Base(dir), stateName), "-")
		pid, err := strconv.Atoi(parts[0])
		if err != nil || len(parts) != 4 || parts[1] != pidNamespace() || began(pid) == parts[2] {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// bootID changes each time that the machine starts.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(b))
}

func pidNamespace() string {
	name, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.Trim(strings.TrimPrefix(name, "pid:"), "[]")
}

// began returns the start time of a process, in any unit. It distinguishes processes that have had
// the same PID.
func began(pid int) string {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		//nolint:noctx // only without /proc; it is a local call
		out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
		if err != nil {
			return ""
		}
		return strings.ReplaceAll(strings.TrimSpace(string(out)), " ", "_")
	}
	// The name, in parentheses, may hold any character; starttime is the 20th field after it, see
	// proc_pid_stat(5).
	_, rest, _ := bytes.Cut(b[bytes.LastIndexByte(b, ')'):], []byte(" "))
	fields := strings.Fields(string(rest))
	if len(fields) < 20 || fields[0] == "Z" { // a zombie has ended
		return ""
	}
	return fields[19]
}
