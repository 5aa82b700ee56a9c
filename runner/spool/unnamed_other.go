//go:build !linux

package spool

import (
	"errors"
	"os"
)

func unnamed(string) (*os.File, error) {
	return nil, errors.ErrUnsupported
}
