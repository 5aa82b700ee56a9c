package terminal

import "golang.org/x/sys/unix"

// waitsForInput reports whether a system call is one of those that wait for input.
func waitsForInput(call int) bool {
	switch call {
	case unix.SYS_PSELECT6, unix.SYS_PPOLL, unix.SYS_SELECT, unix.SYS_POLL:
		return true
	}
	return false
}
