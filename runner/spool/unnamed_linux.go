package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// unnamed opens a file without a name in a folder: O_TMPFILE of open(2).
func unnamed(dir string) (*os.File, error) {
	return os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600)
}
