package engine

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// resources are the limits, by their names in the API.
var resources = map[string]int{
	"core": unix.RLIMIT_CORE, "cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA, "fsize": unix.RLIMIT_FSIZE, "locks": unix.RLIMIT_LOCKS,
	"memlock": unix.RLIMIT_MEMLOCK, "msgqueue": unix.RLIMIT_MSGQUEUE, "nice": unix.RLIMIT_NICE, "nofile": unix.RLIMIT_NOFILE,
	"nproc": unix.RLIMIT_NPROC, "rss": unix.RLIMIT_RSS, "rtprio": unix.RLIMIT_RTPRIO, "rttime": unix.RLIMIT_RTTIME,
	"sigpending": unix.RLIMIT_SIGPENDING, "stack": unix.RLIMIT_STACK,
}

// limitWarnings removes the limits that the engine may not set, and says so.
func (h *hostConfig) limitWarnings() (warnings []string) {
	var kept []ulimit
	for _, u := range h.Ulimits {
		resource, known := resources[u.Name]
		var own unix.Rlimit
		switch {
		case !known:
			warnings = append(warnings, "ulimit "+u.Name+" has no effect: there is no such limit")
		case unix.Getrlimit(resource, &own) != nil || uint64(u.Hard) > own.Max && os.Geteuid() != 0:
			warnings = append(warnings, "ulimit "+u.Name+" has no effect: it is higher than this user's")
		default:
			kept = append(kept, u)
		}
	}
	h.Ulimits = kept
	return warnings
}

// limit sets the limits of a process that has stopped before its first instruction, because it was
// started as traced by this thread, and moves it to its group. It runs from then on.
func limit(pid int, limits []ulimit, g *group) error {
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(pid, &status, unix.WALL, nil)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return os.NewSyscallError("wait4", err)
		}
	}
	errs := g.add(pid)
	for _, u := range limits {
		// A limit of -1 is none.
		err := unix.Prlimit(pid, resources[u.Name], &unix.Rlimit{Cur: uint64(u.Soft), Max: uint64(u.Hard)}, nil)
		errs = errors.Join(errs, os.NewSyscallError("set ulimit "+u.Name, err))
	}
	return errors.Join(errs, os.NewSyscallError("ptrace", unix.PtraceDetach(pid)))
}
