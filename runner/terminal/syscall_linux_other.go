//go:build linux && !amd64

package terminal

import "golang.org/x/sys/unix"

// waitsForInput reports whether a system call is one of those that wait for input.
func waitsForInput(call int) bool { return call == unix.SYS_PSELECT6 || call == unix.SYS_PPOLL }
