package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// places makes the containers' own networks of Linux namespaces: a place for each container, and a
// hub with a bridge for each network, which connects them. A hub has no address, and a place no
// route: no packet leaves a network, or gets in. See network_namespaces(7), veth(4).
type places struct {
	thread  *spawner // makes namespaces, and sockets in them
	hub     *os.File
	link    *netlink.Handle  // of the hub
	raw     *nl.SocketHandle // of the hub as well, for what the library has no function for
	bridges map[string]int   // their indexes, by the network's id
	files   *os.File         // the mount namespace of the thread that starts processes
}

// place is the network of a running container, and its view of the files: its namespaces.
type place struct {
	net, uts *os.File
	link     *netlink.Handle
	files    *os.File // with its directories that are read-only; nil if it has none
}

// newPlaces makes the hub, and tries a network with one member: too many settings decide whether
// that can be done. From then on processes see the name server's files: spawn is the thread that
// starts them.
func newPlaces(spawn *spawner, dir string) (_ *places, err error) {
	ps := &places{thread: newSpawner(), bridges: map[string]int{}}
	defer func() {
		if err != nil {
			ps.close()
		}
	}()
	err = ps.thread.do(func() error {
		if ps.hub, err = newNamespace(unix.CLONE_NEWNET, "net"); err != nil {
			return err
		}
		if ps.link, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
			return err
		}
		socket, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
		ps.raw = &nl.SocketHandle{Socket: socket}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("network namespace: %w", err)
	}
	trial := &network{id: newID(), subnet: netip.MustParsePrefix("172.17.0.0/16")}
	p, err := ps.open("trial", []*endpoint{{id: newID(), network: trial, address: trial.gateway().Next()}})
	if err != nil {
		return nil, err
	}
	p.close()
	return ps, spawn.do(func() (err error) {
		if err := mountNames(dir); err != nil {
			return err
		}
		ps.files, err = os.Open("/proc/thread-self/ns/mnt")
		return err
	})
}

func (ps *places) close() {
	if ps.hub != nil {
		ps.hub.Close()
	}
	if ps.link != nil {
		ps.link.Close()
	}
	if ps.raw != nil && ps.raw.Socket != nil {
		ps.raw.Close()
	}
	if ps.files != nil {
		ps.files.Close()
	}
	ps.thread.close()
}

// newNamespace moves the calling thread to a new namespace.
func newNamespace(flag int, kind string) (*os.File, error) {
	if err := unix.Unshare(flag); err != nil {
		return nil, os.NewSyscallError("unshare", err)
	}
	return os.Open("/proc/thread-self/ns/" + kind)
}

// mountNames moves the calling thread to a mount namespace in which names are looked up by the
// engine only: see resolv.conf(5), nsswitch.conf(5). The files are made in dir.
func mountNames(dir string) error {
	// The thread needs a current directory of its own for it, too.
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return os.NewSyscallError("mount", err)
	}
	files := map[string]string{
		"/etc/hosts":       "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n",
		"/etc/resolv.conf": "nameserver " + nameServer + "\noptions ndots:0\n",
	}
	if text, err := os.ReadFile("/etc/nsswitch.conf"); err == nil {
		lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool {
			return strings.HasPrefix(strings.TrimSpace(line), "hosts:")
		})
		files["/etc/nsswitch.conf"] = "hosts: files dns\n" + strings.Join(lines, "\n")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, text := range files {
		ours := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(ours, []byte(text), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(ours, name, "", unix.MS_BIND, ""); err != nil { // on the target of a symbolic link
			return &os.PathError{Op: "mount", Path: name, Err: err}
		}
	}
	if cache := "/run/nscd"; isDir(cache) { // a cache of the machine's names
		if err := unix.Mount("workshop", cache, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
			return &os.PathError{Op: "mount", Path: cache, Err: err}
		}
	}
	// An ordinary user's processes would keep these capabilities.
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// open makes the place of a container, connected by its endpoints.
func (ps *places) open(hostname string, endpoints []*endpoint) (_ *place, err error) {
	p := &place{}
	err = ps.thread.do(func() (err error) {
		if p.uts, err = newNamespace(unix.CLONE_NEWUTS, "uts"); err != nil {
			return err
		}
		if err = unix.Sethostname([]byte(hostname)); err != nil {
			return os.NewSyscallError("sethostname", err)
		}
		if p.net, err = newNamespace(unix.CLONE_NEWNET, "net"); err != nil {
			return err
		}
		if p.link, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
			return err
		}
		// Every program may open port 80. The file is that of the thread's namespace.
		return os.WriteFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", []byte("0"), 0)
	})
	if err == nil {
		err = p.up("lo")
	}
	for i, ep := range endpoints {
		if err == nil {
			err = ps.connect(p, ep, fmt.Sprintf("eth%d", i))
		}
	}
	if err != nil {
		p.close()
		return nil, fmt.Errorf("network of a container: %w", err)
	}
	return p, nil
}

