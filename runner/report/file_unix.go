//go:build unix

package report

import (
	"errors"
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

// openPlain opens a plain file for appending. [os.OpenFile] tries whether it can be polled, which takes
// five system calls; a run may write thousands of files.
func openPlain(name string) (*os.File, error) {
	for {
		fd, err := unix.Open(name, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_APPEND|unix.O_CLOEXEC, 0o666)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "open", Path: name, Err: err}
		}
		return os.NewFile(uintptr(fd), name), nil
	}
}
