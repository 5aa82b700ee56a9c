//go:build !linux

package engine

import (
	"context"
	"io"
	"net"
)

func capable() bool { return false }

func startAgain(context.Context, net.Listener, io.Writer, io.Writer) (int, error) {
	return 0, errNoPlaces
}

func again(func(string) string) (net.Listener, func(error), bool, error) {
	return nil, nil, false, nil
}