func (p *place) up(name string) error {
	l, err := p.link.LinkByName(name)
	if err != nil {
		return err
	}
	return p.link.LinkSetUp(l)
}

// connect connects a place with a network by an interface of the given name.
func (ps *places) connect(p *place, ep *endpoint, name string) error {
	if !ep.address.IsValid() {
		return nil
	}
	bridge, err := ps.bridge(ep.network)
	if err != nil {
		return err
	}
	mac, err := net.ParseMAC(ep.mac())
	if err != nil {
		return err
	}
	attrs := netlink.NewLinkAttrs()
	ep.cable = "v" + short(newID()) // at most 15 bytes; the one of the last run may still be there
	attrs.Name, attrs.MasterIndex, attrs.Flags = ep.cable, bridge, net.FlagUp
	cable := &netlink.Veth{LinkAttrs: attrs, PeerName: name, PeerHardwareAddr: mac}
	err = control(p.net, func(fd int) error {
		cable.PeerNamespace = netlink.NsFd(fd)
		return ps.link.LinkAdd(cable)
	})
	if err != nil {
		return fmt.Errorf("connect it: %w", err)
	}
	theirs, err := p.link.LinkByName(name)
	if err != nil {
		return err
	}
	address := net.IPNet{IP: ep.address.AsSlice(), Mask: net.CIDRMask(ep.network.subnet.Bits(), 32)}
	if err := p.link.AddrAdd(theirs, &netlink.Addr{IPNet: &address}); err != nil {
		return err
	}
	return p.link.LinkSetUp(theirs)
}

// bridge returns the index of a network's bridge. It ends with the hub.
func (ps *places) bridge(n *network) (int, error) {
	if index, ok := ps.bridges[n.id]; ok {
		return index, nil
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Flags = "br"+short(n.id), net.FlagUp
	b := &netlink.Bridge{LinkAttrs: attrs}
	if err := ps.link.LinkAdd(b); err != nil {
		return 0, fmt.Errorf("bridge: %w", err)
	}
	ps.bridges[n.id] = b.Index
	return b.Index, nil
}

// disconnect removes the interface of an endpoint.
func (ps *places) disconnect(ep *endpoint) {
	l, err := ps.link.LinkByName(ep.cable)
	if err == nil {
		_ = ps.link.LinkDel(l) // it may have gone with its place
	}
}

// protect makes the directories of a container that are read-only so for the processes that start in its
// place, and leaves writable ones in them: mount_setattr(2). The caller is the thread that starts processes.
func (ps *places) protect(p *place, mounts []mount) (err error) {
	if !slices.ContainsFunc(mounts, mount.protected) {
		return nil
	}
	if p.files, err = newNamespace(unix.CLONE_NEWNS, "mnt"); err != nil {
		return err
	}
	set := func(m mount, flags uint, attr unix.MountAttr) {
		if err != nil {
			return
		}
		if err = unix.Mount(m.Source, m.Source, "", unix.MS_BIND|unix.MS_REC, ""); err == nil {
			err = unix.MountSetattr(unix.AT_FDCWD, m.Source, flags, &attr)
		}
		if err != nil {
			err = &os.PathError{Op: "make read-only", Path: m.Source, Err: err}
		}
	}
	for _, m := range mounts {
		if m.protected() {
			set(m, unix.AT_RECURSIVE, unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
		}
	}
	for _, m := range mounts {
		if m.RW && slices.ContainsFunc(mounts, func(outer mount) bool { return outer.protected() && outer.holds(m) }) {
			set(m, 0, unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY})
		}
	}
	return errors.Join(err, setns(ps.files, unix.CLONE_NEWNS))
}

// within calls a function, on the thread that starts processes, with a place's view of the files.
func (ps *places) within(p *place, f func() error) error {
	if p == nil || p.files == nil {
		return f()
	}
	if err := setns(p.files, unix.CLONE_NEWNS); err != nil {
		return err
	}
	return errors.Join(f(), setns(ps.files, unix.CLONE_NEWNS))
}

// setns moves the calling thread to a namespace.
func setns(ns *os.File, kind int) error {
	return control(ns, func(fd int) error { return os.NewSyscallError("setns", unix.Setns(fd, kind)) })
}

// cut makes the hub drop the packets of an endpoint. Its interface goes when the last process has left
// the place, which is too slow to wait for: 30 ms for each, on two cores.
func (ps *places) cut(ep *endpoint) {
	l, err := ps.link.LinkByName(ep.cable)
	if err != nil {
		return // it has gone
	}
	message := nl.NewIfInfomsg(unix.AF_BRIDGE)
	message.Index = int32(l.Attrs().Index)
	port := nl.NewRtAttr(unix.IFLA_PROTINFO|unix.NLA_F_NESTED, nil)
	port.AddRtAttr(nl.IFLA_BRPORT_STATE, []byte{0}) // disabled
	req := nl.NewNetlinkRequest(unix.RTM_SETLINK, unix.NLM_F_ACK)
	req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: ps.raw}
	req.AddData(message)
	req.AddData(port)
	_, _ = req.Execute(unix.NETLINK_ROUTE, 0) // it may have gone
}

