package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// ports returns the container's ports in the order of their numbers.
func (c *container) ports() []string {
	return slices.SortedFunc(maps.Keys(c.config.ExposedPorts), func(a, b string) int {
		m, _ := portNumber(a) // they were checked
		n, _ := portNumber(b)
		return cmp.Compare(m, n)
	})
}

// portNames returns the container's ports in their canonical form.
func (c *container) portNames() []string {
	names := c.ports()
	for i, port := range names {
		names[i] = portName(port)
	}
	return names
}

// listen opens the container's ports, and returns them with their names for the process. A program
// outside the base image may not support this: it gets the number of a port to open by itself in
// PORT_80, and that of its first port in PORT.
func (r *run) listen(ctx context.Context, c *container) (files []*os.File, names, env []string, err error) {
	local := c.config.Labels[processLabel] != ""
	for _, port := range c.ports() {
		name, _, _ := strings.Cut(port, "/")
		number, _ := portNumber(port) // it was checked
		r.ports[portName(port)] = &address{call: call{service: serviceOf(c), port: number}}
		if local || !c.image.base {
			number, err := r.reserve(ctx)
			if err != nil {
				return files, nil, nil, err
			}
			if len(env) == 0 {
				env = append(env, "PORT="+number)
			}
			env = append(env, "PORT_"+name+"="+number)
			r.ports[portName(port)].own = net.JoinHostPort("127.0.0.1", number)
		}
		if local {
			continue
		}
		l, err := listen(ctx, "127.0.0.1", 0)
		if err != nil {
			return files, nil, nil, err
		}
		r.ports[portName(port)].handed = l.Addr().String()
		f, err := l.File()
		l.Close() // f is another descriptor of the same socket
		if err != nil {
			return files, nil, nil, err
		}
		files, names = append(files, f), append(names, name)
	}
	return files, names, env, nil
}

// address is the address of a container's port: the listener that was passed on, or the port that
// the program opens by itself, in its place if it has one.
type address struct {
	call        // without its caller
	handed, own string
	place       *place // nil, or the place in which the program listens at the address
	at          netip.Addr
	opened      atomic.Bool // the program's own port has answered, so it uses no other
}

// dial connects to a port of a container.
func (a *address) dial(ctx context.Context) (*net.TCPConn, error) {
	if a.place != nil {
		return a.place.dial(ctx, a.at, strconv.Itoa(a.port))
	}
	if a.own != "" {
		conn, err := dial(ctx, a.own)
		if err == nil {
			a.opened.Store(true)
		}
		if err == nil || a.handed == "" || a.opened.Load() {
			return conn, err
		}
	}
	return dial(ctx, a.handed)
}

// open is dial, with what the connection is.
func (a *address) open(ctx context.Context) (*net.TCPConn, call, error) {
	conn, err := a.dial(ctx)
	return conn, a.call, err
}

// reserve finds a free port on which the container's program may listen, and which nobody else is
// given until the run is over. On Linux the port stays bound for that: without listening, and with
// SO_REUSEADDR. It does not block programs that set that option, too, as servers do.
func (r *run) reserve(ctx context.Context) (number string, err error) {
	if runtime.GOOS != "linux" {
		l, err := listen(ctx, "127.0.0.1", 0)
		if err != nil {
			return "", err
		}
		defer l.Close()
		return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return "", os.NewSyscallError("socket", err)
	}
	r.reserved = append(r.reserved, fd)
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		return "", os.NewSyscallError("bind", err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		return "", os.NewSyscallError("getsockname", err)
	}
	return strconv.Itoa(at.(*syscall.SockaddrInet4).Port), nil
}

