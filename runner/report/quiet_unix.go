//go:build linux || darwin

package report

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// quiet prevents the echo of keys on a terminal that is drawn on. It also prevents them from
// stopping this process (^Z), which would leave the terminal in this state; ^C still interrupts. At
// the end it discards the keys typed meanwhile, because a shell might execute them. If the writer
// is not a terminal it does nothing.
func quiet(w io.Writer) (restore func() error, err error) {
	f, ok := w.(*os.File)
	if !ok {
		return func() error { return nil }, nil
	}
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if errors.Is(err, unix.ENOTTY) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the modes of the terminal: %w", err)
	}
	now := *before
	now.Lflag &^= unix.ECHO | unix.ICANON
	now.Cc[unix.VMIN], now.Cc[unix.VTIME] = 1, 0
	now.Cc[unix.VSUSP] = disabled
	if err := unix.IoctlSetTermios(fd, setTermios, &now); err != nil {
		return nil, fmt.Errorf("set the modes of the terminal: %w", err)
	}
	return func() error {
		if err := unix.IoctlSetTermios(fd, setTermiosFlush, before); err != nil {
			return fmt.Errorf("restore the modes of the terminal: %w", err)
		}
		return nil
	}, nil
}
