//go:build linux || darwin

package report

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// quiet keeps keys from being shown on a terminal that is drawn on, and from stopping
// this process (^Z), which would leave the terminal to others as it is. ^C goes on
// to interrupt. What was typed meanwhile is thrown away at the end, lest a shell
// execute it. A writer that is no terminal has nothing to keep quiet.
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
