//go:build !linux

package engine

import (
	"context"
	"errors"
	"net"
	"net/netip"
)

type (
	places struct{}
	place  struct{}
)

var errNoPlaces = errors.New("containers have networks of their own on Linux only")

func newPlaces(*spawner, string) (*places, error)        { return nil, errNoPlaces }
func (*places) close()                                   {}
func (*places) open(string, []*endpoint) (*place, error) { return nil, errNoPlaces }
func (*places) connect(*place, *endpoint, string) error  { return errNoPlaces }
func (*places) protect(*place, []mount) error            { return errNoPlaces }
func (*places) within(_ *place, f func() error) error    { return f() }
func (*places) disconnect(*endpoint)                     {}
func (*places) cut(*endpoint)                            {}
func (*places) remove(*network)                          {}
func (*place) enter() error                              { return nil }
func (*place) close()                                    {}

func (*places) listen(context.Context, *place, string) (*net.TCPListener, error) {
	return nil, errNoPlaces
}

func (*places) listenPacket(context.Context, *place, string) (net.PacketConn, error) {
	return nil, errNoPlaces
}

func (*place) dial(context.Context, netip.Addr, string) (*net.TCPConn, error) {
	return nil, errNoPlaces
}

// onMainThread is false: no thread is moved to another namespace here.
func onMainThread() bool { return false }
