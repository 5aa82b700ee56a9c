//go:build unix && !linux

package sandbox

import (
	"errors"
	"os"
	"syscall"
)

func executable() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

func attempts(opts Options) []attempt {
	if opts.Isolation != "" && opts.Isolation != Group {
		return nil
	}
	return []attempt{{isolation: Group, attr: &syscall.SysProcAttr{Setsid: true}}}
}

func isolate(Isolation, bool) (op string, err error) { return "", nil }

// ignoredSignals lists the signals that the Go runtime does not change: they may be ignored.
func ignoredSignals() []os.Signal {
	return []os.Signal{syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT}
}

// unblockSignals does nothing: the system call is not available without cgo.
func unblockSignals() error { return nil }

func closeOnExec() {}

func processAttr(Isolation, *int) *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

func ownPID(_ Isolation, pid int, _ []int) int { return pid }

func detach(string) error { return nil }

func mountAt(string, string) error { return errors.ErrUnsupported }
