package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// socksProxy is a SOCKS5 server (RFC 1928) through which one container reaches others. It resolves
// the names in the container's networks.
type socksProxy struct {
	listener  *net.TCPListener
	container *container
	turn      int // next of the containers with one name; guarded by the engine's mutex
}

// The replies of RFC 1928, section 6.
const (
	socksSucceeded       = 0
	socksFailure         = 1
	socksHostUnreachable = 4
	socksRefused         = 5
	socksNotSupported    = 7
	socksBadAddress      = 8
)

// newProxy starts the proxy of a container. A container without a network has none. One with a place
// needs none; but calls that are watched or spoilt have to pass through the engine, and the
// programs of this binary are known to use a proxy. The caller holds e.mu.
func (e *Engine) newProxy(ctx context.Context, c *container, r *run) (*socksProxy, error) {
	ours := c.image.base && c.config.Labels[processLabel] == ""
	if c.host.NetworkMode == "none" || r.place != nil && (!ours || !e.faults.watch()) {
		return nil, nil
	}
	l, err := e.listenAt(ctx, r.place)
	if err != nil {
		return nil, err
	}
	p := &socksProxy{listener: l, container: c}
	e.tasks.Add(1)
	go func() {
		defer e.tasks.Done()
		p.serve(ctx, e)
	}()
	return p, nil
}

// listenAt opens a loopback socket at a place; nil is the engine's own.
func (e *Engine) listenAt(ctx context.Context, p *place) (*net.TCPListener, error) {
	if p == nil {
		return listen(ctx, "127.0.0.1", 0)
	}
	return e.places.listen(ctx, p, "127.0.0.1:0")
}

// env returns the variable that announces the proxy to programs. The h leaves name resolution to
// it.
func (p *socksProxy) env() string { return "ALL_PROXY=socks5h://" + p.listener.Addr().String() }

func (p *socksProxy) close() { p.listener.Close() }

func (p *socksProxy) serve(ctx context.Context, e *Engine) {
	for {
		conn, err := p.listener.AcceptTCP()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				e.log.Warn("proxy", "container", p.container.id, "error", err)
			}
			return
		}
		e.tasks.Add(1) // this task has not ended, so Close still waits
		go func() {
			defer e.tasks.Done()
			defer e.conns.remove(conn)
			if e.conns.add(conn) {
				p.connect(ctx, e, conn)
			}
		}()
	}
}

// connect answers one client and forwards its bytes.
func (p *socksProxy) connect(ctx context.Context, e *Engine, conn *net.TCPConn) {
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // reading fails if it is closed
	in := bufio.NewReaderSize(conn, 512)
	host, port, reply := handshake(in, conn)
	var to *net.TCPConn
	var at call
	if reply == socksSucceeded {
		to, at, reply = p.dial(ctx, e, host, port)
	}
	if reply >= 0 {
		// Clients do not need the bound address: it is zero, as from many servers.
		_, err := conn.Write([]byte{5, byte(reply), 0, 1, 0, 0, 0, 0, 0, 0})
		if err != nil && to != nil {
			to.Close()
			return
		}
	}
	if to == nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	at.from = serviceOf(p.container)
	e.carry(conn, to, at, in)
}

// handshake reads a request. A negative reply means that the client gets no answer.
func handshake(in *bufio.Reader, out io.Writer) (host string, port int, reply int) {
	var b [255]byte
	read := func(n int) []byte {
		if _, err := io.ReadFull(in, b[:n]); err != nil {
			return nil
		}
		return b[:n]
	}
	head := read(2)
	if head == nil || head[0] != 5 {
		return "", 0, -1
	}
	methods := read(int(head[1]))
	if methods == nil {
		return "", 0, -1
	}
	if !bytes.Contains(methods, []byte{0}) { // the client insists on a password
		_, _ = out.Write([]byte{5, 0xff})
		return "", 0, -1
	}
	if _, err := out.Write([]byte{5, 0}); err != nil {
		return "", 0, -1
	}
	head = read(4)
	if head == nil || head[0] != 5 {
		return "", 0, -1
	}
	command, kind := head[1], head[3]
	switch kind {
	case 1, 4:
		a, ok := netip.AddrFromSlice(read(map[byte]int{1: 4, 4: 16}[kind]))
		if !ok {
			return "", 0, -1
		}
		host = a.Unmap().String()
	case 3:
		n := read(1)
		if n == nil {
			return "", 0, -1
		}
		host = string(read(int(n[0])))
	default:
		return "", 0, socksBadAddress
	}
	number := read(2)
	switch {
	case number == nil || host == "":
		return "", 0, -1
	case command != 1:
		return "", 0, socksNotSupported
	}
	return host, int(binary.BigEndian.Uint16(number)), socksSucceeded
}

// dial connects to one of the containers with a name; port 0 is the first one that each has. They take turns, and a container that does
// not answer is skipped.
func (p *socksProxy) dial(ctx context.Context, e *Engine, host string, port int) (*net.TCPConn, call, int) {
	e.mu.Lock()
	found := e.resolve(p.container, host)
	var addresses []*address
	for i := range found {
		c := found[(p.turn+i)%len(found)]
		if c.run == nil {
			continue
		}
		name := portName(strconv.Itoa(port))
		if own := c.portNames(); port == 0 && len(own) > 0 {
			name = own[0]
		}
		if a := c.run.ports[name]; a != nil {
			addresses = append(addresses, a)
		} else if c.run.place != nil {
			addresses = append(addresses, c.run.address(c.container, name))
		}
	}
	p.turn++
	e.mu.Unlock()
	if len(found) == 0 {
		return nil, call{}, socksHostUnreachable
	}
	for _, a := range addresses {
		to, err := a.dial(ctx)
		if err == nil {
			return to, a.call, socksSucceeded
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, call{}, socksFailure
		}
	}
	return nil, call{}, socksRefused
}
