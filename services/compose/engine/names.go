package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer is the address of the name server of each container, the same as in Docker.
const nameServer = "127.0.0.11"

// nameService answers the DNS queries (RFC 1035) of one container. It knows the containers of its
// networks at the time of the query, and nothing else.
type nameService struct {
	packets   net.PacketConn
	listener  *net.TCPListener
	container *container
	turn      int // the first of several containers with one name; guarded by the engine's mutex
}

// newNameService starts the name service of a container that is about to start. The caller holds
// e.mu.
func (e *Engine) newNameService(ctx context.Context, c *container, at *place) (*nameService, error) {
	address := net.JoinHostPort(nameServer, "53")
	packets, err := e.places.listenPacket(ctx, at, address)
	if err != nil {
		return nil, err
	}
	listener, err := e.places.listen(ctx, at, address)
	if err != nil {
		packets.Close()
		return nil, err
	}
	s := &nameService{packets: packets, listener: listener, container: c}
	e.tasks.Go(func() { s.servePackets(e) })
	e.tasks.Go(func() { s.serve(e) })
	return s, nil
}

func (s *nameService) close() {
	s.packets.Close()
	s.listener.Close()
}

// mostPacket is the size of an answer that every client accepts in a datagram. Longer ones are
// asked for by TCP.
const mostPacket = 512

func (s *nameService) servePackets(e *Engine) {
	b := make([]byte, 64<<10)
	for {
		n, from, err := s.packets.ReadFrom(b)
		if err != nil {
			return // it is closed
		}
		if answer := s.answer(e, b[:n], mostPacket); answer != nil {
			_, _ = s.packets.WriteTo(answer, from) // the client asks again
		}
	}
}

func (s *nameService) serve(e *Engine) {
	for {
		conn, err := s.listener.AcceptTCP()
		if err != nil {
			return // it is closed
		}
		// This task has not ended, so Close still waits.
		e.tasks.Go(func() {
			defer e.conns.remove(conn)
			if !e.conns.add(conn) {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // reading fails if it is closed
			for {
				var size [2]byte
				if _, err := io.ReadFull(conn, size[:]); err != nil {
					return
				}
				query := make([]byte, binary.BigEndian.Uint16(size[:]))
				if _, err := io.ReadFull(conn, query); err != nil {
					return
				}
				answer := s.answer(e, query, 64<<10-1)
				if answer == nil {
					return
				}
				if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
					return
				}
			}
		})
	}
}

// answer returns the answer to a query, cut if it is longer than most; nil to anything else.
func (s *nameService) answer(e *Engine, query []byte, most int) []byte {
	var p dnsmessage.Parser
	head, err := p.Start(query)
	if err != nil || head.Response {
		return nil
	}
	head = dnsmessage.Header{
		ID: head.ID, OpCode: head.OpCode, Response: true, Authoritative: true, RecursionDesired: head.RecursionDesired, RecursionAvailable: true,
	}
	message := dnsmessage.Message{Header: head}
	q, err := p.Question()
	switch {
	case err != nil:
		message.RCode = dnsmessage.RCodeFormatError
	case head.OpCode != 0:
		message.RCode = dnsmessage.RCodeNotImplemented
	default:
		message.Questions = []dnsmessage.Question{q}
		message.Answers, message.RCode = s.records(e, q)
	}
	answer, err := message.Pack()
	if err != nil {
		return nil
	}
	if len(answer) > most {
		message.Truncated, message.Answers = true, nil
		if answer, err = message.Pack(); err != nil {
			return nil
		}
	}
	return answer
}

// records answers a question. A client may keep none of them: containers come and go.
func (s *nameService) records(e *Engine, q dnsmessage.Question) ([]dnsmessage.Resource, dnsmessage.RCode) {
	head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET}
	e.mu.Lock()
	defer e.mu.Unlock()
	if address, ok := reverse(q.Name.String()); ok {
		for _, m := range e.resolve(s.container, address.String()) {
			if m.endpoint == nil {
				continue
			}
			name, err := dnsmessage.NewName(m.name + "." + m.endpoint.network.name + ".")
			if err == nil && q.Type == dnsmessage.TypePTR {
				return []dnsmessage.Resource{{Header: head, Body: &dnsmessage.PTRResource{PTR: name}}}, dnsmessage.RCodeSuccess
			}
		}
		return nil, dnsmessage.RCodeNameError
	}
	found := e.resolve(s.container, q.Name.String())
	if len(found) == 0 {
		return nil, dnsmessage.RCodeNameError
	}
	if q.Type != dnsmessage.TypeA && q.Type != dnsmessage.TypeALL || q.Class != dnsmessage.ClassINET {
		return nil, dnsmessage.RCodeSuccess // the name exists
	}
	head.Type = dnsmessage.TypeA
	var answers []dnsmessage.Resource
	for i := range found {
		m := found[(s.turn+i)%len(found)]
		address := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if m.endpoint != nil && m.endpoint.address.IsValid() {
			address = m.endpoint.address
		}
		answers = append(answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: address.As4()}})
	}
	s.turn++
	return answers, dnsmessage.RCodeSuccess
}

// reverse returns the address of a name such as 2.0.18.172.in-addr.arpa.
func reverse(name string) (netip.Addr, bool) {
	labels, ok := strings.CutSuffix(strings.ToLower(name), ".in-addr.arpa.")
	var a [4]byte
	parts := strings.Split(labels, ".")
	if !ok || len(parts) != len(a) {
		return netip.Addr{}, false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			return netip.Addr{}, false
		}
		a[len(a)-1-i] = byte(n)
	}
	return netip.AddrFrom4(a), true
}

// settle gives a starting container its place, and returns the variables with the numbers of its
// ports for programs that ask for them: they are the ports themselves. The caller holds e.mu.
func (e *Engine) settle(ctx context.Context, c *container, r *run) (env []string, err error) {
	var endpoints []*endpoint
	for _, ep := range c.sortedEndpoints() {
		if ep.address.IsValid() {
			endpoints = append(endpoints, ep)
		}
	}
	if r.place, err = e.places.open(c.config.Hostname, endpoints); err != nil {
		return nil, err
	}
	if err = e.start.do(func() error { return e.places.protect(r.place, c.mounts) }); err != nil {
		return nil, err
	}
	r.cables, r.interfaces = endpoints, len(endpoints)
	for _, port := range c.ports() {
		name, _, _ := strings.Cut(port, "/")
		r.ports[portName(port)] = r.address(c, port)
		if len(env) == 0 {
			env = append(env, "PORT="+name)
		}
		env = append(env, fmt.Sprintf("PORT_%s=%s", name, name))
	}
	r.names, err = e.newNameService(ctx, c, r.place)
	return env, err
}

// address is the address of a port of a container that has a place.
func (r *run) address(c *container, port string) *address {
	number, _ := portNumber(port) // it was checked
	a := &address{call: call{service: serviceOf(c), port: number}, place: r.place}
	if len(r.cables) > 0 {
		a.at = r.cables[0].address
	}
	return a
}
