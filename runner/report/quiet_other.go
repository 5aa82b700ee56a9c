//go:build !linux && !darwin

package report

import "io"

// quiet does nothing on this system: keys may appear while a terminal is drawn on.
func quiet(io.Writer) (restore func() error, err error) {
	return func() error { return nil }, nil
}