// enter moves the calling thread to a place.
func (p *place) enter() error {
	if p == nil {
		return nil
	}
	for _, ns := range []struct {
		f    *os.File
		kind int
	}{{p.net, unix.CLONE_NEWNET}, {p.uts, unix.CLONE_NEWUTS}} {
		if err := setns(ns.f, ns.kind); err != nil {
			return err
		}
	}
	return nil
}

// close releases a place. It lives on as long as a process is in it.
func (p *place) close() {
	if p.link != nil {
		p.link.Close()
	}
	for _, f := range []*os.File{p.net, p.uts, p.files} {
		if f != nil {
			f.Close()
		}
	}
}

// listen opens a socket in a place.
func (ps *places) listen(ctx context.Context, p *place, address string) (l *net.TCPListener, err error) {
	err = ps.thread.do(func() error {
		if err := p.enter(); err != nil {
			return err
		}
		var config net.ListenConfig
		any, err := config.Listen(ctx, "tcp4", address)
		if err == nil {
			l = any.(*net.TCPListener)
		}
		return err
	})
	return l, err
}

// listenPacket opens a socket for datagrams in a place.
func (ps *places) listenPacket(ctx context.Context, p *place, address string) (conn net.PacketConn, err error) {
	err = ps.thread.do(func() (err error) {
		if err := p.enter(); err != nil {
			return err
		}
		var config net.ListenConfig
		conn, err = config.ListenPacket(ctx, "udp4", address)
		return err
	})
	return conn, err
}

// dial connects to a port of a place, from within. A program that listens on the loopback only is
// reached as well: that is what a published port is for.
func (p *place) dial(ctx context.Context, at netip.Addr, port string) (*net.TCPConn, error) {
	type answer struct {
		conn *net.TCPConn
		err  error
	}
	answers := make(chan answer, 1)
	onOwnThread(func() {
		if err := p.enter(); err != nil {
			answers <- answer{nil, err}
			return
		}
		var a answer
		if at.IsValid() {
			a.conn, a.err = dial(ctx, net.JoinHostPort(at.String(), port))
		}
		if !at.IsValid() || errors.Is(a.err, syscall.ECONNREFUSED) {
			a.conn, a.err = dial(ctx, net.JoinHostPort("127.0.0.1", port))
		}
		answers <- a
	})
	a := <-answers
	return a.conn, a.err
}

// onMainThread reports whether the calling thread is the first one of the process.
func onMainThread() bool { return unix.Gettid() == unix.Getpid() }
