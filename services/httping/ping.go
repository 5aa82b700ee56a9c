package httping

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// maxHeader bounds the header of a response.
const maxHeader = 1 << 20

// errInterrupted is the error of a ping that was interrupted before it was connected.
var errInterrupted = errors.New("interrupted")

// failure is the error of a ping, with the text and the newlines of httping.
type failure string

func (f failure) Error() string { return string(f) }

// unknownHostError is the error for a name without an address. It ends the run.
type unknownHostError struct{ host string }

func (e *unknownHostError) Error() string {
	return "No valid IPv4 or IPv6 address found for " + e.host
}

// result is the result of one ping.
type result struct {
	addr         string // of the server, with its port
	status, code string // "200 OK" and "200"
	bytes        int    // of the header, counted as in httping
	total        time.Duration

	resolve, connect, write, request, close time.Duration // the parts of total
}

// pinger pings one server repeatedly.
type pinger struct {
	*config
	ip string // the kept address, once it is known (-r)
}

// ping sends one request to the server. Its error has the text that httping prints.
func (p *pinger) ping(ctx context.Context) (result, error) {
	var r result
	start := time.Now()
	ip, err := p.lookup(ctx)
	if err != nil {
		return r, err
	}
	resolved := time.Now()
	r.addr = net.JoinHostPort(ip, p.target.port)
	conn, err := p.dial(ctx, r.addr)
	if err != nil {
		return r, err
	}
	defer conn.Close()
	connected := time.Now()

	conn.SetDeadline(connected.Add(p.timeout))
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err = io.WriteString(conn, p.request())
	written := time.Now()
	var header []byte
	if err == nil {
		header, err = readHeader(conn)
	}
	switch {
	case ctx.Err() != nil:
		return r, failure("")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return r, failure("timeout while receiving reply-headers from host")
	case err != nil:
		return r, failure("short read during receiving reply-headers from host")
	}
	answered := time.Now()
	conn.Close()
	closed := time.Now()

	line, _, _ := bytes.Cut(header, []byte("\r\n"))
	_, r.status, _ = strings.Cut(string(line), " ")
	r.code, _, _ = strings.Cut(r.status, " ")
	r.bytes = len(header) + 4 // httping counts the blank line twice
	r.resolve, r.connect, r.write = resolved.Sub(start), connected.Sub(resolved), written.Sub(connected)
	r.request, r.close, r.total = answered.Sub(written), closed.Sub(answered), closed.Sub(start)
	return r, nil
}

// lookup finds the server's address: IPv4, or IPv6 under -6.
func (p *pinger) lookup(ctx context.Context) (string, error) {
	if p.ip != "" {
		return p.ip, nil
	}
	network := "ip4"
	if p.ipv6 {
		network = "ip6"
	}
	ips, err := net.DefaultResolver.LookupIP(ctx, network, p.target.host)
	if ctx.Err() != nil {
		return "", errInterrupted
	}
	if err != nil || len(ips) == 0 {
		return "", &unknownHostError{p.target.host}
	}
	ip := ips[0].String()
	if p.resolveOnce {
		p.ip = ip
	}
	return ip, nil
}

// dial connects, with TLS for an https URL; certificates are not checked, as in
// httping.
func (p *pinger) dial(ctx context.Context, addr string) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(limited, "tcp", addr)
	var errno syscall.Errno
	var timeout net.Error
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, errInterrupted
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, failure("connect time out\n")
	case errors.As(err, &errno):
		text := errno.Error() // Go's texts differ from C's in the first letter only
		return nil, failure("could not connect (" + strings.ToUpper(text[:1]) + text[1:] + ")\n")
	default:
		return nil, failure("could not connect (" + err.Error() + ")\n")
	}
	if !p.target.tls {
		return conn, nil
	}
	secure := tls.Client(conn, &tls.Config{ServerName: p.target.host, InsecureSkipVerify: true})
	if err := secure.HandshakeContext(limited); err != nil {
		conn.Close()
		if ctx.Err() != nil {
			return nil, errInterrupted
		}
		return nil, failure("SSL handshake error: " + err.Error())
	}
	return secure, nil
}

// request is the HTTP request. It uses HTTP/1.0, so that the server closes the connection.
func (c *config) request() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.0\r\n", c.method, c.target.path)
	if !c.noHost {
		fmt.Fprintf(&b, "Host: %s\r\n", c.target.host)
	}
	for _, h := range c.headers {
		fmt.Fprintf(&b, "%s\r\n", h)
	}
	b.WriteString("\r\n")
	return b.String()
}

// readHeader reads up to the blank line that ends a header, and includes it.
func readHeader(r io.Reader) ([]byte, error) {
	var header []byte
	in := bufio.NewReader(io.LimitReader(r, maxHeader))
	for {
		line, err := in.ReadSlice('\n')
		header = append(header, line...)
		if bytes.HasSuffix(header, []byte("\r\n\r\n")) {
			return header, nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}
