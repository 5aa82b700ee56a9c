//go:build unix

package report

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// reuse is another descriptor of an open file.
func reuse(name string, fd int) (io.WriteCloser, error) {
	again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(again), name), nil
}