func listen(ctx context.Context, host string, port int) (*net.TCPListener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// check refuses an impossible binding.
func (b portBinding) check() error {
	if b.HostIP != "" {
		a, err := netip.ParseAddr(b.HostIP)
		if err != nil {
			return badRequest("invalid host address %s", b.HostIP)
		}
		if !a.IsLoopback() && !a.IsUnspecified() {
			return badRequest("publishing on %s is not supported by the embedded engine: it binds loopback addresses only", b.HostIP)
		}
	}
	first, last, err := b.portRange()
	switch {
	case err != nil || first > last || last > 65535:
		return badRequest("invalid host port %s", b.HostPort)
	}
	return nil
}

// portRange returns 0 to 0 for any port.
func (b portBinding) portRange() (first, last int, err error) {
	if b.HostPort == "" {
		return 0, 0, nil
	}
	from, to, several := strings.Cut(b.HostPort, "-")
	if !several {
		to = from
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	return first, last, errors.Join(err1, err2)
}

// addresses returns the loopback addresses that are bound for a binding, each with the address that
// is shown.
func (b portBinding) addresses() []struct{ bind, show string } {
	type pair = struct{ bind, show string }
	a, _ := netip.ParseAddr(b.HostIP) // it was checked; "" is invalid
	switch {
	case !a.IsValid():
		return []pair{{"127.0.0.1", "0.0.0.0"}, {"::1", "::"}}
	case a.IsUnspecified() && a.Is4():
		return []pair{{"127.0.0.1", b.HostIP}}
	case a.IsUnspecified():
		return []pair{{"::1", b.HostIP}}
	}
	return []pair{{b.HostIP, b.HostIP}}
}

// publishPorts binds the container's published ports and forwards them. The caller
// holds e.mu.
func (e *Engine) publishPorts(ctx context.Context, c *container, r *run) error {
	r.shown = map[string][]portBinding{}
	wanted := map[string][]portBinding{}
	for port, bindings := range c.host.PortBindings {
		wanted[portName(port)] = bindings
	}
	if c.host.PublishAllPorts {
		for port := range c.config.ExposedPorts {
			if name := portName(port); len(wanted[name]) == 0 {
				wanted[name] = []portBinding{{}}
			}
		}
	}
	for _, port := range slices.Sorted(maps.Keys(wanted)) {
		for _, b := range wanted[port] {
			if err := e.publishPort(ctx, c, r, port, b); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) publishPort(ctx context.Context, c *container, r *run, port string, b portBinding) error {
	target := r.ports[port]
	first, last, _ := b.portRange() // it was checked
	var listeners []*net.TCPListener
	var err error
	for number := first; ; number++ {
		listeners, err = b.bind(ctx, number)
		if err == nil || number >= last || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	if err != nil {
		// The text is Docker's; clients look for its beginning.
		id := newID()
		for _, ep := range c.endpoints {
			id = ep.id
		}
		reason := err.Error()
		if errors.Is(err, syscall.EADDRINUSE) {
			show := b.addresses()[0].show
			reason = fmt.Sprintf("Bind for %s failed: port is already allocated", net.JoinHostPort(show, b.HostPort)) + e.holder(last)
		}
		return fail(http.StatusInternalServerError, "driver failed programming external connectivity on endpoint %s (%s): %s", c.name, id, reason)
	}
	for i, l := range listeners {
		number := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		r.shown[port] = append(r.shown[port], portBinding{HostIP: b.addresses()[i].show, HostPort: number})
		f := &forwarder{listener: l}
		r.publish = append(r.publish, f)
		e.tasks.Add(1)
		go func() {
			defer e.tasks.Done()
			f.serve(ctx, e, target.open)
		}()
	}
	return nil
}

// holder names the process that has a port. It is "" for a container, which docker ps shows. The
// caller holds e.mu.
func (e *Engine) holder(port int) string {
	for _, c := range e.containers {
		if c.run == nil {
			continue
		}
		for _, bindings := range c.run.shown {
			for _, b := range bindings {
				if b.HostPort == strconv.Itoa(port) {
					return ""
				}
			}
		}
	}
	return holder(port)
}

// bind opens all the addresses of a binding on one port. On a machine without IPv6 that address is
// left out.
func (b portBinding) bind(ctx context.Context, number int) ([]*net.TCPListener, error) {
	var listeners []*net.TCPListener
	for i, a := range b.addresses() {
		l, err := listen(ctx, a.bind, number)
		if err != nil && i > 0 && !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
			return nil, err
		}
		listeners = append(listeners, l)
		number = l.Addr().(*net.TCPAddr).Port
	}
	return listeners, nil
}

// portMap returns a running container's ports for inspect.
func (c *container) portMap() map[string][]portBinding {
	ports := map[string][]portBinding{}
	if c.run == nil {
		return ports
	}
	for port := range c.config.ExposedPorts {
		ports[portName(port)] = c.run.shown[portName(port)] // null if it is not published
	}
	return ports
}

// portList returns the ports for the list of containers.
func (c *container) portList() []portSummary {
	list := []portSummary{}
	if c.run == nil {
		return list
	}
	for _, port := range c.ports() {
		number, _ := portNumber(port) // it was checked
		shown := c.run.shown[portName(port)]
		if len(shown) == 0 {
			list = append(list, portSummary{PrivatePort: number, Type: "tcp"})
		}
		for _, b := range shown {
			public, _ := strconv.Atoi(b.HostPort) // we chose it
			list = append(list, portSummary{IP: b.HostIP, PrivatePort: number, PublicPort: public, Type: "tcp"})
		}
	}
	return list
}

// forwarder forwards the connections of a listener.
type forwarder struct {
	listener *net.TCPListener
}

// serve ends when the listener is closed. Open connections continue to their own end; dial opens the
// other side of each.
func (f *forwarder) serve(ctx context.Context, e *Engine, dial func(ctx context.Context) (*net.TCPConn, call, error)) {
	for {
		conn, err := f.listener.AcceptTCP()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				e.log.Warn("published port", "address", f.listener.Addr().String(), "error", err)
			}
			return
		}
		e.tasks.Add(1) // this task has not ended, so Close still waits
		go func() {
			defer e.tasks.Done()
			defer e.conns.remove(conn)
			if !e.conns.add(conn) {
				return
			}
			to, at, err := dial(ctx)
			if err != nil {
				return // the client's connection is closed, as with Docker
			}
			e.carry(conn, to, at, nil)
		}()
	}
}

func (f *forwarder) close() { f.listener.Close() }

func dial(ctx context.Context, address string) (*net.TCPConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// relay copies in both directions until both have ended. It closes b; the caller closes a. If watch is set,
// the bytes from b pass through the reader that it returns.
func (e *Engine) relay(a, b *net.TCPConn, watch func(io.Reader) io.Reader) {
	defer e.conns.remove(b)
	if !e.conns.add(b) {
		return
	}
	var there sync.WaitGroup
	pass := func(to *net.TCPConn, from io.Reader) {
		if _, err := io.Copy(to, from); err != nil {
			// An error in one direction ends both.
			a.Close()
			b.Close()
			return
		}
		_ = to.CloseWrite() // the other direction detects an error
	}
	there.Go(func() { pass(b, a) })
	if watch != nil {
		pass(a, watch(b))
	} else {
		pass(a, b)
	}
	there.Wait()
}
